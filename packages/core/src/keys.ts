import type { Algorithm } from './algorithms.ts'
import { freshnessOf } from './cache-control.ts'
import type { Clock } from './clock.ts'
import { AuthError, unavailable } from './errors.ts'
import { publish } from './events.ts'
import type { JsonRequest, JsonResponse } from './http.ts'
import { isObject } from './json.ts'
import { type IgnoredKey, readKey, type VerificationKey } from './key.ts'
import type { Jwks } from './provider.ts'
import { origin } from './http.ts'
import { createRefreshed, type Freshness, type Loaded, type RefreshedHealth } from './refreshed.ts'
import type { Standing } from './standing.ts'
import type { Seconds } from './types.ts'

/** How key sets are kept; see `docs/keys.md`. */
export interface KeySetLimits extends Freshness {
  /** After a refetch for an unknown `kid`, how long the next one waits, in seconds. */
  readonly cooldown: Seconds
  /** One deadline for a fetch of the set, all its addresses together, in seconds. */
  readonly timeout: Seconds
  /** Of the body, after decompression. */
  readonly maxBytes: number
  /** Keys of the set that are looked at. */
  readonly maxKeys: number
}

export interface KeySetHealth extends RefreshedHealth {
  /** Usable keys held now. */
  readonly keys: number
  /** Keys of the last set that are not used, with the reason. */
  readonly ignored: readonly IgnoredKey[]
}

/** The keys of one issuer. */
export interface KeySet {
  /**
   * The keys that a token with this header may have been signed with, at most a few. At once when one is known; an unknown
   * `kid` costs the issuer at most one fetch per cool-down.
   * @throws {AuthError} `ERR_TOKEN_KEY` (no such key), `ERR_PROVIDER_UNAVAILABLE` (cannot be known at the moment)
   */
  find(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] | Promise<readonly VerificationKey[]>
  /** Looks once more at the issuer, within the cool-down; tells whether the set has changed. For keys that have no name. */
  renew(): Promise<boolean>
  /** Stands as long as the set stays as it is; what rests on the absence of a key rests on this. */
  readonly generation: Standing
  /** Kills a key now and for good, also if the issuer goes on publishing it; without a `kid`, all that are held. */
  purge(kid?: string): void
  ready(): Promise<void>
  health(): KeySetHealth
  close(): void
}

interface KeyRing {
  readonly keys: readonly VerificationKey[]
  readonly ignored: readonly IgnoredKey[]
}

// A token that names no key is tried with this many at the most.
const maxCandidates = 8

interface RemoteOptions {
  readonly issuer: string
  /** Where the set is; asked for each fetch, and told whether the last one failed, as the set may have moved. */
  readonly addresses: (failed: boolean) => Promise<readonly string[]>
  readonly request: (url: string, init?: JsonRequest) => Promise<JsonResponse>
  readonly clock: Clock
  readonly limits: KeySetLimits
  readonly seed?: Jwks
}

