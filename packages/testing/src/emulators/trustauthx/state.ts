import { randomBytes, randomInt } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import { createSecretKey, signToken } from '../../keys.ts'

/** Throw-away credentials of an organization, made at start. */
export interface TrustAuthXCredentials {
  readonly apiKey: string
  readonly secretKey: string
  readonly orgId: string
}

/** One permission as the wire has it: an object with one member, such as `{ machine: 'delete' }`. */
export type WirePermission = Readonly<Record<string, string>>

/** A role of an organization. */
export interface TrustAuthXRole {
  readonly name: string
  /** Default: none. The original Python client cannot be constructed while a role has none. */
  readonly permissions?: readonly WirePermission[]
}

/** A user of an organization. */
export interface TrustAuthXUser {
  /** Default: random. */
  readonly uid?: string
  readonly email: string
  /** Default: the part of the e-mail address before the `@`. */
  readonly name?: string
  readonly img?: string
  /** Names or ids of roles. */
  readonly roles?: readonly string[]
}

/** What the emulator does where the real server is not known, or where a test wants it otherwise. */
export interface TrustAuthXSettings {
  /** In seconds. Default 900. */
  accessTokenLifetime: Seconds
  /** In seconds. Default 7 days. */
  refreshTokenLifetime: Seconds
  /** Of the code that an app gets, which is used once. In seconds. Default 300. */
  codeLifetime: Seconds
  /** The answer to a dead token or code. Default 401. The original Python client 0.8.5 refreshes only after 203. */
  invalidTokenStatus: number
  /** Makes a refresh end the refresh token and give a new one. Default true. */
  rotateRefreshTokens: boolean
  /** Sends `X-EDGE` with the number of roles on all answers but the list of roles. Default false. */
  edgeHeader: boolean
  /** Accepts only the very bytes of `signed_key` that the Python client makes. Default false. */
  strictSignedKey: boolean
  /** Puts `scope` into what `get_user_data` answers. Default true. */
  scopeInUserData: boolean
  /** What `iss` of signed answers is. Default `https://api.trustauthx.com`, wherever the emulator is. */
  envelopeIssuer: string
  /** What access tokens look like. Default `opaque`. */
  tokenFormat: 'opaque' | 'jwt'
  /** What comes back as `ac` from the profile editor: whether the user changed something; `undefined` leaves it out. Default true. */
  profileChanged: boolean | undefined
  /** Whether the profile editor is a page to edit on; otherwise its user is done at once, as `profileChanged` says. Default false. */
  profilePage: boolean
}

export interface RoleState {
  readonly id: string
  readonly name: string
  /** Keys and values; a key may be there with several values. */
  permissions: readonly (readonly [key: string, value: string])[]
}

export interface OrganizationState extends TrustAuthXCredentials {
  readonly signedKey: string
  /** Where the hosted login page sends the browser, with `?code=`. */
  redirectUrl: string
  readonly roles: Map<string, RoleState>
}

export interface UserState {
  readonly uid: string
  readonly email: string
  name: string
  readonly img: string
  readonly organization: OrganizationState
  readonly roles: Set<string>
  isBanned: boolean
}

export interface TokenState {
  readonly kind: 'access' | 'refresh'
  readonly text: string
  readonly user: UserState
  /** The ids of the roles the user had when it was issued. */
  readonly scope: readonly string[]
  expiresAt: Seconds
  isRevoked: boolean
}

export interface CodeState {
  readonly kind: 'user' | 'reauth'
  readonly user: UserState
  expiresAt: Seconds
}

export interface TokenPair {
  readonly access: TokenState
  readonly refresh: TokenState
}

export const hex = (bytes: number) => randomBytes(bytes).toString('hex')

/** Organizations, users, roles and tokens. */
export class TrustAuthXState {
  readonly organizations = new Map<string, OrganizationState>()
  readonly users = new Map<string, UserState>()
  readonly tokens = new Map<string, TokenState>()
  readonly codes = new Map<string, CodeState>()
  readonly settings: TrustAuthXSettings
  readonly now: () => Seconds
  readonly #serverKey = createSecretKey('HS256', hex(32))

  constructor(settings: TrustAuthXSettings, now: () => Seconds) {
    this.settings = settings
    this.now = now
  }

  addOrganization(redirectUrl: string): OrganizationState {
    const secretKey = hex(32)
    const apiKey = hex(16) + Array.from({ length: 20 }, () => String.fromCharCode(65 + randomInt(26))).join('')
    const signedKey = signToken({ alg: 'HS256', typ: 'JWT' }, { api_key: apiKey }, createSecretKey('HS256', secretKey))
    const organization = { apiKey, secretKey, orgId: hex(32), signedKey, redirectUrl, roles: new Map() }
    this.organizations.set(apiKey, organization)
    return organization
  }

