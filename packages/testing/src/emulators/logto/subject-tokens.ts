import type { Seconds } from '@claviger/core'
import { randomId, type UserState } from './state.ts'

/** How long a subject token can be exchanged. */
export const subjectTokenLifetime: Seconds = 600

/** A token that programs of a user exchange, for as long as it lives. */
export interface PersonalToken {
  readonly user: UserState
  /** One of its own for each token of a user. */
  readonly name: string
  readonly value: string
  readonly createdAt: Seconds
  readonly expiresAt: Seconds | undefined
}

/** What can be exchanged for a user's access token, besides access tokens: subject tokens once, personal ones again and again. */
export class SubjectTokens {
  readonly #subjects = new Map<string, { readonly user: UserState; readonly expiresAt: Seconds }>()
  #personal: readonly PersonalToken[] = []
  readonly #now: () => Seconds

  constructor(now: () => Seconds) {
    this.#now = now
  }

  addSubject(user: UserState): string {
    const token = `sub_${randomId(21)}`
    this.#subjects.set(token, { user, expiresAt: this.#now() + subjectTokenLifetime })
    return token
  }

  addPersonal(user: UserState, name: string, expiresAt: Seconds | undefined): PersonalToken {
    const token = { user, name, value: `pat_${randomId(32)}`, createdAt: this.#now(), expiresAt }
    this.#personal = [...this.#personal, token]
    return token
  }

  /** The personal tokens of a user, dead ones too. */
  personalOf(user: UserState): readonly PersonalToken[] {
    return this.#personal.filter((token) => token.user === user)
  }

  deletePersonal(token: PersonalToken): void {
    this.#personal = this.#personal.filter((one) => one !== token)
  }

  /** Whose a subject token is. It is used up by that. */
  takeSubject(token: string): UserState | undefined {
    const found = this.#subjects.get(token)
    if (found === undefined || found.expiresAt <= this.#now()) return undefined
    this.#subjects.delete(token)
    return found.user
  }

  userOfPersonal(token: string): UserState | undefined {
    const found = this.#personal.find(({ value }) => value === token)
    return found?.expiresAt !== undefined && found.expiresAt <= this.#now() ? undefined : found?.user
  }
}
