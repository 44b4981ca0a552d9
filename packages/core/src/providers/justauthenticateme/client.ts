import * as z from 'zod'
import { createAuthenticator } from '../../authenticator.ts'
import { isBearerToken } from '../../bearer.ts'
import { type ApiCall, createCaller } from '../../client.ts'
import type { CallOptions, ClientOptions } from '../../client-options.ts'
import { clientSchema } from '../../client-schema.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { AuthError, isAuthError } from '../../errors.ts'
import { readCompactJws } from '../../jws.ts'
import { readOptions, seconds } from '../../options.ts'
import type { TokenSet } from '../../token-set.ts'
import type { Claims, Seconds, VerifiedToken } from '../../types.ts'
import { urlOf } from '../../url.ts'
import { secureAddress } from '../secure-address.ts'
import { justAuthenticateMe } from './provider.ts'
import { appIdSchema, claimsOf, deletion, issuerOf, posting, readJustAuthenticateMeError, refusalOf } from './wire.ts'

/** One app at Just Authenticate Me. There are no credentials. Durations are seconds. */
export interface JustAuthenticateMeClientOptions extends ClientOptions {
  /** As the dashboard shows it. */
  appId: string
  /** Where the service is: https, or http on loopback. Default `https://api.justauthenticate.me/`. */
  baseUrl?: string
  /** For `exp`, `nbf` and `iat` in `verifyToken`. Default 5, at most 300. */
  clockTolerance?: Seconds
  /** For tests. Default: the machine's. */
  clock?: Clock
}

/** A verified ID token, with its header. */
export interface JustAuthenticateMeToken extends VerifiedToken {
  readonly header: { readonly alg: string; readonly typ: string | undefined; readonly kid: string | undefined }
}

/** What the callback brought: verified. */
export interface JustAuthenticateMeSignIn {
  readonly token: JustAuthenticateMeToken
  /** `accessToken` and `idToken` are the same one; no `refreshToken` where the app does not allow refresh. */
  readonly tokens: TokenSet
}

/** The calls of an app. Each throws an `AuthError` whose `upstream` has the status and the service's own words. */
export interface JustAuthenticateMeClient {
  /**
   * Has a mail with a login link sent. Anybody may do so for any address: put limits by address and by IP before it, and answer alike
   * for all addresses.
   * @throws {AuthError} `ERR_UPSTREAM_INVALID` for a bad address, `ERR_UPSTREAM_NOT_FOUND` for an unknown app,
   * `ERR_UPSTREAM_UNKNOWN` when the mail may have been sent, `ERR_PROVIDER_UNAVAILABLE`
   */
  authenticate(email: string, options?: CallOptions): Promise<void>
  /**
   * Verifies an ID token by the app's keys, which are fetched once and kept fresh: signature, issuer, audience, `token_use` and times.
   * @throws {AuthError} `ERR_TOKEN_…`; `ERR_PROVIDER_UNAVAILABLE` when there are no keys
   */
  verifyToken(idToken: string): Promise<JustAuthenticateMeToken>
  /**
   * A new ID token. The refresh token stays the same.
   * @throws {AuthError} `ERR_UPSTREAM_UNAUTHORIZED` or `ERR_UPSTREAM_NOT_FOUND`: sign in again; `ERR_UPSTREAM_INVALID` when the app
   * does not allow refresh; `ERR_PROVIDER_UNAVAILABLE`
   */
  refresh(refreshToken: string, options?: CallOptions): Promise<string>
  /**
   * Logs out: ends one refresh token. ID tokens live on until their `exp`.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` where there is no refresh token; `ERR_UPSTREAM_UNAUTHORIZED` or `ERR_TOKEN_MALFORMED` for the ID token, `ERR_UPSTREAM_NOT_FOUND` for the refresh token or the app,
   * `ERR_UPSTREAM_UNKNOWN`, `ERR_PROVIDER_UNAVAILABLE`
   */
  deleteRefreshToken(idToken: string, refreshToken: string, options?: CallOptions): Promise<void>
  /** Logs out everywhere: ends all refresh tokens of the ID token's user. @throws {AuthError} as `deleteRefreshToken` does */
  deleteAllRefreshTokens(idToken: string, options?: CallOptions): Promise<void>
  /**
   * Has the service verify an ID token, and gives its claims. What can be seen without the keys is checked here first: that the token
   * is an ID token of this app.
   * @throws {AuthError} `ERR_TOKEN_INACTIVE` when the service refuses it, other `ERR_TOKEN_…` when we do; `ERR_UPSTREAM_INVALID`,
   * `ERR_UPSTREAM_NOT_FOUND` for an unknown app, `ERR_PROVIDER_UNAVAILABLE`
   */
  verifyRemote(idToken: string, options?: CallOptions): Promise<Claims>
  /**
   * Reads the address that the browser came back to, and verifies its ID token before anything else is believed. Answer with a redirect
   * to a clean address at once, with `Referrer-Policy: no-referrer` and `Cache-Control: no-store`: the tokens are in the query.
   * @param url - The whole address, or its path and query as in `req.url`.
   * @throws {AuthError} `ERR_TOKEN_MISSING`, `ERR_REQUEST_MALFORMED` for a parameter given twice and for what is no address, `ERR_TOKEN_…`,
   * `ERR_PROVIDER_UNAVAILABLE`
   */
  readCallback(url: string | URL): Promise<JustAuthenticateMeSignIn>
  /** Ends background work. */
  close(): Promise<void>
}

const schema = z.strictObject({
  ...clientSchema,
  appId: appIdSchema,
  baseUrl: secureAddress.optional(),
  clockTolerance: seconds(0, 300).optional(),
  clock: z
    .custom<Clock>(
      (value) => typeof value === 'object' && value !== null && 'monotonic' in value && 'now' in value,
      'must be a Clock',
    )
    .optional(),
})

