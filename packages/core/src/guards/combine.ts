import { type AuthError, isAuthError } from '../errors.ts'
import {
  assertPredicate,
  assertPredicates,
  type GuardInput,
  granted,
  type Predicate,
  predicate,
  type Refusal,
  refused,
  type Several,
} from './predicate.ts'

// Two signatures each: by the first a function within is told the request of the guard, as in `authorize(anyOf(own((req) => …), …))`; by
// the second it tells it.

/**
 * Grants when any of these does; the first that does ends the search. One that cannot be asked at the moment keeps nobody out whom
 * another lets in.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list, or an entry that is not a predicate.
 */
export function anyOf<R = unknown>(...these: Several<Predicate<NoInfer<R>>>): Predicate<R>
export function anyOf<R = unknown>(...these: Several<Predicate<R>>): Predicate<R>
export function anyOf<R>(...these: Several<Predicate<R>>): Predicate<R> {
  const predicates = assertPredicates('anyOf', these)
  const decide = (input: GuardInput<R>) => {
    const refusals: Refusal[] = []
    let outage: AuthError | undefined
    for (const each of predicates) {
      try {
        const verdict = each(input)
        if (verdict.granted === true) return granted
        refusals.push(verdict)
      } catch (error) {
        if (!isAuthError(error) || error.status !== 503) throw error
        outage ??= error
      }
    }
    if (outage !== undefined) throw outage
    const [code, ...others] = new Set(refusals.map((refusal) => refusal.code))
    return joined(refusals, others.length === 0 && code !== undefined ? code : 'ERR_FORBIDDEN', firstScopes(refusals))
  }
  return predicate(textOf('anyOf', predicates), decide, { scopes: firstScopes(predicates) })
}

/**
 * Grants when all of these do. An `organization(…)` among them counts for all of them, wherever it stands.
 * All are asked, so that a challenge can name every scope that is missing.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list, or an entry that is not a predicate.
 */
export function allOf<R = unknown>(...these: Several<Predicate<NoInfer<R>>>): Predicate<R>
export function allOf<R = unknown>(...these: Several<Predicate<R>>): Predicate<R>
export function allOf<R>(...these: Several<Predicate<R>>): Predicate<R> {
  const predicates = assertPredicates('allOf', these)
  const confirms = (input: GuardInput<R>) => {
    for (const each of predicates) {
      const organization = each.confirms?.(input)
      if (organization !== undefined) return organization
    }
    return undefined
  }
  const decide = (input: GuardInput<R>) => {
    const organization = input.organization ?? confirms(input)
    const known = organization === undefined ? input : { ...input, organization }
    const refusals: Refusal[] = []
    for (const each of predicates) {
      try {
        const verdict = each(known)
        if (verdict.granted !== true) refusals.push(verdict)
      } catch (error) {
        // A check may rely on the one before it; after a refusal its failure is no news.
        if (refusals.length === 0) throw error
      }
    }
    const [first] = refusals
    if (first === undefined) return granted
    return joined(refusals, first.code, allScopes(refusals))
  }
  return predicate(textOf('allOf', predicates), decide, { confirms, scopes: allScopes(predicates) })
}

/**
 * Grants when the other refuses, except where the other could not tell.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a predicate.
 */
export function not<R = unknown>(other: Predicate<R>): Predicate<R> {
  assertPredicate('not', other)
  const text = textOf('not', [other])
  return predicate(text, (input) => {
    const verdict = other(input)
    if (verdict.granted === true) return refused('ERR_FORBIDDEN', `${text} refused`)
    return verdict.final ? verdict : granted
  })
}

function joined(refusals: readonly Refusal[], code: Refusal['code'], scopes: readonly string[] | undefined): Refusal {
  const explanation = refusals.map((refusal) => refusal.explanation).join('; ')
  const verdict = refused(code, explanation, scopes)
  return refusals.some((refusal) => refusal.final) ? { ...verdict, final: true } : verdict
}

type WithScopes = Pick<Refusal, 'scopes'>

function firstScopes(several: readonly WithScopes[]): readonly string[] | undefined {
  return several.find(({ scopes }) => scopes !== undefined)?.scopes
}

function allScopes(several: readonly WithScopes[]): readonly string[] | undefined {
  const scopes = [...new Set(several.flatMap((one) => one.scopes ?? []))]
  return scopes.length > 0 ? scopes : undefined
}

function textOf(name: string, predicates: readonly Predicate<never>[]): string {
  return `${name}(${predicates.map((each) => each.text).join(', ')})`
}
