import type { Predicate, UnknownInput } from './guards/index.ts'
import { settleAllowed } from './guards/pending.ts'
import { assertPredicate } from './guards/predicate.ts'
import { defaultRealm, introductionOf } from './introduction.ts'
import { invalidOptions } from './options.ts'
import { refusal } from './refusal.ts'

/**
 * Refuses to be the middleware that it makes: `app.use(requireAuth)` for `app.use(requireAuth())`, which no type tells a program in
 * JavaScript, and which would leave each request without an answer.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for any argument
 */
export function assertMaker(name: string, given: readonly unknown[]): void {
  if (given.length > 0) throw invalidOptions(name, `makes a middleware, and takes nothing: write ${name}()`)
}

/**
 * Makes a guard for a framework to call with what it has of a request; it throws, or lets pass. With a predicate that has to ask
 * somebody it gives a promise where it has to wait.
 * A guard without the middleware before it lets nobody pass, and says so once in a process warning.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a predicate
 */
export function createGuard<R extends object>(
  predicate: Predicate<R>,
): (input: UnknownInput<R>) => Promise<void> | undefined {
  assertPredicate('authorize', predicate)
  let warned = false
  return function guard(input) {
    if (input.auth === undefined && !warned && introductionOf(input.request, undefined) === undefined) {
      warned = true
      process.emitWarning(`The guard ${predicate.text} refuses every request: there is no authMiddleware before it.`, {
        type: 'ClavigerWarning',
        code: 'CLAVIGER_GUARD_ALONE',
      })
    }
    const fail = (error: unknown) => {
      const challenge = introductionOf(input.request, input.auth) ?? { realm: defaultRealm }
      throw refusal(error, challenge, input.auth?.provider)
    }
    try {
      return settleAllowed(predicate, input)?.catch(fail)
    } catch (error) {
      return fail(error)
    }
  }
}
