import { createTestClock, createTestIssuer, createTestKey, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  createAuthenticator,
  type Provider,
  type Revocation,
  type RevocationList,
  type RevocationRequest,
} from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { withoutSignature } from '../src/without-signature.ts'

const clock = createTestClock()
const now = () => clock.now() / 1000
const maxTokenLifetime = 7200
const clockTolerance = 10
// Issued ahead of our clock, and ended behind it.
const acceptedFor = maxTokenLifetime + 2 * clockTolerance
const longest = () => now() + acceptedFor
let issuer: TestIssuer
let auth: Authenticator
/** What the list was told. */
let added: Revocation[]
/** Tokens that were ended at a provider, and at which. */
let ended: string[]

beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
})
afterEach(async () => {
  issuer.heal()
  await auth.close()
})
afterAll(() => issuer.close())

function authenticator(...providers: Provider[]): Authenticator {
  added = []
  ended = []
  const revocations: RevocationList = {
    isRevoked: () => false,
    add: async (revocation) => void added.push(revocation),
    size: 0,
    close: async () => {},
  }
  auth = createAuthenticator({ providers, clock, revocations, maxTokenLifetime, clockTolerance })
  return auth
}

const shop = (options: Partial<OidcOptions> = {}) =>
  oidc({ name: 'shop', issuer: issuer.issuer, audience: issuer.audience, requiredClaims: ['sub'], ...options })

const ends = (provider: Provider): Provider => ({
  ...provider,
  revoke: async ({ kind, token }) => ended.push(`${kind} ${token} at ${provider.name}`) > 0,
})

function opaque(name: string, verify: () => Promise<number | undefined>): Provider {
  return {
    name,
    issuer: `https://${name}.example.com`,
    opaque: {
      accepts: () => true,
      async verify() {
        const expiresAt = await verify()
        return { active: true, claims: {}, user: { id: 'alice' }, ...(expiresAt !== undefined && { expiresAt }) }
      },
    },
  }
}

describe('what the list is told', () => {
  const at = 1_900_000_000
  const [one, other] = ['https://one.example.com', 'https://other.example.com']
  const providers = () => [
    oidc({ name: 'twice', issuer: one, audience: 'a' }),
    oidc({ name: 'twice', issuer: one, audience: 'b' }),
    oidc({ name: 'twice', issuer: other, audience: 'a' }),
  ]

  it.each<[RevocationRequest, () => Revocation[]]>([
    [{ tokenId: 'i' }, () => [{ kind: 'tokenId', id: 'i', until: longest() }]],
    [{ tokenId: 'i', provider: one }, () => [{ kind: 'tokenId', id: 'i', issuer: one, until: longest() }]],
    [
      { session: 's', provider: 'twice' },
      () => [one, other].map((issuer) => ({ kind: 'session', id: 's', issuer, until: longest() })),
    ],
    [{ session: 's', expiresAt: at }, () => [{ kind: 'session', id: 's', until: at + clockTolerance }]],
    [{ session: 's', expiresAt: at + 9999 }, () => [{ kind: 'session', id: 's', until: longest() }]],
    [
      { subject: 'alice', provider: other },
      () => [{ kind: 'subject', subject: 'alice', issuer: other, issuedBefore: at + 1, until: longest() + 0.5 }],
    ],
    [
      { provider: other, issuedBefore: at - 60 },
      () => [{ kind: 'provider', issuer: other, issuedBefore: at - 60, until: longest() }],
    ],
    [
      { provider: 'twice', issuedBefore: at + 60 },
      () =>
        [one, other].map((issuer) => ({
          kind: 'provider',
          issuer,
          issuedBefore: at + 60,
          until: at + 60 + acceptedFor,
        })),
    ],
  ])('of %j', async (request, expected) => {
    clock.set(at + 0.5)
    authenticator(...providers())
    await auth.revoke(request)
    expect(added).toEqual(expected())
  })
})

