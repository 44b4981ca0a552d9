import type { Clock } from './clock.ts'
import { AuthError, type AuthErrorCode, isAuthError } from './errors.ts'
import { invalidOptions } from './options.ts'
import { createRefreshOnce } from './refresh.ts'
import type { Revocation, RevocationList } from './revocation.ts'
import type { Route } from './route.ts'
import type { RefreshExchange, RefreshOutcome, TokenSet, TokenSetValidation } from './token-set.ts'
import type { Seconds, VerifiedToken, Verifier } from './types.ts'
import { withoutSignature } from './without-signature.ts'

interface Options {
  readonly routes: readonly Route[]
  /** Tells whether a token is good here. */
  readonly verify: Verifier
  /** The same, revoked or not. */
  readonly verifyRevoked: Verifier
  /** Gives a verified token's user the roles of the moment. */
  readonly judge: (verified: VerifiedToken) => VerifiedToken | Promise<VerifiedToken>
  /** Tells of a JWT whatever its time. */
  readonly read: Verifier
  readonly revocations: RevocationList
  readonly exchange: RefreshExchange | undefined
  readonly clock: Clock
  readonly clockTolerance: Seconds
  /** How long after its issue a token may still be accepted: so long what concerns it has to be remembered. */
  readonly acceptedFor: Seconds
}

/** What keeps sessions going, until they are over. */
export interface TokenSets {
  refresh(tokens: TokenSet): Promise<RefreshOutcome>
  validate(tokens: TokenSet): Promise<TokenSetValidation>
}

type Renewal = RefreshOutcome & { readonly auth?: VerifiedToken | undefined }

// Refusals that a new access token helps against. Whoever is asked for one has the last word.
const renewable: ReadonlySet<AuthErrorCode> = new Set([
  'ERR_TOKEN_EXPIRED',
  'ERR_TOKEN_INACTIVE',
  'ERR_TOKEN_KEY',
  'ERR_TOKEN_REVOKED',
  // An opaque token, where no provider takes them: what an app gets before it asks for a token for an API.
  'ERR_TOKEN_MALFORMED',
])

/**
 * Makes what refreshes. A session that has been revoked, or whose user or provider has, is not refreshed into a new life: what the
 * tokens stem from is asked about before the provider is, and after. A revocation of one access token ends that one alone.
 */
