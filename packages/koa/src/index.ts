import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  AuthError,
  type AuthenticateUpgrade,
  type Authenticator,
  addHeaders,
  assertAllowed,
  assertMaker,
  authenticated,
  type BackchannelLogoutOptions,
  createBackchannelLogout,
  createGuard,
  createProtectedResource,
  createRequestAuthenticator,
  type HttpAnswer,
  type HttpOptions,
  type HttpRequest,
  type MiddlewareOptions,
  type PermissionLike,
  type Predicate,
  type ProtectedResourceOptions,
  permission,
  problemOf,
  type RequestAuthenticator,
  role,
  type Several,
  scope,
  type User,
  userOf,
  type VerifiedToken,
} from '@claviger/core'
import type { Context } from 'koa'

/** What `authMiddleware` puts into `ctx.state`: for `new Koa<AuthState>()` and `new Router<AuthState>()`. */
export interface AuthState {
  /** Who calls; the same object is at `ctx.req.user`. */
  user: User
  /** The token this request came with, verified. */
  auth: VerifiedToken
}

declare module 'koa' {
  /** Absent only where credentials are not required. */
  interface DefaultState extends Partial<AuthState> {}
}

/** What is needed of a context, of Koa 2 or 3, with any state. */
export interface AnyContext extends Pick<HttpRequest, 'headers'> {
  readonly ip: string
  readonly method: string
  readonly url: string
  readonly originalUrl: string
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly request: object
  readonly state: object
  readonly headerSent: boolean
  status: number
  body: unknown
  set(headers: Record<string, string | string[]>): void
  append(name: string, values: string | string[]): void
}

/** A middleware for Koa 2 and 3. */
export type Middleware = (ctx: AnyContext, next: () => Promise<unknown>) => Promise<unknown>

/** What `authMiddleware` returns. */
export type AuthMiddleware = Middleware & {
  readonly authenticator: Authenticator
  /** For the `upgrade` event of the server: a WebSocket is opened by those who may call the app. */
  readonly authenticateUpgrade: AuthenticateUpgrade
  /** The access token of a request that was let in, that of its session too, to call another API for its user. Nothing for nobody. */
  readonly accessTokenOf: (ctx: AnyContext) => string | undefined
  /** For `authRoutes`. */
  readonly createAuthRoutes: RequestAuthenticator['createAuthRoutes']
}

/**
 * Puts who calls into `ctx.state.user` and the verified token into `ctx.state.auth`, or refuses the request.
 * @param source - All options in one, or what `createAuthenticator` returned.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, with every fault of the options named
 */
export function authMiddleware(source: MiddlewareOptions | Authenticator, http?: HttpOptions): AuthMiddleware {
  const { recognize, receive, accessTokenOf, ...made } = createRequestAuthenticator(source, http)

  function authenticateRequest(ctx: AnyContext, next: () => Promise<unknown>): Promise<unknown> {
    const auth = recognize(ctx.req, ctx)
    if (auth === undefined) return authenticateNewcomer(ofKoa(ctx), next)
    introduce(ctx, auth)
    return next()
  }

  async function authenticateNewcomer(ctx: AnyContext, next: () => Promise<unknown>): Promise<void> {
    const visitor = await receive(new KoaRequest(ctx), ctx)
    const { auth, answer } = visitor
    addHeaders(ctx.res, visitor)
    if (answer !== undefined) return send(ctx, answer)
    if (auth !== undefined) introduce(ctx, auth)
    await next()
  }
  return Object.assign(authenticateRequest, made, {
    accessTokenOf: (ctx: AnyContext) =>
      (ctx.state as Partial<AuthState>).auth === undefined ? undefined : accessTokenOf(new KoaRequest(ctx), ctx),
  })
}

// Thrown at once, and in no promise: Express 4 looks at none, and the process would end.
function ofKoa(ctx: AnyContext): AnyContext {
  if (ctx.req !== undefined) return ctx
  const explanation = 'authMiddleware: this is no app of Koa; for Express there is @claviger/express'
  throw new AuthError('ERR_OPTIONS_INVALID', { explanation })
}

function introduce({ state, req }: AnyContext, auth: VerifiedToken): void {
  const user = userOf(auth)
  const known = state as Partial<AuthState>
  known.user = user
  known.auth = auth
  ;(req as { user?: User }).user = user
}

/**
 * The pages that browsers sign in and out at, below `session.path`: `/auth/login`, `/auth/callback/<provider>`, `/auth/logout`,
 * `/auth/profile`. Goes before the middleware, which would send their visitors to sign in.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` without the option `session`, or without a provider to sign in at
 */