describe('a token is kept in the list', () => {
  it.each<[string, Partial<OidcOptions>, () => unknown, TokenOptions?]>([
    ['that a function of the app refuses today', { validate: () => 'not today' }, () => {}],
    [
      'about which a function of the app fails',
      {
        validate() {
          throw new Error('broken')
        },
      },
      () => {},
    ],
    ['while its provider cannot be asked for its keys', {}, () => issuer.fail('all', 'reset')],
    ['of a key that its issuer may publish yet', {}, () => {}, { header: { kid: 'soon' } }],
  ])('%s', async (...[, options, happen, more]) => {
    authenticator(ends(shop(options)))
    happen()
    const token = issuer.tokenFor(more)
    await auth.revoke({ token })
    expect(added).toEqual([{ kind: 'token', token: withoutSignature(token), until: longest() }])
    expect(ended).toEqual([])
  })

  it('as long as it lives, and an opaque one as long as a token may: what its provider says may be put off', async () => {
    const end = Math.floor(now()) + 60
    authenticator(
      shop(),
      opaque('o', async () => end),
    )
    const token = issuer.tokenFor({ expiresIn: 100, claims: { jti: undefined } })
    await auth.revoke({ token })
    await auth.revoke({ token: 'opaque' })
    expect(added).toEqual([
      { kind: 'token', token: withoutSignature(token), until: Math.floor(now()) + 100 + clockTolerance },
      { kind: 'token', token: 'opaque', until: longest() },
    ])
  })

  it('where the second of two providers may take it yet, whatever the first says of it', async () => {
    // Without a name it may have signed any token.
    const { kid: _, ...unnamed } = (await createTestKey('ES256')).publicJwk
    const first = shop({ name: 'first', jwks: { keys: [unnamed] }, jwksUri: null })
    let refusal: string | undefined = 'not today'
    authenticator(first, shop({ validate: () => refusal }))
    const token = issuer.tokenFor()
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
    await auth.revoke({ token })
    expect(added).toEqual([{ kind: 'token', token: withoutSignature(token), until: longest() }])
    // Nor is it remembered as a forgery.
    refusal = undefined
    expect(await auth.verify(token)).toMatchObject({ provider: 'shop' })
  })

  it('where it is refused for its long life by the second, and for good by the first', async () => {
    authenticator(shop({ name: 'first', audience: 'other', tokenTypes: ['JWT'] }), shop({ requiredClaims: ['sub'] }))
    const token = issuer.tokenFor({ expiresIn: 3 * maxTokenLifetime, claims: { iat: undefined } })
    await auth.revoke({ token })
    expect(added).toHaveLength(1)
  })

  it('where an opaque one is refused today for its long life, for as long as a list can tell', async () => {
    const end = now() + 3 * maxTokenLifetime
    authenticator(opaque('o', async () => end))
    // The second looks like a JWT, and is none of anybody here.
    for (const token of ['opaque', issuer.tokenFor()]) {
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
      await auth.revoke({ token })
      expect(added).toEqual([{ kind: 'token', token: withoutSignature(token), until: 2 ** 32 - 1 }])
      added.length = 0
    }
  })

  it('where its issuer has issued it ahead of our clock, so that it seems to live too long', async () => {
    authenticator(shop())
    const at = Math.floor(now())
    const end = at + maxTokenLifetime + clockTolerance + 5
    const token = issuer.tokenFor({ claims: { iat: at + 8, exp: end } })
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
    await auth.revoke({ token })
    expect(added).toEqual([{ kind: 'token', token: withoutSignature(token), until: end + clockTolerance }])
    await clock.advance(10)
    expect(await auth.verify(token)).toMatchObject({ provider: 'shop' })
  })

  it('until its end, where it is refused today for its long life and would be good once it has aged', async () => {
    authenticator(shop())
    const expiresIn = 3 * maxTokenLifetime
    const token = issuer.tokenFor({ expiresIn, claims: { iat: undefined } })
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
    await auth.revoke({ token })
    const until = Math.floor(now()) + expiresIn + clockTolerance
    expect(added).toEqual([{ kind: 'token', token: withoutSignature(token), until }])
    // One that tells its issue lives too long for ever, and what nobody has signed is nothing.
    for (const one of [issuer.tokenFor({ expiresIn }), `${token.slice(0, -8)}AAAAAAAA`])
      await auth.revoke({ token: one })
    expect(added).toHaveLength(1)
    // While its keys cannot be had nobody knows when it ends.
    await auth.close()
    authenticator(shop())
    issuer.fail('all', 'reset')
    await auth.revoke({ token })
    expect(added).toEqual([{ kind: 'token', token: withoutSignature(token), until: longest() }])
  })

  it('without asking anybody where its provider has ended it already', async () => {
    issuer.resetCounts()
    authenticator(ends(shop()))
    const token = issuer.tokenFor()
    await auth.revoke({ token, upstream: false })
    expect([added, ended, issuer.requests()]).toEqual([
      [{ kind: 'token', token: withoutSignature(token), until: longest() }],
      [],
      0,
    ])
  })

  it('not in vain: the refusal of a list that is lost is told', async () => {
    const lost = new AuthError('ERR_REVOCATION_UNAVAILABLE')
    const revocations: RevocationList = {
      isRevoked: () => false,
      add: () => Promise.reject(lost),
      size: 0,
      close: async () => {},
    }
    auth = createAuthenticator({ providers: [shop({ validate: () => 'no' })], clock, revocations })
    await expect(auth.revoke({ token: issuer.tokenFor() })).rejects.toBe(lost)
    await expect(auth.revoke({ token: issuer.tokenFor(), upstream: false })).rejects.toBe(lost)
  })
})

describe('a token is ended at its provider', () => {
  it('by whichever provider of its issuer can, and by no other', async () => {
    const other = oidc({ name: 'other', issuer: 'https://other.example.com', audience: 'a' })
    authenticator(ends(other), shop(), ends(shop({ name: 'office', audience: 'office' })))
    const token = issuer.tokenFor()
    await auth.revoke({ token })
    expect(ended).toEqual([`accessToken ${token} at office`])
  })

  it('by the provider that takes it, where several of its issuer can', async () => {
    authenticator(ends(shop({ name: 'office', audience: 'office' })), ends(shop()))
    const token = issuer.tokenFor()
    await auth.revoke({ token })
    expect(ended).toEqual([`accessToken ${token} at shop`])
  })

  it('where one of them can at all', async () => {
    const other = oidc({ name: 'other', issuer: 'https://other.example.com', audience: 'a' })
    authenticator(ends(other), shop())
    await auth.revoke({ token: issuer.tokenFor() })
    expect([added.length, ended]).toEqual([1, []])
  })
})
