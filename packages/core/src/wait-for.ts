import type { CallOptions } from './client-options.ts'
import { unavailable } from './errors.ts'

/**
 * Waits for what several wait for, each as long as it wants to.
 * @param what is missing when time is over, for the explanation: `logto gave no token`
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it takes too long; the reason of the signal when that is aborted
 */
export function waitFor<T>(promise: Promise<T>, { timeout, signal }: CallOptions, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason)
    const late = () => reject(unavailable(`${what} within ${timeout} s (option timeout)`))
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout * 1000)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    })
  })
}
