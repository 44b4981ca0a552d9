import * as z from 'zod'
import { functionOf, readOptions, seconds, text } from '../../options.ts'
import type { Provider, ProviderContext, Validator } from '../../provider.ts'
import type { RoleFreshness } from '../../roles/set.ts'
import type { Claims, Seconds } from '../../types.ts'
import { secureAddress } from '../secure-address.ts'
import { validated } from '../validated.ts'
import { credentialsSchema, refusedStatusesSchema, subDomainSchema, validityOfSchema } from './schema.ts'
import { signInWith, type TrustAuthXLogin } from './sign-in.ts'
import { refreshWith, revokeWith } from './tokens.ts'
import { createUpstream, type Upstream } from './upstream.ts'
import { acceptsToken, verifyWith } from './verify.ts'
import { baseOf, type TrustAuthXCredentials } from './wire.ts'

export { createTrustAuthXClient, type TrustAuthXClient, type TrustAuthXClientOptions } from './client.ts'
export type { BrowserRedirect, TrustAuthXBrowserCalls } from './client-browser.ts'
export type {
  AssignOptions,
  RoleAssignment,
  RoleCallOptions,
  RoleChange,
  TrustAuthXPermissions,
  TrustAuthXRoles,
} from './client-roles.ts'
export type { TokenSetCheck, TrustAuthXRevocation, TrustAuthXTokenCalls, TrustAuthXTokenSet } from './client-tokens.ts'
export { type EnvelopeOptions, readUserEnvelope, type TrustAuthXProfile, type TrustAuthXSession } from './envelope.ts'
export { trustAuthXRoles } from './role-source.ts'
export type { TrustAuthXLogin } from './sign-in.ts'
export type { TrustAuthXCredentials, TrustAuthXPermission } from './wire.ts'

/** Who holds an access token, from where the app keeps what `getUser` gave it. */
export interface TrustAuthXIdentity {
  readonly uid: string
  readonly email?: string
  readonly name?: string
  /** Default: none. */
  readonly roleIds?: readonly string[]
  /** Of the access token, since the epoch. */
  readonly expiresAt?: Seconds
}

/** One organization at TrustAuthX. Durations are seconds. */
export interface TrustAuthXOptions extends TrustAuthXCredentials {
  /** https, or http on loopback. Default `https://api.trustauthx.com`. */
  apiBaseUrl?: string
  /** Becomes `User.provider`. Default `trustauthx`. */
  name?: string
  /** What else `iss` may be in access tokens that are JWTs. A JWT without `iss` is accepted, one of another issuer never sent. Default: none. */
  issuerAliases?: readonly string[]
  /** Tells whether a token may be of TrustAuthX, where other providers have opaque tokens too. Default: every token may. */
  accepts?: (token: string) => boolean
  /** How long a good answer is remembered. A revocation at TrustAuthX shows no sooner. Default 5, at most 300, 0 for never. */
  cacheFor?: Seconds
  /**
   * How old the organization's roles may be: `maxAge` 60 and `staleIfError` 600 by default. A change at TrustAuthX shows within
   * `roles.maxAge + cacheFor`.
   */
  roles?: RoleFreshness
  /** The ids of a user's roles in what `get_user_data` says. Default: the JSON list in `scope`, none without one. */
  rolesOf?: (claims: Claims) => readonly string[] | Promise<readonly string[]>
  /** Looks an access token up in the app's own sessions. What it finds is used, and `get_user_data` is not asked. Default: TrustAuthX is asked. */
  identityOf?: (accessToken: string) => TrustAuthXIdentity | undefined | Promise<TrustAuthXIdentity | undefined>
  /** What `iss` of signed answers must be. Default: anything. */
  envelopeIssuer?: string
  /** Whose end the `exp` of signed answers is. Default `accessToken`. */
  expiryOf?: 'accessToken' | 'envelope'
  /**
   * How long your access tokens live, if you know. Then a revocation of all tokens of a user spares later ones; without it nobody
   * knows when a token was issued, and the revocation holds for all of the user's tokens. From a second to 366 days; default: not known.
   */
  accessTokenLifetime?: Seconds
  /** The statuses that mean "this token is not valid", of 201 to 499. Every other is an outage. Default 202, 203, 401, 403. */
  refusedStatuses?: readonly number[]
  /**
   * What the body of a validation with status 200 says of the token: `true` that it is good, `false` that it is not, nothing that the
   * answer is none, which is an outage. Default: the body itself where it is `true` or `false`.
   */
  validityOf?: (body: unknown) => boolean | undefined
  /** Looks at the list of roles before a refusal is believed to be about a token and not about our own key. Default true. */
  checkCredentials?: boolean
  /** Lets users sign in with a browser; the organization's redirect URL has to be `<baseUrl>/auth/callback/<name>` then. Default: not. */
  login?: true | TrustAuthXLogin
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. Default: nobody looks. */
  validate?: Validator
}

const schema = z.strictObject({
  ...credentialsSchema,
  apiBaseUrl: secureAddress.optional(),
  name: text.optional(),
  issuerAliases: z.array(text).optional(),
  accepts: functionOf<NonNullable<TrustAuthXOptions['accepts']>>().optional(),
  cacheFor: seconds(0, 300).optional(),
  roles: z
    .strictObject({ maxAge: seconds(1, 3600).optional(), staleIfError: seconds(0, 86_400).optional() })
    .optional(),
  rolesOf: functionOf<NonNullable<TrustAuthXOptions['rolesOf']>>().optional(),
  identityOf: functionOf<NonNullable<TrustAuthXOptions['identityOf']>>().optional(),
  envelopeIssuer: text.optional(),
  expiryOf: z.enum(['accessToken', 'envelope']).optional(),
  accessTokenLifetime: seconds(1, 366 * 86_400).optional(),
  refusedStatuses: refusedStatusesSchema,
  validityOf: validityOfSchema,
  checkCredentials: z.boolean().optional(),
  login: z
    .union([
      z.literal(true),
      z.strictObject({ url: secureAddress.optional(), subDomain: subDomainSchema.optional(), label: text.optional() }),
    ])
    .optional(),
  validate: functionOf<Validator>().optional(),
})

/**
 * TrustAuthX. Its access tokens are opaque: each is checked there, and the user's roles come with all they allow.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://docs.trustauthx.com
 */
export function trustAuthX(options: TrustAuthXOptions): Provider {
  const { login, ...checked } = readOptions('trustAuthX', schema, options)
  const base = baseOf(checked.apiBaseUrl)
  const upstreams = new WeakMap<ProviderContext, Upstream>()
  // One for each authenticator that this provider is in.
  const reach = (context: ProviderContext): Upstream => {
    const upstream = upstreams.get(context) ?? createUpstream({ ...checked, base }, context)
    upstreams.set(context, upstream)
    return upstream
  }
  const { name = 'trustauthx', issuerAliases = [], cacheFor = 5 } = checked
  const accepts = acceptsToken({ ...checked, issuers: [base, ...issuerAliases] })
  const verify = verifyWith({ ...checked, base, reach })
  return {
    name,
    // No address: two organizations are two issuers, so that the users, revocations and sessions of one are never taken for the other's.
    issuer: `${base}/orgs/${encodeURIComponent(checked.orgId)}`,
    issuerAliases,
    opaque: validated(name, { accepts, verify, cacheFor }, checked.validate),
    refresh: refreshWith(base, reach),
    revoke: revokeWith(base, reach),
    ...(login !== undefined && { signIn: signInWith(checked, login === true ? {} : login, reach) }),
  }
}
