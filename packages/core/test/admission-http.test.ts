import { once } from 'node:events'
import { request as call, createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type AuthenticatorOptions,
  createAuthenticator,
  createRequestAuthenticator,
  type HttpRequest,
  isAuthError,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

let issuer: TestIssuer
let server: Server
let app: ReturnType<typeof createRequestAuthenticator>
/** Requests that have come in. */
let received = 0

beforeAll(async () => {
  issuer = await createTestIssuer({ algorithms: ['ES512'] })
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  await app.authenticator.close()
})
afterAll(async () => {
  await issuer.close()
})

async function start(admission?: AuthenticatorOptions['admission'], cache?: false): Promise<void> {
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience })
  app = createRequestAuthenticator({
    providers: [provider],
    ...(admission !== undefined && { admission }),
    ...(cache !== undefined && { cache }),
  })
  received = 0
  server = createServer(async (req, res) => {
    received += 1
    try {
      const { auth } = await app.receive(req)
      res.end(auth?.user.id)
    } catch (error) {
      if (!isAuthError(error)) throw error
      res.writeHead(error.status, error.headers).end(error.code)
    }
  })
  server.on('upgrade', (req) => app.authenticateUpgrade(req))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await app.authenticator.ready()
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
  readonly retryAfter: string | undefined
}

/** Calls from an address of this machine; every address in 127.0.0.0/8 is one. */
async function callFrom(localAddress: string, token: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  const outgoing = call({
    port,
    host: '127.0.0.1',
    localAddress,
    agent: false,
    headers: { ...headers, authorization: `Bearer ${token}` },
  })
  outgoing.end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const body = (await response.toArray()).join('')
  return { status: response.statusCode, body, retryAfter: response.headers['retry-after'] }
}

/** Resolves when so many requests have come in, of which most can only be waiting still. */
async function arrival(count: number): Promise<void> {
  while (received < count) await new Promise(setImmediate)
  expect(app.authenticator.health().admission?.waiting).toBeGreaterThan(10)
}

/** Signed by nobody, under a real `kid`. */
function forgery(subject: string): string {
  const token = issuer.tokenFor({ subject })
  const signature = Buffer.alloc(132, 1).fill(subject, 1, 60)
  return `${token.slice(0, token.lastIndexOf('.'))}.${signature.toString('base64url')}`
}

function never(): never {
  throw new Error('must not be asked')
}

const evil = '127.0.0.66'
const honest = '127.0.0.2'

describe('while one address floods with forgeries', () => {
  it('known users do not wait, and new ones of another address come before it', async () => {
    await start({ concurrency: 1 })
    const known = issuer.tokenFor({ subject: 'known' })
    expect((await callFrom(honest, known)).body).toBe('known')
    const ended: string[] = []
    const note = async (answer: Promise<Answer>, name: string) => {
      const { status } = await answer
      ended.push(name)
      return status
    }
    const flood = Array.from({ length: 100 }, (_, index) => note(callFrom(evil, forgery(`f${index}`)), 'forgery'))
    await arrival(101)
    const before = ended.length
    const knowing = note(callFrom(honest, known), 'known')
    const fresh = note(callFrom(honest, issuer.tokenFor({ subject: 'new' })), 'new')
    expect(await Promise.all([knowing, fresh])).toEqual([200, 200])
    // Not all of those that were there before them.
    expect(ended.length - before).toBeLessThan(80)
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]))
    expect(app.authenticator.health().admission).toEqual({ running: 0, waiting: 0, refused: 0, suspects: 1 })
  })

  it('refuses what is too much, with 503 and the time to come back', async () => {
    await start({ concurrency: 1, maxWaitingPerSource: 5 })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => callFrom(evil, forgery(`f${index}`))))
    const refused = answers.filter(({ status }) => status === 503)
    expect(refused.length).toBeGreaterThan(0)
    for (const { body, retryAfter } of refused) {
      expect(body).toBe('ERR_OVERLOADED')
      expect(Number(retryAfter)).toBeGreaterThanOrEqual(1)
    }
    expect(app.authenticator.health().admission?.refused).toBe(refused.length)
    expect((await callFrom(honest, issuer.tokenFor({ subject: 'new' }))).body).toBe('new')
  })

  it('answers a forgery that it has seen from memory', async () => {
    await start({ concurrency: 1 })
    const token = forgery('again')
    expect(await callFrom(evil, token)).toMatchObject({ status: 401, body: 'ERR_TOKEN_SIGNATURE' })
    const flood = Array.from({ length: 100 }, (_, index) => callFrom(evil, forgery(`f${index}`)))
    await arrival(101)
    expect(await callFrom(honest, token)).toMatchObject({ status: 401, body: 'ERR_TOKEN_SIGNATURE' })
    expect(app.authenticator.health().admission?.waiting).toBeGreaterThan(0)
    await Promise.all(flood)
  })
})

