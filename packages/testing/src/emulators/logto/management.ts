import { json, type LoopbackRequest, type Reply, type Route } from '../../server/routes.ts'
import { entityNotFound, ManagementError, managementError, paged, readManagementToken } from './management-answers.ts'
import { idOf, type LogtoRole, type SubjectState, type UserState } from './state.ts'
import type { Tenant } from './token-endpoint.ts'

type Handler = (tenant: Tenant, request: LoopbackRequest) => Reply | Promise<Reply>

/** The routes of the Management API that are needed to see and change who may do what. */
export function managementRoutes(tenant: Tenant): Route<'management'>[] {
  const at = (method: string, path: string, handle: Handler): Route<'management'> => ({
    endpoint: 'management',
    method,
    path: `/api${path}`,
    handle: (request) => answering(tenant, request, handle),
  })
  return [
    at('GET', '/roles', listRoles),
    at('GET', '/roles/:id/scopes', listRoleScopes),
    at('GET', '/resources', listResources),
    at('GET', '/users/:id', getUser),
    at('DELETE', '/users/:id', removeUser),
    at('PATCH', '/users/:id/is-suspended', setSuspended),
    at('GET', '/users/:id/organizations', listOrganizations),
    at('GET', '/users/:id/roles', (of, request) => rolesOf(of, request, userOf(of, request))),
    at('POST', '/users/:id/roles', (of, request) => addRoles(of, request, userOf(of, request))),
    at('PUT', '/users/:id/roles', (of, request) => setRoles(of, request, userOf(of, request))),
    at('DELETE', '/users/:id/roles/:roleId', (of, request) => removeRole(of, request, userOf(of, request))),
    at('GET', '/applications/:id/roles', (of, request) => rolesOf(of, request, appOf(of, request))),
    at('POST', '/applications/:id/roles', (of, request) => addRoles(of, request, appOf(of, request))),
    at('PUT', '/applications/:id/roles', (of, request) => setRoles(of, request, appOf(of, request))),
    at('DELETE', '/applications/:id/roles/:roleId', (of, request) => removeRole(of, request, appOf(of, request))),
    at('GET', '/organizations/:id/users/:userId/roles', listOrganizationRoles),
    at('GET', '/organizations/:id/users/:userId/scopes', listOrganizationScopes),
  ]
}

/** Suspends a user, or ends the suspension. What was signed in does not come back. */
export function suspendUser({ state, grants }: Tenant, user: UserState, isSuspended: boolean): void {
  state.suspend(user, isSuspended)
  if (isSuspended) grants.endAll(user)
}

export function deleteUser({ state, grants }: Tenant, user: UserState): void {
  grants.endAll(user)
  state.users.delete(user.id)
}

async function answering(tenant: Tenant, request: LoopbackRequest, handle: Handler): Promise<Reply> {
  try {
    readManagementToken(tenant, request.headers.authorization)
    return await handle(tenant, request)
  } catch (error) {
    if (error instanceof ManagementError) return error.reply
    throw error
  }
}

