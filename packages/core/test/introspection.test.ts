import { createTestClock } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import type { Claims } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { basicAuthorization } from '../src/token-endpoint.ts'
import { outcomeOf, sendJson } from './support/faults.ts'
import { providerOf, stageIntrospection } from './support/introspection-stage.ts'

const { cleanup, set } = stageIntrospection()

/** An endpoint that answers what the test says. */
async function answering(
  body: unknown,
  headers: Record<string, string> = {},
  status = 200,
  more: Partial<OidcOptions> = {},
) {
  const seen: { authorization?: string | undefined; form: string }[] = []
  const stub = await cleanup.stub(async (request, response) => {
    let form = ''
    for await (const chunk of request) form += chunk
    seen.push({ authorization: request.headers.authorization, form })
    sendJson(response, body, headers, status)
  })
  const clock = createTestClock()
  const issuer = 'https://id.example.com'
  const asking = { clientId: 'us', clientSecret: 's3cr3t', endpoint: `${stub.origin}/introspect` }
  const provider = oidc({ issuer, audience: 'api', introspection: asking, ...more })
  return { auth: cleanup.authenticator({ providers: [provider], clock }), clock, seen, stub, issuer }
}

const soon = Math.floor(Date.now() / 1000) + 3600

describe('an opaque token', () => {
  it('is who the issuer says, until its exp', async () => {
    const { auth, issuer, clock } = await set()
    const token = issuer.opaqueTokenFor({ subject: 'alice', scopes: ['read'], expiresIn: 100, email: 'a@example.com' })
    const { user, expiresAt, claims } = await auth.verify(token)
    expect(user).toMatchObject({
      id: 'alice',
      email: 'a@example.com',
      scopes: ['read'],
      provider: 'oidc',
      issuer: issuer.issuer,
    })
    expect([expiresAt, claims.active]).toEqual([clock.now() / 1000 + 100, true])
  })

  it('that is not active, or of nobody, is refused', async () => {
    const { auth, issuer } = await set()
    const revoked = issuer.opaqueTokenFor()
    issuer.revoke(revoked)
    for (const token of [revoked, issuer.opaqueTokenFor({ expiresIn: -1 }), 'nobody-knows-this-token']) {
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE', status: 401 })
    }
  })

  it('is asked about as the RFCs have it', async () => {
    const { auth, seen, stub } = await answering({ active: true, sub: 'alice', aud: 'api' })
    await auth.verify('opaque+token/with=')
    expect(stub.asked).toEqual(['/introspect'])
    expect(seen).toEqual([
      {
        authorization: basicAuthorization('us', 's3cr3t'),
        form: 'token=opaque%2Btoken%2Fwith%3D&token_type_hint=access_token',
      },
    ])
  })

  it('is not asked about where the metadata names no endpoint: that is an outage', async () => {
    const issuer = await cleanup.issuer({ metadata: { introspection_endpoint: undefined } })
    const auth = cleanup.authenticator({ providers: [providerOf(issuer)] })
    await expect(auth.verify(issuer.opaqueTokenFor())).rejects.toMatchObject({
      status: 503,
      explanation: `the metadata of ${issuer.issuer} names no introspection_endpoint (option introspection.endpoint)`,
    })
  })

  it('costs a 503, never a 401, when our own client is refused', async () => {
    const { auth, issuer } = await set({ clientSecret: 'wrong' })
    await expect(auth.verify(issuer.opaqueTokenFor())).rejects.toMatchObject({
      status: 503,
      explanation: `the introspection endpoint of ${issuer.issuer} answered with status 401 (are clientId and clientSecret right?)`,
    })
  })

  it('costs a 503 that passes on how long to wait', async () => {
    const { auth, issuer } = await set()
    issuer.fail('introspection', { status: 429, retryAfter: 42 })
    await expect(auth.verify(issuer.opaqueTokenFor())).rejects.toMatchObject({
      status: 503,
      headers: { 'Retry-After': '42' },
    })
  })
})

