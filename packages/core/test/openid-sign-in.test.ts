import { inspect } from 'node:util'
import { createTestKey, type TestIssuer } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { systemClock } from '../src/clock.ts'
import { createRequest } from '../src/http.ts'
import { type Authenticator, createAuthenticator, createRequestAuthenticator, type Provider } from '../src/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, sendJson } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)
const made: Authenticator[] = []
afterEach(() => Promise.all(made.splice(0).map((auth) => auth.close())))

const secrets = ['the-access-token-of-alice', 'the-refresh-token-of-alice', 'the-code-of-alice']

/** The error of a sign-in whose code is exchanged for this answer; on https, where only the code goes elsewhere. */
async function refusalOf(body: object | string, status = 200, query = '', isOnHttps = false, more = {}) {
  const server = await cleanup.stub((_, response) => {
    if (typeof body === 'string') response.writeHead(status, { 'content-type': 'text/html' }).end(body)
    else sendJson(response, body, {}, status)
  })
  const tokenEndpoint = isOnHttps ? { tokenEndpoint: `${server.origin}/token` } : {}
  const issuer = isOnHttps ? 'https://id.example.test' : server.origin
  const { signIn } = oidc({ issuer, audience: 'api', client: { clientId: 'shop', ...tokenEndpoint } })
  const metadata = { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token`, ...more }
  const url = new URL(`https://shop.example/auth/callback/oidc?code=${secrets[2]}&state=s${query}`)
  const request = createRequest((address, init) => fetch(address, init), 5)
  const context = { issuer, clock: systemClock, request, metadata: async () => metadata }
  const kept = { verifier: 'v'.repeat(43), nonce: 'n' }
  return signIn?.finish({ url, state: 's', kept }, context).then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a sign-in at an OpenID server that fails', () => {
  const tokens = { access_token: secrets[0], refresh_token: secrets[1], token_type: 'Bearer' }

  const down = 'ERR_PROVIDER_UNAVAILABLE'

  it.each<[string, object | string, number, string, string, RegExp]>([
    ['without an ID token', tokens, 200, '', 'ERR_SIGN_IN_REFUSED', /\(OAUTH_INVALID_RESPONSE\)$/],
    ['with a code that is not good', { error: 'invalid_grant' }, 400, '', 'ERR_SIGN_IN_REFUSED', /\(invalid_grant\)$/],
    ['because the user says no', {}, 200, '&error=access_denied', 'ERR_SIGN_IN_REFUSED', /\(access_denied\)$/],
    ['with an unknown client', { error: 'invalid_client' }, 401, '', 'ERR_UPSTREAM_UNAUTHORIZED', /clientSecret right/],
    ['with an outage', { error: 'server_error' }, 500, '', down, /\(OAUTH_RESPONSE_IS_NOT_CONFORM\)$/],
    ['with too many requests', { error: 'slow_down' }, 429, '', down, /\(slow_down\)$/],
    ['with what is no status', {}, 999, '', down, /answered with status 999$/],
    ['with a page', '<html>', 200, '', down, /\(OAUTH_RESPONSE_IS_NOT_JSON\)$/],
    ['with a page of a firewall', '<html>', 403, '', down, /\(OAUTH_RESPONSE_IS_NOT_JSON\)$/],
    ['with a broken ID token', { ...tokens, id_token: 'a.b.c' }, 200, '', down, /\(OAUTH_PARSE_ERROR\)$/],
    [
      'because the provider cannot now',
      {},
      200,
      '&error=temporarily_unavailable',
      down,
      /\(temporarily_unavailable\)$/,
    ],
  ])('%s tells why, and holds nothing that was sent or answered', async (_, body, status, query, code, explanation) => {
    const error = await refusalOf(body, status, query)
    expect(error).toMatchObject({ code, explanation: expect.stringMatching(explanation) })
    for (const secret of secrets) expect(inspect(error, { depth: 10 })).not.toContain(secret)
  })
})

