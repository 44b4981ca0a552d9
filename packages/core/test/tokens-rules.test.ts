import { createTestKey } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { type Profile, refusalOf, split, useForge } from './support/tokens.ts'

const forge = useForge()
const verify = (token: string, profile?: Profile) => forge().authenticator(profile).verify(token)
const codeOf = async (token: string, profile?: Profile) => (await refusalOf(forge().authenticator(profile), token)).code

/** An authenticator of its own, for as long as a test takes. */
async function withOptions<T>(options: Partial<OidcOptions>, use: (auth: ReturnType<typeof createAuthenticator>) => T) {
  const { issuer, clock } = forge()
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, ...options })
  const auth = createAuthenticator({ providers: [provider], clock })
  try {
    return await use(auth)
  } finally {
    await auth.close()
  }
}

describe('RFC 8725, JSON Web Token Best Current Practices', () => {
  it('3.1: only algorithms of our own list are used, never those a token asks for', async () => {
    const { token } = forge()
    expect(await codeOf(token(), 'RS256 only')).toBe('ERR_TOKEN_ALGORITHM')
    expect(await codeOf(token({}, { alg: 'none' }))).toBe('ERR_TOKEN_ALGORITHM')
  })

  it('3.1: a key goes with one kind of algorithm, and is never the secret of an HMAC', async () => {
    const { misnamed, keys } = forge()
    expect(await codeOf(misnamed(keys.ES256, 'ES384'))).toBe('ERR_TOKEN_KEY')
    expect(await codeOf(misnamed(keys.RS256, 'PS256', 'PS256'))).toBe('ERR_TOKEN_KEY')
    const hmac = { kid: '', alg: 'HS256' as const, signer: JSON.stringify(keys.RS256.publicJwk) }
    expect(await codeOf(misnamed(keys.RS256, 'HS256', 'HS256', hmac))).toBe('ERR_TOKEN_ALGORITHM')
  })

  it('3.2: no signature at all is not an algorithm that can be configured', () => {
    const { issuer } = forge()
    const options = { issuer: issuer.issuer, audience: issuer.audience, algorithms: ['none'] }
    expect(() => oidc(options as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
  })

  it('3.3: a token whose signature fails is refused whole, whatever else is right', async () => {
    const [header, payload] = split(forge().token())
    expect(await codeOf(`${header}.${payload}.${'A'.repeat(86)}`)).toBe('ERR_TOKEN_SIGNATURE')
  })

  it('3.3: an encrypted token is refused, rather than half read', async () => {
    expect(await codeOf(`${forge().token()}.a.b`)).toBe('ERR_TOKEN_UNSUPPORTED')
  })

  it('3.4: a published point that is not on its curve is no key', async () => {
    const key = await createTestKey('ES256')
    const jwks = { keys: [{ ...key.publicJwk, y: key.publicJwk.x }] }
    await expect(withOptions({ jwks, jwksUri: null }, (auth) => auth.ready())).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
  })

  it('3.5: a secret that people could remember is refused when the provider is made', () => {
    const { issuer } = forge()
    const options = { issuer: issuer.issuer, audience: issuer.audience, secret: 'correct horse battery' }
    expect(() => oidc(options)).toThrow(/at least 32 bytes/)
  })

  it('3.6: nothing is ever inflated', async () => {
    expect(await codeOf(forge().token({}, { zip: 'DEF' }))).toBe('ERR_TOKEN_UNSUPPORTED')
  })

  it('3.7: header and claims are UTF-8, and nothing else', async () => {
    const { raw, header, claims } = forge()
    expect(await codeOf(raw(JSON.stringify(header()), Buffer.from('{"sub":"\xe9"}', 'latin1')))).toBe(
      'ERR_TOKEN_MALFORMED',
    )
    expect(await codeOf(raw(Buffer.from(JSON.stringify(header()), 'utf16le'), JSON.stringify(claims())))).toBe(
      'ERR_TOKEN_MALFORMED',
    )
  })

  it('3.8: a key counts for its own issuer only', async () => {
    const { issuer, attacker } = forge()
    const other = oidc({ name: 'other', issuer: attacker.issuer, audience: issuer.audience })
    const own = oidc({ issuer: issuer.issuer, audience: issuer.audience })
    const auth = createAuthenticator({ providers: [own, other], clock: forge().clock })
    const options = { audience: issuer.audience }
    await auth.verify(attacker.tokenFor(options))
    const claims = { iss: issuer.issuer }
    expect(await refusalOf(auth, attacker.tokenFor({ ...options, claims }))).toMatchObject({ code: 'ERR_TOKEN_KEY' })
    attacker.resetCounts()
    await auth.close()
  })

  it('3.8: a subject is one of its issuer: the same name elsewhere is somebody else', async () => {
    const { user } = await verify(forge().token({ sub: 'alice' }))
    expect(user).toMatchObject({ id: 'alice', issuer: forge().issuer.issuer })
  })

  it('3.9: a token for another audience, or for none, is refused; to take any has to be spelt out', async () => {
    const { token, issuer } = forge()
    expect(await codeOf(token({ aud: 'https://other.example' }))).toBe('ERR_TOKEN_AUDIENCE')
    expect(await codeOf(token({ aud: undefined }), 'JWT')).toBe('ERR_TOKEN_AUDIENCE')
    await verify(token({ aud: 'https://other.example' }), 'any audience')
    expect(() => oidc({ issuer: issuer.issuer } as never)).toThrow(/audience/)
  })

  it('3.10: a kid is a name to compare and nothing to look up', async () => {
    expect(await codeOf(forge().token({}, { kid: '../../dev/null' }))).toBe('ERR_TOKEN_KEY')
  })

  it('3.10: an address in a token is not called', async () => {
    const { token, attacker, issuer } = forge()
    for (const name of ['jku', 'x5u']) {
      expect(await codeOf(token({}, { [name]: attacker.jwksUri }))).toBe('ERR_TOKEN_UNSUPPORTED')
    }
    expect(await codeOf(attacker.tokenFor({ audience: issuer.audience }))).toBe('ERR_TOKEN_ISSUER')
    expect(attacker.requests()).toBe(0)
  })

  it('3.11: what a token is for is told by its typ, and by nothing else unless that is configured', async () => {
    expect(await codeOf(forge().token({}, { typ: 'JWT' }))).toBe('ERR_TOKEN_TYPE')
    expect(await codeOf(forge().token({}, { typ: undefined }))).toBe('ERR_TOKEN_TYPE')
    await verify(forge().token({}, { typ: 'JWT' }), 'JWT')
  })

  it('3.12: the rules for access tokens let no other kind of token of the issuer pass', async () => {
    const { issuer, token } = forge()
    const own = { audience: issuer.audience, claims: { nonce: 'n-1' } }
    expect(await codeOf(issuer.idTokenFor(own))).toBe('ERR_TOKEN_TYPE')
    expect(await codeOf(issuer.idTokenFor(own), 'JWT')).toBe('ERR_TOKEN_TYPE')
    expect(await codeOf(token({ events: {} }, { typ: 'logout+jwt' }), 'JWT')).toBe('ERR_TOKEN_TYPE')
    expect(await codeOf(token({ events: {} }, { typ: 'JWT' }), 'JWT')).toBe('ERR_TOKEN_TYPE')
  })
})

describe('RFC 9068, JSON Web Token Profile for OAuth 2.0 Access Tokens', () => {
  it('2.1: an access token is signed, never "none"', async () => {
    expect(await codeOf(forge().token({}, { alg: 'none' }))).toBe('ERR_TOKEN_ALGORITHM')
  })

  it('2.1: RS256 is among the algorithms by default', async () => {
    const { misnamed, keys } = forge()
    await verify(misnamed(keys.RS256, 'RS256'))
  })

  it.each(['at+jwt', 'application/at+jwt'])('2.1: its typ is %s', async (typ) => {
    await verify(forge().token({}, { typ }))
  })

  it.each(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])('2.2: it has the claim %s', async (claim) => {
    const code = await codeOf(forge().token({ [claim]: undefined }))
    expect(code).toBe(claim === 'iss' ? 'ERR_TOKEN_ISSUER' : 'ERR_TOKEN_CLAIMS')
  })

  it('2.2.1: it may tell when and how the user was authenticated', async () => {
    const now = Math.floor(forge().clock.now() / 1000)
    const { claims } = await verify(forge().token({ auth_time: now, acr: '2', amr: ['pwd', 'otp'] }))
    expect(claims).toMatchObject({ auth_time: now, acr: '2', amr: ['pwd', 'otp'] })
    expect(await codeOf(forge().token({ auth_time: 'today' }))).toBe('ERR_TOKEN_CLAIMS')
  })

  it('2.2.2: it may say who the user is', async () => {
    const { user } = await verify(forge().token({ email: 'alice@example.com', name: 'Alice' }))
    expect(user).toMatchObject({ email: 'alice@example.com', name: 'Alice' })
  })

  it('2.2.3: its scope is one text, with blanks between the names', async () => {
    const { user } = await verify(forge().token({ scope: 'read write' }))
    expect(user.scopes).toEqual(['read', 'write'])
  })

  it('2.2.3.1: roles are read from the claim that is configured, and from no other', async () => {
    const { user } = await verify(forge().token({ roles: ['auditor'], groups: ['admin'], entitlements: ['admin'] }))
    expect(user.roles.map((role) => role.name)).toEqual(['auditor'])
  })

  it('4: each other typ is refused', async () => {
    expect(await codeOf(forge().token({}, { typ: 'JWT' }))).toBe('ERR_TOKEN_TYPE')
    expect(await codeOf(forge().token({}, { typ: 'dpop+jwt' }))).toBe('ERR_TOKEN_TYPE')
  })

  it('4: iss is exactly the issuer that was configured', async () => {
    expect(await codeOf(forge().token({ iss: `${forge().issuer.issuer}/` }))).toBe('ERR_TOKEN_ISSUER')
  })

  it('4: aud names this API, alone or among others', async () => {
    const { token, issuer } = forge()
    await verify(token({ aud: [issuer.audience, 'https://other.example'] }))
    expect(await codeOf(token({ aud: ['https://other.example'] }))).toBe('ERR_TOKEN_AUDIENCE')
  })

  it('4: the signature fits a key that the issuer itself publishes', async () => {
    const { misnamed, keys, attacker } = forge()
    expect(await codeOf(misnamed(keys.ES256, 'ES256', 'ES256', attacker.current))).toBe('ERR_TOKEN_SIGNATURE')
  })

  it('4: the time is before exp, with no more than a few seconds of leeway', async () => {
    const now = Math.floor(forge().clock.now() / 1000)
    await verify(forge().token({ exp: now - 4 }))
    expect(await codeOf(forge().token({ exp: now - 5 }))).toBe('ERR_TOKEN_EXPIRED')
  })

  it('4: a refusal is 401 with the error invalid_token, as RFC 6750 section 3.1 has it', async () => {
    const error = await refusalOf(forge().authenticator(), forge().token({ aud: 'https://other.example' }))
    expect(error).toMatchObject({ status: 401, error: 'invalid_token' })
    expect(error.headers).toEqual({ 'WWW-Authenticate': 'Bearer error="invalid_token"' })
  })

  it('5: an ID token is no access token, though the same key signed it', async () => {
    const { issuer } = forge()
    expect(await codeOf(issuer.idTokenFor({ audience: issuer.audience }))).toBe('ERR_TOKEN_TYPE')
  })

  it('5: the id of a client is no subject, though both are in the token', async () => {
    const { user } = await verify(forge().token({ sub: 'alice', client_id: 'root' }))
    expect(user.id).toBe('alice')
  })
})
