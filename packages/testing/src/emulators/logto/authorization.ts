import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import { peoplePage } from '../people-page.ts'
import { type AuthorizationRequest, browserOf } from './authorizations.ts'
import { OidcError } from './errors.ts'
import { random } from './grants.ts'
import type { AppState, LogtoResource, UserState } from './state.ts'
import type { Tenant } from './tenant.ts'
import { listOf, organizationsResource } from './token-targets.ts'
import { identifier } from './tokens.ts'

/** `/oidc/auth`: sends a browser back with a code, or to the sign-in page first. */
export function authorize(tenant: Tenant, { method, url, form, headers }: LoopbackRequest): Reply {
  const given = method === 'POST' ? form : url.searchParams
  const app = tenant.state.apps.get(given.get('client_id') ?? '')
  // Nobody is sent anywhere on the word of a client that is not known.
  if (app === undefined) throw new OidcError('invalid_client', 'client is invalid')
  const redirectUri = given.get('redirect_uri') ?? ''
  if (!isRegistered(app, redirectUri)) {
    const description = "redirect_uri did not match any of the client's registered redirect_uris"
    throw new OidcError('invalid_redirect_uri', description)
  }
  try {
    const request = readRequest(tenant, app, redirectUri, given)
    const user = userOfBrowser(tenant, browserOf(headers))
    if (user !== undefined && !request.prompts.includes('login'))
      return comeBack(tenant, request, user, browserOf(headers))
    if (request.prompts.includes('none')) throw new OidcError('login_required', 'End-User authentication is required')
    return see(`/sign-in?interaction=${tenant.authorizations.begin(request)}`)
  } catch (error) {
    if (!(error instanceof OidcError)) throw error
    return sendBack(tenant, redirectUri, given.get('state') ?? undefined, {
      error: error.code,
      error_description: error.message,
    })
  }
}

/** The sign-in page: a button for each user, and one to go back without. */
export function signInPage(tenant: Tenant, { url }: LoopbackRequest): Reply {
  const interaction = url.searchParams.get('interaction')
  tenant.authorizations.pending(interaction)
  const people = [...tenant.state.users.values()]
    .filter(({ isSuspended }) => !isSuspended)
    .map(({ id, profile }) => ({ value: id, label: profile.name ?? profile.username ?? profile.email ?? id }))
  return peoplePage({
    title: 'Sign in to Logto',
    action: '/sign-in',
    field: 'user',
    people,
    fields: { interaction: interaction ?? '' },
  })
}

/** What the page sends. */
export function signInForm(tenant: Tenant, { form }: LoopbackRequest): Reply {
  const interaction = form.get('interaction')
  const request = tenant.authorizations.pending(interaction)
  tenant.authorizations.end(interaction)
  const user = tenant.state.users.get(form.get('user') ?? '')
  if (user === undefined || user.isSuspended) {
    const refusal = { error: 'access_denied', error_description: 'End-User aborted interaction' }
    return sendBack(tenant, request.redirectUri, request.state, refusal)
  }
  const browser = random()
  const reply = comeBack(tenant, request, user, browser)
  return {
    ...reply,
    headers: { ...reply.headers, 'set-cookie': `_session=${browser}; Path=/; HttpOnly; SameSite=Lax` },
  }
}

function readRequest(
  { state }: Tenant,
  app: AppState,
  redirectUri: string,
  given: URLSearchParams,
): AuthorizationRequest {
  if (given.get('response_type') !== 'code') {
    throw new OidcError('unsupported_response_type', 'unsupported response_type requested')
  }
  const challenge = given.get('code_challenge') ?? undefined
  if (challenge === undefined && app.isPublic) {
    throw new OidcError('invalid_request', 'Authorization Server policy requires PKCE to be used for this request')
  }
  if (challenge !== undefined && given.get('code_challenge_method') !== 'S256') {
    throw new OidcError('invalid_request', 'not supported value of code_challenge_method')
  }
  const indicators = given.getAll('resource')
  const resources = indicators
    .filter((indicator) => indicator !== organizationsResource)
    .map((indicator) => {
      const found = state.resources.get(indicator)
      if (found === undefined) throw new OidcError('invalid_target', 'resource indicator is missing, or unknown')
      return found
    })
  return {
    app,
    redirectUri,
    scopes: known(state, listOf(given.get('scope')), resources, indicators.includes(organizationsResource)),
    resources,
    prompts: listOf(given.get('prompt')),
    state: given.get('state') ?? undefined,
    nonce: given.get('nonce') ?? undefined,
    challenge,
  }
}

// What allows something in an organization alone is left out, without a word, where its resource was not asked for.
function known(
  state: Tenant['state'],
  scopes: readonly string[],
  resources: readonly LogtoResource[],
  areOrganizationsAsked: boolean,
): readonly string[] {
  if (areOrganizationsAsked) return scopes
  const ofOrganizations = new Set([...state.organizationRoles.values()].flatMap((role) => role.scopes ?? []))
  const ofApis = new Set(resources.flatMap((resource) => resource.scopes))
  return scopes.filter((scope) => ofApis.has(scope) || !ofOrganizations.has(scope))
}

function comeBack(tenant: Tenant, request: AuthorizationRequest, user: UserState, browser: string | undefined): Reply {
  const { state, grants, sessions, authorizations, version } = tenant
  const { app, redirectUri, scopes, resources, prompts, nonce, challenge } = request
  // Without consent there is no `offline_access`, and so no refresh token.
  const isOffline = scopes.includes('offline_access') && prompts.includes('consent')
  const grant = grants.start({
    user,
    app,
    scopes: scopes.filter((scope) => scope !== 'offline_access' || isOffline),
    resources: new Map(resources.map(({ indicator }) => [indicator, state.globalScopes(user, indicator)])),
    session: identifier(version),
  })
  sessions.start(grant, browser)
  const isRefreshable = isOffline || app.settings.alwaysIssueRefreshToken === true
  const code = authorizations.addCode({ grant, redirectUri, nonce, challenge, isRefreshable })
  return sendBack(tenant, redirectUri, request.state, { code })
}

function userOfBrowser({ sessions }: Tenant, browser: string | undefined): UserState | undefined {
  const user = browser === undefined ? undefined : sessions.ofBrowser(browser).at(-1)?.grant.user
  return user?.isSuspended === false ? user : undefined
}

function isRegistered({ settings }: AppState, redirectUri: string): boolean {
  if (settings.redirectUris !== undefined) return settings.redirectUris.includes(redirectUri)
  return /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//.test(redirectUri)
}

function sendBack(
  { issuer }: Tenant,
  target: string,
  state: string | undefined,
  answer: Record<string, string>,
): Reply {
  const query = new URLSearchParams({ ...answer, ...(state !== undefined && { state }), iss: issuer })
  return see(`${target}${target.includes('?') ? '&' : '?'}${query}`)
}

function see(location: string): Reply {
  return { status: 303, headers: { location, 'cache-control': 'no-store' } }
}