const none = z.unknown().transform(() => undefined)
const refreshed = z.looseObject({ idToken: z.string().refine((token) => claimsOf(token) !== undefined) })

/**
 * Makes a client. Nothing is fetched before the first call.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createJustAuthenticateMeClient(options: JustAuthenticateMeClientOptions): JustAuthenticateMeClient {
  const checked = readOptions('createJustAuthenticateMeClient', schema, options)
  const { appId, baseUrl, clockTolerance, clock = systemClock, ...calls } = checked
  const issuer = issuerOf(checked)
  const call = createCaller('justauthenticateme', calls, readJustAuthenticateMeError)
  const authenticator = createAuthenticator({
    providers: [justAuthenticateMe({ appId, ...(baseUrl !== undefined && { baseUrl }) })],
    clock,
    ...(clockTolerance !== undefined && { clockTolerance }),
    ...(calls.fetch !== undefined && { fetch: calls.fetch }),
    ...(calls.timeout !== undefined && { timeout: Math.min(calls.timeout, 60) }),
  })

  function run<T>(
    operation: string,
    request: Pick<ApiCall<T>, 'method' | 'url' | 'headers' | 'body'>,
    how: Pick<ApiCall<T>, 'expect' | 'schema' | 'safe'>,
    callOptions: CallOptions | undefined,
  ): Promise<T> {
    // The path may hold a refresh token.
    const shown = request.url.replace(/(\/user\/refresh\/).+$/, '$1*')
    return call({ operation, ...request, ...how, shown }, callOptions)
  }

  async function verifyToken(idToken: string): Promise<JustAuthenticateMeToken> {
    const verified = await authenticator.verify(idToken)
    const { alg, typ, kid } = readCompactJws(idToken) as NonNullable<ReturnType<typeof readCompactJws>>
    return Object.freeze({ ...verified, header: Object.freeze({ alg, typ, kid }) })
  }

  return Object.freeze({
    authenticate: (email: string, how?: CallOptions) =>
      run('authenticate', posting(`${issuer}/authenticate`, { email }), { expect: [200], schema: none }, how),
    verifyToken,
    async refresh(refreshToken: string, how?: CallOptions) {
      // Repeated where it got lost: the refresh token does not change.
      const said = { expect: [200], schema: refreshed, safe: true }
      return (await run('refresh', posting(`${issuer}/refresh`, { refreshToken }), said, how)).idToken
    },
    deleteRefreshToken: async (idToken: string, refreshToken: string, how?: CallOptions) =>
      run(
        'deleteRefreshToken',
        deletion(issuer, bearable(idToken), { refreshToken }),
        { expect: [204], schema: none },
        how,
      ),
    deleteAllRefreshTokens: async (idToken: string, how?: CallOptions) =>
      run('deleteAllRefreshTokens', deletion(issuer, bearable(idToken), 'all'), { expect: [204], schema: none }, how),
    async verifyRemote(idToken: string, how?: CallOptions) {
      const claims = readCompactJws(idToken)?.claims
      if (claims === undefined) throw new AuthError('ERR_TOKEN_MALFORMED', { explanation: 'not a JWT' })
      assertOfApp(claims, issuer, appId)
      try {
        const said = { expect: [200], schema: none, safe: true }
        await run('verifyRemote', posting(`${issuer}/verify`, { idToken }), said, how)
      } catch (error) {
        throw isAuthError(error) && error.code === 'ERR_UPSTREAM_UNAUTHORIZED' ? inactive(error) : error
      }
      return claims
    },
    async readCallback(url: string | URL) {
      const callback = urlOf(url, issuer)
      if (callback === undefined)
        throw new AuthError('ERR_REQUEST_MALFORMED', { explanation: 'the callback is no address' })
      const { searchParams } = callback
      const [idToken, another] = searchParams.getAll('idToken')
      const [refreshToken, twice] = searchParams.getAll('refreshToken')
      if (another !== undefined || twice !== undefined) {
        throw new AuthError('ERR_REQUEST_MALFORMED', { explanation: 'the callback has a token twice' })
      }
      if (!idToken) throw new AuthError('ERR_TOKEN_MISSING', { explanation: 'the callback has no idToken' })
      const token = await verifyToken(idToken)
      const { expiresAt } = token
      return { token, tokens: { accessToken: idToken, idToken, expiresAt, ...(refreshToken && { refreshToken }) } }
    },
    close: () => authenticator.close(),
  })
}

// It may come from a browser: what does not fit into a header never gets as far as the service.
function bearable(token: string): string {
  if (isBearerToken(token)) return token
  throw new AuthError('ERR_TOKEN_MALFORMED', { explanation: 'not a JWT' })
}

// The service may check less than we do.
function assertOfApp(claims: Claims, issuer: string, appId: string): void {
  if (claims.iss !== issuer) throw new AuthError('ERR_TOKEN_ISSUER', { explanation: 'iss is not the app' })
  if (![claims.aud].flat().includes(appId))
    throw new AuthError('ERR_TOKEN_AUDIENCE', { explanation: 'aud is not the app' })
  const refusal = refusalOf(claims)
  if (refusal !== undefined) throw new AuthError('ERR_TOKEN_REFUSED', { explanation: refusal })
}

function inactive({ explanation, upstream, cause }: AuthError): AuthError {
  return new AuthError('ERR_TOKEN_INACTIVE', {
    cause,
    ...(explanation !== undefined && { explanation }),
    ...(upstream !== undefined && { upstream }),
  })
}
