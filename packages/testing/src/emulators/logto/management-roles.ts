import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import {
  answer,
  bodyOf,
  entityNotFound,
  managementError,
  optionallyPaged,
  optionalText,
  paged,
  statusText,
  textOf,
  textsOf,
} from './management-answers.ts'
import { resourceBody, roleBody, scopeBody, scopeId } from './management-bodies.ts'
import { appOf, type Call, type EventDetails, found, searched, userOf } from './management-routes.ts'
import type { LogtoResource, LogtoState, RoleState, SubjectState } from './state.ts'
import type { Tenant } from './tenant.ts'

/** Roles, what they allow, and who has them. */
export const roleCalls: readonly Call[] = [
  ['GET', '/roles', listRoles],
  ['POST', '/roles', createRole, 'Role.Created'],
  ['GET', '/roles/:id', (tenant, request) => answer(roleBody(roleOf(tenant, request)))],
  ['PATCH', '/roles/:id', updateRole, 'Role.Data.Updated'],
  ['DELETE', '/roles/:id', deleteRole, 'Role.Deleted'],
  ['GET', '/roles/:id/scopes', listRoleScopes],
  ['POST', '/roles/:id/scopes', addRoleScopes, 'Role.Scopes.Updated'],
  ['DELETE', '/roles/:id/scopes/:scopeId', removeRoleScope, 'Role.Scopes.Updated'],
  ['GET', '/users/:userId/roles', (of, request) => rolesOf(request, userOf(of, request))],
  ['POST', '/users/:userId/roles', assignUserRoles],
  ['PUT', '/users/:userId/roles', replaceUserRoles],
  ['DELETE', '/users/:userId/roles/:roleId', (of, request) => removeRole(of, request, userOf(of, request))],
  ['GET', '/applications/:applicationId/roles', (of, request) => rolesOf(request, machineOf(of, request))],
  ['POST', '/applications/:applicationId/roles', assignApplicationRoles],
  ['PUT', '/applications/:applicationId/roles', replaceApplicationRoles],
  [
    'DELETE',
    '/applications/:applicationId/roles/:roleId',
    (of, request) => removeRole(of, request, machineOf(of, request)),
  ],
]

function listRoles({ state }: Tenant, request: LoopbackRequest): Reply {
  const type = request.url.searchParams.get('type')
  const ofType = [...state.roles.values()].filter((role) => type === null || role.type === type)
  const roles = searched(request, ofType, ({ id, name, description }) => [id, name, description])
  return paged(
    request,
    roles.map((role) => {
      const users = [...state.users.values()].filter(({ roles: held }) => held.has(role))
      const apps = [...state.apps.values()].filter(({ roles: held }) => held.has(role))
      return {
        ...roleBody(role),
        usersCount: users.length,
        featuredUsers: users.slice(0, 3).map(({ id, profile }) => ({ id, avatar: null, name: profile.name ?? null })),
        applicationsCount: apps.length,
        featuredApplications: apps
          .slice(0, 3)
          .map(({ id, settings }) => ({ id, name: settings.name ?? id, type: settings.type })),
      }
    }),
  )
}

function createRole({ state }: Tenant, request: LoopbackRequest): Reply {
  const body = bodyOf(request)
  const name = textOf(body, 'name')
  assertFree(state, name)
  const scopes = body.scopeIds === undefined ? [] : textsOf(body, 'scopeIds').map((id) => scopeOf(state, id))
  const role = state.addRole({
    name,
    description: textOf(body, 'description'),
    type: optionalText(body, 'type') === 'MachineToMachine' ? 'MachineToMachine' : 'User',
    isDefault: body.isDefault === true,
  })
  for (const scope of scopes) allow(role, scope)
  return answer(roleBody(role))
}

function updateRole(tenant: Tenant, request: LoopbackRequest): Reply {
  const role = roleOf(tenant, request)
  const body = bodyOf(request)
  const name = optionalText(body, 'name') ?? role.name
  if (name !== role.name) assertFree(tenant.state, name)
  role.name = name
  role.description = optionalText(body, 'description') ?? role.description
  if (typeof body.isDefault === 'boolean') role.isDefault = body.isDefault
  return answer(roleBody(role))
}

function deleteRole(tenant: Tenant, request: LoopbackRequest): Reply {
  tenant.state.deleteRole(roleOf(tenant, request))
  return { status: 204 }
}

function listRoleScopes(tenant: Tenant, request: LoopbackRequest): Reply {
  const { state } = tenant
  const scopes = [...roleOf(tenant, request).scopes].flatMap(([indicator, names]) =>
    [...names].map((name) => ({
      ...scopeBody(indicator, name),
      resource: resourceBody(state.resources.get(indicator) ?? { indicator, scopes: [] }),
    })),
  )
  return optionallyPaged(
    request,
    searched(request, scopes, ({ name }) => [name]),
  )
}

