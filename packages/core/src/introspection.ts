import { safeClaims } from './claims.ts'
import { unavailable } from './errors.ts'
import { isObject } from './json.ts'
import type { OpaqueProfile, OpaqueVerdict, UserClaims } from './provider.ts'
import { retryAfter } from './response-headers.ts'
import { basicAuthorization } from './token-endpoint.ts'
import type { Claims, Seconds } from './types.ts'

/** How an introspection endpoint is asked. */
export interface IntrospectionOptions {
  /** The client that asks; a confidential one. */
  readonly clientId: string
  readonly clientSecret: string
  /** Default: the `introspection_endpoint` of the issuer's metadata. */
  readonly endpoint?: string
  /** What `iss` may be besides the issuer: its other spellings. */
  readonly issuerAliases?: readonly string[]
  /** Refuses an active token for a reason of the provider's. */
  readonly refuse?: (claims: Claims) => string | undefined
  readonly user: (claims: Claims) => UserClaims
}

/**
 * Asks an introspection endpoint about an opaque token.
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2
 */
export function introspection(options: IntrospectionOptions): OpaqueProfile['verify'] {
  const authorization = basicAuthorization(options.clientId, options.clientSecret)
  return async (token, { issuer, request, metadata }) => {
    const endpoint = options.endpoint ?? (await metadata()).introspection_endpoint
    if (endpoint === undefined)
      throw unavailable(`the metadata of ${issuer} names no introspection_endpoint (option introspection.endpoint)`)
    const response = await request(endpoint, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    })
    const { body, status } = response
    // 401 and 403 are about our own client, never about the token. Some servers say 400 of a client that they do not know.
    const hint = [400, 401, 403].includes(status) ? ' (are clientId and clientSecret right?)' : ''
    if (status !== 200)
      throw unavailable(
        `the introspection endpoint of ${issuer} answered with status ${status}${hint}`,
        retryAfter(response.headers),
      )
    if (!isObject(body) || typeof body.active !== 'boolean')
      throw unavailable(`the introspection endpoint of ${issuer} did not answer RFC 7662`)
    return body.active
      ? judge(safeClaims(body, `the introspection endpoint of ${issuer}`), issuer, options)
      : { active: false, explanation: 'the provider says it is not active' }
  }
}

function judge(claims: Claims, issuer: string, { issuerAliases, refuse, user }: IntrospectionOptions): OpaqueVerdict {
  const { iss, sub, exp } = claims
  if (sub !== undefined && typeof sub !== 'string')
    throw unavailable(`the introspection endpoint of ${issuer} answered with a sub that is no text`)
  if (exp !== undefined && !Number.isFinite(exp))
    throw unavailable(`the introspection endpoint of ${issuer} answered with an exp that is no number`)
  const isOurs = iss === undefined || iss === issuer || issuerAliases?.some((alias) => alias === iss) === true
  if (!isOurs) return { active: false, explanation: 'it was issued by another issuer' }
  const refusal = otherKindOf(claims) ?? refuse?.(claims)
  if (refusal !== undefined) return { active: false, explanation: refusal }
  return { active: true, claims, user: user(claims), ...(exp !== undefined && { expiresAt: exp as Seconds }) }
}

const bearerType = /^(bearer|access_token)$/i
const boundType = /^(bearer|access_token|dpop)$/i

// A server may call refresh and ID tokens active too. Whom a DPoP token is for is looked at with its `cnf`, which it must have.
function otherKindOf({ token_type, token_use, typ, cnf }: Claims): string | undefined {
  const isAccess =
    (typeof token_type !== 'string' || (cnf === undefined ? bearerType : boundType).test(token_type)) &&
    (typeof token_use !== 'string' || /^access(_token)?$/i.test(token_use)) &&
    (typeof typ !== 'string' || !/^(refresh|offline|id|logout)$/i.test(typ))
  return isAccess ? undefined : 'it is not an access token for its bearer (token_type, token_use, typ)'
}
