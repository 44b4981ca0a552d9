import { AuthError, isAuthError, unavailable } from '../../errors.ts'
import { isObject } from '../../json.ts'
import type { ProviderContext } from '../../provider.ts'
import type { Refresh, RefreshOutcome, Revoke, TokenSet, UpstreamRevocation } from '../../token-set.ts'
import { confirmation, jsonOf } from './schema.ts'
import { nonsense, type Upstream, unexpected } from './upstream.ts'
import { paths } from './wire.ts'

/** Refreshes. Both tokens of the answer are new; the old refresh token may be dead. */
export function refreshWith(base: string, reach: (context: ProviderContext) => Upstream): Refresh {
  return async ({ refreshToken }, context): Promise<RefreshOutcome> => {
    if (refreshToken === undefined || refreshToken === '') {
      return {
        outcome: 'rejected',
        error: new AuthError('ERR_TOKEN_MISSING', { explanation: 'there is no refresh token' }),
      }
    }
    const upstream = reach(context)
    try {
      const response = await upstream.ask(paths.refresh, { RefreshToken: refreshToken })
      if (response.status === 200) {
        const tokens = readTokenPair(response.body, refreshToken)
        if (tokens === undefined) throw nonsense(base, 'a refresh')
        return { outcome: 'refreshed', tokens }
      }
      if (!(await upstream.isRefusal(response, 0))) throw unexpected(base, 'a refresh', response)
      const explanation = `${base}: the refresh token was refused with status ${response.status}`
      return { outcome: 'rejected', error: new AuthError('ERR_TOKEN_INACTIVE', { explanation }) }
    } catch (error) {
      const cause = isAuthError(error) ? error : unavailable('the refresh failed', { cause: error })
      return { outcome: 'unavailable', error: cause }
    }
  }
}

/** The tokens in the answer to a refresh; nothing if there are none. @param old kept where the server did not rotate */
export function readTokenPair(body: unknown, old: string): (TokenSet & { refreshToken: string }) | undefined {
  if (!isObject(body)) return undefined
  const { access_token, refresh_token } = body
  if (typeof access_token !== 'string' || access_token === '') return undefined
  return {
    accessToken: access_token,
    refreshToken: typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : old,
  }
}

/** Revokes one token, or all of its user. A token that is dead already needs no revocation; it cannot end others, though. */
export function revokeWith(base: string, reach: (context: ProviderContext) => Upstream): Revoke {
  return async (what, context) => {
    const upstream = reach(context)
    for (const isAccessToken of kindsOf(what)) {
      const response = await upstream.ask(
        paths.revoke,
        revocation(what.token, isAccessToken, what.kind === 'allOfUser'),
        'DELETE',
      )
      if (response.status === 200) {
        if (confirmation.safeParse(jsonOf(response)).success) return true
        throw nonsense(base, 'a revocation')
      }
      if (!(await upstream.isRefusal(response, 0))) throw unexpected(base, 'a revocation', response)
    }
    if (what.kind !== 'allOfUser') return true
    throw new AuthError('ERR_UPSTREAM_UNAUTHORIZED', {
      explanation: `${base}: a token that is dead cannot end the other tokens of its user`,
      upstream: { provider: 'trustauthx', operation: 'revoke' },
    })
  }
}

// Nobody tells of which kind the token is that stands for all: the other kind is asked about second.
function kindsOf({ kind }: UpstreamRevocation): readonly boolean[] {
  return kind === 'allOfUser' ? [true, false] : [kind === 'accessToken']
}

/** The parameters of a revocation. `AccessToken` says which kind the token is. */
export function revocation(token: string, isAccessToken: boolean, all: boolean): Record<string, string> {
  return { Token: token, AccessToken: String(isAccessToken), SpecificTokenOnly: String(!all) }
}
