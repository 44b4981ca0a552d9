import type { Seconds } from '@claviger/core'
import { json, type LoopbackRequest, type Reply } from '../../server/routes.ts'
import { authenticateApp } from './client-authentication.ts'
import { OidcError } from './errors.ts'
import type { Grant, Grants, RefreshToken } from './grants.ts'
import type { AppState, LogtoResource } from './state.ts'
import { signAccessToken, signIdToken, type TokenMaker } from './tokens.ts'

/** What the endpoints work on. */
export interface Tenant extends TokenMaker {
  readonly grants: Grants
}

export const organizationsScope = 'urn:logto:scope:organizations'
const defaultLifetime: Seconds = 3600
const oidcScopes = new Set([
  'openid',
  'profile',
  'email',
  'phone',
  'address',
  'custom_data',
  'identities',
  'roles',
  'offline_access',
  organizationsScope,
  'urn:logto:scope:organization_roles',
  'urn:logto:scope:sessions',
])

/** `POST /oidc/token` */
export async function issueTokens(tenant: Tenant, request: LoopbackRequest): Promise<Reply> {
  const { form } = request
  const app = authenticateApp(request, tenant.state, tenant.now())
  const grantType = form.get('grant_type')
  if (grantType === null) throw OidcError.missing('grant_type')
  if (grantType !== 'client_credentials' && grantType !== 'refresh_token') {
    throw new OidcError('unsupported_grant_type', 'unsupported grant_type requested')
  }
  if ((grantType === 'client_credentials') !== (app.settings.type === 'MachineToMachine')) {
    throw new OidcError('invalid_request', 'requested grant type is not allowed for this client')
  }
  for (const name of new Set(form.keys())) {
    if (name !== 'resource' && form.getAll(name).length > 1) {
      throw new OidcError('invalid_request', `'${name}' parameter must not be provided twice`)
    }
  }
  if (grantType === 'client_credentials') return clientCredentials(tenant, app, form)
  const token = form.get('refresh_token')
  if (token === null) throw OidcError.missing('refresh_token')
  return refresh(tenant, app, token, form)
}

async function clientCredentials(tenant: Tenant, app: AppState, form: URLSearchParams): Promise<Reply> {
  const { state } = tenant
  const organization = form.get('organization_id') ?? undefined
  const resource = resourceOf(tenant, form, organization)
  if (resource === undefined && organization === undefined) {
    throw new OidcError('invalid_target', 'both `resource` and `organization_id` are not provided')
  }
  if (organization !== undefined && !app.organizations.has(organization)) {
    throw new OidcError('access_denied', 'app has not associated with the organization', { status: 403 })
  }
  const held =
    organization !== undefined
      ? state.organizationScopes(app, organization, resource?.indicator)
      : state.globalScopes(app, resource?.indicator ?? '')
  const scopes = listOf(form.get('scope')).filter((scope) => held.includes(scope))
  const lifetime = resource?.accessTokenTtl ?? defaultLifetime
  const token = await signAccessToken(tenant, {
    app,
    lifetime,
    ...audienceOf(resource, organization),
    ...(scopes.length > 0 && { scopes }),
  })
  return json({
    access_token: token,
    expires_in: lifetime,
    token_type: 'Bearer',
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  })
}

async function refresh(tenant: Tenant, app: AppState, token: string, form: URLSearchParams): Promise<Reply> {
  const found = tenant.grants.redeem(token, app)
  if (found === undefined) throw OidcError.grant()
  const asked = form.has('scope') ? listOf(form.get('scope')) : found.grant.scopes
  const ungranted = asked.filter((scope) => !found.grant.scopes.includes(scope))
  if (ungranted.length > 0) {
    const description = `refresh token missing requested scope${ungranted.length > 1 ? 's' : ''}`
    throw new OidcError('invalid_scope', description, { scope: ungranted.join(' ') })
  }
  const answer = await accessTokenFor(tenant, found.grant, { ...targetOf(tenant, found, form), asked })
  const { accessToken, expiresIn, scopes } = answer
  const { user, session } = found.grant
  return json({
    access_token: accessToken,
    expires_in: expiresIn,
    ...(asked.includes('openid') && {
      id_token: signIdToken(tenant, { user, app, scopes: asked, session, accessToken }),
    }),
    refresh_token: tenant.grants.rotate(token, found),
    scope: scopes.join(' '),
    token_type: 'Bearer',
  })
}

