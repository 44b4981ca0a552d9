import type { Permission, Role, User } from '@claviger/core'

/** `'machine:delete'`, `{ resource: 'machine', action: 'delete' }`, or `{ machine: 'delete' }`. */
export type PermissionInput = string | Permission | Readonly<Record<string, string>>

/** A role by its name, or with what it allows. */
export interface RoleInput {
  readonly name: string
  /** Default: the name. */
  readonly id?: string
  /** The organization the role belongs to. What it allows counts only where the user acts in that organization. */
  readonly organization?: string
  readonly permissions?: readonly PermissionInput[]
}

/** Whom a request comes from. */
export interface ActingUser {
  readonly id: string
  readonly email?: string
  readonly name?: string
  /** The organization the user acts in. */
  readonly organization?: string
  readonly roles?: readonly (string | RoleInput)[]
  /** Beyond those of the roles. */
  readonly permissions?: readonly PermissionInput[]
  readonly scopes?: readonly string[]
  /** Default `test`. */
  readonly provider?: string
  /** Default `https://test.invalid`. */
  readonly issuer?: string
  /** Makes all rights hold in this organization only, as an organization's token does. See `VerifiedToken.boundTo`. */
  readonly boundTo?: string
}

const texts = ['id', 'email', 'name', 'organization', 'provider', 'issuer', 'boundTo']
const lists = ['roles', 'permissions', 'scopes']

/** Checks a user that a test wrote down, and completes it. @throws {TypeError} with what is wrong */
export function readActingUser(input: ActingUser): Readonly<User> {
  assertMembers('the user', input, texts, lists)
  if (input.id === undefined) throw wrong('the user needs an id')
  const { id, email, name, organization, provider = 'test', issuer = 'https://test.invalid' } = input
  const roles = (input.roles ?? []).map(readRole)
  // What a role of another organization allows is not allowed here.
  const here = roles.filter((role) => role.organization === undefined || role.organization === organization)
  const permissions = [...here.flatMap((role) => role.permissions), ...readPermissions(input.permissions)].map(nameOf)
  const scopes = input.scopes ?? []
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^\S+$/.test(scope))
      throw wrong(`${show(scope)} is no scope: write one text for each`)
  }
  return Object.freeze({
    id,
    provider,
    issuer,
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(organization !== undefined && { organization }),
    roles: Object.freeze(roles),
    permissions: Object.freeze([...new Set(permissions)]),
    scopes: Object.freeze([...new Set(scopes)]),
  })
}

function readRole(input: string | RoleInput): Role {
  if (typeof input === 'string') return readRole({ name: input })
  assertMembers(`the role ${show(input)}`, input, ['id', 'name', 'organization'], ['permissions'])
  const { name, id = name, organization } = input
  if (name === undefined) throw wrong(`the role ${show(input)} needs a name`)
  return Object.freeze({
    id,
    name,
    ...(organization !== undefined && { organization }),
    permissions: readPermissions(input.permissions),
  })
}

function readPermissions(input: readonly PermissionInput[] = []): readonly Permission[] {
  return Object.freeze(input.flatMap(readPermission).map((permission) => Object.freeze(permission)))
}

function readPermission(input: PermissionInput): Permission[] {
  if (typeof input === 'string') {
    const colon = input.lastIndexOf(':')
    if (colon > 0 && colon < input.length - 1)
      return [{ resource: input.slice(0, colon), action: input.slice(colon + 1) }]
  } else if (typeof input === 'object' && input !== null) {
    const pairs = isSpeltOut(input) ? [[input.resource, input.action]] : Object.entries(input)
    const permissions = pairs.map(([resource, action]) => ({ resource, action }))
    if (permissions.length > 0 && permissions.every(isPermission)) return permissions
  }
  throw wrong(`${show(input)} is no permission: write 'machine:delete' or { machine: 'delete' }`)
}

function isSpeltOut(input: object): input is Permission {
  return Object.keys(input).sort().join() === 'action,resource'
}

function isPermission(pair: { resource: unknown; action: unknown }): pair is Permission {
  return [pair.resource, pair.action].every((part) => typeof part === 'string' && part !== '')
}

function nameOf({ resource, action }: Permission): string {
  return `${resource}:${action}`
}

function assertMembers(what: string, input: unknown, textNames: string[], listNames: string[]): void {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw wrong(`${what} must be an object such as { id: 'alice', roles: ['admin'] }`)
  }
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue
    if (textNames.includes(name)) {
      if (typeof value !== 'string' || value === '') throw wrong(`${name} of ${what} must be a text that is not empty`)
    } else if (listNames.includes(name)) {
      if (!Array.isArray(value)) throw wrong(`${name} of ${what} must be a list`)
    } else {
      throw wrong(`${what} has no ${name}; there are ${[...textNames, ...listNames].join(', ')}`)
    }
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}

function wrong(explanation: string): TypeError {
  return new TypeError(`actingAs: ${explanation}.`)
}
