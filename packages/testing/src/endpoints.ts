import { createHash } from 'node:crypto'
import type { Authorizations } from './authorization.ts'
import { readClientCredentials } from './client-authentication.ts'
import type { KeyRing } from './key-ring.ts'
import { json, type LoopbackRequest, type Reply, type Route } from './server/routes.ts'
import type { TokenStore } from './token-store.ts'
import type { TokenOptions } from './tokens.ts'

/** The endpoints of a test issuer, as its switches and counters name them. */
export type IssuerEndpoint =
  | 'discovery'
  | 'jwks'
  | 'authorization'
  | 'token'
  | 'introspection'
  | 'userinfo'
  | 'revocation'

/** What the endpoints work on. */
export interface IssuerState {
  readonly issuer: string
  /** The issuer without a slash at its end. */
  readonly base: string
  /** The path of `base`. */
  readonly path: string
  readonly clientId: string
  readonly clientSecret: string
  readonly keys: KeyRing
  readonly store: TokenStore
  readonly authorizations: Authorizations
  readonly metadata: Record<string, unknown>
  readonly cacheControl: () => string | undefined
  readonly now: () => number
  readonly tokenFor: (options: TokenOptions) => string
  readonly idTokenFor: (options: TokenOptions) => string
}

/** The routes of an OpenID Connect issuer. */
export function issuerRoutes(state: IssuerState): Route<IssuerEndpoint>[] {
  const { path } = state
  const discovery = () => publicDocument(state, JSON.stringify(metadataOf(state)), 'application/json')
  const keySet = () =>
    publicDocument(state, state.keys.jwksText ?? JSON.stringify(state.keys.jwks()), 'application/jwk-set+json')
  const get = ['GET', 'HEAD']
  return [
    { endpoint: 'discovery', method: get, path: `${path}/.well-known/openid-configuration`, handle: discovery },
    // RFC 8414 section 3.1 puts the well-known part before the path of the issuer; some servers append it.
    { endpoint: 'discovery', method: get, path: `/.well-known/oauth-authorization-server${path}`, handle: discovery },
    { endpoint: 'discovery', method: get, path: `${path}/.well-known/oauth-authorization-server`, handle: discovery },
    { endpoint: 'jwks', method: get, path: `${path}/jwks`, handle: keySet },
    {
      endpoint: 'authorization',
      method: ['GET', 'POST'],
      path: `${path}/authorize`,
      handle: state.authorizations.authorize,
    },
    { endpoint: 'token', method: 'POST', path: `${path}/token`, handle: clientOnly(state, issueTokens) },
    { endpoint: 'introspection', method: 'POST', path: `${path}/introspect`, handle: clientOnly(state, introspect) },
    { endpoint: 'revocation', method: 'POST', path: `${path}/revoke`, handle: clientOnly(state, revoke) },
    {
      endpoint: 'userinfo',
      method: ['GET', 'POST'],
      path: `${path}/me`,
      handle: (request) => userinfo(state, request),
    },
  ]
}

function metadataOf({ issuer, base, keys, metadata }: IssuerState): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/me`,
    jwks_uri: `${base}/jwks`,
    introspection_endpoint: `${base}/introspect`,
    revocation_endpoint: `${base}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.jwks().keys.flatMap(({ alg }) => alg ?? []))],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    ...metadata,
  }
}

function publicDocument(state: IssuerState, body: string, type: string): Reply {
  const cacheControl = state.cacheControl()
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return {
    headers: { 'content-type': type, etag, ...(cacheControl !== undefined && { 'cache-control': cacheControl }) },
    body,
  }
}

type ClientHandler = (state: IssuerState, request: LoopbackRequest) => Reply

function clientOnly(state: IssuerState, handle: ClientHandler): (request: LoopbackRequest) => Reply {
  return (request) => {
    const { method, id, secret } = readClientCredentials(request)
    if (method === 'duplicate') return oauthError(400, 'invalid_request', 'client credentials were sent twice')
    if (id === state.clientId && secret === state.clientSecret) return handle(state, request)
    const headers = { 'www-authenticate': `Basic realm="${state.issuer}"` }
    return oauthError(401, 'invalid_client', 'client authentication failed', method === 'body' ? {} : headers)
  }
}

