import type { Configuration, ServerMetadata } from 'openid-client'
import * as z from 'zod'
import { textAt } from './claims.ts'
import { AuthError, isAuthError, unavailable } from './errors.ts'
import { fetchThrough } from './fetch-through.ts'
import { isObject, isStrings } from './json.ts'
import { text } from './options.ts'
import type { ProviderContext } from './provider.ts'
import { isSecure } from './providers/secure-address.ts'
import type { BrowserSignIn, SignedIn } from './sign-in.ts'
import { urlOf } from './url.ts'

/** The client of an OpenID Connect server that users sign in at. */
export interface OpenIdClient {
  readonly issuer: string
  /** Where its metadata is, if not at the usual place below the issuer. */
  readonly metadataUrl?: string
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: string
  /** `offline_access` among them is left out where the metadata says that there is no such thing. */
  readonly scopes: readonly string[]
  /** The API that the access token is for (RFC 8707); named when the browser sets out, and when the code is exchanged. */
  readonly resource?: string
  /** What else is named when the browser sets out, and not when the code is exchanged. */
  readonly otherResources?: readonly string[]
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly label?: string
  /** Default: the `token_endpoint` of the issuer's metadata. */
  readonly tokenEndpoint?: string
}

// What a sign-in says itself: another word would undo what it is protected by, or end at the callback.
const ownParameters =
  'response_type response_mode client_id redirect_uri scope state nonce code_challenge code_challenge_method'

/** The option `parameters`. */
export const furtherParameters = z
  .record(text, text)
  .refine(
    (given) => ownParameters.split(' ').every((name) => !Object.hasOwn(given, name)),
    `must be none of ${ownParameters.replaceAll(' ', ', ')}`,
  )

// Loaded when the first user signs in: an app that only verifies tokens never needs it.
const library = () => import('openid-client')

/**
 * Signing in at any OpenID Connect server: authorization code with PKCE, state and nonce; the ID token's signature is checked too.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 * @see https://www.rfc-editor.org/rfc/rfc7636
 */
export function openIdSignIn(client: OpenIdClient): BrowserSignIn {
  const { scopes, resource, otherResources = [], parameters, label } = client
  const target = resource === undefined ? {} : { resource }
  const fault = faultOf(client)
  return {
    ...(label !== undefined && { label }),
    ...(fault !== undefined && { fault }),
    hasState: true,
    async start({ callbackUrl, state, fresh }, context) {
      const { buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier } = await library()
      const verifier = randomPKCECodeVerifier()
      const nonce = randomNonce()
      const metadata = await context.metadata()
      if (metadata.authorization_endpoint === undefined)
        throw unavailable(`the metadata of ${context.issuer} names no authorization_endpoint`)
      const query = new URLSearchParams({
        redirect_uri: callbackUrl,
        scope: scopes.filter((scope) => isKnown(scope, metadata.scopes_supported)).join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...target,
        ...parameters,
        ...(fresh === true && { prompt: [parameters?.prompt, 'login'].filter(Boolean).join(' ') }),
      })
      for (const one of otherResources) query.append('resource', one)
      const { href } = buildAuthorizationUrl(await configurationOf(client, context), query)
      return { location: href, keep: { verifier, nonce } }
    },
    async finish({ url, state, kept }, context) {
      const { authorizationCodeGrant } = await library()
      const { verifier, nonce } = kept
      if (verifier === undefined || nonce === undefined) throw refused('nothing was kept of how it began')
      const now = context.clock.now() / 1000
      const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true }
      const configuration = await configurationOf(client, context)
      try {
        const answer = await authorizationCodeGrant(configuration, url, checks, target)
        const { access_token, refresh_token, expires_in } = answer
        const claims = answer.claims()
        const sid = claims?.sid
        return {
          tokens: {
            accessToken: access_token,
            ...(refresh_token !== undefined && { refreshToken: refresh_token }),
            ...(expires_in !== undefined && { expiresAt: now + expires_in }),
          },
          ...(typeof sid === 'string' && { session: sid }),
          ...(claims !== undefined && { profile: profileOf(claims) }),
        }
      } catch (error) {
        throw blamed(error, context)
      }
    },
    async end({ returnUrl, state }, context) {
      const { end_session_endpoint: endpoint } = await context.metadata()
      const url = endpoint === undefined ? undefined : urlOf(endpoint)
      if (url === undefined) return undefined
      // Without a token: it would stand in the address bar, and in the provider's log. The provider knows its own cookie.
      url.searchParams.set('client_id', client.clientId)
      url.searchParams.set('post_logout_redirect_uri', returnUrl)
      if (state !== undefined) url.searchParams.set('state', state)
      return url.href
    },
  }
}

