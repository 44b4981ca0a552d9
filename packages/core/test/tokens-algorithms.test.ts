import { createHmac, createPublicKey } from 'node:crypto'
import { accepts, encode, type Forge, type HostileToken, refuses, split, useForge } from './support/tokens.ts'

const forge = useForge()

// RFC 8725 section 2.1: names that a careless comparison takes for "none", or for an algorithm of the list.
const spellings = [
  'none',
  'None',
  'NONE',
  'nOnE',
  ' none',
  'none ',
  'none\u0000',
  'none\n',
  'ｎｏｎｅ',
  'n\u043ene',
  'null',
  '',
]

refuses('no signature', forge, [
  ...spellings.map(
    (alg): HostileToken => ({
      name: `alg ${JSON.stringify(alg)} with an empty signature`,
      token: ({ issuer, header, claims }) => issuer.sign(header({ alg }), claims(), null),
      code: 'ERR_TOKEN_MALFORMED',
    }),
  ),
  ...spellings.map(
    (alg): HostileToken => ({
      name: `alg ${JSON.stringify(alg)} with a signature that fits`,
      token: ({ token }) => token({}, { alg }),
      code: 'ERR_TOKEN_ALGORITHM',
    }),
  ),
  {
    name: 'alg "none" without kid, and without the last dot',
    token: ({ issuer, header, claims }) =>
      issuer.sign(header({ alg: 'none', kid: undefined }), claims(), null).slice(0, -1),
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'alg "none" where algorithms are limited',
    token: ({ token }) => token({}, { alg: 'none' }),
    code: 'ERR_TOKEN_ALGORITHM',
    profile: 'RS256 only',
  },
  {
    name: 'alg "none" where a secret is shared',
    token: ({ token }) => token({}, { alg: 'none' }),
    code: 'ERR_TOKEN_ALGORITHM',
    profile: 'secret',
  },
  {
    name: 'a good alg with an empty signature',
    token: ({ issuer, header, claims }) => issuer.sign(header(), claims(), null),
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'a good alg with "none" as its signature',
    token: ({ token }) => `${split(token()).slice(0, 2).join('.')}.${encode('none')}`,
    code: 'ERR_TOKEN_SIGNATURE',
  },
])

const lookalikes = [
  'es256',
  'Es256',
  'ES256 ',
  ' ES256',
  'ES-256',
  'ES256K',
  'ES256\u0000',
  '\u0415S256',
  'ES256,none',
  'ES25',
  'ES2566',
]
const strangers = [
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'dir',
  'RSA-OAEP',
  'A256GCM',
  'RS1',
  'HS1',
  '0',
]

refuses('an algorithm that is not on the list', forge, [
  ...[...lookalikes, ...strangers].map(
    (alg): HostileToken => ({
      name: `alg ${JSON.stringify(alg)}`,
      token: ({ token }) => token({}, { alg }),
      code: 'ERR_TOKEN_ALGORITHM',
    }),
  ),
  ...[undefined, null, 256, true, ['ES256'], { name: 'ES256' }].map(
    (alg): HostileToken => ({
      name: `alg that is ${alg === undefined ? 'absent' : JSON.stringify(alg)}`,
      token: ({ token }) => token({}, { alg }),
      code: 'ERR_TOKEN_MALFORMED',
    }),
  ),
  {
    name: 'ES256, well signed, where RS256 alone is configured',
    token: ({ token }) => token(),
    code: 'ERR_TOKEN_ALGORITHM',
    profile: 'RS256 only',
  },
])

type Published = 'ES256' | 'RS256'

