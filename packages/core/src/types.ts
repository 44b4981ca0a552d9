import type { HttpRequest } from './credentials.ts'

/** A time since the epoch, or a duration; always in seconds, as in the RFCs. */
export type Seconds = number

/** What a verified token says, as received. Frozen all the way down. */
export interface Claims {
  readonly [name: string]: unknown
}

/** One thing that may be done: TrustAuthX's `{ "<resource>": "<action>" }`, spelled out. */
export interface Permission {
  readonly resource: string
  readonly action: string
}

/** A role of an organization, and what it allows. */
export interface Role {
  readonly id: string
  readonly name: string
  /** The organization the role belongs to, where the provider has organizations. */
  readonly organization?: string
  readonly permissions: readonly Permission[]
}

/**
 * Who calls. A person is the pair (`issuer`, `id`): the same id at two issuers is two people.
 * Each request gets an object of its own, so a handler may add to it; the lists it holds are frozen.
 */
export interface User {
  /** The provider's stable subject: `sub`, `uid`, user name or e-mail address. */
  id: string
  /** The provider's name: `logto`, `oidc`, … */
  provider: string
  /** The issuer as configured, also for a token of one of its aliases. */
  issuer: string
  email?: string
  name?: string
  /** The organization this token acts in, if any. */
  organization?: string
  roles: readonly Role[]
  /** `resource:action`, the union over the roles. */
  permissions: readonly string[]
  scopes: readonly string[]
}

/** A token that passed every check. Frozen. */
export interface VerifiedToken {
  readonly user: Readonly<User>
  readonly claims: Claims
  readonly provider: string
  readonly issuer: string
  /** `jti` */
  readonly tokenId?: string
  /** `sid` */
  readonly session?: string
  /** Since the epoch. */
  readonly issuedAt?: Seconds
  /** Since the epoch. */
  readonly expiresAt: Seconds
  /**
   * Set when all rights of the token hold in this one organization only. Guards then count its roles, permissions and
   * scopes on a route that names the organization (with `organization(…)`), and nowhere else.
   */
  readonly boundTo?: string
}

/**
 * Answers who a token belongs to, or throws. Cache, revocation and admission are wrappers of this one function type.
 * @param request - The one that the token came with. It tells admission whose turn it is; without it, all such calls are one source.
 * @throws {AuthError} any `ERR_TOKEN_…` code, `ERR_PROVIDER_UNAVAILABLE`, or `ERR_OVERLOADED`.
 */
export type Verifier = (token: string, request?: HttpRequest) => Promise<VerifiedToken>
