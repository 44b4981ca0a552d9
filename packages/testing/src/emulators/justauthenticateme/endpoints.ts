import { json, type LoopbackRequest, type Reply, type Route } from '../../server/routes.ts'
import { escaped, htmlPage } from '../people-page.ts'
import { type AppState, claimsOf, type JustAuthenticateMeMail, randomToken, takeDated } from './state.ts'

/** The endpoints of the emulator, as its switches and counters name them. */
export type JustAuthenticateMeEndpoint =
  | 'authenticate'
  | 'refresh'
  | 'verify'
  | 'deleteRefreshToken'
  | 'deleteAllRefreshTokens'
  | 'jwks'
  | 'magic'
  | 'mailbox'
  | 'preflight'

/** What the endpoints need to know of the service. */
export interface Service {
  readonly now: () => number
  readonly app: (id: string) => AppState | undefined
  /** Sends a mail; false when the address has had too many. */
  readonly mail: (app: AppState, email: string) => boolean
  /** Mails that were sent, the newest last. */
  readonly outbox: readonly JustAuthenticateMeMail[]
  readonly idTokenFor: (app: AppState, email: string) => string
  readonly refreshTokenFor: (app: AppState, email: string) => string | undefined
  readonly issuerOf: (app: AppState) => string
  readonly deadRefreshToken: () => 401 | 404
}

/** For browsers: the vendor's own SDK calls from them. */
export const corsHeaders = { 'access-control-allow-origin': '*' }

const refuse = (status: number, message: string): Reply => json({ message }, { status })

type Handler = (app: AppState, request: LoopbackRequest) => Reply

/** All endpoints of the service. Success codes are exact: every SDK compares them. */
export function justAuthenticateMeRoutes(service: Service): readonly Route<JustAuthenticateMeEndpoint>[] {
  const at = (endpoint: JustAuthenticateMeEndpoint, method: string, path: string, handler: Handler) => ({
    endpoint,
    method,
    path: `/:appId${path}`,
    handle: (request: LoopbackRequest): Reply => {
      const app = service.app(request.params.appId ?? '')
      return app === undefined ? refuse(404, 'App not found') : handler(app, request)
    },
  })
  const preflight = (path: string): Route<JustAuthenticateMeEndpoint> => ({
    endpoint: 'preflight',
    method: 'OPTIONS',
    path: `/:appId${path}`,
    handle: () => ({
      status: 204,
      headers: {
        'access-control-allow-methods': 'GET,POST,DELETE,OPTIONS',
        'access-control-allow-headers': 'content-type,authorization',
      },
    }),
  })
  const paths = [
    '/authenticate',
    '/refresh',
    '/verify',
    '/user/refresh',
    '/user/refresh/:token',
    '/.well-known/jwks.json',
  ]

  return [
    at('authenticate', 'POST', '/authenticate', authenticate(service)),
    at('refresh', 'POST', '/refresh', refresh(service)),
    at('verify', 'POST', '/verify', verify(service)),
    at('deleteRefreshToken', 'DELETE', '/user/refresh/:token', deleteRefreshToken(service)),
    at('deleteAllRefreshTokens', 'DELETE', '/user/refresh', deleteAllRefreshTokens(service)),
    at('jwks', 'GET', '/.well-known/jwks.json', (app) => json(app.jwks(), { headers: { 'cache-control': 'public' } })),
    at('magic', 'GET', '/magic', followLink(service)),
    at('mailbox', 'GET', '/mailbox', mailbox(service)),
    ...paths.map(preflight),
  ]
}

const authenticate =
  (service: Service): Handler =>
  (app, request) => {
    const email = memberOf(request, 'email')
    if (email === undefined) return refuse(400, 'invalid body')
    if (!/^[^\s@]+@[^\s@]+$/.test(email)) return refuse(400, 'invalid email')
    return service.mail(app, email) ? json({}) : refuse(429, 'too many requests')
  }

