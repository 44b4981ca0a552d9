import { symmetricAlgorithms } from './algorithms.ts'
import type { Clock } from './clock.ts'
import type { ClockSkews } from './clock-skew.ts'
import { unavailable } from './errors.ts'
import { secretKey } from './key.ts'
import { readRing } from './key-ring.ts'
import { createFixedKeySet, createRemoteKeySet, type KeySet, type KeySetLimits } from './keys.ts'
import { loadMetadata, type Metadata } from './metadata.ts'
import { invalidOptions } from './options.ts'
import type { Jwks, KeySource, Provider, ProviderContext } from './provider.ts'
import { createRefreshed, type Freshness, type Refreshed } from './refreshed.ts'

/** A provider with what it needs at work. */
export interface Route {
  readonly provider: Provider
  readonly context: ProviderContext
  /** There is one if the provider has a JWT profile. */
  readonly keys?: KeySet
}

const metadataAges: Pick<Freshness, 'defaultAge' | 'minAge' | 'maxAge' | 'staleIfError'> = {
  defaultAge: 3600,
  minAge: 60,
  maxAge: 86_400,
  staleIfError: 7 * 86_400,
}

/** What the providers of one authenticator share. */
export interface Shared {
  readonly clock: Clock
  readonly request: ProviderContext['request']
  readonly limits: KeySetLimits
  /** Providers that read the same keys of the same issuer share them. */
  readonly keySets: Map<string, KeySet>
  readonly metadata: Map<string, Refreshed<Metadata>>
  readonly clockSkews: ClockSkews
}

/** Gives a provider what it needs at work: its keys, its metadata, a way to call it. Nothing is fetched yet. */
export function createRoute(provider: Provider, shared: Shared): Route {
  const { clock, limits } = shared
  const { issuer } = provider
  const request: ProviderContext['request'] = async (url, init) => {
    const response = await shared.request(url, init)
    shared.clockSkews.note(issuer, response.headers)
    return response
  }
  const source = provider.jwt?.keys
  const metadataUrl = source !== undefined && 'discovery' in source ? source.metadataUrl : undefined
  const metadata = once(shared.metadata, JSON.stringify([issuer, metadataUrl]), () =>
    createRefreshed<Metadata>({
      what: `the metadata of ${issuer}`,
      clock,
      freshness: { ...limits, ...metadataAges },
      load: () => loadMetadata(issuer, metadataUrl, request),
    }),
  )
  const context: ProviderContext = { issuer, clock, request, metadata: async () => metadata.get() }
  if (source === undefined) return { provider, context }
  const keys = once(shared.keySets, JSON.stringify([issuer, source]), () =>
    createKeySet(provider, source, context, metadata, limits),
  )
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
          const { jwks_uri } = failed ? await metadata.refresh().catch(() => metadata.get()) : await metadata.get()
          if (jwks_uri === undefined) throw unavailable(`the metadata of ${issuer} names no jwks_uri`)
          return [jwks_uri]
        }
  return createRemoteKeySet({
    issuer,
    addresses,
    request,
    clock,
    limits,
    ...(source.seed !== undefined && { seed: source.seed }),
  })
}

function readKeys(name: string, jwks: Jwks, limits: KeySetLimits) {
  const ring = readRing(jwks, limits.maxKeys)
  if (ring.keys.length > 0) return ring
  throw invalidOptions(
    name,
    `none of the keys given can be used (${ring.ignored.map((key) => key.reason).join(', ') || 'there are none'})`,
  )
}

function once<T>(made: Map<string, T>, key: string, make: () => T): T {
  const held = made.get(key) ?? make()
  made.set(key, held)
  return held
}
