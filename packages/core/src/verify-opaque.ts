import type { AdmissionLimits } from './admission.ts'
import { createAsking } from './asking.ts'
import { safeClaims } from './claims.ts'
import type { Clock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import type { Holder } from './dpop/holder.ts'
import { isAuthError, refused, unavailable } from './errors.ts'
import type { CompactJws } from './jws.ts'
import type { OpaqueProfile, OpaqueVerdict } from './provider.ts'
import type { Route } from './route.ts'
import { firstVerdict, type Routes, unknownIssuer } from './routes.ts'
import { sourceName } from './source.ts'
import type { Verdict } from './standing.ts'
import { createSuspicion } from './suspicion.ts'
import { assertTimes, type TimeRules } from './times.ts'
import type { Seconds } from './types.ts'
import { toVerified } from './verified.ts'

interface OpaqueVerifierOptions extends TimeRules {
  readonly clock: Clock
  readonly routes: Routes
  /** The providers that accept opaque tokens, in the order they are asked. */
  readonly opaque: readonly Route[]
  /** Whose requests are told apart, and for how long; nothing where they are not. */
  readonly sources: Sources | undefined
}

/** Which of the limits of admission count for opaque tokens too. */
export type Sources = Pick<AdmissionLimits, 'sourceOf' | 'halfLife'>

const defaultOpaqueCache: Seconds = 30
const maxOpaqueCache: Seconds = 300
// Each unknown opaque token costs a request to its provider; a flood of them must not become a flood there. Each has its own limit, so
// that one which takes long to answer keeps nobody from the others.
const maxAsking = 256
// Of these, for sources that lately came with tokens of nobody.
const maxForSuspects = 64

/** Makes what asks providers about a token that is no JWT of theirs; it may be a JWT all the same. @throws {AuthError} as `Verifier` */
export function createOpaqueVerifier(options: OpaqueVerifierOptions) {
  const { opaque, clock, maxTokenLifetime, sources } = options
  const all = new Map<Route, number>()
  const ofSuspects = new Map<Route, number>()
  const suspicion = sources && createSuspicion(clock, sources.halfLife)
  const asking = createAsking(clock)

  async function askAt(route: Route, token: string, source: string, isSuspect: boolean): Promise<OpaqueVerdict> {
    const { provider, context } = route
    const isFull = (all.get(route) ?? 0) >= maxAsking
    if (isFull || (isSuspect && (ofSuspects.get(route) ?? 0) >= maxForSuspects)) {
      const most = isFull ? `${maxAsking}` : `${maxForSuspects} doubtful`
      const explanation = `${provider.name} is being asked about ${most} opaque tokens already`
      throw unavailable(explanation, { retryAfter: isSuspect ? 5 : 1 })
    }
    const counts = isSuspect ? [all, ofSuspects] : [all]
    for (const count of counts) count.set(route, (count.get(route) ?? 0) + 1)
    try {
      // Whoever comes with one token after the other is one caller still.
      const who = source === '' ? token : source
      return await asking(route, who, () => (provider.opaque as OpaqueProfile).verify(token, context))
    } finally {
      for (const count of counts) count.set(route, (count.get(route) as number) - 1)
    }
  }

  async function ask(
    token: string,
    route: Route,
    source: string,
    isSuspect: boolean,
    holder: Holder,
  ): Promise<Verdict> {
    const { provider } = route
    const profile = provider.opaque as OpaqueProfile
    const verdict = await askAt(route, token, source, isSuspect)
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
    const standing = { alive: true }
    const verified = toVerified(
      safeClaims(verdict.claims, provider.name),
      verdict.user,
      provider,
      expiresAt,
      holder,
      standing,
    )
    const cacheFor = Math.min(profile.cacheFor ?? defaultOpaqueCache, maxOpaqueCache)
    return cacheFor > 0 ? { verified, standing, cacheFor } : { verified }
  }

  return async (
    token: string,
    jws: CompactJws | undefined,
    request: HttpRequest | undefined,
    holder: Holder,
  ): Promise<Verdict> => {
    const takers = opaque.filter(({ provider }) => provider.opaque?.accepts?.(token, jws) ?? jws === undefined)
    if (takers.length === 0) {
      throw jws === undefined
        ? refused('ERR_TOKEN_MALFORMED', 'not a JWT, and no provider takes opaque tokens')
        : refused('ERR_TOKEN_ISSUER', unknownIssuer(jws.claims.iss, options.routes))
    }
    const source = sourceName(request && sources?.sourceOf(request))
    const isSuspect = suspicion?.isSuspect(source) === true
    try {
      const verdict = await firstVerdict(takers, (route) => ask(token, route, source, isSuspect, holder))
      suspicion?.lower(source)
      return verdict
    } catch (error) {
      if (isAuthError(error) && error.code === 'ERR_TOKEN_INACTIVE') suspicion?.raise(source)
      throw error
    }
  }
}
