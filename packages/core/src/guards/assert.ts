import { AuthError } from '../errors.ts'
import type { User, VerifiedToken } from '../types.ts'
import type { GuardInput, Predicate } from './predicate.ts'

/** The same as {@link GuardInput}, of a request that may have no user. */
export type UnknownInput<R = unknown> = Omit<GuardInput<R>, 'user' | 'auth'> & {
  readonly user: User | undefined
  readonly auth: VerifiedToken | undefined
}

// What a route has named stays named for the guards after it. By request, for a user object may be shared.
const named = new WeakMap<object, string>()

/**
 * Passes when the predicate grants.
 * @throws {AuthError} `ERR_TOKEN_MISSING` without a user, else the code of the refusal.
 */
export function assertAllowed<R>(predicate: Predicate<R>, { user, auth, request, ...rest }: UnknownInput<R>): void {
  if (!user || !auth) {
    const { text, scopes } = predicate
    throw new AuthError('ERR_TOKEN_MISSING', { explanation: `${text} asks for a user`, ...(scopes && { scopes }) })
  }
  const organization = rest.organization ?? (isObject(request) ? named.get(request) : undefined)
  const input = { user, auth, request, ...(organization !== undefined && { organization }) }
  const verdict = predicate(input)
  if (verdict.granted !== true) throw new AuthError(verdict.code, verdict)
  const confirmed = predicate.confirms?.(input)
  if (confirmed !== undefined && isObject(request)) named.set(request, confirmed)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
