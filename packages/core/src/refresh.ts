import { LRUCache } from 'lru-cache'
import { createAsking } from './asking.ts'
import type { Clock } from './clock.ts'
import { isAuthError, unavailable } from './errors.ts'
import type { Route } from './route.ts'
import type { RefreshExchange, RefreshOutcome, TokenSet } from './token-set.ts'
import type { Seconds } from './types.ts'

// A request that was under way with the old refresh token gets the new pair too, for so long.
const grace: Seconds = 10
const maxRemembered = 10_000

interface Remembered {
  readonly outcome: RefreshOutcome
  readonly until: number
}

/** Asks a provider for new tokens, once for each refresh token. Never throws. */
export type RefreshOnce = (route: Route, tokens: TokenSet) => Promise<RefreshOutcome>

interface Options {
  readonly clock: Clock
  /** Where processes agree on who asks. Without it, each process asks for itself. */
  readonly exchange: RefreshExchange | undefined
  /** What has to be done when the provider has said that a refresh token is worth nothing any more. */
  readonly onRejected: (route: Route, tokens: TokenSet) => Promise<void>
}

/**
 * Makes the one function through which this process refreshes: one call at the provider for each refresh token, whoever asks and how
 * often, and the same answer for all of them, also for those who come late within 10 seconds. While a provider does not answer, one call at
 * a time waits for it, and the others are told so at once.
 */
export function createRefreshOnce({ clock, exchange, onRejected }: Options): RefreshOnce {
  const asking = createAsking(clock)
  const underWay = new Map<string, Promise<RefreshOutcome>>()
  const remembered = new LRUCache<string, Remembered>({ max: maxRemembered })

  async function ask(key: string, route: Route, tokens: TokenSet): Promise<RefreshOutcome> {
    const outcome = await decide(key, route, tokens)
    if (isFinal(outcome)) remembered.set(key, { outcome, until: clock.monotonic() + grace * 1000 })
    return outcome
  }

  async function decide(key: string, route: Route, tokens: TokenSet): Promise<RefreshOutcome> {
    const askHere = () => askProvider(tokens, route)
    const outcome = exchange === undefined ? await askHere() : await exchange.once(key, askHere)
    // Who is told that a session is over may rely on it.
    if (outcome.outcome === 'rejected' && isFinal(outcome)) await onRejected(route, tokens)
    return outcome
  }

  function join(key: string, route: Route, tokens: TokenSet): Promise<RefreshOutcome> {
    const running = underWay.get(key) ?? ask(key, route, tokens).finally(() => underWay.delete(key))
    underWay.set(key, running)
    return running
  }

  return async (route, tokens) => {
    const key = JSON.stringify([route.provider.issuer, tokens.refreshToken ?? tokens.accessToken])
    const held = remembered.get(key)
    if (held !== undefined) {
      if (clock.monotonic() < held.until) return held.outcome
      remembered.delete(key)
    }
    try {
      return await asking(route, key, (context) => join(key, { ...route, context }, tokens))
    } catch (cause) {
      return unavailableFor(route, cause)
    }
  }
}

// What the provider has said about this refresh token; that there is none says nothing about any.
function isFinal(outcome: RefreshOutcome): boolean {
  if (outcome.outcome === 'rejected') return outcome.error.code !== 'ERR_TOKEN_MISSING'
  return outcome.outcome === 'refreshed'
}

async function askProvider(tokens: TokenSet, route: Route): Promise<RefreshOutcome> {
  const { provider, context } = route
  try {
    const outcome = await provider.refresh?.(tokens, context)
    if (outcome?.outcome !== 'refreshed')
      return outcome ?? { outcome: 'unavailable', error: unavailable(`${provider.name} cannot refresh`) }
    return { outcome: 'refreshed', tokens: { ...outcome.tokens, provider: provider.issuer } }
  } catch (cause) {
    return unavailableFor(route, cause)
  }
}

function unavailableFor({ provider }: Route, cause: unknown): RefreshOutcome {
  const error = isAuthError(cause) ? cause : unavailable(`${provider.name}: the refresh failed`, { cause })
  return { outcome: 'unavailable', error }
}
