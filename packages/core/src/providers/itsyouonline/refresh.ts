import { asUnavailable } from '../../client.ts'
import { AuthError, unavailable } from '../../errors.ts'
import { isMarkup } from '../../http.ts'
import { retryAfter } from '../../response-headers.ts'
import type { Refresh, RefreshOutcome } from '../../token-set.ts'
import type { Claims, Seconds } from '../../types.ts'
import { hasGrants, readPrincipal } from './user.ts'
import { readToken } from './wire.ts'

/**
 * Refreshes a JWT that carries a refresh token in itself: the old JWT, expired or not, is all that is sent.
 * @param base host of the provider
 * @param validity of the new JWT; the provider's default is a day, whatever the old one had
 */
export function refreshAt(base: string, validity: Seconds | undefined): Refresh {
  return async ({ accessToken }, { request }): Promise<RefreshOutcome> => {
    const old = readToken(accessToken)
    if (typeof old?.refresh_token !== 'string') {
      return rejected(
        'ERR_TOKEN_MISSING',
        'the token is none of ItsYou.online with a refresh_token (scope offline_access)',
      )
    }
    try {
      const response = await request(refreshUrl(base, { validity, addGrants: hasGrants(old) }), {
        headers: { authorization: `bearer ${accessToken}` },
      })
      const { status, text, headers } = response
      if (status === 200) return refreshed(text.trim(), old)
      const explanation = `itsyouonline: the refresh was answered with status ${status}`
      // Unknown, purged after 30 days without use, or not signed by this host: all the same to see. Never a page.
      if (status === 401 && !isMarkup(response)) return rejected('ERR_TOKEN_INACTIVE', explanation)
      return { outcome: 'unavailable', error: unavailable(explanation, retryAfter(headers)) }
    } catch (error) {
      return { outcome: 'unavailable', error: asUnavailable(error) }
    }
  }
}

/** Where a JWT is refreshed. */
export function refreshUrl(
  base: string,
  { validity, addGrants }: { readonly validity?: Seconds | undefined; readonly addGrants?: boolean | undefined },
): string {
  const query = new URLSearchParams({
    ...(validity !== undefined && { validity: String(validity) }),
    ...(addGrants === true && { add_grants: 'true' }),
  })
  return `${base}/v1/oauth/jwt/refresh${query.size === 0 ? '' : `?${query}`}`
}

function refreshed(token: string, old: Claims): RefreshOutcome {
  const claims = readToken(token)
  if (claims === undefined || !isOfSame(old, claims)) {
    const explanation = 'itsyouonline: the refresh was answered with something else than a token of the same user'
    return { outcome: 'unavailable', error: unavailable(explanation) }
  }
  const { exp } = claims
  const scopes = readPrincipal(claims)?.scopes ?? []
  return {
    outcome: 'refreshed',
    tokens: { accessToken: token, scopes, ...(typeof exp === 'number' && { expiresAt: exp }) },
  }
}

/** Whether two tokens speak for the same user or organization. */
export function isOfSame(a: Claims, b: Claims): boolean {
  const [one, other] = [readPrincipal(a), readPrincipal(b)]
  return one !== undefined && one.kind === other?.kind && one.id === other.id
}

function rejected(code: 'ERR_TOKEN_MISSING' | 'ERR_TOKEN_INACTIVE', explanation: string): RefreshOutcome {
  return { outcome: 'rejected', error: new AuthError(code, { explanation }) }
}
