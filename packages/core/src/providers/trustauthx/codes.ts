import { type AuthError, isAuthError } from '../../errors.ts'
import { refusedSignIn } from '../refused-sign-in.ts'
import { isText } from './calls.ts'

/** What a browser comes back with, if it can be a code. @throws {AuthError} `ERR_SIGN_IN_REFUSED` */
export function readCode(code: unknown): string {
  if (isText(code)) return code
  throw refusedSignIn('trustauthx: the browser came back without one code')
}

// An answer that is none, a path that is not there, too many calls: nothing of these is about a code.
const aboutUs = [200, 404, 405, 429]

/** With which status a code was refused, or our own key; nothing for an error that is about something else. */
export function refusedCodeStatus(error: unknown): number | undefined {
  const status = isAuthError(error) ? error.upstream?.status : undefined
  return status !== undefined && /^[24]/.test(String(status)) && !aboutUs.includes(status) ? status : undefined
}

/** A code that is refused is the browser's. */
export function refusedCode(cause: unknown): AuthError {
  return refusedSignIn('trustauthx: the code was refused, or used before', cause)
}
