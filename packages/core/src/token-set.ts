import type { AuthError } from './errors.ts'
import type { ProviderContext } from './provider.ts'
import type { Seconds, VerifiedToken } from './types.ts'

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
  /**
   * When the user signed in, since the epoch, if the app keeps it; a refresh hands it on. It tells sessions that began before a
   * revocation of their user from later ones, where the tokens do not.
   */
  readonly signedInAt?: Seconds
}

/**
 * What came of a refresh. Only `rejected` ends a session: the provider has said that the refresh token is worth nothing any more.
 * `unavailable` says nothing about the session; keep it and try later.
 */
export type RefreshOutcome =
  | { readonly outcome: 'refreshed'; readonly tokens: TokenSet }
  | { readonly outcome: 'rejected'; readonly error: AuthError }
  | { readonly outcome: 'unavailable'; readonly error: AuthError }

/** Whether the tokens of a session are still good. `unavailable` says nothing about them: keep them and try later. */
export type TokenSetValidation =
  /** The access token is good; these are the tokens that were given. */
  | { readonly outcome: 'valid'; readonly tokens: TokenSet; readonly auth: VerifiedToken }
  /**
   * The access token was not good any more: store these instead, whatever `auth` is. It is absent when the new access token could
   * not be verified: it is not for this API, or there is an outage.
   */
  | { readonly outcome: 'replaced'; readonly tokens: TokenSet; readonly auth: VerifiedToken | undefined }
  /** The session is over: the user must sign in again. */
  | { readonly outcome: 'rejected'; readonly error: AuthError }
  | { readonly outcome: 'unavailable'; readonly error: AuthError }

/** Where processes agree on who refreshes, and hand each other what came of it. `@claviger/core/redis` has one. */
export interface RefreshExchange {
  /**
   * Calls `ask`, unless another process has done so for this key or is doing so: then gives what came of that.
   * @param key names the refresh token, and holds it: it must not leave the process in clear
   * @throws {AuthError} `ERR_STORE_UNAVAILABLE` when nobody knows whether another process is asking; `ask` was not called then
   */
  once(key: string, ask: () => Promise<RefreshOutcome>): Promise<RefreshOutcome>
  /** Ends background work. */
  close(): Promise<void>
}

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
