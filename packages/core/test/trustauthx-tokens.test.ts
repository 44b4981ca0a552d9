import type { Fault } from '@claviger/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import type { Claims } from '../src/index.ts'
import type { TrustAuthXOptions } from '../src/providers/trustauthx/index.ts'
import { createStage, type Stage } from './support/trustauthx.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  stage.emulator.heal()
  stage.emulator.resetCounts()
})

const seconds = () => Math.round(stage.clock.now() / 1000)

const sign = (claims: Claims, secret = stage.emulator.secretKey, header: object = {}) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header }).sign(Buffer.from(secret))

/** What get_user_data would say of Alice, changed. */
async function answerWith(claims: Claims, secret?: string, header?: object): Promise<Fault> {
  const now = seconds()
  const proper = { uid: 'alice', email: 'alice@example.com', iss: 'x', jti: 'x', iat: now, exp: now + 900, scope: '[]' }
  return { status: 200, body: JSON.stringify(await sign({ ...proper, ...claims }, secret, header)) }
}

const nameOf = async (outcome: Promise<unknown>) =>
  outcome.then(
    () => 'accepted',
    (error) => `${error.status} ${error.code}`,
  )

describe('an access token', () => {
  it('makes a user with roles and all they allow', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    const { user, claims, ...verified } = await auth.verify(accessToken)
    const { editor } = stage.emulator.roles()
    const { orgId, url } = stage.emulator
    expect(user).toEqual({
      id: 'alice',
      provider: 'trustauthx',
      issuer: `${url}/orgs/${orgId}`,
      email: 'alice@example.com',
      name: 'Alice',
      organization: orgId,
      roles: [
        {
          id: editor?.id,
          name: 'editor',
          organization: orgId,
          permissions: [
            { resource: 'machine', action: 'delete' },
            { resource: 'machine', action: 'start' },
          ],
        },
      ],
      permissions: ['machine:delete', 'machine:start'],
      scopes: [],
    })
    expect(verified.expiresAt).toBe(seconds() + 900)
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['iat']))
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['jti']))
    await auth.close()
  })

  it('of a user without roles asks for no roles', async () => {
    const auth = stage.authenticator()
    const { user } = await auth.verify(stage.emulator.signIn('bob').accessToken)
    expect(user).toMatchObject({ id: 'bob', roles: [], permissions: [] })
    expect(stage.emulator.requests('listRoles')).toBe(0)
    await auth.close()
  })

  it('may be a JWT, without iss or with one that is known', async () => {
    const auth = stage.authenticator()
    stage.emulator.configure({ tokenFormat: 'jwt' })
    const { accessToken } = stage.emulator.signIn('alice')
    stage.emulator.configure({ tokenFormat: 'opaque' })
    expect(accessToken.split('.')).toHaveLength(3)
    await expect(auth.verify(accessToken)).resolves.toMatchObject({ user: { id: 'alice' } })
    await auth.close()
  })

  it('is asked about once by many, and not again for five seconds', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    await Promise.all(Array.from({ length: 50 }, () => auth.verify(accessToken)))
    expect(stage.emulator.requests('validate')).toBe(1)
    await stage.clock.advance(4)
    await auth.verify(accessToken)
    expect(stage.emulator.requests('validate')).toBe(1)
    stage.emulator.revoke(accessToken)
    await stage.clock.advance(2)
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('is asked about every time with cacheFor: 0', async () => {
    const auth = stage.authenticator({ cacheFor: 0 })
    const { accessToken } = stage.emulator.signIn('bob')
    await auth.verify(accessToken)
    stage.emulator.revoke(accessToken)
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it.each([401, 203])('that is dead is refused when the provider says %i', async (invalidTokenStatus) => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    stage.emulator.expire(accessToken)
    stage.emulator.configure({ invalidTokenStatus })
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    stage.emulator.configure({ invalidTokenStatus: 401 })
    await auth.close()
  })

  it('of a banned user is refused', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.ban('bob')
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    stage.emulator.ban('bob', false)
    await auth.close()
  })

  it('of another organization is refused', async () => {
    const auth = stage.authenticator()
    const other = stage.emulator.addOrganization()
    stage.emulator.addUser({ uid: 'mallory', email: 'mallory@example.com' }, other)
    expect(await nameOf(auth.verify(stage.emulator.signIn('mallory').accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('with one character changed is refused', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    const tampered = (accessToken.startsWith('A') ? 'B' : 'A') + accessToken.slice(1)
    expect(await nameOf(auth.verify(tampered))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('that dies between the two questions is refused', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('getUserData', { status: 401, body: '{"detail":"gone"}' })
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('that the provider answers false about is refused', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('validate', { status: 200, headers: { 'content-type': 'application/json' }, body: 'false' })
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it.each<[string, string]>([
    ['true', 'accepted'],
    ['null', 'accepted'],
    ['{"uid":"alice"}', 'accepted'],
    ['{"detail":"Token Expired"}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['"no"', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['[]', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['0', '503 ERR_PROVIDER_UNAVAILABLE'],
  ])('that the provider answers 200 and %s about is judged: %s', async (body, verdict) => {
    const auth = stage.authenticator()
    stage.emulator.fail('validate', { status: 200, body })
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe(verdict)
    await auth.close()
  })

  it('ends when it says so, also while it is remembered', async () => {
    const auth = stage.authenticator({ cacheFor: 300 })
    stage.emulator.configure({ accessTokenLifetime: 60 })
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.configure({ accessTokenLifetime: 900 })
    await auth.verify(accessToken)
    await stage.clock.advance(59)
    await auth.verify(accessToken)
    await stage.clock.advance(7)
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })
})

describe('what is not an access token is refused without asking', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['the signed_key', () => sign({ api_key: stage.emulator.apiKey })],
    ['a UserToken', () => stage.emulator.mintUserToken('alice')],
    ['a short code', () => stage.emulator.mintUserToken('alice', { short: true })],
    ['the envelope of a user', () => sign({ access_token: 'a', refresh_token: 'r', sub: '{}', exp: 9e9, iat: 1 })],
    ['the envelope of user data', () => sign({ uid: 'alice', email: 'alice@example.com', exp: 9e9, iat: 1 })],
    ['a JWT of another issuer', () => sign({ iss: 'https://elsewhere.example', sub: 'alice', exp: 9e9 }, 'other')],
    ['the API key', () => stage.emulator.apiKey],
    ['the secret key', () => stage.emulator.secretKey],
    ['more than 8 KiB', () => 'x'.repeat(8193)],
  ])('%s', async (_, make) => {
    const auth = stage.authenticator()
    expect(await nameOf(auth.verify(await make()))).toMatch(/^401 ERR_TOKEN_(ISSUER|MALFORMED)$/)
    expect(stage.emulator.requests()).toBe(0)
    await auth.close()
  })

  it('what the app says is not one', async () => {
    const auth = stage.authenticator({ accepts: (token) => token.startsWith('tax-') })
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_MALFORMED')
    expect(stage.emulator.requests()).toBe(0)
    await auth.close()
  })

  it('a refresh token is sent, and refused', async () => {
    const auth = stage.authenticator()
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').refreshToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })
})

describe('an outage is never the fault of the caller', () => {
  const faults: Fault[] = [
    'reset',
    'hang',
    'hang-body',
    'truncate',
    'html',
    'redirect',
    'broken-json',
    'wrong-types',
    'empty',
    'huge',
    { status: 500, body: '{"detail":"Internal Server Error"}' },
    { status: 503, retryAfter: 7 },
    { status: 429, retryAfter: 7 },
    { status: 404, body: '{"detail":"Not Found"}' },
    { status: 422, body: '{"detail":[{"loc":["query","x"],"msg":"field required","type":"value_error.missing"}]}' },
  ]
  const endpoints = ['validate', 'getUserData', 'listRoles'] as const
  const cases = endpoints.flatMap((endpoint) => faults.map((fault) => [endpoint, fault] as const))

  it.each(cases)('%s: %j', async (endpoint, fault) => {
    const auth = stage.authenticator({}, { timeout: 0.15 })
    stage.emulator.fail(endpoint, fault)
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    expect(stage.emulator.followedRedirects()).toBe(0)
    await auth.close()
  })

  it('when nothing listens', async () => {
    const auth = stage.authenticator({ apiBaseUrl: 'http://127.0.0.1:1' })
    expect(await nameOf(auth.verify('some-token'))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    await auth.close()
  })

  it('tells when to come back', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('validate', { status: 503, retryAfter: 7 })
    await expect(auth.verify('some-token')).rejects.toMatchObject({ headers: { 'Retry-After': '7' } })
    await auth.close()
  })

  it('when it is our own key that is refused', async () => {
    const auth = stage.authenticator({ secretKey: 'a'.repeat(64) })
    const { accessToken } = stage.emulator.signIn('alice')
    await expect(auth.verify(accessToken)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringContaining('refuses our own key'),
    })
    await auth.close()
    const trusting = stage.authenticator({ secretKey: 'a'.repeat(64), checkCredentials: false })
    expect(await nameOf(trusting.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await trusting.close()
  })

  it('costs many forged tokens one look at our own key in ten seconds', async () => {
    const { emulator, clock, authenticator } = await createStage()
    const auth = authenticator()
    await clock.advance(3600)
    await Promise.allSettled(Array.from({ length: 20 }, (_, i) => auth.verify(`forged-${i}`)))
    for (const [seconds, looks] of [
      [0, 1],
      [9, 1],
      [1, 2],
      [9, 2],
    ] as const) {
      await clock.advance(seconds)
      expect(await nameOf(auth.verify(`forged-again-${looks}-${seconds}`))).toBe('401 ERR_TOKEN_INACTIVE')
      expect(emulator.requests('listRoles')).toBe(looks)
    }
    await auth.close()
    await emulator.close()
  })
})

describe('a signed answer that is not right is an outage', () => {
  it.each<[string, RegExp, () => Claims, { secret?: string; header?: object }]>([
    ['of another key', /signature/, () => ({}), { secret: 'another secret of some length' }],
    ['with another type', /typ/, () => ({}), { header: { typ: 'at+jwt' } }],
    ['with a jku', /jku/, () => ({}), { header: { jku: 'https://elsewhere.example/keys' } }],
    ['without exp', /exp/, () => ({ exp: undefined }), {}],
    ['with an exp that is a text', /exp/, () => ({ exp: '9999999999' }), {}],
    ['with an iat that is not whole', /iat/, () => ({ iat: 1.5 }), {}],
    ['without uid', /uid and email/, () => ({ uid: undefined }), {}],
    ['with a uid that is a number', /uid and email/, () => ({ uid: 7 }), {}],
    ['with an empty email', /uid and email/, () => ({ email: '' }), {}],
    ['with nbf ahead', /nbf/, () => ({ nbf: seconds() + 60 }), {}],
    ['with a sub that is no JSON', /uid and email/, () => ({ uid: undefined, sub: 'alice' }), {}],
    ['with a sub that is a list', /uid and email/, () => ({ uid: undefined, sub: '["alice"]' }), {}],
  ])('%s', async (_, explanation, claims, { secret, header }) => {
    const auth = stage.authenticator()
    stage.emulator.fail('getUserData', await answerWith(claims(), secret, header))
    const { accessToken } = stage.emulator.signIn('alice')
    await expect(auth.verify(accessToken)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringMatching(explanation),
    })
    await auth.close()
  })

  it('that is a signed_key', async () => {
    const auth = stage.authenticator()
    const signedKey = await sign({ api_key: stage.emulator.apiKey })
    stage.emulator.fail('getUserData', { status: 200, body: JSON.stringify(signedKey) })
    await expect(auth.verify(stage.emulator.signIn('alice').accessToken)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringContaining('signed_key'),
    })
    await auth.close()
  })

  it.each(['HS384', 'HS512'])('signed with %s', async (alg) => {
    const auth = stage.authenticator()
    const token = await new SignJWT({ uid: 'alice', email: 'a@example.com', iat: seconds(), exp: seconds() + 60 })
      .setProtectedHeader({ alg })
      .sign(Buffer.from(stage.emulator.secretKey))
    stage.emulator.fail('getUserData', { status: 200, body: JSON.stringify(token) })
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    await auth.close()
  })

  it('of another issuer, where one is demanded', async () => {
    const { accessToken } = stage.emulator.signIn('alice')
    const strict = stage.authenticator({ envelopeIssuer: 'https://eu.trustauthx.com' })
    expect(await nameOf(strict.verify(accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    const right = stage.authenticator({ envelopeIssuer: 'https://api.trustauthx.com' })
    expect(await nameOf(right.verify(accessToken))).toBe('accepted')
    stage.emulator.configure({ envelopeIssuer: 'https://eu.trustauthx.com' })
    expect(await nameOf(strict.verify(accessToken))).toBe('accepted')
    stage.emulator.configure({ envelopeIssuer: 'https://api.trustauthx.com' })
    await Promise.all([strict.close(), right.close()])
  })

  it('takes uid and email out of sub where they are not beside it', async () => {
    const auth = stage.authenticator()
    const sub = JSON.stringify({ uid: 'alice', email: 'alice@example.com' })
    stage.emulator.fail('getUserData', await answerWith({ uid: undefined, email: undefined, sub }))
    await expect(auth.verify(stage.emulator.signIn('alice').accessToken)).resolves.toMatchObject({
      user: { id: 'alice' },
    })
    await auth.close()
  })

  it.each(['', 'editor', '{"a":1}', '[1]', 'null', '["ok", null]', 7, ['list']])(
    'finds no roles in the scope %j',
    async (scope) => {
      const auth = stage.authenticator()
      stage.emulator.fail('getUserData', await answerWith({ scope }))
      await expect(auth.verify(stage.emulator.signIn('alice').accessToken)).resolves.toMatchObject({
        user: { roles: [] },
      })
      await auth.close()
    },
  )
})

describe('what nobody has documented can be set', () => {
  it('an exp that is the end of the envelope', async () => {
    const auth = stage.authenticator({ expiryOf: 'envelope', cacheFor: 0 })
    const { accessToken } = stage.emulator.signIn('bob')
    const now = seconds()
    stage.emulator.fail('getUserData', await answerWith({ exp: now + 30 }))
    expect((await auth.verify(accessToken)).expiresAt).toBeCloseTo(now + 30 * 86_400, 0)
    stage.emulator.fail('getUserData', await answerWith({ exp: now - 30 }))
    expect(await nameOf(auth.verify(accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    await auth.close()
  })

  it('an exp that is past is the end of the access token otherwise', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('getUserData', await answerWith({ exp: seconds() - 30 }))
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_EXPIRED')
    await auth.close()
  })

  it('a user revoked at once is refused until the time is up, or by issue time where lifetimes are known', async () => {
    for (const [more, afterwards] of [
      [{}, '401 ERR_TOKEN_REVOKED'],
      [{ accessTokenLifetime: 900 }, 'accepted'],
    ] as [Partial<TrustAuthXOptions>, string][]) {
      const auth = stage.authenticator({ ...more, cacheFor: 0 })
      const { accessToken } = stage.emulator.signIn('bob')
      await auth.verify(accessToken)
      await auth.revoke({ subject: 'bob', provider: 'trustauthx' })
      expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_REVOKED')
      await stage.clock.advance(10)
      expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_REVOKED')
      expect(await nameOf(auth.verify(stage.emulator.signIn('bob').accessToken))).toBe(afterwards)
      await auth.close()
    }
  })

  it('which statuses refuse a token', async () => {
    const auth = stage.authenticator({ refusedStatuses: [418] })
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.revoke(accessToken)
    expect(await nameOf(auth.verify(accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    stage.emulator.configure({ invalidTokenStatus: 418 })
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    stage.emulator.configure({ invalidTokenStatus: 401 })
    await auth.close()
  })

  it('where roles are, when get_user_data does not tell', async () => {
    stage.emulator.configure({ scopeInUserData: false })
    const { accessToken } = stage.emulator.signIn('alice')
    const { viewer } = stage.emulator.roles()
    const silent = stage.authenticator()
    const rolesOf = async ({ uid }: Claims) => (uid === 'alice' && viewer !== undefined ? [viewer.id] : [])
    const told = stage.authenticator({ rolesOf })
    expect((await silent.verify(accessToken)).user.roles).toEqual([])
    expect((await told.verify(accessToken)).user.permissions).toEqual(['machine:read'])
    stage.emulator.configure({ scopeInUserData: true })
    await Promise.all([silent.close(), told.close()])
  })

  it('who a token belongs to, from the sessions of the app', async () => {
    const { accessToken } = stage.emulator.signIn('alice')
    const { editor } = stage.emulator.roles()
    const identityOf = (token: string) =>
      token === accessToken ? { uid: 'alice', email: 'alice@example.com', roleIds: [editor?.id ?? ''] } : undefined
    const auth = stage.authenticator({ identityOf })
    const { user } = await auth.verify(accessToken)
    expect(user).toMatchObject({ id: 'alice', permissions: ['machine:delete', 'machine:start'] })
    expect(stage.emulator.requests('getUserData')).toBe(0)
    await auth.verify(stage.emulator.signIn('bob').accessToken)
    expect(stage.emulator.requests('getUserData')).toBe(1)
    stage.emulator.revoke(accessToken)
    await stage.clock.advance(6)
    expect(await nameOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it.each(['rolesOf', 'identityOf'] as const)('and %s that fails is an outage', async (option) => {
    const auth = stage.authenticator({ [option]: () => Promise.reject(new Error('the database is down')) })
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    await auth.close()
  })

  it('what else a token must be', async () => {
    const auth = stage.authenticator({ validate: ({ email }) => (email === 'bob@example.com' ? 'not Bob' : undefined) })
    expect(await nameOf(auth.verify(stage.emulator.signIn('bob').accessToken))).toBe('401 ERR_TOKEN_REFUSED')
    expect(await nameOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('accepted')
    await auth.close()
  })
})

describe('trustAuthX() refuses', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a missing key', { apiKey: undefined }, /apiKey: is missing/],
    ['an empty secret', { secretKey: '' }, /secretKey: must not be empty/],
    ['a placeholder', { orgId: 'your_org_id' }, /orgId: is a placeholder/],
    ['white space', { secretKey: ' s3cr3t' }, /secretKey: must not begin or end/],
    ['http elsewhere', { apiBaseUrl: 'http://api.trustauthx.com' }, /apiBaseUrl: must be an https URL/],
    ['a query', { apiBaseUrl: 'https://api.trustauthx.com?x=1' }, /apiBaseUrl: must have no query/],
    ['another scheme', { apiBaseUrl: 'ftp://127.0.0.1' }, /apiBaseUrl/],
    ['an unknown name', { api_key: 'k' }, /unknown option api_key, did you mean apiKey\?/],
    ['a long memory', { cacheFor: 301 }, /cacheFor: must be at most 300 s/],
    ['roles that never age', { roles: { maxAge: 86_400 } }, /roles.maxAge: must be at most 3600 s/],
    ['200 as a refusal', { refusedStatuses: [200] }, /refusedStatuses/],
    ['an outage as a refusal', { refusedStatuses: [503] }, /refusedStatuses/],
  ])('%s', (_, options, message) => {
    const build = () => stage.provider(options as Partial<TrustAuthXOptions>)
    expect(build).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringMatching(message) }),
    )
  })
})
