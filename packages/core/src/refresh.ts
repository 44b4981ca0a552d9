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
// How many things one user's tokens are asked for within that time.
const maxPlaces = 256

interface Remembered {
  readonly outcome: Answer
  readonly until: number
}

/** What a provider answered, with what it was asked for: processes hand that to each other too. */
type Answer =
  | Exclude<RefreshOutcome, { outcome: 'refreshed' }>
  | { readonly outcome: 'refreshed'; readonly tokens: TokenSet & { readonly askedFor?: string } }

/** A call with a refresh token: the first, or a later one for something else where the refresh token stays the same. */
interface Place {
  readonly refreshToken: string
  readonly turn: number
}

/** A call that is under way. */
interface Call {
  /** What is asked for by who asks here. */
  readonly target: string | undefined
  readonly answer: Promise<Answer>
}

/** Asks a provider for new tokens, once for each refresh token and what is asked for. Never throws. */
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
 *
 * Where one refresh token gives tokens for several things, they are asked for one after the other: whoever finds that another has
 * asked for something else asks with the refresh token that the other got, which may have replaced it.
 */
export function createRefreshOnce({ clock, exchange, onRejected }: Options): RefreshOnce {
  const asking = createAsking(clock)
  const underWay = new Map<string, Call>()
  const remembered = new LRUCache<string, Remembered>({ max: maxRemembered })
  const together = new Map<string, Set<Promise<unknown>>>()

  function rememberedAt(key: string): Answer | undefined {
    const held = remembered.get(key)
    if (held !== undefined && clock.monotonic() < held.until) return held.outcome
    remembered.delete(key)
    return undefined
  }

  async function ask(key: string, target: string | undefined, route: Route, tokens: TokenSet): Promise<Answer> {
    const outcome = await decide(key, target, route, tokens)
    if (isFinal(outcome)) remembered.set(key, { outcome, until: clock.monotonic() + grace * 1000 })
    return outcome
  }

  async function decide(key: string, target: string | undefined, route: Route, tokens: TokenSet): Promise<Answer> {
    const askHere = () => askProvider(tokens, route, target)
    const outcome = exchange === undefined ? await askHere() : await exchange.once(key, askHere)
    // Who is told that a session is over may rely on it.
    if (outcome.outcome === 'rejected' && isFinal(outcome)) await onRejected(route, tokens)
    return outcome
  }

  function join(key: string, target: string | undefined, route: Route, tokens: TokenSet): Call {
    const running = underWay.get(key)
    if (running !== undefined) return running
    const answer = ask(key, target, route, tokens).finally(() => underWay.delete(key))
    const call = { target, answer }
    underWay.set(key, call)
    return call
  }

  /** The answer to a call, which is made unless it is under way or has been made. `isOurs`: whether it was for this target. */
  async function answerTo(
    key: string,
    target: string | undefined,
    route: Route,
    tokens: TokenSet,
  ): Promise<{ answer: Answer; isOurs: boolean }> {
    const held = rememberedAt(key)
    if (held !== undefined) return { answer: held, isOurs: target === undefined }
    let isOurs = true
    try {
      const answered = async () => {
        const call = join(key, target, route, tokens)
        isOurs = call.target === target
        const answer = await call.answer
        if (answer.outcome === 'unavailable') throw answer.error
        return answer
      }
      const answer = await asking(route, key, answered, isFinal)
      return { answer, isOurs }
    } catch (cause) {
      return { answer: unavailableFor(route, cause), isOurs }
    }
  }

  /** Goes from call to call until one is for the same thing, or none has been made there yet. */
  async function walk(route: Route, given: TokenSet, target: string): Promise<{ answer: Answer; next: Place }> {
    let place = firstOf(given)
    let isPatient = true
    for (let step = 0; step < maxPlaces; step += 1) {
      const tokens = { ...given, refreshToken: place.refreshToken }
      const { answer, isOurs } = await answerTo(keyOf(route, place), target, route, tokens)
      if (answer.outcome === 'refreshed') {
        const next = nextOf(place, answer)
        if ((answer.tokens.askedFor ?? target) === target) return { answer, next }
        place = next
      } else if (isOurs || (answer.outcome === 'unavailable' && !isPatient)) {
        return { answer, next: place }
      } else if (answer.outcome === 'rejected') {
        // What is over for one is over for all.
        const ended = onRejected(route, given).then(
          () => answer,
          (cause: unknown) => unavailableFor(route, cause),
        )
        return { answer: await ended, next: place }
      } else {
        // An outage may be about what the other has asked for. Two in a row are believed.
        isPatient = false
      }
    }
    const explanation = `${route.provider.name}: one refresh token is asked for too many things at once`
    return { answer: { outcome: 'unavailable', error: unavailable(explanation) }, next: place }
  }

  /** The refresh token that came of the last of all calls that are known. */
  function lastOf(route: Route, from: Place): string {
    let place = from
    for (let step = 0; step < maxPlaces; step += 1) {
      const answer = rememberedAt(keyOf(route, place))
      if (answer?.outcome !== 'refreshed') break
      place = nextOf(place, answer)
    }
    return place.refreshToken
  }

  return async (route, given) => {
    const key = keyOf(route, firstOf(given))
    let target: string | undefined
    try {
      target = given.refreshToken ? route.provider.refreshTarget?.(given) : undefined
    } catch (cause) {
      return unavailableFor(route, cause)
    }
    if (target === undefined) return (await answerTo(key, undefined, route, given)).answer
    const walking = walk(route, given, target)
    const others = together.get(key) ?? new Set()
    together.set(key, others.add(walking))
    const { answer, next } = await walking
    // Who store their answers in whatever order all keep a refresh token that has not been replaced.
    if (answer.outcome === 'refreshed') await Promise.all(others)
    others.delete(walking)
    if (others.size === 0) together.delete(key)
    if (answer.outcome !== 'refreshed') return answer
    const { askedFor, ...tokens } = answer.tokens
    return { outcome: 'refreshed', tokens: { ...tokens, refreshToken: lastOf(route, next) } }
  }
}