function listRoles({ state }: Tenant, request: LoopbackRequest): Reply {
  const type = request.url.searchParams.get('type')
  const roles = [...state.roles.values()].map(roleBody).filter((role) => type === null || role.type === type)
  return paged(
    request,
    roles.map((role) => {
      const users = [...state.users.values()].filter(({ roles: held }) => held.has(role.name))
      const apps = [...state.apps.values()].filter(({ roles: held }) => held.has(role.name))
      return {
        ...role,
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

function listRoleScopes({ state }: Tenant, { params }: LoopbackRequest): Reply {
  const role = [...state.roles.values()].find(({ name }) => idOf('role', name) === params.id)
  if (role === undefined)
    throw managementError(404, 'entity.not_exists_with_id', `The roles with ID \`${params.id}\` does not exist.`)
  return json(
    Object.entries(role.scopes ?? {}).flatMap(([indicator, names]) =>
      names.map((name) => ({
        ...scopeBody(indicator, name),
        resource: resourceBody(state.resources.get(indicator), indicator),
      })),
    ),
    plain,
  )
}

function listResources({ state }: Tenant, { url }: LoopbackRequest): Reply {
  const withScopes = url.searchParams.get('includeScopes') === 'true'
  return json(
    [...state.resources.values()].map((resource) => ({
      ...resourceBody(resource, resource.indicator),
      ...(withScopes && { scopes: resource.scopes.map((name) => scopeBody(resource.indicator, name)) }),
    })),
    plain,
  )
}

function getUser(tenant: Tenant, request: LoopbackRequest): Reply {
  return json(userBody(userOf(tenant, request)), plain)
}

function removeUser(tenant: Tenant, request: LoopbackRequest): Reply {
  deleteUser(tenant, userOf(tenant, request))
  return { status: 204 }
}

function setSuspended(tenant: Tenant, request: LoopbackRequest): Reply {
  const user = userOf(tenant, request)
  const { isSuspended } = bodyOf(request)
  if (typeof isSuspended !== 'boolean') throw invalidBody('isSuspended')
  suspendUser(tenant, user, isSuspended)
  return json(userBody(user), plain)
}

function listOrganizations(tenant: Tenant, request: LoopbackRequest): Reply {
  const { organizations } = userOf(tenant, request)
  return json(
    [...organizations].map(([id, roles]) => {
      const organization = tenant.state.organizations.get(id)
      return {
        tenantId,
        id,
        name: organization?.name,
        description: organization?.description ?? null,
        customData: {},
        organizationRoles: [...roles].map((name) => ({ id: idOf('organization role', name), name })),
      }
    }),
    plain,
  )
}

function rolesOf({ state }: Tenant, request: LoopbackRequest, { roles }: SubjectState): Reply {
  return paged(request, [...roles].flatMap((name) => state.roles.get(name) ?? []).map(roleBody))
}

function addRoles(tenant: Tenant, request: LoopbackRequest, { roles }: SubjectState): Reply {
  for (const name of roleNames(tenant, request)) roles.add(name)
  return { status: 201 }
}

function setRoles(tenant: Tenant, request: LoopbackRequest, { roles }: SubjectState): Reply {
  const names = roleNames(tenant, request)
  roles.clear()
  for (const name of names) roles.add(name)
  return { status: 200 }
}

function removeRole({ state }: Tenant, { params }: LoopbackRequest, { roles }: SubjectState): Reply {
  const name = [...state.roles.keys()].find((one) => idOf('role', one) === params.roleId)
  if (name === undefined || !roles.delete(name)) throw entityNotFound()
  return { status: 204 }
}

function listOrganizationRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  const names = [...membershipOf(tenant, request)]
  const roles = names.flatMap((name) => tenant.state.organizationRoles.get(name) ?? [])
  return json(
    roles.map(({ name, description = name }) => ({
      tenantId,
      id: idOf('organization role', name),
      name,
      description,
      type: 'User',
    })),
    plain,
  )
}

function listOrganizationScopes(tenant: Tenant, request: LoopbackRequest): Reply {
  membershipOf(tenant, request)
  const { id = '', userId = '' } = request.params
  const names = new Set(tenant.state.organizationScopes(tenant.state.subject(userId), id))
  return json(
    [...names].map((name) => ({ tenantId, id: idOf('organization scope', name), name, description: name })),
    plain,
  )
}

const tenantId = 'default'
const plain = { headers: { 'content-type': 'application/json; charset=utf-8' } }

function userOf({ state }: Tenant, { params }: LoopbackRequest): UserState {
  const user = state.users.get(params.id ?? '')
  if (user === undefined) throw entityNotFound()
  return user
}

function appOf({ state }: Tenant, { params }: LoopbackRequest): SubjectState {
  const app = state.apps.get(params.id ?? '')
  if (app === undefined) throw entityNotFound()
  return app
}

function membershipOf({ state }: Tenant, { params }: LoopbackRequest): ReadonlySet<string> {
  const roles = state.users.get(params.userId ?? '')?.organizations.get(params.id ?? '')
  if (roles === undefined) throw entityNotFound()
  return roles
}

function roleNames({ state }: Tenant, request: LoopbackRequest): string[] {
  const { roleIds } = bodyOf(request)
  if (!Array.isArray(roleIds)) throw invalidBody('roleIds')
  return roleIds.map((id) => {
    const name = [...state.roles.keys()].find((one) => idOf('role', one) === id)
    if (name === undefined) throw entityNotFound()
    return name
  })
}

function bodyOf({ body }: LoopbackRequest): Record<string, unknown> {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new ManagementError(json({ message: (error as Error).message }, { status: 400, ...plain }))
  }
}

function invalidBody(path: string): ManagementError {
  return managementError(400, 'guard.invalid_input', 'The request body is invalid.', {
    data: { issues: [{ code: 'invalid_type', path: [path] }], name: 'ZodError' },
    details: `Error in key path "${path}": (invalid_type)`,
  })
}

function roleBody({ name, description = name, type = 'User' }: LogtoRole) {
  return { tenantId, id: idOf('role', name), name, description, type, isDefault: false }
}

function resourceBody(resource: { isDefault?: boolean; accessTokenTtl?: number } | undefined, indicator: string) {
  const { isDefault = false, accessTokenTtl = 3600 } = resource ?? {}
  return { tenantId, id: idOf('resource', indicator), name: indicator, indicator, isDefault, accessTokenTtl }
}

function scopeBody(indicator: string, name: string) {
  return {
    tenantId,
    id: idOf('scope', `${indicator} ${name}`),
    resourceId: idOf('resource', indicator),
    name,
    description: name,
  }
}

function userBody({ id, profile, createdAt, updatedAt, isSuspended }: UserState) {
  return {
    id,
    username: profile.username,
    primaryEmail: profile.email ?? null,
    primaryPhone: null,
    name: profile.name ?? null,
    avatar: null,
    customData: profile.customData ?? {},
    identities: {},
    lastSignInAt: null,
    createdAt,
    updatedAt,
    profile: {},
    applicationId: null,
    isSuspended,
    hasPassword: true,
  }
}
