import { unavailable } from './errors.ts'
import { at, harden, isStrings } from './json.ts'
import type { Claims, Role } from './types.ts'

/** Where a claim is: its name, dots and all, or the names to follow one after another. */
export type ClaimPath = string | readonly string[]

function valueAt(claims: Claims, path: ClaimPath): unknown {
  if (typeof path !== 'string') return at(claims, path)
  return Object.hasOwn(claims, path) ? claims[path] : undefined
}

/** The text at a path; nothing if there is anything else. */
export function textAt(claims: Claims, path: ClaimPath): string | undefined {
  const value = valueAt(claims, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The list of texts at a path; empty if there is anything else, so that an odd claim never grants. */
export function stringsAt(claims: Claims, path: ClaimPath): readonly string[] {
  const value = valueAt(claims, path)
  return isStrings(value) ? value.filter((item) => item !== '') : []
}

/** Roles by the names at a path. What they allow is not in the token. */
export function rolesAt(claims: Claims, path: ClaimPath): readonly Role[] {
  return [...new Set(stringsAt(claims, path))].map((name) => ({ id: name, name, permissions: [] }))
}

/**
 * The scopes of a token: `scope`, one text with spaces or a list; else `scp`, as Entra and Okta call it.
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3
 */
export function scopesOf(claims: Claims): readonly string[] {
  const value = claims.scope ?? claims.scp
  const scopes = typeof value === 'string' ? value.split(' ') : isStrings(value) ? value : []
  return [...new Set(scopes)].filter((scope) => scope !== '')
}

/**
 * What a provider answered, made safe to keep.
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it is nested beyond reason
 */
export function safeClaims(body: Claims, who: string): Claims {
  try {
    return harden(body)
  } catch (cause) {
    throw unavailable(`${who} answered with something nested too deep`, { cause })
  }
}
