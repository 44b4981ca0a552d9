import { randomBytes } from 'node:crypto'
import type { Authenticator } from '../authenticator.ts'
import { partsOf } from '../authenticator-parts.ts'
import { assertSameSite, type HttpRequest, type SiteRules } from '../credentials.ts'
import { AuthError, type AuthErrorCode, isAuthError } from '../errors.ts'
import { publish, publishRefusal } from '../events.ts'
import type { Route } from '../route.ts'
import type { SignedIn } from '../sign-in.ts'
import type { TokenSet } from '../token-set.ts'
import type { Seconds, VerifiedToken } from '../types.ts'
import type { Watch } from '../watch.ts'
import { type CookieJar, createCookieJar } from './cookies.ts'
import { createKeeper, type Kept } from './keeper.ts'
import { readSessionOptions, type SessionOptions, type SessionSettings } from './options.ts'
import { inSession, keptProfile, keptTokens, type SessionRecord } from './record.ts'
import { createSessionSeal, type SessionSeal } from './seal.ts'

/** What a request has of a session, with the cookies that its answer has to set whatever it is. */
export interface SessionState {
  /** Who is signed in; nothing for nobody. */
  readonly auth?: VerifiedToken
  readonly record?: SessionRecord
  readonly cookies: readonly string[]
  /** Why a session that the request did have has ended, or is not good at the moment. */
  readonly ended?: AuthError
}

/** The browsers that are signed in at an app. */
export interface Sessions {
  readonly settings: SessionSettings
  readonly seal: SessionSeal
  readonly jar: CookieJar
  readonly now: () => Seconds
  /** The providers at which a browser can sign in. */
  readonly routes: readonly Route[]
  /** The provider of a session; nothing where it is not configured any more. */
  routeOf(record: SessionRecord): Route | undefined
  /**
   * Whose session a request comes from. Tokens are refreshed where that is due, and only what the provider or a revocation says ends it.
   * @param mayChange false where no cookie can be set: then a session that would have to be refreshed first is not good
   * @param site which pages beside those of the app may send such a request
   * @throws {AuthError} `ERR_REQUEST_CROSS_SITE`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_REVOCATION_UNAVAILABLE`, `ERR_SESSION_…`
   */
  find(request: HttpRequest, mayChange: boolean, site?: SiteRules): Promise<SessionState>
  /**
   * Watches the session of an upgrade, with which no cookie can be set. Nothing where there is none.
   * @throws {AuthError} as `find`; and why the session has ended
   */
  watch(request: HttpRequest, site: SiteRules): Promise<Watch | undefined>
  /**
   * Begins a session, under an id that nobody has seen before. One that the browser had is over: here at once, elsewhere as soon as the others
   * can be told.
   * @throws {AuthError} any `ERR_TOKEN_…` for tokens that are not good here
   */
  start(request: HttpRequest, provider: Route, signedIn: SignedIn): Promise<SessionState>
  /** Puts new tokens of the same user into a session. @throws {AuthError} `ERR_SIGN_IN_REFUSED` for another user's */
  replace(request: HttpRequest, record: SessionRecord, tokens: TokenSet): Promise<SessionState>
  /**
   * Ends the session of a request, good or not, also where a copy of its cookies is: no provider is asked.
   * @throws {AuthError} `ERR_STORE_UNAVAILABLE`, `ERR_REVOCATION_UNAVAILABLE`, with the end of the cookies: not everybody knows of it yet
   */
  signOut(request: HttpRequest): Promise<Pick<SessionState, 'record' | 'cookies'>>
}

// What a clock, or a look at the provider's keys after the cool-down, may take back; and for how long after a token was given.
const passing: ReadonlySet<AuthErrorCode> = new Set(['ERR_TOKEN_KEY', 'ERR_TOKEN_NOT_YET_VALID'])
const patience: Seconds = 60
// After a provider could not be asked, nobody waits for it again so soon whose token is good still.
const rest: Seconds = 5

