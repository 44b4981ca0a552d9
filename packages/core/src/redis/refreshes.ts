import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod'
import { AuthError, type AuthErrorCode, unavailable } from '../errors.ts'
import { isObject } from '../json.ts'
import { readOptions, seconds, text } from '../options.ts'
import { createSeal } from '../seal.ts'
import type { RefreshExchange, RefreshOutcome, TokenSet } from '../token-set.ts'
import type { Seconds } from '../types.ts'
import { keyOf, type RedisStoreOptions } from './client.ts'
import { createCommands, messageOf } from './connection.ts'
import { storeSchema } from './options.ts'
import { createTurns, type Settled, type Turn } from './turns.ts'

/** How processes agree on who refreshes. Durations are seconds. */
export interface RedisRefreshesOptions extends RedisStoreOptions {
  /**
   * Secrets of at least 32 bytes, the same in all processes: what one process hands to another is sealed with the first, and opened with
   * any. To change it, put the new one last, then first, then take the old one away.
   */
  keys: string | readonly string[]
  /** How long a process may be silent before another takes its place; it is renewed three times in that. From 0.1 to 60, default 2. */
  lease?: Seconds
  /** How long those who come late with the old refresh token get the new pair. From 1 to 300, default 10. */
  grace?: Seconds
}

const secret = text.refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes')

const schema = storeSchema.extend({
  keys: z.union([secret, z.array(secret).min(1, 'must have at least one').max(8, 'must be at most 8')]),
  lease: seconds(0.1, 60).optional(),
  grace: seconds(1, 300).optional(),
})

// Beyond the longest that a provider is waited for, and a lease that has to run out first.
const patience: Seconds = 75
// An outage is told to those who wait at this moment, and not to later ones.
const outageFor: Seconds = 1

/**
 * Makes processes refresh a token once between them. One asks the provider, and renews its lease while it waits; the others get what
 * came of it. When it is not heard of any more, another takes its place. Redis holds neither tokens nor names: keys are hashes, and
 * pairs are sealed for `grace` seconds. While Redis is out of reach nothing is refreshed: the outcome is `unavailable`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createRedisRefreshes(options: RedisRefreshesOptions): RefreshExchange {
  const checked = readOptions('createRedisRefreshes', schema, options)
  const { prefix, lease = 2, grace = 10 } = checked
  const commands = createCommands(checked.client, checked.timeout)
  const turns = createTurns(commands)
  const seal = createSeal([checked.keys].flat(), 'refreshed tokens')
  const closing = new AbortController()
  const { signal } = closing

  /** @throws {AuthError} `ERR_STORE_UNAVAILABLE` */
  async function takeTurn(key: string): Promise<Exclude<Turn, { kind: 'taken' }>> {
    const end = performance.now() + patience * 1000
    for (let wait = 20; performance.now() < end; wait = Math.min(200, wait * 1.5)) {
      const turn = await turns.take(key, lease)
      if (turn.kind !== 'taken') return turn
      await pause(Math.min(wait, turn.milliseconds + 5) * (0.5 + Math.random() / 2), undefined, { signal })
    }
    throw new Error('another process has been refreshing for too long')
  }

  /** Asks the provider, and holds on to the turn meanwhile. */
  async function askHolding(key: string, fence: number, ask: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    const done = new AbortController()
    const renewing = (async () => {
      for (let isOurs = true; isOurs; ) {
        await pause((lease * 1000) / 3, undefined, { signal: done.signal, ref: false })
        // One that fails is made good by the next: the turn is lost only when somebody has taken it.
        isOurs = await turns.renew(key, fence, lease).catch(() => true)
      }
    })()
    renewing.catch(() => {}) // ended by what follows
    try {
      return await ask()
    } finally {
      done.abort()
    }
  }

  async function settle(key: string, fence: number, outcome: RefreshOutcome, keep: Seconds): Promise<Settled> {
    const isPrize = outcome.outcome === 'refreshed'
    // With the place where it is kept: nobody can put it elsewhere.
    const sealed = await seal.seal({ place: key, value: toSealed(outcome) })
    const tell = () => turns.settle(key, fence, { isPrize, sealed, keep })
    return tell().catch((error: unknown) => {
      // The others will ask for it until the grace is over; who has it already need not wait for that.
      if (isPrize) tellLater(tell)
      throw error
    })
  }

  function tellLater(tell: () => Promise<unknown>): void {
    const end = performance.now() + grace * 1000
    const again = async (): Promise<void> => {
      await pause(250 * (0.5 + Math.random()), undefined, { signal, ref: false })
      if (performance.now() < end) await tell().catch(again)
    }
    again().catch(() => {}) // closed
  }

  async function outcomeIn(key: string, sealed: string): Promise<RefreshOutcome> {
    const opened = await seal.open(sealed)
    return fromSealed(opened?.place === key && isObject(opened.value) ? opened.value : undefined)
  }

  async function once(key: string, ask: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    const turn = await takeTurn(key).catch((cause: unknown) => {
      throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: `refreshes: ${messageOf(cause)}`, cause })
    })
    if (turn.kind === 'over') return outcomeIn(key, turn.sealed)
    const answer = await askHolding(key, turn.fence, ask)
    const outcome = turn.others > 0 ? doubted(answer) : answer
    const isOutage = answer.outcome === 'unavailable'
    // With what came of this turn it is forgotten that somebody had one before, who may come back with the pair.
    const keep = isOutage && turn.others === 0 ? outageFor : grace
    const settled = await settle(key, turn.fence, outcome, keep).catch(() => undefined)
    // Somebody has taken our place, and asks: what we were told may be the consequence of that.
    if (settled?.kind === 'lost') return once(key, () => Promise.resolve(doubted(outcome)))
    if (settled?.kind !== 'over') return outcome
    const theirs = await outcomeIn(key, settled.sealed)
    return theirs.outcome !== 'refreshed' && outcome.outcome === 'refreshed' ? outcome : theirs
  }

  return {
    once: (name, ask) => once(keyOf(prefix, `refresh:${createHash('sha256').update(name).digest('base64url')}`), ask),
    async close() {
      closing.abort()
      commands.close()
    },
  }
}

/** Where another process may have used a refresh token up, that the provider refuses it says nothing about the session. */
function doubted(outcome: RefreshOutcome): RefreshOutcome {
  if (outcome.outcome !== 'rejected') return outcome
  const explanation = 'the refresh token was refused, but another process has used it and was not heard of again'
  return { outcome: 'unavailable', error: unavailable(explanation, { cause: outcome.error }) }
}

function toSealed(outcome: RefreshOutcome): object {
  if (outcome.outcome === 'refreshed') return outcome
  const { code, explanation, retryAfter } = outcome.error
  return { outcome: outcome.outcome, code, explanation, retryAfter }
}

function fromSealed(opened: Readonly<Record<string, unknown>> | undefined): RefreshOutcome {
  const { outcome, tokens, code, explanation, retryAfter } = opened ?? {}
  if (outcome === 'refreshed' && isObject(tokens) && typeof tokens.accessToken === 'string')
    return { outcome, tokens: tokens as unknown as TokenSet }
  const details = {
    ...(typeof explanation === 'string' && { explanation }),
    ...(typeof retryAfter === 'number' && { retryAfter }),
  }
  if (outcome === 'rejected' || outcome === 'unavailable')
    return { outcome, error: new AuthError(code as AuthErrorCode, details) }
  const unread = 'what another process has sealed cannot be opened (option keys)'
  return { outcome: 'unavailable', error: new AuthError('ERR_STORE_UNAVAILABLE', { explanation: unread }) }
}
