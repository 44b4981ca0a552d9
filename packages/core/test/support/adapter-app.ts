import http, { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Authenticator } from '../../src/authenticator.ts'
import type { BackchannelLogoutOptions } from '../../src/backchannel-logout.ts'
import type { Predicate, Several } from '../../src/guards/index.ts'
import type { ProtectedResourceOptions } from '../../src/protected-resource.ts'
import type { HttpOptions, MiddlewareOptions } from '../../src/request.ts'
import type { User, VerifiedToken } from '../../src/types.ts'
import type { AuthenticateUpgrade } from '../../src/upgrade.ts'

/** The guards that every adapter has; `M` is its middleware. */
export interface Guards<M> {
  requireAuth(): M
  requireRole(...anyOfThese: Several<string>): M
  requirePermission(...allOfThese: Several<string | Record<string, string>>): M
  requireScope(...allOfThese: Several<string>): M
  authorize(predicate: Predicate<object>): M
}

/** What a route sees, in any framework. */
export interface Call {
  readonly user: User | undefined
  readonly auth: VerifiedToken | undefined
  /** What `accessTokenOf` of the middleware gives; nothing without one. */
  readonly accessToken: string | undefined
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface RouteSetup {
  /** Default `get`. */
  readonly method?: 'get' | 'post' | 'delete'
  readonly path: string
  guards?<M>(guards: Guards<M>): M[]
  /** What it returns is sent as JSON; what it throws is the route's own error. */
  handle(call: Call): unknown
}

/** What an adapter's test makes an app of. */
export interface AppSetup {
  /** First argument of `authMiddleware`. `undefined` makes an app without it. */
  readonly auth: MiddlewareOptions | Authenticator | undefined
  /** Second argument of `authMiddleware`. */
  readonly http?: HttpOptions
  /** Whether `problemDetails` is used. */
  readonly problems?: boolean
  /** Whether form and JSON bodies are parsed before the middleware. */
  readonly parsesBodies?: boolean
  /** Whether only JSON bodies are parsed before the middleware. */
  readonly parsesJson?: boolean
  /** Whether `backchannelLogout` answers at `/backchannel-logout`, before the middleware. */
  readonly logout?: { readonly authenticator: Authenticator; readonly options?: BackchannelLogoutOptions }
  /** Whether `protectedResource` answers at `/.well-known/oauth-protected-resource`, before the middleware. */
  readonly resource?: { readonly authenticator: Authenticator; readonly options: ProtectedResourceOptions }
  readonly routes: readonly RouteSetup[]
  /** Sees every error that leaves the routes and the middleware. */
  readonly onError?: (error: unknown) => void
  /** Whether `authRoutes` is used, before the middleware. */
  readonly signIn?: boolean
  /** Sees what `authMiddleware` returned. */
  readonly onMiddleware?: (middleware: {
    readonly authenticator: Authenticator
    readonly authenticateUpgrade: AuthenticateUpgrade
  }) => void
}

/** What handles the `upgrade` event of a server. */
export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export type BuildApp = (setup: AppSetup) => RequestListener

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** The body as JSON. */
  json(): unknown
}

/** A running app. */
export interface RunningApp {
  readonly origin: string
  call(path: string, init?: RequestInit & { token?: string | undefined; duplex?: 'half' }): Promise<Answer>
  /** Sends header lines that `fetch` would not. */
  raw(lines: readonly string[]): Promise<string>
  /** Sends headers as given, repeated ones too. */
  repeated(path: string, headers: readonly string[]): Promise<{ status: number | undefined; body: string }>
  connections(): Promise<number>
  close(): Promise<void>
}

/** Serves an app on loopback. @param app the app, or what makes one when its address is known */
export async function serve(
  app: RequestListener | { at(origin: string): RequestListener },
  onUpgrade?: OnUpgrade,
): Promise<RunningApp> {
  // Longer than what Node takes by default, so that long headers come through to the app.
  const server = createServer({ maxHeaderSize: 128 * 1024 })
  const upgraded = new Set<Duplex>()
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request, socket, head) => {
      upgraded.add(socket)
      onUpgrade(request, socket, head)
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  server.on('request', 'at' in app ? app.at(origin) : app)
  return {
    origin,
    async call(path, { token, ...init } = {}) {
      const headers = new Headers(init.headers)
      if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
      const response = await fetch(origin + path, {
        ...init,
        headers,
        signal: init.signal ?? AbortSignal.timeout(10_000),
      })
      const body = await response.text()
      return { status: response.status, headers: response.headers, body, json: () => JSON.parse(body) }
    },
    async raw(lines) {
      const socket = connect(port, '127.0.0.1')
      socket.end(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
      return text(socket.setEncoding('latin1'))
    },
    repeated(path, headers) {
      return new Promise((resolve, reject) => {
        const request = http.request(
          origin + path,
          { headers: ['Host', `127.0.0.1:${port}`, ...headers], agent: false },
          (response) => {
            text(response).then((body) => resolve({ status: response.statusCode, body }), reject)
          },
        )
        request.on('error', reject).end()
      })
    },
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    async close() {
      for (const socket of upgraded) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
