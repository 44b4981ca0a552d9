import * as z from 'zod'
import { AuthError, isAuthError } from '../../errors.ts'
import { invalidOptions, readOptions, text } from '../../options.ts'
import type { RoleWrites, WritableRoles } from '../../roles/administration.ts'
import { permissionName, permissionNamed } from '../../roles/permission.ts'
import type { RoleLike } from '../../roles/source.ts'
import type { Permission } from '../../types.ts'
import type { LogtoClient } from './client.ts'

/** Which roles of a tenant count. */
export interface LogtoRolesOptions {
  client: LogtoClient
  /** The indicator of this API's resource, or several: the scopes of other APIs allow nothing here. */
  resource: string | readonly string[]
  /** Counts the organization's own permissions too, those that are no API's. Default true. */
  organizationPermissions?: boolean
}

const schema = z.strictObject({
  client: z.custom<LogtoClient>(
    (value) => typeof value === 'object' && value !== null && 'listRoles' in value,
    'must be what createLogtoClient returns',
  ),
  resource: z.union([text, z.array(text).min(1, 'must name at least one')], 'must be the indicator of an API resource'),
  organizationPermissions: z.boolean('must be true or false').optional(),
})

// Logto allows 200 requests in ten seconds.
const atOnce = 4

/** Names the owner of a tenant's roles. */
export function ownerOf(endpoint: string): string {
  return `logto ${endpoint}`
}

/** Whether a call to this path of the Management API may change what a role allows. */
export function isAboutRoles(path: string): boolean {
  return /^\/api\/(roles|organization-roles|organization-scopes|resources)(\/|$)/.test(path)
}

/** Whether what a webhook tells may change what a role allows. */
export function isRoleEvent(event: string): boolean {
  return /^(Role|Scope|OrganizationRole|OrganizationScope)\./.test(event)
}

