import { createTestClock, createTestIssuer, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
  createRevocationList,
  type Provider,
  type RevocationList,
  type RevocationRequest,
  type VerifiedToken,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { withoutSignature } from '../src/without-signature.ts'
import { refusalOf } from './support/tokens.ts'

const clock = createTestClock()
const now = () => Math.floor(clock.now() / 1000)
let issuer: TestIssuer
let other: TestIssuer
let auth: Authenticator

beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
  other = await createTestIssuer({ clock })
})
afterEach(() => auth?.close())
afterAll(() => Promise.all([issuer.close(), other.close()]))

const provider = (of: TestIssuer, name: string) =>
  oidc({
    name,
    issuer: of.issuer,
    audience: of.audience,
    requiredClaims: ['sub'],
    issuerAliases: [`${of.issuer}/alias`],
  })

function authenticator(
  options: Pick<AuthenticatorOptions, 'revocations' | 'maxTokenLifetime' | 'clockTolerance'> = {},
): Authenticator {
  const providers = [provider(issuer, 'shop'), provider(other, 'partner')]
  auth = createAuthenticator({ providers, clock, ...options })
  return auth
}

const good = (token: string) => auth.verify(token).then(() => true)
const revoked = async (token: string) => (await refusalOf(auth, token)).code === 'ERR_TOKEN_REVOKED'
const of = (subject: string, more: TokenOptions = {}) => issuer.tokenFor({ subject, ...more })

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

describe('what is revoked', () => {
  const claims = (jti: string | undefined, sid?: string) => ({ claims: { jti, sid } })

  it.each<[string, (token: string) => RevocationRequest]>([
    ['token', (token) => ({ token })],
    ['tokenId', () => ({ tokenId: 'id-1' })],
    ['tokenId of a provider', () => ({ tokenId: 'id-1', provider: 'shop' })],
    ['session', () => ({ session: 's-1' })],
    ['session of a provider', () => ({ session: 's-1', provider: 'shop' })],
    ['subject', () => ({ subject: 'alice', provider: 'shop' })],
    ['subject, by the issuer', () => ({ subject: 'alice', provider: issuer.issuer })],
    ['provider', () => ({ provider: 'shop' })],
    ['provider, by the issuer', () => ({ provider: issuer.issuer })],
  ])('is refused from then on, by its %s', async (kind, request) => {
    authenticator()
    const token = of('alice', claims('id-1', 's-1'))
    const foreign = other.tokenFor({ subject: 'alice', ...claims('id-2', 's-2') })
    const bystander = of('bob', claims('id-3', 's-3'))
    for (const one of [token, foreign, bystander]) await good(one)
    await auth.revoke(request(token))
    const error = await refusalOf(auth, token)
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_REVOKED',
      status: 401,
      explanation: 'shop: the token has been revoked',
    })
    expect(await good(foreign)).toBe(true)
    if (!kind.startsWith('provider')) expect(await good(bystander)).toBe(true)
    expect(auth.health().revocations).toBe(1)
  })

  it('is refused though it comes by an alias of its issuer', async () => {
    authenticator()
    await auth.revoke({ subject: 'alice', provider: 'shop' })
    expect(await revoked(of('alice', { claims: { iss: `${issuer.issuer}/alias` } }))).toBe(true)
  })

  it.each([
    ['a token id', { tokenId: 'same' }],
    ['a session', { session: 'same' }],
  ])('%s without a provider is one of any; with one, of that alone', async (_, request) => {
    const tokens = [
      of('alice', claims('same', 'same')),
      other.tokenFor({ subject: 'bob', ...claims('same', 'same') }),
    ] as const
    authenticator()
    await auth.revoke({ ...request, provider: 'partner' } as RevocationRequest)
    expect([await good(tokens[0]), await revoked(tokens[1])]).toEqual([true, true])
    await auth.revoke(request as RevocationRequest)
    expect([await revoked(tokens[0]), await revoked(tokens[1])]).toEqual([true, true])
  })

  it('a subject is a person of one issuer: the same name elsewhere is somebody else', async () => {
    authenticator()
    await auth.revoke({ subject: 'alice', provider: 'partner' })
    expect([await good(of('alice')), await revoked(other.tokenFor({ subject: 'alice' }))]).toEqual([true, true])
  })

  it('a token with a jti is kept by that, and not by what it is made of', async () => {
    const added: unknown[] = []
    const list = createRevocationList({ clock })
    authenticator({ revocations: { ...list, size: 0, add: async (one) => void added.push(one) } })
    const withId = of('alice', claims('id-9'))
    const without = of('alice', claims(undefined))
    await auth.revoke({ token: withId })
    await auth.revoke({ token: without })
    expect(added).toEqual([
      { kind: 'tokenId', id: 'id-9', issuer: issuer.issuer, until: now() + 3600 + 5 },
      { kind: 'token', token: without.slice(0, without.lastIndexOf('.')), until: now() + 3600 + 5 },
    ])
  })

  it('a token is not taken for another of the same user', async () => {
    authenticator()
    const [one, two] = [of('alice', claims(undefined)), of('alice', { ...claims(undefined), expiresIn: 3601 })]
    await auth.revoke({ token: one })
    expect([await revoked(one), await good(two)]).toEqual([true, true])
  })

  it.each<[string, () => string]>([
    ['that has expired', () => of('alice', { expiresIn: -60 })],
    ['that is forged', () => `${withoutSignature(of('alice'))}.${'A'.repeat(86)}`],
    ['that is no token', () => 'no-token'],
    ['of another audience', () => of('alice', { audience: 'x' })],
  ])('nothing is kept for a token %s, which is refused anyway', async (_, token) => {
    authenticator()
    await auth.revoke({ token: token() })
    expect(auth.health().revocations).toBe(0)
  })

  it('a token for later is refused when its time has come', async () => {
    authenticator()
    const token = of('alice', { claims: { nbf: now() + 60 } })
    await auth.revoke({ token })
    await clock.advance(60)
    expect(await revoked(token)).toBe(true)
  })
})

