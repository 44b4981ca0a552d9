import { unavailable } from './errors.ts'
import { isObject } from './json.ts'
import { retryAfter } from './introspection.ts'
import type { OpaqueProfile, UserClaims } from './provider.ts'
import type { Claims } from './types.ts'

/** How a userinfo endpoint is asked. */
export interface UserinfoOptions {
  /** Default: the `userinfo_endpoint` of the issuer's metadata. */
  readonly endpoint?: string
  readonly user: (claims: Claims) => UserClaims
}

/**
 * Asks a userinfo endpoint whose an opaque token is. It does not tell when the token ends.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
 */
export function userinfo({ endpoint, user }: UserinfoOptions): OpaqueProfile['verify'] {
  return async (token, { issuer, request, metadata }) => {
    const address = endpoint ?? (await metadata()).userinfo_endpoint
    if (address === undefined) throw unavailable(`the metadata of ${issuer} names no userinfo_endpoint`)
    const { status, headers, body } = await request(address, { headers: { authorization: `Bearer ${token}` } })
    if (status === 401 || status === 403) return { active: false, explanation: `the userinfo endpoint answered with status ${status}` }
    if (status !== 200) throw unavailable(`the userinfo endpoint of ${issuer} answered with status ${status}`, retryAfter(headers))
    if (!isObject(body) || typeof body.sub !== 'string') throw unavailable(`the userinfo endpoint of ${issuer} did not answer with a sub`)
    return { active: true, claims: body, user: user(body) }
  }
}
