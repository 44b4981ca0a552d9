import {
  createJustAuthenticateMeEmulator,
  createTestClock,
  createTestKey,
  type Fault,
  type JustAuthenticateMeEmulator,
  type JustAuthenticateMeEmulatorOptions,
  type JustAuthenticateMeTokenOptions,
  type TestClock,
} from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../src/index.ts'
import { type JustAuthenticateMeOptions, justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { contextOf } from './support/provider-context.ts'

const alice = 'Alice.Example@example.com'
let jam: JustAuthenticateMeEmulator
let clock: TestClock
const authenticators: Authenticator[] = []

async function start(options: JustAuthenticateMeEmulatorOptions = {}) {
  clock = createTestClock()
  jam = await createJustAuthenticateMeEmulator({ clock, ...options })
}

beforeEach(() => start())
afterEach(async () => {
  await Promise.all([jam.close(), ...authenticators.splice(0).map((auth) => auth.close())])
})

const providerOf = (more: Partial<JustAuthenticateMeOptions> = {}) =>
  justAuthenticateMe({ appId: jam.appId, baseUrl: jam.baseUrl, ...more })

function authenticator(more: Partial<JustAuthenticateMeOptions> = {}) {
  const auth = createAuthenticator({ providers: [providerOf(more)], clock, timeout: 5, keys: { retry: 0.1 } })
  authenticators.push(auth)
  return auth
}

describe('an ID token', () => {
  it('makes a user of its e-mail address, as it is written', async () => {
    const { user, tokenId, expiresAt } = await authenticator().verify(jam.tokenFor(alice))
    expect(user).toEqual({
      id: alice,
      email: alice,
      provider: 'justauthenticateme',
      issuer: `${jam.baseUrl}${jam.appId}`,
      roles: [],
      permissions: [],
      scopes: [],
    })
    expect(tokenId).toMatch(/^[\da-f-]{36}$/)
    expect(expiresAt).toBe(clock.now() / 1000 + 1800)
  })

  it.each<[string, JustAuthenticateMeTokenOptions]>([
    ['without sub', { claims: { sub: undefined } }],
    ['without nbf', { claims: { nbf: undefined } }],
    ['without jti', { claims: { jti: undefined } }],
    ['with a list of audiences', { claims: { aud: ['other', 'APP'] } }],
  ])('is accepted %s', async (_, options) => {
    const aud = Array.isArray(options.claims?.aud) ? { aud: ['other', jam.appId] } : {}
    const token = jam.tokenFor(alice, { ...options, claims: { ...options.claims, ...aud } })
    await expect(authenticator().verify(token)).resolves.toMatchObject({ user: { id: alice } })
  })

  it.each<[string, JustAuthenticateMeTokenOptions, string]>([
    ['of another token_use', { claims: { token_use: 'refresh' } }, 'ERR_TOKEN_REFUSED'],
    ['without token_use', { claims: { token_use: undefined } }, 'ERR_TOKEN_CLAIMS'],
    ['without email', { claims: { email: undefined } }, 'ERR_TOKEN_CLAIMS'],
    ['with an empty email', { claims: { email: '', sub: undefined } }, 'ERR_TOKEN_REFUSED'],
    ['with an email that is no text', { claims: { email: ['a@example.com'] } }, 'ERR_TOKEN_REFUSED'],
    ['whose sub is another address', { claims: { sub: 'bob@example.com' } }, 'ERR_TOKEN_REFUSED'],
    ['without exp', { claims: { exp: undefined } }, 'ERR_TOKEN_CLAIMS'],
    ['without iat', { claims: { iat: undefined } }, 'ERR_TOKEN_CLAIMS'],
    ['without aud', { claims: { aud: undefined } }, 'ERR_TOKEN_CLAIMS'],
    ['of another audience', { claims: { aud: 'another' } }, 'ERR_TOKEN_AUDIENCE'],
    ['of another issuer', { claims: { iss: 'https://api.justauthenticate.me/another' } }, 'ERR_TOKEN_ISSUER'],
    ['that names its issuer with a slash', { claims: { iss: 'SLASH' } }, 'ERR_TOKEN_ISSUER'],
    ['that has expired', { expiresIn: -6 }, 'ERR_TOKEN_EXPIRED'],
    ['that is not valid yet', { claims: { nbf: 4_000_000_000 } }, 'ERR_TOKEN_NOT_YET_VALID'],
    ['of another typ', { header: { typ: 'at+jwt' } }, 'ERR_TOKEN_TYPE'],
    ['of another algorithm', { header: { alg: 'ES256' } }, 'ERR_TOKEN_ALGORITHM'],
    ['without a signature', { header: { alg: 'none' } }, 'ERR_TOKEN_ALGORITHM'],
    ['that brings its key along', { header: { jwk: {} } }, 'ERR_TOKEN_UNSUPPORTED'],
    ['with a kid that is no text', { header: { kid: 7 } }, 'ERR_TOKEN_MALFORMED'],
    ['of an unknown kid', { header: { kid: 'unknown' } }, 'ERR_TOKEN_KEY'],
  ])('is refused %s', async (_, options, code) => {
    const slash = options.claims?.iss === 'SLASH' ? { iss: `${jam.issuer}/` } : {}
    const token = jam.tokenFor(alice, { ...options, claims: { ...options.claims, ...slash } })
    await expect(authenticator().verify(token)).rejects.toMatchObject({ code, status: 401 })
  })

  it('is refused when another key of the same name signed it', async () => {
    await authenticator().verify(jam.tokenFor(alice))
    const { keys } = (await (await fetch(`${jam.issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
    const key = await createTestKey('ES512', { kid: keys[0]?.kid ?? '' })
    await expect(authenticator().verify(jam.tokenFor(alice, { key }))).rejects.toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    })
  })

  it('is refused by the rule of the application', async () => {
    const auth = authenticator({ validate: ({ email }) => (email === alice ? 'not her' : undefined) })
    await expect(auth.verify(jam.tokenFor(alice))).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
    await expect(auth.verify(jam.tokenFor('bob@example.com'))).resolves.toMatchObject({
      user: { id: 'bob@example.com' },
    })
  })

  it('is accepted of any published key, whichever stands first, and of none that was taken away', async () => {
    const auth = authenticator()
    const before = jam.tokenFor(alice)
    await auth.verify(before)
    await jam.rotate()
    await auth.verify(jam.tokenFor(alice))
    await expect(auth.verify(before)).resolves.toBeDefined()
    await jam.rotate({ keepPrevious: false })
    await clock.advance(60)
    await auth.verify(jam.tokenFor(alice))
    await expect(auth.verify(before)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' })
  })

  it('costs no fetch when it is known, and one for a flood of unknown keys', async () => {
    const auth = authenticator()
    const token = jam.tokenFor(alice)
    await auth.verify(token)
    jam.resetCounts()
    const strangers = Array.from({ length: 20 }, (_, at) => jam.tokenFor(alice, { header: { kid: `unknown-${at}` } }))
    await Promise.all(strangers.map((one) => expect(auth.verify(one)).rejects.toMatchObject({ status: 401 })))
    await auth.verify(token)
    expect(jam.requests('jwks')).toBe(1)
  })
})

describe('refresh', () => {
  const refresh = (tokens: { refreshToken?: string; accessToken?: string }) => {
    const provider = providerOf()
    return provider.refresh?.(tokens, contextOf(provider, { clock }))
  }

  it('gives a new ID token and keeps the refresh token', async () => {
    const { idToken, refreshToken = '' } = jam.signIn(alice)
    await clock.advance(1700)
    const outcome = await refresh({ refreshToken, accessToken: idToken })
    if (outcome?.outcome !== 'refreshed') throw new Error(`the outcome is ${outcome?.outcome}`)
    const { accessToken, ...rest } = outcome.tokens
    expect(accessToken).not.toBe(idToken)
    expect(rest).toEqual({ idToken: accessToken, refreshToken, expiresAt: clock.now() / 1000 + 1800 })
    await expect(authenticator().verify(accessToken)).resolves.toMatchObject({ user: { id: alice } })
    expect(await refresh({ refreshToken })).toMatchObject({ outcome: 'refreshed' })
  })

  it.each([401, 404] as const)(
    'is rejected when the token is dead and the service says %d',
    async (deadRefreshToken) => {
      jam.configure({ deadRefreshToken })
      const { refreshToken = '' } = jam.signIn(alice)
      await clock.advance(8 * 86_400)
      const error = { code: 'ERR_TOKEN_INACTIVE' }
      expect(await refresh({ refreshToken })).toMatchObject({ outcome: 'rejected', error })
      expect(await refresh({ refreshToken: 'unknown' })).toMatchObject({ outcome: 'rejected', error })
    },
  )

  it.each([{}, { refreshToken: '' }])('is rejected without a refresh token, and asks nobody: %j', async (tokens) => {
    jam.resetCounts()
    expect(await refresh(tokens)).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_MISSING' } })
    expect(jam.requests()).toBe(0)
  })

  it('ends no session because the app may not refresh any more', async () => {
    const { refreshToken = '' } = jam.signIn(alice)
    jam.allowRefresh(false)
    expect(jam.signIn(alice).refreshToken).toBeUndefined()
    expect(await refresh({ refreshToken })).toMatchObject({ outcome: 'unavailable', error: { status: 503 } })
    jam.allowRefresh(true)
    expect(await refresh({ refreshToken })).toMatchObject({ outcome: 'refreshed' })
  })

  it.each<Fault>([
    'reset',
    'hang',
    'hang-body',
    'truncate',
    'html',
    'redirect',
    'broken-json',
    'wrong-types',
    'empty',
    { status: 201, body: '{}' },
    { status: 403 },
    { status: 429, retryAfter: 7 },
    { status: 503 },
  ])('is unavailable, never rejected, for %j', async (fault) => {
    const { refreshToken = '' } = jam.signIn(alice)
    jam.fail('refresh', fault)
    expect(await refresh({ refreshToken })).toMatchObject({
      outcome: 'unavailable',
      error: { code: 'ERR_PROVIDER_UNAVAILABLE' },
    })
    jam.heal()
    expect(await refresh({ refreshToken })).toMatchObject({ outcome: 'refreshed' })
  })

  it('is unavailable when the answer is a token of somebody else, or of another app', async () => {
    const { idToken, refreshToken = '' } = jam.signIn(alice)
    const other = await jam.addApp()
    for (const wrong of [
      jam.tokenFor('bob@example.com'),
      jam.signIn(alice, { appId: other }).idToken,
      jam.tokenFor(alice, { claims: { token_use: 'refresh' } }),
    ]) {
      jam.fail('refresh', { status: 200, body: JSON.stringify({ idToken: wrong }) })
      expect(await refresh({ refreshToken, accessToken: idToken })).toMatchObject({ outcome: 'unavailable' })
    }
  })
})

describe('revocation', () => {
  const provider = () => providerOf()
  const revoke = (what: Parameters<NonNullable<ReturnType<typeof providerOf>['revoke']>>[0]) =>
    provider().revoke?.(what, contextOf(provider(), { clock }))
  const isAlive = async (refreshToken: string) => {
    const outcome = await provider().refresh?.({ refreshToken }, contextOf(provider(), { clock }))
    return outcome?.outcome === 'refreshed'
  }

  it('ends a refresh token, and says so of one that is dead already', async () => {
    const { idToken, refreshToken = '' } = jam.signIn(alice)
    const what = { kind: 'refreshToken', token: refreshToken, accessToken: idToken } as const
    expect(await revoke(what)).toBe(true)
    expect(await isAlive(refreshToken)).toBe(false)
    expect(await revoke(what)).toBe(true)
  })

  it.each([
    ['without an ID token', () => ({})],
    ['with one that has expired', () => ({ accessToken: jam.tokenFor(alice, { expiresIn: -60 }) })],
    ['with that of another user', () => ({ accessToken: jam.tokenFor('bob@example.com') })],
  ])('ends a refresh token %s', async (_, more) => {
    const { refreshToken = '' } = jam.signIn(alice)
    expect(await revoke({ kind: 'refreshToken', token: refreshToken, ...more() })).toBe(true)
    expect(await isAlive(refreshToken)).toBe(false)
  })

  it('ends all refresh tokens of a user, and no other', async () => {
    const [first, second] = [jam.signIn(alice), jam.signIn(alice)]
    const bob = jam.signIn('bob@example.com')
    expect(await revoke({ kind: 'allOfUser', token: first.idToken })).toBe(true)
    expect(await Promise.all([first, second, bob].map((one) => isAlive(one.refreshToken ?? '')))).toEqual([
      false,
      false,
      true,
    ])
    expect(await revoke({ kind: 'allOfUser', token: first.idToken })).toBe(true)
  })

  it('cannot end an ID token there, but does here', async () => {
    const { idToken } = jam.signIn(alice)
    expect(await revoke({ kind: 'accessToken', token: idToken })).toBe(false)
    const auth = authenticator()
    await auth.verify(idToken)
    await auth.revoke({ token: idToken })
    await expect(auth.verify(idToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })

  it.each<[Fault, string]>([
    ['reset', 'ERR_PROVIDER_UNAVAILABLE'],
    ['hang', 'ERR_PROVIDER_UNAVAILABLE'],
    ['html', 'ERR_PROVIDER_UNAVAILABLE'],
    [{ status: 200 }, 'ERR_PROVIDER_UNAVAILABLE'],
    [{ status: 503 }, 'ERR_PROVIDER_UNAVAILABLE'],
    [{ status: 429 }, 'ERR_PROVIDER_UNAVAILABLE'],
    [{ status: 400 }, 'ERR_UPSTREAM_INVALID'],
  ])('never claims what the service has not confirmed: %j', async (fault, code) => {
    const { idToken, refreshToken = '' } = jam.signIn(alice)
    jam.fail('deleteRefreshToken', fault)
    jam.fail('deleteAllRefreshTokens', fault)
    await expect(revoke({ kind: 'refreshToken', token: refreshToken, accessToken: idToken })).rejects.toMatchObject({
      code,
    })
    await expect(revoke({ kind: 'refreshToken', token: refreshToken })).rejects.toMatchObject({ code })
    await expect(revoke({ kind: 'allOfUser', token: idToken })).rejects.toMatchObject({ code })
    jam.heal()
    expect(await isAlive(refreshToken)).toBe(true)
  })

  it('says that the ID token is refused where nothing else can be tried', async () => {
    const token = jam.tokenFor(alice, { expiresIn: -60 })
    await expect(revoke({ kind: 'allOfUser', token })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    const { refreshToken = '' } = jam.signIn(alice)
    jam.fail('refresh', { status: 400, body: '{"message":"refresh is not allowed"}' })
    await expect(revoke({ kind: 'refreshToken', token: refreshToken })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_INVALID',
      upstream: { status: 400, message: 'refresh is not allowed' },
    })
  })
})

describe('roles by address', () => {
  const roles = {
    addresses: { [alice]: ['admin', 'staff'], '"a@b"@example.com': ['odd'] },
    domains: { 'Example.com': ['staff'], 'xn--bcher-kva.example': ['reader'] },
  }
  const rolesFor = async (email: string, more: object = {}) => {
    const { user } = await authenticator({ roles: { ...roles, ...more } }).verify(jam.tokenFor(email))
    return user
  }

  it.each<[string, string[]]>([
    [alice, ['admin', 'staff']],
    [alice.toLowerCase(), ['staff']],
    ['bob@example.com', ['staff']],
    ['bob@EXAMPLE.COM', ['staff']],
    ['"a@b"@example.com', ['odd']],
    ['"eve@evil.test x"@example.com', []],
    ['eve@evil.test,bob@example.com', []],
    ['eve@evil.test@example.com', []],
    ['<eve@evil.test>bob@example.com', []],
    ['eve@evil.test\nbob@example.com', []],
    ['eve\u0000@example.com', []],
    ['(eve)bob@example.com', []],
    ['bob@example.com.evil.test', []],
    ['bob@evil-example.com', []],
    ['bob@sub.example.com', []],
    ['bob@example.co', []],
    ['"x@example.com"@evil.test', []],
    ['bob@example.com@evil.test', []],
    ['bob@example.com ', []],
    ['bob@example.\u212aom', []],
    ['example.com', []],
    ['@example.com', []],
    ['bob@bücher.example', []],
    ['bob@xn--bcher-kva.example', ['reader']],
    ['__proto__', []],
  ])('%s has %j', async (email, names) => {
    const { roles: held } = await rolesFor(email)
    expect(held).toStrictEqual(names.map((name) => ({ id: name, name, permissions: [] })))
  })

  it('may be of an organization, which the others are not in', async () => {
    const organization = 'acme'
    const held = await rolesFor(alice, { organization })
    expect(held).toMatchObject({
      organization,
      roles: [
        { id: 'admin', organization },
        { id: 'staff', organization },
      ],
    })
    const eve = await rolesFor('eve@evil.test', { organization })
    expect(eve.organization).toBeUndefined()
    expect(eve.roles).toEqual([])
  })

  it.each<[string, object]>([
    ['an address without @', { addresses: { alice: ['admin'] } }],
    ['a domain with @', { domains: { '@example.com': ['admin'] } }],
    ['a domain with a star', { domains: { '*.example.com': ['admin'] } }],
    ['an empty domain', { domains: { '': ['admin'] } }],
    ['a top-level domain', { domains: { com: ['admin'] } }],
    ['roles that are a text', { domains: { 'example.com': 'admin' } }],
    ['a role without a name', { addresses: { [alice]: [''] } }],
    ['something unknown', { adresses: {} }],
  ])('cannot be set up with %s', (_, table) => {
    expect(() => providerOf({ roles: table })).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
  })
})
