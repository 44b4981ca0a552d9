import type { Clock } from './clock.ts'
import { unavailable } from './errors.ts'
import { isUnanswered } from './http.ts'
import type { Route } from './route.ts'
import type { Seconds } from './types.ts'

/**
 * Calls a provider for somebody, or refuses at once where it has lately left a call without an answer.
 * @param who tells callers apart: what fails for one alone must not make others wait for long
 * @param isAnswer whether what the call gives shows that the provider was reached; by default all that is not thrown does
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`, and what `call` throws
 */
export type Asking = <T>(
  route: Route,
  who: string,
  call: () => Promise<T>,
  isAnswer?: (given: T) => boolean,
) => Promise<T>

/** Until when nobody calls, by the steady clock; for ever while somebody tries whether the provider is back. */
interface Pause {
  until: number
}

interface Silence {
  /** Whose call was left without an answer. */
  readonly who: string
  readonly own: Pause
  /** That of all others; absent once one of them has been answered. */
  others: Pause | undefined
}

// Short, so that a provider that is back is soon known to be: a connection may break once, and of those who try after that only one waits.
const rest: Seconds = 2

/**
 * Makes what keeps the calls to one kind of endpoint from waiting, one after the other, for a provider that does not answer: when a call
 * was left without an answer, others are refused for 2 seconds, and after that all but one at a time until a call comes to
 * something. An answer that is an error begins no pause, for it may be about its caller alone; nor does a call during which others came
 * to something, nor again a caller who was the last to get no answer.
 */
export function createAsking(clock: Clock): Asking {
  const answers = new Map<Route, number>()
  const silences = new Map<Route, Silence>()
  const later = (): Pause => ({ until: clock.monotonic() + rest * 1000 })

  function heard(route: Route, who: string): void {
    answers.set(route, (answers.get(route) ?? 0) + 1)
    const silence = silences.get(route)
    if (silence?.who === who) silences.delete(route)
    else if (silence !== undefined) silence.others = undefined
  }

  function missed(route: Route, who: string, pause: Pause | undefined): void {
    const silence = silences.get(route)
    if (silence?.who === who) silence.own.until = later().until
    // Of many calls that were under way, the first that fails begins the pause.
    else if (silence?.others === undefined || silence.others === pause)
      silences.set(route, { who, own: later(), others: later() })
  }

  return async (route, who, call, isAnswer = () => true) => {
    const silence = silences.get(route)
    const pause = silence?.who === who ? silence.own : silence?.others
    const wait = pause === undefined ? 0 : pause.until - clock.monotonic()
    if (wait > 0) {
      const explanation = `${route.provider.name} has left a call without an answer, and is called again when a pause is over`
      throw unavailable(explanation, { retryAfter: Math.min(wait / 1000, rest) })
    }
    if (pause !== undefined) pause.until = Number.POSITIVE_INFINITY
    const before = answers.get(route)
    try {
      const given = await call()
      if (isAnswer(given)) heard(route, who)
      return given
    } catch (error) {
      if (isUnanswered(error) && answers.get(route) === before) missed(route, who, pause)
      throw error
    } finally {
      // Nothing has been learned: the next may try.
      if (pause?.until === Number.POSITIVE_INFINITY) pause.until = clock.monotonic()
    }
  }
}
