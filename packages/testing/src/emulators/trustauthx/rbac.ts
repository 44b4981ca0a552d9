import { json, type LoopbackRequest, type Reply } from '../../server/routes.ts'
import {
  type OrganizationState,
  pairsOf,
  type RoleState,
  type TrustAuthXState,
  type UserState,
  unique,
} from './state.ts'
import { HttpError, jsonOf, query, wirePermissions, wireRole } from './wire.ts'

/** Answers one call of an organization's server. */
export type Handler = (request: LoopbackRequest, organization: OrganizationState, state: TrustAuthXState) => Reply

export const listRoles: Handler = (request, organization) => {
  assertOrganization(query(request, 'org_id'), organization)
  return json([...organization.roles.values()].map((role) => wireRole(organization, role)))
}

export const addRole: Handler = (request, organization, state) => {
  const body = bodyOf(request, organization)
  const role = state.addRole(organization, { name: textIn(body, 'name'), permissions: permissionsIn(body) })
  return json(wireRole(organization, role))
}

export const deleteRole: Handler = (request, organization, state) => {
  const role = roleIn(bodyOf(request, organization), organization)
  state.deleteRole(organization, role.id)
  return json(wireRole(organization, role))
}

/** Answers with what has just been added, not with all. */
export const addPermission: Handler = (request, organization) => {
  const body = bodyOf(request, organization)
  const role = roleIn(body, organization)
  const added = pairsOf(permissionsIn(body))
  role.permissions = unique([...role.permissions, ...added])
  return json({ org_id: organization.orgId, rol_id: role.id, permissions: wirePermissions(added) })
}

/** Answers with what is left. */
export const deletePermission: Handler = (request, organization) => {
  const body = bodyOf(request, organization)
  const role = roleIn(body, organization)
  const gone = pairsOf(permissionsIn(body))
  role.permissions = role.permissions.filter(
    ([key, value]) => !gone.some((pair) => pair[0] === key && pair[1] === value),
  )
  return json({ org_id: organization.orgId, rol_id: role.id, permissions: wirePermissions(role.permissions) })
}

/** Gives roles to a user and takes others away; on request ends the session and starts one that shows it. */
export const assignRoles: Handler = (request, organization, state) => {
  assertOrganization(query(request, 'org_id'), organization)
  const body = objectIn(request)
  const uid = textIn(body, 'uid')
  const added = idsIn(body, 'rol_id')
  const removed = idsIn(body, 'inplace')
  const isSignOff = body.signoff_session_and_assign ?? false
  if (typeof isSignOff !== 'boolean') throw HttpError.invalid('body', 'signoff_session_and_assign', 'bool')
  const user = state.users.get(uid)
  if (user === undefined || user.organization !== organization) throw new HttpError(404, 'User not found')
  if (user.isBanned) throw new HttpError(403, 'User is banned')
  for (const id of [...added, ...removed]) {
    if (!organization.roles.has(id)) throw new HttpError(404, 'Role not found')
  }
  const session = isSignOff ? sessionIn(body, user, state) : []
  for (const id of removed) user.roles.delete(id)
  for (const id of added) user.roles.add(id)
  for (const token of session) token.isRevoked = true
  const fresh = isSignOff ? state.issue(user) : undefined
  return json({
    uid,
    access_token: fresh?.access.text ?? null,
    refresh_token: fresh?.refresh.text ?? null,
    role: [...user.roles],
  })
}

function sessionIn(body: Record<string, unknown>, user: UserState, state: TrustAuthXState) {
  const access = state.token('access', textIn(body, 'AccessToken'), user.organization)
  const refresh = state.token('refresh', textIn(body, 'RefreshToken'), user.organization)
  if (access === undefined || refresh === undefined) throw new HttpError(401, 'Token Expired - token expired')
  if (access.user !== user || refresh.user !== user) throw new HttpError(403, 'The session is of another user')
  return [access, refresh]
}

function bodyOf(request: LoopbackRequest, organization: OrganizationState): Record<string, unknown> {
  assertOrganization(query(request, 'org_id'), organization)
  const body = objectIn(request)
  assertOrganization(textIn(body, 'org_id'), organization)
  return body
}

// FastAPI reads no body that is not called JSON.
function objectIn({ headers, body }: LoopbackRequest): Record<string, unknown> {
  const found = /^application\/json\b/i.test(headers['content-type'] ?? '') ? jsonOf(body) : undefined
  if (found === undefined) throw HttpError.invalid('body', 'body', 'dict')
  return found
}

function assertOrganization(orgId: string, organization: OrganizationState): void {
  if (orgId !== organization.orgId) throw new HttpError(403, 'The organization is not that of the API key')
}

function roleIn(body: Record<string, unknown>, { roles }: OrganizationState): RoleState {
  const role = roles.get(textIn(body, 'rol_id'))
  if (role === undefined) throw new HttpError(404, 'Role not found')
  return role
}

function textIn(body: Record<string, unknown>, name: string): string {
  const value = body[name]
  if (value === undefined || value === null) throw HttpError.invalid('body', name, 'missing')
  if (typeof value !== 'string') throw HttpError.invalid('body', name, 'str')
  return value
}

/** A bare text stands for a list of one. */
function idsIn(body: Record<string, unknown>, name: string): string[] {
  const value = body[name]
  if (value === undefined) throw HttpError.invalid('body', name, 'missing')
  const ids: unknown[] = [value].flat()
  if (!ids.every((id) => typeof id === 'string')) throw HttpError.invalid('body', name, 'list')
  return ids
}

function permissionsIn(body: Record<string, unknown>): Record<string, string>[] {
  const value = body.permissions
  if (value === undefined) throw HttpError.invalid('body', 'permissions', 'missing')
  if (!Array.isArray(value)) throw HttpError.invalid('body', 'permissions', 'list')
  for (const permission of value as unknown[]) {
    if (typeof permission !== 'object' || permission === null || Array.isArray(permission)) {
      throw HttpError.invalid('body', 'permissions', 'dict')
    }
    if (!Object.values(permission).every((each) => typeof each === 'string')) {
      throw HttpError.invalid('body', 'permissions', 'str')
    }
  }
  return value as Record<string, string>[]
}
