import type { TrustAuthXEndpoint } from '@claviger/testing'
import type { TrustAuthXClient } from '../../src/providers/trustauthx/index.ts'

/** What the calls are made with. */
export interface Values {
  readonly accessToken: string
  readonly refreshToken: string
  readonly userToken: string
  readonly reAuthCode: string
  readonly uid: string
  /** A role to give, to take and to change. */
  readonly roleId: string
  /** A role to delete. */
  readonly spareRoleId: string
}

/** One operation of the original clients beside ours. */
export interface Operation {
  readonly theirs: string
  readonly ours: string
  /** Where it calls; nowhere for those that compute or look at what is at hand. */
  readonly endpoint?: TrustAuthXEndpoint
  /** Whether it changes something, or uses something up. */
  readonly writes?: boolean
  readonly call: (client: TrustAuthXClient, values: Values) => unknown
}

const callback = 'http://127.0.0.1:3535/user-update?from=app'

/** Every operation of AuthLiteClient and its Roles. `getUserFromToken` is what the TypeScript client calls get_user_data. */
export const operations: readonly Operation[] = [
  { theirs: 'generate_url', ours: 'generateUrl', call: (client) => client.generateUrl() },
  {
    theirs: 'generate_edit_user_url',
    ours: 'resolveEditUserUrl',
    endpoint: 'editUser',
    call: (client, { accessToken }) => client.resolveEditUserUrl(accessToken, callback),
  },
  {
    theirs: 're_auth',
    ours: 'reAuth',
    endpoint: 'reAuth',
    writes: true,
    call: (client, { reAuthCode }) => client.reAuth(reAuthCode),
  },
  {
    theirs: 'get_user',
    ours: 'getUser',
    endpoint: 'getUser',
    writes: true,
    call: (client, { userToken }) => client.getUser(userToken),
  },
  {
    theirs: 'get_user_data, getUserFromToken',
    ours: 'getUserData',
    endpoint: 'getUserData',
    call: (client, { accessToken, uid }) => client.getUserData(accessToken, { uid }),
  },
  {
    theirs: 'get_access_token_from_refresh_token',
    ours: 'getAccessTokenFromRefreshToken',
    endpoint: 'refresh',
    writes: true,
    call: (client, { refreshToken }) => client.getAccessTokenFromRefreshToken(refreshToken),
  },
  {
    theirs: 'validate_access_token',
    ours: 'validateAccessToken',
    endpoint: 'validate',
    call: (client, { accessToken }) => client.validateAccessToken(accessToken),
  },
  {
    theirs: 'revoke_token',
    ours: 'revokeToken',
    endpoint: 'revoke',
    writes: true,
    call: (client, { accessToken }) => client.revokeToken({ accessToken }),
  },
  {
    theirs: 'attach_role',
    ours: 'attachRole',
    endpoint: 'assignRoles',
    writes: true,
    call: (client, { uid, roleId }) => client.attachRole(uid, roleId),
  },
  {
    theirs: 'remove_role',
    ours: 'removeRole',
    endpoint: 'assignRoles',
    writes: true,
    call: (client, { uid, roleId }) => client.removeRole(uid, roleId),
  },
  {
    theirs: 'update_role',
    ours: 'updateRole',
    endpoint: 'assignRoles',
    writes: true,
    call: (client, { uid, roleId, accessToken, refreshToken }) =>
      client.updateRole(uid, { add: roleId }, { signOffSession: { accessToken, refreshToken } }),
  },
  {
    theirs: 'validate_token_set',
    ours: 'validateTokenSet',
    endpoint: 'validate',
    call: (client, { accessToken, refreshToken }) => client.validateTokenSet({ accessToken, refreshToken }),
  },
  {
    theirs: 'Roles.get_all_roles',
    ours: 'roles.getAll',
    endpoint: 'listRoles',
    call: (client) => client.roles.getAll(),
  },
  {
    theirs: 'Roles.add_role',
    ours: 'roles.add',
    endpoint: 'addRole',
    writes: true,
    call: (client) => client.roles.add('auditor', [{ log: 'read' }]),
  },
  {
    theirs: 'Roles.delete_role',
    ours: 'roles.delete',
    endpoint: 'deleteRole',
    writes: true,
    call: (client, { spareRoleId }) => client.roles.delete(spareRoleId),
  },
  {
    theirs: 'Roles.add_permission',
    ours: 'roles.addPermission',
    endpoint: 'addPermission',
    writes: true,
    call: (client, { roleId }) => client.roles.addPermission(roleId, 'log:read'),
  },
  {
    theirs: 'Roles.delete_permission',
    ours: 'roles.deletePermission',
    endpoint: 'deletePermission',
    writes: true,
    call: (client, { roleId }) => client.roles.deletePermission(roleId, { log: 'read' }),
  },
  { theirs: 'Roles.query', ours: 'roles.query', endpoint: 'listRoles', call: (client) => client.roles.query() },
  {
    theirs: 'Roles.validate',
    ours: 'roles.validate',
    endpoint: 'listRoles',
    call: (client, { roleId }) => client.roles.validate(roleId, 'machine:delete'),
  },
  { theirs: 'Roles.count_roles', ours: 'roles.count', endpoint: 'listRoles', call: (client) => client.roles.count() },
]
