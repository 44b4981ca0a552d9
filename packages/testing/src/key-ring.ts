import type { Algorithm, Jwk, Jwks } from '@claviger/core'
import { createSecretKey, createTestKey, isSignedWith, type KeyOptions, type SigningKey, type TestKey } from './keys.ts'

type Asymmetric = Exclude<Algorithm, `HS${string}`>

/** The keys of an issuer: what it publishes, and what it signs with. */
export interface KeyRing {
  /** The key that signs unless told otherwise. */
  readonly current: TestKey
  /**
   * Signs with a new key from now on. `keepPrevious: false` takes the one before out of the key set at once.
   * @param options.alg Default: that of the current key.
   */
  rotate(options?: KeyOptions & { readonly keepPrevious?: boolean; readonly alg?: Asymmetric }): Promise<TestKey>
  /** Publishes one more key without signing with it. */
  addKey(alg: Asymmetric, options?: KeyOptions): Promise<TestKey>
  /** Takes a key out of the key set. @throws {Error} when there is none of this `kid`. */
  removeKey(kid: string): void
  /** Publishes this as it is: a private key, a second one of the same `kid`, a symmetric one, anything. */
  publish(jwk: Readonly<Record<string, unknown>>): void
  /** What is published. */
  jwks(): Jwks
  /** Served instead of {@link KeyRing.jwks}, word for word, while it is set. */
  jwksText: string | undefined
  /** The newest published key of a `kid` or an algorithm; an HS algorithm gets the issuer's secret. @throws {Error} */
  find(wanted: { readonly kid?: string; readonly alg?: Algorithm }): SigningKey
  /** True for a token that a published key, or the secret, has signed. */
  hasSigned(token: string): boolean
}

/** Makes one key for each algorithm; the first of them signs. */
export async function createKeyRing(algorithms: readonly Asymmetric[], secret: string): Promise<KeyRing> {
  const [first, ...more] = algorithms
  if (first === undefined) throw new TypeError('algorithms must name one at least.')
  const secrets = (['HS256', 'HS384', 'HS512'] as const).map((alg) => createSecretKey(alg, secret))
  let current = await createTestKey(first)
  let keys = [current, ...(await Promise.all(more.map((alg) => createTestKey(alg))))]
  let extras: Jwk[] = []

  return {
    get current() {
      return current
    },
    jwksText: undefined,
    async rotate({ keepPrevious = true, alg = current.alg as Asymmetric, ...options } = {}) {
      const next = await createTestKey(alg, options)
      keys = [next, ...keys.filter((key) => keepPrevious || key !== current)]
      current = next
      return next
    },
    async addKey(alg, options) {
      const key = await createTestKey(alg, options)
      keys = [...keys, key]
      return key
    },
    removeKey(kid) {
      const before = keys.length + extras.length
      keys = keys.filter((key) => key.kid !== kid)
      extras = extras.filter((jwk) => jwk.kid !== kid)
      if (keys.length + extras.length === before) throw new Error(`No key with the kid ${kid} is published.`)
    },
    publish(jwk) {
      extras = [...extras, jwk as Jwk]
    },
    jwks: () => ({ keys: [...keys.map((key) => key.publicJwk), ...extras] }),
    find({ kid, alg }) {
      if (kid === undefined && (alg === undefined || alg === current.alg)) return current
      const found = [...keys, ...secrets].find(
        (key) => (kid === undefined || key.kid === kid) && (alg === undefined || key.alg === alg),
      )
      if (found !== undefined) return found
      const wanted = [kid !== undefined && `kid ${kid}`, alg !== undefined && `alg ${alg}`]
        .filter(Boolean)
        .join(' and ')
      throw new Error(`The issuer has no key with ${wanted}. Make one with addKey() or rotate().`)
    },
    hasSigned: (token) => [...keys, ...secrets].some((key) => isSignedWith(token, key)),
  }
}
