import type { Clock } from '@claviger/core'
import { realClock } from '../../clock.ts'
import { createLoopbackServer, type LoopbackControls } from '../../server/loopback.ts'
import { json } from '../../server/routes.ts'
import { type TrustAuthXEndpoint, trustAuthXRoutes } from './endpoints.ts'
import {
  pairsOf,
  type TrustAuthXCredentials,
  type TrustAuthXRole,
  type TrustAuthXSettings,
  TrustAuthXState,
  type TrustAuthXUser,
  type WirePermission,
} from './state.ts'
import { wirePermissions } from './wire.ts'

/** What the emulator is started with; its settings can be changed later. */
export interface TrustAuthXEmulatorOptions extends Partial<TrustAuthXSettings> {
  /** Default 0: one that is free. */
  readonly port?: number
  /** Of the first organization. Default: none. */
  readonly roles?: readonly TrustAuthXRole[]
  /** Of the first organization. Default: none. */
  readonly users?: readonly TrustAuthXUser[]
  /** Where the hosted login page sends the browser, with `?code=`. Default `http://127.0.0.1:3535/user`. */
  readonly redirectUrl?: string
  /** Where the time of its tokens comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** The two tokens an app holds after a user signed in. */
export interface TrustAuthXTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** TrustAuthX on loopback: its API and its login page. */
export interface TrustAuthXEmulator extends LoopbackControls<TrustAuthXEndpoint>, TrustAuthXCredentials {
  /** For the option `apiBaseUrl`. */
  readonly url: string
  /** For the option `loginUrl`. */
  readonly loginUrl: string
  readonly port: number
  /** Changes what the emulator does, from now on. */
  configure(settings: Partial<TrustAuthXSettings>): void
  /** Sends browsers somewhere else after the hosted login page, as the dashboard does. */
  redirectTo(url: string, organization?: TrustAuthXCredentials): void
  /** Adds another organization, whose credentials must not reach the first one. */
  addOrganization(): TrustAuthXCredentials
  /** Adds a role, of the first organization unless another is given. Answers its id. */
  addRole(role: TrustAuthXRole, organization?: TrustAuthXCredentials): string
  /** Replaces what a role allows, as an administrator does. @throws {Error} for a role that does not exist */
  setPermissions(role: string, permissions: readonly WirePermission[]): void
  /** Deletes a role, also from its users. @throws {Error} for a role that does not exist */
  deleteRole(role: string): void
  /** The roles of the first organization as they are now: name → id and permissions. */
  roles(): Readonly<Record<string, { readonly id: string; readonly permissions: readonly WirePermission[] }>>
  /** Adds a user, of the first organization unless another is given. Answers the `uid`. @throws {Error} for an unknown role */
  addUser(user: TrustAuthXUser, organization?: TrustAuthXCredentials): string
  /** Gives a user exactly these roles, by ids or names. Tokens show it when they are issued next. */
  assignRoles(uid: string, roles: readonly string[]): void
  /** The ids of a user's roles. */
  rolesOf(uid: string): readonly string[]
  /** Bans a user, or lets them in again. */
  ban(uid: string, isBanned?: boolean): void
  /** The code that an app gets after a sign-in, for `get_user`. */
  mintUserToken(uid: string, options?: { readonly short?: boolean }): string
  /** The code that an app gets from the profile editor, for `re_auth`. */
  mintReAuthCode(uid: string): string
  /** A user signs in and the app has exchanged the code. */
  signIn(uid: string): TrustAuthXTokens
  /** Ends a token or a code as time does. @throws {Error} for one that was never issued */
  expire(token: string): void
  /** Ends a token as a revocation does. @throws {Error} for one that was never issued */
  revoke(token: string): void
  /** Whether a token is accepted. */
  isAlive(token: string): boolean
}

const defaults: TrustAuthXSettings = {
  accessTokenLifetime: 900,
  refreshTokenLifetime: 7 * 86_400,
  codeLifetime: 300,
  invalidTokenStatus: 401,
  rotateRefreshTokens: true,
  edgeHeader: false,
  strictSignedKey: false,
  scopeInUserData: true,
  envelopeIssuer: 'https://api.trustauthx.com',
  tokenFormat: 'opaque',
  profileChanged: true,
  profilePage: false,
}

/** Starts TrustAuthX on 127.0.0.1, with credentials made for this run. @throws {Error} for users with unknown roles */
export async function createTrustAuthXEmulator(options: TrustAuthXEmulatorOptions = {}): Promise<TrustAuthXEmulator> {
  const {
    port,
    roles = [],
    users = [],
    redirectUrl = 'http://127.0.0.1:3535/user',
    clock = realClock,
    ...given
  } = options
  const settings: TrustAuthXSettings = { ...defaults, ...given }
  const state = new TrustAuthXState(settings, () => Math.floor(clock.now() / 1000))
  const first = state.addOrganization(redirectUrl)
  for (const role of roles) state.addRole(first, role)
  for (const user of users) state.addUser(first, user)

  const server = await createLoopbackServer<TrustAuthXEndpoint>({
    ...(port !== undefined && { port }),
    routes: () => trustAuthXRoutes(state),
    notFound: () => json({ detail: 'Not Found' }, { status: 404 }),
  })

  function organizationOf(credentials: TrustAuthXCredentials = first) {
    const found = state.organizations.get(credentials.apiKey)
    if (found === undefined) throw new Error('There is no organization with these credentials.')
    return found
  }

  function issued(text: string) {
    const found = state.tokens.get(text) ?? state.codes.get(text)
    if (found === undefined) throw new Error('This was never issued here, or has been used up.')
    return found
  }

  return {
    ...server,
    url: server.origin,
    loginUrl: `${server.origin}/widget/login/`,
    apiKey: first.apiKey,
    secretKey: first.secretKey,
    orgId: first.orgId,
    configure: (changed) => void Object.assign(settings, changed),
    redirectTo(url, organization) {
      organizationOf(organization).redirectUrl = url
    },
    addOrganization() {
      const { apiKey, secretKey, orgId } = state.addOrganization(redirectUrl)
      return { apiKey, secretKey, orgId }
    },
    addRole: (role, organization) => state.addRole(organizationOf(organization), role).id,
    setPermissions(role, permissions) {
      state.role(first, role).permissions = pairsOf(permissions)
    },
    deleteRole: (role) => state.deleteRole(first, state.role(first, role).id),
    roles() {
      const entries = [...first.roles.values()].map(
        ({ id, name, permissions }) => [name, { id, permissions: wirePermissions(permissions) }] as const,
      )
      return Object.fromEntries(entries)
    },
    addUser: (user, organization) => state.addUser(organizationOf(organization), user).uid,
    assignRoles(uid, names) {
      const user = state.user(uid)
      const ids = names.map((name) => state.role(user.organization, name).id)
      user.roles.clear()
      for (const id of ids) user.roles.add(id)
    },
    rolesOf: (uid) => [...state.user(uid).roles],
    ban(uid, isBanned = true) {
      state.user(uid).isBanned = isBanned
    },
    mintUserToken: (uid, { short = false } = {}) => state.addCode('user', state.user(uid), short),
    mintReAuthCode: (uid) => state.addCode('reauth', state.user(uid), false),
    signIn(uid) {
      const { access, refresh } = state.issue(state.user(uid))
      return { accessToken: access.text, refreshToken: refresh.text }
    },
    expire(text) {
      issued(text).expiresAt = state.now()
    },
    revoke(text) {
      const found = issued(text)
      if ('isRevoked' in found) found.isRevoked = true
      else state.codes.delete(text)
    },
    isAlive(text) {
      const found = state.tokens.get(text)
      return found !== undefined && !found.user.isBanned && state.isAlive(found)
    },
  }
}