export function createTokenSets(options: Options): TokenSets {
  const { routes, verify, verifyRevoked, judge, read, revocations, clock, clockTolerance, acceptedFor } = options
  const refreshOnce = createRefreshOnce({ clock, exchange: options.exchange, onRejected: end })

  /** @param refusal why the access token is not good, where that is known */
  async function renew(given: TokenSet, refusal?: AuthError): Promise<Renewal> {
    try {
      const old = await readOld(given.accessToken)
      const route = routeOf(given, old, routes)
      if (route === undefined && refusal !== undefined) return { outcome: 'rejected', error: refusal }
      if (route === undefined) throw unclear(routes)
      assertLives(given, route, old, undefined)
      const outcome = await refreshOnce(route, given)
      if (outcome.outcome !== 'refreshed') return outcome
      const { signedInAt, provider = outcome.tokens.provider } = given
      // What told the provider this time tells it the next time too: several may be of one issuer.
      const tokens = {
        ...outcome.tokens,
        ...(provider !== undefined && { provider }),
        ...(signedInAt !== undefined && { signedInAt }),
      }
      // What cannot be verified is handed on all the same: the old refresh token is used up.
      const isAsked = refusal !== undefined || revocations.size > 0
      const auth = isAsked ? await verifyRevoked(tokens.accessToken).catch(() => undefined) : undefined
      const isKnown = knowsToLive(given, route, old, auth)
      return { outcome: 'refreshed', tokens, auth: isKnown ? auth : undefined }
    } catch (error) {
      if (!isAuthError(error) || error.code === 'ERR_OPTIONS_INVALID') throw error
      return { outcome: error.status >= 500 ? 'unavailable' : 'rejected', error }
    }
  }

  // Without it a revocation could not be seen; where nothing is revoked, it is not needed.
  async function readOld(token: string): Promise<VerifiedToken | undefined> {
    try {
      return await read(token)
    } catch (error) {
      if (isAuthError(error) && (error.status < 500 || revocations.size === 0)) return undefined
      throw error
    }
  }

  /** @throws {AuthError} `ERR_TOKEN_REVOKED` for a session that has ended, `ERR_REVOCATION_UNAVAILABLE` */
  function assertLives(
    { signedInAt }: TokenSet,
    { provider: { name, issuer } }: Route,
    old: VerifiedToken | undefined,
    fresh: VerifiedToken | undefined,
  ): void {
    // A token of somebody else says nothing about this session.
    const isOf = fresh ?? old
    const before = old?.issuer === issuer && old.user.id === isOf?.user.id ? old : undefined
    const began = [signedInAt, before?.issuedAt].filter(isTime)
    const proved = [fresh?.claims.auth_time].filter(isTime)
    const { tokenId, issuedAt, session, ...user } = isOf?.issuer === issuer ? isOf : nobody(name, issuer)
    // When users proved who they are says nothing of a `sid`, which servers may keep when somebody signs in anew.
    const ofSession = {
      ...user,
      ...(session !== undefined && { session }),
      ...earliest(began.length > 0 ? began : proved),
    }
    const looks = proved.length > 0 ? [ofSession, { ...user, ...earliest([...began, ...proved]) }] : [ofSession]
    if (!looks.some((look) => revocations.isRevoked('', look))) return
    throw new AuthError('ERR_TOKEN_REVOKED', { explanation: `${name}: the session has been revoked` })
  }

  /** Whether a session is known to go on; not where nobody knows any more. @throws {AuthError} `ERR_TOKEN_REVOKED` */
  function knowsToLive(...session: Parameters<typeof assertLives>): boolean {
    try {
      assertLives(...session)
      return true
    } catch (error) {
      if (!isAuthError(error) || error.status < 500) throw error
      return false
    }
  }

  // The provider has said that a session is over: what is left of it ends too, in every process that shares the list.
  async function end(_: Route, { accessToken }: TokenSet): Promise<void> {
    // One that cannot be verified is not accepted by anybody.
    const verified = await verifyRevoked(accessToken).catch(() => undefined)
    if (verified === undefined || revocations.isRevoked(accessToken, verified)) return
    await revocations.add(endOf(accessToken, verified))
  }

  function endOf(token: string, { session, tokenId, issuer, issuedAt, expiresAt }: VerifiedToken): Revocation {
    const now = clock.now() / 1000
    const longest = now + acceptedFor
    if (session !== undefined && issuedAt !== undefined) {
      // Not those that its user gets by signing in anew, at a server whose clock may be behind ours.
      const issuedBefore = Math.max(Math.floor(issuedAt) + 1, Math.floor(now - clockTolerance))
      return { kind: 'sessionTokens', id: session, issuer, issuedBefore, until: longest }
    }
    const signed = withoutSignature(token)
    const until = signed === token ? longest : expiresAt + clockTolerance
    if (tokenId !== undefined) return { kind: 'tokenId', id: tokenId, issuer, until }
    return { kind: 'token', token: signed, until }
  }

  // The tokens are handed on, whoever can tell what they allow.
  async function judged(auth: VerifiedToken | undefined): Promise<VerifiedToken | undefined> {
    try {
      return auth === undefined ? undefined : await judge(auth)
    } catch {
      return undefined
    }
  }

  return {
    async refresh(tokens) {
      const { auth, ...outcome } = await renew(tokens)
      return outcome
    },
    async validate(tokens) {
      try {
        return { outcome: 'valid', tokens, auth: await verify(tokens.accessToken) }
      } catch (error) {
        if (!isAuthError(error)) throw error
        if (error.status >= 500) return { outcome: 'unavailable', error }
        if (!renewable.has(error.code)) return { outcome: 'rejected', error }
        const renewal = await renew(tokens, error)
        if (renewal.outcome !== 'refreshed') return renewal
        return { outcome: 'replaced', tokens: renewal.tokens, auth: await judged(renewal.auth) }
      }
    },
  }
}

function earliest(times: readonly Seconds[]): { issuedAt?: Seconds } {
  return times.length > 0 ? { issuedAt: Math.min(...times) } : {}
}

function isTime(value: unknown): value is Seconds {
  return typeof value === 'number' && Number.isFinite(value)
}

// Of whom nothing is known but the provider.
function nobody(provider: string, issuer: string): VerifiedToken {
  const user = { id: '', provider, issuer, roles: [], permissions: [], scopes: [] }
  return { user, claims: {}, provider, issuer, expiresAt: 0 }
}

/**
 * The provider to ask; nothing where the tokens are of one that cannot refresh.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` when several may be meant
 */
function routeOf(
  { provider: name }: TokenSet,
  old: VerifiedToken | undefined,
  routes: readonly Route[],
): Route | undefined {
  const isMeant = ({ provider }: Route) =>
    name === undefined
      ? old === undefined || provider.issuer === old.issuer
      : provider.name === name || provider.issuer === name
  const meant = routes.filter(isMeant)
  const able = meant.filter(({ provider }) => provider.refresh !== undefined)
  const exact = able.length > 1 ? able.filter(({ provider }) => provider.name === old?.provider) : able
  if (exact.length === 1) return exact[0]
  if (meant.length > 0 && able.length === 0) return undefined
  throw unclear(routes)
}

function unclear(routes: readonly Route[]): AuthError {
  const able = routes.filter(({ provider }) => provider.refresh !== undefined)
  const which = able.map(({ provider }) => provider.name).join(', ') || 'none'
  return invalidOptions(
    'refresh',
    `cannot tell which provider the tokens are of: set provider (those that can refresh: ${which})`,
  )
}
