import { isAuthError } from '../../errors.ts'
import { refusedSignIn } from '../refused-sign-in.ts'
import { isText } from './calls.ts'

// An answer that is not as it should be, or not signed with our secret; a path that is not there; too many calls: none of these is about a code.
const aboutUs = [200, 404, 405, 429]

/**
 * Uses a code up. That it is refused is the browser's fault, unless it is our own key that is refused.
 * @param assertKey told the status of a refusal, and the error; throws where it is our key's
 * @throws {AuthError} `ERR_SIGN_IN_REFUSED`
 */
export async function useCode<T>(
  code: unknown,
  exchange: (code: string) => Promise<T>,
  assertKey: (status: number, error: unknown) => Promise<void>,
): Promise<T> {
  if (!isText(code)) throw refusedSignIn('trustauthx: the browser came back without one code')
  try {
    return await exchange(code)
  } catch (error) {
    const status = isAuthError(error) ? error.upstream?.status : undefined
    if (status === undefined || !/^[24]/.test(String(status)) || aboutUs.includes(status)) throw error
    await assertKey(status, error)
    throw refusedSignIn('trustauthx: the code was refused, or used before', error)
  }
}

/** Whether `ac` of the profile editor says that nothing has changed: without one, something may have. */
export function isUnchanged(ac: unknown): boolean {
  return typeof ac === 'string' && ac.toLowerCase() === 'false'
}