/** What a user's access token is for. */
export interface Target {
  readonly resource: LogtoResource | undefined
  readonly organization: string | undefined
}

function targetOf(tenant: Tenant, { grant }: RefreshToken, form: URLSearchParams): Target {
  const organization = form.get('organization_id') ?? undefined
  if (organization !== undefined) {
    if (!grant.scopes.includes(organizationsScope)) {
      const details = { status: 403, scope: organizationsScope }
      throw new OidcError('insufficient_scope', 'refresh token missing required scope', details)
    }
    if (!grant.user.organizations.has(organization)) {
      throw new OidcError('access_denied', 'user is not a member of the organization', { status: 403 })
    }
  }
  const resource = resourceOf(tenant, form, organization)
  if (resource !== undefined && !resource.isDefault && !grant.resources.has(resource.indicator)) throw unknownResource()
  return { resource, organization }
}

/** A user's access token: opaque when it is for no API and no organization. */
export async function accessTokenFor(
  tenant: Tenant,
  grant: Grant,
  { resource, organization, asked }: Target & { readonly asked: readonly string[] },
): Promise<{ accessToken: string; expiresIn: Seconds; scopes: readonly string[] }> {
  const { user, app } = grant
  if (resource === undefined && organization === undefined) {
    const scopes = asked.filter((scope) => oidcScopes.has(scope))
    return { accessToken: tenant.grants.addOpaque(grant, scopes, defaultLifetime), expiresIn: defaultLifetime, scopes }
  }
  const held = heldScopes(tenant, grant, { resource, organization })
  const scopes = asked.filter((scope) => held.includes(scope))
  const lifetime = resource?.accessTokenTtl ?? defaultLifetime
  const request = { app, user, lifetime, scopes, ...audienceOf(resource, organization) }
  return { accessToken: await signAccessToken(tenant, request), expiresIn: lifetime, scopes }
}

function heldScopes({ state }: Tenant, { user, resources }: Grant, { resource, organization }: Target): string[] {
  if (resource === undefined) return state.organizationScopes(user, organization ?? '')
  const { indicator } = resource
  // Rights in an organization show at the next refresh; those of the tenant only at the next sign-in.
  const atSignIn = resources.get(indicator) ?? resource.scopes
  const organizations = organization === undefined ? [...user.organizations.keys()] : [organization]
  const there = organizations.flatMap((id) => state.organizationScopes(user, id, indicator))
  return [...state.globalScopes(user, indicator).filter((scope) => atSignIn.includes(scope)), ...there]
}

// An organization is named in `organization_id` only where `aud` does not name it.
function audienceOf(resource: LogtoResource | undefined, organization: string | undefined) {
  if (resource === undefined) return { audience: `urn:logto:organization:${organization}` }
  return { audience: resource.indicator, ...(organization !== undefined && { organization }) }
}

function resourceOf(
  { state }: Tenant,
  form: URLSearchParams,
  organization: string | undefined,
): LogtoResource | undefined {
  const [indicator, another] = form.getAll('resource')
  if (another !== undefined) {
    throw new OidcError('invalid_target', 'only a single resource indicator value is supported for this grant type')
  }
  if (indicator === undefined) {
    return organization === undefined ? [...state.resources.values()].find(({ isDefault }) => isDefault) : undefined
  }
  if (!URL.canParse(indicator)) throw new OidcError('invalid_target', 'resource indicator must be an absolute URI')
  const resource = state.resources.get(indicator)
  if (resource === undefined) throw unknownResource()
  return resource
}

function unknownResource(): OidcError {
  return new OidcError('invalid_target', 'resource indicator is missing, or unknown')
}

function listOf(scope: string | null): string[] {
  return [...new Set((scope ?? '').split(' ').filter(Boolean))]
}
