import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock, createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator, type JwtProfile, type Provider } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { refusalOf } from './support/tokens.ts'
import { countSignatures } from './support/verifications.ts'

let issuer: TestIssuer
const made: Authenticator[] = []

beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(async () => {
  issuer.heal()
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})
afterAll(() => issuer.close())

function provider(options: Partial<OidcOptions> = {}): Provider {
  return oidc({
    issuer: issuer.issuer,
    audience: issuer.audience,
    rolesFrom: 'roles',
    permissionsFrom: 'permissions',
    ...options,
  })
}

function authenticator(providers: readonly Provider[] = [provider()], more = {}): Authenticator {
  const auth = createAuthenticator({ providers, ...more })
  made.push(auth)
  return auth
}

describe('a verified token', () => {
  const token = () =>
    issuer.tokenFor({
      subject: 'alice',
      email: 'alice@example.com',
      name: 'Alice',
      roles: ['admin'],
      permissions: ['machine:delete', 'machine:delete'],
      scopes: ['read', 'write'],
      claims: { jti: 'id-1', sid: 'session-1' },
    })

  it('makes a user', async () => {
    expect((await authenticator().verify(token())).user).toEqual({
      id: 'alice',
      provider: 'oidc',
      issuer: issuer.issuer,
      email: 'alice@example.com',
      name: 'Alice',
      roles: [{ id: 'admin', name: 'admin', permissions: [] }],
      permissions: ['machine:delete'],
      scopes: ['read', 'write'],
    })
  })

  it('tells what it says, and when it ends', async () => {
    const { claims, user, ...rest } = await authenticator().verify(token())
    expect(claims).toMatchObject({ sub: 'alice', jti: 'id-1', aud: issuer.audience })
    const { iat: issuedAt, exp: expiresAt } = claims
    expect(rest).toEqual({
      provider: 'oidc',
      issuer: issuer.issuer,
      tokenId: 'id-1',
      session: 'session-1',
      issuedAt,
      expiresAt,
    })
  })

  it('is told of without itself', async () => {
    const told: unknown[] = []
    const listen = (message: unknown) => told.push(message)
    subscribe('claviger:verify', listen)
    const auth = authenticator()
    const one = token()
    await auth.verify(one)
    await auth.verify(one)
    unsubscribe('claviger:verify', listen)
    expect(told).toEqual([{ provider: 'oidc', issuer: issuer.issuer, kind: 'jwt', milliseconds: expect.any(Number) }])
  })

  it('is verified once for all who ask at the same time, and costs the issuer two documents', async () => {
    issuer.resetCounts()
    const auth = authenticator()
    const one = token()
    const all = await Promise.all(Array.from({ length: 100 }, () => auth.verify(one)))
    expect(new Set(all).size).toBe(1)
    expect([issuer.requests('discovery'), issuer.requests('jwks'), issuer.requests()]).toEqual([1, 1, 2])
  })

  it.each([undefined, null, 5, {}, ['a'], Buffer.from('a')])('is a text: %p is refused', async (odd) => {
    expect(await refusalOf(authenticator(), odd as never)).toMatchObject({ code: 'ERR_TOKEN_MALFORMED', status: 401 })
  })
})

it.each(['organization_id', 'constructor', 'toString', '__proto__'])(
  'has each claim that is required: %s',
  async (claim) => {
    const auth = authenticator([provider({ requiredClaims: [claim] })])
    const error = await refusalOf(auth, issuer.tokenFor())
    expect(error).toMatchObject({ code: 'ERR_TOKEN_CLAIMS', explanation: `the claim ${claim} is missing` })
  },
)

describe('a rule of one’s own (validate)', () => {
  const verify = (validate: unknown, token = issuer.tokenFor()) =>
    authenticator([provider({ validate: validate as never })]).verify(token)

  it('lets pass by giving nothing, and sees claims that it cannot change', async () => {
    const seen: Record<string, unknown>[] = []
    await verify(async (claims: Record<string, unknown>) => void seen.push(claims))
    expect(seen).toMatchObject([{ sub: 'alice' }])
    expect(() => Object.assign(seen[0] ?? {}, { sub: 'root' })).toThrow(TypeError)
  })

  it.each(['not today', '', true, false, null, 0, {}, ['no']])('refuses by giving %p', async (answer) => {
    await expect(verify(() => answer)).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED', status: 401 })
    await expect(verify(async () => answer)).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
  })

  it('is told in the log with the name of its provider', async () => {
    await expect(verify(() => 'not on a Sunday')).rejects.toMatchObject({ explanation: 'oidc: not on a Sunday' })
  })

  it('fails as itself, and the token is not let pass', async () => {
    const broken = () => {
      throw new RangeError('the list is away')
    }
    await expect(verify(broken)).rejects.toThrow(new RangeError('the list is away'))
  })

  it('is not asked about tokens that are refused anyway', async () => {
    let asked = 0
    const validate = () => {
      asked += 1
    }
    const [header, payload] = issuer.tokenFor().split('.')
    await expect(verify(validate, `${header}.${payload}.${'A'.repeat(86)}`)).rejects.toMatchObject({ status: 401 })
    await expect(verify(validate, issuer.tokenFor({ expiresIn: -60 }))).rejects.toMatchObject({ status: 401 })
    await expect(verify(validate, issuer.tokenFor({ audience: 'x' }))).rejects.toMatchObject({ status: 401 })
    expect(asked).toBe(0)
  })
})

