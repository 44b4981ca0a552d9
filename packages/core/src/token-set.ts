import type { AuthError } from './errors.ts'
import type { ProviderContext } from './provider.ts'
import type { Seconds } from './types.ts'

/** The tokens of one sign-in, as the app keeps them. */
export interface TokenSet {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly idToken?: string
  /** When the access token ends, since the epoch, if the provider says so. */
  readonly expiresAt?: Seconds
  /** When the refresh token ends, since the epoch, if the provider says so. */
  readonly refreshExpiresAt?: Seconds
  readonly scopes?: readonly string[]
  /** The name or issuer of the provider the tokens are of; needed where several can refresh. */
  readonly provider?: string
}

/**
 * What came of a refresh. Only `rejected` ends a session: the provider has said that the refresh token is worth nothing any more.
 * `unavailable` says nothing about the session; keep it and try later.
 */
export type RefreshOutcome =
  | { readonly outcome: 'refreshed'; readonly tokens: TokenSet }
  | { readonly outcome: 'rejected'; readonly error: AuthError }
  | { readonly outcome: 'unavailable'; readonly error: AuthError }

/** Asks a provider for new tokens. Never throws for what a provider answers or fails to. Always store all tokens that come back. */
export type Refresh = (
  tokens: Pick<TokenSet, 'refreshToken'> & Partial<TokenSet>,
  context: ProviderContext,
) => Promise<RefreshOutcome>

/** What is to be ended at a provider. */
export type UpstreamRevocation =
  | { readonly kind: 'accessToken'; readonly token: string }
  | { readonly kind: 'refreshToken'; readonly token: string; readonly accessToken?: string }
  /** Every token of the user that this token belongs to. */
  | { readonly kind: 'allOfUser'; readonly token: string }

/**
 * Ends a token at its provider; resolves when the provider has confirmed. Resolves to `false` where the provider has no such
 * revocation: the token then ends only here, by `auth.revoke()`, and elsewhere at its `exp`.
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`, `ERR_UPSTREAM_…`
 */
export type Revoke = (what: UpstreamRevocation, context: ProviderContext) => Promise<boolean>
