import { assertHolder, type Holder } from './dpop/holder.ts'
import { refused } from './errors.ts'
import { isName } from './json.ts'
import type { Provider, UserClaims } from './provider.ts'
import { permissionName } from './roles/permission.ts'
import type { Standing } from './standing.ts'
import type { Claims, Seconds, User, VerifiedToken } from './types.ts'

/**
 * What is known of a token that has passed every other check; frozen.
 * @throws {AuthError} `ERR_TOKEN_CLAIMS` if it names no user, `ERR_TOKEN_UNSUPPORTED` if it is for another holder
 */
export function toVerified(
  claims: Claims,
  said: UserClaims,
  { name, issuer }: Provider,
  expiresAt: Seconds,
  holder: Holder,
  standing: Standing,
): VerifiedToken {
  if (!isName(said.id)) throw refused('ERR_TOKEN_CLAIMS', 'the token names no user')
  assertHolder(claims, holder, standing)
  const { jti, sid, iat } = claims
  return Object.freeze({
    user: userOf(said, name, issuer),
    claims,
    provider: name,
    issuer,
    ...(isName(jti) && { tokenId: jti }),
    ...(isName(sid) && { session: sid }),
    ...(Number.isFinite(iat) && { issuedAt: iat as Seconds }),
    expiresAt,
    ...(said.boundTo !== undefined && { boundTo: said.boundTo }),
  })
}

function userOf(said: UserClaims, provider: string, issuer: string): Readonly<User> {
  const { id, email, name, organization } = said
  const roles = (said.roles ?? []).map((role) =>
    Object.freeze({ ...role, permissions: Object.freeze(role.permissions.map((one) => Object.freeze({ ...one }))) }),
  )
  // What a role of another organization allows is not allowed here.
  const here = roles.filter((role) => role.organization === undefined || role.organization === organization)
  const ofRoles = here.flatMap((role) => role.permissions.map(permissionName))
  return Object.freeze({
    id,
    provider,
    issuer,
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(organization !== undefined && { organization }),
    roles: Object.freeze(roles),
    permissions: Object.freeze([...new Set([...ofRoles, ...(said.permissions ?? [])])]),
    scopes: Object.freeze([...(said.scopes ?? [])]),
  })
}
