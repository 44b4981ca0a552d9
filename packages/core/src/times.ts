import type { Clock } from './clock.ts'
import { refused } from './errors.ts'
import type { Claims, Seconds } from './types.ts'

/** By what times a token is good. */
export interface TimeRules {
  readonly clock: Pick<Clock, 'now'>
  /** For `exp`, `nbf` and `iat`, in seconds. */
  readonly clockTolerance: Seconds
  /** The longest life that is accepted, in seconds: no revocation has to be kept longer than this. */
  readonly maxTokenLifetime: Seconds
}

/**
 * Refuses a token that is not good now, or for longer than any may be. Its times must be numbers.
 * @throws {AuthError} `ERR_TOKEN_EXPIRED`, `ERR_TOKEN_NOT_YET_VALID`, `ERR_TOKEN_CLAIMS`
 */
export function assertTimes({ exp, nbf, iat }: Claims, { clock, clockTolerance, maxTokenLifetime }: TimeRules): void {
  const now = clock.now() / 1000
  if ((exp as Seconds) + clockTolerance <= now)
    throw refused('ERR_TOKEN_EXPIRED', `expired ${ago(now - (exp as Seconds))}`)
  const from = (nbf as Seconds | undefined) ?? now
  const issued = (iat as Seconds | undefined) ?? now
  if (from - clockTolerance > now) throw refused('ERR_TOKEN_NOT_YET_VALID', `nbf is ${ahead(from - now)}`)
  if (issued - clockTolerance > now) {
    throw refused('ERR_TOKEN_NOT_YET_VALID', `iat is ${ahead(issued - now)}: is a clock wrong?`)
  }
  // Counted from its issue where that is known: a token that is refused today must not become good when it has aged.
  if ((exp as Seconds) - Math.min(now, issued) > maxTokenLifetime + clockTolerance) {
    throw refused('ERR_TOKEN_CLAIMS', `it lives longer than ${maxTokenLifetime} s (option maxTokenLifetime)`)
  }
}

const ago = (seconds: number) => `${Math.round(seconds)} s ago`
const ahead = (seconds: number) => `${Math.round(seconds)} s ahead`