it('a token of a key that is not known yet is refused when the key is', async () => {
  const rotating = await createTestIssuer({ clock })
  auth = createAuthenticator({ providers: [provider(rotating, 'shop')], clock })
  const stray = rotating.sign({ alg: 'ES256', typ: 'at+jwt', kid: 'unknown' }, { ...claimsOf(rotating.tokenFor()) })
  expect(await refusalOf(auth, stray)).toMatchObject({ code: 'ERR_TOKEN_KEY' })
  await rotating.rotate()
  const [token, other] = [rotating.tokenFor(), rotating.tokenFor()]
  // In the cool-down nobody is asked.
  expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_KEY' })
  await auth.revoke({ token })
  await clock.advance(11)
  expect([await good(other), await revoked(token)]).toEqual([true, true])
  await rotating.close()
})

describe('issuedBefore', () => {
  it('is the end of the present second by default', async () => {
    authenticator()
    const [old, ofNow] = [of('alice', { issuedAt: now() - 60 }), of('alice')]
    await auth.revoke({ subject: 'alice', provider: 'shop' })
    await clock.advance(1.1)
    expect([await revoked(old), await revoked(ofNow), await good(of('alice'))]).toEqual([true, true, true])
  })

  it('spares tokens issued at that second, and revokes those of the second before', async () => {
    authenticator()
    const at = now() - 100
    await auth.revoke({ subject: 'alice', provider: 'shop', issuedBefore: at })
    const issuedAt = (time: number) => of('alice', { issuedAt: time })
    expect([await revoked(issuedAt(at - 1)), await good(issuedAt(at)), await good(issuedAt(at + 1))]).toEqual([
      true,
      true,
      true,
    ])
  })

  it('may lie ahead: tokens issued until then are refused too', async () => {
    authenticator()
    await auth.revoke({ provider: 'shop', issuedBefore: now() + 60 })
    await clock.advance(59)
    expect(await revoked(of('alice'))).toBe(true)
    await clock.advance(1.1)
    expect(await good(of('alice'))).toBe(true)
  })

  it.each(['subject', 'provider'])('revokes a token that does not tell when it was issued, by its %s', async (kind) => {
    authenticator()
    const request = { provider: 'shop', issuedBefore: now() - 9999, ...(kind === 'subject' && { subject: 'alice' }) }
    await auth.revoke(request)
    expect(await revoked(of('alice', { claims: { iat: undefined } }))).toBe(true)
    expect(await good(of('alice'))).toBe(true)
  })

  it('of an earlier time does not take back a later one', async () => {
    authenticator()
    const token = of('alice')
    await auth.revoke({ subject: 'alice', provider: 'shop' })
    await auth.revoke({ subject: 'alice', provider: 'shop', issuedBefore: now() - 1000 })
    expect(await revoked(token)).toBe(true)
    expect(auth.health().revocations).toBe(1)
  })
})