function issueTokens(state: IssuerState, { form }: LoopbackRequest): Reply {
  const asked = form.get('scope')?.split(' ').filter(Boolean)
  switch (form.get('grant_type')) {
    case 'authorization_code': {
      const found = state.authorizations.redeem(form)
      if (found === undefined) return oauthError(400, 'invalid_grant', 'the code is not valid')
      const { options, nonce } = found
      const more = options.scopes?.includes('offline_access') ? { refresh_token: state.store.addRefresh(options) } : {}
      return tokenResponse(state, options, { ...more, ...idTokenOf(state, options, nonce) })
    }
    case 'client_credentials': {
      const audience = form.get('resource') ?? form.get('audience')
      return tokenResponse(state, {
        subject: state.clientId,
        ...(asked && { scopes: asked }),
        ...(audience !== null && { audience }),
      })
    }
    case 'refresh_token': {
      const token = form.get('refresh_token')
      if (token === null) return oauthError(400, 'invalid_request', 'refresh_token is missing')
      const granted = state.store.granted(token)
      if (granted !== undefined && asked?.some((scope) => !granted.includes(scope))) {
        return oauthError(400, 'invalid_scope', 'a scope was not granted')
      }
      const redeemed = state.store.redeem(token)
      if (redeemed === undefined) return oauthError(400, 'invalid_grant', 'the refresh token is not valid')
      const options = asked ? { ...redeemed.options, scopes: asked } : redeemed.options
      return tokenResponse(state, options, {
        refresh_token: redeemed.next,
        ...idTokenOf(state, { ...options, scopes: granted ?? [] }, undefined),
      })
    }
    case null:
      return oauthError(400, 'invalid_request', 'grant_type is missing')
    default:
      return oauthError(
        400,
        'unsupported_grant_type',
        'only authorization_code, client_credentials and refresh_token are supported',
      )
  }
}

function idTokenOf(state: IssuerState, options: TokenOptions, nonce: string | undefined): { id_token?: string } {
  if (!options.scopes?.includes('openid')) return {}
  const claims = nonce === undefined ? {} : { nonce }
  return { id_token: state.idTokenFor({ ...options, audience: state.clientId, claims, header: {} }) }
}

function tokenResponse(state: IssuerState, options: TokenOptions, more: Record<string, string> = {}): Reply {
  return json({
    access_token: state.tokenFor(options),
    token_type: options.boundTo === undefined ? 'Bearer' : 'DPoP',
    expires_in: options.expiresIn ?? 3600,
    ...(options.scopes && { scope: options.scopes.join(' ') }),
    ...more,
  })
}

function introspect(state: IssuerState, { form }: LoopbackRequest): Reply {
  const token = form.get('token')
  if (token === null) return oauthError(400, 'invalid_request', 'token is missing')
  const claims = claimsOf(state, token)
  if (claims === undefined) return json({ active: false })
  return json({ active: true, token_type: claims.cnf === undefined ? 'Bearer' : 'DPoP', ...claims })
}

function revoke(state: IssuerState, { form }: LoopbackRequest): Reply {
  const token = form.get('token')
  if (token === null) return oauthError(400, 'invalid_request', 'token is missing')
  state.store.revoke(token)
  return { headers: { 'cache-control': 'no-store' } }
}

function userinfo(state: IssuerState, { headers }: LoopbackRequest): Reply {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const claims = token === undefined ? undefined : claimsOf(state, token)
  if (claims === undefined) {
    const challenge = `Bearer realm="${state.issuer}"${token === undefined ? '' : ', error="invalid_token"'}`
    return oauthError(401, 'invalid_token', 'the access token is not valid', { 'www-authenticate': challenge })
  }
  const { sub, email, name, roles, permissions, organization_id } = claims
  return json({ sub, email, name, roles, permissions, organization_id })
}

/** What a live token of this issuer says, opaque or not. */
function claimsOf({ store, keys, now }: IssuerState, token: string): Record<string, unknown> | undefined {
  const opaque = store.opaque(token)
  if (opaque !== undefined) return opaque
  if (token.split('.').length !== 3 || store.isRevoked(token) || !keys.hasSigned(token)) return undefined
  const claims = parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return Number(claims?.exp) > now() ? claims : undefined
}

// The issuer signs whatever a test wants, also what is no JSON.
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}

function oauthError(status: number, error: string, description: string, headers: Record<string, string> = {}): Reply {
  return json({ error, error_description: description }, { status, headers })
}
