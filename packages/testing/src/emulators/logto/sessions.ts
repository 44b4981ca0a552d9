import type { Seconds } from '@claviger/core'
import { type Grant, random } from './grants.ts'
import type { UserState } from './state.ts'

/** Where a user is signed in: a browser, as far as the tenant knows. */
export interface Session {
  readonly uid: string
  /** What was allowed when it began; it may live longer than the session. */
  readonly grant: Grant
  /** The cookie of the browser it began in, if it was one. */
  readonly browser?: string
  readonly startedAt: Seconds
  readonly expiresAt: Seconds
}

const lifetime: Seconds = 14 * 86_400

/** The sessions of a tenant that have not ended. */
export class Sessions {
  readonly #sessions = new Map<string, Session>()
  readonly #now: () => Seconds

  constructor(now: () => Seconds) {
    this.#now = now
  }

  start(grant: Grant, browser?: string): Session {
    const startedAt = this.#now()
    const expiresAt = startedAt + lifetime
    const session = { uid: random(), grant, startedAt, expiresAt, ...(browser !== undefined && { browser }) }
    this.#sessions.set(session.uid, session)
    return session
  }

  /** Those of a user, oldest first. */
  ofUser(user: UserState): readonly Session[] {
    return [...this.#sessions.values()].filter(({ grant, expiresAt }) => grant.user === user && expiresAt > this.#now())
  }

  /** Those that began in a browser, oldest first. */
  ofBrowser(browser: string): readonly Session[] {
    return [...this.#sessions.values()].filter((one) => one.browser === browser && one.expiresAt > this.#now())
  }

  end(session: Session): void {
    this.#sessions.delete(session.uid)
  }

  endAll(user: UserState): void {
    for (const session of this.ofUser(user)) this.end(session)
  }
}
