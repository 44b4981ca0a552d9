import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator, type Provider } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { refusalOf } from './support/tokens.ts'

let issuer: TestIssuer
const made: Authenticator[] = []

beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(async () => {
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})
afterAll(() => issuer.close())

function provider(options: Partial<OidcOptions> = {}): Provider {
  return oidc({ issuer: issuer.issuer, audience: issuer.audience, ...options })
}

function authenticator(providers: readonly Provider[] = [provider()]): Authenticator {
  const auth = createAuthenticator({ providers })
  made.push(auth)
  return auth
}

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

  it('is none for an issuer that begins like one and ends like another: the nearest has more in common', async () => {
    const near = ['https://auth.internal.example/x', 'https://id.example.com/realms/shop-of-the-north']
    const providers = near.map((one, at) => provider({ name: `n${at}`, issuer: one }))
    const token = issuer.tokenFor({ claims: { iss: 'https://auth.internal/realms/shop-of-the-north' } })
    expect((await refusalOf(authenticator(providers), token)).explanation).toContain(`the nearest is "${near[1]}"`)
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
