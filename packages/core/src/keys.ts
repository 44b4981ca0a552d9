import type { Algorithm } from './algorithms.ts'
import type { Clock } from './clock.ts'
import { AuthError, unavailable } from './errors.ts'
import { publish } from './events.ts'
import { type JsonRequest, type JsonResponse, origin } from './http.ts'
import { isObject } from './json.ts'
import type { IgnoredKey, VerificationKey } from './key.ts'
import { candidates, emptyRing, isSame, type KeyRing, readRing } from './key-ring.ts'
import type { Jwks } from './provider.ts'
import { createRefreshed, type Freshness, type Loaded, type RefreshedHealth } from './refreshed.ts'
import { freshnessOf, retryAfter } from './response-headers.ts'
import type { Standing } from './standing.ts'
import type { Seconds } from './types.ts'

/** How key sets are kept; see `docs/keys.md`. */
export interface KeySetLimits extends Freshness {
  /** After a refetch that did not bring the `kid` it was for, how long the next one waits, in seconds. From 1 to 3600, default 10. */
  readonly cooldown: Seconds
  /** One deadline for a fetch of the set, all its addresses together, in seconds. From 0.01 to 60; default: that of the authenticator. */
  readonly timeout: Seconds
  /** Bytes of the body, after decompression. Default 1 MiB, at most 16 MiB. */
  readonly maxBytes: number
  /** Keys of the set that are looked at. Default 100, at most 1000. */
  readonly maxKeys: number
}

