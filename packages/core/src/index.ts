export type { AdmissionHealth, AdmissionLimits } from './admission.ts'
export type { Algorithm } from './algorithms.ts'
export { type AnswerHeaders, addHeaders } from './answer-headers.ts'
export {
  type Authenticator,
  createAuthenticator,
  type Health,
  type ProviderHealth,
} from './authenticator.ts'
export type { AuthenticatorOptions } from './authenticator-options.ts'
export { type BackchannelLogout, type BackchannelLogoutOptions, createBackchannelLogout } from './backchannel-logout.ts'
export { readBearer } from './bearer.ts'
export type { CacheLimits } from './cache.ts'
export type { Challenge } from './challenge.ts'
export type { ClaimPath } from './claims.ts'
export {
  createTokenManager,
  type MachineToken,
  type TokenManager,
  type TokenManagerOptions,
} from './client-credentials.ts'
export type { CallOptions, ClientOptions, RequestEvent, ResponseEvent } from './client-options.ts'
export type { Clock } from './clock.ts'
export { type HttpRequest, readCredentials, type SiteRules, type TokenSource } from './credentials.ts'
export type { DpopOptions } from './dpop/options.ts'
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  type BearerError,
  isAuthError,
  type ProblemDetails,
  type Upstream,
} from './errors.ts'
export type { Events } from './events.ts'
export { assertMaker, createGuard } from './guard.ts'
export {
  allOf,
  anyOf,
  assertAllowed,
  authenticated,
  check,
  explain,
  type GuardInput,
  not,
  type Owner,
  organization,
  own,
  type PermissionLike,
  type Predicate,
  permission,
  type Refusal,
  role,
  type Several,
  scope,
  type UnknownInput,
  type Verdict,
} from './guards/index.ts'
export type { Fetch, FetchInit, JsonRequest, JsonResponse } from './http.ts'
export type { KeyHeader } from './jws.ts'
export type { IgnoredKey } from './key.ts'
export type { KeySetHealth, KeySetLimits } from './keys.ts'
export type { Metadata } from './metadata.ts'
export { createProtectedResource, type ProtectedResourceOptions } from './protected-resource.ts'
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
export { type Problem, problemOf } from './refusal.ts'
export { createReplayStore, type ReplayStore } from './replays.ts'
export {
  createRequestAuthenticator,
  type HttpOptions,
  type MiddlewareOptions,
  type RequestAuthenticator,
  userOf,
  type Visitor,
} from './request.ts'
export {
  createRevocationList,
  type Revocation,
  type RevocationList,
  type RevocationListHealth,
} from './revocation.ts'
export type { RevocationRequest } from './revocation-request.ts'
export {
  type AdministrationOptions,
  createRoleAdministration,
  type RoleAdministration,
  type RoleAdministrationOptions,
  type RoleChanges,
  type RolesAssigned,
  type RoleWrites,
  type SomePermissions,
  type WritableRoles,
} from './roles/administration.ts'
export { rolesByScope } from './roles/by-scope.ts'
export { checkRoles, type RoleFindings } from './roles/check.ts'
export {
  createRoleDirectory,
  type Judgement,
  type Person,
  type RoleDirectory,
  type RoleDirectoryHealth,
  type RoleDirectoryOptions,
} from './roles/directory.ts'
export { mapUser, type UserMapping } from './roles/map-user.ts'
export { roleMatrix } from './roles/matrix.ts'
export type { PermissionSpelling } from './roles/permission.ts'
export type { RoleFreshness } from './roles/set.ts'
export type { RoleDefinition, RoleDefinitions, RoleFunction, RoleLike, RoleSource } from './roles/source.ts'
export type { FormRequest } from './session/form.ts'
export type { SessionOptions } from './session/options.ts'
export type { HttpAnswer } from './session/page-request.ts'
export type { AuthRoutes } from './session/routes.ts'
export type { SessionStore, StoredSession } from './session/store.ts'
export type {
  BrowserSignIn,
  ProfileEditor,
  SignedIn,
  SignInCallback,
  SignInRequest,
  SignInStep,
} from './sign-in.ts'
export type {
  Refresh,
  RefreshExchange,
  RefreshOutcome,
  Revoke,
  TokenSet,
  TokenSetValidation,
  UpstreamRevocation,
} from './token-set.ts'
export type { Claims, Permission, Role, Seconds, User, VerifiedToken, Verifier } from './types.ts'
export type { AuthenticateUpgrade, Upgrade } from './upgrade.ts'
export type { Watch } from './watch.ts'
