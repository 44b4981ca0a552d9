import { describe, expect, it } from '@jest/globals'
import { CompactEncrypt, importJWK } from 'jose'
import { createAuthenticator } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { accepts, encode, type Forge, type HostileToken, refuses, split, useForge } from './support/tokens.ts'

const forge = useForge()

/** What a sender could use to choose the key, or the reading of the token (RFC 8725 section 3.10). */
const embedded: Record<string, (forge: Forge) => unknown> = {
  jwk: ({ attacker }) => attacker.current.publicJwk,
  jku: ({ attacker }) => attacker.jwksUri,
  x5u: ({ attacker }) => `${attacker.issuer}/certificate.pem`,
  x5c: ({ attacker }) => [Buffer.from(JSON.stringify(attacker.current.publicJwk)).toString('base64')],
}

refuses('a key, or the way to one, in the header', forge, [
  ...Object.entries(embedded).flatMap(([name, value]): HostileToken[] => [
    {
      name: `${name} of the attacker, who signed`,
      token: (forge) => {
        const { issuer, attacker, header, claims } = forge
        return issuer.sign(header({ [name]: value(forge), kid: attacker.current.kid }), claims(), attacker.current)
      },
      code: 'ERR_TOKEN_UNSUPPORTED',
    },
    {
      name: `${name} of the attacker without kid, who signed`,
      token: (forge) => {
        const { issuer, attacker, header, claims } = forge
        return issuer.sign(header({ [name]: value(forge), kid: undefined }), claims(), attacker.current)
      },
      code: 'ERR_TOKEN_UNSUPPORTED',
    },
    {
      name: `${name} in a header that the issuer signed`,
      token: (forge) => forge.token({}, { [name]: value(forge) }),
      code: 'ERR_TOKEN_UNSUPPORTED',
    },
    { name: `${name} that is null`, token: ({ token }) => token({}, { [name]: null }), code: 'ERR_TOKEN_UNSUPPORTED' },
  ]),
  {
    name: 'jwk that is the issuer’s own key',
    token: ({ token, issuer }) => token({}, { jwk: issuer.current.publicJwk }),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  {
    name: 'jku that is the issuer’s own key set',
    token: ({ token, issuer }) => token({}, { jku: issuer.jwksUri }),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  {
    name: 'jwk that is a symmetric key, used for HS256',
    token: ({ issuer, header, claims }) =>
      issuer.sign(header({ alg: 'HS256', jwk: { kty: 'oct', k: encode('attacker') } }), claims(), {
        kid: '',
        alg: 'HS256',
        signer: 'attacker',
      }),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
])

refuses('a header that changes how the token must be read', forge, [
  ...[['exp'], ['b64'], ['urn:example:unknown'], ['alg'], [], 'exp', null, {}].map(
    (crit): HostileToken => ({
      name: `crit ${JSON.stringify(crit)}`,
      token: ({ token }) => token({}, { crit, exp: 9_999_999_999 }),
      code: 'ERR_TOKEN_UNSUPPORTED',
    }),
  ),
  {
    name: 'b64 false with crit',
    token: ({ token }) => token({}, { b64: false, crit: ['b64'] }),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  { name: 'b64 false', token: ({ token }) => token({}, { b64: false }), code: 'ERR_TOKEN_UNSUPPORTED' },
  { name: 'b64 true', token: ({ token }) => token({}, { b64: true }), code: 'ERR_TOKEN_UNSUPPORTED' },
  { name: 'zip DEF', token: ({ token }) => token({}, { zip: 'DEF' }), code: 'ERR_TOKEN_UNSUPPORTED' },
  { name: 'enc A128GCM', token: ({ token }) => token({}, { enc: 'A128GCM' }), code: 'ERR_TOKEN_UNSUPPORTED' },
])

refuses('a kid that is no name', forge, [
  ...[
    '../../../../dev/null',
    '/proc/self/environ',
    'file:///etc/passwd',
    'https://attacker.example/jwks',
    "' UNION SELECT 'key' --",
    '| id',
    '__proto__',
    'constructor',
    'toString',
    '0',
    '',
    ' ',
    '\u0000',
    'kid\r\nSet-Cookie: admin=1',
    '\u202ekid',
    'x'.repeat(6000),
  ].map(
    (kid): HostileToken => ({
      name: `kid ${JSON.stringify(kid.slice(0, 40))}`,
      token: ({ token }) => token({}, { kid }),
      code: 'ERR_TOKEN_KEY',
    }),
  ),
  {
    name: 'the kid of the key in another case',
    token: ({ token, issuer }) => token({}, { kid: swapCase(issuer.current.kid) }),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'the kid of the key with a blank',
    token: ({ token, issuer }) => token({}, { kid: `${issuer.current.kid} ` }),
    code: 'ERR_TOKEN_KEY',
  },
  ...[0, 1, true, null, [], ['kid'], {}, { toString: 'kid' }].map(
    (kid): HostileToken => ({
      name: `kid ${JSON.stringify(kid)}`,
      token: ({ token }) => token({}, { kid }),
      code: 'ERR_TOKEN_MALFORMED',
    }),
  ),
])

refuses('another serialisation', forge, [
  {
    name: 'a JWE for a key of the issuer (RSA)',
    token: async ({ keys, token }) =>
      new CompactEncrypt(Buffer.from(token()))
        .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: keys.RS256.kid })
        .encrypt(await importJWK({ ...keys.RS256.publicJwk, alg: 'RSA-OAEP-256' } as never)),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  {
    name: 'a JWE for a key of the issuer (P-256)',
    token: async ({ keys, claims }) =>
      new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', kid: keys.ES256.kid })
        .encrypt(await importJWK({ ...keys.ES256.publicJwk, alg: 'ECDH-ES' } as never)),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  {
    name: 'a good token with two segments more',
    token: ({ token }) => `${token()}.a.b`,
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  {
    name: 'a JWE with its first three segments alone',
    token: ({ raw }) => raw('{"alg":"dir","enc":"A128GCM"}', '{}'),
    code: 'ERR_TOKEN_UNSUPPORTED',
  },
  {
    name: 'the flattened JSON serialisation',
    token: ({ token }) => {
      const [header, payload, signature] = split(token())
      return JSON.stringify({ protected: header, payload, signature })
    },
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'the general JSON serialisation',
    token: ({ token }) => {
      const [header, payload, signature] = split(token())
      return JSON.stringify({ payload, signatures: [{ protected: header, signature }] })
    },
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'the flattened JSON serialisation in base64url',
    token: ({ token }) => {
      const [header, payload, signature] = split(token())
      return encode(JSON.stringify({ protected: header, payload, signature }))
    },
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'a detached payload',
    token: ({ token }) => {
      const [header, , signature] = split(token())
      return `${header}..${signature}`
    },
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'a token within a token (cty JWT)',
    token: ({ raw, header, token }) => raw(JSON.stringify(header({ cty: 'JWT' })), token()),
    code: 'ERR_TOKEN_MALFORMED',
  },
])

accepts('a header with members that change nothing', forge, [
  { name: 'x5t, the thumbprint of a certificate', token: ({ token }) => token({}, { x5t: encode('thumbprint') }) },
  { name: 'a member that nobody knows', token: ({ token }) => token({}, { 'urn:example:note': { any: ['thing'] } }) },
  { name: 'a line break after the brace', token: ({ raw, header, claims }) => raw(pretty(header()), pretty(claims())) },
  {
    name: 'a blank after the brace',
    token: ({ raw, header, claims }) => raw(`{ ${JSON.stringify(header()).slice(1)}`, JSON.stringify(claims())),
  },
  {
    name: 'a tabulator after the brace',
    token: ({ raw, header, claims }) => raw(`{\t${JSON.stringify(header()).slice(1)}`, JSON.stringify(claims())),
  },
  {
    name: 'CR and LF after the brace',
    token: ({ raw, header, claims }) => raw(`{\r\n${JSON.stringify(header()).slice(1)}`, JSON.stringify(claims())),
  },
])

function pretty(value: object): string {
  return JSON.stringify(value, null, 2)
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}

describe('an issuer that puts jku into all of its tokens', () => {
  const authOf = ({ issuer, attacker }: Forge, ignoredHeaders: OidcOptions['ignoredHeaders']) =>
    createAuthenticator({
      providers: [
        oidc({
          issuer: issuer.issuer,
          audience: issuer.audience,
          jwksUri: issuer.jwksUri,
          ...(ignoredHeaders && { ignoredHeaders }),
        }),
      ],
      fetch: (url, init) => {
        if (url.startsWith(attacker.issuer)) throw new Error('The attacker was asked.')
        return globalThis.fetch(url, init)
      },
    })

  it.each<[string, OidcOptions['ignoredHeaders'], (forge: Forge) => string, string]>([
    ['its own tokens pass where it is ignored', ['jku'], (it) => it.token({}, { jku: it.issuer.jwksUri }), 'passes'],
    [
      'so do those of others, as nobody looks there',
      ['jku'],
      (it) => it.token({}, { jku: it.attacker.jwksUri }),
      'passes',
    ],
    ['several can be', ['x5c', 'jku'], (it) => it.token({}, { jku: it.issuer.jwksUri, x5c: [] }), 'passes'],
    [
      'a key from there opens nothing',
      ['jku', 'jwk'],
      ({ issuer, attacker, header, claims }) =>
        issuer.sign(header({ jku: attacker.jwksUri, jwk: attacker.current.publicJwk }), claims(), attacker.current),
      'ERR_TOKEN_SIGNATURE',
    ],
    [
      'another header is refused',
      ['jku'],
      (it) => it.token({}, { jku: it.issuer.jwksUri, x5u: it.issuer.jwksUri }),
      'the header has x5u (option ignoredHeaders)',
    ],
    [
      'it is refused where it is not ignored',
      [],
      (it) => it.token({}, { jku: '' }),
      'the header has jku (option ignoredHeaders)',
    ],
    ['nor by default', undefined, (it) => it.token({}, { jku: '' }), 'the header has jku (option ignoredHeaders)'],
    ['crit cannot be ignored', ['jku'], (it) => it.token({}, { crit: ['exp'] }), 'the header has crit'],
  ])('%s', async (_, ignoredHeaders, token, expected) => {
    const auth = authOf(forge(), ignoredHeaders)
    const outcome = await auth.verify(token(forge())).then(
      () => 'passes',
      ({ code, explanation }) => (code === 'ERR_TOKEN_UNSUPPORTED' ? explanation : code),
    )
    expect(outcome).toBe(expected)
    expect(forge().attacker.requests()).toBe(0)
    await auth.close()
  })

  it('cannot have other headers ignored', () => {
    const options = { issuer: 'https://id.example.test', audience: 'api', ignoredHeaders: ['crit'] as never }
    expect(() => oidc(options)).toThrow(/ignoredHeaders/)
  })
})
