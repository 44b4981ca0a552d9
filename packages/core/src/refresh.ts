import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'
import { isAuthError, unavailable } from './errors.ts'
import { invalidOptions } from './options.ts'
import type { Route } from './route.ts'
import type { RefreshOutcome, TokenSet } from './token-set.ts'
import type { Seconds } from './types.ts'

// A request that was under way with the old refresh token gets the new pair too, for so long.
const grace: Seconds = 10
const maxRemembered = 10_000

interface Remembered {
  readonly outcome: RefreshOutcome
  readonly until: number
}

/**
 * Makes the one function through which this process refreshes: one call at the provider for each refresh token, whoever asks and how
 * often, and the same new pair for all of them, also for those who come late within 10 seconds.
 */
export function createRefresher(routes: readonly Route[], clock: Clock): (tokens: TokenSet) => Promise<RefreshOutcome> {
  const underWay = new Map<string, Promise<RefreshOutcome>>()
  const remembered = new LRUCache<string, Remembered>({ max: maxRemembered })

  async function ask(key: string, tokens: TokenSet, { provider, context }: Route): Promise<RefreshOutcome> {
    const outcome = await askProvider(tokens, { provider, context })
    if (outcome.outcome === 'refreshed') remembered.set(key, { outcome, until: clock.monotonic() + grace * 1000 })
    return outcome
  }

  return (tokens) => {
    const route = routeOf(tokens, routes)
    const key = JSON.stringify([route.provider.issuer, tokens.refreshToken ?? tokens.accessToken])
    const held = remembered.get(key)
    if (held !== undefined) {
      if (clock.monotonic() < held.until) return Promise.resolve(held.outcome)
      remembered.delete(key)
    }
    let running = underWay.get(key)
    if (running === undefined) {
      running = ask(key, tokens, route).finally(() => underWay.delete(key))
      underWay.set(key, running)
    }
    return running
  }
}

async function askProvider(tokens: TokenSet, { provider, context }: Route): Promise<RefreshOutcome> {
  try {
    const outcome = await provider.refresh?.(tokens, context)
    if (outcome?.outcome !== 'refreshed')
      return outcome ?? { outcome: 'unavailable', error: unavailable(`${provider.name} cannot refresh`) }
    return { outcome: 'refreshed', tokens: { ...outcome.tokens, provider: provider.issuer } }
  } catch (cause) {
    const error = isAuthError(cause) ? cause : unavailable(`${provider.name}: the refresh failed`, { cause })
    return { outcome: 'unavailable', error }
  }
}

function routeOf({ provider }: TokenSet, routes: readonly Route[]): Route {
  const able = routes.filter((route) => route.provider.refresh !== undefined)
  const found = able.filter(
    (route) => provider === undefined || route.provider.issuer === provider || route.provider.name === provider,
  )
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  const which = able.map((route) => route.provider.name).join(', ') || 'none'
  throw invalidOptions(
    'refresh',
    `cannot tell which provider the tokens are of: set provider (those that can refresh: ${which})`,
  )
}
