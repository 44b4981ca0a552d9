import { json, type LoopbackRequest, type Reply } from '../../server/routes.ts'
import { authenticateApp } from './client-authentication.ts'
import { OidcError } from './errors.ts'
import type { RefreshToken } from './grants.ts'
import { managementError } from './management-answers.ts'
import type { AppState } from './state.ts'
import type { Tenant } from './tenant.ts'
import { exchange, tokenExchange } from './token-exchange.ts'
import {
  accessTokenFor,
  assertMember,
  audienceOf,
  defaultLifetime,
  listOf,
  organizationsScope,
  resourceOf,
  type Target,
  unknownResource,
} from './token-targets.ts'
import { signAccessToken, signIdToken } from './tokens.ts'

/** `POST /oidc/token` */
export async function issueTokens(tenant: Tenant, request: LoopbackRequest): Promise<Reply> {
  const { form } = request
  const app = authenticateApp(request, tenant.state, tenant.now())
  const grantType = form.get('grant_type')
  if (grantType === null) throw OidcError.missing('grant_type')
  if (!['authorization_code', 'client_credentials', 'refresh_token', tokenExchange].includes(grantType)) {
    throw new OidcError('unsupported_grant_type', 'unsupported grant_type requested')
  }
  if (!mayUse(app, grantType)) {
    throw new OidcError('invalid_request', 'requested grant type is not allowed for this client')
  }
  for (const name of new Set(form.keys())) {
    if (name !== 'resource' && form.getAll(name).length > 1) {
      throw new OidcError('invalid_request', `'${name}' parameter must not be provided twice`)
    }
  }
  // In the shape of the Management API, without `error`.
  if (tenant.switches.isTokenQuotaUsedUp) {
    return managementError(429, 'auth.exceed_token_limit', 'Token request exceeds the limit of your plan.').reply
  }
  if (grantType === tokenExchange) return exchange(tenant, app, form)
  if (grantType === 'client_credentials') return clientCredentials(tenant, app, form)
  if (grantType === 'authorization_code') return redeemCode(tenant, app, form)
  const token = form.get('refresh_token')
  if (token === null) throw OidcError.missing('refresh_token')
  return refresh(tenant, app, token, form)
}

function mayUse({ settings }: AppState, grantType: string): boolean {
  if (grantType === tokenExchange) return settings.allowTokenExchange === true
  return (grantType === 'client_credentials') === (settings.type === 'MachineToMachine')
}

async function redeemCode(tenant: Tenant, app: AppState, form: URLSearchParams): Promise<Reply> {
  const code = form.get('code')
  if (code === null) throw OidcError.missing('code')
  const found = tenant.authorizations.redeem(code, app, form)
  const resource = resourceOf(tenant, form, undefined)
  if (resource !== undefined && !found.grant.resources.has(resource.indicator)) throw unknownResource()
  const { grant, nonce, isRefreshable } = found
  const { user, session, scopes: asked } = grant
  const { accessToken, expiresIn, scopes } = await accessTokenFor(tenant, grant, {
    resource,
    organization: undefined,
    asked,
  })
  const idToken = { user, app, scopes: asked, session, accessToken, ...(nonce !== undefined && { nonce }) }
  return json({
    access_token: accessToken,
    expires_in: expiresIn,
    ...(asked.includes('openid') && { id_token: signIdToken(tenant, idToken) }),
    ...(isRefreshable && { refresh_token: tenant.grants.addRefresh(grant) }),
    scope: scopes.join(' '),
    token_type: 'Bearer',
  })
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

function targetOf(tenant: Tenant, { grant }: RefreshToken, form: URLSearchParams): Target {
  const organization = form.get('organization_id') ?? undefined
  if (organization !== undefined) {
    if (!grant.scopes.includes(organizationsScope)) {
      const details = { status: 403, scope: organizationsScope }
      throw new OidcError('insufficient_scope', 'refresh token missing required scope', details)
    }
    assertMember(grant.user, organization)
  }
  const resource = resourceOf(tenant, form, organization)
  if (resource !== undefined && !resource.isDefault && !grant.resources.has(resource.indicator)) throw unknownResource()
  return { resource, organization }
}
