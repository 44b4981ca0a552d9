import { types } from 'node:util'
import { answer, type GuardInput, granted, invalid, type Predicate, predicate, refused } from './predicate.ts'

/** Whose a thing is. Ids of two issuers may be equal, so both together are a person. */
export interface Owner {
  readonly issuer: string
  readonly id: string
}

/**
 * Grants when the token acts in this organization, given by its id or found in the request. A list, as of a repeated parameter,
 * never matches.
 * It also tells the guards of the route, in the same `allOf` or after it, which organization is meant: a token whose rights
 * hold in one organization only has them nowhere else.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but an id or a function.
 */
export function organization<R = unknown>(
  which: string | ((request: R) => string | readonly string[] | undefined),
): Predicate<R> {
  if (typeof which !== 'function' && (typeof which !== 'string' || which === '')) {
    throw invalid('organization() takes an id, or a function that finds it in the request')
  }
  const text = `organization(${typeof which === 'string' ? JSON.stringify(which) : nameOf(which)})`
  const confirms = ({ user, request }: GuardInput<R>) => {
    const id = typeof which === 'string' ? which : answer(which(request))
    return typeof id === 'string' && id !== '' && id === user.organization ? id : undefined
  }
  const decide = (input: GuardInput<R>) =>
    confirms(input) !== undefined ? granted : refused('ERR_ORGANIZATION_REQUIRED', `the token does not act in ${text}`)
  return predicate(text, decide, { confirms })
}

/**
 * Grants when the user is the one the function finds in the request, such as `(req) => req.params.userId`.
 * With more than one issuer give `{ issuer, id }`: two issuers may use the same id for two people.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a function.
 */
export function own<R = unknown>(owner: (request: R) => string | readonly string[] | Owner | undefined): Predicate<R> {
  if (typeof owner !== 'function') throw invalid('own() takes a function that finds the owner in the request')
  const text = `own(${nameOf(owner)})`
  return predicate(text, ({ user, request }) => {
    const found = answer(owner(request))
    const { id, issuer } =
      typeof found === 'object' && found !== null ? (found as Owner) : { id: found, issuer: user.issuer }
    const same = typeof id === 'string' && id !== '' && id === user.id && issuer === user.issuer
    return same ? granted : refused('ERR_FORBIDDEN', `the user is not the owner in ${text}`)
  })
}

/**
 * Grants when the function answers exactly `true`. What has to be awaited is awaited before, in a middleware of its own.
 * @param name - How it is called in logs; the function's name otherwise.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a function. What the function throws goes on to the app.
 */
export function check<R = unknown>(fn: (input: GuardInput<R>) => boolean, name?: string): Predicate<R> {
  if (typeof fn !== 'function') throw invalid('check() takes a function')
  const text = `check(${name ?? nameOf(fn)})`
  return predicate(text, (input) => {
    const said = answer(fn(input))
    if (said === true) return granted
    const why = types.isPromise(said)
      ? 'a Promise, which never grants'
      : said
        ? 'something that is not exactly true'
        : 'no'
    return refused('ERR_FORBIDDEN', `${text} answered ${why}`)
  })
}

/** Grants to everybody whose token is good. */
export const authenticated: Predicate = predicate('requireAuth()', () => granted)

function nameOf(fn: { readonly name: string }): string {
  return fn.name === '' ? 'function' : fn.name
}
