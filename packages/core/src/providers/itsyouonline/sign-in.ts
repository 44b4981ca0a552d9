import { createCaller } from '../../client.ts'
import { isAuthError } from '../../errors.ts'
import { fetchThrough } from '../../fetch-through.ts'
import type { ProviderContext } from '../../provider.ts'
import type { BrowserSignIn } from '../../sign-in.ts'
import { refusedSignIn } from '../refused-sign-in.ts'
import { createJwtCalls } from './jwt.ts'
import { createOAuthCalls } from './oauth.ts'
import { readItsYouOnlineError, readToken } from './wire.ts'

/** The organization that users sign in at, and an API key of it whose callback address is that of `authRoutes`. */
export interface ItsYouOnlineClientId {
  /** The organization's global id. */
  clientId: string
  /** Of its API key. */
  clientSecret: string
  /**
   * What users are asked for. Default: name, validated address, and membership in the organizations of the options. What a user is not, or
   * does not grant, is left out.
   */
  scopes?: readonly string[]
  /** What people read where they choose among providers. Default: the name of the provider. */
  label?: string
}

/**
 * Signing in with a code: code → access token → JWT that can be refreshed, which is what the session keeps.
 * @param base the host
 */
export function signInAt(
  base: string,
  client: Required<Omit<ItsYouOnlineClientId, 'label'>> & { label: string | undefined },
): BrowserSignIn {
  const { clientId, clientSecret, scopes, label } = client

  function callsFor(context: ProviderContext) {
    const caller = createCaller('itsyouonline', { fetch: fetchThrough(context), retries: 0 }, readItsYouOnlineError)
    return { oauth: createOAuthCalls(base, caller), jwts: createJwtCalls(base, caller) }
  }

  return {
    ...(label !== undefined && { label }),
    hasState: true,
    async start({ callbackUrl, state }, context) {
      const request = { redirectUri: callbackUrl, scope: scopes, state }
      return { location: callsFor(context).oauth.authorizationUrl(clientId, request) }
    },
    async finish({ url, state }, context) {
      const code = url.searchParams.get('code') ?? ''
      if (code === '') throw refusedSignIn('itsyouonline: the browser came back without a code')
      const { oauth, jwts } = callsFor(context)
      try {
        const redirectUri = `${url.origin}${url.pathname}`
        const { accessToken } = await oauth.redeem({ clientId, clientSecret }, { code, redirectUri, state }, {})
        const jwt = await jwts.exchange(
          accessToken,
          { refreshable: true, storeInfo: true, addGrants: true, acceptLess: true },
          {},
        )
        const exp = readToken(jwt)?.exp
        return { tokens: { accessToken: jwt, ...(typeof exp === 'number' && { expiresAt: exp }) } }
      } catch (error) {
        const status = isAuthError(error) ? error.upstream?.status : undefined
        // A wrong secret is answered like a wrong code.
        if (status !== 400) throw error
        throw refusedSignIn(
          'itsyouonline: the code was refused, or is older than 10 seconds (or option client is wrong)',
          error,
        )
      }
    },
  }
}
