import { AuthError, isAuthError } from './errors.ts'
import { firstDifference } from './metadata.ts'
import type { JwtProfile, Provider } from './provider.ts'
import { quoted } from './redact.ts'
import type { Route } from './route.ts'
import { mayPass, type Verdict } from './standing.ts'

/** Issuer, as a token spells it → the providers of that issuer. */
export type Routes = ReadonlyMap<string, readonly Route[]>

/**
 * Makes the table that a token's `iss` is looked up in; nothing is ever fetched because of what an unverified token says.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` when one of two providers could never be asked
 */
export function createRoutes(routes: readonly Route[]): Routes {
  const table = new Map<string, Route[]>()
  for (const route of routes) {
    const { provider } = route
    for (const issuer of new Set([provider.issuer, ...(provider.issuerAliases ?? [])])) {
      const others = table.get(issuer) ?? []
      for (const other of others) refuseShadow(issuer, other.provider, provider)
      table.set(issuer, [...others, route])
    }
  }
  return table
}

/** Why a token of this issuer is nobody's, for the log: next to it the issuer that it may be meant to be, and where the two differ. */
export function unknownIssuer(issuer: unknown, routes: Routes): string {
  if (issuer === undefined) return 'the claim iss is missing'
  if (typeof issuer !== 'string') return 'iss is not a text'
  const found = `no provider has the issuer ${quoted(issuer)} (option issuerAliases)`
  // Among many, the search would cost us more than a forged token costs its sender.
  if (routes.size > 20) return found
  const near = [...routes.keys()].map((known) => ({ known, likeness: likeness(issuer, known) }))
  const { known } = near.reduce((best, one) => (one.likeness > best.likeness ? one : best))
  return `${found}; the nearest is ${quoted(known)}${firstDifference(issuer, known)}`
}

// How many characters agree, from the beginning and from the end: the usual mistakes are one slash, or another host.
function likeness(issuer: string, known: string): number {
  const length = Math.min(issuer.length, known.length)
  let first = 0
  while (first < length && issuer[first] === known[first]) first += 1
  let last = 0
  while (last < length - first && issuer.at(-1 - last) === known.at(-1 - last)) last += 1
  return first + last
}

/**
 * The first yes of several providers, each of which gives its own verdict. Who could not be asked might have said yes, so an outage
 * outweighs a refusal.
 */
export function firstVerdict<R, T = Verdict>(routes: readonly R[], ask: (route: R) => Promise<T>): Promise<T> {
  return routes.length === 1 ? ask(routes[0] as R) : bestVerdict(routes, ask)
}

async function bestVerdict<R, T>(routes: readonly R[], ask: (route: R) => Promise<T>): Promise<T> {
  let verdict: unknown
  for (const route of routes) {
    try {
      return await ask(route)
    } catch (error) {
      if (!isAuthError(error)) throw error
      if (!isAuthError(verdict) || rank(error) > rank(verdict)) verdict = error
    }
  }
  throw verdict
}

// A token that one may take yet is not refused for good. Among final refusals the one that came furthest is the most telling: a foreign
// audience says less than a bad signature. What its claims are refused for may be its long life, which ends.
function rank({ code, status }: AuthError): number {
  if (status >= 500) return 4
  if (mayPass(code)) return 3
  if (code === 'ERR_TOKEN_CLAIMS') return 2
  return code === 'ERR_TOKEN_AUDIENCE' ? 0 : 1
}

/** Whether a token for these audiences is for this provider's configuration. */
export function acceptsAudience(profile: JwtProfile, audiences: readonly string[]): boolean {
  const { audience } = profile
  if (audience === null) return true
  if (typeof audience === 'function') return audiences.some((one) => audience(one))
  return audiences.some((one) => audience.includes(one))
}

function refuseShadow(issuer: string, first: Provider, second: Provider): void {
  if (first.jwt === undefined || second.jwt === undefined) return
  const shared = sharedAudience(first.jwt.audience, second.jwt.audience)
  if (shared === undefined || first.jwt.validate !== undefined || !isSameSource(first.jwt, second.jwt)) return
  throw new AuthError('ERR_OPTIONS_INVALID', {
    explanation: `providers ${first.name} and ${second.name} both take tokens of ${issuer} for ${shared}: the second would never be asked`,
  })
}

function sharedAudience(a: JwtProfile['audience'], b: JwtProfile['audience']): string | undefined {
  if (typeof a === 'function' || typeof b === 'function') return undefined
  return a === null || b === null ? 'any audience' : a.find((one) => b.includes(one))
}

function isSameSource(first: JwtProfile, second: JwtProfile): boolean {
  return JSON.stringify(first.keys) === JSON.stringify(second.keys)
}