/**
 * The roles of a tenant, for `createRoleDirectory` and `createRoleAdministration`; a scope of the API is a permission. Organization
 * roles are the same in every organization. It costs a request for each role, so a tenant should have tens, not thousands.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function logtoRoles(options: LogtoRolesOptions): WritableRoles {
  const { client, resource, organizationPermissions = true } = readOptions('logtoRoles', schema, options)
  const indicators = [resource].flat()

  async function globalRoles(): Promise<readonly RoleLike[]> {
    const roles = await client.listRoles().toArray()
    return mapSome(roles, async ({ id, name }) => {
      const scopes = await client.listRoleScopes({ id }).toArray()
      const ours = scopes.filter((scope) => indicators.includes(scope.resource.indicator))
      return { id, name, permissions: ours.map((scope) => permissionNamed(scope.name)) }
    })
  }

  async function organizationRoles(): Promise<readonly RoleLike[]> {
    const [roles, resources] = await Promise.all([
      client.listOrganizationRoles().toArray(),
      client.listResources().toArray(),
    ])
    const ours = new Set(resources.filter(({ indicator }) => indicators.includes(indicator)).map(({ id }) => id))
    return roles.map(({ id, name, scopes = [], resourceScopes = [] }) => {
      const own = organizationPermissions ? scopes : []
      const ofApi = resourceScopes.filter((scope) => ours.has(scope.resource.id))
      return { id, name, permissions: [...own, ...ofApi].map((scope) => permissionNamed(scope.name)) }
    })
  }

  return {
    what: `the roles of ${client.endpoint}`,
    // Organizations share one list: each of them stands for all.
    organizations: [undefined, '*'],
    listOf: (organization) => (organization === undefined ? 'roles' : 'organization roles'),
    key: ownerOf(client.endpoint),
    load: (organization) => (organization === undefined ? globalRoles() : organizationRoles()),
    write: writesOf(client, indicators),
  }
}

function writesOf(client: LogtoClient, indicators: readonly string[]): RoleWrites {
  /** The scopes of the APIs by name; the first API makes those that are missing. */
  async function scopeIds(permissions: readonly Permission[], makesThem: boolean, options: object): Promise<string[]> {
    const wanted = new Set(permissions.map(permissionName))
    const resources = await client.listResources({}, options).toArray()
    const ours = resources.filter(({ indicator }) => indicators.includes(indicator))
    const [first] = ours
    if (first === undefined) throw invalidOptions('logtoRoles', 'Logto has no API resource of that indicator')
    const lists = await mapSome(ours, ({ id }) => client.listResourceScopes({ resourceId: id }, options).toArray())
    const found = lists.flat().filter(({ name }) => wanted.has(name))
    const missing = [...wanted].filter((name) => !found.some((scope) => scope.name === name))
    const made = makesThem ? missing : []
    const ids = found.map(({ id }) => id)
    // A scope that no role has allows nothing, so these are no part of the change.
    for (const name of made)
      ids.push((await client.createResourceScope({ resourceId: first.id }, { name }, options)).id)
    return ids
  }

  return {
    async add(name, permissions, options) {
      assertTenant(options)
      const ids = permissions.length === 0 ? [] : await scopeIds(permissions, true, options)
      const { id } = await client.createRole({ name, description: name, scopeIds: ids }, options)
      return { id, name, permissions }
    },
    delete: (roleId, options) => client.deleteRole({ id: roleId }, assertTenant(options)),
    async addPermissions(roleId, permissions, options) {
      const wanted = await scopeIds(permissions, true, assertTenant(options))
      const held = new Set((await client.listRoleScopes({ id: roleId }, options).toArray()).map(({ id }) => id))
      const missing = wanted.filter((id) => !held.has(id))
      if (missing.length > 0) await client.addRoleScopes({ id: roleId }, { scopeIds: missing }, options)
    },
    async deletePermissions(roleId, permissions, options) {
      const ids = await scopeIds(permissions, false, assertTenant(options))
      const done = await inSteps(
        'deletePermissions',
        ids.map((scopeId) => () => wasThere(client.removeRoleScope({ id: roleId, scopeId }, options))),
      )
      if (done === 0) await client.getRole({ id: roleId }, options)
    },
    async assign(userId, { add, remove, organization }, options) {
      const away = remove.map((roleId) => () => {
        if (organization === undefined) return wasThere(client.removeUserRole({ userId, roleId }, options))
        const from = { id: organization, userId, organizationRoleId: roleId }
        return wasThere(client.removeOrganizationUserRole(from, options))
      })
      const give = async () => {
        if (organization === undefined) await client.assignUserRoles({ userId }, { roleIds: [...add] }, options)
        else {
          const body = { organizationRoleIds: [...add] }
          await client.assignOrganizationUserRoles({ id: organization, userId }, body, options)
        }
        return true
      }
      // What is taken away goes first. Never by replacing all: that would undo what somebody else takes away meanwhile.
      const done = await inSteps('assign', [...away, ...(add.length > 0 ? [give] : [])])
      // Nothing to take away is no failure, but nobody to take it from is one.
      if (done === 0) await client.getUser({ userId }, options)
      return {}
    },
  }
}

function assertTenant<T extends { organization?: string }>(options: T): T {
  if (options.organization === undefined) return options
  throw invalidOptions(
    'organization',
    "Logto's roles are those of the tenant, and its organization roles are made in its console",
  )
}

/** Makes writes one after another, and tells how many were made. */
async function inSteps(operation: string, writes: readonly (() => Promise<boolean>)[]): Promise<number> {
  let done = 0
  for (const write of writes) {
    try {
      if (await write()) done += 1
    } catch (error) {
      if (done === 0) throw error
      const explanation = `${operation}: ${done} of ${writes.length} writes were applied before one failed`
      throw new AuthError('ERR_UPSTREAM_UNKNOWN', {
        explanation,
        cause: error,
        upstream: { provider: 'logto', operation },
      })
    }
  }
  return done
}

// What is gone already needs no write. Logto says the same of a user who does not exist; who says it without a code is not Logto.
async function wasThere(removal: Promise<unknown>): Promise<boolean> {
  try {
    await removal
    return true
  } catch (error) {
    if (isAuthError(error) && error.code === 'ERR_UPSTREAM_NOT_FOUND' && error.upstream?.code !== undefined)
      return false
    throw error
  }
}

async function mapSome<T, U>(items: readonly T[], map: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = []
  for (let at = 0; at < items.length; at += atOnce) {
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(map))))
  }
  return results
}
