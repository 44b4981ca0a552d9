export {
  createJustAuthenticateMeClient,
  type JustAuthenticateMeClient,
  type JustAuthenticateMeClientOptions,
  type JustAuthenticateMeSignIn,
  type JustAuthenticateMeToken,
} from './client.ts'
export { type JustAuthenticateMeOptions, justAuthenticateMe } from './provider.ts'
export type { AddressRoles } from './roles.ts'
export type { JustAuthenticateMeLogin } from './sign-in.ts'
