import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import { answer, bodyOf, invalidBody, managementError, optionalText, paged, textOf } from './management-answers.ts'
import { grantBody, organizationBody, personalTokenBody, sessionBody, userBody } from './management-bodies.ts'
import { type Call, type EventDetails, found, searched, userOf } from './management-routes.ts'
import { idOf, type LogtoUser, type UserState } from './state.ts'
import { type PersonalToken, subjectTokenLifetime } from './subject-tokens.ts'
import type { Tenant } from './tenant.ts'

/** Users, where they are signed in, and what can be exchanged for their tokens. */
export const userCalls: readonly Call[] = [
  ['GET', '/users', listUsers],
  ['POST', '/users', createUser, 'User.Created'],
  ['GET', '/users/:userId', (tenant, request) => answer(userBody(userOf(tenant, request)))],
  ['DELETE', '/users/:userId', removeUser, 'User.Deleted'],
  ['PATCH', '/users/:userId/is-suspended', setSuspended, 'User.SuspensionStatus.Updated'],
  ['GET', '/users/:userId/organizations', listOrganizations],
  ['GET', '/users/:userId/sessions', listSessions],
  ['DELETE', '/users/:userId/sessions/:sessionId', endSession],
  ['GET', '/users/:userId/grants', listGrants],
  ['DELETE', '/users/:userId/grants/:grantId', revokeGrant],
  ['GET', '/users/:userId/personal-access-tokens', listPersonalTokens],
  ['POST', '/users/:userId/personal-access-tokens', createPersonalToken],
  ['POST', '/users/:userId/personal-access-tokens/delete', deletePersonalToken],
  ['POST', '/subject-tokens', createSubjectToken],
]

/** Suspends a user, or ends the suspension. What was signed in does not come back. */
export function suspendUser(tenant: Tenant, user: UserState, isSuspended: boolean): void {
  tenant.state.suspend(user, isSuspended)
  if (isSuspended) signOutEverywhere(tenant, user)
}

export function deleteUser(tenant: Tenant, user: UserState): void {
  signOutEverywhere(tenant, user)
  tenant.state.users.delete(user.id)
}

function signOutEverywhere({ grants, sessions }: Tenant, user: UserState): void {
  grants.endAll(user)
  sessions.endAll(user)
}

function listUsers({ state }: Tenant, request: LoopbackRequest): Reply {
  const texts = ({ id, profile }: UserState) => [id, profile.username, profile.name, profile.email]
  return paged(request, searched(request, [...state.users.values()], texts).map(userBody))
}

function createUser({ state }: Tenant, request: LoopbackRequest): Reply {
  const body = bodyOf(request)
  const username = optionalText(body, 'username')
  const email = optionalText(body, 'primaryEmail')
  const name = optionalText(body, 'name')
  const profiles = [...state.users.values()].map(({ profile }) => profile)
  if (username !== undefined && profiles.some((profile) => profile.username === username)) {
    throw managementError(422, 'user.username_already_in_use', 'This username is already in use.')
  }
  if (email !== undefined && profiles.some((profile) => profile.email === email)) {
    throw managementError(422, 'user.email_already_in_use', 'This email is associated with an existing account.')
  }
  const profile: LogtoUser = {
    ...(username !== undefined && { username }),
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(isRecord(body.customData) && { customData: body.customData }),
  }
  return answer(userBody(state.addUser(profile)))
}

function removeUser(tenant: Tenant, request: LoopbackRequest, details: EventDetails): Reply {
  const user = userOf(tenant, request)
  const { hasPassword: _, ...data } = userBody(user)
  deleteUser(tenant, user)
  details.data = data
  return { status: 204 }
}

function setSuspended(tenant: Tenant, request: LoopbackRequest): Reply {
  const user = userOf(tenant, request)
  const { isSuspended } = bodyOf(request)
  if (typeof isSuspended !== 'boolean') throw invalidBody('isSuspended')
  suspendUser(tenant, user, isSuspended)
  return answer(userBody(user))
}

function listOrganizations(tenant: Tenant, request: LoopbackRequest): Reply {
  const { organizations } = userOf(tenant, request)
  return answer(
    [...organizations].map(([id, roles]) => ({
      ...organizationBody(found(tenant.state.organizations.get(id))),
      organizationRoles: [...roles].map((name) => ({ id: idOf('organization role', name), name })),
    })),
  )
}

function listSessions(tenant: Tenant, request: LoopbackRequest): Reply {
  return answer({ sessions: tenant.sessions.ofUser(userOf(tenant, request)).map(sessionBody) })
}

function endSession(tenant: Tenant, request: LoopbackRequest): Reply {
  const session = tenant.sessions.ofUser(userOf(tenant, request)).find(({ uid }) => uid === request.params.sessionId)
  if (session === undefined) throw managementError(404, 'oidc.session_not_found', 'Session not found.')
  const target = request.url.searchParams.get('revokeGrantsTarget')
  if (target !== null && target !== 'all' && target !== 'firstParty') throw invalidBody('revokeGrantsTarget', 'query')
  tenant.sessions.end(session)
  const { grant } = session
  // No logout token is sent from here.
  if (target === 'all' || (target === 'firstParty' && grant.app.settings.isThirdParty !== true)) grant.dead = true
  return { status: 204 }
}

function listGrants(tenant: Tenant, request: LoopbackRequest): Reply {
  return answer({ grants: tenant.grants.ofUser(userOf(tenant, request)).map(grantBody) })
}

function revokeGrant(tenant: Tenant, request: LoopbackRequest): Reply {
  const grant = tenant.grants.ofUser(userOf(tenant, request)).find(({ id }) => id === request.params.grantId)
  if (grant === undefined) throw managementError(404, 'oidc.invalid_grant', 'Grant request is invalid.')
  grant.dead = true
  return { status: 204 }
}

function createSubjectToken({ state, subjectTokens }: Tenant, request: LoopbackRequest): Reply {
  const user = found(state.users.get(textOf(bodyOf(request), 'userId')))
  return answer({ subjectToken: subjectTokens.addSubject(user), expiresIn: subjectTokenLifetime }, 201)
}

function listPersonalTokens(tenant: Tenant, request: LoopbackRequest): Reply {
  return answer(tenant.subjectTokens.personalOf(userOf(tenant, request)).map(personalTokenBody))
}

function createPersonalToken(tenant: Tenant, request: LoopbackRequest): Reply {
  const user = userOf(tenant, request)
  const body = bodyOf(request)
  const name = textOf(body, 'name')
  const expiresAt = typeof body.expiresAt === 'number' ? body.expiresAt / 1000 : undefined
  if (name === '') throw invalidBody('name')
  if (expiresAt !== undefined && expiresAt <= tenant.now()) {
    const details = 'The value of `expiresAt` must be in the future.'
    throw managementError(400, 'request.invalid_input', 'Input is invalid.', { details })
  }
  if (personalTokenNamed(tenant, user, name) !== undefined) {
    throw managementError(422, 'user.personal_access_token_name_exists', 'Personal access token name already exists.')
  }
  return answer(personalTokenBody(tenant.subjectTokens.addPersonal(user, name, expiresAt)), 201)
}

function deletePersonalToken(tenant: Tenant, request: LoopbackRequest): Reply {
  const name = textOf(bodyOf(request), 'name')
  tenant.subjectTokens.deletePersonal(found(personalTokenNamed(tenant, userOf(tenant, request), name)))
  return { status: 204 }
}

function personalTokenNamed({ subjectTokens }: Tenant, user: UserState, name: string): PersonalToken | undefined {
  return subjectTokens.personalOf(user).find((token) => token.name === name)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