function firstOf({ refreshToken, accessToken }: TokenSet): Place {
  return { refreshToken: refreshToken ?? accessToken, turn: 0 }
}

function keyOf({ provider }: Route, { refreshToken, turn }: Place): string {
  return JSON.stringify([provider.issuer, refreshToken, ...(turn === 0 ? [] : [turn])])
}

function nextOf({ refreshToken: old, turn }: Place, answer: Answer): Place {
  const refreshToken = answer.outcome === 'refreshed' ? (answer.tokens.refreshToken ?? old) : old
  return refreshToken === old ? { refreshToken, turn: turn + 1 } : { refreshToken, turn: 0 }
}

// What the provider has said about this refresh token; that there is none says nothing about any.
function isFinal(outcome: RefreshOutcome): boolean {
  if (outcome.outcome === 'rejected') return outcome.error.code !== 'ERR_TOKEN_MISSING'
  return outcome.outcome === 'refreshed'
}

async function askProvider(tokens: TokenSet, route: Route, askedFor: string | undefined): Promise<Answer> {
  const { provider, context } = route
  try {
    const outcome = await provider.refresh?.(tokens, context)
    if (outcome?.outcome !== 'refreshed')
      return outcome ?? { outcome: 'unavailable', error: unavailable(`${provider.name} cannot refresh`) }
    const told = { ...outcome.tokens, provider: provider.issuer, ...(askedFor !== undefined && { askedFor }) }
    return { outcome: 'refreshed', tokens: told }
  } catch (cause) {
    return unavailableFor(route, cause)
  }
}

function unavailableFor({ provider }: Route, cause: unknown): Answer {
  const error = isAuthError(cause) ? cause : unavailable(`${provider.name}: the refresh failed`, { cause })
  return { outcome: 'unavailable', error }
}
