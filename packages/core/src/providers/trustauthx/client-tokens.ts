import * as z from 'zod'
import type { CallOptions } from '../../client-options.ts'
import type { Clock } from '../../clock.ts'
import { AuthError, isAuthError } from '../../errors.ts'
import { invalidOptions } from '../../options.ts'
import type { TokenSet } from '../../token-set.ts'
import type { Seconds } from '../../types.ts'
import { type Ask, assertText, type Call, isText } from './calls.ts'
import {
  assertCurrent,
  type EnvelopeOptions,
  readDataEnvelope,
  readUserEnvelope,
  type TrustAuthXProfile,
  type TrustAuthXSession,
} from './envelope.ts'
import { confirmation, jsonOf, validityBy } from './schema.ts'
import { readTokenPair, revocation } from './tokens.ts'
import { paths, type ValidityOf } from './wire.ts'

/** The two tokens of a session, both new. */
export type TrustAuthXTokenSet = TokenSet & { readonly refreshToken: string }

/** Whether a pair of tokens is still good. `unavailable` says nothing about them: keep them and try later. */
export type TokenSetCheck =
  /** The access token is good; these are the tokens that were given. */
  | { readonly outcome: 'valid'; readonly tokens: TokenSet }
  /** The access token was not good any more: store these two instead. */
  | { readonly outcome: 'replaced'; readonly tokens: TrustAuthXTokenSet }
  /** Neither is good: the user must sign in again. */
  | { readonly outcome: 'rejected'; readonly error: AuthError }
  | { readonly outcome: 'unavailable'; readonly error: AuthError }

/** The token to revoke. */
export type TrustAuthXRevocation = (
  | { accessToken: string; refreshToken?: never }
  | { refreshToken: string; accessToken?: never }
) & {
  /** Ends all tokens of its user. Default: this one only. */
  all?: boolean
}

/** What is about users and their tokens. */
export interface TrustAuthXTokenCalls {
  /** Exchanges the code of a re-authentication. Replace both tokens. */
  reAuth(code: string, options?: CallOptions): Promise<TrustAuthXSession>
  /** Exchanges the `code` of a login, which is a user token and can be used once. */
  getUser(userToken: string, options?: CallOptions): Promise<TrustAuthXSession>
  /** Whose an access token is. @throws {AuthError} `ERR_TOKEN_CLAIMS` when it is not that of the `uid` given, `ERR_TOKEN_EXPIRED` when it has ended */
  getUserData(accessToken: string, options?: CallOptions & { uid?: string }): Promise<TrustAuthXProfile>
  /**
   * Two new tokens; store both. Calls with one refresh token, at the same time or within 10 seconds, are one call and get the same
   * tokens: a signal lets go of the answer, it does not stop the call.
   */
  getAccessTokenFromRefreshToken(refreshToken: string, options?: CallOptions): Promise<TrustAuthXTokenSet>
  /** Whether an access token is good. What cannot be a token is not; an outage is an error, never `false`. */
  validateAccessToken(accessToken: string, options?: CallOptions): Promise<boolean>
  /** Ends a token, or all of its user. @throws {AuthError} `ERR_UPSTREAM_UNAUTHORIZED` for one that is dead, `ERR_UPSTREAM_UNKNOWN` when nobody confirmed */
  revokeToken(what: TrustAuthXRevocation, options?: CallOptions): Promise<void>
  /** Validates the access token, and refreshes when it is not good any more. Throws only what a signal says. */
  validateTokenSet(
    tokens: Pick<TokenSet, 'accessToken' | 'refreshToken'>,
    options?: CallOptions,
  ): Promise<TokenSetCheck>
}

interface Options {
  readonly ask: Ask
  readonly clock: Pick<Clock, 'after'>
  /** How signed answers are checked, at this moment. */
  readonly checks: () => EnvelopeOptions
  readonly validityOf: ValidityOf
  readonly expiryOf: 'accessToken' | 'envelope'
  /** Whether an error says that a token is not valid, and not that our own key is not. */
  readonly isRefusal: (error: unknown) => Promise<boolean>
}

// Who finds the access token dead a moment later has the same refresh token, which is dead by then: they get the same answer.
const keepFor: Seconds = 10
const envelope = z.string().min(1)

