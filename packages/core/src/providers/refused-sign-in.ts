import { AuthError } from '../errors.ts'

/** What a browser came back with is not good. */
export function refusedSignIn(explanation: string, cause?: unknown): AuthError {
  return new AuthError('ERR_SIGN_IN_REFUSED', { explanation, ...(cause !== undefined && { cause }) })
}
