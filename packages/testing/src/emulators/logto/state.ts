import { createHash, randomBytes } from 'node:crypto'
import type { Seconds } from '@claviger/core'

/** The resource of the Management API; on a server of one's own it is always this one. */
export const managementResource = 'https://default.logto.app/api'
/** The role that Logto makes for clients of the Management API. */
const managementRole = 'Logto Management API access'

/** An API, and what may be done there. */
export interface LogtoResource {
  /** Becomes `aud`. */
  readonly indicator: string
  /** Default: the indicator. */
  readonly name?: string
  readonly scopes: readonly string[]
  /** Default 3600. */
  readonly accessTokenTtl?: Seconds
  /** Makes requests without a resource get tokens for this one. */
  readonly isDefault?: boolean
}

/** Scopes of APIs, by the indicators of the APIs. */
export type ResourceScopes = Readonly<Record<string, readonly string[]>>

/** A role of the whole tenant: for users, or for machine-to-machine apps. */
export interface LogtoRole {
  readonly name: string
  readonly description?: string
  /** Who can have it when the Management API gives it. Default `User`. */
  readonly type?: 'User' | 'MachineToMachine'
  /** Whether new users get it. Default false. */
  readonly isDefault?: boolean
  /** What it allows at which API. */
  readonly scopes?: ResourceScopes
}

/** A role that somebody has within an organization. */
export interface LogtoOrganizationRole {
  readonly name: string
  readonly description?: string
  /** Permissions of the organization itself. */
  readonly scopes?: readonly string[]
  /** What it allows at which API. */
  readonly resourceScopes?: ResourceScopes
}

/** An organization of the tenant. */
export interface LogtoOrganization {
  /** Default: random. */
  readonly id?: string
  readonly name: string
  readonly description?: string
}

/** Names of organization roles, by the id of the organization. An empty list makes a member without a role. */
type Memberships = Readonly<Record<string, readonly string[]>>

/** What users and apps have in common. */
interface Subject {
  /** Default: random. */
  readonly id?: string
  /** Names of roles of the tenant. */
  readonly roles?: readonly string[]
  readonly organizations?: Memberships
}

/** A user of the tenant. */
export interface LogtoUser extends Subject {
  readonly username?: string
  readonly name?: string
  readonly email?: string
  readonly customData?: Readonly<Record<string, unknown>>
}

/** An application of the tenant. */
export interface LogtoApp extends Subject {
  readonly name?: string
  /** `SPA` and `Native` are public clients. */
  readonly type: 'MachineToMachine' | 'Traditional' | 'SPA' | 'Native'
  /** Default: random. Public clients have none. */
  readonly secret?: string
  /** Where the browser may be sent with a code, exactly. Default: anywhere on loopback. */
  readonly redirectUris?: readonly string[]
  /** Default true. */
  readonly rotateRefreshToken?: boolean
  /** From 1 to 180. Default 14. */
  readonly refreshTokenTtlInDays?: number
  /** Gives refresh tokens without `offline_access` too. Default false. */
  readonly alwaysIssueRefreshToken?: boolean
  /** Puts `sid` into ID tokens and logout tokens. Default false. */
  readonly backchannelLogoutSessionRequired?: boolean
  /** A loopback address that gets a logout token when a session of the app ends at the end-session endpoint. */
  readonly backchannelLogoutUri?: string
  /** Lets it exchange subject tokens for access tokens. Default false. */
  readonly allowTokenExchange?: boolean
  /** Default false. */
  readonly isThirdParty?: boolean
}

/** A role of the tenant, as it is now. */
export interface RoleState {
  readonly id: string
  name: string
  description: string
  readonly type: 'User' | 'MachineToMachine'
  isDefault: boolean
  /** By the indicators of the APIs. */
  readonly scopes: Map<string, Set<string>>
}

/** Roles and memberships of a user or an app, as they are now. */
export interface SubjectState {
  readonly id: string
  readonly roles: Set<RoleState>
  readonly organizations: Map<string, Set<string>>
}

export interface UserState extends SubjectState {
  readonly profile: LogtoUser
  readonly createdAt: number
  updatedAt: number
  isSuspended: boolean
}

export interface AppState extends SubjectState {
  readonly settings: LogtoApp
  readonly isPublic: boolean
  readonly secrets: { readonly value: string; readonly expiresAt?: Seconds }[]
}

export interface LogtoTenant {
  readonly resources?: readonly LogtoResource[]
  readonly roles?: readonly LogtoRole[]
  readonly organizationRoles?: readonly LogtoOrganizationRole[]
  readonly organizations?: readonly LogtoOrganization[]
  readonly users?: readonly LogtoUser[]
  readonly apps?: readonly LogtoApp[]
}

/** Everything a tenant knows, by id; resources by indicator, organization roles by name. */
export class LogtoState {
  readonly resources = new Map<string, LogtoResource>()
  readonly roles = new Map<string, RoleState>()
  readonly organizationRoles = new Map<string, LogtoOrganizationRole>()
  readonly organizations = new Map<string, LogtoOrganization & { readonly id: string }>()
  readonly users = new Map<string, UserState>()
  readonly apps = new Map<string, AppState>()
  readonly #now: () => number

  constructor(tenant: LogtoTenant, now: () => number) {
    this.#now = now
    this.addResource({ indicator: managementResource, scopes: ['all'] })
    this.addRole({ name: managementRole, type: 'MachineToMachine', scopes: { [managementResource]: ['all'] } })
    for (const resource of tenant.resources ?? []) this.addResource(resource)
    for (const role of tenant.roles ?? []) this.addRole(role)
    for (const role of tenant.organizationRoles ?? []) this.addOrganizationRole(role)
    for (const organization of tenant.organizations ?? []) this.addOrganization(organization)
    for (const user of tenant.users ?? []) this.addUser(user)
    for (const app of tenant.apps ?? []) this.addApp(app)
  }

