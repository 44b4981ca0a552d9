import * as z from 'zod'
import { symmetricAlgorithms } from './algorithms.ts'
import { type CacheLimits, withCache } from './cache.ts'
import { type Clock, systemClock } from './clock.ts'
import { type AuthErrorCode, isAuthError, unavailable } from './errors.ts'
import { createRequest, type Fetch } from './http.ts'
import { secretKey } from './key.ts'
import { readRing } from './key-ring.ts'
import { createFixedKeySet, createRemoteKeySet, type KeySet, type KeySetHealth, type KeySetLimits } from './keys.ts'
import { loadMetadata, type Metadata } from './metadata.ts'
import { functionOf, invalidOptions, readOptions, seconds } from './options.ts'
import type { Jwks, KeySource, Provider, ProviderContext } from './provider.ts'
import { createRefreshed, type Refreshed } from './refreshed.ts'
import { createRevocationList, type Revocation, type RevocationList, withoutSignature, withRevocation } from './revocation.ts'
import { type RevocationRequest, readRevocationRequest } from './revocation-request.ts'
import { createRoutes, type Route } from './routes.ts'
import type { Seconds, Verifier } from './types.ts'
import { createVerifier } from './verify.ts'

/** What an authenticator is made of. Durations are seconds. */
export interface AuthenticatorOptions {
  /** Who is trusted. An issuer that is not among them is refused without being asked. */
  providers: readonly Provider[]
  /** Bounds of the cache of verified tokens; `false` for none. Default: 50,000 tokens, 128 MiB, 3600 s. */
  cache?: Partial<CacheLimits> | false
  /** How key sets are kept. Defaults: 600 s fresh where the issuer does not say, between 60 and 3600 s where it does, 24 h beyond that in an outage. */
  keys?: Partial<KeySetLimits>
  /** What has been revoked. Default: a list of this process. */
  revocations?: RevocationList
  /** For `exp`, `nbf` and `iat`. Default 5, at most 300. */
  clockTolerance?: Seconds
  /** The longest remaining life of a token that is accepted; a revocation need not be kept longer. Default 30 days. */
  maxTokenLifetime?: Seconds
  /** One deadline over connect, headers and body of each call to a provider. Default 5, at most 60. */
  timeout?: Seconds
  /** For a private CA or a proxy. Default: the global `fetch`. */
  fetch?: Fetch
  /** For tests. Default: the machine's. */
  clock?: Clock
}

/** How one provider does. */
export interface ProviderHealth {
  readonly provider: string
  readonly issuer: string
  /** False when tokens of this provider that are not known yet cannot be verified at the moment. */
  readonly ok: boolean
  /** Absent for a provider of opaque tokens alone. */
  readonly keys?: KeySetHealth
}

export interface Health {
  /** True if every provider is. */
  readonly ok: boolean
  readonly providers: readonly ProviderHealth[]
  /** Revocations held. */
  readonly revocations: number
}

/** Verifies tokens of all its providers, and forgets those that are revoked. Make one per process. */
export interface Authenticator {
  /** @throws {AuthError} any `ERR_TOKEN_…`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_REVOCATION_UNAVAILABLE` */
  readonly verify: Verifier
  /**
   * Refuses from now on what is named. Resolves when the revocation list has it.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` for a provider that is not configured or a request that names nothing
   */
  revoke(what: RevocationRequest): Promise<void>
  /**
   * For emergencies: a key that must not be trusted any more, now, whatever its issuer publishes. Without `kid`, all keys held.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` for an issuer that is not configured
   */
  purge(issuer: string, kid?: string): void
  /** Resolves when the keys of every provider are there. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  ready(): Promise<void>
  health(): Health
  /** Ends background work. */
  close(): Promise<void>
}

const defaultKeys: KeySetLimits = {
  defaultAge: 600,
  minAge: 60,
  maxAge: 3600,
  staleIfError: 86_400,
  retry: 2,
  maxRetry: 30,
  cooldown: 10,
  timeout: 5,
  maxBytes: 1024 * 1024,
  maxKeys: 100,
}

const defaultCache: CacheLimits = { maxTokens: 50_000, maxBytes: 128 * 1024 * 1024, maxAge: 3600 }
const metadataFreshness = { ...defaultKeys, defaultAge: 3600, maxAge: 86_400, staleIfError: 7 * 86_400 }

const count = (most: number) => z.int('must be a whole number').min(1, 'must be at least 1').max(most, `must be at most ${most}`)
const day = 86_400

