import type { Claims, Seconds } from '@claviger/core'
import { isSignedWith, signToken, type TestKey } from '../../keys.ts'
import { emptyError, goJson, textError } from './answers.ts'
import { accessTokenLifetime, addressOf, type Grant, type ItsYouOnlineState, random } from './state.ts'

/** What a request for a token says, in its query or its form. */
export type Parameters = Pick<URLSearchParams, 'get'>

/** What tokens are made with. */
export interface Host {
  readonly state: ItsYouOnlineState
  /** The one key that it signs with, and knows. */
  key: TestKey
  readonly now: () => Seconds
}

const day: Seconds = 86_400
const purgedAfter: Seconds = 30 * day
const issuer = 'itsyouonline'

/** Makes a JWT out of what a grant allows. @throws {Answer} 401 when it does not allow a scope that is asked for */
export function makeJwt(host: Host, grant: Grant, parameters: Parameters, latest: Seconds, isOfJwt = false): string {
  const { asked, offline } = readScope(parameters)
  if (asked.some((scope) => !grant.scopes.some((one) => covers(one, scope)))) throw textError(401)
  const empty = isOfJwt ? [] : grant.scopes
  const scopes = withMemberships(host.state, grant, asked.length > 0 ? asked : empty)
  const audience = listIn(parameters.get('aud'))
  const extra = grant.username === undefined ? [] : extraScopes(host.state, grant, scopes, parameters)
  const claims: Record<string, unknown> = {
    azp: grant.clientId,
    exp: expiry(host.now(), latest, parameters),
    iss: issuer,
    scope: [...scopes, ...extra],
    ...(grant.username === undefined ? { globalid: grant.globalid } : { username: grant.username }),
    ...(isOfJwt && { globalid: null }),
    ...(audience.length > 0 && { aud: audience }),
  }
  if (offline) {
    const token = random()
    host.state.refreshTokens.set(token, { ...grant, scopes, lastUsed: host.now() })
    claims.refresh_token = token
  }
  return sign(host, claims)
}

/** Makes a JWT of a JWT that carries a refresh token. @throws {Answer} 401, and 500 for most other JWTs */
export function exchangeJwt(host: Host, old: Claims, parameters: Parameters): string {
  if (typeof old.refresh_token !== 'string') throw readScope(parameters).offline ? textError(401) : emptyError(500)
  if (typeof old.username !== 'string') throw emptyError(500)
  const grant = takeRefreshToken(host, old)
  return makeJwt(host, grant, parameters, host.now() + day, true)
}

/** The same claims with a new end, and the memberships as they are now. @throws {Answer} 401 */
export function refreshJwt(host: Host, old: Claims, parameters: Parameters): string {
  const grant = takeRefreshToken(host, old)
  const own = `user:memberof:${grant.clientId}`
  const left = grant.scopes.filter(
    (scope) => scope !== own || host.state.isMember(grant.clientId, grant.username ?? ''),
  )
  const extra = grant.username === undefined ? [] : grantScopes(host.state, grant, parameters)
  const scope = [...left, ...extra]
  return sign(host, { ...old, scope, exp: expiry(host.now(), host.now() + day, parameters) })
}

// Purged when it was not used for so long.
function takeRefreshToken({ state, now }: Host, { refresh_token: token, username, globalid }: Claims) {
  const found = typeof token === 'string' ? state.refreshTokens.get(token) : undefined
  if (found === undefined || now() - found.lastUsed > purgedAfter) throw textError(401)
  if (found.username !== (username ?? undefined) || found.globalid !== (globalid ?? undefined)) throw textError(401)
  found.lastUsed = now()
  return found
}

/** Claims are written in alphabetical order. */
export function sign({ key }: Host, claims: Record<string, unknown>): string {
  const sorted = Object.fromEntries(Object.entries(claims).sort(([a], [b]) => (a < b ? -1 : 1)))
  return signToken({ alg: 'ES384', typ: 'JWT' }, goJson(sorted), key)
}

/** The claims of a JWT of this host. @throws {Answer} 401, also for an expired one unless that is fine */
export function readJwt({ key, now }: Host, token: string, { expired = false } = {}): Claims {
  const [header, payload] = token.split('.')
  try {
    const { alg } = JSON.parse(Buffer.from(header ?? '', 'base64url').toString())
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
    const isGood = alg === 'ES384' && isSignedWith(token, key)
    if (isGood && (expired || now() <= claims.exp)) return claims
  } catch {
    // Not a token at all.
  }
  throw textError(401)
}

/** A stored access token that has not expired. @throws {Answer} 401 */
export function findAccessToken({ state, now }: Host, token: string) {
  const found = state.accessTokens.get(token)
  if (found === undefined || now() >= found.createdAt + accessTokenLifetime) throw textError(401)
  return found
}

/** Parts of a list with commas. */
export function listIn(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function readScope(parameters: Parameters): { asked: string[]; offline: boolean } {
  const all = listIn(parameters.get('scope'))
  return { asked: all.filter((scope) => scope !== 'offline_access'), offline: all.includes('offline_access') }
}

function covers(acquired: string, scope: string): boolean {
  return scope.startsWith(acquired) || (acquired === 'user:admin' && scope.startsWith('user:'))
}

function expiry(now: Seconds, latest: Seconds, parameters: Parameters): Seconds {
  const text = parameters.get('validity') ?? ''
  const validity = /^\+?\d+$/.test(text) ? Number(text) : 0
  return validity > 0 ? Math.min(latest, now + validity) : latest
}

/** Memberships that the user does not have are lost, silently; one of the client itself becomes those of its children. */
export function withMemberships(
  state: ItsYouOnlineState,
  { username, clientId }: Grant,
  scopes: readonly string[],
): string[] {
  if (username === undefined) return [...scopes]
  const kept = scopes.flatMap((scope) => {
    const [, globalid] = /^user:memberof:(.*)$/s.exec(scope) ?? []
    if (globalid === undefined || state.isMember(globalid, username)) return scope
    if (globalid !== clientId) return []
    return state.below(globalid).flatMap((child) => (state.isMember(child, username) ? `user:memberof:${child}` : []))
  })
  return kept.length === 0 && scopes.length > 0 ? [''] : kept
}

function extraScopes(
  state: ItsYouOnlineState,
  grant: Grant,
  scopes: readonly string[],
  parameters: Parameters,
): string[] {
  const info = parameters.get('store_info') === 'true' ? scopes.flatMap((scope) => infoScope(state, grant, scope)) : []
  return [...info, ...grantScopes(state, grant, parameters)]
}

function grantScopes(state: ItsYouOnlineState, { clientId, username = '' }: Grant, parameters: Parameters): string[] {
  if (parameters.get('add_grants') !== 'true') return []
  return (state.organizations.get(clientId)?.grants.get(username) ?? []).map((grant) => `grant:${grant}`)
}

function infoScope(state: ItsYouOnlineState, { username = '', clientId }: Grant, scope: string): string[] {
  const user = state.user(username)
  if (scope === 'user:name') return [`[user:name]:${user.firstname} ${user.lastname}`]
  const [, validated, kind, label = 'main'] = /^user:(validated:)?(email|phone)(?::([^:]+))?$/.exec(scope) ?? []
  if (kind === undefined) return []
  const value = addressOf(user, kind, label)
  if (value === undefined || (validated !== undefined && !user.validated.has(value))) return []
  // The server looks into an authorization that API keys do not have.
  if (validated !== undefined && !user.authorizations.has(clientId)) throw emptyError(500)
  return [`[${scope}]:${value}`]
}