/** Makes the part of the client that is about users and their tokens. */
export function createTokenCalls(options: Options): TrustAuthXTokenCalls {
  const { ask, clock, checks, expiryOf, isRefusal } = options
  const validity = validityBy(options.validityOf)
  const refreshes = new Map<string, Promise<TrustAuthXTokenSet>>()

  // Some servers say "not valid" with a status that is no error otherwise.
  async function askAboutToken<T>(call: Call<T>, options?: CallOptions): Promise<T> {
    try {
      return await ask(call, options)
    } catch (error) {
      if (!isAuthError(error) || error.code !== 'ERR_PROVIDER_UNAVAILABLE' || !(await isRefusal(error))) throw error
      throw asRefused('ERR_UPSTREAM_UNAUTHORIZED', error)
    }
  }

  async function signed<T>(call: Omit<Call<string>, 'schema'>, read: (text: string) => T, options?: CallOptions) {
    const text = await askAboutToken({ ...call, read: jsonOf, schema: envelope }, options)
    try {
      return read(text)
    } catch (cause) {
      if (!isAuthError(cause)) throw cause
      const { explanation = cause.code } = cause
      throw new AuthError(call.safe === false ? 'ERR_UPSTREAM_UNKNOWN' : 'ERR_PROVIDER_UNAVAILABLE', {
        explanation: `trustauthx ${call.operation}: ${explanation} (is secretKey right?)`,
        cause,
        upstream: { provider: 'trustauthx', operation: call.operation, status: 200 },
      })
    }
  }

  function exchange(operation: string, path: string, parameters: Record<string, string>, options?: CallOptions) {
    const call = { operation, path, parameters, safe: false }
    return signed(call, (text) => withExpiry(readUserEnvelope(text, checks()), expiryOf), options)
  }

  function refresh(refreshToken: string, timeout: CallOptions['timeout']): Promise<TrustAuthXTokenSet> {
    const schema = z.unknown().transform((body, context) => {
      const pair = readTokenPair(body, refreshToken)
      if (pair === undefined) context.addIssue({ code: 'custom', message: 'has no access_token' })
      return pair ?? z.NEVER
    })
    return askAboutToken(
      {
        operation: 'getAccessTokenFromRefreshToken',
        path: paths.refresh,
        parameters: { RefreshToken: refreshToken },
        safe: false,
        schema,
      },
      timeout === undefined ? {} : { timeout },
    )
  }

  const calls: TrustAuthXTokenCalls = {
    reAuth: async (code, options) => exchange('reAuth', paths.reAuth, { code: assertText('code', code) }, options),
    getUser: async (userToken, options) =>
      exchange('getUser', paths.getUser, { UserToken: assertText('userToken', userToken) }, options),
    async getUserData(accessToken, { uid, ...options } = {}) {
      const parameters = { AccessToken: assertText('accessToken', accessToken) }
      const read = (text: string) => {
        const profile = readDataEnvelope(text, checks())
        if (expiryOf === 'envelope') assertCurrent(profile.claims, checks())
        return profile
      }
      const profile = await signed({ operation: 'getUserData', path: paths.getUserData, parameters }, read, options)
      // The token has ended, which is no fault of the answer's.
      assertCurrent(profile.claims, checks())
      if (uid === undefined || uid === profile.uid) return profile
      throw new AuthError('ERR_TOKEN_CLAIMS', { explanation: 'the access token is that of another user' })
    },
    async getAccessTokenFromRefreshToken(refreshToken, { signal, timeout } = {}) {
      signal?.throwIfAborted()
      let running = refreshes.get(assertText('refreshToken', refreshToken))
      if (running === undefined) {
        running = refresh(refreshToken, timeout)
        refreshes.set(refreshToken, running)
        const forget = () => void refreshes.delete(refreshToken)
        running.then(() => clock.after(keepFor * 1000, forget), forget)
      }
      return untilAborted(running, signal)
    },
    async validateAccessToken(accessToken, options) {
      if (!isText(accessToken)) return false
      const parameters = { AccessToken: accessToken }
      try {
        return await ask(
          { operation: 'validateAccessToken', path: paths.validate, parameters, read: jsonOf, schema: validity },
          options,
        )
      } catch (error) {
        if (await isRefusal(error)) return false
        throw error
      }
    },
    async revokeToken({ accessToken, refreshToken, all = false }, options) {
      const token = accessToken ?? refreshToken
      if (token === undefined || (accessToken !== undefined && refreshToken !== undefined)) {
        throw invalidOptions('revokeToken', 'takes either an accessToken or a refreshToken')
      }
      const parameters = revocation(assertText('token', token), accessToken !== undefined, all)
      const call = { operation: 'revokeToken', method: 'DELETE', path: paths.revoke, parameters } as const
      await askAboutToken({ ...call, read: jsonOf, schema: confirmation }, options)
    },
    async validateTokenSet({ accessToken, refreshToken }, options) {
      try {
        if (await calls.validateAccessToken(accessToken, options)) {
          return { outcome: 'valid', tokens: { accessToken, ...(refreshToken !== undefined && { refreshToken }) } }
        }
        if (!isText(refreshToken)) {
          const explanation = 'the access token is not valid, and there is no refresh token'
          return { outcome: 'rejected', error: new AuthError('ERR_TOKEN_INACTIVE', { explanation }) }
        }
        return { outcome: 'replaced', tokens: await calls.getAccessTokenFromRefreshToken(refreshToken, options) }
      } catch (error) {
        if (!isAuthError(error)) throw error
        if (!(await isRefusal(error))) return { outcome: 'unavailable', error }
        return { outcome: 'rejected', error: asRefused('ERR_TOKEN_INACTIVE', error) }
      }
    },
  }
  return calls
}

// An `exp` that is the end of the answer alone tells nothing of the access token in it.
function withExpiry(session: TrustAuthXSession, expiryOf: Options['expiryOf']): TrustAuthXSession {
  if (expiryOf === 'accessToken') return session
  const { expiresAt: _, ...tokens } = session.tokens
  return { ...session, tokens }
}

function asRefused(code: 'ERR_UPSTREAM_UNAUTHORIZED' | 'ERR_TOKEN_INACTIVE', cause: AuthError): AuthError {
  const { explanation, upstream } = cause
  return new AuthError(code, {
    cause,
    ...(explanation !== undefined && { explanation }),
    ...(upstream !== undefined && { upstream }),
  })
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
