import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestClock, type TestClock } from '@claviger/testing'
import { type Authenticator, createAuthenticator, type Fetch, type Jwks } from '../../src/index.ts'
import { type LogtoOptions, logto } from '../../src/providers/logto/index.ts'

/** The recorded releases of Logto, with the address that each was recorded at. */
export const endpoints = { '1.41': 'http://localhost:3301', '1.42': 'http://localhost:3311' } as const
export type Version = keyof typeof endpoints

/** When the recorded tokens are good, in seconds since the epoch. */
export const recordedAt = 1_795_303_000

/** One recorded answer. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

const folder = new URL('../fixtures/logto/', import.meta.url)

/** Reads a recording, such as `introspection`. */
export function recorded<T>(version: Version, name: string): T {
  return JSON.parse(readFileSync(new URL(`v${version}/${name}.json`, folder), 'utf8'))
}

/** The names of all recorded token answers. */
export function tokenNames(version: Version): string[] {
  return readdirSync(new URL(`v${version}/tokens/`, folder)).map((file) => file.replace(/\.json$/, ''))
}

/** What the token endpoint answered. */
export interface TokenAnswer {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
}

/** Reads one of {@link tokenNames}. */
export function tokensOf(version: Version, name: string): TokenAnswer {
  return recorded<{ body: TokenAnswer }>(version, `tokens/${name}`).body
}

/** The recorded access token of a name. */
export function accessToken(version: Version, name: string): string {
  return tokensOf(version, name).access_token
}

export const isJwt = (token: string) => token.split('.').length === 3

/** Gives recorded answers again, at an address of its own. */
export interface LogtoStub {
  /** For the option `fetch`: takes what is meant for the recorded address to the stub, and nothing else anywhere. */
  readonly fetch: Fetch
  /** What is answered at a path below the endpoint; a function is told the token that is asked about. */
  readonly answers: Map<string, Answer | ((token: string) => Answer)>
  /** The paths that were asked, in order. */
  readonly asked: string[]
  /** Changes the key set. How long it is fresh, Logto says as it did. */
  publish(jwks: Jwks): void
  close(): Promise<void>
}

/** Starts a server that publishes the recorded key set; whatever else it answers is up to the test. */
export async function createLogtoStub(version: Version = '1.42'): Promise<LogtoStub> {
  const keySet = recorded<Answer>(version, 'jwks')
  const cacheControl = keySet.headers?.['cache-control'] ?? ''
  const answers: LogtoStub['answers'] = new Map([['/oidc/jwks', keySet]])
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const path = String(request.url)
    asked.push(path)
    let form = ''
    for await (const chunk of request) form += chunk
    const bearer = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    const found = answers.get(path) ?? { status: 404, body: {} }
    const answer = typeof found === 'function' ? found(new URLSearchParams(form).get('token') ?? bearer) : found
    const unchanged = answer.headers?.etag !== undefined && request.headers['if-none-match'] === answer.headers.etag
    response.writeHead(unchanged ? 304 : answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(unchanged ? undefined : JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    answers,
    asked,
    async fetch(url, init) {
      if (!url.startsWith(`${endpoints[version]}/`)) throw new Error(`${url} was not recorded`)
      return fetch(url.replace(endpoints[version], origin), init)
    },
    publish(jwks) {
      answers.set('/oidc/jwks', { status: 200, headers: { 'cache-control': cacheControl }, body: jwks })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What the recorded API takes: the indicator of its resource. */
export const orders = 'https://orders.example.test/api'
/** The indicator of the Management API. */
export const management = 'https://default.logto.app/api'
/** The id of the organization of the recorded tokens. */
export const acme = '6ubjmkv8wu4c'

/** An API behind the stub. */
export interface LogtoApi {
  readonly auth: Authenticator
  readonly stub: LogtoStub
  readonly clock: TestClock
}

/** Makes APIs that trust the recorded Logto, and ends them all with `close()`. */
export function createLogtoApis(): {
  open(options?: Partial<LogtoOptions>, version?: Version, now?: number): Promise<LogtoApi>
  close(): Promise<void>
} {
  const opened: LogtoApi[] = []
  return {
    async open(options = {}, version = '1.42', now = recordedAt) {
      const stub = await createLogtoStub(version)
      const clock = createTestClock(now)
      const provider = logto({ endpoint: endpoints[version], audience: orders, ...options })
      const api = { stub, clock, auth: createAuthenticator({ providers: [provider], clock, fetch: stub.fetch }) }
      opened.push(api)
      return api
    },
    async close() {
      for (const { auth, stub } of opened.splice(0)) {
        await auth.close()
        await stub.close()
      }
    },
  }
}
