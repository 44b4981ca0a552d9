import { createCaller } from '../../client.ts'
import { isAuthError } from '../../errors.ts'
import { fetchThrough } from '../../fetch-through.ts'
import type { Jwk, ProviderContext } from '../../provider.ts'
import type { BrowserSignIn } from '../../sign-in.ts'
import { refusedSignIn } from '../refused-sign-in.ts'
import { createIdTokenVerifier } from './id-token.ts'
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
   * does not grant, is left out. With `openid` among them the provider has to answer an ID token too: it is verified, and has to be
   * for this client and of the same user, else nobody is signed in. It is not kept.
   */
  scopes?: readonly string[]
  /** What people read where they choose among providers. Default: the name of the provider. */
  label?: string
}

/**
 * Signing in with a code: code → access token → JWT that can be refreshed, which is what the session keeps.
 * @param base the host
 * @param keys that ID tokens may be signed with
 */
export function signInAt(
  base: string,
  keys: readonly Jwk[],
  client: Required<Omit<ItsYouOnlineClientId, 'label'>> & { label: string | undefined },
): BrowserSignIn {
  const { clientId, clientSecret, scopes, label } = client
  const asksForIdToken = scopes.includes('openid')

  function callsFor(context: ProviderContext) {
    const caller = createCaller('itsyouonline', { fetch: fetchThrough(context), retries: 0 }, readItsYouOnlineError)
    return { oauth: createOAuthCalls(base, caller), jwts: createJwtCalls(base, caller) }
  }

  async function subjectOf(idToken: string | undefined, { clock }: ProviderContext): Promise<string> {
    if (idToken === undefined)
      throw refusedSignIn('itsyouonline: no ID token came with the access token (scope openid)')
    try {
      return (await createIdTokenVerifier(keys, clientId, clock)(idToken)).user.id
    } catch (error) {
      throw refusedSignIn('itsyouonline: the ID token was refused', error)
    }
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
      const { oauth, jwts } = callsFor(context)
      try {
        const redirectUri = `${url.origin}${url.pathname}`
        const { accessToken, idToken } = await oauth.redeem(
          { clientId, clientSecret },
          { code, redirectUri, state },
          {},
        )
        const subject = asksForIdToken ? await subjectOf(idToken, context) : undefined
        const jwt = await jwts.exchange(
          accessToken,
          { refreshable: true, storeInfo: true, addGrants: true, acceptLess: true },
          {},
        )
        const { exp, username } = readToken(jwt) ?? {}
        if (asksForIdToken && subject !== username)
          throw refusedSignIn('itsyouonline: the ID token is of another user than the JWT')
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