const schema = z.strictObject({
  providers: z.array(z.custom<Provider>(isProvider, 'must be what a provider factory such as oidc() returns')).min(1, 'must name at least one'),
  cache: z
    .union([
      z.literal(false),
      z.strictObject({ maxTokens: count(10_000_000), maxBytes: count(2 ** 36), maxAge: seconds(1, day) }).partial(),
    ])
    .optional(),
  keys: z
    .strictObject({
      defaultAge: seconds(1, day),
      minAge: seconds(1, day),
      maxAge: seconds(1, day),
      staleIfError: seconds(0, 7 * day),
      retry: seconds(0.1, 60),
      maxRetry: seconds(1, 600),
      cooldown: seconds(1, 3600),
      timeout: seconds(0.01, 60),
      maxBytes: count(16 * 1024 * 1024),
      maxKeys: count(1000),
    })
    .partial()
    .optional(),
  revocations: z.custom<RevocationList>((value) => typeof value === 'object' && value !== null && 'isRevoked' in value, 'must be a RevocationList').optional(),
  clockTolerance: seconds(0, 300).optional(),
  maxTokenLifetime: seconds(60, 3660 * day).optional(),
  timeout: seconds(0.01, 60).optional(),
  fetch: functionOf<Fetch>().optional(),
  clock: z.custom<Clock>((value) => typeof value === 'object' && value !== null && 'monotonic' in value, 'must be a Clock').optional(),
})

function isProvider(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'issuer' in value && ('jwt' in value || 'opaque' in value)
}

/**
 * Makes the one object that an app verifies tokens with. Nothing is fetched before the first token, or `ready()`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, with every fault of the options named
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const where = 'createAuthenticator'
  const checked = readOptions(where, schema, options)
  const clock = checked.clock ?? systemClock
  const clockTolerance = checked.clockTolerance ?? 5
  const maxTokenLifetime = checked.maxTokenLifetime ?? 30 * day
  const timeout = checked.timeout ?? 5
  const limits = { ...defaultKeys, timeout, ...(checked.keys as Partial<KeySetLimits>) }
  const request = createRequest(checked.fetch ?? ((url, init) => globalThis.fetch(url, init)), timeout)
  const revocations = checked.revocations ?? createRevocationList({ clock })

  const shared = { clock, request, limits, keySets: new Map<string, KeySet>(), metadata: new Map<string, Refreshed<Metadata>>() }
  const routes = checked.providers.map((provider) => createRoute(provider, shared))
  const innermost = createVerifier({
    routes: createRoutes(routes),
    opaque: routes.filter(({ provider }) => provider.opaque !== undefined),
    clock,
    clockTolerance,
    maxTokenLifetime,
  })
  const cached =
    checked.cache === false
      ? innermost
      : withCache(innermost, clock, clockTolerance, { ...defaultCache, ...(checked.cache as Partial<CacheLimits>) })
  const verify = withRevocation(cached, revocations)

  const now = () => clock.now() / 1000

  function issuersOf(provider: string): readonly string[] {
    const found = routes.filter((route) => route.provider.name === provider || route.provider.issuer === provider)
    if (found.length === 0) throw invalidOptions('revoke', `there is no provider ${JSON.stringify(provider)}`)
    return [...new Set(found.map((route) => route.provider.issuer))]
  }

  async function revocationsOf(request: RevocationRequest): Promise<Revocation[]> {
    const what = readRevocationRequest(request)
    const longest = now() + maxTokenLifetime + clockTolerance
    if ('token' in what) return revocationsOfToken(what.token, longest)
    if ('tokenId' in what || 'session' in what) {
      const { provider, expiresAt } = what
      // No token that is accepted lives longer.
      const until = expiresAt === undefined ? longest : Math.min(expiresAt + clockTolerance, longest)
      const entry =
        'tokenId' in what
          ? ({ kind: 'tokenId', id: what.tokenId, until } as const)
          : ({ kind: 'session', id: what.session, until } as const)
      return provider === undefined ? [entry] : issuersOf(provider).map((issuer) => ({ ...entry, issuer }))
    }
    const issuedBefore = what.issuedBefore ?? Math.floor(now()) + 1
    // Tokens issued up to then may live on from then.
    const until = Math.max(longest, issuedBefore + maxTokenLifetime + clockTolerance)
    return issuersOf(what.provider).map((issuer) =>
      'subject' in what
        ? { kind: 'subject', subject: what.subject, issuer, issuedBefore, until }
        : { kind: 'provider', issuer, issuedBefore, until },
    )
  }

  // By its id if it has one, so that no list has to hold what a token is made of. None for one that will never be accepted.
  async function revocationsOfToken(token: string, longest: Seconds): Promise<Revocation[]> {
    const signed = withoutSignature(token)
    try {
      const { tokenId, issuer, expiresAt } = await cached(token)
      // What ends an opaque token is up to its provider, who may put it off.
      const until = signed === token ? longest : expiresAt + clockTolerance
      return tokenId === undefined
        ? [{ kind: 'token', token: signed, until }]
        : [{ kind: 'tokenId', id: tokenId, issuer, until }]
    } catch (error) {
      const hopeless = isAuthError(error) && error.status < 500 && !mayPass.has(error.code)
      return hopeless ? [] : [{ kind: 'token', token: signed, until: longest }]
    }
  }

  return {
    verify,
    async revoke(what) {
      for (const revocation of await revocationsOf(what)) await revocations.add(revocation)
    },
    purge(issuer, kid) {
      const found = routes.filter(({ provider }) => provider.issuer === issuer || provider.issuerAliases?.includes(issuer))
      if (found.length === 0) throw invalidOptions('purge', `there is no provider with the issuer ${JSON.stringify(issuer)}`)
      for (const keys of new Set(found.map((route) => route.keys))) keys?.purge(kid)
    },
    async ready() {
      await Promise.all([...shared.keySets.values()].map((keys) => keys.ready()))
    },
    health() {
      const providers = routes.map(({ provider, keys }): ProviderHealth => {
        const health = keys?.health()
        // Nothing is known of what has not been asked yet, and no app should wait for its first token until it has had one.
        const ok = health === undefined || (health.state === 'empty' ? health.lastError === undefined : health.keys > 0)
        return { provider: provider.name, issuer: provider.issuer, ok, ...(health !== undefined && { keys: health }) }
      })
      return { ok: providers.every(({ ok }) => ok), providers, revocations: revocations.size }
    },
    async close() {
      for (const keys of shared.keySets.values()) keys.close()
      for (const metadata of shared.metadata.values()) metadata.close()
      await revocations.close()
    },
  }
}

interface Shared {
  readonly clock: Clock
  readonly request: ProviderContext['request']
  readonly limits: KeySetLimits
  /** Providers that read the same keys of the same issuer share them. */
  readonly keySets: Map<string, KeySet>
  readonly metadata: Map<string, Refreshed<Metadata>>
}

