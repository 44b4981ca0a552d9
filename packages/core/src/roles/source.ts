import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import type { CallOptions } from '../client-options.ts'
import { unavailable } from '../errors.ts'
import { isObject } from '../json.ts'
import { lazily } from '../lazily.ts'
import { invalidOptions, readOptions } from '../options.ts'
import { type PermissionSpelling, readPermission } from './permission.ts'
import type { SpelledRole } from './set.ts'

/** Where roles are read from: `trustAuthXRoles()`, `logtoRoles()`, or one of your own. */
export interface RoleSource {
  /** For messages: whose roles these are. Never a secret. */
  readonly what: string
  /** The organizations that are known before anybody asks; `undefined` stands for the roles that are in no organization. */
  readonly organizations: readonly (string | undefined)[]
  /**
   * In which list an organization's roles are: organizations with the same answer share one. Nothing for an organization that has
   * no roles here, so that nobody is asked. Default: each has a list of its own.
   */
  readonly listOf?: (organization: string | undefined) => string | undefined
  /** Names the owner of the roles in this process: a write by any client of ours makes older roles useless to all. */
  readonly key?: string
  /**
   * All roles of a list. A role of another organization, or one that is none, allows nothing.
   * @param organization the first that was asked for of those whose list it is
   * @param list as `listOf` named it then; absent where the roles of this organization alone are wanted
   */
  readonly load: (
    organization: string | undefined,
    options?: CallOptions,
    list?: string,
  ) => Promise<readonly RoleLike[]>
}

/** A role as a source gives it. */
export interface RoleLike {
  /** Default: the name. */
  readonly id?: string
  readonly name: string
  /** Default: that which was asked for. */
  readonly organization?: string
  readonly permissions: readonly PermissionSpelling[]
}

/** Gives the roles of an organization, or those of none. */
export type RoleFunction = (organization: string | undefined) => readonly RoleLike[] | Promise<readonly RoleLike[]>

/** What a role allows; with an id where users hold that and not the name. */
export type RoleDefinition =
  | readonly PermissionSpelling[]
  | { readonly id?: string; readonly permissions: readonly PermissionSpelling[] }

/** Roles in code, or in a JSON file. */
export interface RoleDefinitions {
  /** Of no organization: name → what it allows. */
  readonly roles?: Readonly<Record<string, RoleDefinition>>
  /** Of every organization that is not named below. */
  readonly organizationRoles?: Readonly<Record<string, RoleDefinition>>
  /** Of one organization: its id → name → what it allows. */
  readonly organizations?: Readonly<Record<string, Readonly<Record<string, RoleDefinition>>>>
}

const schema = lazily(() => {
  const permission = z.custom<PermissionSpelling>(
    (value) => readPermission(value) !== undefined,
    "must be 'machine:delete' or { machine: 'delete' }",
  )
  const permissions = z.array(permission)
  const name = z.string().min(1, 'must not be empty')
  const role = z.union(
    [permissions, z.strictObject({ id: name.optional(), permissions })],
    'must be a list of permissions, or { id, permissions }',
  )
  const roles = z.record(name, role)
  return z.strictObject({
    roles: roles.optional(),
    organizationRoles: roles.optional(),
    organizations: z.record(name, roles).optional(),
  })
})

/**
 * Checks roles that are written down.
 * @param where for the message
 * @throws {AuthError} `ERR_OPTIONS_INVALID` that names every fault by its path
 */
function readRoleDefinitions(where: string, value: unknown): RoleDefinitions {
  const checked = readOptions(where, schema(), value) as RoleDefinitions
  const lists = [checked.roles, checked.organizationRoles, ...Object.values(checked.organizations ?? {})]
  for (const list of lists) {
    const ids = new Set<string>()
    for (const [key, one] of Object.entries(list ?? {})) {
      const id = idOf(key, one)
      if (ids.has(id)) throw invalidOptions(where, `two roles have the id ${JSON.stringify(id)}`)
      ids.add(id)
    }
  }
  return checked
}

