import { json, type LoopbackRequest, type Reply, type Route } from '../../server/routes.ts'
import { escaped, htmlPage } from '../people-page.ts'
import { editorOf, profileRoutes } from './profile.ts'
import { addPermission, addRole, assignRoles, deletePermission, deleteRole, type Handler, listRoles } from './rbac.ts'
import type { OrganizationState, TokenState, TrustAuthXState, UserState } from './state.ts'
import { authenticate, dataEnvelope, HttpError, query, queryBoolean, userEnvelope, withQuery } from './wire.ts'

/** The endpoints of the TrustAuthX emulator, as its switches and counters name them. */
export type TrustAuthXEndpoint =
  | 'ping'
  | 'login'
  | 'editUser'
  | 'profile'
  | 'reAuth'
  | 'getUser'
  | 'getUserData'
  | 'refresh'
  | 'validate'
  | 'revoke'
  | 'listRoles'
  | 'addRole'
  | 'deleteRole'
  | 'addPermission'
  | 'deletePermission'
  | 'assignRoles'

/** All routes of the emulator. */
export function trustAuthXRoutes(state: TrustAuthXState): Route<TrustAuthXEndpoint>[] {
  const call = (endpoint: TrustAuthXEndpoint, method: string, path: string, handle: Handler) => ({
    endpoint,
    method,
    path,
    handle: (request: LoopbackRequest) => answer(request, state, endpoint, handle),
  })
  const me = '/api/user/me'
  return [
    { endpoint: 'ping', method: 'GET', path: '/api/ping', handle: () => json(true) },
    { endpoint: 'login', method: 'GET', path: '/widget/login/', handle: (request) => loginPage(request, state) },
    ...profileRoutes(state),
    call('editUser', 'GET', `${me}/settings/`, editUser),
    call('reAuth', 'GET', `${me}/widget/re-auth/token`, (request, organization) =>
      userEnvelope(state, state.issue(userOf(state, 'reauth', query(request, 'code'), organization))),
    ),
    call('getUser', 'GET', `${me}/auth/data`, (request, organization) =>
      userEnvelope(state, state.issue(userOf(state, 'user', query(request, 'UserToken'), organization))),
    ),
    call('getUserData', 'GET', `${me}/data`, (request, organization) =>
      dataEnvelope(state, tokenOf(state, 'access', query(request, 'AccessToken'), organization)),
    ),
    call('refresh', 'GET', `${me}/access/token/`, refresh),
    call('validate', 'GET', `${me}/auth/validate/token`, (request, organization) => {
      tokenOf(state, 'access', query(request, 'AccessToken'), organization)
      return json(true)
    }),
    call('revoke', 'DELETE', `${me}/token/`, revoke),
    call('listRoles', 'GET', '/rbac/role', listRoles),
    call('addRole', 'POST', '/rbac/role', addRole),
    call('deleteRole', 'DELETE', '/rbac/role', deleteRole),
    call('addPermission', 'POST', '/rbac/permission', addPermission),
    call('deletePermission', 'DELETE', '/rbac/permission', deletePermission),
    call('assignRoles', 'POST', '/rbac/assign/permission', assignRoles),
  ]
}

function answer(
  request: LoopbackRequest,
  state: TrustAuthXState,
  endpoint: TrustAuthXEndpoint,
  handle: Handler,
): Reply {
  let organization: OrganizationState | undefined
  let reply: Reply
  try {
    organization = authenticate(request, state)
    reply = handle(request, organization, state)
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    reply = error.toReply()
  }
  // A list of roles with this header would send the original client round in circles.
  if (organization === undefined || !state.settings.edgeHeader || endpoint === 'listRoles') return reply
  return { ...reply, headers: { ...reply.headers, 'x-edge': String(organization.roles.size) } }
}

function tokenOf(
  state: TrustAuthXState,
  kind: TokenState['kind'],
  text: string,
  organization: OrganizationState,
): TokenState {
  const token = state.token(kind, text, organization)
  if (token === undefined) throw dead(state)
  if (token.user.isBanned) throw new HttpError(403, 'User is banned')
  return token
}

function userOf(
  state: TrustAuthXState,
  kind: 'user' | 'reauth',
  code: string,
  organization: OrganizationState,
): UserState {
  const user = state.takeCode(kind, code, organization)
  if (user === undefined) throw dead(state)
  if (user.isBanned) throw new HttpError(403, 'User is banned')
  return user
}

function dead({ settings }: TrustAuthXState): HttpError {
  return new HttpError(settings.invalidTokenStatus, 'Token Expired - token expired')
}

const refresh: Handler = (request, organization, state) => {
  const token = tokenOf(state, 'refresh', query(request, 'RefreshToken'), organization)
  const { access, refresh: next } = state.issue(token.user)
  if (state.settings.rotateRefreshTokens) token.isRevoked = true
  else state.tokens.delete(next.text)
  return json({
    access_token: access.text,
    refresh_token: state.settings.rotateRefreshTokens ? next.text : token.text,
  })
}

const revoke: Handler = (request, organization, state) => {
  const kind = queryBoolean(request, 'AccessToken') ? 'access' : 'refresh'
  const isThisOnly = queryBoolean(request, 'SpecificTokenOnly')
  const token = tokenOf(state, kind, query(request, 'Token'), organization)
  if (isThisOnly) token.isRevoked = true
  else state.endAll(token.user)
  return json(true)
}

/** The profile editor: a page, or a user who is done at once. */
const editUser: Handler = (request, organization, state) => {
  const { user } = tokenOf(state, 'access', query(request, 'AccessToken'), organization)
  const url = query(request, 'url')
  const { profileChanged, profilePage } = state.settings
  if (profilePage) return { status: 307, headers: { location: editorOf(state, user, url) } }
  const code = state.addCode('reauth', user, false)
  const parameters = { code, ...(profileChanged !== undefined && { ac: String(profileChanged) }) }
  return { status: 307, headers: { location: withQuery(url, parameters) } }
}

/** The hosted page: a button for each user; `&uid=` signs in at once. */
function loginPage({ url }: LoopbackRequest, state: TrustAuthXState): Reply {
  const orgId = url.searchParams.get('org_id') ?? ''
  const users = [...state.users.values()].filter(
    ({ organization, isBanned }) => organization.orgId === orgId && !isBanned,
  )
  const user = users.find(({ uid }) => uid === url.searchParams.get('uid'))
  if (user !== undefined) {
    const code = state.addCode('user', user, false)
    return { status: 302, headers: { location: withQuery(user.organization.redirectUrl, { code }) } }
  }
  const links = users.map(({ uid, name }) => {
    const target = new URLSearchParams({ org_id: orgId, uid })
    return `<li><a href="?${target}">${escaped(name)}</a></li>`
  })
  return htmlPage('Sign in to TrustAuthX', `<ul>${links.join('')}</ul>`)
}