/** What an attacker has of a public key and may take for the secret of an HMAC. */
const publicForms: Record<string, (forge: Forge, key: Published) => string | Buffer> = {
  'its PEM': ({ keys }, key) => publicKey(keys[key].publicJwk).export({ type: 'spki', format: 'pem' }),
  'its PEM without the last line break': ({ keys }, key) =>
    String(publicKey(keys[key].publicJwk).export({ type: 'spki', format: 'pem' })).trimEnd(),
  'its DER': ({ keys }, key) => publicKey(keys[key].publicJwk).export({ type: 'spki', format: 'der' }),
  'its JWK as text': ({ keys }, key) => JSON.stringify(keys[key].publicJwk),
  'the key set as text': ({ issuer }) => JSON.stringify(issuer.jwks()),
  'its modulus or x as text': ({ keys }, key) => String(keys[key].publicJwk.n ?? keys[key].publicJwk.x),
  'its modulus or x as bytes': ({ keys }, key) =>
    Buffer.from(String(keys[key].publicJwk.n ?? keys[key].publicJwk.x), 'base64url'),
  'its kid': ({ keys }, key) => keys[key].kid,
  nothing: () => '',
}

function publicKey(jwk: object) {
  return createPublicKey({ key: jwk as never, format: 'jwk' })
}

