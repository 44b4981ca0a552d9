import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer, createTestKey, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'

let issuer: TestIssuer
let folder: string
const made: Authenticator[] = []

beforeAll(async () => {
  issuer = await createTestIssuer({ algorithms: ['ES256', 'RS256', 'EdDSA'] })
  folder = mkdtempSync(join(tmpdir(), 'claviger-'))
})
beforeEach(() => issuer.resetCounts())
afterEach(async () => {
  issuer.heal()
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})
afterAll(async () => {
  await issuer.close()
  rmSync(folder, { recursive: true })
})

type Changes = { [Name in keyof OidcOptions]?: OidcOptions[Name] | undefined }

/** An authenticator of one provider; `undefined` leaves an option out. */
function authenticator(changes: Changes = {}, more = {}): Authenticator {
  const given = { issuer: issuer.issuer, audience: issuer.audience, ...changes }
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const auth = createAuthenticator({ providers: [oidc(options as unknown as OidcOptions)], ...more })
  made.push(auth)
  return auth
}

const verify = (changes: Changes, token: TokenOptions) => authenticator(changes).verify(issuer.tokenFor(token))

describe('issuer, issuerAliases and name', () => {
  it('take the token of an alias for one of the issuer', async () => {
    const auth = authenticator({ issuerAliases: ['http://keycloak:8080/realms/shop'], name: 'shop' })
    for (const iss of [issuer.issuer, 'http://keycloak:8080/realms/shop']) {
      const { user, claims } = await auth.verify(issuer.tokenFor({ claims: { iss } }))
      expect(user).toMatchObject({ id: 'alice', provider: 'shop', issuer: issuer.issuer })
      expect(claims.iss).toBe(iss)
    }
  })

  it.each([
    ['a slash more', (iss: string) => `${iss}/`],
    ['capitals', (iss: string) => iss.toUpperCase()],
    ['another path', (iss: string) => `${iss}/realms/other`],
    ['another host name', (iss: string) => iss.replace('127.0.0.1', 'localhost')],
  ])('refuse an issuer with %s', async (_, change) => {
    await expect(verify({}, { claims: { iss: change(issuer.issuer) } })).rejects.toMatchObject({
      code: 'ERR_TOKEN_ISSUER',
    })
    expect(issuer.requests('discovery')).toBe(0)
  })
})

