import type { Seconds } from '@claviger/core'
import { randomId, type UserState } from './state.ts'

/** How long a subject token can be exchanged. */
export const subjectTokenLifetime: Seconds = 600

/** What can be exchanged for a user's access token, besides access tokens: subject tokens once, personal ones again and again. */
export class SubjectTokens {
  readonly #tokens = new Map<string, { readonly user: UserState; readonly expiresAt: Seconds }>()
  readonly #now: () => Seconds

  constructor(now: () => Seconds) {
    this.#now = now
  }

  addSubject(user: UserState): string {
    return this.#add(`sub_${randomId(21)}`, user, this.#now() + subjectTokenLifetime)
  }

  addPersonal(user: UserState, expiresAt: Seconds = Number.POSITIVE_INFINITY): string {
    return this.#add(`pat_${randomId(32)}`, user, expiresAt)
  }

  /** Whose a subject token is. It is used up by that. */
  takeSubject(token: string): UserState | undefined {
    const user = token.startsWith('sub_') ? this.#userOf(token) : undefined
    this.#tokens.delete(user === undefined ? '' : token)
    return user
  }

  userOfPersonal(token: string): UserState | undefined {
    return token.startsWith('pat_') ? this.#userOf(token) : undefined
  }

  #add(token: string, user: UserState, expiresAt: Seconds): string {
    this.#tokens.set(token, { user, expiresAt })
    return token
  }

  #userOf(token: string): UserState | undefined {
    const found = this.#tokens.get(token)
    return found !== undefined && found.expiresAt > this.#now() ? found.user : undefined
  }
}