const refresh =
  (service: Service): Handler =>
  (app, request) => {
    const refreshToken = memberOf(request, 'refreshToken')
    if (refreshToken === undefined) return refuse(400, 'invalid body')
    if (!app.allowRefresh) return refuse(400, 'refresh is not allowed')
    const entry = takeDated(app.refreshTokens, refreshToken, service.now(), { keep: true })
    if (entry === undefined) return refuse(service.deadRefreshToken(), 'not found')
    return json({ idToken: service.idTokenFor(app, entry.email) })
  }

const verify =
  (service: Service): Handler =>
  (app, request) => {
    const idToken = memberOf(request, 'idToken')
    if (idToken === undefined) return refuse(400, 'invalid body')
    return userOf(service, app, idToken) === undefined ? refuse(401, 'ID token is invalid') : json({})
  }

const deleteRefreshToken =
  (service: Service): Handler =>
  (app, request) => {
    const email = bearerOf(service, app, request)
    if (email === undefined) return refuse(401, 'ID token is invalid')
    const token = request.params.token ?? ''
    if (app.refreshTokens.get(token)?.email !== email) return refuse(404, 'not found')
    return takeDated(app.refreshTokens, token, service.now()) === undefined ? refuse(404, 'not found') : { status: 204 }
  }

const deleteAllRefreshTokens =
  (service: Service): Handler =>
  (app, request) => {
    const email = bearerOf(service, app, request)
    if (email === undefined) return refuse(401, 'ID token is invalid')
    for (const [token, entry] of app.refreshTokens) if (entry.email === email) app.refreshTokens.delete(token)
    return { status: 204 }
  }

const followLink =
  (service: Service): Handler =>
  (app, { url }) => {
    const link = takeDated(app.links, url.searchParams.get('code') ?? '', service.now())
    if (link === undefined) return htmlPage('Log in', '<p>This link has expired or was used.</p>', 400)
    return { status: 302, headers: { location: callbackOf(service, app, link.email), 'cache-control': 'no-store' } }
  }

// No part of the service: where its mails are read, since none leaves this machine.
const mailbox =
  (service: Service): Handler =>
  (app) => {
    const mails = service.outbox.filter(({ appId }) => appId === app.id).reverse()
    const items = mails.map(
      ({ to, subject, link }) =>
        `<li>${escaped(subject)}, to ${escaped(to)}: <a href="${escaped(link)}">Log In Now!</a></li>`,
    )
    return htmlPage('Mails', `<ul>${items.join('')}</ul>`)
  }

/** Where the browser goes with its tokens. They are in the query, as the service has it. */
export function callbackOf(service: Service, app: AppState, email: string): string {
  const refreshToken = service.refreshTokenFor(app, email)
  const query = [
    `idToken=${encodeURIComponent(service.idTokenFor(app, email))}`,
    ...(refreshToken === undefined ? [] : [`refreshToken=${encodeURIComponent(refreshToken)}`]),
  ].join('&')
  return `${app.redirectUrl}${app.redirectUrl.includes('?') ? '&' : '?'}${query}`
}

/** A new refresh token, kept for the app. */
export function addRefreshToken(app: AppState, email: string, expiresAt: number): string {
  const token = randomToken(email)
  app.refreshTokens.set(token, { email, expiresAt })
  return token
}

function bearerOf(service: Service, app: AppState, { headers }: LoopbackRequest): string | undefined {
  const [, token] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? []
  return token === undefined ? undefined : userOf(service, app, token)
}

function userOf(service: Service, app: AppState, idToken: string): string | undefined {
  const claims = claimsOf(idToken)
  if (claims === undefined || !app.hasSigned(idToken)) return undefined
  const { iss, aud, exp, token_use, email } = claims
  const isOurs = iss === service.issuerOf(app) && aud === app.id && token_use === 'id'
  return isOurs && Number(exp) > service.now() && typeof email === 'string' ? email : undefined
}

function memberOf({ body }: LoopbackRequest, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const member = Object.entries(value ?? {}).find(([key]) => key === name)?.[1]
    return typeof member === 'string' ? member : undefined
  } catch {
    return undefined
  }
}
