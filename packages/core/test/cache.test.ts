import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock, createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Authenticator,
  type AuthenticatorOptions,
  type Claims,
  createAuthenticator,
  type OpaqueProfile,
  type Provider,
  type VerifiedToken,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { letRefresh } from './support/faults.ts'
import { refusalOf } from './support/tokens.ts'

const clock = createTestClock()
let issuer: TestIssuer
let auth: Authenticator
const outcomes: string[] = []
const listen = (message: unknown) => outcomes.push((message as { outcome: string }).outcome)

beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
  subscribe('claviger:cache', listen)
})
afterEach(async () => {
  await auth.close()
  issuer.heal()
  issuer.jwksText = undefined
})
afterAll(async () => {
  unsubscribe('claviger:cache', listen)
  await issuer.close()
})

function authenticator(options: Partial<AuthenticatorOptions> = {}): Authenticator {
  const provider = oidc({
    issuer: issuer.issuer,
    audience: issuer.audience,
    rolesFrom: 'roles',
    permissionsFrom: 'permissions',
  })
  auth = createAuthenticator({ providers: [provider], clock, ...options })
  outcomes.length = 0
  return auth
}

/** Verifies a token and tells what the cache knew of it: `hit`, `miss` or `refused`; nothing without a cache. */
async function outcomeOf(token: string): Promise<string | undefined> {
  outcomes.length = 0
  await auth.verify(token).catch(() => {})
  expect(outcomes.length).toBeLessThanOrEqual(1)
  return outcomes[0]
}

/** A provider that knows every opaque token: it names its user, who has these claims. */
function opaque(claims: Claims = {}): Provider {
  return {
    name: 'opaque',
    issuer: 'https://id.example.com',
    opaque: { verify: async (token) => ({ active: true, claims, user: { id: token.slice(0, 9) } }) },
  }
}

