import * as z from 'zod'
import type { CallOptions } from '../../client-options.ts'
import { invalidOptions } from '../../options.ts'
import type { Permission, Role } from '../../types.ts'
import { type Ask, assertText, type Call } from './calls.ts'
import { noteWrite, type OrganizationRoles } from './roles.ts'
import { anyJson, jsonOf } from './schema.ts'
import { paths, readPermissions, readRole, type TrustAuthXPermission, toWirePermissions } from './wire.ts'

/** What a call about roles takes. */
export interface RoleCallOptions extends CallOptions {
  /** Default: the client's. */
  orgId?: string
}

/** Permissions of a role, as a change was answered. */
export interface RoleChange {
  readonly id: string
  readonly organization: string
  readonly permissions: readonly Permission[]
}

/** One permission, or several. */
export type TrustAuthXPermissions = TrustAuthXPermission | readonly TrustAuthXPermission[]

/**
 * The roles of an organization. Writes are sent once and never repeated; when the answer is lost they fail with
 * `ERR_UPSTREAM_UNKNOWN`, and after each of them no provider of this process uses roles that were read before.
 */
export interface TrustAuthXRoles {
  /** All roles, as they are now. */
  getAll(options?: RoleCallOptions): Promise<readonly Role[]>
  /** Makes a role, and gives it with its id. */
  add(name: string, permissions: TrustAuthXPermissions, options?: RoleCallOptions): Promise<Role>
  /** Gives the role that was deleted. */
  delete(roleId: string, options?: RoleCallOptions): Promise<Role>
  /** Gives the permissions that were added, not all. */
  addPermission(roleId: string, permissions: TrustAuthXPermissions, options?: RoleCallOptions): Promise<RoleChange>
  /** Gives the permissions that are left, as far as is known of the API. */
  deletePermission(roleId: string, permissions: TrustAuthXPermissions, options?: RoleCallOptions): Promise<RoleChange>
  /** The roles at hand, at most a minute old: all, that of an id, those that allow something at a resource, or both. */
  query(filter?: { roleId?: string; resource?: string }): Promise<readonly Role[]>
  /** Whether a role at hand allows all of this. False for a role that does not exist. */
  validate(roleId: string, permissions: TrustAuthXPermissions): Promise<boolean>
  /** How many roles are at hand. */
  count(): Promise<number>
}

const listed = z.array(z.unknown())
const role = z.unknown().transform((value, context) => readRole(value) ?? complain(context))
const change = z.looseObject({ org_id: z.string(), rol_id: z.string(), permissions: z.array(z.unknown()) })

function complain(context: z.RefinementCtx): never {
  context.addIssue({ code: 'custom', message: 'is no role' })
  return z.NEVER
}

/** Asks for all roles as they come over the wire. */
export function listRoles(ask: Ask, orgId: string, options?: CallOptions): Promise<readonly unknown[]> {
  return ask({ operation: 'roles.getAll', path: paths.role, parameters: { org_id: orgId }, schema: listed }, options)
}

