import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock, createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type Authenticator, createAuthenticator, type JwtProfile, type Provider } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { refusalOf } from './support/tokens.ts'

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

describe('which provider is asked', () => {
  it('is told by the issuer, exactly, and by the audience among those of one issuer', async () => {
    const other = await createTestIssuer()
    const auth = authenticator([
      provider({ name: 'shop' }),
      provider({ name: 'office', audience: 'https://office.example' }),
      oidc({ name: 'partner', issuer: other.issuer, audience: other.audience }),
    ])
    const nameOf = async (token: string) => (await auth.verify(token)).provider
    expect(await nameOf(issuer.tokenFor())).toBe('shop')
    expect(await nameOf(issuer.tokenFor({ audience: 'https://office.example' }))).toBe('office')
    expect(await nameOf(other.tokenFor())).toBe('partner')
    await other.close()
  })

  it('finds the provider of an alias, and calls the user one of the issuer', async () => {
    const auth = authenticator([provider({ issuerAliases: ['http://internal:8080'] })])
    const { user, claims } = await auth.verify(issuer.tokenFor({ claims: { iss: 'http://internal:8080' } }))
    expect([user.issuer, claims.iss]).toEqual([issuer.issuer, 'http://internal:8080'])
  })

  it('is none for another issuer, and nobody is called', async () => {
    issuer.resetCounts()
    const auth = authenticator()
    const token = issuer.tokenFor({ claims: { iss: 'https://attacker.example' } })
    const error = await refusalOf(auth, token)
    expect(error.code).toBe('ERR_TOKEN_ISSUER')
    expect(error.explanation).toMatch(
      /^no provider has the issuer "https:\/\/attacker.example" \(option issuerAliases\); /,
    )
    expect(issuer.requests()).toBe(0)
  })

  it.each([
    [
      'a slash too many',
      'https://id.example/a/',
      '"https://id.example/a": they differ at character 21, "/" for the end',
    ],
    ['a slash too few', 'https://id.example', '"https://id.example/": they differ at character 19, the end for "/"'],
    ['an internal host', 'http://keycloak/a', '"https://id.example/a": they differ at character 5, ":" for "s"'],
    ['another case', 'https://ID.example/', '"https://id.example/": they differ at character 9, "I" for "i"'],
  ])('is none for an issuer with %s, and the log tells the difference', async (_, iss, difference) => {
    const near = ['https://id.example/', 'https://id.example/a'].map((one, at) =>
      provider({ name: `n${at}`, issuer: one }),
    )
    const error = await refusalOf(authenticator(near), issuer.tokenFor({ claims: { iss } }))
    expect(error.explanation).toBe(
      `no provider has the issuer ${JSON.stringify(iss)} (option issuerAliases); the nearest is ${difference}`,
    )
    expect(error.headers['WWW-Authenticate']).toBe('Bearer error="invalid_token"')
  })

  it('is looked for among 20 issuers at the most', async () => {
    const explanationAmong = async (count: number) => {
      const many = Array.from({ length: count }, (_, at) =>
        provider({ name: `n${at}`, issuer: `https://id.example/${at}` }),
      )
      return (await refusalOf(authenticator(many), issuer.tokenFor({ claims: { iss: 'https://id.example/x' } })))
        .explanation
    }
    const unknown = 'no provider has the issuer "https://id.example/x" (option issuerAliases)'
    expect(await explanationAmong(20)).toContain(`${unknown}; the nearest is "https://id.example/0"`)
    expect(await explanationAmong(21)).toBe(unknown)
  })

  it('is none for a token that names no issuer, or none that is a text', async () => {
    for (const [iss, explanation] of [
      [undefined, 'the claim iss is missing'],
      [7, 'iss is not a text'],
      [[issuer.issuer], 'iss is not a text'],
    ]) {
      const error = await refusalOf(authenticator(), issuer.tokenFor({ claims: { iss } }))
      expect([error.code, error.explanation]).toEqual(['ERR_TOKEN_ISSUER', explanation])
    }
  })

  it.each([
    ['the one for whom the token is', { audience: 'https://office.example', expiresIn: -60 }, 'ERR_TOKEN_EXPIRED'],
    ['the first, where it is for neither', { audience: 'https://other.example' }, 'ERR_TOKEN_AUDIENCE'],
  ])('explains a refusal with the words of %s', async (_, options, code) => {
    const auth = authenticator([provider(), provider({ name: 'office', audience: 'https://office.example' })])
    expect(await refusalOf(auth, issuer.tokenFor(options))).toMatchObject({ code })
  })

  it('explains a refusal with the words of the first of those that came as far', async () => {
    const providers = ['shop', 'office'].map((name) => provider({ name, validate: () => 'not today' }))
    expect(await refusalOf(authenticator(providers), issuer.tokenFor())).toMatchObject({
      explanation: 'shop: not today',
    })
  })

  it('is not decided while one that might say yes cannot be asked', async () => {
    const down = provider({ name: 'down', jwksUri: `${issuer.issuer}/nothing-here` })
    for (const providers of [
      [down, provider({ validate: () => 'no' })],
      [provider({ validate: () => 'no' }), down],
    ]) {
      const error = await refusalOf(authenticator(providers), issuer.tokenFor())
      expect(error).toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
    }
    const either = authenticator([{ ...down, jwt: { ...down.jwt, validate: () => undefined } } as Provider, provider()])
    await either.verify(issuer.tokenFor())
  })
})

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
    const verifications = jest.spyOn(globalThis.crypto.subtle, 'verify')
    await refusalOf(auth, `${header}.${payload}.${'A'.repeat(86)}`)
    const times = verifications.mock.calls.length
    verifications.mockRestore()
    expect(times).toBe(before + 1)
  })

  it('does not count when it is purged while it verifies', async () => {
    const auth = authenticator()
    await auth.verify(issuer.tokenFor())
    const verifications = jest.spyOn(globalThis.crypto.subtle, 'verify')
    const running = refusalOf(auth, issuer.tokenFor())
    while (verifications.mock.calls.length === 0) await null
    auth.purge(issuer.issuer)
    verifications.mockRestore()
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
