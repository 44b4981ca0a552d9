import type { CallOptions } from '../../client-options.ts'
import type { Clock } from '../../clock.ts'
import { isAuthError, unavailable } from '../../errors.ts'
import type { Seconds } from '../../types.ts'
import type { CheckedRequest, JwtCalls, KeyCredentials } from './jwt.ts'
import { readToken } from './wire.ts'

/** Keeps one JWT for each request that is told apart by what the JWT says. */
export interface JwtCache {
  /** A JWT that is good for a while: the one held, or that one refreshed, or a new one, asked for once for all who wait. */
  get(request: CheckedRequest, options: CallOptions): Promise<string>
  /** Forgets a JWT that was refused. */
  drop(jwt: string): void
}

const renewAhead: Seconds = 300
const maxHeld = 1000

export function createJwtCache(clock: Pick<Clock, 'now'>, calls: JwtCalls, credentials: KeyCredentials): JwtCache {
  const held = new Map<string, { readonly jwt: string; readonly renewAt: Seconds; readonly endsAt: Seconds }>()
  const underWay = new Map<string, Promise<string>>()
  const now = () => clock.now() / 1000

  async function obtain(key: string, request: CheckedRequest): Promise<string> {
    const entry = held.get(key)
    try {
      const jwt = (await refreshed(entry?.jwt, request)) ?? (await calls.issue(credentials, request, {}))
      const endsAt = endOf(jwt)
      // Never later than half its life: a lifetime may be seconds.
      const renewAt = endsAt - Math.min(renewAhead, (endsAt - now()) / 2)
      if (held.size >= maxHeld) held.delete(held.keys().next().value as string)
      held.set(key, { jwt, renewAt, endsAt })
      return jwt
    } catch (error) {
      const isGood = entry !== undefined && held.get(key) === entry && now() < entry.endsAt
      if (isGood && isAuthError(error) && error.code === 'ERR_PROVIDER_UNAVAILABLE') return entry.jwt
      throw error
    }
  }

  // Nothing where it cannot be refreshed any more; then a new one is asked for.
  async function refreshed(jwt: string | undefined, { refreshable, validity }: CheckedRequest) {
    if (jwt === undefined || refreshable !== true) return undefined
    try {
      return await calls.refresh(jwt, validity, {})
    } catch (error) {
      if (isAuthError(error) && error.code === 'ERR_UPSTREAM_UNAUTHORIZED') return undefined
      throw error
    }
  }

  return {
    async get(request, { signal, timeout }) {
      signal?.throwIfAborted()
      const key = keyOf(request)
      const entry = held.get(key)
      if (entry !== undefined && now() < entry.renewAt) return entry.jwt
      let running = underWay.get(key)
      if (running === undefined) {
        running = obtain(key, request).finally(() => underWay.delete(key))
        underWay.set(key, running)
      }
      return waitFor(running, signal, timeout)
    },
    drop(jwt) {
      for (const [key, entry] of held) if (entry.jwt === jwt) held.delete(key)
    },
  }
}

// The order of scopes and audiences does not matter.
function keyOf({ scope = [], audience = [], ...rest }: CheckedRequest): string {
  return JSON.stringify([[...scope].sort(), [...audience].sort(), Object.entries(rest).sort()])
}

function endOf(jwt: string): Seconds {
  const exp = readToken(jwt)?.exp
  return typeof exp === 'number' ? exp : 0
}

// Who waits may give up; the others go on waiting.
function waitFor<T>(promise: Promise<T>, signal: AbortSignal | undefined, timeout: Seconds | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason)
    const late = () => reject(unavailable(`itsyouonline: no JWT within ${timeout} s (option timeout)`))
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout * 1000)
    signal?.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    })
  })
}
