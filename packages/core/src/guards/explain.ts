import { isAuthError } from '../errors.ts'
import { assertAllowed, type UnknownInput } from './assert.ts'
import type { Predicate } from './predicate.ts'

/**
 * For logs only: what a predicate says of a request, and which part of it refused.
 * @throws what a function of the app within it throws, such as that of `check()`
 */
export function explain<R>(predicate: Predicate<R>, input: UnknownInput<R>): string {
  try {
    assertAllowed(predicate, input)
    return `${predicate.text} grants`
  } catch (error) {
    if (!isAuthError(error)) throw error
    return `${predicate.text} refuses with ${error.code}: ${error.explanation ?? 'no reason given'}`
  }
}