describe('a browser that sets out', () => {
  const metadata = { issuer: 'https://id.example.test', authorization_endpoint: 'https://id.example.test/authorize' }

  async function setsOut(client: object, fresh?: boolean, more = {}): Promise<URLSearchParams> {
    const { issuer } = metadata
    const { signIn } = oidc({ issuer, audience: 'api', client: { clientId: 'shop', ...client } })
    const request = createRequest((address, init) => fetch(address, init), 5)
    const context = { issuer, clock: systemClock, request, metadata: async () => ({ ...metadata, ...more }) }
    const asked = { callbackUrl: 'https://shop.example/auth/callback/oidc', state: 's', ...(fresh && { fresh }) }
    const step = await signIn?.start(asked, context)
    return new URL(step !== undefined && 'location' in step ? step.location : '').searchParams
  }

  it('asks for a code with state, nonce and PKCE, and for what the client names', async () => {
    const parameters = { audience: 'https://api.example.com' }
    const query = await setsOut({ resource: 'https://api.example.com', scopes: ['read:orders'], parameters })
    expect(Object.fromEntries(query)).toEqual({
      ...parameters,
      client_id: 'shop',
      response_type: 'code',
      redirect_uri: 'https://shop.example/auth/callback/oidc',
      resource: 'https://api.example.com',
      scope: 'openid profile email offline_access read:orders',
      state: 's',
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  it.each([
    [false, {}, null],
    [true, {}, 'login'],
    [true, { prompt: 'consent' }, 'consent login'],
    [false, { prompt: 'consent' }, 'consent'],
  ])('signs in anew where that is asked for: %p with %j', async (fresh, parameters, prompt) => {
    expect((await setsOut({ parameters }, fresh)).get('prompt')).toBe(prompt)
  })

  it.each([
    [['openid', 'offline_access'], 'openid profile email offline_access'],
    [['openid'], 'openid profile email'],
    ['openid', 'openid profile email offline_access'],
    [undefined, 'openid profile email offline_access'],
  ])('asks for a refresh token, but where the metadata know of none: %p', async (scopes_supported, scope) => {
    expect((await setsOut({}, false, { scopes_supported })).get('scope')).toBe(scope)
  })
})

describe('the ID token of a sign-in', () => {
  const tokenOf = (issuer: TestIssuer, claims: object = {}) => issuer.idTokenFor({ claims: { nonce: 'n', ...claims } })

  async function signsIn(idTokenOf: (issuer: TestIssuer) => string | Promise<string>): Promise<unknown> {
    const issuer = await cleanup.issuer()
    const idToken = await idTokenOf(issuer)
    const server = await cleanup.stub((_, response) =>
      sendJson(response, { access_token: 'a', token_type: 'Bearer', id_token: idToken }),
    )
    const client = { clientId: issuer.clientId, tokenEndpoint: `${server.origin}/token` }
    const { signIn } = oidc({ issuer: issuer.issuer, audience: 'api', client })
    const request = createRequest((address, init) => fetch(address, init), 5)
    const alg = { id_token_signing_alg_values_supported: ['ES256'] }
    const metadata = { issuer: issuer.issuer, jwks_uri: issuer.jwksUri, ...alg }
    const context = { issuer: issuer.issuer, clock: systemClock, request, metadata: async () => metadata }
    const url = new URL(`https://shop.example/auth/callback/oidc?code=c&state=s`)
    const kept = { verifier: 'v'.repeat(43), nonce: 'n' }
    return signIn?.finish({ url, state: 's', kept }, context).then(({ tokens }) => tokens.accessToken, refusal)
  }
  const refusal = (error: unknown) => (error as { code?: string }).code

  it('lets in who has the signature of the issuer', async () => {
    expect(await signsIn(tokenOf)).toBe('a')
  })

  it.each<[string, (issuer: TestIssuer) => string | Promise<string>]>([
    ['another signature', (issuer) => tokenOf(issuer).replace(/\.[\w-]+$/, `.${'A'.repeat(86)}`)],
    [
      'the signature of another key',
      async (issuer) => issuer.idTokenFor({ claims: { nonce: 'n' }, key: await otherKey(issuer) }),
    ],
    ['no signature', (issuer) => issuer.sign({ alg: 'none' }, claimsOf(tokenOf(issuer)), null)],
    ['another nonce', (issuer) => tokenOf(issuer, { nonce: 'm' })],
    ['no nonce', (issuer) => tokenOf(issuer, { nonce: undefined })],
    ['another client', (issuer) => tokenOf(issuer, { aud: 'another' })],
    ['another issuer', (issuer) => tokenOf(issuer, { iss: 'https://other.example.test' })],
    ['an end in the past', (issuer) => issuer.idTokenFor({ claims: { nonce: 'n' }, expiresIn: -60 })],
  ])('lets nobody in with %s', async (_, idTokenOf) => {
    expect(await signsIn(idTokenOf)).toBe('ERR_SIGN_IN_REFUSED')
  })

  const otherKey = ({ current: { kid } }: TestIssuer) => createTestKey('ES256', { kid })
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
})

describe('metadata that lack a place to ask', () => {
  it('are no fault of whoever wants to sign in', async () => {
    const issuer = 'https://id.example.test'
    const { signIn } = oidc({ issuer, audience: 'api', client: { clientId: 'shop' } })
    const request = createRequest((address, init) => fetch(address, init), 5)
    const context = { issuer, clock: systemClock, request, metadata: async () => ({ issuer }) }
    const started = signIn?.start({ callbackUrl: 'https://shop.example/auth/callback/oidc', state: 's' }, context)
    await expect(started).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: `the metadata of ${issuer} names no authorization_endpoint`,
    })
  })

  it('are none of whoever comes back either', async () => {
    expect(await refusalOf({}, 200, '', false, { token_endpoint: undefined })).toMatchObject({ status: 503 })
  })
})

it('what comes back with a browser is in no log, unless it is a code', async () => {
  const error = await refusalOf({}, 200, `&${new URLSearchParams({ error: 'x\nforged line' })}`)
  expect(error).toMatchObject({ code: 'ERR_SIGN_IN_REFUSED', explanation: expect.not.stringContaining('forged') })
})

describe('a set-up with which nobody could sign in', () => {
  const client = { clientId: 'shop' }
  const audience = 'api'
  const pinned = { jwksUri: 'https://id.example.test/jwks' }
  const build = (provider: Provider) => {
    const auth = createAuthenticator({ providers: [provider] })
    made.push(auth)
    const session = { baseUrl: 'https://shop.example', keys: 'a secret of the session cookies, long enough' }
    return createRequestAuthenticator(auth, { session }).createAuthRoutes()
  }

  it.each<[string, Provider, string]>([
    [
      'an issuer on plain http',
      oidc({ issuer: 'http://id.example.test', audience, client }),
      'oidc: codes and tokens must not travel to http://id.example.test: https, or http on loopback',
    ],
    [
      'a Logto on plain http',
      logto({ endpoint: 'http://logto:3001', dangerouslyAllowHttp: true, audience, client }),
      'http://logto:3001/oidc',
    ],
    [
      'a token endpoint on plain http',
      oidc({
        issuer: 'https://id.example.test',
        audience,
        client: { ...client, tokenEndpoint: 'http://id:8080/token' },
      }),
      'must not travel to http://id:8080/token',
    ],
    [
      'an issuer that is no URL',
      oidc({ issuer: 'monolith', audience, ...pinned, client: { ...client, tokenEndpoint: 'https://id.test/token' } }),
      'set metadataUrl',
    ],
  ])('is told when the routes are built: %s', (_, provider, message) => {
    expect(() => build(provider)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(message) }),
    )
  })

  it.each<[string, Provider]>([
    ['on https', oidc({ issuer: 'https://id.example.test', audience, client })],
    ['on loopback', oidc({ issuer: 'http://localhost:8080/realms/shop', audience, client })],
    [
      'whose metadata is named',
      oidc({
        issuer: 'monolith',
        audience,
        metadataUrl: 'https://id.example.test/metadata',
        client: { ...client, tokenEndpoint: 'https://id.test/token' },
      }),
    ],
  ])('is none with an issuer %s', (_, provider) => {
    expect(() => build(provider)).not.toThrow()
  })

  it('is none where the code alone goes to loopback, and it gets there', async () => {
    expect(await refusalOf({ error: 'invalid_grant' }, 400, '', true)).toMatchObject({
      explanation: expect.stringMatching(/\(invalid_grant\)$/),
    })
  })
})
