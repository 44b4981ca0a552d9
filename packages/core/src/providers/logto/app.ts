import { readCompactJws } from '../../jws.ts'
import { openIdSignIn } from '../../openid-sign-in.ts'
import type { Provider } from '../../provider.ts'
import type { BrowserSignIn } from '../../sign-in.ts'
import { refreshAt, revokeAt } from '../../token-endpoint.ts'
import type { Refresh, Revoke } from '../../token-set.ts'
import type { Claims } from '../../types.ts'

/** The app of a Logto tenant that users sign in at, and that holds their refresh tokens. */
export interface LogtoAppOptions {
  clientId: string
  /** Absent for a public client: a single-page or native app. */
  clientSecret?: string
  /**
   * The API whose tokens a refresh asks for; the app must have asked for it at sign-in. `null` asks for none, which gives an opaque
   * token. Default: that of the access token to be replaced, else the first `audience`.
   */
  resource?: string | null
  /** The organization whose tokens a refresh asks for. Default: that of the access token to be replaced. */
  organization?: string
  /** What a sign-in asks for beside `openid`, `profile`, `email` and `offline_access`: the API's permissions, above all. Default: none. */
  scopes?: readonly string[]
  /** What people read where they choose among providers. Default: the name of the provider. */
  label?: string
}

type AppSettings = { [Name in keyof LogtoAppOptions]: LogtoAppOptions[Name] | undefined } & {
  readonly clientId: string
  readonly issuer: string
  readonly indicators: readonly string[]
}

const organizationsScope = 'urn:logto:scope:organizations'

/** What `aud` of an organization's token begins with; its id follows. */
export const organizationPrefix = 'urn:logto:organization:'

/**
 * Refreshes at Logto. Only `invalid_grant` ends a session. A resource that was not asked for at sign-in (`invalid_target`) and an
 * organization that the user is not a member of any more (`access_denied`) do not: the refresh token still works for others.
 */
export function refreshOf(settings: AppSettings): Refresh {
  const client = { ...clientOf(settings), tokenEndpoint: `${settings.issuer}/token` }
  return (tokens, context) => refreshAt(client, targetOf(tokens.accessToken, settings))(tokens, context)
}

/** Names the API and the organization that a refresh asks for. */
export function refreshTargetOf(settings: AppSettings): NonNullable<Provider['refreshTarget']> {
  return ({ accessToken }) => new URLSearchParams(targetOf(accessToken, settings)).toString()
}

/**
 * Revokes at Logto: opaque access tokens (from Logto 1.42 with their refresh token) and refresh tokens (with the opaque tokens of
 * the same sign-in). A signed access token is beyond its reach, as are all of a user's sessions: `false`.
 */
export function revokeOf(settings: AppSettings): Revoke {
  const revoke = revokeAt({ ...clientOf(settings), revocationEndpoint: `${settings.issuer}/token/revocation` })
  return async (what, context) => {
    // Logto 1.41 says yes to a signed token and does nothing.
    if (what.kind === 'allOfUser' || (what.kind === 'accessToken' && what.token.includes('.'))) return false
    return revoke(what, context)
  }
}

/** Signing in at Logto. A refresh token comes only to those who are asked for consent. */
export function signInOf(settings: AppSettings): BrowserSignIn {
  const { issuer, scopes = [], label, resource, organization, indicators } = settings
  // Tokens of an organization come with a refresh; a sign-in asks for the right to them.
  const wanted = resource === undefined ? indicators[0] : (resource ?? undefined)
  const ofOrganization = organization === undefined ? [] : [organizationsScope]
  const asked = [...new Set(['openid', 'profile', 'email', 'offline_access', ...ofOrganization, ...scopes])]
  return openIdSignIn({
    ...clientOf(settings),
    issuer,
    scopes: asked,
    ...(wanted !== undefined && { resource: wanted }),
    // The permissions of organizations are scopes of this one: without it Logto leaves them out.
    ...(asked.includes(organizationsScope) && { otherResources: ['urn:logto:resource:organizations'] }),
    parameters: { prompt: 'consent' },
    ...(label !== undefined && { label }),
  })
}

function clientOf({ clientId, clientSecret }: AppSettings) {
  return { clientId, ...(clientSecret !== undefined && { clientSecret }) }
}

function targetOf(
  accessToken: string | undefined,
  { resource, organization, indicators }: AppSettings,
): Record<string, string> {
  const { aud, organization_id: id } = claimsOf(accessToken)
  const ofAudience = typeof aud === 'string' && aud.startsWith(organizationPrefix)
  const sameOrganization = ofAudience ? aud.slice(organizationPrefix.length) : typeof id === 'string' ? id : undefined
  const sameResource = indicators.find((indicator) => indicator === aud) ?? (ofAudience ? null : indicators[0])
  const wantedResource = resource === undefined ? sameResource : resource
  const wantedOrganization = organization ?? sameOrganization
  return {
    ...(typeof wantedResource === 'string' && { resource: wantedResource }),
    ...(wantedOrganization !== undefined && { organization_id: wantedOrganization }),
  }
}

// Not verified: it comes from the app itself, and only tells what to ask for.
function claimsOf(accessToken: string | undefined): Claims {
  try {
    return (accessToken === undefined ? undefined : readCompactJws(accessToken)?.claims) ?? {}
  } catch {
    return {}
  }
}
