import { AuthError } from '../errors.ts'
import { invalidOptions } from '../options.ts'
import type { Provider, UserClaims } from '../provider.ts'
import type { Claims } from '../types.ts'

/** Claims → user, in place of what the provider made of them or on top of it. */
export type UserMapping = (user: UserClaims, claims: Claims) => UserClaims

/**
 * The same provider, with another opinion of what its tokens say of roles, organization, name. It sees only tokens that passed every
 * check, and must not change who the user is. What it throws refuses the token.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function mapUser(provider: Provider, map: UserMapping): Provider {
  if (typeof map !== 'function') throw invalidOptions('mapUser', 'takes a provider and a function')
  const { jwt, opaque } = provider
  const mapped = (user: UserClaims, claims: Claims): UserClaims => {
    const said = map(user, claims)
    if (said?.id === user.id) return said
    throw new AuthError('ERR_TOKEN_REFUSED', { explanation: `${provider.name}: mapUser changed the id of the user` })
  }
  return {
    ...provider,
    ...(jwt !== undefined && { jwt: { ...jwt, user: (claims) => mapped(jwt.user(claims), claims) } }),
    ...(opaque !== undefined && {
      opaque: {
        ...opaque,
        async verify(token, context) {
          const verdict = await opaque.verify(token, context)
          return verdict.active ? { ...verdict, user: mapped(verdict.user, verdict.claims) } : verdict
        },
      },
    }),
  }
}
