import { createHmac } from 'node:crypto'
import { AuthError } from '../../../src/errors.ts'
import {
  type Authenticator,
  type AuthenticatorOptions,
  type ClientOptions,
  createRequestAuthenticator,
  type Provider,
} from '../../../src/index.ts'
import { createItsYouOnlineClient, itsYouOnline } from '../../../src/providers/itsyouonline/index.ts'
import { createJustAuthenticateMeClient, justAuthenticateMe } from '../../../src/providers/justauthenticateme/index.ts'
import { createLogtoClient, createLogtoWebhook, logto } from '../../../src/providers/logto/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createOpenvCloudClient, openvCloud } from '../../../src/providers/openvcloud/index.ts'
import { createTrustAuthXClient, trustAuthX } from '../../../src/providers/trustauthx/index.ts'
import { contextOf } from '../provider-context.ts'
import { operations as trustAuthXOperations } from '../trustauthx-operations.ts'
import type { Truths } from './liar.ts'

/** Each secret has the word in it, and more than the word, so that any part of one that is shown is found. */
const mark = 'cAnArY'
const secretOf = (name: string) => `${mark}${name.repeat(3)}0Az9`
const hexMark = 'cafec0de'
const b64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const signature = (bytes: number) => b64(Buffer.alloc(bytes, `${mark}Signature.`).toString('latin1'))
const jwtOf = (header: object, claims: object, bytes = 64) => `${b64(header)}.${b64(claims)}.${signature(bytes)}`
const exp = 4_000_000_000

/** What must never be shown: the words, and what base64 makes of the first one wherever it stands. */
export const marks: readonly string[] = [
  mark,
  hexMark,
  ...[0, 1, 2].map((at) =>
    Buffer.from('\0'.repeat(at) + mark)
      .toString('base64')
      .slice(Math.ceil((at * 8) / 6), Math.floor(((at + mark.length) * 8) / 6)),
  ),
]

/** One provider, all calls of ours to it, each made with secrets. */
export interface Actor {
  readonly provider: string
  /** What answers the first step of calls that have two. */
  readonly truths?: Truths
  /** Where the protocol itself puts secrets into the address. */
  readonly inAddress?: RegExp
  readonly calls: Readonly<Record<string, () => unknown>>
  close(): Promise<void>
}

type Tools = ClientOptions & { timeout: number }

/** What an authenticator does with tokens of this provider: verify, refresh, revoke, here and there. */
function verifying(
  provider: Provider,
  tokens: readonly string[],
  fetch: Tools['fetch'],
  more: Partial<AuthenticatorOptions> = {},
) {
  const { receive, authenticator } = createRequestAuthenticator({
    providers: [provider],
    timeout: 0.15,
    keys: { retry: 0.1, maxRetry: 1 },
    ...(fetch !== undefined && { fetch }),
    ...more,
  })
  const context = contextOf(provider, { timeout: 0.15 })
  const refreshToken = secretOf('RefreshToken')
  const calls: Record<string, () => unknown> = {
    health: () => Promise.reject(Object.assign(new AuthError('ERR_FORBIDDEN'), authenticator.health())),
  }
  for (const [at, token] of tokens.entries()) {
    const request = { method: 'GET', headers: { authorization: `Bearer ${token}` } }
    calls[`verify ${at}`] = () => receive(request)
    calls[`verify ${at}, twice`] = () => receive({ headers: { authorization: `Bearer ${token} ${token}` } })
    calls[`refresh ${at}`] = () => authenticator.refresh({ provider: provider.name, accessToken: token, refreshToken })
    calls[`revoke ${at}`] = () => authenticator.revoke({ token })
    for (const kind of ['accessToken', 'refreshToken', 'allOfUser'] as const) {
      const what = kind === 'refreshToken' ? { token: refreshToken, accessToken: token } : { token }
      calls[`${kind} ${at}`] = () => provider.revoke?.({ kind, ...what }, context)
    }
  }
  return { calls, authenticator }
}