/** What an ID token says of its user. An address that nobody has confirmed may be somebody else's. */
function profileOf(claims: {
  readonly sub: string
  readonly [name: string]: unknown
}): NonNullable<SignedIn['profile']> {
  const email = claims.email_verified === false ? undefined : textAt(claims, 'email')
  const name = textAt(claims, 'name')
  return { id: claims.sub, ...(email !== undefined && { email }), ...(name !== undefined && { name }) }
}

function isKnown(scope: string, supported: unknown): boolean {
  return scope !== 'offline_access' || !isStrings(supported) || supported.includes(scope)
}

async function configurationOf(client: OpenIdClient, context: ProviderContext): Promise<Configuration> {
  const metadata = await context.metadata()
  const library_ = await library()
  const { clientId, clientSecret, tokenEndpoint } = client
  const { clock } = context
  const configuration = new library_.Configuration(
    { ...metadata, ...(tokenEndpoint !== undefined && { token_endpoint: tokenEndpoint }) } as ServerMetadata,
    clientId,
    { [library_.clockSkew]: Math.round((clock.now() - Date.now()) / 1000), [library_.clockTolerance]: 30 },
    clientSecret === undefined ? library_.None() : library_.ClientSecretBasic(clientSecret),
  )
  const send = fetchThrough(context)
  configuration[library_.customFetch] = (url, { method, headers, body, signal }) =>
    send(url, {
      method,
      headers,
      redirect: 'manual',
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && body !== null && { body: String(body) }),
    } as Parameters<typeof send>[1])
  // TLS is what says that a code was exchanged with the issuer; a signature says it anywhere.
  library_.enableNonRepudiationChecks(configuration)
  // Only on loopback, else it would be a fault of the set-up.
  if ([metadata.issuer, tokenEndpoint].some((one) => /^http:/i.test(one ?? '')))
    library_.allowInsecureRequests(configuration)
  return configuration
}

/** Why nobody could sign in, whatever the server does. */
function faultOf({ issuer, metadataUrl, tokenEndpoint }: OpenIdClient): string | undefined {
  const isUrl = urlOf(issuer) !== undefined
  if (!isUrl && metadataUrl === undefined) return 'the issuer is no URL: its sign-in cannot be found, set metadataUrl'
  const bare = [...(isUrl ? [issuer] : []), ...(tokenEndpoint === undefined ? [] : [tokenEndpoint])]
  const insecure = bare.find((address) => /^http:/i.test(address) && !isSecure(new URL(address)))
  return insecure && `codes and tokens must not travel to ${insecure}: https, or http on loopback`
}

// What the library says of an answer that is none of OAuth: a page, another status, half a JSON; and of metadata that lack a place to ask.
const noAnswers: ReadonlySet<unknown> = new Set([
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
])

/** Who is to blame: the provider that could not be asked, our client that it does not know, or whoever came with this code. */
function blamed(error: unknown, { issuer }: ProviderContext): AuthError {
  for (
    let cause: unknown = error;
    isObject(cause) || cause instanceof Error;
    cause = (cause as { cause?: unknown }).cause
  ) {
    if (isAuthError(cause)) return cause
  }
  const { error: said, code, status } = (isObject(error) ? error : {}) as Record<string, unknown>
  // What the provider has said, else what the library takes exception to.
  // In the callback anybody can write anything.
  const reason = [said, code].find((one) => typeof one === 'string' && /^[A-Za-z][\w.-]{1,63}$/.test(one))
  const explanation = `${issuer}: the sign-in failed${reason === undefined ? '' : ` (${reason})`}`
  const isOutage = typeof status === 'number' && (status >= 500 || status === 429)
  if (isOutage || noAnswers.has(code)) return unavailable(explanation)
  if (said === 'invalid_client' || said === 'unauthorized_client') {
    const upstream = {
      provider: issuer,
      operation: 'signIn',
      code: said,
      ...(typeof status === 'number' && { status }),
    }
    return new AuthError('ERR_UPSTREAM_UNAUTHORIZED', {
      explanation: `${explanation}: are clientId and clientSecret right?`,
      upstream,
    })
  }
  if (said === 'server_error' || said === 'temporarily_unavailable') return unavailable(explanation)
  // Without the error itself: it may hold the whole answer, tokens among it.
  return new AuthError('ERR_SIGN_IN_REFUSED', { explanation })
}

function refused(explanation: string): AuthError {
  return new AuthError('ERR_SIGN_IN_REFUSED', { explanation })
}
