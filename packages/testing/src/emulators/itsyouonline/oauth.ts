import type { Seconds } from '@claviger/core'
import type { LoopbackRequest, Reply, Route } from '../../server/routes.ts'
import { urlOf } from '../../url.ts'
import { Answer, jsonReply, textError } from './answers.ts'
import { sessionOf } from './browser-session.ts'
import { accessTokenLifetime, addressOf, apiKeysOf, type Grant, type ItsYouOnlineState, random } from './state.ts'
import {
  exchangeJwt,
  findAccessToken,
  type Host,
  listIn,
  makeJwt,
  type Parameters,
  readJwt,
  refreshJwt,
  sign,
  withMemberships,
} from './tokens.ts'

/** Where tokens come from. */
export type OAuthEndpoint = 'token' | 'jwt' | 'refresh' | 'authorize'

const codeLifetime: Seconds = 10

/** The routes below `/v1/oauth`, which is not below `/api`. */
export function oauthRoutes(host: Host): Route<OAuthEndpoint>[] {
  const at = (
    endpoint: OAuthEndpoint,
    method: string | string[],
    path: string,
    handle: (host: Host, request: LoopbackRequest) => Reply,
    headers: Record<string, string> = {},
  ): Route<OAuthEndpoint> => ({
    endpoint,
    method,
    path: `/v1/oauth${path}`,
    handle: (request) =>
      withHeaders(
        answered(() => handle(host, request)),
        headers,
      ),
  })
  const anyOrigin = { 'access-control-allow-origin': '*' }
  return [
    at('token', 'POST', '/access_token', accessToken, anyOrigin),
    at('token', 'OPTIONS', '/access_token', preflight, anyOrigin),
    at('jwt', ['GET', 'POST'], '/jwt', jwt),
    at('refresh', ['GET', 'POST'], '/jwt/refresh', refresh),
    at('authorize', 'GET', '/authorize', authorize),
  ]
}

/** Runs a handler that may end early with an answer. */
export function answered(handle: () => Reply): Reply {
  try {
    return handle()
  } catch (error) {
    if (error instanceof Answer) return error.reply
    throw error
  }
}

const withHeaders = (reply: Reply, headers: Record<string, string>): Reply => ({
  ...reply,
  headers: { ...reply.headers, ...headers },
})

// The body wins over the query. Bodies of JSON are not read.
function parametersOf({ url, form, headers }: LoopbackRequest): Parameters {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
  return { get: (name) => (isForm ? form.get(name) : null) ?? url.searchParams.get(name) }
}

function preflight(_: Host, { headers }: LoopbackRequest): Reply {
  const asked = headers['access-control-request-headers']
  return {
    status: 200,
    headers: { allow: 'POST', ...(asked !== undefined && { 'access-control-allow-headers': asked }) },
  }
}

function accessToken(host: Host, request: LoopbackRequest): Reply {
  const parameters = parametersOf(request)
  const type = parameters.get('grant_type') ?? ''
  if (!['', 'authorization_code', 'client_credentials'].includes(type)) throw textError(400)
  const { id, secret } = clientOf(parameters, request)
  if (id === '' || secret === '') throw textError(400)
  const isCode = type !== 'client_credentials'
  const grant = isCode ? grantOfCode(host, id, secret, parameters) : grantOfKey(host.state, id, secret)
  if (grant === undefined) throw textError(400)
  if (parameters.get('response_type') === 'id_token') {
    const token = makeJwt(host, grant, parameters, host.now() + accessTokenLifetime)
    if (!request.headers.accept?.includes('application/json')) return jwtReply(token)
    return jsonReply(200, { access_token: token })
  }
  return jsonReply(200, issue(host, grant, isCode))
}

// Basic counts only where the request does not name a secret.
function clientOf(parameters: Parameters, { headers }: LoopbackRequest): { id: string; secret: string } {
  const secret = parameters.get('client_secret')
  const [, basic] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? []
  if (secret !== null || basic === undefined) return { id: parameters.get('client_id') ?? '', secret: secret ?? '' }
  const [id = '', ...rest] = Buffer.from(basic, 'base64').toString().split(':')
  return { id, secret: rest.join(':') }
}

// An organization first; a key of it without the flag is looked for among those of users, and not found.
function grantOfKey({ organizations, users }: ItsYouOnlineState, id: string, secret: string): Grant | undefined {
  const ofOrganization = organizations
    .get(id)
    ?.keys.find((key) => key.secret === secret && key.clientCredentialsGrantType)
  if (ofOrganization !== undefined) return { globalid: id, clientId: id, scopes: ['organization:owner'] }
  for (const user of users.values()) {
    const key = apiKeysOf(user).find((one) => one.applicationid === id && one.apikey === secret)
    if (key !== undefined) return { username: user.username, clientId: id, scopes: ['user:admin'] }
  }
  return undefined
}

