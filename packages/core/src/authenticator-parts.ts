import type { Admit } from './admission.ts'
import type { Clock } from './clock.ts'
import { invalidOptions } from './options.ts'
import type { RevocationList, RevokingVerifier } from './revocation.ts'
import type { Route } from './route.ts'
import type { Seconds, Verifier } from './types.ts'
import type { Watcher } from './watch.ts'

/**
 * What an authenticator is made of: for sessions, which sign in, and end, by the same providers and the same revocations, and for
 * logout tokens, which are signed with the same keys.
 */
export interface AuthenticatorParts {
  readonly routes: readonly Route[]
  readonly revocations: RevocationList
  readonly watch: Watcher['watch']
  readonly clock: Clock
  readonly clockTolerance: Seconds
  readonly maxTokenLifetime: Seconds
  /** Lets the verification of a signature wait for its turn. */
  readonly admit: Admit
  /** Tells at once of a token that is known and has not been revoked. @throws {AuthError} `ERR_REVOCATION_UNAVAILABLE` */
  readonly known: RevokingVerifier['known']
  /** As `verify`, of tokens that are bound to a key, and of no others: for who checks that their sender has the key. */
  readonly verifyBound: () => Verifier
}

const parts = new WeakMap<object, AuthenticatorParts>()

/** Notes what an authenticator is made of. */
export function withParts<T extends object>(authenticator: T, made: AuthenticatorParts): T {
  parts.set(authenticator, made)
  return authenticator
}

/** @throws {AuthError} `ERR_OPTIONS_INVALID` for what `createAuthenticator` has not made */
export function partsOf(authenticator: object, where = 'session'): AuthenticatorParts {
  const found = parts.get(authenticator)
  if (found !== undefined) return found
  throw invalidOptions(where, 'needs the very object that createAuthenticator returned, not a copy of it')
}

/** What tells of known tokens at once; nothing for what `createAuthenticator` has not made. */
export function knownBy(authenticator: object): AuthenticatorParts['known'] | undefined {
  return parts.get(authenticator)?.known
}
