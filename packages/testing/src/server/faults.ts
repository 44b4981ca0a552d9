import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Reply } from './routes.ts'

/** The faults that need no parameters. */
export type FaultName =
  /** The socket is destroyed at once. */
  | 'reset'
  /** No answer at all; the socket stays open. */
  | 'hang'
  /** The headers and half of the body, then silence. */
  | 'hang-body'
  /** The proper answer, one byte per 100 milliseconds. */
  | 'drip'
  /** The proper body, but `Content-Length` promises more; then the socket is destroyed. */
  | 'truncate'
  /** 200 with a page of HTML. */
  | 'html'
  /** 302 to an address of this server that answers properly and counts who comes. */
  | 'redirect'
  /** 64 MiB of blanks before the proper body, sent as fast as they are read. */
  | 'huge'
  /** A quarter of a megabyte that expands to 256 MiB of blanks. */
  | 'gzip-bomb'
  /** 200 with JSON that ends in the middle. */
  | 'broken-json'
  /** 200 with the proper members, each of a wrong type. */
  | 'wrong-types'
  /** 200 without a body. */
  | 'empty'

/** Answers with exactly this, whatever was asked. */
export interface FixedAnswer extends Reply {
  readonly status: number
  /** Seconds; sent as `Retry-After`. */
  readonly retryAfter?: number
}

/** The proper answer, but late. */
export interface LateAnswer {
  /** Seconds. */
  readonly delay: number
}

/** What can be wrong with an endpoint. */
export type Fault = FaultName | FixedAnswer | LateAnswer

/** One request that is about to be answered. */
export interface Exchange {
  readonly response: ServerResponse
  /** Path and query as asked. */
  readonly target: string
  /** Ends when the server closes. */
  readonly signal: AbortSignal
  /** Computes the proper answer. */
  readonly reply: () => Promise<Reply>
  /** Sends an answer, or 304 where the request allows it. */
  readonly send: (reply: Reply) => void
}

/** Where the `redirect` fault leads: the same server, which strips this and answers properly. */
export const redirectPrefix = '/followed'

const blanks = Buffer.alloc(65_536, ' ')
const hugeChunks = 1024
const bombMembers = 256

const answers: Record<FaultName, (exchange: Exchange) => Promise<void> | void> = {
  reset: ({ response }) => void response.socket?.destroy(),

  hang: () => {},

  async 'hang-body'({ response, reply }) {
    const { body, ...head } = await properBytes(reply)
    start(response, head, body.length)
    response.write(body.subarray(0, Math.ceil(body.length / 2)))
  },

  async drip({ response, reply, signal }) {
    const { body, ...head } = await properBytes(reply)
    start(response, head, body.length)
    for (let at = 0; at < body.length && !response.destroyed; at++) {
      response.write(body.subarray(at, at + 1))
      await sleep(100, undefined, { signal })
    }
    response.end()
  },

  async truncate({ response, reply }) {
    const { body, ...head } = await properBytes(reply)
    start(response, head, body.length + 1000)
    response.write(body, () => response.socket?.destroy())
  },

  html: ({ send }) =>
    send({ headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Welcome</title><h1>Welcome</h1>' }),

  redirect: ({ send, target }) => send({ status: 302, headers: { location: `${redirectPrefix}${target}` } }),

  async huge({ response, reply }) {
    const { body, ...head } = await properBytes(reply)
    start(response, head)
    for (let chunk = 0; chunk < hugeChunks && !response.destroyed; chunk++) {
      if (!response.write(blanks)) await drained(response)
    }
    response.end(body)
  },

  async 'gzip-bomb'({ response, reply }) {
    const head = await properBytes(reply)
    const body = bomb()
    start(response, { ...head, headers: { ...head.headers, 'content-encoding': 'gzip' } }, body.length)
    response.end(body)
  },

  async 'broken-json'({ reply, send }) {
    const { body, ...head } = await properBytes(reply)
    send({ ...head, status: 200, body: body.length > 1 ? body.subarray(0, -Math.ceil(body.length / 3)) : '{"' })
  },

  async 'wrong-types'({ reply, send }) {
    const { body } = await properBytes(reply)
    send({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(withWrongTypes(body)) })
  },

  empty: ({ send }) => send({ headers: { 'content-type': 'application/json' } }),
}

/** Answers a request the way a fault wants it, or properly without one. */
export async function answerWith(fault: Fault | undefined, exchange: Exchange): Promise<void> {
  if (fault === undefined) return exchange.send(await exchange.reply())
  if (typeof fault === 'string') return answers[fault](exchange)
  if ('delay' in fault) {
    await sleep(fault.delay * 1000, undefined, { signal: exchange.signal })
    return exchange.send(await exchange.reply())
  }
  const { retryAfter, ...reply } = fault
  exchange.send({
    ...reply,
    headers: { ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }), ...reply.headers },
  })
}

/** Refuses a misspelt fault when it is set, not when it is met. */
export function assertFault(fault: Fault): void {
  const known =
    typeof fault === 'string'
      ? Object.hasOwn(answers, fault)
      : 'delay' in fault
        ? fault.delay >= 0
        : Number.isInteger(fault.status) && fault.status >= 200 && fault.status <= 599
  if (!known) {
    const names = Object.keys(answers).join(', ')
    throw new TypeError(`Not a fault: ${JSON.stringify(fault)}. Use one of ${names}, { status } or { delay }.`)
  }
}

async function properBytes(reply: Exchange['reply']): Promise<Reply & { body: Uint8Array }> {
  const proper = await reply()
  return { ...proper, body: Buffer.from(proper.body ?? '') }
}

function start(response: ServerResponse, { status = 200, headers }: Reply, length?: number): void {
  response.writeHead(status, { ...headers, ...(length !== undefined && { 'content-length': length }) })
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
  })
}

function withWrongTypes(body: Uint8Array): unknown {
  let proper: unknown
  try {
    proper = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return []
  }
  if (typeof proper !== 'object' || proper === null || Array.isArray(proper)) return 'no'
  return Object.fromEntries(Object.entries(proper).map(([name, value]) => [name, wrong(value)]))
}

function wrong(value: unknown): unknown {
  if (Array.isArray(value)) return 'no'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return 'soon'
  return typeof value === 'string' ? [42] : true
}

let bombOnce: Buffer | undefined

// A gzip file may have several members, so one packed megabyte is repeated instead of packing them all.
function bomb(): Buffer {
  bombOnce ??= Buffer.concat([
    ...new Array<Buffer>(bombMembers).fill(gzipSync(Buffer.alloc(1_048_576, ' '))),
    gzipSync('{}'),
  ])
  return bombOnce
}
