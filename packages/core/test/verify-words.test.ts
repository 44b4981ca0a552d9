import { createTestClock, createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createAuthenticator, isAuthError } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'

const clock = createTestClock()
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
})
afterAll(() => issuer.close())

async function refusalOf(token: unknown, options: Partial<OidcOptions> = {}): Promise<readonly [string, unknown]> {
  const { audience, jwksUri } = issuer
  const providers = [oidc({ issuer: issuer.issuer, audience, jwksUri, ...options })]
  const auth = createAuthenticator({ providers, clock, clockTolerance: 5, maxTokenLifetime: 7200 })
  try {
    await auth.verify(token as string)
  } catch (error) {
    if (isAuthError(error)) return [error.code, error.explanation]
    throw error
  } finally {
    await auth.close()
  }
  throw new Error('The token was not refused.')
}

const claimsOf = (claims: object) => issuer.tokenFor({ claims: { ...claims } })
const typed = (typ: unknown, claims = {}) => issuer.tokenFor({ header: { typ }, claims })
const anyType = { tokenTypes: ['JWT', null] }
const now = () => clock.now() / 1000

// What a user of ours reads when a token is refused, and nobody else: each says what is wrong, and which option it hangs on.
describe('the log says of a token', () => {
  it.each<[string, () => unknown, readonly [string, string], Partial<OidcOptions>?]>([
    ['that is no text', () => 7, ['ERR_TOKEN_MALFORMED', 'the token is not a text']],
    ['that is too long', () => 'a'.repeat(16_385), ['ERR_TOKEN_TOO_LARGE', 'longer than 16384 characters']],
    [
      'as long as one may be',
      () => 'a'.repeat(16_384),
      ['ERR_TOKEN_MALFORMED', 'not a JWT, and no provider takes opaque tokens'],
    ],
    [
      'of another algorithm',
      () => issuer.tokenFor({ header: { alg: 'HS256' } }),
      ['ERR_TOKEN_ALGORITHM', 'alg is "HS256", not one of ES256, RS256 (option algorithms)'],
      { algorithms: ['ES256', 'RS256'] },
    ],
    [
      'of another type',
      () => typed('JWT'),
      ['ERR_TOKEN_TYPE', 'typ is "JWT", accepted: at+jwt, none (option tokenTypes)'],
      { tokenTypes: ['at+jwt', null] },
    ],
    [
      'of a type that only looks like another',
      () => typed('at+application/jwt'),
      ['ERR_TOKEN_TYPE', 'typ is "at+application/jwt", accepted: at+jwt (option tokenTypes)'],
    ],
    ['without one', () => typed(undefined), ['ERR_TOKEN_TYPE', 'typ is absent, accepted: at+jwt (option tokenTypes)']],
    ...['nonce', 'at_hash', 'c_hash', 's_hash'].map(
      (name): [string, () => unknown, readonly [string, string], Partial<OidcOptions>] => [
        `with ${name}`,
        () => typed('JWT', { [name]: 'x' }),
        ['ERR_TOKEN_TYPE', 'this is an ID token, not an access token'],
        anyType,
      ],
    ),
    [
      'that is used as one',
      () => typed(undefined, { token_use: 'id' }),
      ['ERR_TOKEN_TYPE', 'this is an ID token, not an access token'],
      anyType,
    ],
    [
      'with events',
      () => typed('JWT', { events: {} }),
      ['ERR_TOKEN_TYPE', 'this is a security event or logout token, not an access token'],
      anyType,
    ],
    ...['ID', 'Refresh', 'logout', 'offline'].map(
      (typ): [string, () => unknown, readonly [string, string], Partial<OidcOptions>] => [
        `whose claim typ is ${typ}`,
        () => typed('JWT', { typ }),
        ['ERR_TOKEN_TYPE', `this is a token of type ${typ.toLowerCase()}, not an access token`],
        anyType,
      ],
    ),
    ['without exp', () => claimsOf({ exp: undefined }), ['ERR_TOKEN_CLAIMS', 'the claim exp is missing']],
    ['without jti', () => claimsOf({ jti: undefined }), ['ERR_TOKEN_CLAIMS', 'the claim jti is missing']],
    ...['nbf', 'auth_time'].map((name): [string, () => unknown, readonly [string, string]] => [
      `whose ${name} is a text`,
      () => claimsOf({ [name]: '1' }),
      ['ERR_TOKEN_CLAIMS', `${name} is not a number`],
    ]),
    ...['sub', 'jti', 'sid', 'client_id'].map((name): [string, () => unknown, readonly [string, string]] => [
      `whose ${name} is empty`,
      () => claimsOf({ [name]: '' }),
      ['ERR_TOKEN_CLAIMS', `${name} is not a text`],
    ]),
    [
      'with an odd aud',
      () => claimsOf({ aud: [1] }),
      ['ERR_TOKEN_CLAIMS', 'aud is neither a string nor a list of strings'],
    ],
    [
      'for others',
      () => claimsOf({ aud: ['a', 'b', 'c', 'd'] }),
      ['ERR_TOKEN_AUDIENCE', 'aud is "a", "b", "c", which is not for this API (option audience)'],
    ],
    [
      'for nobody',
      () => claimsOf({ aud: undefined }),
      ['ERR_TOKEN_AUDIENCE', 'aud is absent, which is not for this API (option audience)'],
      { requiredClaims: ['sub'] },
    ],
    ['that has expired', () => issuer.tokenFor({ expiresIn: -60 }), ['ERR_TOKEN_EXPIRED', 'expired 60 s ago']],
    ['that is not valid yet', () => claimsOf({ nbf: now() + 30 }), ['ERR_TOKEN_NOT_YET_VALID', 'nbf is 30 s ahead']],
    [
      'of tomorrow',
      () => claimsOf({ iat: now() + 30 }),
      ['ERR_TOKEN_NOT_YET_VALID', 'iat is 30 s ahead: is a clock wrong?'],
    ],
    [
      'that lives too long',
      () => issuer.tokenFor({ expiresIn: 7206 }),
      ['ERR_TOKEN_CLAIMS', 'it lives longer than 7200 s (option maxTokenLifetime)'],
    ],
    [
      'that was refused by a function of the app',
      () => issuer.tokenFor(),
      ['ERR_TOKEN_REFUSED', 'oidc: it is Monday'],
      { validate: () => 'it is Monday' },
    ],
    [
      'of a key that its issuer does not have',
      () => issuer.tokenFor({ header: { kid: 'nobody' } }),
      ['ERR_TOKEN_KEY', 'the issuer has no key of this kid for ES256'],
    ],
    [
      'that is bound to a key',
      () => claimsOf({ cnf: { jkt: 'x' } }),
      [
        'ERR_TOKEN_UNSUPPORTED',
        'the token is bound to a key or a certificate (cnf), and came without a proof (option dpop)',
      ],
    ],
  ])('%s', async (_, token, expected, ...[options]) => {
    expect(await refusalOf(token(), options)).toEqual(expected)
  })

  it('that was signed by somebody else', async () => {
    const other = await createTestIssuer({ clock })
    const { kid } = issuer.current
    const forged = other.tokenFor({ header: { kid }, claims: { iss: issuer.issuer, aud: issuer.audience } })
    expect(await refusalOf(forged)).toEqual(['ERR_TOKEN_SIGNATURE', 'the signature does not fit'])
    await other.close()
  })
})