export function authRoutes(auth: AuthMiddleware): Middleware {
  const answerOf = auth.createAuthRoutes()
  return async function answerSignIn(ctx, next) {
    const answer = await answerOf(new KoaRequest(ctx))
    if (answer === undefined) await next()
    else send(ctx, answer)
  }
}

/**
 * Takes the logout tokens that OpenID providers send when a session has ended there: `router.post('/backchannel-logout', …)`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function backchannelLogout(authenticator: Authenticator, options?: BackchannelLogoutOptions): Middleware {
  const answerOf = createBackchannelLogout(authenticator, options)
  return async function answerLogout(ctx) {
    send(ctx, await answerOf(new KoaRequest(ctx)))
  }
}

/**
 * Tells everybody where to get a token for this API: `router.all('/.well-known/oauth-protected-resource', …)`, before the middleware.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function protectedResource(authenticator: Authenticator, options: ProtectedResourceOptions): Middleware {
  const answerOf = createProtectedResource(authenticator, options)
  return async function answerMetadata(ctx) {
    send(ctx, answerOf(ctx.method))
  }
}

function send(ctx: AnyContext, { status, headers, body }: HttpAnswer): void {
  const { 'Set-Cookie': cookies = [], ...others } = headers
  for (const cookie of [cookies].flat()) ctx.append('Set-Cookie', cookie)
  ctx.status = status
  ctx.set(others)
  ctx.body = body
}

// What core looks at of a request, each when it is looked at: most requests need their headers alone.
class KoaRequest implements HttpRequest {
  readonly #ctx: AnyContext

  constructor(ctx: AnyContext) {
    this.#ctx = ctx
  }

  get method() {
    return this.#ctx.method
  }

  get url() {
    return this.#ctx.url
  }

  get originalUrl() {
    return this.#ctx.originalUrl
  }

  get headers() {
    return this.#ctx.req.headers
  }

  get rawHeaders() {
    return this.#ctx.req.rawHeaders
  }

  /** Body parsers of Koa put what they have parsed into `ctx.request`. */
  get body() {
    return (this.#ctx.request as { body?: unknown }).body
  }

  get ip() {
    return this.#ctx.ip
  }

  get socket() {
    return this.#ctx.req.socket
  }

  get readableDidRead() {
    return this.#ctx.req.readableDidRead
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#ctx.req[Symbol.asyncIterator]()
  }
}

/**
 * Lets everybody pass who is known: for routes of an app where credentials are not required.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for any argument: `app.use(requireAuth)` is a slip for `app.use(requireAuth())`
 */
export function requireAuth(...nothing: []): Middleware {
  assertMaker('requireAuth', nothing)
  return authorize(authenticated)
}

/**
 * Tells TypeScript that the user is there, as after `requireAuth()`.
 * @throws {AuthError} `ERR_TOKEN_MISSING` where nobody is
 */
export function assertUser<C extends { state: object }>(ctx: C): asserts ctx is C & { state: AuthState } {
  const { user, auth } = ctx.state as Partial<AuthState>
  assertAllowed(authenticated, { user, auth, request: ctx })
}

/** Lets users pass who have any of these roles, by id or name. @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list */
export function requireRole(...anyOfThese: Several<string>): Middleware {
  return authorize(role(...anyOfThese))
}

/** Lets users pass who have all of these permissions. @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list */
export function requirePermission(...allOfThese: Several<PermissionLike>): Middleware {
  return authorize(permission(...allOfThese))
}

/** Lets tokens pass that have all of these scopes. @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list */
export function requireScope(...allOfThese: Several<string>): Middleware {
  return authorize(scope(...allOfThese))
}

/**
 * Lets users pass whom the predicate grants to, such as `anyOf(role('auditor'), scope('read:reports'))`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a predicate
 */
export function authorize(predicate: Predicate<Context>): Middleware {
  const guard = createGuard(predicate)
  return async function guardRoute(ctx, next) {
    const { user, auth } = ctx.state as Partial<AuthState>
    await guard({ user, auth, request: ctx as Context })
    await next()
  }
}

/**
 * Answers refusals as `application/problem+json`, and leaves all other errors to the app. Goes before `authMiddleware`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for any argument
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function problemDetails(...nothing: []): Middleware {
  assertMaker('problemDetails', nothing)
  return async function answerProblem(ctx, next) {
    try {
      await next()
    } catch (error) {
      const problem = problemOf(error)
      if (problem === undefined || ctx.headerSent) throw error
      send(ctx, { ...problem, body: JSON.stringify(problem.body) })
    }
  }
}
