import { availableParallelism } from 'node:os'
import * as z from 'zod'
import type { AdmissionLimits } from './admission.ts'
import type { CacheLimits } from './cache.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Fetch } from './http.ts'
import type { KeySetLimits } from './keys.ts'
import { lazily } from './lazily.ts'
import { atOnce, functionOf, objectWith, readOptions, seconds, synchronous } from './options.ts'
import type { Provider } from './provider.ts'
import type { RevocationList } from './revocation.ts'
import type { RoleDirectory } from './roles/directory.ts'
import { addressOf } from './source.ts'
import type { RefreshExchange } from './token-set.ts'
import type { Seconds } from './types.ts'

/** What an authenticator is made of. Durations are seconds. */
export interface AuthenticatorOptions {
  /** Who is trusted. An issuer that is not among them is refused without being asked. */
  providers: readonly Provider[]
  /** Bounds of the cache of verified tokens; `false` for none. Default: 50,000 tokens, 256 MiB, 3600 s. */
  cache?: Partial<CacheLimits> | false
  /**
   * How many signatures of tokens that are not known are verified at once, and who waits; `false` for all at once. Behind a proxy
   * name the client with `sourceOf`, such as `({ ip }) => ip`; whom that does not name, the address of the connection does. Default: as
   * each of the limits has it; see `docs/performance.md`.
   */
  admission?: Partial<AdmissionLimits> | false
  /** How key sets are kept. Defaults: 600 s fresh where the issuer does not say, between 60 and 3600 s where it does, 24 h beyond that in an outage. */
  keys?: Partial<KeySetLimits>
  /** What has been revoked. Default: a list of this process. */
  revocations?: RevocationList
  /** Where processes agree on who refreshes. Default: none, each process refreshes for itself. */
  refreshes?: RefreshExchange
  /**
   * By whose word users have roles and permissions, at each request. Default: that of their tokens, as the provider reads them.
   * A role that is not in the directory is none, and what a token says itself about permissions does not count.
   */
  roles?: RoleDirectory
  /** For `exp`, `nbf` and `iat`. Default 5, at most 300. */
  clockTolerance?: Seconds
  /** The longest life of a token that is accepted, from its issue to its end; a revocation need not be kept longer. From a minute to 3660 days, default 30 days. */
  maxTokenLifetime?: Seconds
  /** One deadline over connect, headers and body of each call to a provider. From 0.01 to 60, default 5. */
  timeout?: Seconds
  /** For a private CA or a proxy. Default: the global `fetch`. */
  fetch?: Fetch
  /** For tests. Default: the machine's. */
  clock?: Clock
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

const defaultCache: CacheLimits = { maxTokens: 50_000, maxBytes: 256 * 1024 * 1024, maxAge: 3600 }

const count = (most: number) =>
  z.int('must be a whole number').min(1, 'must be at least 1').max(most, `must be at most ${most}`)
const day = 86_400

const schema = lazily(() =>
  z.strictObject({
    providers: z
      .array(z.custom<Provider>(isProvider, 'must be what a provider factory such as oidc() returns'), {
        error: ({ input }) =>
          input === undefined ? 'is missing: [oidc({ issuer, audience })] or others' : 'must be a list',
      })
      .min(1, 'must name at least one'),
    cache: z
      .union([
        z.literal(false),
        z.strictObject({ maxTokens: count(10_000_000), maxBytes: count(2 ** 36), maxAge: seconds(1, day) }).partial(),
      ])
      .optional(),
    admission: z
      .union([
        z.literal(false),
        z
          .strictObject({
            concurrency: count(1024),
            suspectConcurrency: count(1024),
            maxWaiting: count(100_000),
            maxWaitingPerSource: count(100_000),
            halfLife: seconds(0.1, day),
            sourceOf: synchronous<AdmissionLimits['sourceOf']>(),
          })
          .partial(),
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
    revocations: objectWith<RevocationList>('a RevocationList', 'isRevoked', 'add', 'close').optional(),
    refreshes: objectWith<RefreshExchange>('a RefreshExchange', 'once', 'close').optional(),
    roles: objectWith<RoleDirectory>('what createRoleDirectory returns', 'judge').optional(),
    clockTolerance: seconds(0, 300).optional(),
    maxTokenLifetime: seconds(60, 3660 * day).optional(),
    timeout: seconds(0.01, 60).optional(),
    fetch: functionOf<Fetch>().optional(),
    clock: objectWith<Clock>('a Clock', 'monotonic').optional(),
  }),
)

/** What each option has to be, for who takes them together with others: a shape of zod. */
export function authenticatorShape(): object {
  return schema().shape
}

function isProvider(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'issuer' in value &&
    ('jwt' in value || 'opaque' in value)
  )
}

/**
 * Checks the options of `createAuthenticator` and fills in what they leave open.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function readAuthenticatorOptions(options: AuthenticatorOptions) {
  const { timeout = 5, clock = systemClock, ...checked } = readOptions('createAuthenticator', schema(), options)
  return {
    providers: checked.providers,
    revocations: checked.revocations,
    refreshes: checked.refreshes,
    roles: checked.roles,
    clock,
    timeout,
    clockTolerance: checked.clockTolerance ?? 5,
    maxTokenLifetime: checked.maxTokenLifetime ?? 30 * day,
    fetch: checked.fetch ?? (((url, init) => globalThis.fetch(url, init)) satisfies Fetch),
    keys: { ...defaultKeys, timeout, ...stated<KeySetLimits>(checked.keys) },
    admission: checked.admission === false ? undefined : admissionLimits(stated<AdmissionLimits>(checked.admission)),
    cache: checked.cache === false ? undefined : { ...defaultCache, ...stated<CacheLimits>(checked.cache) },
  }
}

// A limit that is there and undefined, as of a variable that is not set, is none: in place of a default it would bound nothing.
function stated<Limits>(limits: object | undefined): Partial<Limits> {
  return Object.fromEntries(Object.entries(limits ?? {}).filter(([, value]) => value !== undefined)) as Partial<Limits>
}

// Trusted sources get all threads of libuv, and some that stand ready for each, so that none has to wait for the main thread.
// Suspects leave one thread free, and a core: that of the main thread.
function admissionLimits(given: Partial<AdmissionLimits>): AdmissionLimits {
  const { concurrency = 6 * threads(), sourceOf = addressOf } = given
  const suspectConcurrency = Math.max(1, Math.min(concurrency, threads(), availableParallelism()) - 1)
  return {
    suspectConcurrency,
    maxWaiting: 1024,
    maxWaitingPerSource: 256,
    halfLife: 10,
    ...given,
    concurrency,
    sourceOf: (request) => atOnce(sourceOf(request), 'createAuthenticator', 'admission.sourceOf') || addressOf(request),
  }
}

function threads(): number {
  const size = Number(process.env.UV_THREADPOOL_SIZE)
  return Number.isInteger(size) && size > 0 ? size : 4
}
