import { createHash } from 'node:crypto'
import { json, type LoopbackRequest, type Reply, type Route } from '../../server/routes.ts'
import { authorize, signInForm, signInPage } from './authorization.ts'
import { authenticateApp } from './client-authentication.ts'
import { discoveryDocument } from './discovery.ts'
import { OidcError } from './errors.ts'
import { endSession } from './logout.ts'
import type { Tenant } from './tenant.ts'
import { issueTokens } from './token-endpoint.ts'
import { profileClaims } from './tokens.ts'

/** The OpenID Connect endpoints of a tenant. */
export type OidcEndpoint =
  | 'discovery'
  | 'authorization'
  | 'signIn'
  | 'jwks'
  | 'token'
  | 'userinfo'
  | 'introspection'
  | 'revocation'
  | 'endSession'

type Handler = (tenant: Tenant, request: LoopbackRequest) => Reply | Promise<Reply>

/** The OpenID Connect routes of a tenant. */
export function oidcRoutes(tenant: Tenant): Route<OidcEndpoint>[] {
  const page = (endpoint: OidcEndpoint, method: string | string[], path: string, handle: Handler) => ({
    endpoint,
    method,
    path,
    handle: (request: LoopbackRequest) => answering(tenant, request, handle),
  })
  const at = (endpoint: OidcEndpoint, method: string | string[], path: string, handle: Handler) =>
    page(endpoint, method, `/oidc${path}`, handle)
  const get = ['GET', 'HEAD']
  return [
    at('discovery', get, '/.well-known/openid-configuration', discovery),
    ...(tenant.version === '1.41' ? [] : [at('discovery', get, '/.well-known/oauth-authorization-server', discovery)]),
    at('jwks', get, '/jwks', keySet),
    at('authorization', ['GET', 'POST'], '/auth', authorize),
    page('signIn', 'GET', '/sign-in', signInPage),
    page('signIn', 'POST', '/sign-in', signInForm),
    at('token', 'POST', '/token', issueTokens),
    at('userinfo', ['GET', 'POST'], '/me', userinfo),
    at('introspection', 'POST', '/token/introspection', introspect),
    at('revocation', 'POST', '/token/revocation', revoke),
    at('endSession', ['GET', 'POST'], '/session/end', endSession),
  ]
}

/** What Logto answers where it has no route: one way below `/oidc`, another everywhere else. */
export function notFound(issuer: string, method: string, url: URL): Reply {
  if (!url.pathname.startsWith('/oidc')) return { status: 404, headers: plainText, body: 'Not Found' }
  const path = url.pathname.slice('/oidc'.length)
  const description = `unrecognized route or not allowed method (${method} on ${path})`
  return new OidcError('invalid_request', description, { status: 404 }).toReply(issuer, isRfcOnly(url))
}

const plainText = { 'content-type': 'text/plain; charset=utf-8' }

async function answering(tenant: Tenant, request: LoopbackRequest, handle: Handler): Promise<Reply> {
  try {
    return await handle(tenant, { ...request, form: formOf(request) })
  } catch (error) {
    if (error instanceof OidcError) return error.toReply(tenant.issuer, isRfcOnly(request.url))
    throw error
  }
}

// Logto takes JSON bodies too.
function formOf({ headers, body, form }: LoopbackRequest): URLSearchParams {
  if (!headers['content-type']?.startsWith('application/json')) return form
  try {
    return new URLSearchParams(JSON.parse(body) as Record<string, string>)
  } catch {
    throw new OidcError('invalid_request', 'failed to parse the request body')
  }
}

function isRfcOnly(url: URL): boolean {
  return url.searchParams.get('parse_error') === 'false'
}

function discovery(tenant: Tenant): Reply {
  const body = JSON.stringify(discoveryDocument(tenant))
  return { headers: { 'content-type': 'application/json; charset=utf-8', etag: etagOf(body) }, body }
}

function keySet({ keys }: Tenant): Reply {
  const body = JSON.stringify(keys.jwks())
  return {
    headers: {
      'content-type': 'application/jwk-set+json; charset=utf-8',
      'cache-control': 'no-cache, max-age=0, must-revalidate',
      etag: etagOf(body),
    },
    body,
  }
}

function etagOf(body: string): string {
  return `"${body.length.toString(16)}-${createHash('sha1').update(body).digest('base64').slice(0, 27)}"`
}

function userinfo(tenant: Tenant, { headers, method }: LoopbackRequest): Reply {
  const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) {
    const description = 'no access token provided'
    if (tenant.version === '1.41' && method === 'GET') throw new OidcError('invalid_request', description)
    throw new OidcError('invalid_token', description, { status: 401, challenge: 'Bearer', bare: true })
  }
  const found = tenant.grants.opaque(token)
  if (found === undefined) {
    throw new OidcError('invalid_token', 'invalid token provided', { status: 401, challenge: 'Bearer' })
  }
  if (!found.scopes.includes('openid')) {
    const details = { status: 403, challenge: 'Bearer', scope: 'openid' } as const
    throw new OidcError('insufficient_scope', 'access token missing openid scope', details)
  }
  return json(profileClaims(tenant.state, found.grant.user, found.scopes))
}

function introspect(tenant: Tenant, request: LoopbackRequest): Reply {
  const app = authenticateApp(request, tenant.state, tenant.now())
  const token = tokenOf(request)
  if (isJwt(token)) refuseJwt(tenant, 'introspected via the introspection_endpoint')
  const access = tenant.grants.opaque(token)
  const found = access ?? tenant.grants.refresh(token)
  if (found === undefined || app.isPublic) return json({ active: false })
  const { grant, issuedAt, expiresAt } = found
  return json({
    active: true,
    sub: grant.user.id,
    client_id: grant.app.id,
    exp: expiresAt,
    iat: issuedAt,
    sid: grant.session,
    iss: tenant.issuer,
    scope: (access?.scopes ?? grant.scopes).join(' '),
    // A refresh token is introspected too, and shows by the lack of this.
    ...(access && { token_type: 'Bearer' }),
  })
}

function revoke(tenant: Tenant, request: LoopbackRequest): Reply {
  const { version, grants, state } = tenant
  const app = authenticateApp(request, state, tenant.now())
  const token = tokenOf(request)
  if (isJwt(token)) refuseJwt(tenant, 'revoked via the revocation_endpoint')
  const owner = grants.appOf(token)
  if (owner !== undefined && owner !== app) {
    const description =
      version === '1.41'
        ? 'this token does not belong to you'
        : 'client is not authorized to revoke the presented token'
    throw new OidcError('invalid_request', description)
  }
  grants.revoke(token, version === '1.41' ? 'token' : 'grant')
  return { headers: plainText }
}

function tokenOf({ form }: LoopbackRequest): string {
  const token = form.get('token')
  if (token === null) throw OidcError.missing('token')
  return token
}

// 1.41 takes a JWT for an unknown token.
function refuseJwt({ version }: Tenant, what: string): void {
  if (version === '1.41') return
  throw new OidcError('unsupported_token_type', `Structured JWT Tokens cannot be ${what}`)
}

function isJwt(token: string): boolean {
  const parts = token.split('.')
  if (parts.length !== 3) return false
  try {
    const header: unknown = JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString('utf8'))
    return typeof header === 'object' && header !== null && 'alg' in header
  } catch {
    return false
  }
}
