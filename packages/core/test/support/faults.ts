import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createTestIssuer,
  type Fault,
  type TestClock,
  type TestIssuer,
  type TestIssuerOptions,
} from '@claviger/testing'
import { expect } from '@jest/globals'
import {
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
  type FetchInit,
  isAuthError,
  type KeySetHealth,
} from '../../src/index.ts'

/** What can be wrong with whoever we ask; `refuse` is a machine that is down. */
export type AnyFault = Fault | 'refuse'

/** Every way to fail that an outgoing call has to survive. */
export const faults: readonly (readonly [name: string, fault: AnyFault])[] = [
  ['refuses connections', 'refuse'],
  ['resets the connection', 'reset'],
  ['hangs', 'hang'],
  ['hangs in the body', 'hang-body'],
  ['drips', 'drip'],
  ['breaks off in the body', 'truncate'],
  ['answers too late', { delay: 60 }],
  ...[204, 400, 401, 403, 404, 429, 500, 502, 503].map((status) => [`answers ${status}`, { status }] as const),
  ['answers with a page of HTML', 'html'],
  ['redirects', 'redirect'],
  ['sends too much', 'huge'],
  ['sends what expands to too much', 'gzip-bomb'],
  ['sends half a JSON', 'broken-json'],
  ['sends wrong types', 'wrong-types'],
  ['sends nothing', 'empty'],
]

/** Makes an endpoint of an issuer fail. */
export async function breakDown(
  issuer: TestIssuer,
  endpoint: Parameters<TestIssuer['fail']>[0],
  fault: AnyFault,
): Promise<void> {
  if (fault === 'refuse') await issuer.stop()
  else issuer.fail(endpoint, fault)
}

/** What a test opens and has to close. */
export function createCleanup() {
  const open: (() => Promise<unknown>)[] = []
  const issuers: TestIssuer[] = []
  return {
    async issuer(options?: TestIssuerOptions): Promise<TestIssuer> {
      const issuer = await createTestIssuer(options)
      open.push(() => issuer.close())
      issuers.push(issuer)
      return issuer
    },
    authenticator(options: AuthenticatorOptions): Authenticator {
      const auth = createAuthenticator(options)
      open.push(() => auth.close())
      return auth
    },
    async stub(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Stub> {
      const stub = await createStub(handle)
      open.push(stub.close)
      return stub
    },
    add(close: () => Promise<unknown>): void {
      open.push(close)
    },
    followedRedirects: () => issuers.reduce((sum, issuer) => sum + issuer.followedRedirects(), 0),
    async close(): Promise<void> {
      await Promise.all(open.splice(0).map((close) => close()))
    },
  }
}

/** A server of a few lines, for answers that a test issuer does not give. */
export interface Stub {
  readonly origin: string
  /** Paths asked, in order. */
  readonly asked: readonly string[]
  /** Bytes that left it, on all connections. */
  written(): number
  close(): Promise<void>
}

async function createStub(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Stub> {
  const asked: string[] = []
  const written: (() => number)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    handle(request, response)
  })
  server.on('connection', (socket) => written.push(() => socket.bytesWritten))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    written: () => written.reduce((sum, read) => sum + read(), 0),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, body: unknown, headers: Record<string, string> = {}, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** A fetch that can hold back answers which an address has given already. */
export function createGate(path = '/jwks') {
  let held: (() => void)[] | undefined
  return {
    async fetch(url: string, init: FetchInit): Promise<Response> {
      const response = await fetch(url, init)
      const { pathname } = new URL(url)
      if (held !== undefined && pathname === path) await new Promise<void>((resolve) => held?.push(resolve))
      return response
    },
    /** Holds back from now on. */
    shut(): void {
      held = []
    },
    /** How many answers wait. */
    waiting: () => held?.length ?? 0,
    /** Lets go what waits, and holds nothing more. */
    open(): void {
      const waiting = held ?? []
      held = undefined
      for (const go of waiting) go()
    },
  }
}

/** The one provider's key set, as `health()` tells of it. */
export function keysOf(auth: Authenticator): KeySetHealth {
  const keys = auth.health().providers[0]?.keys
  if (keys === undefined) throw new Error('The provider has no keys.')
  return keys
}

/** Moves the clock on, and waits until the key set has been fetched again in the background, or could not be. */
export async function letRefresh(auth: Authenticator, clock: TestClock, seconds = 280): Promise<void> {
  await clock.advance(seconds)
  await until(() => {
    const { age, nextRetry } = keysOf(auth)
    return nextRetry !== undefined || (age !== undefined && age < seconds)
  })
}

/** How often each outcome came: `{ alice: 100 }`. */
export async function tally(promises: readonly Promise<{ user: { id: string } }>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const outcome of await Promise.all(promises.map(outcomeOf))) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

/** What came of a verification, in a word that tests compare: the user, or the refusal. */
export async function outcomeOf(promise: Promise<{ user: { id: string } }>): Promise<string> {
  const timeout = sleep(15_000, undefined, { ref: false }).then(() => ({ user: { id: 'nobody: it hangs' } }))
  try {
    return (await Promise.race([promise, timeout])).user.id
  } catch (error) {
    if (!isAuthError(error)) return `not an AuthError: ${error}`
    if (error.status !== 503) return `${error.status} ${error.code}`
    expect(Number(error.headers['Retry-After'])).toBeGreaterThanOrEqual(1)
    expect(error.headers).not.toHaveProperty('WWW-Authenticate')
    return '503'
  }
}

/** Waits for something that real input and output will bring about. */
export async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 25_000
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`It never came about: ${isSo}`)
    await sleep(2)
  }
}
