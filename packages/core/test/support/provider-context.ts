import { type Clock, systemClock } from '../../src/clock.ts'
import { unavailable } from '../../src/errors.ts'
import { createRequest } from '../../src/http.ts'
import type { Provider, ProviderContext } from '../../src/index.ts'

/** What an authenticator gives to a provider's functions, for tests of refresh and revocation without one. */
export function contextOf({ issuer }: Provider, { timeout = 0.3, clock = systemClock as Clock } = {}): ProviderContext {
  return {
    issuer,
    clock,
    request: createRequest((url, init) => globalThis.fetch(url, init), timeout),
    metadata: () => Promise.reject(unavailable('there is no metadata')),
  }
}