/** How the keys of one issuer do. */
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
  /**
   * Looks once more at the issuer, within the cool-down, and tells whether the set is another than that of the given generation. For
   * keys that have no name.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`
   */
  renew(since: Standing): Promise<boolean>
  /** Stands until the issuer publishes another set; what rests on the absence of a key rests on this. */
  readonly generation: Standing
  /**
   * Kills a key now and for good, also if the issuer goes on publishing it; without a `kid`, all that are held. A `kid` that is not
   * held dies when it is first seen. Another key may have its `kid` later.
   */
  purge(kid?: string): void
  /** The keys that are held, and alive. */
  held(): readonly VerificationKey[]
  ready(): Promise<void>
  health(): KeySetHealth
  close(): void
}

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
  // Thumbprints of keys that are dead for good; kids of keys that will be, once they are seen.
  const purged = new Set<string>()
  const doomed = new Set<string | undefined>()
  let generation = { alive: true }
  let ring = emptyRing
  // The address that answered last, and the ETag of the ring it gave.
  let preferred: string | undefined
  let etag: string | undefined
  // How many times the issuer has been asked, and the last time that it answered with a set.
  let asked = 0
  let answered = 0
  let quietUntil = Number.NEGATIVE_INFINITY

  // Replaced whole: what is not in the new set dies now, with every cached token it signed.
  function adopt(jwks: Jwks): KeyRing {
    const next = readRing(jwks, limits.maxKeys)
    for (const thumbprint of next.burned) purged.add(thumbprint)
    for (const key of ring.keys) if (purged.has(key.thumbprint)) key.alive = false
    if (next.keys.length === 0)
      throw unavailable(`the key set of ${issuer} has no usable key (${reasons(next.ignored)})`)
    for (const key of next.keys) if (doomed.has(key.kid)) purged.add(key.thumbprint)
    for (const { kid } of next.keys) doomed.delete(kid)
    const refused = next.keys.filter((key) => purged.has(key.thumbprint))
    const ignored = [...next.ignored, ...refused.map(({ kid }) => ({ kid, reason: 'purged, or burned earlier' }))]
    const keys = next.keys
      .filter((key) => !refused.includes(key))
      .map((key) => ring.keys.find((old) => isSame(old, key)) ?? key)
    const same = keys.length === ring.keys.length && keys.every((key) => ring.keys.includes(key))
    if (!same) {
      for (const old of ring.keys) if (!keys.includes(old)) old.alive = false
      generation.alive = false
      generation = { alive: true }
    }
    ring = { keys, ignored, burned: next.burned }
    tell(same ? 'unchanged' : 'replaced')
    return ring
  }

  function tell(outcome: 'replaced' | 'unchanged' | 'died' | 'purged'): void {
    publish('claviger:keys', {
      issuer,
      outcome,
      keys: living().length,
      ignored: ring.ignored,
      error: undefined,
      retryIn: undefined,
    })
  }

  const living = () => ring.keys.filter((key) => key.alive)

  async function load(previous: KeyRing | undefined): Promise<Loaded<KeyRing>> {
    const number = ++asked
    const all = await addresses(kept.health().lastError !== undefined)
    const ordered = [...all.filter((one) => one === preferred), ...all.filter((one) => one !== preferred)]
    let failure: unknown
    for (const address of ordered) {
      try {
        const loaded = await loadFrom(address, previous, limits.timeout / ordered.length)
        answered = number
        return loaded
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async function loadFrom(address: string, previous: KeyRing | undefined, timeout: Seconds): Promise<Loaded<KeyRing>> {
    const tag = address === preferred && ring === previous ? etag : undefined
    const response = await request(address, {
      headers: {
        accept: 'application/jwk-set+json, application/json',
        ...(tag !== undefined && { 'if-none-match': tag }),
      },
      timeout,
      maxBytes: limits.maxBytes,
    })
    const { status, headers } = response
    if (status === 304 && tag !== undefined) {
      // Purged or dead in the meantime: what has not changed is not what we hold.
      if (ring !== previous) return loadFrom(address, undefined, timeout)
      tell('unchanged')
      return { value: ring, ...freshnessOf(headers) }
    }
    if (status !== 200)
      throw unavailable(`the key set at ${origin(address)} answered with status ${status}`, retryAfter(headers))
    const value = adopt(readJwks(response.body))
    const given = headers.get('etag')
    preferred = address
    etag = given !== null && given.length <= 256 ? given : undefined
    return { value, ...freshnessOf(headers) }
  }

  const kept = createRefreshed<KeyRing>({
    what: `the key set of ${issuer}`,
    clock,
    freshness: limits,
    load,
    ...(seed !== undefined && { seed: adopt(seed) }),
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
      ring = emptyRing
      tell('died')
    },
  })

  function match(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    return candidates(ring.keys, algorithm, kid)
  }

  // Asks the issuer for what a token misses: one fetch for all who do. What it was asked before the token came proves nothing, as the
  // key may have been published in between. A look in vain begins the cool-down, which an honest rotation thus never meets.
  async function seek(since: number, isFound: () => boolean): Promise<void> {
    while (answered <= since) {
      if (clock.monotonic() < quietUntil && kept.health().lastError === undefined) return
      await kept.refresh()
      if (isFound()) return
    }
    quietUntil = clock.monotonic() + limits.cooldown * 1000
  }

  async function seekKey(
    algorithm: Algorithm,
    kid: string | undefined,
    since: number,
  ): Promise<readonly VerificationKey[]> {
    await seek(since, () => match(algorithm, kid).length > 0)
    return known(match(algorithm, kid), algorithm)
  }

  return {
    get generation() {
      return generation
    },
    find(algorithm, kid) {
      const since = asked
      const held = kept.get()
      const found = () => {
        const keys = match(algorithm, kid)
        return keys.length > 0 ? keys : seekKey(algorithm, kid, since)
      }
      return held instanceof Promise ? held.then(found) : found()
    },
    async renew(since) {
      // Whatever it brings, a cool-down follows: an issuer whose set changes all the time must not keep us asking.
      if (generation === since) await seek(asked, () => false)
      return generation !== since
    },
    purge(kid) {
      const dying = ring.keys.filter((key) => kid === undefined || key.kid === kid)
      if (kid !== undefined && dying.length === 0) doomed.add(kid)
      for (const key of dying) {
        key.alive = false
        purged.add(key.thumbprint)
      }
      ring = { ...ring, keys: living() }
      tell('purged')
    },
    held: living,
    async ready() {
      await kept.get()
    },
    health: () => ({ ...kept.health(), keys: living().length, ignored: ring.ignored }),
    close: kept.close,
  }
}

/** Keys that are never fetched: pinned, or a shared secret. */
export function createFixedKeySet(keys: readonly VerificationKey[], ignored: readonly IgnoredKey[] = []): KeySet {
  const living = () => keys.filter((key) => key.alive)
  return {
    generation: { alive: true },
    find(algorithm, kid) {
      return known(candidates(living(), algorithm, kid), algorithm)
    },
    renew: async () => false,
    purge(kid) {
      for (const key of keys) if (kid === undefined || key.kid === kid) key.alive = false
    },
    held: living,
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

function readJwks(body: unknown): Jwks {
  if (!isObject(body) || !Array.isArray(body.keys)) throw unavailable('the key set is not a JSON object with keys')
  return { keys: body.keys }
}

function known(found: readonly VerificationKey[], algorithm: Algorithm): readonly VerificationKey[] {
  if (found.length === 0) throw unknownKey(algorithm)
  return found
}

function unknownKey(algorithm: Algorithm): AuthError {
  return new AuthError('ERR_TOKEN_KEY', { explanation: `the issuer has no key of this kid for ${algorithm}` })
}

function reasons(ignored: readonly IgnoredKey[]): string {
  return ignored.length === 0
    ? 'it is empty'
    : ignored
        .map((key) => key.reason)
        .slice(0, 5)
        .join(', ')
}