function addRoleScopes(tenant: Tenant, request: LoopbackRequest, details: EventDetails): Reply {
  const role = roleOf(tenant, request)
  const scopes = textsOf(bodyOf(request), 'scopeIds').map((id) => scopeOf(tenant.state, id))
  for (const { resource, name } of scopes) {
    if (!role.scopes.get(resource.indicator)?.has(name)) continue
    throw managementError(422, 'role.scope_exists', 'The scope has already been added to the role.')
  }
  for (const scope of scopes) allow(role, scope)
  const all = [...role.scopes].flatMap(([indicator, names]) => [...names].map((name) => scopeBody(indicator, name)))
  details.params = pathParams(request)
  return answer(all, 201)
}

function removeRoleScope(tenant: Tenant, request: LoopbackRequest, details: EventDetails): Reply {
  const role = roleOf(tenant, request)
  const { resource, name } = scopeOf(tenant.state, request.params.scopeId ?? '')
  if (!role.scopes.get(resource.indicator)?.delete(name)) throw entityNotFound()
  details.params = pathParams(request)
  return { status: 204 }
}

// Logto shows here also what its router matched.
function pathParams({ url, params }: LoopbackRequest): Record<string, string> {
  return { 0: url.pathname.replace(/^\/api\/roles/, ''), ...params }
}

function rolesOf(request: LoopbackRequest, { roles }: SubjectState): Reply {
  const held = searched(request, [...roles], ({ name, description }) => [name, description])
  return paged(request, held.map(roleBody))
}

function assignUserRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  return answer(assign(tenant, request, userOf(tenant, request), 'User'), 201)
}

function assignApplicationRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  return answer(assign(tenant, request, machineOf(tenant, request), 'MachineToMachine'), 201)
}

function assign({ state }: Tenant, request: LoopbackRequest, { roles }: SubjectState, type: RoleState['type']) {
  const roleIds = textsOf(bodyOf(request), 'roleIds')
  const added = roleIds.map((id) => found(state.roles.get(id))).filter((role) => !roles.has(role))
  if (added.some((role) => role.type !== type)) {
    const code = type === 'User' ? 'user.invalid_role_type' : 'application.invalid_role_type'
    throw managementError(422, code, 'Invalid role type.')
  }
  for (const role of added) roles.add(role)
  return { roleIds, addedRoleIds: added.map(({ id }) => id) }
}

function replaceUserRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  return answer({ roleIds: replace(tenant, request, userOf(tenant, request)) })
}

function replaceApplicationRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  replace(tenant, request, machineOf(tenant, request))
  return statusText()
}

function replace({ state }: Tenant, request: LoopbackRequest, { roles }: SubjectState): readonly string[] {
  const roleIds = textsOf(bodyOf(request), 'roleIds')
  const wanted = roleIds.map((id) => found(state.roles.get(id)))
  roles.clear()
  for (const role of wanted) roles.add(role)
  return roleIds
}

function removeRole({ state }: Tenant, { params }: LoopbackRequest, { roles }: SubjectState): Reply {
  const role = state.roles.get(params.roleId ?? '')
  if (role === undefined || !roles.delete(role)) throw entityNotFound()
  return { status: 204 }
}

function machineOf(tenant: Tenant, request: LoopbackRequest): SubjectState {
  const app = appOf(tenant, request)
  if (app.settings.type === 'MachineToMachine') return app
  throw managementError(422, 'application.invalid_type', 'Only machine to machine applications can have roles.')
}

function roleOf({ state }: Tenant, { params }: LoopbackRequest): RoleState {
  const role = state.roles.get(params.id ?? '')
  if (role !== undefined) return role
  throw managementError(404, 'entity.not_exists_with_id', `The roles with ID \`${params.id}\` does not exist.`)
}

function assertFree(state: LogtoState, name: string): void {
  if (![...state.roles.values()].some((role) => role.name === name)) return
  throw managementError(422, 'role.name_in_use', `This role name ${name} is already in use`)
}

function scopeOf({ resources }: LogtoState, id: string): { resource: LogtoResource; name: string } {
  const all = [...resources.values()].flatMap((resource) => resource.scopes.map((name) => ({ resource, name })))
  return found(all.find(({ resource, name }) => scopeId(resource.indicator, name) === id))
}

function allow({ scopes }: RoleState, { resource, name }: { resource: LogtoResource; name: string }): void {
  const names = scopes.get(resource.indicator) ?? new Set()
  scopes.set(resource.indicator, names.add(name))
}
