import type { IncomingHttpHeaders } from 'node:http'
import type { LoopbackRequest } from '../../server/routes.ts'
import { emptyError, textError } from './answers.ts'
import type { Operation } from './operation.ts'
import { apiKeysOf, type ItsYouOnlineState, type User } from './state.ts'
import { findAccessToken, type Host, readJwt } from './tokens.ts'

/** Who calls the API. */
export interface Caller {
  readonly username?: string
  readonly globalid?: string
  readonly clientId: string
  readonly scopes: readonly string[]
}

/**
 * What the server demands of a request before its handler sees it.
 * @throws {Answer} 401 and 403 as the server says them
 */
export function authorized(host: Host, operation: Operation, request: LoopbackRequest): Caller | undefined {
  if (operation.auth === 'none') return undefined
  const { caller, isJwt } = callerOf(host, request)
  if (operation.auth === 'client-id') return caller
  const needed = operation.scopes ?? []
  if (operation.auth === 'organization') {
    const { globalid } = request.params
    if (globalid !== undefined && needed.length > 0) assertRole(host.state, caller, globalid, needed)
    return caller
  }
  // The handlers of users read the user's name without looking whether there is one.
  if (caller.username === undefined) throw isJwt ? emptyError(500) : textError(401)
  const { username, label } = request.params
  const scopes = username === undefined ? caller.scopes : scopesFor(caller, userAt(host.state, username))
  const names = needed.map((scope) => scope.replace('{label}', label ?? ''))
  if (names.length > 0 && !names.some((scope) => scopes.includes(scope))) throw textError(403)
  return { ...caller, scopes }
}

/** The user a path names, in any of the ways that are possible. @throws {Answer} 404 */
export function userAt(state: ItsYouOnlineState, name: string): User {
  const user = state.find(name)
  if (user === undefined) throw textError(404)
  return user
}

function callerOf(host: Host, { headers, url }: LoopbackRequest): { caller: Caller; isJwt: boolean } {
  const jwt = jwtIn(headers)
  if (jwt !== undefined) {
    const { username, globalid, azp, scope } = readJwt(host, jwt)
    const scopes = Array.isArray(scope) ? scope.filter((one) => typeof one === 'string') : []
    const whose = typeof username === 'string' ? { username } : { globalid: String(globalid) }
    return { caller: { ...whose, clientId: String(azp), scopes }, isJwt: true }
  }
  const token = headers.authorization?.replace(/^token/, '').trim() ?? url.searchParams.get('access_token')
  if (token === null) throw textError(401)
  return { caller: findAccessToken(host, token), isJwt: false }
}

// These two spellings only.
function jwtIn({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  return /^[Bb]earer (.*)$/.exec(authorization)?.[1]
}

// The user's own rights, or what the user consented to for this client.
function scopesFor({ username, clientId, scopes }: Caller, user: User): readonly string[] {
  if (username !== user.username) throw textError(403)
  if (scopes.length === 1 && scopes[0] === 'user:admin') return withInfo(scopes)
  const consented = user.authorizations.get(clientId)?.scopes
  if (consented !== undefined) return withInfo(scopes.filter((scope) => consented.includes(scope)))
  if (!apiKeysOf(user).some(({ applicationid }) => applicationid === clientId)) throw textError(403)
  return withInfo(scopes)
}

const withInfo = (scopes: readonly string[]) => (scopes[0]?.startsWith('user:') ? [...scopes, 'user:info'] : scopes)

// An organization acts for itself and everything below it; a user by what the user is there.
function assertRole(state: ItsYouOnlineState, caller: Caller, globalid: string, needed: readonly string[]): void {
  if (caller.username === undefined) {
    const own = caller.globalid ?? ''
    if (globalid !== own && !globalid.startsWith(`${own}.`)) throw emptyError(403)
    if (!needed.includes(caller.scopes.join(' '))) throw emptyError(403)
    if (!state.organizations.has(globalid)) throw textError(404)
    return
  }
  const isOwner = state.isOwner(globalid, caller.username)
  const roles = [
    ...(isOwner ? ['organization:owner'] : []),
    ...(state.isMember(globalid, caller.username) ? ['organization:member'] : []),
  ]
  if (!caller.scopes.includes('user:admin') || !roles.some((role) => needed.includes(role))) throw emptyError(403)
}