describe('a provider of one’s own, as data', () => {
  const own = (jwt: Partial<JwtProfile>): Provider => {
    const { jwt: profile, ...rest } = provider()
    return { ...rest, jwt: { ...(profile as JwtProfile), ...jwt } }
  }

  it('may take ID tokens, if it says so twice: by their typ, and as such', async () => {
    const token = issuer.idTokenFor({ audience: issuer.audience, claims: { nonce: 'n-1' } })
    const profile = { tokenTypes: ['JWT'], requiredClaims: [] }
    expect(await refusalOf(authenticator([own(profile)]), token)).toMatchObject({ code: 'ERR_TOKEN_TYPE' })
    await authenticator([own({ ...profile, idTokens: true })]).verify(token)
  })

  it('may name its users by another claim; sub has to be a text all the same', async () => {
    const auth = authenticator([own({ user: ({ uid }) => ({ id: String(uid) }) })])
    const claims = { uid: 'u-1' }
    expect((await auth.verify(issuer.tokenFor({ claims }))).user.id).toBe('u-1')
    const odd = issuer.tokenFor({ claims: { ...claims, sub: 5 } })
    expect(await refusalOf(auth, odd)).toMatchObject({ code: 'ERR_TOKEN_CLAIMS', explanation: 'sub is not a text' })
  })

  it('may look at each audience itself: one that is good will do', async () => {
    const auth = authenticator([own({ audience: (audience) => audience.startsWith('urn:shop:') })])
    await auth.verify(issuer.tokenFor({ audience: ['https://other.example', 'urn:shop:1'] }))
    const foreign = issuer.tokenFor({ audience: ['https://other.example', 'urn:office:1'] })
    expect(await refusalOf(auth, foreign)).toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
  })

  it('may bind its users to an organization', async () => {
    const auth = authenticator([own({ user: () => ({ id: 'alice', organization: 'o1', boundTo: 'o1' }) })])
    expect(await auth.verify(issuer.tokenFor())).toMatchObject({ boundTo: 'o1', user: { organization: 'o1' } })
  })
})

describe('a key that changes in between', () => {
  const nameless = () => issuer.tokenFor({ header: { kid: undefined } })

  it('is found for a token that names none, by one look at the issuer', async () => {
    const auth = authenticator()
    await auth.verify(nameless())
    await issuer.rotate()
    issuer.resetCounts()
    await auth.verify(nameless())
    expect(issuer.requests('jwks')).toBe(1)
  })

  it('is not looked for when the token names a key that is known', async () => {
    const auth = authenticator()
    await auth.verify(issuer.tokenFor())
    issuer.resetCounts()
    const [header, payload] = issuer.tokenFor().split('.')
    const forged = `${header}.${payload}.${'A'.repeat(86)}`
    expect(await refusalOf(auth, forged)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    expect(issuer.requests()).toBe(0)
  })

  it('costs one verification more: keys that did not fit are not tried again', async () => {
    const auth = authenticator()
    await auth.verify(issuer.tokenFor())
    const before = issuer.jwks().keys.length
    const [, payload] = issuer.tokenFor().split('.')
    const header = Buffer.from('{"alg":"ES256","typ":"at+jwt"}').toString('base64url')
    await issuer.rotate()
    const signatures = countSignatures()
    await refusalOf(auth, `${header}.${payload}.${'A'.repeat(86)}`)
    signatures.end()
    expect(signatures.take()).toBe(before + 1)
  })

  it('does not count when it is purged while it verifies', async () => {
    const auth = authenticator()
    await auth.verify(issuer.tokenFor())
    const running = refusalOf(auth, issuer.tokenFor())
    while (auth.health().admission?.running === 0) await null
    auth.purge(issuer.issuer)
    expect(await running).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })
})

it('costs an issuer that is down few fetches, and says 503', async () => {
  const clock = createTestClock()
  const auth = authenticator([provider()], { clock })
  issuer.resetCounts()
  issuer.fail('jwks', 'reset')
  const results = await Promise.allSettled(Array.from({ length: 200 }, () => auth.verify(issuer.tokenFor())))
  expect(results.every((result) => result.status === 'rejected' && result.reason.status === 503)).toBe(true)
  expect(issuer.requests('jwks')).toBe(1)
  issuer.heal()
  await clock.advance(10)
  await auth.verify(issuer.tokenFor())
})
