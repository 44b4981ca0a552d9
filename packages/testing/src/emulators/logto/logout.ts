import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import { browserOf } from './authorizations.ts'
import { assertLoopback } from './deliveries.ts'
import { OidcError } from './errors.ts'
import type { Session } from './sessions.ts'
import type { Tenant } from './tenant.ts'
import { identifier } from './tokens.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const html = { 'content-type': 'text/html; charset=utf-8' }

/**
 * `/oidc/session/end`. The cookie of the browser tells whose sessions end; without one the ID token does: its `sid`, or the latest at
 * its app. Nobody is asked whether they are sure.
 */
export function endSession(tenant: Tenant, { method, url, form, headers }: LoopbackRequest): Reply {
  const given = method === 'POST' ? form : url.searchParams
  const hint = given.get('id_token_hint')
  const claims = hint === null ? undefined : claimsOf(tenant, hint)
  if (hint !== null && claims === undefined) {
    throw new OidcError('invalid_request', 'could not validate id_token_hint')
  }
  const user = tenant.state.users.get(String(claims?.sub))
  const session = (user === undefined ? [] : tenant.sessions.ofUser(user))
    .filter(({ grant }) => grant.app.id === claims?.aud && (claims?.sid ?? grant.session) === grant.session)
    .at(-1)
  const browser = browserOf(headers)
  const ofBrowser = browser === undefined ? [] : tenant.sessions.ofBrowser(browser)
  for (const one of new Set([...ofBrowser, ...(session === undefined ? [] : [session])])) signOut(tenant, one)
  const target = given.get('post_logout_redirect_uri')
  if (target === null) return { headers: html, body: '<!doctype html><title>Signed out</title>' }
  const state = given.get('state')
  const separator = target.includes('?') ? '&' : '?'
  const location = state === null ? target : `${target}${separator}state=${encodeURIComponent(state)}`
  return { status: 303, headers: { location } }
}

/** Ends a session and tells its app. Refresh tokens that were asked for with `offline_access` live on. */
export function signOut({ sessions, deliveries, keys, issuer, version, now }: Tenant, session: Session): void {
  sessions.end(session)
  const { grant } = session
  const { app, user } = grant
  if (!grant.scopes.includes('offline_access')) grant.dead = true
  const { backchannelLogoutUri: url, backchannelLogoutSessionRequired: withSession = false } = app.settings
  if (url === undefined) return
  assertLoopback(url)
  const iat = now()
  const claims = {
    sub: user.id,
    events: { [event]: {} },
    jti: identifier(version),
    ...(withSession && { sid: grant.session }),
    aud: app.id,
    ...(version !== '1.41' && { exp: iat + 120 }),
    iat,
    iss: issuer,
  }
  const body = new URLSearchParams({ logout_token: keys.sign({ typ: 'logout+jwt' }, claims) }).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  deliveries.send('backchannel-logout', url, type, body)
}

// An ID token counts here also when it has expired.
function claimsOf({ keys, issuer }: Tenant, token: string): Readonly<Record<string, unknown>> | undefined {
  if (!keys.hasSigned(token)) return undefined
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return claims.iss === issuer ? claims : undefined
}
