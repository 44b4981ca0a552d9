import type { HttpRequest } from './credentials.ts'
import type { AuthErrorCode } from './errors.ts'
import type { Seconds, VerifiedToken } from './types.ts'

/** Whether what was decided still stands: a key flips it when its issuer removes it. */
export interface Standing {
  readonly alive: boolean
}

/** A token that passed every check, and on what that rests. */
export interface Verdict {
  readonly verified: VerifiedToken
  /** The verdict is worth nothing once this is not alive; absent where it must not be remembered. */
  readonly standing?: Standing
  /** How long it may be remembered; by default as long as the cache likes. */
  readonly cacheFor?: Seconds
}

/** Verifies a token. @throws {AuthError} as `Verifier` */
export type Judge = (token: string, request?: HttpRequest) => Promise<Verdict>

const standings = new WeakMap<object, Standing>()

/** Notes on what a refusal rests. */
export function restsOn<T extends object>(refusal: T, standing: Standing): T {
  standings.set(refusal, standing)
  return refusal
}

/** On what a refusal rests; nothing for those that must not be remembered. */
export function standingOf(refusal: object): Standing | undefined {
  return standings.get(refusal)
}

const passing: ReadonlySet<AuthErrorCode> = new Set(['ERR_TOKEN_NOT_YET_VALID', 'ERR_TOKEN_REFUSED', 'ERR_TOKEN_KEY'])

/** Whether time, a hook, or a look at the issuer after the cool-down, may take a refusal of this code back. */
export function mayPass(code: AuthErrorCode): boolean {
  return passing.has(code)
}