  addResource(resource: LogtoResource): void {
    this.resources.set(resource.indicator, resource)
  }

  /** Adds a role, or replaces what the one of its name allows. */
  addRole({ name, description = name, type = 'User', isDefault = false, scopes = {} }: LogtoRole): RoleState {
    this.#assertScopes(scopes)
    const allowed = new Map(Object.entries(scopes).map(([indicator, names]) => [indicator, new Set(names)]))
    const role = { id: idOf('role', name), name, description, type, isDefault, scopes: allowed }
    const same = [...this.roles.values()].find((one) => one.name === name)
    if (same !== undefined) {
      replaceAll(same.scopes, allowed)
      return same
    }
    this.roles.set(role.id, role)
    return role
  }

  /** @throws {Error} for a name that no role has */
  roleNamed(name: string): RoleState {
    return known(new Map([...this.roles.values()].map((role) => [role.name, role])), name, 'role')
  }

  deleteRole(role: RoleState): void {
    this.roles.delete(role.id)
    for (const { roles } of [...this.users.values(), ...this.apps.values()]) roles.delete(role)
  }

  /** Takes a scope from an API and all roles; all its scopes and the API itself without a name. */
  deleteScope({ indicator, ...resource }: LogtoResource, name?: string): void {
    if (name === undefined) this.resources.delete(indicator)
    else this.addResource({ ...resource, indicator, scopes: resource.scopes.filter((one) => one !== name) })
    for (const { scopes } of this.roles.values()) {
      if (name === undefined) scopes.delete(indicator)
      else scopes.get(indicator)?.delete(name)
    }
  }

  addOrganizationRole(role: LogtoOrganizationRole): void {
    this.#assertScopes(role.resourceScopes)
    this.organizationRoles.set(role.name, role)
  }

  addOrganization(organization: LogtoOrganization): string {
    const { id = randomId(12) } = organization
    this.organizations.set(id, { ...organization, id })
    return id
  }

  addUser(profile: LogtoUser): UserState {
    const createdAt = this.#now()
    const user = { ...this.#subject(profile, 12), profile, createdAt, updatedAt: createdAt, isSuspended: false }
    for (const role of this.roles.values()) if (role.isDefault && role.type === 'User') user.roles.add(role)
    this.users.set(user.id, user)
    return user
  }

  addApp(settings: LogtoApp): AppState {
    const isPublic = settings.type === 'SPA' || settings.type === 'Native'
    const secrets = isPublic ? [] : [{ value: settings.secret ?? randomId(32) }]
    const app = { ...this.#subject(settings, 21), settings, isPublic, secrets }
    this.apps.set(app.id, app)
    return app
  }

  /** The user or app of an id. @throws {Error} */
  subject(id: string): SubjectState {
    return this.users.get(id) ?? known(this.apps, id, 'user or app')
  }

  /** What the roles of the tenant allow somebody at an API. */
  globalScopes({ roles }: SubjectState, indicator: string): string[] {
    return [...roles].flatMap(({ scopes }) => [...(scopes.get(indicator) ?? [])])
  }

  /** What the roles within an organization allow somebody at an API, or in the organization itself without one. */
  organizationScopes({ organizations }: SubjectState, organization: string, indicator?: string): string[] {
    return [...(organizations.get(organization) ?? [])].flatMap((name) => {
      const role = this.organizationRoles.get(name)
      return (indicator === undefined ? role?.scopes : role?.resourceScopes?.[indicator]) ?? []
    })
  }

  suspend(user: UserState, isSuspended: boolean): void {
    user.isSuspended = isSuspended
    user.updatedAt = this.#now()
  }

  setMembership({ organizations }: SubjectState, organization: string, roles: readonly string[]): void {
    known(this.organizations, organization, 'organization')
    for (const role of roles) known(this.organizationRoles, role, 'organization role')
    organizations.set(organization, new Set(roles))
  }

  #subject(given: Subject, idLength: number): SubjectState {
    const subject = { id: given.id ?? randomId(idLength), roles: new Set<RoleState>(), organizations: new Map() }
    for (const role of given.roles ?? []) subject.roles.add(this.roleNamed(role))
    for (const [id, roles] of Object.entries(given.organizations ?? {})) this.setMembership(subject, id, roles)
    return subject
  }

  #assertScopes(scopes: ResourceScopes = {}): void {
    for (const [indicator, names] of Object.entries(scopes)) {
      const resource = known(this.resources, indicator, 'resource')
      const unknown = names.find((name) => !resource.scopes.includes(name))
      if (unknown !== undefined) throw new Error(`The resource ${indicator} has no scope ${unknown}.`)
    }
  }
}

/** The id of what has a name, such as a role: always the same one. */
export function idOf(kind: string, name: string): string {
  const digest = createHash('sha256').update(`${kind} ${name}`).digest()
  return lettersOf(digest.subarray(0, 21))
}

/** The entry of a map. @throws {Error} when there is none. */
export function known<T>(entries: ReadonlyMap<string, T>, key: string, what: string): T {
  const entry = entries.get(key)
  if (entry !== undefined) return entry
  throw new Error(`There is no ${what} ${key}; there are: ${[...entries.keys()].join(', ') || 'none'}.`)
}

function replaceAll<K, V>(map: Map<K, V>, entries: ReadonlyMap<K, V>): void {
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** An id as Logto makes them. */
export function randomId(length: number): string {
  return lettersOf(randomBytes(length))
}

function lettersOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join('')
}