const named = (prefix: string, calls: Record<string, () => unknown>) =>
  Object.fromEntries(Object.entries(calls).map(([name, call]) => [`${prefix}: ${name}`, call]))
const closing =
  (...all: (Authenticator | { close(): unknown })[]) =>
  async () => {
    for (const one of all) await one.close()
  }

function standard(url: string, { fetch }: Tools): Actor {
  const clientSecret = secretOf('ClientSecret')
  const client = { clientId: 'an-app', clientSecret }
  const provider = oidc({ issuer: url, audience: 'api', introspection: client, client })
  const claims = { iss: url, aud: 'api', sub: secretOf('Subject'), client_id: 'a', jti: secretOf('Jti'), iat: 1, exp }
  const jwt = jwtOf({ alg: 'ES256', typ: 'at+jwt', kid: secretOf('Kid') }, claims)
  const odd = jwtOf({ alg: 'ES256', typ: secretOf('Type') }, { ...claims, iss: 'https://other.test' })
  const { calls, authenticator } = verifying(provider, [jwt, odd, secretOf('Opaque'), `${jwt}.${b64(mark)}`], fetch)
  const found = JSON.stringify({
    issuer: url,
    jwks_uri: `${url}/jwks`,
    introspection_endpoint: `${url}/introspection`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revocation`,
    userinfo_endpoint: `${url}/userinfo`,
  })
  const truths: Truths = (path) => (path.includes('/.well-known/') ? { body: found } : undefined)
  return { provider: 'oidc', truths, calls, close: closing(authenticator) }
}

function logtoTenant(url: string, tools: Tools): Actor {
  const clientSecret = secretOf('ClientSecret')
  const audience = 'https://api.example.test'
  const client = { clientId: 'an-app', clientSecret }
  const password = secretOf('Password')
  const management = createLogtoClient({ ...tools, endpoint: url, ...client })
  const issuer = `${url}/oidc`
  const claims = { iss: issuer, aud: audience, sub: 'u', client_id: 'a', jti: secretOf('Jti'), iat: 1, exp }
  const tokens = [jwtOf({ alg: 'ES384', typ: 'at+jwt', kid: 'k' }, claims, 96), secretOf('Opaque').padEnd(43, 'x')]
  const asked = verifying(logto({ endpoint: url, audience, opaque: client, client }), tokens, tools.fetch)
  const told = verifying(logto({ endpoint: url, audience, opaque: { userinfo: true }, client }), tokens, tools.fetch)
  const webhook = createLogtoWebhook({ signingKey: secretOf('SigningKey'), auth: asked.authenticator })
  const signed = (rawBody: string, key: string) =>
    webhook({
      rawBody,
      headers: { 'logto-signature-sha-256': createHmac('sha256', key).update(rawBody).digest('hex') },
    })
  const body = { username: 'u', password, name: 'A Name' }
  const access = {
    body: JSON.stringify({
      access_token: secretOf('AccessToken'),
      expires_in: 3600,
      token_type: 'Bearer',
      scope: 'all',
    }),
  }
  return {
    provider: 'logto',
    truths: (path) => (path === '/oidc/token' ? access : undefined),
    calls: {
      'tokens.get': () => management.tokens.get({ resource: audience, scopes: ['a'] }),
      'tokens.renew': () => management.tokens.renew(secretOf('AccessToken')),
      createUser: () => management.createUser(body),
      listUsers: () => management.listUsers({ search: '%a%' }).toArray(),
      createHook: () =>
        management.createHook({
          name: 'h',
          events: ['User.Deleted'],
          config: { url: 'http://127.0.0.1/', headers: { authorization: secretOf('Header') } },
        }),
      'api.POST': () => management.api.POST('/api/users', { body }),
      'webhook, of another': () => signed('{}', 'another'),
      'webhook, broken': () => signed(`{"${mark}`, secretOf('SigningKey')),
      ...named('introspection', asked.calls),
      ...named('userinfo', told.calls),
    },
    close: closing(asked.authenticator, told.authenticator),
  }
}

function trustAuthXOrganization(url: string, tools: Tools): Actor {
  const credentials = { apiKey: secretOf('ApiKey'), secretKey: secretOf('SecretKey'), orgId: 'org', apiBaseUrl: url }
  const client = createTrustAuthXClient({ ...tools, ...credentials, dangerouslyAllowCredentialsInBrowser: true })
  const accessToken = secretOf('AccessToken')
  const values = {
    accessToken,
    refreshToken: secretOf('RefreshToken'),
    userToken: secretOf('UserToken'),
    reAuthCode: secretOf('ReAuthCode'),
    uid: 'u',
    roleId: 'rol_abc_0123456789abcdef',
    spareRoleId: 'rol_abc_0123456789abcdef',
  }
  const { calls, authenticator } = verifying(trustAuthX(credentials), [accessToken], tools.fetch)
  const operations = trustAuthXOperations.filter(({ endpoint }) => endpoint !== undefined)
  return {
    provider: 'trustauthx',
    inAddress: /^\/(?:api\/user|rbac)\//,
    truths: (path) => (path === '/rbac/role' ? { body: '[]' } : undefined),
    calls: {
      ...Object.fromEntries(operations.map(({ ours, call }) => [ours, () => call(client, values)])),
      finishLogin: () => client.finishLogin({ code: values.userToken, cookie: `__Host-trustauthx-login=${mark}` }),
      ...calls,
    },
    close: closing(authenticator),
  }
}

function justAuthenticateMeApp(url: string, tools: Tools): Actor {
  const at = { appId: '0b9ee5a4-6b4a-4a7a-9f0c-0a4f5a0b9c1d', baseUrl: `${url}/` }
  const claims = {
    iss: `${url}/${at.appId}`,
    aud: at.appId,
    sub: `${mark}@a.test`,
    email: `${mark}@a.test`,
    iat: 1,
    exp,
    token_use: 'id',
    jti: 'j',
  }
  const idToken = jwtOf({ alg: 'ES512', typ: 'JWT', kid: 'k' }, claims, 132)
  const refreshToken = Array.from({ length: 12 }, (_, part) => `${mark}Refresh${part}`).join('/+=')
  const client = createJustAuthenticateMeClient({ ...tools, ...at })
  const { calls, authenticator } = verifying(justAuthenticateMe(at), [idToken], tools.fetch)
  return {
    provider: 'justauthenticateme',
    inAddress: /^\/[0-9a-f-]{36}\/user\/refresh\//,
    calls: {
      authenticate: () => client.authenticate('a@example.test'),
      verifyToken: () => client.verifyToken(idToken),
      refresh: () => client.refresh(refreshToken),
      deleteRefreshToken: () => client.deleteRefreshToken(idToken, refreshToken),
      deleteAllRefreshTokens: () => client.deleteAllRefreshTokens(idToken),
      verifyRemote: () => client.verifyRemote(idToken),
      readCallback: () =>
        client.readCallback(`/in?idToken=${idToken}&refreshToken=${encodeURIComponent(refreshToken)}`),
      ...calls,
    },
    close: closing(authenticator, client),
  }
}

function itsYouOnlineOrganization(url: string, tools: Tools): Actor {
  const clientSecret = secretOf('ApiKey')
  const claims = {
    iss: 'itsyouonline',
    azp: 'petshop',
    username: 'ann',
    scope: ['user:admin'],
    exp,
    refresh_token: secretOf('Refresh'),
  }
  const jwt = jwtOf({ alg: 'ES384', typ: 'JWT' }, claims, 96)
  const byKey = createItsYouOnlineClient({ ...tools, baseUrl: url, clientId: 'ann-app', clientSecret })
  const byJwt = createItsYouOnlineClient({ ...tools, baseUrl: url, jwt })
  const byToken = createItsYouOnlineClient({ ...tools, baseUrl: url, accessToken: secretOf('AccessToken') })
  const { calls, authenticator } = verifying(itsYouOnline({ organization: 'petshop' }), [jwt], tools.fetch)
  const password = { currentpassword: secretOf('Old'), newpassword: secretOf('New') }
  const code = { code: secretOf('Code'), redirectUri: 'http://127.0.0.1/cb', state: secretOf('State') }
  return {
    provider: 'itsyouonline',
    truths: (path) => (path.startsWith('/v1/oauth/') ? { type: 'application/jwt', body: jwt } : undefined),
    calls: {
      getJwt: () => byKey.getJwt({ useCache: true, refreshable: true }),
      refreshJwt: () => byKey.refreshJwt(jwt),
      exchangeJwt: () => byKey.exchangeJwt(jwt),
      exchangeAccessToken: () => byKey.exchangeAccessToken(secretOf('AccessToken')),
      getAccessToken: () => byKey.getAccessToken(),
      exchangeCode: () => byKey.exchangeCode(code),
      UpdatePassword: () => byKey.api.UpdatePassword({ username: 'ann' }, password),
      'UpdatePassword by JWT': () => byJwt.api.UpdatePassword({ username: 'ann' }, password),
      'GetUser by access token': () => byToken.api.GetUser({ username: 'ann' }),
      AddApiKey: () => byToken.api.AddApiKey({ username: 'ann' }, { label: 'x' }),
      GetOrganizationAPIKey: () => byToken.api.GetOrganizationAPIKey({ globalid: 'petshop', label: 'main' }),
      organization: () => byToken.organization('petshop'),
      ListAPIKeys: () => byJwt.api.ListAPIKeys({ username: 'ann' }),
      SetupTOTP: () => byJwt.api.SetupTOTP({ username: 'ann' }, { totpcode: '123456', totpsecret: secretOf('Totp') }),
      user: async () => (await byKey.user()).publicKeys.list(),
      ...calls,
    },
    close: closing(authenticator),
  }
}

function openvCloudPortal(url: string, tools: Tools): Actor {
  const authkey = hexMark.repeat(4)
  const jwt = jwtOf({ alg: 'ES384', typ: 'JWT' }, { username: 'ann', iss: 'itsyouonline', exp }, 96)
  const password = `${mark}-password-1!`
  const byPassword = createOpenvCloudClient({ ...tools, baseUrl: url, username: 'ann', password })
  const byJwt = createOpenvCloudClient({ ...tools, baseUrl: url, getJwt: () => jwt })
  const upload = { link: 'https://a.test', username: 'ann', passwd: `${mark} upload`, path: 'a', machineId: 1 }
  const { calls, authenticator } = verifying(openvCloud({ baseUrl: url, cacheFor: 0 }), [authkey, jwt], tools.fetch)
  return {
    provider: 'openvcloud',
    truths: (path) => (path.endsWith('/users/authenticate') ? { body: JSON.stringify(authkey) } : undefined),
    calls: {
      authenticate: () => byPassword.authenticate({ username: 'ann', password }),
      whoami: () => byPassword.whoami(),
      'accounts.list': () => byPassword.api.accounts.list(),
      'accounts.list by JWT': () => byJwt.api.accounts.list(),
      exportOVF: () => byJwt.api.machines.exportOVF(upload),
      start: () => byPassword.start('machines.exportOVF', upload),
      task: () => byJwt.task('any'),
      ...calls,
    },
    close: closing(authenticator),
  }
}

export const actors: readonly ((url: string, tools: Tools) => Actor)[] = [
  standard,
  logtoTenant,
  trustAuthXOrganization,
  justAuthenticateMeApp,
  itsYouOnlineOrganization,
  openvCloudPortal,
]
