import type { Seconds } from '@claviger/core'
import { urlOf } from '../../url.ts'
import { OidcError } from './errors.ts'
import type { Grant } from './grants.ts'
import type { LogtoResource, UserState } from './state.ts'
import type { Tenant } from './tenant.ts'
import { signAccessToken } from './tokens.ts'

export const organizationsScope = 'urn:logto:scope:organizations'
/** Whose scopes are the permissions of organizations; asked for when a browser sets out, and nowhere else. */
export const organizationsResource = 'urn:logto:resource:organizations'
export const defaultLifetime: Seconds = 3600
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

/** What a user's access token is for. */
export interface Target {
  readonly resource: LogtoResource | undefined
  readonly organization: string | undefined
}

/** A user's access token: opaque when it is for no API and no organization. */
export async function accessTokenFor(
  tenant: Tenant,
  grant: Grant,
  { resource, organization, asked, actor }: Target & { readonly asked: readonly string[]; readonly actor?: string },
): Promise<{ accessToken: string; expiresIn: Seconds; scopes: readonly string[] }> {
  const { user, app } = grant
  if (resource === undefined && organization === undefined) {
    const scopes = asked.filter((scope) => oidcScopes.has(scope))
    return { accessToken: tenant.grants.addOpaque(grant, scopes, defaultLifetime), expiresIn: defaultLifetime, scopes }
  }
  const held = heldScopes(tenant, grant, { resource, organization })
  const scopes = asked.filter((scope) => held.includes(scope))
  const lifetime = resource?.accessTokenTtl ?? defaultLifetime
  const target = { ...audienceOf(resource, organization), ...(actor !== undefined && { actor }) }
  const accessToken = await signAccessToken(tenant, { app, user, lifetime, scopes, ...target })
  return { accessToken, expiresIn: lifetime, scopes }
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
export function audienceOf(resource: LogtoResource | undefined, organization: string | undefined) {
  if (resource === undefined) return { audience: `urn:logto:organization:${organization}` }
  return { audience: resource.indicator, ...(organization !== undefined && { organization }) }
}

export function resourceOf(
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
  if (urlOf(indicator) === undefined)
    throw new OidcError('invalid_target', 'resource indicator must be an absolute URI')
  const resource = state.resources.get(indicator)
  if (resource === undefined) throw unknownResource()
  return resource
}

export function unknownResource(): OidcError {
  return new OidcError('invalid_target', 'resource indicator is missing, or unknown')
}

export function listOf(scope: string | null): string[] {
  return [...new Set((scope ?? '').split(' ').filter(Boolean))]
}

/** @throws {OidcError} `access_denied` */
export function assertMember({ organizations }: UserState, organization: string): void {
  if (organizations.has(organization)) return
  throw new OidcError('access_denied', 'user is not a member of the organization', { status: 403 })
}
