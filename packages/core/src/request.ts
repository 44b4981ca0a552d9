import * as z from 'zod'
import type { AnswerHeaders } from './answer-headers.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { type AuthenticatorOptions, authenticatorShape, readAuthenticatorOptions } from './authenticator-options.ts'
import { knownBy } from './authenticator-parts.ts'
import type { Challenge } from './challenge.ts'
import {
  credentialHeaders,
  type HttpRequest,
  hideSubprotocol,
  likelyToken,
  readCredentials,
  readDpopToken,
  type SiteRules,
  type TokenSource,
  tokenSources,
} from './credentials.ts'
import { createDpop, type Dpop } from './dpop/index.ts'
import type { DpopOptions } from './dpop/options.ts'
import { dpopSchema } from './dpop/schema.ts'
import { AuthError, refused } from './errors.ts'
import { settleAllowed } from './guards/pending.ts'
import { defaultRealm, introduce } from './introduction.ts'
import { lazily } from './lazily.ts'
import { address, invalidOptions, origin, readOptions } from './options.ts'
import { problemOf, refusal } from './refusal.ts'
import { readSessionOptions, type SessionOptions } from './session/options.ts'
import type { HttpAnswer } from './session/page-request.ts'
import { createReception } from './session/reception.ts'
import { type AuthRoutes, createAuthRoutes } from './session/routes.ts'
import { createSessions } from './session/sessions.ts'
import type { User, VerifiedToken } from './types.ts'
import { type AuthenticateUpgrade, createUpgradeAuthenticator } from './upgrade.ts'

/** What the middleware of a framework takes besides the options of `createAuthenticator`. */
export interface HttpOptions {
  /** Where a request may carry its token. Default: the `Authorization` header alone. */
  tokenFrom?: TokenSource | readonly TokenSource[]
  /** Origins of pages, beside those of the app itself, whose requests may come with a token in a cookie. Default none. */
  allowedOrigins?: readonly string[]
  /** `false` lets a request without credentials pass as nobody. A token that is not good is refused all the same. Default `true`. */
  required?: boolean
  /** Names the API in challenges; printable ASCII. Default `api`. */
  realm?: string
  /** The address of the RFC 9728 document of this API, for challenges. Default: none is told. */
  resourceMetadata?: string
  /** Keeps browsers signed in, too; `authRoutes` is what they sign in at. A token in the request counts before the session. Default: none. */
  session?: SessionOptions
  /** Takes tokens that are bound to a key too, with a proof of it for each request (RFC 9449). Default: they are refused. */
  dpop?: DpopOptions
}

/** What the middleware of a framework takes. */
export type MiddlewareOptions = AuthenticatorOptions & HttpOptions

/** What becomes of a request. */
export interface Visitor extends AnswerHeaders {
  /** Whose request it is. */
  readonly auth?: VerifiedToken
  /** The answer, where the request does not go on to the app: a browser that has to sign in first. */
  readonly answer?: HttpAnswer
}

/** Who calls, asked of a request. */
export interface RequestAuthenticator {
  readonly authenticator: Authenticator
  /**
   * Makes what answers browsers that sign in or out, below `session.path`.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` without the option `session`, or without a provider to sign in at
   */
  createAuthRoutes(): AuthRoutes
  /**
   * Whose request this is; nobody's only if credentials are not required and there are none.
   * @param of - What the guards of this request get as `request`; the request itself by default.
   * @throws {AuthError} any `ERR_REQUEST_…` or `ERR_TOKEN_…`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_REVOCATION_UNAVAILABLE`, `ERR_SESSION_…`
   */
  receive(request: HttpRequest, of?: object): Promise<Visitor>
  /**
   * Whose request it is, where that can be told at once: a known token, in the `Authorization` header, the only place where one may be.
   * Nothing needs to be added to the answer then. Of all other requests `receive` tells. Never throws.
   */
  recognize(request: HttpRequest, of?: object): VerifiedToken | undefined
  /**
   * The access token of a request that was let in, that of its session too, to call another API for its user. Nothing for nobody, nor of
   * a token that is bound to a key: only its client can send it.
   * @param of - As given to `receive`.
   */
  accessTokenOf(request: HttpRequest, of?: object): string | undefined
  /** Whose upgrade this is, to a WebSocket or anything else; answers refusals itself. */
  readonly authenticateUpgrade: AuthenticateUpgrade
}

