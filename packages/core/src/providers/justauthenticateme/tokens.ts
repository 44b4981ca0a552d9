import { asUnavailable } from '../../client.ts'
import { AuthError, unavailable } from '../../errors.ts'
import { isPage, type JsonRequest, type JsonResponse } from '../../http.ts'
import { isObject } from '../../json.ts'
import type { ProviderContext } from '../../provider.ts'
import { retryAfter } from '../../response-headers.ts'
import { createMask } from '../../secrets.ts'
import type { Refresh, RefreshOutcome, Revoke, TokenSet } from '../../token-set.ts'
import { claimsOf, deletion, posting, readJustAuthenticateMeError, refusalOf } from './wire.ts'

const provider = 'justauthenticateme'

// The service may say either of a token that it does not know, or not any more. A page with such a status is not the service's.
function isDead(response: JsonResponse): boolean {
  return (response.status === 401 || response.status === 404) && !isPage(response)
}

/** A new ID token for a refresh token, which stays what it is. */
export function refreshAt(issuer: string): Refresh {
  return async ({ refreshToken, accessToken }, { request }): Promise<RefreshOutcome> => {
    if (refreshToken === undefined || refreshToken === '') {
      return rejected(new AuthError('ERR_TOKEN_MISSING', { explanation: 'there is no refresh token' }))
    }
    try {
      const response = await send(request, posting(`${issuer}/refresh`, { refreshToken }))
      if (response.status === 200) {
        return { outcome: 'refreshed', tokens: readTokens(issuer, response, refreshToken, accessToken) }
      }
      const explanation = `${provider}: the refresh was answered with status ${response.status}`
      if (isDead(response)) return rejected(new AuthError('ERR_TOKEN_INACTIVE', { explanation }))
      // 400 is what an app is told that may not refresh: our set-up, which the user's session cannot help.
      const hint = response.status === 400 ? ': does the app allow refresh?' : ''
      return { outcome: 'unavailable', error: unavailable(explanation + hint, retryAfter(response.headers)) }
    } catch (error) {
      return { outcome: 'unavailable', error: asUnavailable(error) }
    }
  }
}

/**
 * Ends one refresh token of a user, or all of them. It needs a good ID token of the user; where there is none any more, the refresh
 * token gets one first.
 */
export function revokeAt(issuer: string): Revoke {
  return async (what, { request }) => {
    if (what.kind === 'accessToken') return false
    if (what.kind === 'allOfUser') return done(request, deletion(issuer, what.token, 'all'))
    const { token, accessToken } = what
    if (accessToken !== undefined) {
      const first = deletion(issuer, accessToken, { refreshToken: token })
      const response = await send(request, first)
      if (!isDead(response)) return assertDone(response, first)
    }
    const renewal = posting(`${issuer}/refresh`, { refreshToken: token })
    const renewed = await send(request, renewal)
    if (isDead(renewed)) return true
    if (renewed.status !== 200) throw refusal(renewed, renewal)
    const { accessToken: idToken } = readTokens(issuer, renewed, token, undefined)
    return done(request, deletion(issuer, idToken, { refreshToken: token }))
  }
}

type Sent = JsonRequest & { url: string }

function send(request: ProviderContext['request'], { url, ...init }: Sent): Promise<JsonResponse> {
  return request(url, init)
}

async function done(request: ProviderContext['request'], sent: Sent): Promise<true> {
  return assertDone(await send(request, sent), sent)
}

function assertDone(response: JsonResponse, sent: Sent): true {
  if (response.status === 204) return true
  throw refusal(response, sent)
}

function refusal(response: JsonResponse, sent: Sent): AuthError {
  const { status, headers } = response
  const explanation = `${provider}: the revocation was answered with status ${status}`
  if (status < 400 || status === 429 || status >= 500 || isPage(response))
    return unavailable(explanation, retryAfter(headers))
  const { message } = readJustAuthenticateMeError(response) ?? {}
  const code = status === 401 ? 'ERR_UPSTREAM_UNAUTHORIZED' : 'ERR_UPSTREAM_INVALID'
  const upstream = {
    provider,
    operation: 'revoke',
    status,
    ...(message !== undefined && { message: createMask(sent)(message) }),
  }
  return new AuthError(status === 404 ? 'ERR_UPSTREAM_NOT_FOUND' : code, { explanation, upstream })
}

// What is kept in a session is looked at, though its signature is not: that is for whoever is shown the token.
function readTokens(issuer: string, { body }: JsonResponse, refreshToken: string, old: string | undefined): TokenSet {
  const idToken = isObject(body) && typeof body.idToken === 'string' ? body.idToken : undefined
  const claims = claimsOf(idToken)
  const before = claimsOf(old)?.email
  const isOurs = claims?.iss === issuer && refusalOf(claims) === undefined
  if (idToken === undefined || !isOurs || (before !== undefined && before !== claims.email)) {
    throw unavailable(`${provider}: the refresh was answered with something else than an ID token of the same user`)
  }
  const { exp } = claims
  return { accessToken: idToken, idToken, refreshToken, ...(typeof exp === 'number' && { expiresAt: exp }) }
}

function rejected(error: AuthError): RefreshOutcome {
  return { outcome: 'rejected', error }
}
