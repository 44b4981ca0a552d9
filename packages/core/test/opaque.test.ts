import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock, createTestIssuer } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import {
  type Authenticator,
  createAuthenticator,
  type OpaqueProfile,
  type OpaqueVerdict,
  type Provider,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { refusalOf } from './support/tokens.ts'

const made: Authenticator[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})

const clock = createTestClock()
const now = () => Math.floor(clock.now() / 1000)
const day = 86_400

function provider(name: string, verify: OpaqueProfile['verify'], more: Partial<OpaqueProfile> = {}): Provider {
  return { name, issuer: `https://${name}.example`, opaque: { verify, ...more } }
}

const active = (more: object = {}): OpaqueVerdict => ({ active: true, claims: {}, user: { id: 'alice' }, ...more })
const yes: OpaqueProfile['verify'] = async () => active()
const no: OpaqueProfile['verify'] = async () => ({ active: false, explanation: 'never heard of it' })

function authenticator(...providers: Provider[]): Authenticator {
  const auth = createAuthenticator({ providers, clock })
  made.push(auth)
  return auth
}

/** What becomes of a token that a provider answers about like this. */
const verdictOn = (verdict: object) => authenticator(provider('a', async () => active(verdict))).verify('opaque')

describe('who is asked about an opaque token', () => {
  it('is the first who says yes', async () => {
    const auth = authenticator(provider('a', no), provider('b', yes), provider('c', yes))
    expect((await auth.verify('opaque')).provider).toBe('b')
  })

  it('is by default nobody about a JWT, and whoever accepts its shape otherwise', async () => {
    const jwt = 'eyJhbGciOiJFUzI1NiJ9.e30.AA'
    expect(await refusalOf(authenticator(provider('a', yes)), jwt)).toMatchObject({ code: 'ERR_TOKEN_ISSUER' })
    await authenticator(provider('a', yes, { accepts: () => true })).verify(jwt)
    const auth = authenticator(provider('a', yes, { accepts: (token) => token.startsWith('a_') }), provider('b', yes))
    expect([(await auth.verify('a_1')).provider, (await auth.verify('b_1')).provider]).toEqual(['a', 'b'])
  })

  it('is nobody about a JWT that was refused: introspection does not rescue it', async () => {
    const issuer = await createTestIssuer({ clock })
    const { clientId, clientSecret, audience } = issuer
    const auth = authenticator(oidc({ issuer: issuer.issuer, audience, introspection: { clientId, clientSecret } }))
    const [header, payload] = issuer.tokenFor().split('.')
    for (const token of [
      `${header}.${payload}.${'A'.repeat(86)}`,
      `${header}.${payload}.`,
      `${header}..AA`,
      issuer.tokenFor({ expiresIn: -60 }),
      issuer.tokenFor({ audience: 'https://other.example' }),
      issuer.tokenFor({ header: { alg: 'none' } }),
      issuer.tokenFor({ claims: { iss: 'https://other.example' } }),
      issuer.idTokenFor({ audience }),
    ]) {
      expect(await refusalOf(auth, token)).toMatchObject({ status: 401 })
    }
    expect(issuer.requests('introspection')).toBe(0)
    await auth.verify(issuer.opaqueTokenFor())
    expect(issuer.requests('introspection')).toBe(1)
    await issuer.close()
  })

  it('is nobody about a JWT of an issuer whose tokens are opaque', async () => {
    const token = `eyJhbGciOiJFUzI1NiJ9.${Buffer.from('{"iss":"https://a.example"}').toString('base64url')}.AA`
    expect(await refusalOf(authenticator(provider('a', yes)), token)).toMatchObject({ code: 'ERR_TOKEN_ISSUER' })
  })

  it('is not the end of it while one cannot be asked: he might say yes', async () => {
    const away: OpaqueProfile['verify'] = async (_, { request }) =>
      active({ claims: (await request('http://127.0.0.1:1')).body })
    for (const providers of [
      [provider('a', away), provider('b', no)],
      [provider('a', no), provider('b', away)],
    ]) {
      expect(await refusalOf(authenticator(...providers), 'opaque')).toMatchObject({ status: 503 })
    }
    expect((await authenticator(provider('a', away), provider('b', yes)).verify('opaque')).provider).toBe('b')
  })

  it('is asked about 256 tokens at a time; more are turned away, without blame', async () => {
    let answer = () => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    const auth = authenticator(provider('a', async () => slow.then(() => active())))
    const asked = Array.from({ length: 256 }, (_, i) => auth.verify(`opaque-${i}`))
    const error = await refusalOf(auth, 'one-more')
    expect(error).toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: 'a is being asked about 256 opaque tokens already',
      headers: { 'Retry-After': '1' },
    })
    answer()
    await Promise.all(asked)
    await auth.verify('one-more')
  })

  it('keeps places for others while somebody comes with many tokens of nobody', async () => {
    let answer = () => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    const verify: OpaqueProfile['verify'] = async (token) => {
      if (token.startsWith('slow-')) await slow
      return token.endsWith('junk') ? { active: false, explanation: 'junk' } : active()
    }
    const clock = createTestClock()
    const auth = createAuthenticator({ providers: [provider('a', verify)], clock })
    made.push(auth)
    const from = (remoteAddress: string) => ({ headers: {}, socket: { remoteAddress } })
    const of = (address: string, token: string) =>
      auth.verify(token, from(address)).then(
        ({ user }) => user.id,
        ({ code, headers }) => [code, headers['Retry-After']].join(' ').trim(),
      )
    const many = () => Array.from({ length: 300 }, (_, i) => of('192.0.2.6', `slow-${i}-junk`))
    expect(await of('192.0.2.6', 'junk')).toBe('ERR_TOKEN_INACTIVE')
    const flood = many()
    expect(await of('192.0.2.7', 'opaque')).toBe('alice')
    expect(await of('192.0.2.6', 'another')).toBe('ERR_PROVIDER_UNAVAILABLE 5')
    answer()
    const answers = await Promise.all(flood)
    expect(answers.filter((one) => one === 'ERR_TOKEN_INACTIVE')).toHaveLength(64)
    expect(answers.filter((one) => one === 'ERR_PROVIDER_UNAVAILABLE 5')).toHaveLength(236)
    // Time makes good for bad ones, and good ones do.
    await clock.advance(70)
    expect(await Promise.all(many())).toEqual(
      Array(256).fill('ERR_TOKEN_INACTIVE').concat(Array(44).fill('ERR_PROVIDER_UNAVAILABLE 1')),
    )
    for (let i = 0; i < 40; i += 1) await of('192.0.2.6', `good-${i}`)
    expect((await Promise.all(many())).filter((one) => one === 'ERR_TOKEN_INACTIVE')).toHaveLength(256)
  })

  it('is asked where admission is off too, and tells nobody apart', async () => {
    const verify: OpaqueProfile['verify'] = async (token) =>
      token === 'junk' ? await no(token, {} as never) : active()
    const auth = createAuthenticator({ providers: [provider('a', verify)], clock, admission: false })
    made.push(auth)
    const request = { headers: {}, socket: { remoteAddress: '192.0.2.6' } }
    expect(await refusalOf(auth, 'junk')).toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
    await expect(auth.verify('junk', request)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
    expect(await auth.verify('opaque', request)).toMatchObject({ user: { id: 'alice' } })
  })

  it('that takes long to answer about many keeps nobody from another', async () => {
    let answer = () => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    const auth = authenticator(
      provider('slow', async () => slow.then(() => active()), { accepts: (token) => token.startsWith('slow-') }),
      provider('quick', yes, { accepts: (token) => !token.startsWith('slow-') }),
      provider('last', yes),
    )
    const asked = Array.from({ length: 256 }, (_, i) => auth.verify(`slow-${i}`))
    expect((await auth.verify('opaque')).provider).toBe('quick')
    // Who takes the same tokens may still say yes.
    expect((await auth.verify('slow-and-more')).provider).toBe('last')
    answer()
    expect(new Set((await Promise.all(asked)).map((verified) => verified.provider))).toEqual(new Set(['slow']))
  })
})

