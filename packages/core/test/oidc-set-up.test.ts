import { createTestKey } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

const good = { issuer: 'https://id.example.test', audience: 'api' }
const client = { clientId: 'an-api', clientSecret: 'its-secret' }
const secret = 's'.repeat(32)

describe('oidc', () => {
  it.each([
    [{ ...good }],
    [{ ...good, audience: null }],
    [{ ...good, audience: ['a', 'b'] }],
    [{ ...good, jwksUri: ['https://a.example.test/jwks', 'https://b.example.test/jwks'] }],
    [{ ...good, secret, algorithms: ['HS256'] }],
    [{ ...good, secret: new Uint8Array(32) }],
    [{ ...good, secret: 's'.repeat(64), algorithms: ['HS256', 'HS512'] }],
    [{ ...good, introspection: { ...client, cacheFor: 0 } }],
    [{ ...good, introspection: { ...client, cacheFor: 300 } }],
    [{ ...good, requiredClaims: [], tokenTypes: [null] }],
  ])('is made of %j', (options) => {
    expect(() => oidc(options as never)).not.toThrow()
  })

  it.each([
    ['no issuer', { audience: 'api' }, 'option issuer: is missing'],
    ['an issuer from an unset variable', { ...good, issuer: undefined }, 'option issuer: is missing'],
    ['an issuer that is a placeholder', { ...good, issuer: '<your issuer>' }, 'placeholder'],
    ['an issuer with a line break', { ...good, issuer: 'https://id.example.test\n' }, 'white space'],
    ['no audience', { issuer: good.issuer }, 'option audience: is missing'],
    ['an empty audience', { ...good, audience: '' }, 'option audience'],
    ['an empty list of audiences', { ...good, audience: [] }, 'must name at least one'],
    ['a jwksUri that is no URL', { ...good, jwksUri: 'id.example.test/jwks' }, 'http(s) URL'],
    ['a jwksUri of a file', { ...good, jwksUri: 'file:///etc/keys.json' }, 'http(s) URL'],
    ['no jwksUri and no jwks', { ...good, jwksUri: null }, 'no token could be verified'],
    ['an issuer that is no URL and no keys', { issuer: 'monolith', audience: 'api' }, 'set jwksUri'],
    [
      'an issuer that is no URL and no endpoint',
      { issuer: 'monolith', audience: 'api', secret, introspection: client },
      'set introspection.endpoint',
    ],
    ['a jwks file that is not there', { ...good, jwks: 'no-such-file.json' }, 'cannot be read'],
    ['a jwks file that is something else', { ...good, jwks: 'package.json' }, 'holds no JWK Set'],
    ['a jwks that is one key', { ...good, jwks: { kty: 'EC' } }, 'JWK Set or the path of one'],
    ['a secret and a jwksUri', { ...good, secret, jwksUri: 'https://id.example.test/jwks' }, 'secret excludes'],
    ['a secret and jwks', { ...good, secret, jwks: { keys: [] } }, 'secret excludes'],
    ['a secret and RS256', { ...good, secret, algorithms: ['HS256', 'RS256'] }, 'HS256, HS384 and HS512 only'],
    ['HS256 and no secret', { ...good, algorithms: ['RS256', 'HS256'] }, 'HS256 needs a secret'],
    ['several issuers', { ...good, issuer: ['https://a.example', 'https://b.example'] }, 'a provider of its own'],
    ['few bytes of a secret', { ...good, secret: new Uint8Array(31) }, 'at least 32 bytes'],
    ['a number for a secret', { ...good, secret: 5 }, 'option secret: must be a text or bytes'],
    ['a placeholder for a secret', { ...good, secret: 'your-secret' }, 'option secret: is a placeholder'],
    [
      'a PEM',
      { ...good, jwks: '-----BEGIN PUBLIC KEY-----\nMIIB\n' },
      'option jwks: is a PEM: give { keys: [createPublicKey',
    ],
    ['a short secret', { ...good, secret: 's'.repeat(31) }, 'at least 32 bytes'],
    ['a secret that is short for HS512', { ...good, secret, algorithms: ['HS512'] }, 'at least 64 bytes'],
    [
      'a metadataUrl and a jwksUri',
      { ...good, metadataUrl: 'https://id.example.test/m', jwksUri: 'https://id.example.test/jwks' },
      'metadataUrl',
    ],
    ['a metadataUrl and a secret', { ...good, metadataUrl: 'https://id.example.test/m', secret }, 'metadataUrl'],
    ['the algorithm none', { ...good, algorithms: ['none'] }, 'option algorithms'],
    ['no algorithm', { ...good, algorithms: [] }, 'must name at least one'],
    ['no token type', { ...good, tokenTypes: [] }, 'must name at least one'],
    ['an empty path', { ...good, rolesFrom: [] }, 'option rolesFrom'],
    ...['state', 'nonce', 'code_challenge', 'redirect_uri', 'response_mode'].map((name): [string, object, string] => [
      `a parameter of a sign-in of ours: ${name}`,
      { ...good, client: { ...client, parameters: { prompt: 'consent', [name]: 'fixed' } } },
      'option client.parameters: must be none of response_type, ',
    ]),
    ['a client without a secret', { ...good, introspection: { clientId: 'an-api' } }, 'introspection.clientSecret'],
    ['a cacheFor that is too long', { ...good, introspection: { ...client, cacheFor: 301 } }, 'at most 300 s'],
    ['a cacheFor below zero', { ...good, introspection: { ...client, cacheFor: -1 } }, 'at least 0 s'],
    ['an unknown option', { ...good, audiance: 'api' }, 'did you mean audience?'],
    [
      'an unknown option within another',
      { ...good, introspection: { ...client, secret: 's' } },
      'introspection.secret',
    ],
    ['a validate that is no function', { ...good, validate: true }, 'must be a function'],
  ])('is not made of %s', (_, options, text) => {
    expect(() => oidc(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(text) }),
    )
  })

  it('does not repeat a secret in its complaint', () => {
    const make = () => oidc({ ...good, secret: 'hush-hush-hush', algorithms: ['RS256'] })
    expect(make).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hush') }))
  })

  it('names every fault at once', () => {
    expect(() => oidc({ audience: '', tokenTypes: [] } as never)).toThrow(/issuer.*audience.*tokenTypes/)
  })

  it('is not taken with keys that nobody should use', async () => {
    const { privateJwk } = await createTestKey('ES256')
    const weak = await createTestKey('RS256', { modulusLength: 1024 })
    for (const [jwk, reason] of [
      [privateJwk, 'a private key'],
      [weak.publicJwk, '1024 bits'],
      [{ kty: 'oct', k: 'c2VjcmV0' }, 'a symmetric key'],
    ] as const) {
      const make = () => createAuthenticator({ providers: [oidc({ ...good, jwks: { keys: [jwk] }, jwksUri: null })] })
      expect(make).toThrow(
        expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(reason) }),
      )
    }
  })
})
