import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import {
  answer,
  bodyOf,
  entityNotFound,
  managementError,
  optionallyPaged,
  optionalText,
  paged,
  textOf,
  textsOf,
} from './management-answers.ts'
import { organizationBody, organizationRoleBody, scopeId, tenantId, userBody } from './management-bodies.ts'
import { type Call, type EventDetails, found, searched, userOf } from './management-routes.ts'
import { idOf, type LogtoOrganization, type LogtoState, type UserState } from './state.ts'
import type { Tenant } from './tenant.ts'

/** Organizations, their members, and what those may do in them. */
export const organizationCalls: readonly Call[] = [
  ['GET', '/organizations', listOrganizations],
  ['POST', '/organizations', createOrganization, 'Organization.Created'],
  ['GET', '/organizations/:id', (tenant, request) => answer(organizationBody(organizationOf(tenant, request)))],
  ['DELETE', '/organizations/:id', deleteOrganization, 'Organization.Deleted'],
  ['GET', '/organizations/:id/users', listMembers],
  ['POST', '/organizations/:id/users', addMembers, 'Organization.Membership.Updated'],
  ['DELETE', '/organizations/:id/users/:userId', removeMember, 'Organization.Membership.Updated'],
  ['GET', '/organizations/:id/users/:userId/roles', listMemberRoles],
  ['POST', '/organizations/:id/users/:userId/roles', assignMemberRoles],
  ['PUT', '/organizations/:id/users/:userId/roles', replaceMemberRoles],
  ['DELETE', '/organizations/:id/users/:userId/roles/:organizationRoleId', removeMemberRole],
  ['GET', '/organizations/:id/users/:userId/scopes', listMemberScopes],
  ['GET', '/organization-roles', listOrganizationRoles],
]

function listOrganizations({ state }: Tenant, request: LoopbackRequest): Reply {
  const all = searched(request, [...state.organizations.values()], ({ id, name }) => [id, name])
  return paged(request, all.map(organizationBody))
}

function createOrganization({ state }: Tenant, request: LoopbackRequest): Reply {
  const body = bodyOf(request)
  const description = optionalText(body, 'description')
  const id = state.addOrganization({ name: textOf(body, 'name'), ...(description !== undefined && { description }) })
  return answer(organizationBody(found(state.organizations.get(id))), 201)
}

function deleteOrganization(tenant: Tenant, request: LoopbackRequest): Reply {
  const { state } = tenant
  const { id } = organizationOf(tenant, request)
  state.organizations.delete(id)
  for (const { organizations } of [...state.users.values(), ...state.apps.values()]) organizations.delete(id)
  return { status: 204 }
}

function listMembers(tenant: Tenant, request: LoopbackRequest): Reply {
  const { id } = organizationOf(tenant, request)
  const members = [...tenant.state.users.values()].filter(({ organizations }) => organizations.has(id))
  const texts = ({ id: userId, profile }: UserState) => [userId, profile.username, profile.name, profile.email]
  return paged(
    request,
    searched(request, members, texts).map((user) => ({
      ...userBody(user),
      organizationRoles: [...(user.organizations.get(id) ?? [])].map((name) => ({
        id: idOf('organization role', name),
        name,
      })),
    })),
  )
}

function addMembers(tenant: Tenant, request: LoopbackRequest, details: EventDetails): Reply {
  const { id } = organizationOf(tenant, request)
  const userIds = textsOf(bodyOf(request), 'userIds')
  const users = userIds.map((userId) => found(tenant.state.users.get(userId)))
  const added = users.filter(({ organizations }) => !organizations.has(id))
  for (const user of added) tenant.state.setMembership(user, id, [])
  Object.assign(details, { data: undefined, organizationId: id, addedUserIds: added.map((user) => user.id) })
  return answer({ userIds }, 201)
}