/**
 * Reads a JSON file of roles.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
function readRoleFile(path: string): RoleDefinitions {
  return parse(path, () => readFileSync(path, 'utf8'))
}

function parse(path: string, read: () => string): RoleDefinitions {
  let value: unknown
  try {
    value = JSON.parse(read())
  } catch (cause) {
    throw invalidOptions(
      path,
      `cannot be read as JSON (${cause instanceof SyntaxError ? 'its syntax' : 'is it there?'})`,
    )
  }
  return readRoleDefinitions(path, value)
}

/** Roles that are written down in code. */
export function definedRoles(definitions: RoleDefinitions): RoleSource {
  const checked = readRoleDefinitions('roles', definitions)
  return {
    ...organizationsOf(checked),
    what: 'the defined roles',
    load: async (organization, _, list) => rolesIn(checked, organization, list),
  }
}

/** Roles in a JSON file. It is read again when the roles are due; a file that has become invalid changes nothing while they hold. */
export function rolesInFile(path: string): RoleSource {
  let current = readRoleFile(path)
  return {
    what: `the roles in ${path}`,
    // By what the file said last: an organization may come and go.
    get organizations() {
      return organizationsOf(current).organizations
    },
    listOf: (organization) => organizationsOf(current).listOf(organization),
    async load(organization, _, list) {
      const text = await readFile(path, 'utf8').catch((cause: unknown) => {
        throw unavailable(`${path} cannot be read`, { cause })
      })
      current = parse(path, () => text)
      return rolesIn(current, organization, list)
    },
  }
}

/** Roles that a function of the app gives. */
export function givenRoles(load: RoleFunction): RoleSource {
  return { what: 'the roles of the function', organizations: [], load: async (organization) => load(organization) }
}

// Those of one organization begin with `of`.
const ofAny = 'any'

function organizationsOf({ organizationRoles, organizations = {} }: RoleDefinitions) {
  return {
    // One that is not named stands for all of those.
    organizations: [undefined, ...(organizationRoles === undefined ? [] : ['*']), ...Object.keys(organizations)],
    listOf: (organization: string | undefined) =>
      organization === undefined ? '' : Object.hasOwn(organizations, organization) ? `of ${organization}` : ofAny,
  }
}

function rolesIn(
  { roles, organizationRoles, organizations = {} }: RoleDefinitions,
  organization: string | undefined,
  list: string | undefined,
): readonly RoleLike[] {
  if (organization === undefined) return listOf(roles)
  // What many share is theirs also when the one that asked for it first has got a list of its own since.
  const isNamed = list !== ofAny && Object.hasOwn(organizations, organization)
  return listOf(isNamed ? organizations[organization] : organizationRoles)
}

function listOf(definitions: Readonly<Record<string, RoleDefinition>> = {}): readonly RoleLike[] {
  return Object.entries(definitions).map(([key, one]) => ({
    id: idOf(key, one),
    name: key,
    permissions: 'permissions' in one ? one.permissions : one,
  }))
}

function idOf(key: string, definition: RoleDefinition): string {
  return ('permissions' in definition ? definition.id : undefined) ?? key
}

/**
 * What a source gave for an organization, as roles. What is not a role, or of another organization, is left out; a permission that is
 * none makes no permission.
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` for something that is no list
 */
export function readRoles(what: string, list: unknown, organization: string | undefined): readonly SpelledRole[] {
  if (!Array.isArray(list)) throw unavailable(`${what}: not a list of roles`)
  return list.flatMap((value: unknown) => readRole(value, organization) ?? [])
}

function readRole(value: unknown, asked: string | undefined): SpelledRole | undefined {
  if (!isObject(value)) return undefined
  const { name, id = name, organization, permissions } = value
  if (typeof id !== 'string' || id === '' || typeof name !== 'string' || name === '') return undefined
  if (organization !== undefined && organization !== asked) return undefined
  const spelled: readonly unknown[] = Array.isArray(permissions) ? [...permissions] : []
  return { id, name, permissions: spelled }
}