/** A key set that its issuer publishes. */
export function createRemoteKeySet({ issuer, addresses, request, clock, limits, seed }: RemoteOptions): KeySet {
  const purged = new Set<string>()
  const etags = new Map<string, string>()
  let preferred: string | undefined
  let generation = { alive: true }
  let lastLook = Number.NEGATIVE_INFINITY
  let ring: KeyRing = { keys: [], ignored: [] }

  function changed(): void {
    generation.alive = false
    generation = { alive: true }
  }

  // Replaced whole: what is not in the new set dies now, with every cached token it signed.
  function adopt(jwks: Jwks, outcome: 'replaced' | 'unchanged'): KeyRing {
    const next = readRing(jwks, limits.maxKeys)
    const burned = new Set(next.ignored.flatMap((key) => key.burned ?? []))
    for (const key of ring.keys) if (burned.has(key.thumbprint)) key.alive = false
    const usable = next.keys.filter((key) => !purged.has(key.thumbprint) && !burned.has(key.thumbprint))
    if (usable.length === 0) {
      changed()
      throw unavailable(`the key set of ${issuer} has no usable key (${reasons(next.ignored)})`)
    }
    const keys = usable.map((key) => ring.keys.find((old) => old.alive && isSame(old, key)) ?? key)
    const same = keys.length === ring.keys.length && keys.every((key, index) => key === ring.keys[index])
    if (!same) {
      for (const old of ring.keys) if (!keys.includes(old)) old.alive = false
      changed()
    }
    ring = { keys, ignored: next.ignored }
    tell(same ? 'unchanged' : outcome)
    return ring
  }

  function tell(outcome: 'replaced' | 'unchanged' | 'died' | 'purged'): void {
    publish('claviger:keys', { issuer, outcome, keys: living().length, ignored: ring.ignored, error: undefined, retryIn: undefined })
  }

  const living = () => ring.keys.filter((key) => key.alive)

  async function load(previous: KeyRing | undefined): Promise<Loaded<KeyRing>> {
    const all = await addresses(kept.health().lastError !== undefined)
    const ordered = [...all].sort((a, b) => Number(b === preferred) - Number(a === preferred))
    let failure: unknown
    for (const address of ordered) {
      try {
        const loaded = await loadFrom(address, previous, limits.timeout / ordered.length)
        preferred = address
        return loaded
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async function loadFrom(address: string, previous: KeyRing | undefined, timeout: Seconds): Promise<Loaded<KeyRing>> {
    const etag = address === preferred && previous !== undefined && previous.keys.length > 0 ? etags.get(address) : undefined
    const response = await request(address, {
      headers: { accept: 'application/jwk-set+json, application/json', ...(etag !== undefined && { 'if-none-match': etag }) },
      timeout,
      maxBytes: limits.maxBytes,
    })
    if (response.status === 304 && etag !== undefined) {
      tell('unchanged')
      return { value: ring, ...freshnessOf(response.headers) }
    }
    if (response.status !== 200) throw unavailable(`the key set at ${origin(address)} answered with status ${response.status}`)
    const value = adopt(readJwks(response.body), 'replaced')
    const tag = response.headers.get('etag')
    if (tag === null || tag.length > 256) etags.delete(address)
    else etags.set(address, tag)
    return { value, ...freshnessOf(response.headers) }
  }

  const kept = createRefreshed<KeyRing>({
    what: `the key set of ${issuer}`,
    clock,
    freshness: limits,
    load,
    ...(seed !== undefined && { seed: adopt(seed, 'replaced') }),
    onFailure(error, retryIn) {
      publish('claviger:keys', {
        issuer,
        outcome: 'failed',
        keys: living().length,
        ignored: ring.ignored,
        error: error.explanation,
        retryIn,
      })
    },
    onDeath() {
      for (const key of ring.keys) key.alive = false
      ring = { keys: [], ignored: [] }
      changed()
      tell('died')
    },
  })

  function match(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    return candidates(ring.keys, algorithm, kid)
  }

  // One look at the issuer for all who miss a key, then a cool-down.
  let looking: Promise<void> | undefined
  function look(): Promise<void> {
    if (looking !== undefined) return looking
    const { lastError, nextRetry } = kept.health()
    if (clock.monotonic() - lastLook < limits.cooldown * 1000) {
      if (lastError === undefined) return Promise.resolve()
      // The last look failed: whether the key exists cannot be known, and that is not the caller's fault.
      return Promise.reject(unavailable(`the key is not known, and ${lastError}`, { retryAfter: nextRetry ?? limits.cooldown }))
    }
    lastLook = clock.monotonic()
    // A fetch already under way may have left before the key was published.
    const shared = kept.refreshing() ? kept.refresh().catch(() => {}) : Promise.resolve()
    looking = shared
      .then(() => kept.refresh())
      .then(() => {})
      .finally(() => {
        looking = undefined
      })
    return looking
  }

  async function lookAndMatch(algorithm: Algorithm, kid: string | undefined): Promise<readonly VerificationKey[]> {
    await look()
    return known(match(algorithm, kid), algorithm)
  }

  return {
    get generation() {
      return generation
    },
    find(algorithm, kid) {
      const held = kept.get()
      if (!(held instanceof Promise)) {
        const found = match(algorithm, kid)
        return found.length > 0 ? found : lookAndMatch(algorithm, kid)
      }
      const cold = kept.current() === undefined
      return held.then(() => {
        const found = match(algorithm, kid)
        if (found.length > 0) return found
        if (!cold) return lookAndMatch(algorithm, kid)
        // The wait for the first set was the look that a miss may cause.
        lastLook = clock.monotonic()
        throw unknownKey(algorithm)
      })
    },
    async renew() {
      const before = generation
      await look()
      return generation !== before
    },
    purge(kid) {
      for (const key of ring.keys) {
        if (kid !== undefined && key.kid !== kid) continue
        key.alive = false
        purged.add(key.thumbprint)
      }
      ring = { keys: living(), ignored: ring.ignored }
      etags.clear()
      changed()
      tell('purged')
    },
    async ready() {
      await kept.get()
    },
    health: () => ({ ...kept.health(), keys: living().length, ignored: ring.ignored }),
    close: kept.close,
  }
}

/** Keys that are never fetched: pinned, or a shared secret. */
export function createFixedKeySet(keys: readonly VerificationKey[], ignored: readonly IgnoredKey[] = []): KeySet {
  let generation = { alive: true }
  const living = () => keys.filter((key) => key.alive)
  return {
    get generation() {
      return generation
    },
    find(algorithm, kid) {
      const usable = living()
      if (usable.length === 0) throw unavailable('every pinned key has been purged')
      // A pinned key may have no name, and a token may name none.
      const found = candidates(usable, algorithm, usable.some((key) => key.kid !== undefined) ? kid : undefined)
      return known(found, algorithm)
    },
    renew: async () => false,
    purge(kid) {
      for (const key of keys) if (kid === undefined || key.kid === kid) key.alive = false
      generation.alive = false
      generation = { alive: true }
    },
    ready: async () => {},
    health: () => ({
      state: living().length > 0 ? 'fresh' : 'dead',
      age: undefined,
      lastError: undefined,
      nextRetry: undefined,
      keys: living().length,
      ignored,
    }),
    close() {},
  }
}

/** Reads a whole set; keys that are not used come with the reason. */
export function readRing(jwks: Jwks, maxKeys: number): KeyRing {
  const keys: VerificationKey[] = []
  const ignored: IgnoredKey[] = []
  for (const jwk of jwks.keys.slice(0, maxKeys)) {
    const key = isObject(jwk) ? readKey(jwk) : { kid: undefined, reason: 'not a JSON object' }
    if ('verify' in key) keys.push(key)
    else ignored.push(key)
  }
  if (jwks.keys.length > maxKeys) ignored.push({ kid: undefined, reason: `${jwks.keys.length - maxKeys} keys over the limit of ${maxKeys}` })
  return { keys, ignored }
}

function readJwks(body: unknown): Jwks {
  if (!isObject(body) || !Array.isArray(body.keys)) throw unavailable('the key set is not a JSON object with keys')
  return { keys: body.keys }
}

// By name where the token names a key; keys without a name, and tokens that name none, are matched by type alone.
function candidates(keys: readonly VerificationKey[], algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] {
  const usable = keys.filter((key) => key.alive && key.algorithms.includes(algorithm))
  const named = kid === undefined ? usable : usable.filter((key) => key.kid === kid)
  const found = named.length > 0 ? named : usable.filter((key) => key.kid === undefined)
  return found.slice(0, maxCandidates)
}

function isSame(a: VerificationKey, b: VerificationKey): boolean {
  return a.thumbprint === b.thumbprint && a.kid === b.kid && a.algorithms.join() === b.algorithms.join()
}

function known(found: readonly VerificationKey[], algorithm: Algorithm): readonly VerificationKey[] {
  if (found.length === 0) throw unknownKey(algorithm)
  return found
}

function unknownKey(algorithm: Algorithm): AuthError {
  return new AuthError('ERR_TOKEN_KEY', { explanation: `the issuer has no key of this kid for ${algorithm}` })
}

function reasons(ignored: readonly IgnoredKey[]): string {
  return ignored.length === 0 ? 'it is empty' : ignored.map((key) => key.reason).slice(0, 5).join(', ')
}
