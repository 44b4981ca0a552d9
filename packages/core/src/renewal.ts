import type { ApiCall, Caller } from './client.ts'
import type { CallOptions } from './client-options.ts'
import { type AuthError, isAuthError } from './errors.ts'
import type { Seconds } from './types.ts'

interface Options {
  /** One deadline over a whole call, for calls that say nothing else. */
  readonly timeout: Seconds
  /** What calls are made with: a token, a session. */
  readonly get: (options: CallOptions) => Promise<string>
  /** Another one for that which was refused, where there may be one. */
  readonly renew?: ((refused: string, options: CallOptions) => Promise<string>) | undefined
  /** Whether an error says that the credential is not good any more. */
  readonly isRefused: (error: AuthError) => boolean
  readonly send: <T>(call: ApiCall<T>, credential: string, options: CallOptions) => Promise<T>
}

/** Makes calls with a credential, and once more with another one where it is refused. One deadline holds over all of it. */
export function withRenewal({ timeout, get, renew, isRefused, send }: Options): Caller {
  return async (call, options = {}) => {
    const deadline = performance.now() + (options.timeout ?? timeout) * 1000
    const rest = () => ({ ...options, timeout: Math.max(0.001, (deadline - performance.now()) / 1000) })
    const credential = await get(rest())
    try {
      return await send(call, credential, rest())
    } catch (error) {
      if (renew === undefined || !isAuthError(error) || !isRefused(error)) throw error
      const another = await renew(credential, rest())
      if (another === credential) throw error
      return send(call, another, rest())
    }
  }
}