function createRoute(provider: Provider, shared: Shared): Route {
  const { clock, request, limits } = shared
  const { issuer } = provider
  const source = provider.jwt?.keys
  const metadataUrl = source !== undefined && 'discovery' in source ? source.metadataUrl : undefined
  const metadata = once(shared.metadata, JSON.stringify([issuer, metadataUrl]), () =>
    createRefreshed<Metadata>({
      what: `the metadata of ${issuer}`,
      clock,
      freshness: metadataFreshness,
      load: () => loadMetadata(issuer, metadataUrl, request),
    }),
  )
  const context: ProviderContext = { issuer, clock, request, metadata: async () => metadata.get() }
  if (source === undefined) return { provider, context }
  const keys = once(shared.keySets, JSON.stringify([issuer, source]), () => createKeySet(provider, source, context, metadata, limits))
  return { provider, context, keys }
}

function createKeySet(
  { name, issuer }: Provider,
  source: KeySource,
  { clock, request }: ProviderContext,
  metadata: Refreshed<Metadata>,
  limits: KeySetLimits,
): KeySet {
  if ('secret' in source) return createFixedKeySet([secretKey(source.secret, symmetricAlgorithms)])
  if ('pinned' in source) {
    const { keys, ignored } = readKeys(name, source.pinned, limits)
    return createFixedKeySet(keys, ignored)
  }
  if (source.seed !== undefined) readKeys(name, source.seed, limits)
  const addresses =
    'jwksUri' in source
      ? async () => [source.jwksUri].flat()
      : async (failed: boolean) => {
          // The set may have moved: what the issuer says of itself is asked again before what it said earlier is trusted.
          const { jwks_uri } = failed ? await metadata.refresh(true).catch(() => metadata.get()) : await metadata.get()
          if (jwks_uri === undefined) throw unavailable(`the metadata of ${issuer} names no jwks_uri`)
          return [jwks_uri]
        }
  return createRemoteKeySet({ issuer, addresses, request, clock, limits, ...(source.seed !== undefined && { seed: source.seed }) })
}

function readKeys(name: string, jwks: Jwks, limits: KeySetLimits) {
  const ring = readRing(jwks, limits.maxKeys)
  if (ring.keys.length > 0) return ring
  throw invalidOptions(name, `none of the keys given can be used (${ring.ignored.map((key) => key.reason).join(', ') || 'there are none'})`)
}

function once<T>(made: Map<string, T>, key: string, make: () => T): T {
  const held = made.get(key) ?? make()
  made.set(key, held)
  return held
}

// Refusals that time, or a hook, may take back.
const mayPass: ReadonlySet<AuthErrorCode> = new Set(['ERR_TOKEN_NOT_YET_VALID', 'ERR_TOKEN_REFUSED'])
