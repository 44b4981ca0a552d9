import { types } from 'node:util'
import { AuthError, type AuthErrorCode } from '../errors.ts'
import type { User, VerifiedToken } from '../types.ts'

/** What a predicate decides by. `R` is the request of the framework: Express' `Request`, Koa's `Context`. */
export interface GuardInput<R = unknown> {
  readonly user: User
  readonly auth: VerifiedToken
  readonly request: R
  /** The organization this route names, once it is known to be the user's. */
  readonly organization?: string
}

/** What a predicate answers. */
export type Verdict = { readonly granted: true } | Refusal

/** Why a predicate does not grant. */
export interface Refusal {
  readonly granted: false
  readonly code: AuthErrorCode
  /** For logs only: which part said no. */
  readonly explanation: string
  /** The scopes that would help. */
  readonly scopes?: readonly string[]
  /** Not to be turned around by `not`: the question itself could not be answered. */
  readonly final?: true
}

/** A rule about a user, made by `role`, `permission`, `scope`, `organization`, `own` or `check`, and joined by `anyOf`, `allOf`, `not`. */
export interface Predicate<R = unknown> {
  (input: GuardInput<R>): Verdict
  /** How it was written, such as `anyOf(role("auditor"), scope("read:reports"))`. */
  readonly text: string
  /** The scopes that would help whoever comes without a token, as far as that is known beforehand. */
  readonly scopes?: readonly string[]
  /** The organization a route names with this predicate, if it is the user's. */
  confirms?(input: GuardInput<R>): string | undefined
}

/** Several values, or one list of them. */
export type Several<T> = T[] | [readonly T[]]

/** The entries of either form. */
export function entriesOf<T>(several: Several<T>): readonly T[] {
  const [first, ...more] = several
  return Array.isArray(first) && more.length === 0 ? first : (several as readonly T[])
}

/** Makes a predicate of a function. */
export function predicate<R>(
  text: string,
  decide: (input: GuardInput<R>) => Verdict,
  { confirms, scopes }: { confirms?: Predicate<R>['confirms']; scopes?: readonly string[] | undefined } = {},
): Predicate<R> {
  const named = (input: GuardInput<R>) => decide(input)
  return Object.freeze(Object.assign(named, { text }, confirms && { confirms }, scopes && { scopes }))
}

/** The one verdict that lets pass. */
export const granted: Verdict = { granted: true }

/** Makes a refusal. @param explanation for logs only @param scopes that would help */
export function refused(code: AuthErrorCode, explanation: string, scopes?: readonly string[]): Refusal {
  return { granted: false, code, explanation, ...(scopes !== undefined && { scopes }) }
}

/** @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list, or an entry that is not a predicate. */
export function assertPredicates<R>(name: string, several: Several<Predicate<R>>): readonly Predicate<R>[] {
  const predicates = entriesOf(several)
  if (predicates.length === 0) throw invalid(`${name}() needs at least one predicate`)
  for (const each of predicates) assertPredicate(name, each)
  return predicates
}

/** @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a predicate. */
export function assertPredicate(name: string, value: unknown): void {
  if (typeof value === 'function' && 'text' in value && typeof value.text === 'string') return
  throw invalid(`${name}() takes predicates such as role('admin'); a function of your own goes into check(…)`)
}

/** A guard that cannot be built. */
export function invalid(explanation: string): AuthError {
  return new AuthError('ERR_OPTIONS_INVALID', { explanation })
}

/** Gives back what a function of the app answered. A Promise is no answer, and its failure must not end the process. */
export function answer(value: unknown): unknown {
  if (types.isPromise(value)) value.catch(() => undefined)
  return value
}
