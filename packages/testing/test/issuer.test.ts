import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { createTestClock, createTestIssuer, createTestKey, type TestIssuer } from '../src/index.ts'

const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

let issuer: TestIssuer

beforeEach(async () => {
  issuer = await createTestIssuer()
})

afterEach(() => issuer.close())

function verify(token: string, of: TestIssuer = issuer) {
  const { issuer: iss, audience, jwksUri } = of
  return jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), { issuer: iss, audience, typ: 'at+jwt' })
}

async function post(url: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const client = () => basic(issuer.clientId, issuer.clientSecret)

describe('access tokens', () => {
  it('hold every claim of RFC 9068 and verify against the published key', async () => {
    const token = issuer.tokenFor({
      subject: 'bob',
      roles: ['admin'],
      permissions: ['machine:delete'],
      scopes: ['read', 'write'],
      organization: 'acme',
      email: 'bob@example.test',
      name: 'Bob',
    })
    const { payload, protectedHeader } = await verify(token)
    expect([issuer.audience, issuer.clientId]).toEqual(['https://api.example.test', 'test-client'])
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: issuer.current.kid })
    expect(payload).toEqual({
      iss: issuer.issuer,
      aud: issuer.audience,
      sub: 'bob',
      client_id: issuer.clientId,
      iat: expect.any(Number),
      exp: Number(payload.iat) + 3600,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      roles: ['admin'],
      permissions: ['machine:delete'],
      scope: 'read write',
      organization_id: 'acme',
      email: 'bob@example.test',
      name: 'Bob',
    })
  })

  it.each(asymmetric)('are signed with %s', async (alg) => {
    await using other = await createTestIssuer({ algorithms: [alg] })
    const { protectedHeader } = await verify(other.tokenFor(), other)
    expect(protectedHeader.alg).toBe(alg)
  })

  it.each(['HS256', 'HS384', 'HS512'] as const)(
    'are signed with %s and the secret, which is not published',
    async (alg) => {
      const token = issuer.tokenFor({ alg })
      const { protectedHeader } = await jwtVerify(token, new TextEncoder().encode(issuer.secret), { algorithms: [alg] })
      expect(protectedHeader.alg).toBe(alg)
      expect(issuer.jwks().keys).toHaveLength(1)
    },
  )

  it('take claims and header members that are added, replaced or taken away', () => {
    const token = issuer.tokenFor({
      claims: { aud: undefined, sub: 7, extra: [1] },
      header: { typ: 'JWT', kid: undefined },
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT' })
    expect(decodeJwt(token)).toMatchObject({ sub: 7, extra: [1] })
    expect(decodeJwt(token)).not.toHaveProperty('aud')
  })

  it('follow the clock of the test, and its offset', async () => {
    const clock = createTestClock(1_800_000_000)
    await using other = await createTestIssuer({ clock })
    await clock.advance(10)
    expect(decodeJwt(other.tokenFor({ expiresIn: 5 }))).toMatchObject({ iat: 1_800_000_010, exp: 1_800_000_015 })
    other.clockOffset = -600
    expect(decodeJwt(other.tokenFor())).toMatchObject({ iat: 1_799_999_410 })
    expect(decodeJwt(other.tokenFor({ issuedAt: 5, expiresIn: -1 }))).toMatchObject({ iat: 5, exp: 4 })
  })

  it('are for the client when they are ID tokens', async () => {
    const token = issuer.idTokenFor({ subject: 'bob', name: 'Bob' })
    expect(decodeProtectedHeader(token).typ).toBe('JWT')
    expect(decodeJwt(token)).toMatchObject({ aud: issuer.clientId, sub: 'bob', name: 'Bob' })
  })

  it('can be anything at all', () => {
    expect(decodeProtectedHeader(issuer.sign({ alg: 'none' }, {}, null))).toEqual({ alg: 'none' })
    expect(issuer.sign({ alg: 'none' }, {}, null)).toMatch(/\.$/)
    const [, payload = ''] = issuer.sign({ alg: 'ES256' }, 'not JSON').split('.')
    expect(Buffer.from(payload, 'base64url').toString()).toBe('not JSON')
  })
})

describe('keys', () => {
  it('rotate: the previous one stays unless it is told to go', async () => {
    const before = issuer.tokenFor()
    const first = issuer.current
    const second = await issuer.rotate({ alg: 'RS256' })
    expect(issuer.current).toBe(second)
    expect((await verify(before)).protectedHeader.kid).toBe(first.kid)
    expect((await verify(issuer.tokenFor())).protectedHeader).toMatchObject({ kid: second.kid, alg: 'RS256' })
    await issuer.rotate({ keepPrevious: false })
    expect(issuer.jwks().keys.map(({ kid }) => kid)).toEqual([issuer.current.kid, first.kid])
  })

  it('sign by algorithm or kid, and say so when there is none', async () => {
    const key = await issuer.addKey('PS256', { kid: 'mine' })
    expect(decodeProtectedHeader(issuer.tokenFor({ kid: 'mine' })).alg).toBe('PS256')
    expect(decodeProtectedHeader(issuer.tokenFor({ alg: 'PS256' })).kid).toBe('mine')
    issuer.removeKey('mine')
    expect(() => issuer.tokenFor({ kid: 'mine' })).toThrow('The issuer has no key with kid mine.')
    expect(() => issuer.removeKey('mine')).toThrow('No key with the kid mine is published.')
    await expect(verify(issuer.tokenFor({ key }))).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })

  it('are published as the test wants them, weak and wrong ones too', async () => {
    const weak = await createTestKey('RS256', { kid: 'weak', modulusLength: 1024, publicExponent: 3 })
    const { kid } = issuer.current
    for (const jwk of [weak.publicJwk, { kty: 'oct', k: 'c2VjcmV0', kid }, { kty: 'odd' }]) issuer.publish(jwk)
    const published = (await (await fetch(issuer.jwksUri)).json()) as JSONWebKeySet
    expect(published.keys.map((key) => [key.kty, key.kid])).toEqual([
      ['EC', kid],
      ['RSA', 'weak'],
      ['oct', kid],
      ['odd', undefined],
    ])
    issuer.jwksText = '{"keys":[]}'
    expect(await (await fetch(issuer.jwksUri)).text()).toBe('{"keys":[]}')
  })
})

describe('documents', () => {
  it.each([
    ['', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
    ['/tenant', '/tenant/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/tenant'],
    ['/', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
  ])('describe the issuer at the path "%s"', async (path, openid, oauth) => {
    await using other = await createTestIssuer({ path, metadata: { extra: 1, response_types_supported: undefined } })
    const origin = `http://127.0.0.1:${other.port}`
    expect(other.issuer).toBe(origin + path)
    expect(other.discoveryUrl).toBe(origin + openid)
    for (const url of [origin + openid, origin + oauth]) {
      const document = (await (await fetch(url)).json()) as Record<string, string>
      expect(document).toMatchObject({
        issuer: other.issuer,
        jwks_uri: other.jwksUri,
        token_endpoint: other.tokenEndpoint,
        extra: 1,
      })
      expect(document).not.toHaveProperty('response_types_supported')
    }
    expect((await verify(other.tokenFor(), other)).payload.iss).toBe(other.issuer)
  })

  it('can be cached and asked for again by ETag', async () => {
    const first = await fetch(issuer.jwksUri)
    expect(first.headers.get('cache-control')).toBe('public, max-age=300')
    const etag = first.headers.get('etag') ?? ''
    issuer.cacheControl = 'no-store'
    const again = await fetch(issuer.jwksUri, { headers: { 'if-none-match': `W/${etag}` } })
    expect([again.status, again.headers.get('cache-control'), await again.text()]).toEqual([304, 'no-store', ''])
    await issuer.rotate()
    expect((await fetch(issuer.jwksUri, { headers: { 'if-none-match': etag } })).status).toBe(200)
    expect([issuer.requests('jwks'), issuer.requests(), issuer.notModified('jwks'), issuer.notModified()]).toEqual([
      3, 3, 1, 1,
    ])
    issuer.resetCounts()
    expect([issuer.requests('jwks'), issuer.requests(), issuer.notModified()]).toEqual([0, 0, 0])
  })
})

describe('the token endpoint', () => {
  it('answers client credentials, in the header or in the body', async () => {
    const form = { grant_type: 'client_credentials', scope: 'read', resource: 'https://other.test' }
    const { clientId: client_id, clientSecret: client_secret } = issuer
    for (const [body, headers] of [
      [form, client()],
      [{ ...form, client_id, client_secret }, {}],
    ] as const) {
      const answer = await post(issuer.tokenEndpoint, body, headers)
      expect(answer.body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'read',
      })
      expect(decodeJwt(answer.body.access_token)).toMatchObject({
        sub: client_id,
        scope: 'read',
        aud: 'https://other.test',
      })
    }
  })

  it.each([
    [
      'a wrong secret',
      { grant_type: 'client_credentials' },
      () => basic(issuer.clientId, 'wrong'),
      401,
      'invalid_client',
    ],
    ['no credentials', { grant_type: 'client_credentials' }, () => ({}), 401, 'invalid_client'],
    ['credentials twice', { client_secret: 'x' }, () => client(), 400, 'invalid_request'],
    ['no grant type', {}, () => client(), 400, 'invalid_request'],
    ['another grant type', { grant_type: 'password' }, () => client(), 400, 'unsupported_grant_type'],
    ['no refresh token', { grant_type: 'refresh_token' }, () => client(), 400, 'invalid_request'],
    [
      'an unknown refresh token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      () => client(),
      400,
      'invalid_grant',
    ],
  ])('refuses %s', async (_, form, headers, status, error) => {
    const answer = await post(issuer.tokenEndpoint, form as Record<string, string>, headers())
    expect([answer.status, answer.body.error]).toEqual([status, error])
  })

  it('rotates refresh tokens, and ends the family of one that is used twice', async () => {
    const refresh = (refresh_token: string, more = {}) =>
      post(issuer.tokenEndpoint, { grant_type: 'refresh_token', refresh_token, ...more }, client())
    const first = issuer.refreshTokenFor({ subject: 'bob', scopes: ['openid', 'read'] })
    expect((await refresh(first, { scope: 'admin' })).body.error).toBe('invalid_scope')
    const answer = await refresh(first, { scope: 'read' })
    expect(decodeJwt(answer.body.access_token)).toMatchObject({ sub: 'bob', scope: 'read' })
    expect(decodeJwt(answer.body.id_token)).toMatchObject({ sub: 'bob', aud: issuer.clientId })
    const second = answer.body.refresh_token
    expect((await refresh(first)).body.error).toBe('invalid_grant')
    expect((await refresh(second)).body.error).toBe('invalid_grant')
  })

  it('says of a token that is bound to a key that it is one', async () => {
    const typeOf = async (refresh_token: string) =>
      (await post(issuer.tokenEndpoint, { grant_type: 'refresh_token', refresh_token }, client())).body.token_type
    expect(await typeOf(issuer.refreshTokenFor())).toBe('Bearer')
    expect(await typeOf(issuer.refreshTokenFor({ boundTo: await createTestKey('ES256') }))).toBe('DPoP')
  })
})

it.each([
  ['a path that begins with two slashes, which names no host', '//elsewhere/jwks', '404'],
  ['the whole address, as of a proxy', 'http://127.0.0.1/jwks', '200'],
  ['what is no address', 'http://[', '400'],
])('answers a request for %s', async (_, target, status) => {
  const socket = connect(issuer.port, '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect(await text(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})

describe('introspection, userinfo and revocation', () => {
  const introspect = (token: string) => post(issuer.introspectionEndpoint, { token }, client())
  const me = async (token: string) => fetch(issuer.userinfoEndpoint, { headers: { authorization: `Bearer ${token}` } })

  it.each([
    [
      'opaque',
      () => issuer.opaqueTokenFor({ subject: 'bob', scopes: ['read'], roles: ['admin'], email: 'b@example.test' }),
    ],
    ['signed', () => issuer.tokenFor({ subject: 'bob', scopes: ['read'], roles: ['admin'], email: 'b@example.test' })],
  ])('know %s tokens, until they are revoked', async (_, make) => {
    const token = make()
    expect((await introspect(token)).body).toMatchObject({
      active: true,
      sub: 'bob',
      scope: 'read',
      token_type: 'Bearer',
    })
    expect(await (await me(token)).json()).toEqual({ sub: 'bob', email: 'b@example.test', roles: ['admin'] })
    const revoked = await post(issuer.revocationEndpoint, { token }, client())
    expect([revoked.status, revoked.body]).toEqual([200, undefined])
    expect((await introspect(token)).body).toEqual({ active: false })
    const refused = await me(token)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer realm="${issuer.issuer}", error="invalid_token"`,
    ])
  })

  it('do not know tokens that are expired, foreign or nonsense', async () => {
    await using other = await createTestIssuer()
    const signed = () => ({ alg: issuer.current.alg, kid: issuer.current.kid })
    const dead = [
      issuer.tokenFor({ expiresIn: -1 }),
      issuer.opaqueTokenFor({ expiresIn: -1 }),
      other.tokenFor(),
      issuer.sign(signed(), 'no JSON'),
      issuer.sign(signed(), 'null'),
      'x',
      'a.b.c',
    ]
    for (const token of dead) expect((await introspect(token)).body).toEqual({ active: false })
    expect((await me('x')).status).toBe(401)
    expect((await fetch(issuer.userinfoEndpoint)).status).toBe(401)
  })

  it('ask who asks', async () => {
    const token = issuer.opaqueTokenFor()
    expect((await post(issuer.introspectionEndpoint, { token })).status).toBe(401)
    expect((await post(issuer.revocationEndpoint, { token })).status).toBe(401)
    expect((await post(issuer.introspectionEndpoint, {}, client())).body.error).toBe('invalid_request')
    expect((await introspect(token)).body.active).toBe(true)
  })

  it('end a refresh token that the test revokes', async () => {
    const refresh_token = issuer.refreshTokenFor()
    issuer.revoke(refresh_token)
    const answer = await post(issuer.tokenEndpoint, { grant_type: 'refresh_token', refresh_token }, client())
    expect(answer.body.error).toBe('invalid_grant')
  })
})
