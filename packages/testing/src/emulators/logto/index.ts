import { randomBytes } from 'node:crypto'
import type { Clock, Seconds } from '@claviger/core'
import { realClock } from '../../clock.ts'
import { createLoopbackServer, type LoopbackControls } from '../../server/loopback.ts'
import { Authorizations } from './authorizations.ts'
import { Deliveries, type LogtoDelivery } from './deliveries.ts'
import { notFound, type OidcEndpoint, oidcRoutes } from './endpoints.ts'
import { type Grant, Grants, random } from './grants.ts'
import { createLogtoKeys, type LogtoKeyType } from './keys.ts'
import { signOut } from './logout.ts'
import { managementRoutes } from './management.ts'
import { deleteUser, suspendUser } from './management-users.ts'
import { Sessions } from './sessions.ts'
import {
  known,
  type LogtoApp,
  type LogtoOrganization,
  type LogtoOrganizationRole,
  type LogtoResource,
  type LogtoRole,
  LogtoState,
  type LogtoTenant,
  type LogtoUser,
  managementResource,
} from './state.ts'
import { SubjectTokens } from './subject-tokens.ts'
import type { Tenant } from './tenant.ts'
import { accessTokenFor, organizationsScope } from './token-targets.ts'
import { type CustomClaims, identifier, type LogtoVersion, signIdToken } from './tokens.ts'
import { type LogtoHook, Webhooks } from './webhooks.ts'