describe('a request that goes away while it waits', () => {
  it('costs no verification, and leaves others that wait for the same token their answer', async () => {
    await start({ concurrency: 1 })
    const flood = Array.from({ length: 100 }, (_, index) => callFrom(evil, forgery(`f${index}`)))
    await arrival(100)
    const token = issuer.tokenFor({ subject: 'both' })
    const { port } = server.address() as AddressInfo
    const leaving = call({
      port,
      host: '127.0.0.1',
      localAddress: evil,
      agent: false,
      headers: { authorization: `Bearer ${token}` },
    })
    leaving.on('error', () => {}).end()
    await arrival(101)
    const staying = callFrom(honest, token)
    leaving.destroy()
    expect(await staying).toMatchObject({ status: 200, body: 'both' })
    await Promise.all(flood)
  })
})

describe('the option admission', () => {
  it('may be false: then everything is verified at once, and nothing is counted', async () => {
    await start(false)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => callFrom(evil, forgery(`f${index}`))))
    expect(answers.every(({ status }) => status === 401)).toBe(true)
    expect(app.authenticator.health().admission).toBeUndefined()
  })

  it('counts by what the app says whose a request is', async () => {
    const seen: unknown[] = []
    await start({
      sourceOf(request) {
        seen.push(request.headers.authorization)
        return 'one'
      },
    })
    const token = issuer.tokenFor({ subject: 'a' })
    await callFrom(honest, token)
    await callFrom(honest, token)
    expect(seen).toEqual([`Bearer ${token}`])
  })

  it.each([
    ['an upgrade', 'ip', ({ ip }: HttpRequest) => ip, { Connection: 'Upgrade', Upgrade: 'websocket' }],
    ['a request', 'header', ({ headers }: HttpRequest) => headers['x-key'] as string | undefined, { 'X-Key': '' }],
  ])('counts %s without that %s by the address of its connection', async (_, __, sourceOf, headers) => {
    await start({ sourceOf })
    expect((await callFrom(evil, forgery('a'), headers)).status).toBe(401)
    expect((await callFrom(honest, forgery('b'), headers)).status).toBe(401)
    expect(app.authenticator.health().admission?.suspects).toBe(2)
  })

  it.each([
    ['a promise', async () => 'one'],
    ['one that fails', () => Promise.reject(new Error('of the app'))],
  ])('refuses %s in place of a source', async (_, promise) => {
    const sourceOf = () => promise() as never
    await start({ sourceOf })
    expect(await callFrom(honest, issuer.tokenFor())).toMatchObject({ status: 500, body: 'ERR_OPTIONS_INVALID' })
    await expect(app.authenticator.verify(issuer.tokenFor(), { headers: {} })).rejects.toThrow(
      'createAuthenticator: option admission.sourceOf: must answer at once: it cannot be async, or give a promise',
    )
    const provider = { name: 'a', issuer: 'https://a.example', opaque: { verify: async () => never() } }
    const opaque = createAuthenticator({ providers: [provider], admission: { sourceOf } })
    await expect(opaque.verify('opaque', { headers: {} })).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    await opaque.close()
  })

  it('refuses a source that is written as an async function when it is built', async () => {
    await start()
    const providers = [oidc({ issuer: issuer.issuer, audience: issuer.audience })]
    const sourceOf = (async () => 'one') as never
    expect(() => createRequestAuthenticator({ providers, admission: { sourceOf } })).toThrow(
      'option admission.sourceOf: must answer at once: it cannot be async',
    )
  })

  it('goes without a cache too', async () => {
    await start({ concurrency: 1 }, false)
    const token = issuer.tokenFor({ subject: 'a' })
    const answers = await Promise.all(Array.from({ length: 10 }, () => callFrom(honest, token)))
    expect(answers.every(({ body }) => body === 'a')).toBe(true)
  })
})

it('serves who verifies without a request as one source of many', async () => {
  await start({ concurrency: 1 })
  const { verify } = app.authenticator
  const tokens = Array.from({ length: 5 }, (_, index) => issuer.tokenFor({ subject: `${index}` }))
  const all = await Promise.all(tokens.map((token) => verify(token)))
  expect(all.map(({ user }) => user.id)).toEqual(['0', '1', '2', '3', '4'])
})

it.each([
  [undefined, 24],
  ['2', 12],
  ['many', 24],
])('by default six are under way for each thread: UV_THREADPOOL_SIZE %s', async (size, expected) => {
  const before = process.env.UV_THREADPOOL_SIZE
  if (size === undefined) delete process.env.UV_THREADPOOL_SIZE
  else process.env.UV_THREADPOOL_SIZE = size
  try {
    await start()
  } finally {
    if (before === undefined) delete process.env.UV_THREADPOOL_SIZE
    else process.env.UV_THREADPOOL_SIZE = before
  }
  const tokens = Array.from({ length: 40 }, (_, user) => issuer.tokenFor({ subject: `user-${user}` }))
  const verifying = tokens.map((token) => app.authenticator.verify(token))
  await new Promise((resolve) => process.nextTick(resolve))
  const { running, waiting } = app.authenticator.health().admission ?? {}
  await Promise.all(verifying)
  expect([running, waiting]).toEqual([expected, 40 - expected])
})