function macWith(form: string, key: Published, alg: string) {
  return (forge: Forge) => {
    const { header, claims, keys } = forge
    const input = [header({ alg, kid: keys[key].kid }), claims()].map((part) => encode(JSON.stringify(part))).join('.')
    const secret = publicForms[form]?.(forge, key) ?? ''
    return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
      .update(input)
      .digest('base64url')}`
  }
}

refuses('an HMAC keyed with what is public', forge, [
  ...Object.keys(publicForms).flatMap((form): HostileToken[] => [
    { name: `HS256 with ${form}, RSA`, token: macWith(form, 'RS256', 'HS256'), code: 'ERR_TOKEN_ALGORITHM' },
    { name: `HS256 with ${form}, P-256`, token: macWith(form, 'ES256', 'HS256'), code: 'ERR_TOKEN_ALGORITHM' },
  ]),
  { name: 'HS384 with its PEM', token: macWith('its PEM', 'RS256', 'HS384'), code: 'ERR_TOKEN_ALGORITHM' },
  { name: 'HS512 with its PEM', token: macWith('its PEM', 'RS256', 'HS512'), code: 'ERR_TOKEN_ALGORITHM' },
  {
    name: 'HS256 with its PEM where a secret is shared',
    token: macWith('its PEM', 'RS256', 'HS256'),
    code: 'ERR_TOKEN_SIGNATURE',
    profile: 'secret',
  },
  {
    name: 'HS256 with nothing where a secret is shared',
    token: macWith('nothing', 'RS256', 'HS256'),
    code: 'ERR_TOKEN_SIGNATURE',
    profile: 'secret',
  },
  {
    name: 'HS512 with the shared secret, which is for HS256',
    token: ({ issuer }) => issuer.tokenFor({ alg: 'HS512' }),
    code: 'ERR_TOKEN_ALGORITHM',
    profile: 'secret',
  },
  {
    name: 'RS256 of the issuer where a secret is shared',
    token: ({ misnamed, keys }) => misnamed(keys.RS256, 'RS256'),
    code: 'ERR_TOKEN_ALGORITHM',
    profile: 'secret',
  },
  {
    name: 'an HMAC with its PEM that calls itself RS256',
    token: ({ misnamed, keys }) =>
      misnamed(keys.RS256, 'RS256', 'HS256', {
        kid: '',
        alg: 'HS256',
        signer: String(publicKey(keys.RS256.publicJwk).export({ type: 'spki', format: 'pem' })),
      }),
    code: 'ERR_TOKEN_SIGNATURE',
  },
])

refuses('an algorithm that is not the key’s', forge, [
  {
    name: 'ES384 said of a P-256 key',
    token: ({ misnamed, keys }) => misnamed(keys.ES256, 'ES384'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'ES512 said of a P-256 key',
    token: ({ misnamed, keys }) => misnamed(keys.ES256, 'ES512'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'ES256 said of a P-384 key',
    token: ({ misnamed, keys }) => misnamed(keys.ES384, 'ES256'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'EdDSA said of a P-256 key',
    token: ({ misnamed, keys }) => misnamed(keys.ES256, 'EdDSA'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'ES256 said of an Ed25519 key',
    token: ({ misnamed, keys }) => misnamed(keys.EdDSA, 'ES256'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'RS256 said of a P-256 key',
    token: ({ misnamed, keys }) => misnamed(keys.ES256, 'RS256'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'ES256 said of an RSA key',
    token: ({ misnamed, keys }) => misnamed(keys.RS256, 'ES256'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'PS256, well signed, with a key published for RS256',
    token: ({ misnamed, keys }) => misnamed(keys.RS256, 'PS256', 'PS256'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'RS384, well signed, with a key published for RS256',
    token: ({ misnamed, keys }) => misnamed(keys.RS256, 'RS384', 'RS384'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'Ed25519, well signed, with a key published for EdDSA',
    token: ({ misnamed, keys }) => misnamed(keys.EdDSA, 'Ed25519', 'Ed25519'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'PS256 signed, RS256 said, with an RSA key for any',
    token: ({ misnamed, keys }) => misnamed(keys.openRSA, 'RS256', 'PS256'),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'RS256 signed, PS256 said, with an RSA key for any',
    token: ({ misnamed, keys }) => misnamed(keys.openRSA, 'PS256', 'RS256'),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'RS384 signed, RS256 said, with an RSA key for any',
    token: ({ misnamed, keys }) => misnamed(keys.openRSA, 'RS256', 'RS384'),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'PS256, well signed, where RS256 alone is configured',
    token: ({ misnamed, keys }) => misnamed(keys.openRSA, 'PS256', 'PS256'),
    code: 'ERR_TOKEN_ALGORITHM',
    profile: 'RS256 only',
  },
  {
    name: 'ES384 said of a P-256 key for any',
    token: ({ misnamed, keys }) => misnamed(keys.openEC, 'ES384'),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'a P-256 signature over SHA-384 that says ES256',
    token: ({ misnamed, keys }) => misnamed(keys.openEC, 'ES256', 'ES384'),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'the kid of one key, signed with another of the same issuer',
    token: ({ misnamed, keys }) => misnamed(keys.openEC, 'ES256', 'ES256', keys.ES256),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'the kid of the issuer, signed by an attacker',
    token: ({ misnamed, keys, attacker }) => misnamed(keys.ES256, 'ES256', 'ES256', attacker.current),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'no kid, signed by an attacker',
    token: ({ issuer, attacker, header, claims }) =>
      issuer.sign(header({ kid: undefined }), claims(), attacker.current),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'the attacker’s own kid, signed by the attacker',
    token: ({ issuer, attacker, header, claims }) =>
      issuer.sign(header({ kid: attacker.current.kid }), claims(), attacker.current),
    code: 'ERR_TOKEN_KEY',
  },
  {
    name: 'no kid, and an algorithm that no key is for',
    token: ({ token }) => token({}, { kid: undefined, alg: 'ES512' }),
    code: 'ERR_TOKEN_KEY',
  },
])

accepts('the algorithms of the list', forge, [
  { name: 'ES256', token: ({ token }) => token() },
  { name: 'ES256 without kid: the keys that fit are tried', token: ({ token }) => token({}, { kid: undefined }) },
  { name: 'RS256', token: ({ misnamed, keys }) => misnamed(keys.RS256, 'RS256') },
  { name: 'ES384', token: ({ misnamed, keys }) => misnamed(keys.ES384, 'ES384') },
  { name: 'EdDSA', token: ({ misnamed, keys }) => misnamed(keys.EdDSA, 'EdDSA') },
  { name: 'PS256 with an RSA key for any', token: ({ misnamed, keys }) => misnamed(keys.openRSA, 'PS256', 'PS256') },
  { name: 'RS512 with an RSA key for any', token: ({ misnamed, keys }) => misnamed(keys.openRSA, 'RS512', 'RS512') },
  { name: 'ES256 with a P-256 key for any', token: ({ misnamed, keys }) => misnamed(keys.openEC, 'ES256') },
  {
    name: 'HS256 with the shared secret',
    token: ({ issuer }) => issuer.tokenFor({ alg: 'HS256' }),
    profile: 'secret',
  },
])
