import type { Grant } from './grants.ts'
import type { Session } from './sessions.ts'
import {
  idOf,
  type LogtoOrganization,
  type LogtoOrganizationRole,
  type LogtoResource,
  type RoleState,
  type UserState,
} from './state.ts'
import type { PersonalToken } from './subject-tokens.ts'
import type { HookState } from './webhooks.ts'

export const tenantId = 'default'

export function roleBody({ id, name, description, type, isDefault }: RoleState) {
  return { tenantId, id, name, description, type, isDefault }
}

export function resourceBody({ indicator, name = indicator, isDefault = false, accessTokenTtl = 3600 }: LogtoResource) {
  return { tenantId, id: idOf('resource', indicator), name, indicator, isDefault, accessTokenTtl }
}

export function scopeBody(indicator: string, name: string) {
  return {
    tenantId,
    id: scopeId(indicator, name),
    resourceId: idOf('resource', indicator),
    name,
    description: name,
  }
}

export function scopeId(indicator: string, name: string): string {
  return idOf('scope', `${indicator} ${name}`)
}

export function userBody({ id, profile, createdAt, updatedAt, isSuspended }: UserState) {
  return {
    id,
    username: profile.username ?? null,
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

export function organizationBody({
  id,
  name,
  description = null,
}: Omit<LogtoOrganization, 'description'> & { description?: string | null }) {
  return { tenantId, id, name, description, customData: {}, isMfaRequired: false }
}

export function organizationRoleBody({ name, description = name }: LogtoOrganizationRole) {
  return { tenantId, id: idOf('organization role', name), name, description, type: 'User' }
}

export function sessionBody({ uid, grant, startedAt, expiresAt }: Session) {
  const { user, app } = grant
  return {
    payload: {
      exp: expiresAt,
      iat: startedAt,
      jti: uid,
      uid,
      kind: 'Session',
      loginTs: startedAt,
      accountId: user.id,
      authorizations: { [app.id]: { sid: grant.session, grantId: grant.id, persistsLogout: true } },
    },
    lastSubmission: null,
    clientId: app.id,
    accountId: user.id,
    expiresAt: expiresAt * 1000,
  }
}

export function personalTokenBody({ user, name, value, createdAt, expiresAt }: PersonalToken) {
  const ends = expiresAt === undefined ? null : expiresAt * 1000
  return { tenantId, userId: user.id, name, value, createdAt: createdAt * 1000, expiresAt: ends }
}

export function grantBody({ id, user, app, scopes, resources, startedAt, expiresAt }: Grant) {
  const ofApis = [...resources.values()].flat()
  return {
    id,
    payload: {
      exp: expiresAt,
      iat: startedAt,
      jti: id,
      kind: 'Grant',
      clientId: app.id,
      accountId: user.id,
      openid: { scope: scopes.filter((scope) => !ofApis.includes(scope)).join(' ') },
      resources: Object.fromEntries([...resources].map(([indicator, names]) => [indicator, names.join(' ')])),
    },
    expiresAt: expiresAt * 1000,
    application: { id: app.id, name: app.settings.name ?? app.id },
  }
}

export function hookBody({ id, name, url, events, headers, enabled, signingKey, createdAt }: HookState) {
  const config = { url, ...(headers !== undefined && { headers }) }
  return { tenantId, id, name, event: null, events, config, signingKey, enabled, createdAt }
}
