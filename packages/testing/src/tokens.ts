import { randomBytes } from 'node:crypto'
import type { Algorithm, Seconds } from '@claviger/core'
import { type SigningKey, type TestKey, thumbprintOf } from './keys.ts'

/** What a token says, and how it is signed. Everything has a default that makes a good token. */
export interface TokenOptions {
  /** `sub`. Default `alice`. */
  readonly subject?: string
  /** Role names, in the claim `roles`. */
  readonly roles?: readonly string[]
  /** `resource:action`, in the claim `permissions`. */
  readonly permissions?: readonly string[]
  /** In the claim `scope`, with blanks between. */
  readonly scopes?: readonly string[]
  /** In the claim `organization_id`. */
  readonly organization?: string
  readonly email?: string
  readonly name?: string
  /** `aud`. Default: the issuer's audience. */
  readonly audience?: string | readonly string[]
  /** `client_id`. Default: the issuer's client. */
  readonly clientId?: string
  /** Binds the token to a key, in the claim `cnf`: it is good with a proof of that key alone, from `createDpopProof`. */
  readonly boundTo?: TestKey
  /** From `issuedAt`. Default 3600; below zero for a token that has expired. */
  readonly expiresIn?: Seconds
  /** Since the epoch. Default: now, by the issuer's clock. */
  readonly issuedAt?: Seconds
  /** Added to the claims, or put in their place; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Added to the header, or put in its place; `undefined` takes one away. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Signs with the newest key of this algorithm; `HS256`, `HS384` and `HS512` with the issuer's secret. */
  readonly alg?: Algorithm
  /** Signs with this key of the issuer. */
  readonly kid?: string
  /** Signs with this key, whoever has it. */
  readonly key?: SigningKey
}

/** What the options do not say. */
export interface TokenDefaults {
  readonly issuer: string
  readonly audience: string
  readonly clientId: string
  readonly now: Seconds
}

/** The claims of an access token, complete after RFC 9068 section 2.2. */
export function accessTokenClaims(options: TokenOptions, defaults: TokenDefaults): Record<string, unknown> {
  return {
    ...commonClaims(options, defaults),
    aud: options.audience ?? defaults.audience,
    client_id: options.clientId ?? defaults.clientId,
    jti: randomBytes(16).toString('base64url'),
    ...(options.scopes && { scope: options.scopes.join(' ') }),
    ...(options.roles && { roles: options.roles }),
    ...(options.permissions && { permissions: options.permissions }),
    ...(options.organization !== undefined && { organization_id: options.organization }),
    ...(options.boundTo && { cnf: { jkt: thumbprintOf(options.boundTo) } }),
    ...options.claims,
  }
}

/** The claims of an ID token: about the same user, for the client. */
export function idTokenClaims(options: TokenOptions, defaults: TokenDefaults): Record<string, unknown> {
  const common = commonClaims(options, defaults)
  return {
    ...common,
    aud: options.audience ?? options.clientId ?? defaults.clientId,
    auth_time: common.iat,
    ...(options.roles && { roles: options.roles }),
    ...options.claims,
  }
}

function commonClaims(options: TokenOptions, { issuer, now }: TokenDefaults) {
  const iat = options.issuedAt ?? now
  return {
    iss: issuer,
    sub: options.subject ?? 'alice',
    iat,
    exp: iat + (options.expiresIn ?? 3600),
    ...(options.email !== undefined && { email: options.email }),
    ...(options.name !== undefined && { name: options.name }),
  }
}
