import type { Clock } from './clock.ts'
import { invalidOptions } from './options.ts'
import type { RevocationList } from './revocation.ts'
import type { Route } from './route.ts'
import type { Seconds } from './types.ts'

/** What an authenticator is made of: for sessions, which sign in, and end, by the same providers and the same revocations. */
export interface AuthenticatorParts {
  readonly routes: readonly Route[]
  readonly revocations: RevocationList
  readonly clock: Clock
  readonly maxTokenLifetime: Seconds
}

const parts = new WeakMap<object, AuthenticatorParts>()

/** Notes what an authenticator is made of. */
export function withParts<T extends object>(authenticator: T, made: AuthenticatorParts): T {
  parts.set(authenticator, made)
  return authenticator
}

/** @throws {AuthError} `ERR_OPTIONS_INVALID` for what `createAuthenticator` has not made */
export function partsOf(authenticator: object): AuthenticatorParts {
  const found = parts.get(authenticator)
  if (found !== undefined) return found
  throw invalidOptions('session', 'needs the very object that createAuthenticator returned, not a copy of it')
}
