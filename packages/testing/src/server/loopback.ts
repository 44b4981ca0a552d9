import { setMaxListeners } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { urlOf } from '../url.ts'
import { answerWith, assertFault, type Fault, redirectPrefix } from './faults.ts'
import { createRouter, type Reply, type Route, readBody } from './routes.ts'

/** The switches and counters every loopback server has. */
export interface LoopbackControls<Endpoint extends string> {
  /**
   * Makes an endpoint misbehave until it is healed, or for so many `times`.
   * @throws {TypeError} for a fault or an endpoint that does not exist.
   */
  fail(endpoint: Endpoint | 'all', fault: Fault, options?: { readonly times?: number }): void
  /** Ends the faults of one endpoint; of all without a name. */
  heal(endpoint?: Endpoint | 'all'): void
  /** How many requests came in, to one endpoint or altogether, answered or not. */
  requests(endpoint?: Endpoint): number
  /** How many requests were answered with 304. */
  notModified(endpoint?: Endpoint): number
  /** How many requests came in because somebody followed the `redirect` fault. */
  followedRedirects(): number
  /** Begins to count anew. */
  resetCounts(): void
  /** Ends every connection and refuses new ones, as a machine that is down does. */
  stop(): Promise<void>
  /** Listens again, on the same port. */
  start(): Promise<void>
  /** Ends the server and every connection at once, also those that hang. */
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** A server on 127.0.0.1. */
export interface LoopbackServer<Endpoint extends string> extends LoopbackControls<Endpoint> {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly port: number
}

/** What a loopback server is made of. */
export interface LoopbackOptions<Endpoint extends string> {
  /** Default 0: one that is free. */
  readonly port?: number
  /** Asked once, when the origin is known. */
  readonly routes: (origin: string) => readonly Route<Endpoint>[]
  /** Answers what no route matches. Default: 404 without a body. */
  readonly notFound?: (request: { readonly method: string; readonly url: URL }) => Reply
  /** Added to every answer, faults included. */
  readonly headers?: (request: IncomingHttpHeaders) => Readonly<Record<string, string>>
}

/** Starts a server on loopback with routes, faults and counts. Everything here that speaks HTTP stands on it. */
export async function createLoopbackServer<Endpoint extends string>(
  options: LoopbackOptions<Endpoint>,
): Promise<LoopbackServer<Endpoint>> {
  const sockets = new Set<Socket>()
  const faults = new Map<string, { fault: Fault; left: number }>()
  const counts = createCounts()
  let lifetime = startLifetime()

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  async function listen(port: number): Promise<void> {
    lifetime = startLifetime()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  }

  async function stop(): Promise<void> {
    lifetime.abort()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await listen(options.port ?? 0)
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const routes = options.routes(origin)
  const match = createRouter(routes)
  const endpoints = new Set<string>(routes.map((route) => route.endpoint))

  function takeFault(endpoint: string): Fault | undefined {
    for (const name of [endpoint, 'all']) {
      const entry = faults.get(name)
      if (entry === undefined) continue
      entry.left -= 1
      if (entry.left <= 0) faults.delete(name)
      return entry.fault
    }
    return undefined
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/'
    const followed = target.startsWith(`${redirectPrefix}/`)
    const path = followed ? target.slice(redirectPrefix.length) : target
    // A path that begins with two slashes names no other host.
    const url = urlOf(path.startsWith('/') ? origin + path : path, origin)
    if (url === undefined) return void response.writeHead(400).end()
    const method = request.method ?? 'GET'
    const found = match(method, url.pathname)
    const endpoint = found?.route.endpoint
    counts.add('requests', endpoint)
    if (followed) counts.add('followed')
    for (const [name, value] of Object.entries(options.headers?.(request.headers) ?? {}))
      response.setHeader(name, value)
    const fault = followed || endpoint === undefined ? undefined : takeFault(endpoint)
    const { signal } = lifetime

    const body = fault === 'reset' ? '' : await readBody(request)
    const reply = async (): Promise<Reply> => {
      if (body === undefined) return { status: 413 }
      if (found === undefined) return options.notFound?.({ method, url }) ?? { status: 404 }
      const { headers } = request
      const form = new URLSearchParams(body)
      return found.route.handle({ method, url, headers, params: found.params, body, form })
    }
    const send = (proper: Reply) => {
      const { status = 200, headers = {}, body: content = '' } = proper
      const etag = headers.etag
      if (status === 200 && etag !== undefined && matchesEtag(request.headers['if-none-match'], etag)) {
        counts.add('notModified', endpoint)
        response.writeHead(304, headers).end()
        return
      }
      const { location } = headers
      response.writeHead(status, {
        ...headers,
        ...(location !== undefined && { location: escaped(location) }),
        'content-length': Buffer.byteLength(content),
      })
      response.end(method === 'HEAD' ? undefined : content)
    }
    await answerWith(fault, { response, target, signal, reply, send })
  }

  return {
    origin,
    port,
    fail(endpoint, fault, { times = Number.POSITIVE_INFINITY } = {}) {
      if (endpoint !== 'all' && !endpoints.has(endpoint)) {
        throw new TypeError(`There is no endpoint ${endpoint}; there are ${[...endpoints].join(', ')} and all.`)
      }
      assertFault(fault)
      faults.set(endpoint, { fault, left: times })
    },
    heal(endpoint = 'all') {
      if (endpoint === 'all') faults.clear()
      else faults.delete(endpoint)
    },
    requests: (endpoint) => counts.read('requests', endpoint),
    notModified: (endpoint) => counts.read('notModified', endpoint),
    followedRedirects: () => counts.read('followed'),
    resetCounts: counts.reset,
    stop,
    start: () => listen(port),
    close: stop,
    [Symbol.asyncDispose]: stop,
  }
}

// Until it ends, any number of answers may wait.
function startLifetime(): AbortController {
  const lifetime = new AbortController()
  setMaxListeners(0, lifetime.signal)
  return lifetime
}

// Of an address, which a client may have brought, what a header cannot carry as it is.
function escaped(address: string): string {
  return address.replace(/[^\x21-\x7e]/gu, encodeURIComponent)
}

function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '')
  return header.split(',').some((tag) => tag.trim() === '*' || opaque(tag) === opaque(etag))
}

function createCounts() {
  const counts = new Map<string, number>()
  const bump = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  return {
    add(what: string, endpoint?: string) {
      bump(what)
      if (endpoint !== undefined) bump(`${what} ${endpoint}`)
    },
    read: (what: string, endpoint?: string) => counts.get(endpoint === undefined ? what : `${what} ${endpoint}`) ?? 0,
    reset: () => counts.clear(),
  }
}
