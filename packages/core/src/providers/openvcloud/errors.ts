import { AuthError } from '../../errors.ts'
import { authenticationTimeout } from './wire.ts'

/** An error of a call as our users see it: a dead session is `ERR_UPSTREAM_UNAUTHORIZED` like a missing one. */
export function asOurs(error: AuthError, hint?: string): AuthError {
  const { code, explanation = '', cause, upstream, retryAfter } = error
  const isDead = upstream?.status === authenticationTimeout
  return new AuthError(isDead ? 'ERR_UPSTREAM_UNAUTHORIZED' : code, {
    explanation: hint === undefined ? explanation : `${explanation} (${hint})`,
    ...(cause !== undefined && { cause }),
    ...(upstream !== undefined && { upstream }),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}
