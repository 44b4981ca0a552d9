import type { Algorithm } from './algorithms.ts'
import { isObject } from './json.ts'
import { type IgnoredKey, readKey, type VerificationKey } from './key.ts'
import type { Jwks } from './provider.ts'

/** The keys of a set, sorted out. */
export interface KeyRing {
  readonly keys: readonly VerificationKey[]
  readonly ignored: readonly IgnoredKey[]
  /** Thumbprints of keys whose private half is published. */
  readonly burned: ReadonlySet<string>
}

// A token that names no key is tried with this many at the most.
const maxCandidates = 8

/** No keys: what is held before the first set. */
export const emptyRing: KeyRing = { keys: [], ignored: [], burned: new Set() }

/** Reads a whole set; keys that are not used come with the reason. */
export function readRing(jwks: Jwks, maxKeys: number): KeyRing {
  const keys: VerificationKey[] = []
  const ignored: IgnoredKey[] = []
  for (const jwk of jwks.keys.slice(0, maxKeys)) {
    const key = isObject(jwk) ? readKey(jwk) : { kid: undefined, reason: 'not a JSON object' }
    if ('verify' in key) keys.push(key)
    else ignored.push(key)
  }
  if (jwks.keys.length > maxKeys)
    ignored.push({ kid: undefined, reason: `${jwks.keys.length - maxKeys} keys over the limit of ${maxKeys}` })
  const burned = new Set(ignored.flatMap((key) => key.burned ?? []))
  return { keys: keys.filter((key) => !burned.has(key.thumbprint)), ignored, burned }
}

/**
 * The keys that a token with this header may have been signed with, at most 8. By name where the token names a key; keys without a
 * name, and tokens that name none, are matched by type alone.
 */
export function candidates(
  keys: readonly VerificationKey[],
  algorithm: Algorithm,
  kid: string | undefined,
): readonly VerificationKey[] {
  const named: VerificationKey[] = []
  const unnamed: VerificationKey[] = []
  for (const key of keys) {
    if (!key.alive || !key.algorithms.includes(algorithm)) continue
    if (kid === undefined || key.kid === kid) named.push(key)
    else if (key.kid === undefined) unnamed.push(key)
  }
  return (named.length > 0 ? named : unnamed).slice(0, maxCandidates)
}

/** Whether a key that is published again is the one that we hold. */
export function isSame(a: VerificationKey, b: VerificationKey): boolean {
  return a.thumbprint === b.thumbprint && a.kid === b.kid && a.algorithms.join() === b.algorithms.join()
}