describe('a revocation is kept', () => {
  it('until its token has ended, and forgotten within a minute after', async () => {
    authenticator()
    const token = of('alice', { expiresIn: 600, claims: { jti: undefined } })
    await auth.revoke({ token })
    await clock.advance(604)
    expect(await revoked(token)).toBe(true)
    await clock.advance(61)
    expect(auth.health().revocations).toBe(0)
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  })

  it.each<[string, RevocationRequest]>([
    ['a subject', { subject: 'alice', provider: 'shop' }],
    ['a provider', { provider: 'shop' }],
    ['a session', { session: 's-1' }],
    ['a token id', { tokenId: 'id-1' }],
  ])('of %s as long as each token of it could live', async (_, request) => {
    authenticator({ maxTokenLifetime: 7200, clockTolerance: 120 })
    // The tolerance counts when it is said how long a token lives, and when it ends.
    const token = of('alice', { expiresIn: 7320, claims: { jti: 'id-1', sid: 's-1' } })
    await auth.revoke(request)
    await clock.advance(7439)
    expect(await revoked(token)).toBe(true)
    await clock.advance(62)
    expect(auth.health().revocations).toBe(0)
  })

  it('until the time that is said, and no longer than any token lives', async () => {
    authenticator({ maxTokenLifetime: 7200 })
    await auth.revoke({ tokenId: 'short', expiresAt: now() + 60 })
    await auth.revoke({ tokenId: 'long', expiresAt: now() + 400 * 86_400 })
    await clock.advance(126)
    expect(auth.health().revocations).toBe(1)
    await clock.advance(7200)
    expect(auth.health().revocations).toBe(0)
  })

  it('however many there are: 100,000', async () => {
    const list = createRevocationList({ clock })
    const issuedAt = now() - 60
    const verified = (more: object) => ({ issuer: 'a', user: { id: 'bob' }, issuedAt, ...more }) as VerifiedToken
    const until = now() + 3600
    for (let i = 0; i < 100_000; i += 1) {
      if (i % 4 === 0) await list.add({ kind: 'token', token: `t-${i}`, until })
      if (i % 4 === 1) await list.add({ kind: 'tokenId', id: `t-${i}`, issuer: 'a', until })
      if (i % 4 === 2) await list.add({ kind: 'session', id: `t-${i}`, until })
      if (i % 4 === 3) await list.add({ kind: 'subject', subject: `t-${i}`, issuer: 'a', issuedBefore: now(), until })
    }
    await clock.advance(3599)
    expect(list.size).toBe(100_000)
    for (let i = 0; i < 100_000; i += 4) {
      const all = [
        list.isRevoked(`t-${i}`, verified({})),
        list.isRevoked('t', verified({ tokenId: `t-${i + 1}` })),
        list.isRevoked('t', verified({ session: `t-${i + 2}` })),
        list.isRevoked('t', verified({ user: { id: `t-${i + 3}` } })),
      ]
      if (all.includes(false)) throw new Error(`one near ${i} was forgotten`)
    }
    expect(list.isRevoked('t-1', verified({ tokenId: 't-2', session: 't-1', user: { id: 't-0' } }))).toBe(false)
    await clock.advance(61)
    expect(list.size).toBe(0)
    await list.close()
  })

  it('for the longer of two times', async () => {
    const list = createRevocationList({ clock })
    const until = now() + 600
    for (const end of [until, now() + 60]) {
      await list.add({ kind: 'token', token: 't', until: end })
      await list.add({ kind: 'tokenId', id: 't', until: end })
      await list.add({ kind: 'subject', subject: 't', issuer: 'a', issuedBefore: 1, until: end })
      await list.add({ kind: 'provider', issuer: 'a', issuedBefore: 1, until: end })
    }
    await clock.advance(300)
    expect(list.size).toBe(4)
    await clock.advance(400)
    expect(list.size).toBe(0)
    await list.close()
  })
})