/**
 * Makes the sessions of an authenticator.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createSessions(authenticator: Authenticator, options: SessionOptions): Sessions {
  const { routes: all, revocations, watch, clock, maxTokenLifetime } = partsOf(authenticator)
  const settings = readSessionOptions(options, maxTokenLifetime)
  const seal = createSessionSeal(settings.keys)
  const jar = createCookieJar({ isSecure: settings.isSecure, maxBytes: settings.maxCookieBytes })
  const keeper = createKeeper({ settings, seal, jar, clock })
  const now = () => clock.now() / 1000
  /** Issuer → until when it is left alone, by the steady clock. */
  const resting = new Map<string, number>()
  const ofIssuer = (issuer: string) => all.filter(({ provider }) => provider.issuer === issuer)
  const nameOf = (record: SessionRecord) => routeOf(record)?.provider.name ?? record.issuer

  function routeOf({ issuer, provider: name }: SessionRecord): Route | undefined {
    const routes = ofIssuer(issuer)
    return routes.find(({ provider }) => provider.name === name) ?? routes[0]
  }

  function tell(outcome: 'started' | 'refreshed' | 'ended', record: SessionRecord, code?: AuthError['code']): void {
    publish('claviger:session', { outcome, provider: nameOf(record), code })
  }

  /**
   * What throws when a session has been revoked. A revocation of all that was issued before a time ends one that began before, however
   * new its token is. What is asked about is made here: a session that is watched is looked at again and again, and hashed once.
   */
  function assertionOf(record: SessionRecord): () => void {
    const { id, sid, issuer, subject, signedInAt, tokens } = record
    const provider = nameOf(record)
    const user = { id: subject, provider, issuer, roles: [], permissions: [], scopes: [] }
    const expiresAt = signedInAt + settings.absolute
    const known = { user, claims: {}, provider, issuer, issuedAt: signedInAt, expiresAt }
    const looks = [id, ...(sid === undefined ? [] : [sid])].map((session) => ({ ...known, session }))
    return () => {
      if (looks.some((look) => revocations.isRevoked(tokens.accessToken, look)))
        throw new AuthError('ERR_TOKEN_REVOKED', { explanation: `${provider}: the session has been revoked` })
    }
  }

  async function verify(request: HttpRequest, record: SessionRecord): Promise<VerifiedToken> {
    const verified = await authenticator.verify(record.tokens.accessToken, request)
    if (verified.issuer !== record.issuer || verified.user.id !== record.subject)
      throw new AuthError('ERR_TOKEN_REFUSED', { explanation: 'the token of the session is of another user' })
    return inSession(verified, record)
  }

  /** @param auth the token of the session, where its provider did not say when it ends */
  function isDue({ issuedAt, tokens }: SessionRecord, auth: VerifiedToken): boolean {
    const { expiresAt = auth.expiresAt } = tokens
    return expiresAt - now() <= Math.min(settings.refreshAhead, (expiresAt - issuedAt) / 2)
  }

  function nextOf(record: SessionRecord, tokens: TokenSet): SessionRecord {
    return { ...record, version: record.version + 1, issuedAt: now(), tokens: keptTokens(tokens) }
  }

  /** @throws {AuthError} with status 401 where the session is over */
  async function current(request: HttpRequest, kept: Kept, mayChange: boolean): Promise<SessionState> {
    const { record } = kept
    const assertStands = assertionOf(record)
    assertStands()
    const asIs = async (of = kept) => {
      const auth = await verify(request, of.record)
      // It may have ended while somebody was asked. That is told by its id, which stays the same.
      assertStands()
      return { ...of, auth }
    }
    const canRefresh = mayChange && routeOf(record)?.provider.refresh !== undefined
    let good: Awaited<ReturnType<typeof asIs>> | undefined
    let refusal: unknown
    try {
      good = await asIs()
    } catch (error) {
      const mayHelp = canRefresh && isAuthError(error) && error.status === 401 && error.code !== 'ERR_TOKEN_REVOKED'
      // Another new token would be refused as this one is.
      if (!mayHelp || (passing.has(error.code) && now() - record.issuedAt < patience)) throw error
      refusal = error
    }
    const isRested = canRefresh && clock.monotonic() >= (resting.get(record.issuer) ?? 0)
    if (good !== undefined && !(isRested && isDue(record, good.auth))) return good
    const outcome = await authenticator.refresh({
      ...record.tokens,
      // By whichever is its alone: providers of several issuers may have one name.
      provider: ofIssuer(record.issuer).length > 1 ? nameOf(record) : record.issuer,
      signedInAt: record.signedInAt,
    })
    if (outcome.outcome === 'refreshed') {
      const made = nextOf(record, outcome.tokens)
      const next = await keeper.keep(request, made)
      if (next === undefined)
        throw new AuthError('ERR_TOKEN_INACTIVE', { explanation: 'the session has ended meanwhile' })
      if (next.record === made) tell('refreshed', record)
      return asIs(next).catch((error: unknown) => {
        // Who cannot be let in at the moment must have the new tokens all the same: the old ones are used up.
        throw isAuthError(error) ? error.withChallenge(error.challenge, next.cookies) : error
      })
    }
    if (outcome.outcome === 'unavailable') resting.set(record.issuer, clock.monotonic() + rest * 1000)
    // Who came too late with the old refresh token has not lost the session.
    const later = outcome.outcome === 'rejected' ? await keeper.later(request, record) : undefined
    if (later !== undefined) return asIs(later)
    // Without a refresh token, or while nobody answers, a session lasts as long as its access token.
    const hasNone = outcome.outcome === 'rejected' && outcome.error.code === 'ERR_TOKEN_MISSING'
    if (good !== undefined && (hasNone || outcome.outcome === 'unavailable')) return good
    throw hasNone ? refusal : outcome.error
  }

  /** Ends a session for everybody who has it, as far as that is possible now. @throws why it was not, all of it */
  async function endForAll(record: SessionRecord): Promise<void> {
    // No longer than the session could live. Its id is ours alone, and its provider may not be configured any more.
    const revocation = { session: record.id, expiresAt: record.signedInAt + settings.absolute }
    const ends = await Promise.allSettled([authenticator.revoke(revocation), keeper.end(record)])
    // What it has opened, such as a WebSocket, closes with its token. Here it is dead whatever the provider says.
    await authenticator.revoke({ token: record.tokens.accessToken }).catch(tellRefusal)
    tell('ended', record)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Ends a session that its store does not give out. @throws why it does not */
  async function revokeUnread(request: HttpRequest, reason: unknown): Promise<never> {
    const id = await keeper.idOf(request)
    if (id !== undefined) {
      const expiresAt = now() + settings.absolute
      await Promise.allSettled([authenticator.revoke({ session: id, expiresAt }), keeper.end({ id })])
    }
    throw reason
  }

  /** Ends the session of a request, good or not. @throws as `endForAll` */
  async function endOf(request: HttpRequest): Promise<SessionRecord | undefined> {
    const kept = await keeper.find(request).catch((error) => revokeUnread(request, error))
    if (kept !== undefined) await endForAll(kept.record)
    return kept?.record
  }

  return {
    settings,
    seal,
    jar,
    now,
    routes: all.filter(({ provider }) => provider.signIn !== undefined),
    routeOf,
    async find(request, mayChange, site = {}) {
      const kept = await keeper.find(request)
      if (kept === undefined) return { cookies: [] }
      assertSameSite(request, { ...site, ownOrigin: settings.origin })
      try {
        return await current(request, kept, mayChange)
      } catch (error) {
        if (!isAuthError(error) || error.status !== 401) throw error
        // Without cookies to set, the session is left to a request that can.
        if (!mayChange) return { cookies: [], ended: error }
        // Nor is a session over that may be good in a moment.
        if (passing.has(error.code)) return { cookies: error.cookies, ended: error }
        tell('ended', kept.record, error.code)
        await keeper.end(kept.record)
        return { cookies: keeper.forget(request), ended: error }
      }
    },
    async watch(request, site) {
      // What a refresh gives can be kept only where the browser need not keep it.
      const { record, ended } = await this.find(request, settings.store !== undefined, site)
      if (ended !== undefined) throw ended
      if (record === undefined) return undefined
      const watched = await watch(record.tokens.accessToken, request, assertionOf(record))
      return {
        get auth() {
          return inSession(watched.auth, record)
        },
        signal: watched.signal,
        renew: async (token) => inSession(await watched.renew(token), record),
        end: watched.end,
      }
    },
    async start(request, { provider }, { tokens, session, profile }) {
      const verified = await authenticator.verify(tokens.accessToken, request)
      if (verified.issuer !== provider.issuer)
        throw new AuthError('ERR_TOKEN_ISSUER', { explanation: `${provider.name} gave a token of another issuer` })
      const sid = session ?? verified.session
      const record: SessionRecord = {
        id: randomBytes(24).toString('base64url'),
        version: 1,
        issuer: provider.issuer,
        provider: provider.name,
        subject: verified.user.id,
        ...(sid !== undefined && { sid }),
        ...(profile?.id === verified.user.id && { profile: keptProfile(profile) }),
        signedInAt: Math.floor(now()),
        issuedAt: now(),
        tokens: keptTokens(tokens),
      }
      // That others cannot be told of its end yet keeps nobody from signing in: here it is over, and they are told as soon as they can be.
      await endOf(request).catch(tellRefusal)
      const kept = await keeper.keep(request, record)
      if (kept === undefined) throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: 'the store kept no session' })
      tell('started', record)
      return { ...kept, auth: verified }
    },
    async replace(request, record, tokens) {
      const next = nextOf(record, tokens)
      const auth = await verify(request, next).catch((cause: unknown) => {
        if (!isAuthError(cause) || cause.status !== 401) throw cause
        throw new AuthError('ERR_SIGN_IN_REFUSED', {
          explanation: 'the new tokens are not of the user who is signed in',
          cause,
        })
      })
      const kept = await keeper.keep(request, next)
      if (kept === undefined)
        throw new AuthError('ERR_TOKEN_INACTIVE', { explanation: 'the session has ended meanwhile' })
      tell('refreshed', record)
      return { ...kept, auth }
    },
    async signOut(request) {
      const cookies = keeper.forget(request)
      try {
        const record = await endOf(request)
        return { cookies, ...(record !== undefined && { record }) }
      } catch (error) {
        // Who signs out must not stay signed in here because others cannot be told yet.
        throw isAuthError(error) ? error.withChallenge(error.challenge, cookies) : error
      }
    },
  }
}

function tellRefusal(error: unknown): void {
  if (!isAuthError(error)) throw error
  publishRefusal(error)
}