const schema = lazily(() =>
  z.strictObject({
    tokenFrom: z.unknown().optional(),
    allowedOrigins: z.array(origin).optional(),
    required: z.boolean('must be true or false').optional(),
    realm: z
      .string('must be a text')
      .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
      .optional(),
    resourceMetadata: address.optional(),
    session: z.unknown().optional(),
    dpop: dpopSchema().optional(),
  }),
)

/**
 * Makes what the middleware of any HTTP framework is made of.
 * @param source - All options in one, or an authenticator that is already there.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, with every fault of the options named
 */
export function createRequestAuthenticator(
  source: MiddlewareOptions | Authenticator,
  http: HttpOptions = {},
): RequestAuthenticator {
  if (typeof source !== 'object' || source === null) {
    throw invalidOptions('authMiddleware', 'takes options or what createAuthenticator returns')
  }
  if ('headers' in source) throw invalidOptions('authMiddleware', 'makes a middleware: app.use(authMiddleware({ … }))')
  const { options, make } = 'verify' in source ? { options: http, make: () => source } : split(source, http)
  const checked = readOptions('authMiddleware', schema(), options)
  const { required = true, realm = defaultRealm, resourceMetadata, allowedOrigins = [] } = checked
  const sources = tokenSources(options.tokenFrom)
  if (checked.dpop !== undefined && !sources.includes('header'))
    throw invalidOptions('authMiddleware', "option dpop: needs 'header' among tokenFrom")
  const site: SiteRules = { allowedOrigins }
  // Only now: where an option is wrong, nothing is left that would live on.
  const authenticator = make()
  const plain: Challenge = { realm, ...(resourceMetadata !== undefined && { resourceMetadata }) }
  const dpop = options.dpop && createDpop(authenticator, plain, options.dpop)
  const challenge = dpop?.challenge ?? plain

  const sessions = options.session === undefined ? undefined : createSessions(authenticator, options.session)
  const ofSession = sessions && createReception(sessions, site)

  const isPlain = sources.length === 1 && sources[0] === 'header' && dpop?.required !== true
  const known = isPlain ? knownBy(authenticator) : undefined

  const ofSessions = new WeakMap<object, string>()

  // The token that a request carries, if it carries one, and what checks the proof that it came with.
  function credentialsOf(
    request: HttpRequest,
    site: SiteRules,
  ): { token: string | undefined; prover?: Dpop | undefined } {
    const bound = dpop && readDpopToken(request)
    const token = readCredentials(request, sources, site)
    if (bound === undefined) {
      if (token !== undefined && dpop?.required === true)
        throw refused('ERR_TOKEN_UNSUPPORTED', 'the token came without a proof (option dpop.required)')
      return { token }
    }
    if (token !== undefined && token !== bound)
      throw refused('ERR_REQUEST_MALFORMED', 'the request carries two different tokens')
    return { token: bound, prover: dpop }
  }

  const challengeOf = (request: HttpRequest) => dpop?.challengeOf(request) ?? plain

  function nobody(request: HttpRequest, ended?: AuthError, cookies?: readonly string[]): undefined {
    if (!required) return undefined
    const error = ended ?? missing(request, sources)
    throw cookies === undefined ? error : error.withChallenge(challenge, cookies)
  }

  return {
    authenticator,
    createAuthRoutes: () => createAuthRoutes(sessions),
    recognize(request, of = request) {
      if (known === undefined) return undefined
      try {
        const token = likelyToken(request)
        const auth = token === undefined ? undefined : known(token)
        if (auth !== undefined) introduce(of, auth, challenge)
        return auth
      } catch {
        return undefined
      }
    },
    async receive(request, of = request) {
      const challenge = challengeOf(request)
      try {
        const { token, prover } = credentialsOf(request, site)
        const headers = credentialHeaders(request, sources)
        if (token !== undefined) {
          const proven = prover && (await prover.verify(token, request))
          const auth = proven?.auth ?? (await authenticator.verify(token, request))
          introduce(of, auth, challenge)
          return { headers: { ...headers, ...proven?.headers }, cookies: noCookies, auth }
        }
        // Who gets what by a cookie, caches must not mix up.
        if (ofSession !== undefined) headers.Vary = 'Cookie'
        // Nor give what is kept of a request without a token to one that has one (RFC 9111 section 4.1).
        if (sources.includes('header')) headers.Vary = [headers.Vary, 'Authorization'].filter(Boolean).join(', ')
        const state = await ofSession?.(request, required)
        const cookies = state?.cookies ?? noCookies
        const answer = state?.answer
        const auth = state?.auth ?? (answer === undefined ? nobody(request, state?.ended, cookies) : undefined)
        introduce(of, auth, challenge)
        if (state?.auth !== undefined && state.record !== undefined) ofSessions.set(of, state.record.tokens.accessToken)
        // Whoever kept such an answer for others would hand the session out with it.
        if (cookies.length > 0) headers['Cache-Control'] = 'no-store'
        return { headers, cookies, ...(auth !== undefined && { auth }), ...(answer !== undefined && { answer }) }
      } catch (error) {
        introduce(of, undefined, challenge)
        throw refusal(error, challenge)
      }
    },
    accessTokenOf(request, of = request) {
      if (ofSessions.has(of)) return ofSessions.get(of)
      const { token, prover } = credentialsOf(request, site)
      return prover === undefined ? token : undefined
    },
    authenticateUpgrade: createUpgradeAuthenticator({
      async open(request, predicate) {
        let provider: string | undefined
        try {
          const site = { allowedOrigins, upgrade: true }
          const { token, prover } = credentialsOf(request, site)
          const watch =
            token === undefined
              ? await sessions?.watch(request, site)
              : await (prover ?? authenticator).watch(token, request)
          if (watch === undefined) throw missing(request, sources)
          hideSubprotocol(request.headers, sources)
          if (predicate === undefined) return watch
          provider = watch.auth.provider
          try {
            await settleAllowed(predicate, { user: watch.auth.user, auth: watch.auth, request })
            // What ended while the predicate waited, nobody would hear of any more.
            watch.signal.throwIfAborted()
          } catch (error) {
            watch.end()
            throw error
          }
          return watch
        } catch (error) {
          throw refusal(error, challengeOf(request), provider)
        }
      },
      userOf,
      problemOf,
    }),
  }
}

