import { safeClaims } from './claims.ts'
import { refused, unavailable } from './errors.ts'
import type { CompactJws } from './jws.ts'
import type { OpaqueProfile, OpaqueVerdict } from './provider.ts'
import type { Route } from './route.ts'
import { firstVerdict, type Routes, unknownIssuer } from './routes.ts'
import type { Verdict } from './standing.ts'
import { assertTimes, type TimeRules } from './times.ts'
import type { Seconds } from './types.ts'
import { toVerified } from './verified.ts'

interface OpaqueVerifierOptions extends TimeRules {
  readonly routes: Routes
  /** The providers that accept opaque tokens, in the order they are asked. */
  readonly opaque: readonly Route[]
}

const defaultOpaqueCache: Seconds = 30
const maxOpaqueCache: Seconds = 300
// Each unknown opaque token costs a request to its provider; a flood of them must not become a flood there. Each has its own limit, so
// that one which takes long to answer keeps nobody from the others.
const maxAsking = 256

/** Makes what asks providers about a token that is no JWT of theirs; it may be a JWT all the same. @throws {AuthError} as `Verifier` */
export function createOpaqueVerifier(options: OpaqueVerifierOptions) {
  const { opaque, clock, maxTokenLifetime } = options
  const asking = new Map<Route, number>()

  async function askAt(route: Route, token: string): Promise<OpaqueVerdict> {
    const { provider, context } = route
    const before = asking.get(route) ?? 0
    if (before >= maxAsking)
      throw unavailable(`${provider.name} is being asked about ${maxAsking} opaque tokens already`, { retryAfter: 1 })
    asking.set(route, before + 1)
    try {
      return await (provider.opaque as OpaqueProfile).verify(token, context)
    } finally {
      asking.set(route, (asking.get(route) as number) - 1)
    }
  }

  async function ask(token: string, route: Route): Promise<Verdict> {
    const { provider } = route
    const profile = provider.opaque as OpaqueProfile
    const verdict = await askAt(route, token)
    if (!verdict.active) throw refused('ERR_TOKEN_INACTIVE', `${provider.name}: ${verdict.explanation}`)
    const now = clock.now() / 1000
    // Whoever calls a token active does not call it one of tomorrow.
    const iat = Number.isFinite(verdict.claims.iat) ? Math.min(now, verdict.claims.iat as Seconds) : now
    // No longer than a revocation is kept, also where the provider tells no end.
    const expiresAt = verdict.expiresAt ?? iat + maxTokenLifetime
    if (verdict.expiresAt === undefined && expiresAt < now)
      throw refused('ERR_TOKEN_EXPIRED', `it is older than ${maxTokenLifetime} s (option maxTokenLifetime)`)
    if (!Number.isFinite(expiresAt))
      throw unavailable(`${provider.name} says that the token ends at no time that could be`)
    assertTimes({ exp: expiresAt, iat }, options)
    const verified = toVerified(safeClaims(verdict.claims, provider.name), verdict.user, provider, expiresAt)
    const cacheFor = Math.min(profile.cacheFor ?? defaultOpaqueCache, maxOpaqueCache)
    return cacheFor > 0 ? { verified, standing: { alive: true }, cacheFor } : { verified }
  }

  return async (token: string, jws: CompactJws | undefined): Promise<Verdict> => {
    const takers = opaque.filter(({ provider }) => provider.opaque?.accepts?.(token, jws) ?? jws === undefined)
    if (takers.length === 0) {
      throw jws === undefined
        ? refused('ERR_TOKEN_MALFORMED', 'not a JWT, and no provider takes opaque tokens')
        : refused('ERR_TOKEN_ISSUER', unknownIssuer(jws.claims.iss, options.routes))
    }
    return firstVerdict(takers, (route) => ask(token, route))
  }
}
