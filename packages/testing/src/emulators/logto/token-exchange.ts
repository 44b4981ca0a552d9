import { json, type Reply } from '../../server/routes.ts'
import { OidcError } from './errors.ts'
import type { AppState, UserState } from './state.ts'
import type { Tenant } from './tenant.ts'
import { accessTokenFor, assertMember, listOf, resourceOf } from './token-targets.ts'
import { identifier } from './tokens.ts'

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const personalTokenType = 'urn:logto:token-type:personal_access_token'

/** A user's access token without the user: for a subject token, a personal access token, or another access token. */
export async function exchange(tenant: Tenant, app: AppState, form: URLSearchParams): Promise<Reply> {
  const token = required(form, 'subject_token')
  const user = userOf(tenant, token, required(form, 'subject_token_type'))
  const isThere = user !== undefined && tenant.state.users.get(user.id) === user
  if (!isThere || user.isSuspended) throw OidcError.grant()
  const organization = form.get('organization_id') ?? undefined
  if (organization !== undefined) assertMember(user, organization)
  const resource = resourceOf(tenant, form, organization)
  const actor = actorOf(tenant, form)
  const scopes = listOf(form.get('scope'))
  const grant = tenant.grants.start({ user, app, scopes, resources: new Map(), session: identifier(tenant.version) })
  const issued = await accessTokenFor(tenant, grant, {
    resource,
    organization,
    asked: scopes,
    ...(actor !== undefined && { actor }),
  })
  return json({
    access_token: issued.accessToken,
    expires_in: issued.expiresIn,
    scope: issued.scopes.join(' '),
    token_type: 'Bearer',
  })
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null) throw OidcError.missing(name)
  return value
}

function userOf(tenant: Tenant, token: string, type: string): UserState | undefined {
  const { subjectTokens, grants } = tenant
  if (type === personalTokenType) return subjectTokens.userOfPersonal(token)
  if (type !== accessTokenType) return undefined
  return subjectTokens.takeSubject(token) ?? grants.opaque(token)?.grant.user ?? userOfJwt(tenant, token)
}

function userOfJwt({ keys, state, issuer, now }: Tenant, token: string): UserState | undefined {
  if (!keys.hasSigned(token)) return undefined
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return claims.iss === issuer && claims.exp > now() ? state.users.get(claims.sub) : undefined
}

function actorOf({ grants }: Tenant, form: URLSearchParams): string | undefined {
  const token = form.get('actor_token')
  if (token === null) return undefined
  const found = form.get('actor_token_type') === accessTokenType ? grants.opaque(token) : undefined
  if (!found?.scopes.includes('openid')) throw OidcError.grant()
  return found.grant.user.id
}