describe('audience', () => {
  it.each([
    ['the one', 'https://api.example.test', 'https://api.example.test'],
    ['one of several', ['a', 'b'], 'b'],
    ['one among others of the token', 'b', ['a', 'b', 'c']],
    ['any, for null', null, 'anything'],
    ['none, for null', null, undefined],
  ])('takes %s', async (_, audience, aud) => {
    await expect(verify({ audience }, { claims: { aud } })).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it.each([
    ['another', 'api', 'other', 'ERR_TOKEN_AUDIENCE'],
    ['a beginning of it', 'api', 'ap', 'ERR_TOKEN_AUDIENCE'],
    ['several others', ['api'], ['a', 'b'], 'ERR_TOKEN_AUDIENCE'],
    ['an empty list', 'api', [], 'ERR_TOKEN_AUDIENCE'],
    ['none', 'api', undefined, 'ERR_TOKEN_CLAIMS'],
    ['an object with it', 'api', { api: true }, 'ERR_TOKEN_CLAIMS'],
    ['a list that is not of texts', 'api', ['api', 1], 'ERR_TOKEN_CLAIMS'],
  ])('refuses %s', async (_, audience, aud, code) => {
    await expect(verify({ audience }, { claims: { aud } })).rejects.toMatchObject({ code })
  })
})

describe('where the keys come from', () => {
  it('is what discovery says, by default', async () => {
    await verify({}, {})
    expect(issuer.requests('discovery')).toBe(1)
    expect(issuer.requests('jwks')).toBe(1)
  })

  it('is what discovery says at metadataUrl', async () => {
    const metadataUrl = `${issuer.issuer}/.well-known/oauth-authorization-server`
    await expect(verify({ metadataUrl }, {})).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(verify({ metadataUrl: issuer.jwksUri }, {})).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
  })

  it('is jwksUri, without discovery', async () => {
    await verify({ jwksUri: issuer.jwksUri }, {})
    expect(issuer.requests('discovery')).toBe(0)
  })

  it('is the next jwksUri where one does not answer', async () => {
    const jwksUri = [`${issuer.issuer}/elsewhere`, issuer.jwksUri]
    await expect(verify({ jwksUri }, {})).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it.each(['given as they are', 'in a file'])('is jwks until the first fetch (%s)', async (how) => {
    const path = join(folder, 'jwks.json')
    writeFileSync(path, JSON.stringify(issuer.jwks()))
    issuer.fail('jwks', 'reset')
    issuer.fail('discovery', 'reset')
    const auth = authenticator({ jwks: how === 'in a file' ? path : issuer.jwks() })
    await expect(auth.verify(issuer.tokenFor())).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(authenticator().verify(issuer.tokenFor())).rejects.toMatchObject({ status: 503 })
  })

  it.each(['given as they are', 'in a file'])('is jwks for good with jwksUri null (%s)', async (how) => {
    const path = join(folder, 'pinned.json')
    writeFileSync(path, JSON.stringify(issuer.jwks()))
    const auth = authenticator({ jwks: how === 'in a file' ? path : issuer.jwks(), jwksUri: null })
    await expect(auth.verify(issuer.tokenFor())).resolves.toMatchObject({ user: { id: 'alice' } })
    const stranger = await createTestKey('ES256')
    await expect(auth.verify(issuer.tokenFor({ key: stranger }))).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' })
    expect(issuer.requests('discovery') + issuer.requests('jwks')).toBe(0)
  })

  it('may be pinned where the issuer is no URL', async () => {
    const auth = authenticator({ issuer: 'the-old-monolith', jwks: issuer.jwks(), jwksUri: null })
    const token = issuer.tokenFor({ claims: { iss: 'the-old-monolith' } })
    await expect(auth.verify(token)).resolves.toMatchObject({ user: { issuer: 'the-old-monolith' } })
  })

  it.each(['HS256', 'HS384', 'HS512'] as const)('is secret, for %s', async (alg) => {
    const { secret } = issuer
    await expect(verify({ secret, algorithms: [alg] }, { alg })).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(verify({ secret: secret.toUpperCase(), algorithms: [alg] }, { alg })).rejects.toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    })
    await expect(verify({}, { alg })).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
    expect(issuer.requests('jwks')).toBe(0)
  })
})

describe('algorithms', () => {
  it.each(['ES256', 'RS256', 'EdDSA'] as const)('are all asymmetric ones by default, such as %s', async (alg) => {
    await expect(verify({}, { alg })).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it('are HS256 alone with a secret', async () => {
    const { secret } = issuer
    await expect(verify({ secret }, { alg: 'HS256' })).resolves.toMatchObject({ user: { id: 'alice' } })
    for (const alg of ['HS384', 'HS512', 'RS256'] as const) {
      await expect(verify({ secret }, { alg })).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
    }
  })

  it('are only those that are named', async () => {
    await expect(verify({ algorithms: ['ES256'] }, { alg: 'ES256' })).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(verify({ algorithms: ['ES256'] }, { alg: 'RS256' })).rejects.toMatchObject({
      code: 'ERR_TOKEN_ALGORITHM',
    })
  })
})

describe('tokenTypes', () => {
  it.each([
    ['at+jwt', undefined],
    ['AT+JWT', undefined],
    ['application/at+jwt', undefined],
    ['JWT', ['at+jwt', 'JWT']],
    [undefined, ['at+jwt', null]],
    ['access+token', ['access+token']],
  ])('take typ %j for %j', async (typ, tokenTypes) => {
    await expect(verify({ tokenTypes }, { header: { typ } })).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it.each([
    ['JWT', undefined],
    [undefined, undefined],
    [undefined, ['at+jwt', 'JWT']],
    ['JWT', ['at+jwt', null]],
    ['null', ['at+jwt', null]],
    ['logout+jwt', ['at+jwt', 'JWT', null]],
    ['dpop+jwt', ['at+jwt', 'JWT', null]],
  ])('refuse typ %j for %j, and the log says which option it is', async (typ, tokenTypes) => {
    await expect(verify({ tokenTypes }, { header: { typ } })).rejects.toMatchObject({
      code: 'ERR_TOKEN_TYPE',
      explanation: expect.stringContaining('option tokenTypes'),
    })
  })

  it.each([
    ['an ID token, by nonce', { nonce: 'n' }],
    ['an ID token, by at_hash', { at_hash: 'h' }],
    ['an ID token, by token_use', { token_use: 'id' }],
    ['an ID token, by typ', { typ: 'ID' }],
    ['a refresh token, by typ', { typ: 'Refresh' }],
    ['a logout token, by events', { events: {} }],
  ])('do not let in %s, where JWT is taken', async (_, claims) => {
    const tokenTypes = ['at+jwt', 'JWT']
    const header = { typ: 'JWT' }
    await expect(verify({ tokenTypes }, { header, claims })).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' })
    await expect(verify({ tokenTypes }, { header })).resolves.toMatchObject({ user: { id: 'alice' } })
  })
})

describe('requiredClaims', () => {
  it.each(['sub', 'aud', 'client_id', 'iat', 'jti', 'exp'])(
    'are those of RFC 9068 by default, such as %s',
    async (name) => {
      await expect(verify({}, { claims: { [name]: undefined } })).rejects.toMatchObject({
        code: 'ERR_TOKEN_CLAIMS',
        explanation: expect.stringContaining(name),
      })
    },
  )

  it('are sub, iat and exp alone where other types are taken', async () => {
    const tokenTypes = ['at+jwt', 'JWT']
    const fewer = { client_id: undefined, jti: undefined }
    await expect(verify({ tokenTypes }, { claims: fewer })).resolves.toMatchObject({ user: { id: 'alice' } })
    for (const name of ['sub', 'iat', 'exp']) {
      await expect(verify({ tokenTypes }, { claims: { ...fewer, [name]: undefined } })).rejects.toMatchObject({
        code: 'ERR_TOKEN_CLAIMS',
      })
    }
  })

  it('are what is named', async () => {
    const requiredClaims = ['sub', 'tenant']
    await expect(verify({ requiredClaims }, { claims: { tenant: 'a', jti: undefined } })).resolves.toBeDefined()
    await expect(verify({ requiredClaims }, {})).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
    await expect(verify({ requiredClaims: [] }, { claims: { exp: undefined } })).rejects.toMatchObject({
      code: 'ERR_TOKEN_CLAIMS',
    })
  })
})
