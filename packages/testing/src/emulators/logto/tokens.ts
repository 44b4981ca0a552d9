import type { Seconds } from '@claviger/core'
import { OidcError } from './errors.ts'
import { random } from './grants.ts'
import type { LogtoKeys } from './keys.ts'
import type { AppState, LogtoState, UserState } from './state.ts'

/** The versions of Logto whose answers differ. */
export type LogtoVersion = '1.41' | '1.42'

/** What a custom-claims script gets, as far as an emulator knows it. */
interface CustomClaimsInput {
  /** The claims of the token so far. */
  readonly token: Readonly<Record<string, unknown>>
  /** `user` is absent for tokens of machine-to-machine apps. */
  readonly context: { readonly user?: CustomClaimsUser }
  /** `denyAccess` refuses the token with 400 `access_denied`. */
  readonly api: { denyAccess(message?: string): never }
}

/** The user of a custom-claims script. */
interface CustomClaimsUser {
  readonly id: string
  readonly username: string | null
  readonly name: string | null
  readonly primaryEmail: string | null
  readonly roles: readonly { readonly name: string }[]
  readonly organizations: readonly { readonly id: string; readonly name: string }[]
  readonly organizationRoles: readonly { readonly organizationId: string; readonly roleName: string }[]
}

/** A tenant's script. What it throws is ignored, but for `denyAccess`. */
export type CustomClaims = (input: CustomClaimsInput) => Record<string, unknown> | Promise<Record<string, unknown>>

/** What tokens are made with. */
export interface TokenMaker {
  readonly issuer: string
  readonly version: LogtoVersion
  readonly state: LogtoState
  readonly keys: LogtoKeys
  readonly customClaims: CustomClaims | undefined
  readonly now: () => Seconds
}

/** An access token that is about to be made. */
export interface AccessTokenRequest {
  readonly app: AppState
  readonly user?: UserState
  readonly audience: string
  readonly organization?: string
  /** `undefined` leaves the claim out; an empty list makes an empty text. */
  readonly scopes?: readonly string[]
  readonly lifetime: Seconds
  /** Who acts for the user, after a token exchange with an actor token. */
  readonly actor?: string
}

/** The value of `jti` and `sid`. */
export function identifier(version: LogtoVersion): string {
  return version === '1.41' ? random().slice(0, 21) : random()
}

class Denied extends Error {}

/** A JWT access token. @throws {OidcError} `access_denied` when the custom-claims script says so. */
export async function signAccessToken(maker: TokenMaker, request: AccessTokenRequest): Promise<string> {
  const { issuer, version, keys } = maker
  const { app, user, audience, organization, scopes, lifetime, actor } = request
  const iat = maker.now()
  const registered = {
    jti: identifier(version),
    sub: user?.id ?? app.id,
    iat,
    exp: iat + lifetime,
    ...(scopes && { scope: scopes.join(' ') }),
    client_id: app.id,
    iss: issuer,
    aud: audience,
  }
  const token = {
    ...(organization !== undefined && { organization_id: organization }),
    ...(actor !== undefined && { act: { sub: actor } }),
    ...registered,
  }
  const custom = await runScript(maker, token, user)
  // A script may replace the organization, but none of the registered claims, nor add a scope where there is none.
  const { scope: _, ...more } = custom
  return keys.sign({ typ: 'at+jwt' }, { ...token, ...more, ...registered })
}

async function runScript({ customClaims, state }: TokenMaker, token: Record<string, unknown>, user?: UserState) {
  if (customClaims === undefined) return {}
  const denyAccess = (message = 'Access denied'): never => {
    throw new Denied(message)
  }
  try {
    const context = user === undefined ? {} : { user: scriptUser(state, user) }
    return await customClaims({ token, context, api: { denyAccess } })
  } catch (error) {
    if (error instanceof Denied) throw new OidcError('access_denied', error.message)
    return {}
  }
}

function scriptUser(state: LogtoState, { id, profile, roles, organizations }: UserState): CustomClaimsUser {
  return {
    id,
    username: profile.username ?? null,
    name: profile.name ?? null,
    primaryEmail: profile.email ?? null,
    roles: [...roles].map(({ name }) => ({ name })),
    organizations: [...organizations.keys()].map((key) => ({
      id: key,
      name: state.organizations.get(key)?.name ?? key,
    })),
    organizationRoles: [...organizations].flatMap(([organizationId, names]) =>
      [...names].map((roleName) => ({ organizationId, roleName })),
    ),
  }
}

/** What a user's scopes reveal: at the userinfo endpoint, and in ID tokens but for `organization_data`. */
export function profileClaims(state: LogtoState, user: UserState, scopes: readonly string[]): Record<string, unknown> {
  const { profile, roles, organizations, createdAt, updatedAt } = user
  const { name = null, username = null, email, customData = {} } = profile
  const ids = [...organizations.keys()]
  const of: Record<string, Record<string, unknown>> = {
    profile: {
      name,
      preferred_username: username,
      picture: null,
      updated_at: updatedAt,
      username,
      created_at: createdAt,
    },
    email: email === undefined ? { email: null } : { email, email_verified: true },
    custom_data: { custom_data: customData },
    roles: { roles: [...roles].map((role) => role.name) },
    'urn:logto:scope:organizations': {
      organizations: ids,
      organization_data: ids.map((id) => {
        const organization = state.organizations.get(id)
        return { id, name: organization?.name, description: organization?.description ?? null }
      }),
    },
    'urn:logto:scope:organization_roles': {
      organization_roles: [...organizations].flatMap(([id, names]) => [...names].map((role) => `${id}:${role}`)),
    },
  }
  return Object.assign({ sub: user.id }, ...scopes.map((scope) => of[scope]))
}

/** An ID token: for the app, never for an API. */
export function signIdToken(
  { issuer, version, state, keys, now }: TokenMaker,
  {
    user,
    app,
    scopes,
    session,
    accessToken,
    nonce,
  }: {
    user: UserState
    app: AppState
    scopes: readonly string[]
    session: string
    accessToken: string
    /** What the app sent along with the browser. */
    nonce?: string
  },
): string {
  const { organization_data: _, ...profile } = profileClaims(state, user, scopes)
  const iat = now()
  const claims = {
    ...profile,
    ...(version === '1.41' && { at_hash: keys.hash(accessToken) }),
    ...(nonce !== undefined && { nonce }),
    ...(app.settings.backchannelLogoutSessionRequired && { sid: session }),
    aud: app.id,
    exp: iat + 3600,
    iat,
    iss: issuer,
  }
  return keys.sign(version === '1.41' ? { typ: 'JWT' } : {}, claims)
}
