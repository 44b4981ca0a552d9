import { createTokenManager } from '../../client-credentials.ts'
import type { CallOptions } from '../../client-options.ts'
import type { Clock } from '../../clock.ts'
import { isAuthError } from '../../errors.ts'
import type { Seconds } from '../../types.ts'
import { waitFor } from '../../wait-for.ts'
import type { CheckedRequest, JwtCalls, KeyCredentials } from './jwt.ts'
import { readToken } from './wire.ts'

/** Keeps one JWT for each request that is told apart by what the JWT says. */
export interface JwtCache {
  /** A JWT that is good for now: the one held, or that one refreshed, or a new one, asked for once for all who wait. */
  get(request: CheckedRequest, options: CallOptions): Promise<string>
  /** Another JWT for one that was refused. */
  renew(request: CheckedRequest, refused: string, options: CallOptions): Promise<string>
}

const renewAhead: Seconds = 300

/** Makes a cache of the JWTs of one key; each is renewed five minutes ahead of its end. */
export function createJwtCache(
  clock: Pick<Clock, 'now' | 'monotonic'>,
  calls: JwtCalls,
  credentials: KeyCredentials,
): JwtCache {
  const manager = createTokenManager<CheckedRequest>({
    clock,
    keyOf,
    renewAhead,
    async request(request, previous) {
      const jwt = (await refreshed(previous?.accessToken, request)) ?? (await calls.issue(credentials, request, {}))
      return { accessToken: jwt, expiresIn: Math.max(0, endOf(jwt) - clock.now() / 1000), scopes: [] }
    },
  })

  // Nothing where it cannot be refreshed any more; then a new one is asked for.
  async function refreshed(jwt: string | undefined, { refreshable, validity, addGrants }: CheckedRequest) {
    if (jwt === undefined || refreshable !== true) return undefined
    try {
      const request = { ...(validity !== undefined && { validity }), ...(addGrants !== undefined && { addGrants }) }
      return await calls.refresh(jwt, request, {})
    } catch (error) {
      if (isAuthError(error) && error.code === 'ERR_UPSTREAM_UNAUTHORIZED') return undefined
      throw error
    }
  }

  return {
    async get(request, options) {
      options.signal?.throwIfAborted()
      return (await waitFor(manager.get(request), options, 'itsyouonline: no JWT')).accessToken
    },
    async renew(request, refused, options) {
      return (await waitFor(manager.renew(request, refused), options, 'itsyouonline: no JWT')).accessToken
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