  addRole(organization: OrganizationState, { name, permissions = [] }: TrustAuthXRole): RoleState {
    const letters = Array.from({ length: 3 }, () => 'ABCdefGHIjklMNOpqrSTUvwXYz'[randomInt(26)]).join('')
    const role: RoleState = { id: `rol_${letters}_${hex(8)}`, name, permissions: pairsOf(permissions) }
    organization.roles.set(role.id, role)
    return role
  }

  addUser(organization: OrganizationState, user: TrustAuthXUser): UserState {
    const { uid = hex(16), email, name = email.split('@')[0] ?? email, img = `https://img.invalid/${uid}.png` } = user
    const roles = new Set((user.roles ?? []).map((role) => this.role(organization, role).id))
    const state = { uid, email, name, img, organization, roles, isBanned: false }
    this.users.set(uid, state)
    return state
  }

  /** A role by its id or name. @throws {Error} */
  role({ roles }: OrganizationState, idOrName: string): RoleState {
    const found = roles.get(idOrName) ?? [...roles.values()].find(({ name }) => name === idOrName)
    if (found !== undefined) return found
    throw new Error(
      `There is no role ${idOrName}; there are: ${[...roles.values()].map(({ name }) => name).join(', ')}.`,
    )
  }

  /** @throws {Error} */
  user(uid: string): UserState {
    const found = this.users.get(uid)
    if (found !== undefined) return found
    throw new Error(`There is no user ${uid}; there are: ${[...this.users.keys()].join(', ')}.`)
  }

  /** Also takes the role from everybody who has it. */
  deleteRole({ roles }: OrganizationState, id: string): void {
    roles.delete(id)
    for (const user of this.users.values()) user.roles.delete(id)
  }

  issue(user: UserState): TokenPair {
    const { accessTokenLifetime, refreshTokenLifetime } = this.settings
    return {
      access: this.#add('access', user, accessTokenLifetime),
      refresh: this.#add('refresh', user, refreshTokenLifetime),
    }
  }

  /** A token that is alive, of a user who may still come in. */
  token(kind: TokenState['kind'], text: string, organization: OrganizationState): TokenState | undefined {
    const found = this.tokens.get(text)
    if (found === undefined || found.kind !== kind || found.user.organization !== organization) return undefined
    return this.isAlive(found) ? found : undefined
  }

  isAlive({ isRevoked, expiresAt }: TokenState): boolean {
    return !isRevoked && expiresAt > this.now()
  }

  /** Ends the tokens of a user, all of them. */
  endAll(user: UserState): void {
    for (const token of this.tokens.values()) if (token.user === user) token.isRevoked = true
  }

  /** A code for `get_user` or `re_auth`: like the one sample there is of a `UserToken`, or a short reference. */
  addCode(kind: CodeState['kind'], user: UserState, isShort: boolean): string {
    // A Fernet token: version, time, and what only the server can read.
    const head = Buffer.alloc(9)
    head.writeUInt8(0x80)
    head.writeUInt32BE(this.now(), 5)
    const data = JSON.stringify(Buffer.concat([head, randomBytes(513)]).toString('base64url'))
    const code = isShort ? `ASRT${hex(16)}` : signToken({ alg: 'HS256', typ: 'JWT' }, { data }, this.#serverKey)
    this.codes.set(code, { kind, user, expiresAt: this.now() + this.settings.codeLifetime })
    return code
  }

  /** Uses a code up. */
  takeCode(kind: CodeState['kind'], code: string, organization: OrganizationState): UserState | undefined {
    const found = this.codes.get(code)
    if (found === undefined || found.kind !== kind || found.user.organization !== organization) return undefined
    this.codes.delete(code)
    return found.expiresAt > this.now() ? found.user : undefined
  }

  #add(kind: TokenState['kind'], user: UserState, lifetime: Seconds): TokenState {
    const expiresAt = this.now() + lifetime
    const isJwt = kind === 'access' && this.settings.tokenFormat === 'jwt'
    const text = isJwt
      ? signToken({ alg: 'HS256', typ: 'JWT' }, { jti: hex(16), exp: expiresAt }, this.#serverKey)
      : randomBytes(48).toString('base64url')
    const token = { kind, text, user, scope: [...user.roles], expiresAt, isRevoked: false }
    this.tokens.set(text, token)
    return token
  }
}

/** All entries of wire permissions, each once. */
export function pairsOf(permissions: readonly WirePermission[]): (readonly [string, string])[] {
  return unique(permissions.flatMap((permission) => Object.entries(permission)))
}

/** The same pair twice is one permission. */
export function unique(pairs: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()]
}