describe('an answer that says active', () => {
  it.each([
    ['https://id.internal', 'alice'],
    ['https://id.internal/', '401 ERR_TOKEN_INACTIVE'],
  ])('may spell the issuer as issuerAliases do: %s', async (iss, expected) => {
    const issuerAliases = ['https://other.internal', 'https://id.internal']
    const { auth } = await answering({ active: true, sub: 'alice', aud: 'api', iss }, {}, 200, { issuerAliases })
    expect(await outcomeOf(auth.verify('opaque'))).toBe(expected)
  })

  it.each<[string, Record<string, unknown>]>([
    ['nothing more', {}],
    ['which issuer', { iss: 'https://id.example.com' }],
    ['Bearer', { token_type: 'Bearer' }],
    ['bearer', { token_type: 'bearer' }],
    ['access_token', { token_type: 'access_token' }],
    ['what it is used for', { token_use: 'access_token' }],
    ['the same in short', { token_use: 'access' }],
    ['its typ', { typ: 'Bearer' }],
    ['a typ that begins like another', { typ: 'identity' }],
    ['a typ that ends like another', { typ: 'valid' }],
    ['its end', { exp: soon }],
  ])('is believed when it says %s', async (_, more) => {
    const { auth } = await answering({ active: true, sub: 'alice', aud: 'api', ...more })
    expect(await outcomeOf(auth.verify('opaque'))).toBe('alice')
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['that another issuer made it', { iss: 'https://id.example.com/' }, '401 ERR_TOKEN_INACTIVE'],
    ['that no one made it', { iss: null }, '401 ERR_TOKEN_INACTIVE'],
    ['that it is a refresh token', { token_use: 'refresh_token' }, '401 ERR_TOKEN_INACTIVE'],
    ['that its type is refresh_token', { token_type: 'refresh_token' }, '401 ERR_TOKEN_INACTIVE'],
    ['that its typ is Refresh', { typ: 'Refresh' }, '401 ERR_TOKEN_INACTIVE'],
    ['that its typ is Offline', { typ: 'Offline' }, '401 ERR_TOKEN_INACTIVE'],
    ['that it is an ID token', { typ: 'ID' }, '401 ERR_TOKEN_INACTIVE'],
    ['that it is of a logout', { typ: 'logout' }, '401 ERR_TOKEN_INACTIVE'],
    ['that it takes a proof to use it', { token_type: 'DPoP' }, '401 ERR_TOKEN_INACTIVE'],
    ['a type that begins like the right one', { token_type: 'bearer-of-a-proof' }, '401 ERR_TOKEN_INACTIVE'],
    ['a type that ends like the right one', { token_type: 'no bearer' }, '401 ERR_TOKEN_INACTIVE'],
    ['a use that begins like the right one', { token_use: 'access_token_request' }, '401 ERR_TOKEN_INACTIVE'],
    ['a use that ends like the right one', { token_use: 'offline_access' }, '401 ERR_TOKEN_INACTIVE'],
    ['that it has ended', { exp: 1000 }, '401 ERR_TOKEN_EXPIRED'],
    ['of no user', { sub: undefined }, '401 ERR_TOKEN_CLAIMS'],
    ['of a user that is no text', { sub: ['alice'] }, '503'],
    ['an end that is no number', { exp: 'soon' }, '503'],
    ['an end that is null', { exp: null }, '503'],
    ['an end beyond numbers', { exp: '1e999' }, '503'],
    ['only what sounds like it', { active: 'true' }, '503'],
    ['it in a number', { active: 1 }, '503'],
  ])('is not believed when it says %s', async (_, more, outcome) => {
    const { auth } = await answering({ active: true, sub: 'alice', aud: 'api', ...more })
    expect(await outcomeOf(auth.verify('opaque'))).toBe(outcome)
  })

  it.each([
    ['a list', [{ active: true }]],
    ['nothing of it', { sub: 'alice' }],
    ['null', null],
    ['a text', 'active'],
  ])('is nonsense, not a verdict, as %s', async (_, body) => {
    const { auth } = await answering(body)
    expect(await outcomeOf(auth.verify('opaque'))).toBe('503')
  })

  it('is nonsense when it is nested without end', async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`)
    const { auth, issuer } = await answering({ active: true, sub: 'alice', aud: 'api', deep })
    await expect(auth.verify('opaque')).rejects.toMatchObject({
      status: 503,
      explanation: `the introspection endpoint of ${issuer} answered with something nested too deep`,
    })
  })

  it('cannot change what all objects have', async () => {
    const { auth } = await answering(JSON.parse('{"active":true,"sub":"alice","aud":"api","__proto__":{"admin":true}}'))
    const { claims, user } = await auth.verify('opaque')
    expect([claims.admin, (user as unknown as { admin?: boolean }).admin, Object.isFrozen(claims)]).toEqual([
      undefined,
      undefined,
      true,
    ])
  })
})

it('is made harmless before a function of the app sees it', async () => {
  const answer = '{"active":true,"sub":"alice","aud":"api","data":{"__proto__":{"admin":true}}}'
  const seen: Claims[] = []
  const validate = (claims: Claims) => void seen.push(claims)
  const { auth } = await answering(JSON.parse(answer), {}, 200, { validate })
  await auth.verify('opaque')
  const [{ data } = { data: undefined }] = seen
  const copy: { admin?: boolean } = Object.assign({}, data)
  expect([copy.admin, Object.isFrozen(data)]).toEqual([undefined, true])
})

describe('the audience of an opaque token', () => {
  it.each<[string, unknown, string]>([
    ['this API', 'api', 'alice'],
    ['this API among others', ['x', 'api'], 'alice'],
    ['another API', 'x', '401 ERR_TOKEN_INACTIVE'],
    ['an API that sounds like it', ['api2', 'ap', 'API'], '401 ERR_TOKEN_INACTIVE'],
    ['nothing', undefined, '401 ERR_TOKEN_INACTIVE'],
    ['no list', { api: true }, '401 ERR_TOKEN_INACTIVE'],
    ['a list in a list', [['api']], '401 ERR_TOKEN_INACTIVE'],
  ])('must be this API: it is %s', async (_, aud, outcome) => {
    const { auth, issuer } = await set({ audience: 'api' })
    expect(await outcomeOf(auth.verify(issuer.opaqueTokenFor({ claims: { aud } })))).toBe(outcome)
  })

  it('is that of the provider unless told otherwise, and none where null says so', async () => {
    const { auth, issuer } = await set()
    expect(await outcomeOf(auth.verify(issuer.opaqueTokenFor()))).toBe('alice')
    expect(await outcomeOf(auth.verify(issuer.opaqueTokenFor({ audience: 'x' })))).toBe('401 ERR_TOKEN_INACTIVE')
    const open = await set({ audience: null })
    expect(
      await outcomeOf(
        open.auth.verify(open.issuer.opaqueTokenFor({ claims: { aud: undefined, token_type: 'Bearer' } })),
      ),
    ).toBe('alice')
  })
})

describe('a good answer', () => {
  it('is remembered as long as told, and asked for again after', async () => {
    const { auth, issuer, clock } = await set({ cacheFor: 30 })
    const token = issuer.opaqueTokenFor()
    await auth.verify(token)
    await clock.advance(29)
    await auth.verify(token)
    expect(issuer.requests('introspection')).toBe(1)
    await clock.advance(2)
    await auth.verify(token)
    expect(issuer.requests('introspection')).toBe(2)
    issuer.revoke(token)
    await clock.advance(31)
    expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_INACTIVE')
  })

  it('is remembered for 30 seconds unless told otherwise, and not at all for 0', async () => {
    const usual = await set()
    const token = usual.issuer.opaqueTokenFor()
    for (const wait of [0, 29, 2]) {
      await usual.clock.advance(wait)
      await usual.auth.verify(token)
    }
    expect(usual.issuer.requests('introspection')).toBe(2)

    const never = await set({ cacheFor: 0 })
    const other = never.issuer.opaqueTokenFor()
    for (let count = 0; count < 3; count += 1) await never.auth.verify(other)
    expect(never.issuer.requests('introspection')).toBe(3)
  })

  it('dies with exp', async () => {
    const { auth, issuer, clock } = await set({ cacheFor: 300 }, { clockTolerance: 0 })
    const token = issuer.opaqueTokenFor({ expiresIn: 20 })
    await auth.verify(token)
    await clock.advance(19)
    expect(await outcomeOf(auth.verify(token))).toBe('alice')
    await clock.advance(1)
    expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_INACTIVE')
  })

  it('dies with its revocation', async () => {
    const { auth, issuer } = await set({ cacheFor: 300 })
    const [token, other] = [issuer.opaqueTokenFor(), issuer.opaqueTokenFor()]
    await Promise.all([auth.verify(token), auth.verify(other)])
    await auth.revoke({ token })
    expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_REVOKED')
    expect(await outcomeOf(auth.verify(other))).toBe('alice')
  })

  it('can be revoked before it was ever asked for', async () => {
    const { auth, issuer } = await set({ cacheFor: 300 })
    const token = issuer.opaqueTokenFor()
    await auth.revoke({ token })
    expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_REVOKED')
  })
})
