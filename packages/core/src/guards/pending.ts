import { type AuthError, unavailable } from '../errors.ts'
import { assertAllowed, type UnknownInput } from './assert.ts'
import type { Predicate } from './predicate.ts'

const awaited = new WeakMap<object, Promise<unknown>>()
// Each round of waiting tells one predicate more.
const maxRounds = 16

/**
 * What a predicate throws that has to ask somebody first: the guard waits, and asks it again. Whoever does not wait takes it for an outage.
 */
export function pending(text: string, promise: Promise<unknown>): AuthError {
  const error = unavailable(`${text}: not known yet`)
  awaited.set(error, promise)
  // Whoever does not wait must not end the process with it.
  promise.catch(() => {})
  return error
}

/**
 * Like `assertAllowed`, and waits for predicates that have to ask somebody. Where none has, it is over when this returns.
 * @throws {AuthError} as `assertAllowed`; `ERR_PROVIDER_UNAVAILABLE` when what was waited for failed. Also as the rejection.
 */
export function settleAllowed<R>(
  predicate: Predicate<R>,
  input: UnknownInput<R>,
  rounds = maxRounds,
): Promise<void> | undefined {
  try {
    assertAllowed(predicate, input)
    return undefined
  } catch (error) {
    const promise = typeof error === 'object' && error !== null && rounds > 0 ? awaited.get(error) : undefined
    if (promise === undefined) throw error
    return promise.then(() => settleAllowed(predicate, input, rounds - 1))
  }
}