/** Makes the part of the client that is about roles. */
export function createRolesClient(
  ask: Ask,
  base: string,
  ownOrgId: string,
  directory: OrganizationRoles,
): TrustAuthXRoles {
  async function write<T>(
    call: Pick<Call<T>, 'operation' | 'method' | 'path' | 'schema'>,
    body: object,
    { orgId = ownOrgId, ...options }: RoleCallOptions = {},
  ): Promise<T> {
    assertText('orgId', orgId)
    try {
      return await ask({ ...call, parameters: { org_id: orgId }, body: { org_id: orgId, ...body } }, options)
    } finally {
      // Also after a failure: what looks like one may have been applied.
      noteWrite(base, orgId)
    }
  }

  async function changePermissions(
    operation: string,
    method: 'POST' | 'DELETE',
    roleId: string,
    given: TrustAuthXPermissions,
    options?: RoleCallOptions,
  ): Promise<RoleChange> {
    const permissions = toWirePermissions(given)
    if (permissions.length === 0) throw invalidOptions(operation, 'there are no permissions')
    const call = { operation, method, path: paths.permission, schema: change }
    const answer = await write(call, { rol_id: assertText('roleId', roleId), permissions }, options)
    return { id: answer.rol_id, organization: answer.org_id, permissions: readPermissions(answer.permissions) }
  }

  return {
    async getAll({ orgId = ownOrgId, ...options } = {}) {
      const list = await listRoles(ask, assertText('orgId', orgId), options)
      return list.flatMap((value) => readRole(value) ?? [])
    },
    add: async (name, permissions, options) =>
      write(
        { operation: 'roles.add', method: 'POST', path: paths.role, schema: role },
        { name: assertText('name', name), permissions: toWirePermissions(permissions) },
        options,
      ),
    delete: async (roleId, options) =>
      write(
        { operation: 'roles.delete', method: 'DELETE', path: paths.role, schema: role },
        { rol_id: assertText('roleId', roleId) },
        options,
      ),
    addPermission: async (roleId, permissions, options) =>
      changePermissions('roles.addPermission', 'POST', roleId, permissions, options),
    deletePermission: async (roleId, permissions, options) =>
      changePermissions('roles.deletePermission', 'DELETE', roleId, permissions, options),
    async query({ roleId, resource } = {}) {
      const roles = roleId === undefined ? await directory.all() : await directory.find([roleId])
      return resource === undefined
        ? roles
        : roles.filter(({ permissions }) => permissions.some((permission) => permission.resource === resource))
    },
    async validate(roleId, permissions) {
      const wanted = readPermissions(toWirePermissions(permissions))
      const [found] = await directory.find([roleId])
      const allows = ({ resource, action }: Permission) =>
        found?.permissions.some((each) => each.resource === resource && each.action === action) === true
      return wanted.length > 0 && wanted.every(allows)
    },
    count: async () => (await directory.all()).length,
  }
}

/** What came of giving roles to a user, or of taking some away. */
export interface RoleAssignment {
  readonly uid: string
  /** The ids of all roles the user has now, if the answer tells. */
  readonly roleIds?: readonly string[]
  /** After a sign-off: the tokens of the new session. The old ones are dead. */
  readonly tokens?: { readonly accessToken: string; readonly refreshToken: string }
}

/** What a change of the roles of a user takes. */
export interface AssignOptions extends CallOptions {
  /**
   * Ends this session of the user and starts one that has the new roles already. Without it the tokens of the user keep the old
   * roles until they are refreshed.
   */
  signOffSession?: { accessToken: string; refreshToken: string }
}

/** Gives roles to a user and takes others away. */
export async function assignRoles(
  ask: Ask,
  orgId: string,
  operation: string,
  uid: string,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  { signOffSession, ...options }: AssignOptions = {},
): Promise<RoleAssignment> {
  if (add.length + remove.length === 0) throw invalidOptions(operation, 'there are no roles')
  for (const roleId of [...add, ...remove]) assertText('roleId', roleId)
  const { accessToken, refreshToken } = signOffSession ?? {}
  if (signOffSession !== undefined) {
    assertText('signOffSession.accessToken', signOffSession.accessToken)
    assertText('signOffSession.refreshToken', signOffSession.refreshToken)
  }
  const call = {
    operation,
    method: 'POST',
    path: paths.assign,
    parameters: { org_id: orgId },
    body: {
      uid: assertText('uid', uid),
      rol_id: add,
      inplace: remove,
      signoff_session_and_assign: signOffSession !== undefined,
      AccessToken: accessToken ?? null,
      RefreshToken: refreshToken ?? null,
    },
  } as const
  if (signOffSession === undefined) {
    // Nobody has described this answer, so whatever it is, the roles have been assigned.
    return toAssignment(uid, loose.safeParse(await ask({ ...call, read: jsonOf, schema: anyJson }, options)).data ?? {})
  }
  const answer = await ask({ ...call, schema: session }, options)
  const tokens = { accessToken: answer.access_token, refreshToken: answer.refresh_token }
  return { ...toAssignment(uid, answer), tokens }
}

const loose = z.looseObject({ role: z.array(z.string()).optional().catch(undefined) })
const session = loose.extend({ access_token: z.string().min(1), refresh_token: z.string().min(1) })

function toAssignment(uid: string, { role }: { role?: readonly string[] | undefined }): RoleAssignment {
  return { uid, ...(role !== undefined && { roleIds: role }) }
}
