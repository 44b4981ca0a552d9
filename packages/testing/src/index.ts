export { type ActingAs, actingAs } from './acting-as.ts'
export type { ActingUser, PermissionInput, RoleInput } from './acting-user.ts'
export { createTestClock, type TestClock } from './clock.ts'
export { createDpopProof, type DpopProofOptions } from './dpop-proof.ts'
export {
  createItsYouOnlineEmulator,
  type ItsYouOnlineEmulator,
  type ItsYouOnlineEmulatorOptions,
  type ItsYouOnlineEndpoint,
  type ItsYouOnlineKey,
  type ItsYouOnlineOrganization,
  type ItsYouOnlineTokenOptions,
  type ItsYouOnlineUser,
} from './emulators/itsyouonline/index.ts'
export type { JustAuthenticateMeEndpoint } from './emulators/justauthenticateme/endpoints.ts'
export {
  createJustAuthenticateMeEmulator,
  type JustAuthenticateMeEmulator,
  type JustAuthenticateMeEmulatorOptions,
  type JustAuthenticateMeSignedIn,
} from './emulators/justauthenticateme/index.ts'
export type {
  JustAuthenticateMeApp,
  JustAuthenticateMeMail,
  JustAuthenticateMeSettings,
  JustAuthenticateMeTokenOptions,
} from './emulators/justauthenticateme/state.ts'
export type { LogtoDelivery } from './emulators/logto/deliveries.ts'
export {
  createLogtoEmulator,
  type LogtoEmulator,
  type LogtoEmulatorOptions,
  type LogtoEndpoint,
  type LogtoTokenOptions,
  type SignedIn,
  type SignInOptions,
} from './emulators/logto/index.ts'
export type {
  LogtoApp,
  LogtoOrganization,
  LogtoOrganizationRole,
  LogtoResource,
  LogtoRole,
  LogtoUser,
} from './emulators/logto/state.ts'
export type { CustomClaims, LogtoVersion } from './emulators/logto/tokens.ts'
export type { LogtoHook } from './emulators/logto/webhooks.ts'
export {
  createOpenvCloudEmulator,
  type OpenvCloudEmulator,
  type OpenvCloudEmulatorOptions,
  type OpenvCloudEndpoint,
} from './emulators/openvcloud/index.ts'
export type { OpenvCloudSettings } from './emulators/openvcloud/portal.ts'
export type {
  OpenvCloudAccount,
  OpenvCloudCloudspace,
  OpenvCloudGrants,
  OpenvCloudMachine,
  OpenvCloudUser,
} from './emulators/openvcloud/state.ts'
export type { TrustAuthXEndpoint } from './emulators/trustauthx/endpoints.ts'
export {
  createTrustAuthXEmulator,
  type TrustAuthXEmulator,
  type TrustAuthXEmulatorOptions,
  type TrustAuthXTokens,
} from './emulators/trustauthx/index.ts'
export type {
  TrustAuthXCredentials,
  TrustAuthXRole,
  TrustAuthXSettings,
  TrustAuthXUser,
} from './emulators/trustauthx/state.ts'
export type { IssuerEndpoint } from './endpoints.ts'
export { createTestIssuer, type TestIssuer, type TestIssuerOptions } from './issuer.ts'
export { createTestKey, type KeyOptions, type SigningKey, type TestKey } from './keys.ts'
export type { Fault, FaultName, FixedAnswer, LateAnswer } from './server/faults.ts'
export type { LoopbackControls } from './server/loopback.ts'
export type { TokenOptions } from './tokens.ts'