function removeMember(tenant: Tenant, request: LoopbackRequest, details: EventDetails): Reply {
  const { id } = organizationOf(tenant, request)
  const user = userOf(tenant, request)
  if (!user.organizations.delete(id)) throw entityNotFound()
  Object.assign(details, { organizationId: id, removedUserIds: [user.id] })
  return { status: 204 }
}

function listMemberRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  const names = [...membershipOf(tenant, request)]
  return optionallyPaged(
    request,
    names.map((name) => organizationRoleBody(found(tenant.state.organizationRoles.get(name)))),
  )
}

function assignMemberRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  const roles = membershipOf(tenant, request)
  const names = chosenRoles(tenant.state, request)
  for (const name of names) roles.add(name)
  return answer({ organizationRoleIds: names.map((name) => idOf('organization role', name)) }, 201)
}

function replaceMemberRoles(tenant: Tenant, request: LoopbackRequest): Reply {
  const roles = membershipOf(tenant, request)
  const names = chosenRoles(tenant.state, request)
  roles.clear()
  for (const name of names) roles.add(name)
  return { status: 204 }
}

function removeMemberRole(tenant: Tenant, request: LoopbackRequest): Reply {
  const roles = membershipOf(tenant, request)
  const id = request.params.organizationRoleId
  const name = [...roles].find((one) => idOf('organization role', one) === id)
  if (name === undefined) throw entityNotFound()
  roles.delete(name)
  return { status: 204 }
}

function listMemberScopes({ state }: Tenant, { params }: LoopbackRequest): Reply {
  const { id = '', userId = '' } = params
  const user = state.users.get(userId)
  const names = new Set(user === undefined ? [] : state.organizationScopes(user, id))
  return answer([...names].map((name) => ({ tenantId, id: idOf('organization scope', name), name, description: name })))
}

function listOrganizationRoles({ state }: Tenant, request: LoopbackRequest): Reply {
  const roles = [...state.organizationRoles.values()].map((role) => ({
    ...organizationRoleBody(role),
    scopes: (role.scopes ?? []).map((name) => ({ id: idOf('organization scope', name), name })),
    resourceScopes: Object.entries(role.resourceScopes ?? {}).flatMap(([indicator, names]) =>
      names.map((name) => {
        const resource = { id: idOf('resource', indicator), name: state.resources.get(indicator)?.name ?? indicator }
        return { id: scopeId(indicator, name), name, resource }
      }),
    ),
  }))
  return optionallyPaged(
    request,
    searched(request, roles, ({ id, name }) => [id, name]),
  )
}

function organizationOf({ state }: Tenant, { params }: LoopbackRequest): LogtoOrganization & { readonly id: string } {
  return found(state.organizations.get(params.id ?? ''))
}

function membershipOf({ state }: Tenant, { params }: LoopbackRequest): Set<string> {
  const roles = state.users.get(params.userId ?? '')?.organizations.get(params.id ?? '')
  if (roles !== undefined) return roles
  const message = 'The user must be a member of the organization to proceed.'
  throw managementError(422, 'organization.require_membership', message)
}

/** Roles that a body names by id, by name, or both. */
function chosenRoles({ organizationRoles }: LogtoState, request: LoopbackRequest): string[] {
  const body = bodyOf(request)
  const ids = body.organizationRoleIds === undefined ? [] : textsOf(body, 'organizationRoleIds')
  const names = body.organizationRoleNames === undefined ? [] : textsOf(body, 'organizationRoleNames')
  const known = [...organizationRoles.keys()]
  if (names.some((name) => !known.includes(name))) {
    throw managementError(422, 'organization.role_names_not_found', 'Some of the organization role names do not exist.')
  }
  const byId = ids.map((id) => {
    const name = known.find((one) => idOf('organization role', one) === id)
    if (name !== undefined) return name
    throw managementError(422, 'entity.relation_foreign_key_not_found', 'Cannot find one or more foreign entities.')
  })
  return [...new Set([...byId, ...names])]
}
