import { randomBytes } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import type { AppState, UserState } from './state.ts'

/** What a user allowed an app when signing in. It dies as a whole. */
export interface Grant {
  readonly id: string
  readonly user: UserState
  readonly app: AppState
  /** All scopes asked for. */
  readonly scopes: readonly string[]
  /** The APIs asked for, with the scopes that the user had there when signing in. */
  readonly resources: ReadonlyMap<string, readonly string[]>
  /** Its `sid`. */
  readonly session: string
  readonly startedAt: Seconds
  readonly expiresAt: Seconds
  dead: boolean
}

export interface RefreshToken {
  readonly grant: Grant
  readonly issuedAt: Seconds
  readonly expiresAt: Seconds
  consumedAt?: Seconds
}

export interface OpaqueToken {
  readonly grant: Grant
  readonly scopes: readonly string[]
  readonly issuedAt: Seconds
  readonly expiresAt: Seconds
  revoked: boolean
}

/** How long a refresh token still works after it was used up, for workers that refresh at the same time. */
const leeway: Seconds = 3
const day: Seconds = 86_400
const grantLifetime: Seconds = 180 * day

/** The tokens that Logto keeps itself: opaque access tokens and refresh tokens. */
export class Grants {
  readonly #grants: Grant[] = []
  readonly #refresh = new Map<string, RefreshToken>()
  readonly #opaque = new Map<string, OpaqueToken>()
  readonly #now: () => Seconds

  constructor(now: () => Seconds) {
    this.#now = now
  }

  start(given: Omit<Grant, 'id' | 'startedAt' | 'expiresAt' | 'dead'>): Grant {
    const startedAt = this.#now()
    const grant = { ...given, id: random(), startedAt, expiresAt: startedAt + grantLifetime, dead: false }
    this.#grants.push(grant)
    return grant
  }

  /** The grants of a user that live. */
  ofUser(user: UserState): readonly Grant[] {
    return this.#grants.filter((grant) => grant.user === user && !grant.dead && grant.expiresAt > this.#now())
  }

  addOpaque(grant: Grant, scopes: readonly string[], lifetime: Seconds): string {
    const issuedAt = this.#now()
    const token = random()
    this.#opaque.set(token, { grant, scopes, issuedAt, expiresAt: issuedAt + lifetime, revoked: false })
    return token
  }

  /** A live opaque token. */
  opaque(token: string): OpaqueToken | undefined {
    const found = this.#opaque.get(token)
    return !found?.revoked && this.#isValid(found) ? found : undefined
  }

  addRefresh(grant: Grant, expiresAt = this.#now() + lifetimeOf(grant.app)): string {
    const token = random()
    this.#refresh.set(token, { grant, issuedAt: this.#now(), expiresAt })
    return token
  }

  /** A live refresh token that was not used up. */
  refresh(token: string): RefreshToken | undefined {
    const found = this.#refresh.get(token)
    return found?.consumedAt === undefined && this.#isValid(found) ? found : undefined
  }

  /** A refresh token that its app presents. One that was used up longer than 3 seconds ago takes its grant along. */
  redeem(token: string, app: AppState): RefreshToken | undefined {
    const found = this.#refresh.get(token)
    if (found?.grant.app !== app || !this.#isValid(found)) return undefined
    const isReused = found.consumedAt !== undefined && this.#now() - found.consumedAt > leeway
    if (isReused) found.grant.dead = true
    return isReused ? undefined : found
  }

  /** The refresh token to answer with: the same one, or the next where it is time to rotate. */
  rotate(token: string, refresh: RefreshToken): string {
    if (!this.#isDue(refresh)) return token
    refresh.consumedAt ??= this.#now()
    // Rotation does not lengthen the life of a single-page app's session.
    const { grant, expiresAt } = refresh
    return grant.app.settings.type === 'SPA' ? this.addRefresh(grant, expiresAt) : this.addRefresh(grant)
  }

  revoke(token: string, scope: 'token' | 'grant'): void {
    const opaque = this.#opaque.get(token)
    if (opaque !== undefined) opaque.revoked = true
    const grant = this.#refresh.get(token)?.grant ?? (scope === 'grant' ? opaque?.grant : undefined)
    if (grant !== undefined) grant.dead = true
  }

  /** Ends all grants of a user, for good. */
  endAll(user: UserState): void {
    for (const grant of this.#grants) if (grant.user === user) grant.dead = true
  }

  /** Which app a token was given to, dead or alive. */
  appOf(token: string): AppState | undefined {
    return (this.#opaque.get(token) ?? this.#refresh.get(token))?.grant.app
  }

  #isValid<T extends OpaqueToken | RefreshToken>(token: T | undefined): token is T {
    return token !== undefined && !token.grant.dead && !token.grant.user.isSuspended && token.expiresAt > this.#now()
  }

  #isDue({ grant, issuedAt, expiresAt }: RefreshToken): boolean {
    const { app, startedAt } = grant
    const now = this.#now()
    if (app.settings.rotateRefreshToken === false || now - startedAt >= 365 * day) return false
    return app.isPublic || (now - issuedAt) / (expiresAt - issuedAt) >= 0.7
  }
}

/** A random value of 43 characters, as Logto makes them. */
export function random(): string {
  return randomBytes(32).toString('base64url')
}

function lifetimeOf({ settings }: AppState): Seconds {
  return (settings.refreshTokenTtlInDays ?? 14) * day
}
