import { isBearerToken } from './bearer.ts'
import { safeClaims } from './claims.ts'
import { unavailable } from './errors.ts'
import { isMarkup } from './http.ts'
import { isObject } from './json.ts'
import type { OpaqueProfile, UserClaims } from './provider.ts'
import { retryAfter } from './response-headers.ts'
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
    if (!isBearerToken(token)) return { active: false, explanation: 'it cannot be a bearer token' }
    const address = endpoint ?? (await metadata()).userinfo_endpoint
    if (address === undefined) throw unavailable(`the metadata of ${issuer} names no userinfo_endpoint`)
    const response = await request(address, { headers: { authorization: `Bearer ${token}` } })
    const { status, headers, body } = response
    const isChallenge = /^bearer\b/i.test(headers.get('www-authenticate') ?? '')
    // Without a challenge a 403, and a page with 401, are about us: a firewall, say.
    if ((status === 401 && (isChallenge || !isMarkup(response))) || (status === 403 && isChallenge)) {
      return { active: false, explanation: `the userinfo endpoint answered with status ${status}` }
    }
    if (status !== 200)
      throw unavailable(`the userinfo endpoint of ${issuer} answered with status ${status}`, retryAfter(headers))
    if (!isObject(body) || typeof body.sub !== 'string' || body.sub === '') {
      throw unavailable(`the userinfo endpoint of ${issuer} did not answer with a sub`)
    }
    const claims = safeClaims(body, `the userinfo endpoint of ${issuer}`)
    return { active: true, claims, user: user(claims) }
  }
}