describe('what a provider answers', () => {
  it('makes a user, and is frozen', async () => {
    const role = { id: 'r1', name: 'admin', permissions: [{ resource: 'machine', action: 'delete' }] }
    const elsewhere = { ...role, id: 'r2', organization: 'o2', permissions: [{ resource: 'disk', action: 'delete' }] }
    const claims = { iat: now() - 60, jti: 'id-1', sid: 's-1' }
    const here = { ...role, id: 'r3', organization: 'o1', permissions: [{ resource: 'disk', action: 'read' }] }
    const roles = [role, elsewhere, here]
    const said = { id: 'alice', organization: 'o1', roles, permissions: ['a:b'], scopes: ['read'] }
    const { user, ...rest } = await verdictOn({ user: said, claims, expiresAt: now() + 60 })
    expect(user).toEqual({
      ...said,
      provider: 'a',
      issuer: 'https://a.example',
      permissions: ['machine:delete', 'disk:read', 'a:b'],
    })
    expect(rest).toMatchObject({ tokenId: 'id-1', session: 's-1', issuedAt: claims.iat, expiresAt: now() + 60 })
    for (const value of [user, user.roles, user.roles[0], user.roles[0]?.permissions[0], user.scopes, rest.claims]) {
      expect(Object.isFrozen(value)).toBe(true)
    }
    role.name = 'changed later'
    expect(user.roles[0]?.name).toBe('admin')
  })

  it.each([
    ['that has ended', { expiresAt: now() - 5 }, 'ERR_TOKEN_EXPIRED', 401],
    ['that ends too far ahead', { expiresAt: now() + 31 * day }, 'ERR_TOKEN_CLAIMS', 401],
    ['that ends at no time', { expiresAt: Number.NaN }, 'ERR_PROVIDER_UNAVAILABLE', 503],
    [
      'of a life that is too long',
      { expiresAt: now() + 60, claims: { iat: now() - 31 * day } },
      'ERR_TOKEN_CLAIMS',
      401,
    ],
    ['without an end, and too old', { claims: { iat: now() - 30 * day - 1 } }, 'ERR_TOKEN_EXPIRED', 401],
    ['that never ends', { expiresAt: Number.POSITIVE_INFINITY }, 'ERR_PROVIDER_UNAVAILABLE', 503],
    ['that ends at a text', { expiresAt: '9999999999' }, 'ERR_PROVIDER_UNAVAILABLE', 503],
    ['of nobody', { user: { id: '' } }, 'ERR_TOKEN_CLAIMS', 401],
    ['of somebody who is no text', { user: { id: 5 } }, 'ERR_TOKEN_CLAIMS', 401],
    ['of a name in no encoding', { user: { id: 'a\ud800' } }, 'ERR_TOKEN_CLAIMS', 401],
    [
      'with claims too deep',
      { claims: JSON.parse(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`) },
      'ERR_PROVIDER_UNAVAILABLE',
      503,
    ],
  ])('about a token %s is refused', async (_, verdict, code, status) => {
    await expect(verdictOn(verdict)).rejects.toMatchObject({ code, status })
  })

  it('gives nobody anything that it does not tell of', async () => {
    expect((await verdictOn({})).user).toEqual({
      id: 'alice',
      provider: 'a',
      issuer: 'https://a.example',
      roles: [],
      permissions: [],
      scopes: [],
    })
  })

  it.each<[object, string]>([
    [{ expiresAt: Number.NaN }, 'a says that the token ends at no time that could be'],
    [{ user: { id: '' } }, 'the token names no user'],
    [{ claims: { iat: 0 } }, 'it is older than 2592000 s (option maxTokenLifetime)'],
  ])('is explained in the log: %j', async (verdict, explanation) => {
    await expect(verdictOn(verdict)).rejects.toMatchObject({ explanation })
  })

  it('counts from its issue: without an end, for as long as a revocation is kept from then', async () => {
    const iat = now() - 29 * day
    expect(await verdictOn({ claims: { iat } })).toMatchObject({ issuedAt: iat, expiresAt: iat + 30 * day })
    expect(await verdictOn({ claims: { iat: now() + 60 } })).toMatchObject({ expiresAt: clock.now() / 1000 + 30 * day })
  })

  it.each([
    ['a jti that is empty', { jti: '' }],
    ['a jti that is no text', { jti: 5 }],
    ['a sid that is empty', { sid: '' }],
    ['a time of issue that is no number', { iat: 'now' }],
    ['a time of issue that is no time', { iat: Number.POSITIVE_INFINITY }],
  ])('means nothing with %s', async (_, claims) => {
    const verified = await verdictOn({ claims })
    for (const name of ['tokenId', 'session', 'issuedAt']) expect(verified).not.toHaveProperty(name)
  })
})

it('a token that was good is told of: whose, and how long it took', async () => {
  const told: unknown[] = []
  const listen = (message: unknown) => told.push(message)
  subscribe('claviger:verify', listen)
  const slow: OpaqueProfile['verify'] = async () => {
    await clock.advance(0.25)
    return active()
  }
  const auth = authenticator(provider('a', no), provider('b', slow))
  await auth.verify('opaque')
  await auth.verify('opaque')
  unsubscribe('claviger:verify', listen)
  expect(told).toEqual([
    { provider: 'b', issuer: 'https://b.example', kind: 'opaque', milliseconds: expect.closeTo(250) },
  ])
})

describe('a good answer is remembered', () => {
  it.each([
    [undefined, 30],
    [10, 10],
    [300, 300],
    [3600, 300],
    [0, 0],
    [Number.NaN, 0],
  ])('for %p by the profile: %d seconds', async (cacheFor, seconds) => {
    let asked = 0
    const count: OpaqueProfile['verify'] = async () => {
      asked += 1
      return active()
    }
    const auth = authenticator(provider('a', count, cacheFor === undefined ? {} : { cacheFor }))
    await auth.verify('opaque')
    for (const [advance, times] of [
      [Math.max(0, seconds - 1), seconds === 0 ? 2 : 1],
      [1.1, seconds === 0 ? 3 : 2],
    ] as const) {
      await clock.advance(advance)
      await auth.verify('opaque')
      expect(asked).toBe(times)
    }
  })

  it('and takes no room where it must not be remembered', async () => {
    const providers = [provider('a', yes, { cacheFor: 0, accepts: (token) => token === 'a' }), provider('b', yes)]
    const auth = createAuthenticator({ providers, clock, cache: { maxTokens: 1 } })
    made.push(auth)
    const known = await auth.verify('b')
    await auth.verify('a')
    expect(await auth.verify('b')).toBe(known)
  })

  it('never past the end of the token', async () => {
    const end = now() + 20
    const auth = authenticator(provider('a', async () => active({ expiresAt: end })))
    await auth.verify('opaque')
    await clock.advance(24)
    await auth.verify('opaque')
    await clock.advance(1.1)
    expect(await refusalOf(auth, 'opaque')).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  })

  it('and a bad one is not', async () => {
    let verdict: OpaqueVerdict = { active: false, explanation: 'not yet' }
    const auth = authenticator(provider('a', async () => verdict))
    expect(await refusalOf(auth, 'opaque')).toMatchObject({ code: 'ERR_TOKEN_INACTIVE', explanation: 'a: not yet' })
    verdict = active()
    await auth.verify('opaque')
  })
})
