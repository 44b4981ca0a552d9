import { AuthError, unavailable } from './errors.ts'
import { isMarkup, type JsonResponse } from './http.ts'
import { isObject } from './json.ts'
import type { ProviderContext } from './provider.ts'
import { retryAfter } from './response-headers.ts'
import type { Refresh, RefreshOutcome, Revoke, TokenSet } from './token-set.ts'

/** A client of an OAuth 2.0 server. A public one has no secret. */
export interface OAuthClient {
  readonly clientId: string
  readonly clientSecret?: string
  /** Default: the `token_endpoint` of the issuer's metadata. */
  readonly tokenEndpoint?: string
  /** Default: the `revocation_endpoint` of the issuer's metadata. */
  readonly revocationEndpoint?: string
}

// What RFC 6749 section 5.2 says of the grant itself; everything else is about our client, or passes.
const rejected = ['invalid_grant']

/**
 * Refreshes at an OAuth 2.0 token endpoint.
 * @param parameters further form parameters, such as `resource` or `scope`
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-6
 */
export function refreshAt(client: OAuthClient, parameters: Readonly<Record<string, string>> = {}): Refresh {
  return async ({ refreshToken }, context): Promise<RefreshOutcome> => {
    if (refreshToken === undefined || refreshToken === '') {
      return {
        outcome: 'rejected',
        error: new AuthError('ERR_TOKEN_MISSING', { explanation: 'there is no refresh token' }),
      }
    }
    try {
      const response = await post(client, context, client.tokenEndpoint ?? (await context.metadata()).token_endpoint, {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        ...parameters,
      })
      return outcomeOf(response, refreshToken, context)
    } catch (error) {
      return {
        outcome: 'unavailable',
        error: error instanceof AuthError ? error : unavailable('the refresh failed', { cause: error }),
      }
    }
  }
}

function outcomeOf(response: JsonResponse, refreshToken: string, { issuer, clock }: ProviderContext): RefreshOutcome {
  const { status, body } = response
  if (status === 200 && isObject(body) && typeof body.access_token === 'string' && body.access_token !== '') {
    return { outcome: 'refreshed', tokens: readTokens(body, refreshToken, clock.now() / 1000) }
  }
  const code = errorCodeOf(body)
  const explanation = `the token endpoint of ${issuer} answered with status ${status}${code === undefined ? '' : ` ${code}`}`
  if (status >= 400 && status < 500 && code !== undefined && rejected.includes(code)) {
    return { outcome: 'rejected', error: new AuthError('ERR_TOKEN_INACTIVE', { explanation }) }
  }
  return { outcome: 'unavailable', error: unavailable(explanation, retryAfter(response.headers)) }
}

// Of RFC 6749 section 5.2, or another of its kind. Anything else could repeat what was sent.
function errorCodeOf(body: unknown): string | undefined {
  const code = isObject(body) ? body.error : undefined
  return typeof code === 'string' && /^[a-z][a-z_]{2,63}$/.test(code) ? code : undefined
}

/** Reads the tokens out of a token response. @param old kept where the server did not rotate. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
function readTokens(body: Readonly<Record<string, unknown>>, old: string | undefined, now: number): TokenSet {
  const { access_token, refresh_token, id_token, expires_in, scope } = body
  const refreshToken = typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : old
  return {
    accessToken: String(access_token),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(typeof id_token === 'string' && { idToken: id_token }),
    // What has ended as it comes would have to be asked for again with each request.
    ...(Number.isFinite(expires_in) && (expires_in as number) > 0 && { expiresAt: now + (expires_in as number) }),
    ...(typeof scope === 'string' && { scopes: scope.split(' ').filter((one) => one !== '') }),
  }
}

/**
 * Revokes at an OAuth 2.0 revocation endpoint. A server that cannot revoke such a token says `unsupported_token_type`: `false`.
 * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
 */
export function revokeAt(client: OAuthClient): Revoke {
  return async (what, context) => {
    const endpoint = client.revocationEndpoint ?? (await context.metadata()).revocation_endpoint
    if (endpoint === undefined) return false
    const hint = what.kind === 'accessToken' ? 'access_token' : 'refresh_token'
    const response = await post(client, context, endpoint, { token: what.token, token_type_hint: hint })
    const { status, body, headers } = response
    // A page is not the server's, whatever its status: a firewall has answered, or a portal that wants somebody to sign in.
    const isPage = isMarkup(response)
    if (status === 200 && !isPage) return true
    const code = errorCodeOf(body)
    if (code === 'unsupported_token_type') return false
    const explanation = `the revocation endpoint of ${context.issuer} answered with status ${status}${code === undefined ? '' : ` ${code}`}`
    // Nor is a redirect, or a half of an answer.
    if (isPage || status < 400 || status >= 500 || status === 429) throw unavailable(explanation, retryAfter(headers))
    const upstream = { provider: context.issuer, operation: 'revoke', status, ...(code !== undefined && { code }) }
    throw new AuthError(status === 401 ? 'ERR_UPSTREAM_UNAUTHORIZED' : 'ERR_UPSTREAM_INVALID', {
      explanation,
      upstream,
    })
  }
}

function post(
  { clientId, clientSecret }: OAuthClient,
  { issuer, request }: ProviderContext,
  endpoint: string | undefined,
  form: Readonly<Record<string, string>>,
): Promise<JsonResponse> {
  if (endpoint === undefined) throw unavailable(`the metadata of ${issuer} names no such endpoint`)
  const isPublic = clientSecret === undefined
  return request(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(!isPublic && { authorization: basicAuthorization(clientId, clientSecret) }),
    },
    body: new URLSearchParams({ ...form, ...(isPublic && { client_id: clientId }) }).toString(),
  })
}

/** `Authorization: Basic` for a client; both parts are form-encoded first. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
export function basicAuthorization(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
}