it('a wall clock that is set ahead, and back again, makes nothing forgotten', async () => {
  authenticator()
  const token = of('alice', { claims: { jti: 'id-1' } })
  await auth.revoke({ token })
  const time = now()
  clock.set(time + 30 * 86_400)
  await clock.advance(61)
  clock.set(time + 61)
  expect(await revoked(token)).toBe(true)
})

describe('a list that cannot tell others', () => {
  const added: string[] = []
  const lost = new AuthError('ERR_REVOCATION_UNAVAILABLE')
  const failing: RevocationList = {
    isRevoked: () => false,
    async add(one) {
      added.push(one.kind)
      throw lost
    },
    size: 0,
    close: async () => {},
  }

  it('is told of all issuers of a provider all the same', async () => {
    added.length = 0
    auth = createAuthenticator({
      providers: [provider(issuer, 'shop'), provider(other, 'shop')],
      clock,
      revocations: failing,
    })
    await expect(auth.revoke({ subject: 'alice', provider: 'shop' })).rejects.toBe(lost)
    expect(added).toEqual(['subject', 'subject'])
  })

  it('does not keep a token alive at its provider', async () => {
    const ended: string[] = []
    const opaque: Provider = {
      name: 'opaque',
      issuer: 'https://id.example.com',
      opaque: { verify: async () => ({ active: true, claims: {}, user: { id: 'alice' } }) },
      revoke: async ({ token }) => ended.push(token) > 0,
    }
    auth = createAuthenticator({ providers: [opaque], clock, revocations: failing })
    await expect(auth.revoke({ token: 'an-opaque-token' })).rejects.toBe(lost)
    expect(ended).toEqual(['an-opaque-token'])
  })
})

describe('revoke', () => {
  it.each<[unknown, string]>([
    [undefined, 'revoke: must name one of token, tokenId, session, subject, provider'],
    [null, 'revoke: must name one of token'],
    ['a token', 'revoke: must name one of token'],
    [{}, 'revoke: must name one of token'],
    [{ token: '' }, 'revoke: option token: must not be empty'],
    [{ token: undefined }, 'option token: must be a text'],
    [{ tokenId: '' }, 'option tokenId: must not be empty'],
    [{ session: 5 }, 'option session: must be a text'],
    [{ subject: undefined, provider: 'shop' }, 'option subject: must be a text'],
    [{ subject: 'alice' }, 'option provider: must be a text'],
    [{ subject: 'alice', provider: 'nobody' }, 'revoke: there is no provider "nobody"'],
    [{ tokenId: 'id-1', provider: 'nobody' }, 'there is no provider "nobody"'],
    [{ provider: '' }, 'option provider: must not be empty'],
    [{ sub: 'alice', provider: 'shop' }, 'unknown option sub'],
    [{ user: 'alice', provider: 'shop' }, 'unknown option user'],
    [{ token: 'a', tokenId: 'b' }, 'unknown option tokenId'],
    [{ subject: 'alice', provider: 'shop', issuedBefore: Date.now() }, 'issuedBefore: must be a time in seconds'],
    [{ subject: 'alice', provider: 'shop', issuedBefore: Number.NaN }, 'issuedBefore: must be a time in seconds'],
    [{ subject: 'alice', provider: 'shop', issuedBefore: '1700000000' }, 'issuedBefore: must be a time in seconds'],
    [{ tokenId: 'id-1', expiresAt: 3600 }, 'expiresAt: must be a time in seconds'],
    [{ tokenId: 'id-1', expiresAt: new Date() }, 'expiresAt: must be a time in seconds'],
  ])('of %j throws, and revokes nothing: %s', async (request, fault) => {
    authenticator()
    const message = expect.stringContaining(fault)
    await expect(auth.revoke(request as never)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID', message })
    expect(auth.health().revocations).toBe(0)
    expect(await good(of('alice'))).toBe(true)
  })

  it.each([
    ['add', async () => auth.revoke({ session: 's-1' })],
    ['isRevoked', async () => auth.verify(of('alice'))],
  ])('and verify fail as the list does (%s)', async (_, act) => {
    const lost = new AuthError('ERR_REVOCATION_UNAVAILABLE', { retryAfter: 3 })
    const fail = () => {
      throw lost
    }
    authenticator({ revocations: { isRevoked: fail, add: async () => fail(), size: 0, close: async () => {} } })
    await expect(act()).rejects.toBe(lost)
    expect([lost.status, lost.headers]).toEqual([503, { 'Retry-After': '3' }])
  })
})
