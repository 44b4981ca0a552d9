import { invalidOptions } from '../../options.ts'
import type { AdministrationOptions, RoleWrites, WritableRoles } from '../../roles/administration.ts'
import type { TrustAuthXClient } from './client.ts'
import { ownerOf } from './roles.ts'

/**
 * The roles of a client's organization, for `createRoleDirectory` and `createRoleAdministration`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function trustAuthXRoles(client: TrustAuthXClient): WritableRoles {
  if (typeof client?.roles?.getAll !== 'function') {
    throw invalidOptions('trustAuthXRoles', 'takes what createTrustAuthXClient returns')
  }
  const { orgId, apiBaseUrl, roles } = client
  const how = ({ organization = orgId, ...options }: AdministrationOptions) => ({ ...options, orgId: organization })

  const write: RoleWrites = {
    add: (name, permissions, options) => roles.add(name, permissions, how(options)),
    delete: (roleId, options) => roles.delete(roleId, how(options)),
    addPermissions: (roleId, permissions, options) => roles.addPermission(roleId, permissions, how(options)),
    deletePermissions: (roleId, permissions, options) => roles.deletePermission(roleId, permissions, how(options)),
    async assign(userId, { add, remove, session }, options) {
      const { roleIds, tokens } = await client.updateRole(
        userId,
        { add, remove },
        { ...options, ...(session !== undefined && { signOffSession: session }) },
      )
      return { ...(roleIds !== undefined && { roleIds }), ...(tokens !== undefined && { tokens }) }
    },
  }

  return {
    what: `the roles of ${apiBaseUrl}`,
    organizations: [orgId],
    // Nobody else's roles are here, and those of no organization are nobody's.
    listOf: (organization) => (organization === orgId ? orgId : undefined),
    key: ownerOf(apiBaseUrl, orgId),
    load: (organization, options) =>
      roles.getAll({ ...options, ...(organization !== undefined && { orgId: organization }) }),
    write,
  }
}