function forgery(token = issuer.tokenFor()): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`
}

describe('a known token', () => {
  it('is not verified again', async () => {
    const { verify } = authenticator()
    const token = issuer.tokenFor()
    expect(await outcomeOf(token)).toBe('miss')
    expect(await outcomeOf(token)).toBe('hit')
    expect(await verify(token)).toBe(await verify(token))
  })

  it('is known by the whole of it: another text is another token', async () => {
    authenticator()
    const token = issuer.tokenFor()
    await auth.verify(token)
    const parts = [64, 33, 32, 31, 16, 1].map((length) => token.slice(-length))
    for (const other of [forgery(token), `${token}A`, token.slice(0, -1), ` ${token}`, issuer.tokenFor(), ...parts]) {
      expect(await outcomeOf(other)).toBe('miss')
    }
    expect(await outcomeOf(token)).toBe('hit')
  })

  it('is another than one of like letters', async () => {
    const { verify } = authenticator({ providers: [opaque()] })
    const tokens = ['g0', '\u01670', '\u02670']
    for (const token of [...tokens, ...tokens]) expect((await verify(token)).user.id).toBe(token)
    expect(outcomes).toEqual(['miss', 'miss', 'miss', 'hit', 'hit', 'hit'])
  })

  it('is known beside another that ends alike', async () => {
    const asked: string[] = []
    const opaque: OpaqueProfile = {
      async verify(token) {
        asked.push(token)
        return { active: true, claims: {}, user: { id: token.slice(0, 1) } }
      },
    }
    authenticator({ providers: [{ name: 'toy', issuer: 'https://toy.example', opaque }] })
    const tokens = ['a', 'b', 'c'].map((start) => start + '-the-same-end'.repeat(3))
    for (const _ of [1, 2, 3])
      for (const token of tokens) expect((await auth.verify(token)).user.id).toBe(token.slice(0, 1))
    expect(asked).toEqual(tokens)
    await clock.advance(31)
    for (const token of tokens) expect((await auth.verify(token)).user.id).toBe(token.slice(0, 1))
    expect(asked).toEqual([...tokens, ...tokens])
    for (const token of tokens) expect(await outcomeOf(token)).toBe('hit')
  })

  it('is asked about once at a time, and anew when its answer is old, beside another that ends alike', async () => {
    const asked: string[] = []
    const opaque: OpaqueProfile = {
      async verify(token) {
        asked.push(token)
        return { active: true, claims: {}, user: { id: `${token.slice(0, 1)}${asked.length}` } }
      },
    }
    authenticator({ providers: [{ name: 'toy', issuer: 'https://toy.example', opaque }] })
    const [first, second] = ['a', 'b'].map((start) => `${start}-the-same-end`) as [string, string]
    const askBoth = () =>
      Promise.all([first, second, first, second].map(async (token) => (await auth.verify(token)).user.id))
    expect(await askBoth()).toEqual(['a1', 'b2', 'a1', 'b2'])
    await clock.advance(31)
    expect(await askBoth()).toEqual(['a3', 'b4', 'a3', 'b4'])
    await clock.advance(31)
    expect((await auth.verify(second)).user.id).toBe('b5')
  })

  it('lends its signature to no other claims', async () => {
    authenticator()
    const token = issuer.tokenFor({ subject: 'alice' })
    await auth.verify(token)
    const [header, , signature] = token.split('.')
    const [, claims] = issuer.tokenFor({ subject: 'admin' }).split('.')
    const forged = [header, claims, signature].join('.')
    expect(await refusalOf(auth, forged)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    expect([await outcomeOf(forged), await outcomeOf(token)]).toEqual(['refused', 'hit'])
  })

  it('is verified once for a hundred that ask at the same time', async () => {
    const { verify } = authenticator()
    const token = issuer.tokenFor()
    const all = await Promise.all(Array.from({ length: 100 }, () => verify(token)))
    expect([new Set(all).size, outcomes]).toEqual([1, ['miss']])
  })

  it('is another than one that ends alike', async () => {
    const { verify } = authenticator({ providers: [opaque()] })
    const end = 'x'.repeat(64)
    for (const token of [`a${end}`, `b${end}`, `a${end}`, `b${end}`]) {
      expect((await verify(token)).user.id).toBe(token.slice(0, 9))
    }
    expect(outcomes).toEqual(['miss', 'miss', 'hit', 'hit'])
  })

  it('is known also to whoever revokes it', async () => {
    const { verify, revoke } = authenticator({ providers: [opaque()] })
    await verify('opaque')
    await revoke({ token: 'opaque' })
    expect(outcomes).toEqual(['miss', 'hit'])
  })

  it('cannot be changed by whoever gets it', async () => {
    const { verify } = authenticator()
    const claims = { realm_access: { roles: ['user'] }, list: [{ deep: [1] }] }
    const token = issuer.tokenFor({ roles: ['user'], permissions: ['a:b'], scopes: ['read'], claims })
    const before = JSON.stringify(await verify(token))
    const attempts: ((verified: VerifiedToken) => unknown)[] = [
      (verified) => Object.assign(verified, { provider: 'other' }),
      (verified) => Object.assign(verified.user, { id: 'root' }),
      (verified) => Object.assign(verified.claims, { sub: 'root' }),
      (verified) => (verified.user.roles as unknown[]).push({ name: 'admin' }),
      (verified) => Object.assign(verified.user.roles[0] ?? {}, { name: 'admin' }),
      (verified) => Object.assign(verified.user.roles[0]?.permissions ?? {}, [{}]),
      (verified) => (verified.user.permissions as string[]).push('*'),
      (verified) => (verified.user.scopes as string[]).splice(0),
      (verified) => (verified.claims.realm_access as typeof claims.realm_access).roles.push('admin'),
      (verified) => (verified.claims.list as typeof claims.list)[0]?.deep.push(2),
      (verified) => Object.setPrototypeOf(verified.claims, { admin: true }),
    ]
    for (const attempt of attempts) {
      const verified = await verify(token)
      expect(() => attempt(verified)).toThrow(TypeError)
    }
    expect(JSON.stringify(await verify(token))).toBe(before)
    expect(outcomes.at(-1)).toBe('hit')
  })

  it('is forgotten when it ends', async () => {
    authenticator()
    const token = issuer.tokenFor({ expiresIn: 60 })
    const { expiresAt } = await auth.verify(token)
    clock.set(expiresAt + 4.999)
    expect(await outcomeOf(token)).toBe('hit')
    clock.set(expiresAt + 5)
    expect(await outcomeOf(token)).toBe('miss')
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  })

  it.each([
    [undefined, 3600],
    [{ maxAge: 60 }, 60],
  ])('is verified again after its time: %j, %d s', async (cache, seconds) => {
    authenticator(cache && { cache })
    const token = issuer.tokenFor({ expiresIn: 7200 })
    await auth.verify(token)
    await clock.advance(seconds - 1)
    expect(await outcomeOf(token)).toBe('hit')
    await clock.advance(1.1)
    expect(await outcomeOf(token)).toBe('miss')
  })

  it('is forgotten when its issuer removes the key', async () => {
    authenticator()
    const token = issuer.tokenFor()
    await auth.verify(token)
    await issuer.rotate({ keepPrevious: false })
    await auth.verify(issuer.tokenFor())
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_KEY' })
  })

  it('stays known when its issuer adds a key', async () => {
    authenticator()
    const token = issuer.tokenFor()
    await auth.verify(token)
    await issuer.rotate()
    await auth.verify(issuer.tokenFor())
    expect(await outcomeOf(token)).toBe('hit')
  })

  it('is refused from the moment its key is purged', async () => {
    authenticator()
    const token = issuer.tokenFor()
    const { kid } = issuer.current
    await auth.verify(token)
    auth.purge(issuer.issuer, kid)
    expect((await refusalOf(auth, token)).code).toMatch(/ERR_TOKEN_KEY|ERR_PROVIDER_UNAVAILABLE/)
    await issuer.rotate()
  })

  it('stays known while its issuer is down', async () => {
    authenticator()
    const token = issuer.tokenFor({ expiresIn: 7200 })
    await auth.verify(token)
    issuer.fail('all', 'reset')
    await clock.advance(3500)
    expect(await outcomeOf(token)).toBe('hit')
    await clock.advance(200)
    expect(await outcomeOf(token)).toBe('miss')
    await auth.verify(token)
  })

  it('is refused once it is revoked, though the cache knows it', async () => {
    authenticator()
    const token = issuer.tokenFor()
    await auth.verify(token)
    await auth.revoke({ token })
    expect(await outcomeOf(token)).toBe('hit')
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})

describe('a forged signature', () => {
  it('is known as such, and each time refused with an error of its own', async () => {
    authenticator()
    const token = forgery()
    expect(await outcomeOf(token)).toBe('miss')
    expect(await outcomeOf(token)).toBe('refused')
    const [first, second] = [await refusalOf(auth, token), await refusalOf(auth, token)]
    expect(first).not.toBe(second)
    expect(first).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE', explanation: 'the signature does not fit' })
  })

  it('is tried again when the key set has changed', async () => {
    authenticator()
    const token = forgery()
    await outcomeOf(token)
    await issuer.rotate()
    await clock.advance(10)
    await auth.verify(issuer.tokenFor())
    expect(await outcomeOf(token)).toBe('miss')
  })

  it('stays known when the same key set comes in other words', async () => {
    const ownClock = createTestClock(Math.floor(clock.now() / 1000))
    authenticator({ clock: ownClock })
    const token = forgery()
    await outcomeOf(token)
    issuer.jwksText = JSON.stringify(issuer.jwks(), undefined, 2)
    await letRefresh(auth, ownClock)
    expect(await outcomeOf(token)).toBe('refused')
  })

  it('is known as such where the keys are pinned, too', async () => {
    const jwks = issuer.jwks()
    authenticator({ providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwks, jwksUri: null })] })
    const token = forgery()
    expect([await outcomeOf(token), await outcomeOf(token)]).toEqual(['miss', 'refused'])
  })

  it('does not crowd out known tokens', async () => {
    authenticator({ cache: { maxTokens: 1 } })
    const token = issuer.tokenFor()
    await auth.verify(token)
    for (let i = 0; i < 20; i += 1) await outcomeOf(forgery())
    expect(await outcomeOf(token)).toBe('hit')
  })

  it('is remembered within 4 MiB for all of them', async () => {
    authenticator()
    const long = () => forgery(issuer.tokenFor({ claims: { note: 'x'.repeat(11_000) } }))
    const [first, second] = [long(), long()]
    // Each takes 256 bytes beside itself.
    const most = Math.floor((4 * 1024 * 1024) / (first.length + 256))
    for (const token of [first, second]) await outcomeOf(token)
    for (let count = 2; count < most; count += 1) await outcomeOf(long())
    expect(await outcomeOf(first)).toBe('refused')
    await outcomeOf(long())
    expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['refused', 'miss'])
  })
})

describe('what is not remembered', () => {
  it('an outage', async () => {
    authenticator()
    issuer.fail('all', 'reset', { times: 1 })
    const token = issuer.tokenFor()
    expect(await refusalOf(auth, token)).toMatchObject({ status: 503 })
    await clock.advance(10)
    await auth.verify(token)
    expect(await outcomeOf(token)).toBe('hit')
  })

  it.each([
    ['expired', { expiresIn: -60 }],
    ['for another audience', { audience: 'x' }],
    ['of an unknown key', { header: { kid: 'unknown' } }],
    ['of a wrong type', { header: { typ: 'JWT' } }],
  ])('a refusal of a token that is %s', async (_, options) => {
    authenticator()
    const token = issuer.tokenFor(options)
    expect([await outcomeOf(token), await outcomeOf(token)]).toEqual(['miss', 'miss'])
  })

  it('a refusal by its provider, though all who ask at the same time get one', async () => {
    let asked = 0
    const verify = async () => {
      asked += 1
      return { active: false, explanation: 'never heard of it' } as const
    }
    authenticator({ providers: [{ ...opaque(), opaque: { verify } }] })
    const refusals = await Promise.all(Array.from({ length: 10 }, () => refusalOf(auth, 'opaque')))
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['ERR_TOKEN_INACTIVE']))
    expect([asked, outcomes]).toEqual([1, ['miss']])
    await refusalOf(auth, 'opaque')
    expect(asked).toBe(2)
  })

  it('a token of more than 8 KiB, though it is verified', async () => {
    authenticator({ providers: [opaque()] })
    const [longest, longer] = ['x'.repeat(8192), 'x'.repeat(8193)]
    await auth.verify(longest)
    await auth.verify(longer)
    expect([await outcomeOf(longest), await outcomeOf(longer)]).toEqual(['hit', 'miss'])
  })

  it('anything, with cache: false', async () => {
    authenticator({ cache: false })
    const token = issuer.tokenFor()
    expect([await outcomeOf(token), await outcomeOf(token)]).toEqual([undefined, undefined])
    expect(await auth.verify(token)).not.toBe(await auth.verify(token))
    await auth.revoke({ token })
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})

describe('the bounds of the cache', () => {
  it('hold for the number of tokens: the one not asked for longest goes', async () => {
    authenticator({ cache: { maxTokens: 2 } })
    const [first, second, third] = ['a', 'b', 'c'].map((subject) => issuer.tokenFor({ subject })) as [
      string,
      string,
      string,
    ]
    for (const token of [first, second, first, third]) await auth.verify(token)
    expect([await outcomeOf(first), await outcomeOf(third), await outcomeOf(second)]).toEqual(['hit', 'hit', 'miss'])
  })

  it('hold for the bytes they take', async () => {
    const token = () => issuer.tokenFor({ claims: { note: 'x'.repeat(2000) } })
    authenticator({ cache: { maxBytes: 100_000 } })
    const tokens = Array.from({ length: 6 }, token)
    for (const one of tokens) await auth.verify(one)
    const known = []
    for (const one of tokens.reverse()) known.push(await outcomeOf(one))
    // Each takes its length, what it says once more, and all that five times, for the garbage.
    expect(known.slice(0, 2)).toEqual(['hit', 'hit'])
    expect(known.at(-1)).toBe('miss')
  })

  it('hold for what a token makes, which is more than its length', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `role-${index}`)
    authenticator({ cache: { maxBytes: 500_000 } })
    const tokens = Array.from({ length: 6 }, (_, index) => issuer.tokenFor({ subject: `${index}`, roles: many }))
    for (const one of tokens) await auth.verify(one)
    const known = []
    for (const one of tokens.reverse()) known.push(await outcomeOf(one))
    // A role of a token takes some 300 bytes, five times.
    expect(known).toEqual(['hit', 'hit', 'miss', 'miss', 'miss', 'miss'])
  })

  it.each<[string, unknown, number]>([
    ['a text of ASCII', 'x'.repeat(20_000), 20_000],
    ['a text of other letters, two bytes each', '\u20ac'.repeat(10_000), 20_000],
    ['numbers', Array.from({ length: 1000 }, (_, index) => index), 28_000],
    ['nothing', Array.from({ length: 1000 }, () => null), 28_000],
    ['things', Array.from({ length: 250 }, () => ({})), 21_000],
  ])('hold for claims of any kind: %s', async (_, note, bytes) => {
    authenticator({ providers: [opaque({ note })], cache: { maxBytes: bytes * 5 * 2.5 } })
    for (const token of ['first', 'second', 'third']) expect(await outcomeOf(token)).toBe('miss')
    expect([await outcomeOf('third'), await outcomeOf('second'), await outcomeOf('first')]).toEqual([
      'hit',
      'hit',
      'miss',
    ])
  })
})