// A code is not used up, but it lives for ten seconds only.
function grantOfCode({ state, now }: Host, id: string, secret: string, parameters: Parameters): Grant | undefined {
  const code = state.codes.get(parameters.get('code') ?? '')
  if (code === undefined || now() - code.createdAt > codeLifetime || code.clientId !== id) return undefined
  if (!state.organizations.get(id)?.keys.some((key) => key.secret === secret)) return undefined
  if (parameters.get('redirect_uri') !== code.redirectUri) return undefined
  const sent = parameters.get('state')
  if (sent !== null && sent !== code.state) return undefined
  const { username, clientId, scopes } = code
  return { ...(username !== undefined && { username }), clientId, scopes }
}

function issue(host: Host, grant: Grant, isCode: boolean) {
  const { state, now } = host
  const token = random()
  state.accessTokens.set(token, { ...grant, createdAt: now() })
  const grants = state.organizations.get(grant.clientId)?.grants.get(grant.username ?? '') ?? []
  return {
    access_token: token,
    ...(isCode && grant.scopes.includes('openid') && { id_token: idToken(host, grant) }),
    token_type: 'bearer',
    scope: `${grant.scopes.join(',')},${grants.map((one) => `grant:${one}`).join(',')}`,
    expires_in: accessTokenLifetime - 600,
    info: { username: grant.username ?? '' },
  }
}

// Its claims are named after the scopes.
function idToken(host: Host, { username = '', clientId, scopes }: Grant): string {
  const user = host.state.user(username)
  const iat = host.now()
  const told = scopes.flatMap((scope): [string, string][] => {
    if (scope === 'user:name') return [[scope, `${user.firstname} ${user.lastname}`]]
    const [, validated, kind, label = ''] = /^user:(validated:)?(email|phone)(.*)$/.exec(scope) ?? []
    if (kind === undefined) return []
    // It looks for the label of an address with the colon before it, which there is none of.
    if (kind === 'email' && label !== '') throw textError(400)
    const value = addressOf(user, kind, label.slice(1) || 'main')
    return value === undefined || (validated && !user.validated.has(value)) ? [] : [[scope, value]]
  })
  const claims = { aud: clientId, exp: iat + accessTokenLifetime, iat, iss: 'itsyouonline', sub: username }
  return sign(host, { ...claims, ...Object.fromEntries(told) })
}

function jwt(host: Host, request: LoopbackRequest): Reply {
  const parameters = parametersOf(request)
  const header = request.headers.authorization
  if (header === undefined) throw textError(401)
  const [, old] = /^[Bb]earer (.*)$/.exec(header) ?? []
  if (old !== undefined) return jwtReply(exchangeJwt(host, readJwt(host, old), parameters))
  const found = findAccessToken(host, header.replace(/^token/, '').trim())
  return jwtReply(makeJwt(host, found, parameters, found.createdAt + accessTokenLifetime))
}

function refresh(host: Host, request: LoopbackRequest): Reply {
  const [, old] = /^[Bb]earer (.*)$/.exec(request.headers.authorization ?? '') ?? []
  if (old === undefined) throw textError(401)
  return jwtReply(refreshJwt(host, readJwt(host, old, { expired: true }), parametersOf(request)))
}

function jwtReply(token: string): Reply {
  return { status: 200, headers: { 'content-type': 'application/jwt' }, body: token }
}

function authorize({ state, now }: Host, { url, headers }: LoopbackRequest): Reply {
  const query = url.searchParams
  const clientId = query.get('client_id') ?? ''
  const redirectUri = query.get('redirect_uri') ?? ''
  if (query.get('response_type') !== 'code' || !isRegistered(state, clientId, redirectUri)) throw textError(400)
  const username = state.sessions.get(sessionOf(headers.cookie) ?? '')
  if (username === undefined) {
    const page = query.get('register') === '1' ? '/register' : '/login'
    return redirect(`${page}${url.search}&endpoint=${encodeURIComponent('/v1/oauth/authorize')}`)
  }
  const user = state.user(username)
  const possible = withMemberships(state, { username, clientId, scopes: [] }, listIn(query.get('scope'))).filter(
    (one) => one !== '',
  )
  const consented = user.authorizations.get(clientId)?.scopes ?? []
  if (
    !user.authorizations.has(clientId) ||
    possible.some((scope) => scope !== 'openid' && !consented.includes(scope))
  ) {
    const reduced = new URLSearchParams(query)
    reduced.set('scope', possible.join(','))
    return redirect(`/authorize?${reduced}`)
  }
  const code = random()
  const given = query.get('state') ?? ''
  state.codes.set(code, { username, clientId, scopes: possible, redirectUri, state: given, createdAt: now() })
  const answer = new URLSearchParams({ code, state: given })
  return redirect(`${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer}`)
}

// A string prefix of a registered address, and never the provider itself.
function isRegistered({ organizations }: ItsYouOnlineState, clientId: string, redirectUri: string): boolean {
  const { hostname = '' } = urlOf(redirectUri) ?? {}
  if (clientId === 'itsyouonline' || hostname === '' || hostname.endsWith('itsyou.online')) return false
  const keys = organizations.get(clientId)?.keys ?? []
  return keys.some(
    ({ callbackURL }) => callbackURL !== undefined && callbackURL !== '' && redirectUri.startsWith(callbackURL),
  )
}

function redirect(location: string): Reply {
  return { status: 302, headers: { location } }
}