const noCookies: readonly string[] = []

function missing({ headers }: HttpRequest, sources: readonly TokenSource[]): AuthError {
  // Without the header itself: where the scheme has been forgotten, it is the token.
  const isOther = sources.includes('header') && headers.authorization !== undefined
  const hint = isOther ? '; the Authorization header does not begin with Bearer' : ''
  return new AuthError('ERR_TOKEN_MISSING', { explanation: `no source of tokenFrom found a token${hint}` })
}

function split(source: MiddlewareOptions, http: HttpOptions): { options: HttpOptions; make: () => Authenticator } {
  // All at once: what is an option of neither is told with the nearest of both.
  readOptions('authMiddleware', z.strictObject({ ...schema().shape, ...authenticatorShape() }), source)
  const { tokenFrom, allowedOrigins, required, realm, resourceMetadata, session, dpop, ...rest } = source
  const own = { tokenFrom, allowedOrigins, required, realm, resourceMetadata, session, dpop } as HttpOptions
  const options = { ...own, ...http }
  const make = () => {
    if (options.session !== undefined)
      readSessionOptions(options.session, readAuthenticatorOptions(rest).maxTokenLifetime)
    return createAuthenticator(rest)
  }
  return { options, make }
}

/**
 * The user of one request: an object of its own, so that what a handler adds to it is gone with the request.
 * The lists in it are those of the token, and frozen.
 */
export function userOf({ user }: VerifiedToken): User {
  // Member by member: to spread what is frozen takes ten times as long, for each request.
  const { id, provider, issuer, email, name, organization, roles, permissions, scopes } = user
  const copy: User = { id, provider, issuer, roles, permissions, scopes }
  if (email !== undefined) copy.email = email
  if (name !== undefined) copy.name = name
  if (organization !== undefined) copy.organization = organization
  return copy
}