/** The tenant that the emulator starts with. */
export interface LogtoEmulatorOptions extends LogtoTenant {
  /** Default 0: one that is free. */
  readonly port?: number
  /** Whose answers to give where the two differ. Default `1.42`. */
  readonly version?: LogtoVersion
  /** The tenant's custom-claims script. Default: none. */
  readonly customClaims?: CustomClaims
  /** Where the time of its tokens comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** What a user asks for when signing in at an app. */
export interface SignInOptions {
  /** The id of the app. Default: the first one that is for users. */
  readonly app?: string
  /** What the app asks for: scopes of Logto, of the APIs, and of organizations. Default: those every app may have. */
  readonly scopes?: readonly string[]
  /** The indicators of the APIs that the app will need tokens for. Default: all. */
  readonly resources?: readonly string[]
  /** Asks for tokens of organizations too. Default true. */
  readonly organizations?: boolean
}

/** What an app has after a user signed in. */
export interface SignedIn {
  /** The id of the app. */
  readonly clientId: string
  /** Opaque, as without a resource. */
  readonly accessToken: string
  /** Absent when `offline_access` was not asked for. */
  readonly refreshToken?: string
  readonly idToken?: string
  /** The scopes of the access token. */
  readonly scope: string
  readonly expiresIn: Seconds
}

/** What a token made at once is for. Without a resource and an organization it is opaque. */
export interface LogtoTokenOptions extends SignInOptions {
  /** The indicator of an API. Default: none. */
  readonly resource?: string
  /** The id of an organization. Default: none. */
  readonly organization?: string
}

/** The endpoints of the emulator, as its switches and counters name them. `management` is all of `/api`. */
export type LogtoEndpoint = OidcEndpoint | 'management'

/** A Logto tenant on loopback. */
export interface LogtoEmulator extends LoopbackControls<LogtoEndpoint> {
  /** For the option `endpoint` of `logto()`. */
  readonly endpoint: string
  readonly issuer: string
  /** The resource to ask Management API tokens for, with the scope `all`. */
  readonly managementResource: string
  readonly port: number
  /** Adds an API, or replaces the one of its indicator. */
  addResource(resource: LogtoResource): void
  /** Adds a role, or replaces the one of its name. @throws {Error} for scopes that the resource does not have */
  addRole(role: LogtoRole): void
  /** Adds a role that users may have in any organization, or replaces the one of its name. */
  addOrganizationRole(role: LogtoOrganizationRole): void
  /** Answers its id. */
  addOrganization(organization: LogtoOrganization): string
  /** Answers the user's id. @throws {Error} for roles or organizations that do not exist */
  addUser(user: LogtoUser): string
  /** Answers what the app authenticates with. @throws {Error} for roles or organizations that do not exist */
  addApp(app: LogtoApp): { readonly clientId: string; readonly clientSecret?: string }
  /** Gives an app one more secret. @param expiresAt Seconds since the epoch. Default: never. */
  addSecret(app: string, expiresAt?: Seconds): string
  /** Gives a user or an app a role of the tenant. It shows in tokens issued later. */
  assignRole(id: string, role: string): void
  /** Takes a role of the tenant away. It shows in tokens issued later. */
  removeRole(id: string, role: string): void
  /** Makes a user or an app a member of an organization with exactly these roles. */
  setMembership(id: string, organization: string, roles: readonly string[]): void
  /** Ends a membership. */
  removeMembership(id: string, organization: string): void
  /**
   * Suspends a user, which ends sessions, opaque and refresh tokens for good, or lets them sign in again. Like `deleteUser` it is
   * done behind the API: only calls of the Management API trigger webhooks.
   */
  suspend(user: string, isSuspended?: boolean): void
  /** Deletes a user, which ends what a suspension ends. */
  deleteUser(user: string): void
  /** Deletes an app: it cannot authenticate any more. */
  deleteApp(app: string): void
  /** Changes the signing key at once. RSA keys have 2048 bits here, Logto's 4096, so that tests need not wait. */
  rotate(type?: LogtoKeyType): Promise<void>
  /** A user signs in, as with a browser and a code. @throws {Error} for a user, app or resource that does not exist */
  signIn(user: string, options?: SignInOptions): Promise<SignedIn>
  /**
   * A user signs out at the end-session endpoint, and the app gets a logout token if it has a `backchannelLogoutUri`.
   * @param app - The id of an app. Default: each that the user is signed in at.
   */
  signOut(user: string, app?: string): void
  /** A user signs in and the app gets an access token for a resource, an organization, or both. */
  tokenFor(user: string, options?: LogtoTokenOptions): Promise<string>
  /** What an app with `allowTokenExchange` exchanges for a user's access token, once and within 600 seconds. */
  subjectTokenFor(user: string): string
  /** Makes a webhook. @throws {Error} for an address that is not on this machine */
  addHook(hook: LogtoHook): { readonly id: string; readonly signingKey: string }
  /** What was sent to webhooks and to apps so far, once all of it was answered or had 10 seconds. */
  deliveries(): Promise<readonly LogtoDelivery[]>
  /** Answers the token endpoint with 429 as the cloud does when a plan is used up, or ends that. */
  useUpTokenQuota(isUsedUp?: boolean): void
}

const defaultScopes = ['openid', 'profile', 'email', 'offline_access', 'roles']

/** Starts a Logto tenant on 127.0.0.1. @throws {Error} for roles, scopes or organizations that do not exist */
export async function createLogtoEmulator(options: LogtoEmulatorOptions = {}): Promise<LogtoEmulator> {
  const { clock = realClock, version = '1.42', customClaims } = options
  const now = () => Math.floor(clock.now() / 1000)
  const state = new LogtoState(options, () => clock.now())
  const grants = new Grants(now)
  const sessions = new Sessions(now)
  const authorizations = new Authorizations(now)
  const subjectTokens = new SubjectTokens(now)
  const deliveries = new Deliveries()
  const webhooks = new Webhooks(deliveries, () => clock.now())
  const switches = { isTokenQuotaUsedUp: false }
  const keys = await createLogtoKeys()
  const parts = {
    version,
    state,
    grants,
    authorizations,
    sessions,
    subjectTokens,
    webhooks,
    deliveries,
    switches,
    keys,
    customClaims,
  }
  const tenantAt = (issuer: string): Tenant => ({ issuer, now, ...parts })

  const server = await createLoopbackServer<LogtoEndpoint>({
    ...(options.port !== undefined && { port: options.port }),
    routes: (origin) => [...oidcRoutes(tenantAt(`${origin}/oidc`)), ...managementRoutes(tenantAt(`${origin}/oidc`))],
    notFound: ({ method, url }) => notFound(`${url.origin}/oidc`, method, url),
    headers: () => ({ 'Logto-Core-Request-Id': randomBytes(12).toString('base64url') }),
  })
  const issuer = `${server.origin}/oidc`
  const tenant = tenantAt(issuer)

  function startGrant(userId: string, given: SignInOptions): Grant {
    const user = known(state.users, userId, 'user')
    if (user.isSuspended) throw new Error(`The user ${userId} is suspended.`)
    const app = given.app === undefined ? firstApp(state) : known(state.apps, given.app, 'app')
    const indicators = given.resources ?? [...state.resources.keys()]
    const resources = indicators.map((indicator) => known(state.resources, indicator, 'resource'))
    const withOrganizations = given.organizations ?? true
    const scopes = given.scopes ?? [
      ...defaultScopes,
      ...resources.flatMap((resource) => resource.scopes),
      ...allOf(state),
    ]
    return grants.start({
      user,
      app,
      scopes: [...new Set([...scopes, ...(withOrganizations ? organizationScopes : [])])],
      resources: new Map(resources.map(({ indicator }) => [indicator, state.globalScopes(user, indicator)])),
      session: identifier(version),
    })
  }

  function close(): Promise<void> {
    deliveries.close()
    return server.close()
  }

  return {
    ...server,
    endpoint: server.origin,
    issuer,
    managementResource,
    addResource: (resource) => state.addResource(resource),
    addRole: (role) => void state.addRole(role),
    addOrganizationRole: (role) => state.addOrganizationRole(role),
    addOrganization: (organization) => state.addOrganization(organization),
    addUser: (user) => state.addUser(user).id,
    addApp(app) {
      const { id, secrets } = state.addApp(app)
      return { clientId: id, ...(secrets[0] && { clientSecret: secrets[0].value }) }
    },
    addSecret(app, expiresAt) {
      const value = random()
      known(state.apps, app, 'app').secrets.push({ value, ...(expiresAt !== undefined && { expiresAt }) })
      return value
    },
    assignRole: (id, role) => void state.subject(id).roles.add(state.roleNamed(role)),
    removeRole: (id, role) => void state.subject(id).roles.delete(state.roleNamed(role)),
    setMembership: (id, organization, roles) => state.setMembership(state.subject(id), organization, roles),
    removeMembership: (id, organization) => void state.subject(id).organizations.delete(organization),
    suspend: (id, isSuspended = true) => suspendUser(tenant, known(state.users, id, 'user'), isSuspended),
    deleteUser: (id) => deleteUser(tenant, known(state.users, id, 'user')),
    deleteApp: (id) => void state.apps.delete(known(state.apps, id, 'app').id),
    rotate: (type) => keys.rotate(type),
    async signIn(userId, given = {}) {
      const grant = startGrant(userId, given)
      sessions.start(grant)
      const { user, app, scopes, session } = grant
      const issued = await accessTokenFor(tenant, grant, {
        resource: undefined,
        organization: undefined,
        asked: scopes,
      })
      const { accessToken, expiresIn } = issued
      const isRefreshable = scopes.includes('offline_access') || app.settings.alwaysIssueRefreshToken
      return {
        clientId: app.id,
        accessToken,
        ...(isRefreshable && { refreshToken: grants.addRefresh(grant) }),
        ...(scopes.includes('openid') && { idToken: signIdToken(tenant, { user, app, scopes, session, accessToken }) }),
        scope: issued.scopes.join(' '),
        expiresIn,
      }
    },
    signOut(userId, app) {
      for (const session of sessions.ofUser(known(state.users, userId, 'user'))) {
        if (app === undefined || session.grant.app.id === app) signOut(tenant, session)
      }
    },
    async tokenFor(userId, { resource, organization, ...given } = {}) {
      const grant = startGrant(userId, given)
      if (organization !== undefined && !grant.user.organizations.has(organization)) {
        throw new Error(`The user ${userId} is not a member of the organization ${organization}.`)
      }
      const indicator = resource === undefined ? undefined : known(state.resources, resource, 'resource')
      return (await accessTokenFor(tenant, grant, { resource: indicator, organization, asked: grant.scopes }))
        .accessToken
    },
    subjectTokenFor: (id) => subjectTokens.addSubject(known(state.users, id, 'user')),
    addHook(hook) {
      const { id, signingKey } = webhooks.add(hook)
      return { id, signingKey }
    },
    deliveries: () => deliveries.all(),
    useUpTokenQuota(isUsedUp = true) {
      switches.isTokenQuotaUsedUp = isUsedUp
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const organizationScopes = [organizationsScope, 'urn:logto:scope:organization_roles']

/** The permissions of all organization roles. */
function allOf(state: LogtoState): string[] {
  return [...state.organizationRoles.values()].flatMap(({ scopes }) => scopes ?? [])
}

function firstApp(state: LogtoState) {
  const app = [...state.apps.values()].find(({ settings }) => settings.type !== 'MachineToMachine')
  return app ?? state.addApp({ type: 'Traditional', name: 'test' })
}
