import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AuthenticateUpgrade,
  type Authenticator,
  addHeaders,
  assertAllowed,
  assertMaker,
  authenticated,
  type BackchannelLogoutOptions,
  type User as ClavigerUser,
  createBackchannelLogout,
  createGuard,
  createProtectedResource,
  createRequestAuthenticator,
  type HttpAnswer,
  type HttpOptions,
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
  userOf,
  type VerifiedToken,
} from '@claviger/core'
import type { Request } from 'express-serve-static-core'
import { shareShapes } from './shape.ts'

declare global {
  namespace Express {
    /** Who calls; the same place that Passport uses. */
    interface User extends ClavigerUser {}
    interface Request {
      /** Who calls. There after `authMiddleware`; absent only where credentials are not required. */
      user?: User | undefined
      /** The token this request came with, verified. */
      auth?: VerifiedToken | undefined
    }
  }
}

type Req = IncomingMessage & Express.Request
type Next = (error?: unknown) => void

/** A middleware for Express 4 and 5. */
export type Middleware = (req: Req, res: ServerResponse, next: Next) => void

/** What `authMiddleware` returns. */
export type AuthMiddleware = Middleware & {
  readonly authenticator: Authenticator
  /** For the `upgrade` event of the server: a WebSocket is opened by those who may call the app. */
  readonly authenticateUpgrade: AuthenticateUpgrade
  /** The access token of a request that was let in, that of its session too, to call another API for its user. Nothing for nobody. */
  readonly accessTokenOf: (req: Req) => string | undefined
  /** For `authRoutes`. */
  readonly createAuthRoutes: RequestAuthenticator['createAuthRoutes']
}

/**
 * Puts who calls into `req.user` and the verified token into `req.auth`, or refuses the request.
 * @param source - All options in one, or what `createAuthenticator` returned.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, with every fault of the options named
 */
export function authMiddleware(source: MiddlewareOptions | Authenticator, http?: HttpOptions): AuthMiddleware {
  const { recognize, receive, accessTokenOf, ...made } = createRequestAuthenticator(source, http)

  function authenticateRequest(req: Req, res: ServerResponse, next: Next): void | Promise<void> {
    shareShapes(req, res)
    const auth = recognize(req)
    if (auth === undefined) return authenticateNewcomer(req, res, next)
    introduce(req, auth)
    next()
  }

  async function authenticateNewcomer(req: Req, res: ServerResponse, next: Next): Promise<void> {
    try {
      const visitor = await receive(req)
      const { auth, answer } = visitor
      addHeaders(res, visitor)
      if (answer !== undefined) return send(res, answer)
      if (auth !== undefined) introduce(req, auth)
    } catch (error) {
      next(error)
      return
    }
    // Not inside the try: what the rest of the app throws is not ours.
    next()
  }
  return Object.assign(authenticateRequest, made, {
    accessTokenOf: (req: Req) => (req.auth === undefined ? undefined : accessTokenOf(req)),
  })
}

function introduce(req: Req, auth: VerifiedToken): void {
  req.user = userOf(auth)
  req.auth = auth
}

/**
 * The pages that browsers sign in and out at, below `session.path`: `/auth/login`, `/auth/callback/<provider>`, `/auth/logout`,
 * `/auth/profile`. Goes before the middleware, which would send their visitors to sign in.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` without the option `session`, or without a provider to sign in at
 */
export function authRoutes(auth: AuthMiddleware): Middleware {
  const answerOf = auth.createAuthRoutes()
  return function answerSignIn(req, res, next) {
    answerOf(req)
      .then((answer) => (answer === undefined ? next() : send(res, answer)))
      .catch(next)
  }
}

/**
 * Takes the logout tokens that OpenID providers send when a session has ended there: `app.post('/backchannel-logout', …)`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function backchannelLogout(authenticator: Authenticator, options?: BackchannelLogoutOptions): Middleware {
  const answerOf = createBackchannelLogout(authenticator, options)
  return function answerLogout(req, res, next) {
    answerOf(req)
      .then((answer) => send(res, answer))
      .catch(next)
  }
}

/**
 * Tells everybody where to get a token for this API: `app.all('/.well-known/oauth-protected-resource', …)`, before the middleware.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function protectedResource(authenticator: Authenticator, options: ProtectedResourceOptions): Middleware {
  const answerOf = createProtectedResource(authenticator, options)
  return function answerMetadata(req, res) {
    send(res, answerOf(req.method))
  }
}

function send(res: ServerResponse, { status, headers, body }: HttpAnswer): void {
  // Somebody has answered while a provider was asked: a middleware that limits the time.
  if (res.headersSent) return
  const { 'Set-Cookie': cookies = [], ...others } = headers
  for (const cookie of [cookies].flat()) res.appendHeader('Set-Cookie', cookie)
  res.writeHead(status, others).end(body)
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
export function assertUser<R extends Req>(req: R): asserts req is R & { user: Express.User; auth: VerifiedToken } {
  assertAllowed(authenticated, { user: req.user, auth: req.auth, request: req })
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
export function authorize(predicate: Predicate<Request>): Middleware {
  const guard = createGuard(predicate)
  return function guardRoute(req, _res, next) {
    const waiting = guard({ user: req.user, auth: req.auth, request: req as Request })
    if (waiting === undefined) next()
    else waiting.then(() => next(), next)
  }
}

/**
 * Answers refusals as `application/problem+json`, and leaves all other errors to the app. Goes after the routes.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for any argument
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function problemDetails(
  ...nothing: []
): (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void {
  assertMaker('problemDetails', nothing)
  return function answerProblem(error, _req, res, next) {
    const problem = problemOf(error)
    if (problem === undefined || res.headersSent) next(error)
    else send(res, { ...problem, body: JSON.stringify(problem.body) })
  }
}
