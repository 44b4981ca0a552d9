export type { Algorithm } from './algorithms.ts'
export {
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
  type Health,
  type ProviderHealth,
  type RevocationRequest,
} from './authenticator.ts'
export type { CacheLimits } from './cache.ts'
export type { Challenge } from './challenge.ts'
export type { Clock } from './clock.ts'
export { AuthError, type AuthErrorCode, type AuthErrorDetails, type BearerError, isAuthError, type ProblemDetails } from './errors.ts'
export type { Events } from './events.ts'
export type { Fetch, FetchInit, JsonRequest, JsonResponse } from './http.ts'
export type { IgnoredKey } from './key.ts'
export type { KeySetHealth, KeySetLimits } from './keys.ts'
export type { Metadata } from './metadata.ts'
export type {
  Jwk,
  Jwks,
  JwtProfile,
  KeySource,
  OpaqueProfile,
  OpaqueVerdict,
  Provider,
  ProviderContext,
  UserClaims,
  Validator,
} from './provider.ts'
export type { Freshness, RefreshedHealth, RefreshedState } from './refreshed.ts'
export { createRevocationList, type Revocation, type RevocationList } from './revocation.ts'
export type { Claims, Permission, Role, Seconds, User, VerifiedToken, Verifier } from './types.ts'
