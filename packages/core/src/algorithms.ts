/** The signature algorithms of RFC 7518 and RFC 8037 that Claviger verifies. */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'HS256'
  | 'HS384'
  | 'HS512'

interface Parameters {
  /** The key type, and curve, that this algorithm is bound to. */
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'oct'
  readonly crv?: string
  /** As OpenSSL spells it; absent where the algorithm hashes by itself. */
  readonly hash?: string
  /** How RSA pads: PSS, with a salt of this length, or else as PKCS #1 v1.5 says. */
  readonly saltLength?: number
}

const ed25519: Parameters = { kty: 'OKP', crv: 'Ed25519' }

/** Each algorithm with the one kind of key it goes with: an RSA key never verifies an HMAC, nor P-256 an ES384. */
export const algorithms: Readonly<Record<Algorithm, Parameters>> = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  PS256: { kty: 'RSA', hash: 'sha256', saltLength: 32 },
  PS384: { kty: 'RSA', hash: 'sha384', saltLength: 48 },
  PS512: { kty: 'RSA', hash: 'sha512', saltLength: 64 },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384' },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512' },
  EdDSA: ed25519,
  Ed25519: ed25519,
  HS256: { kty: 'oct', hash: 'sha256' },
  HS384: { kty: 'oct', hash: 'sha384' },
  HS512: { kty: 'oct', hash: 'sha512' },
}

/** Those whose keys an issuer publishes. */
export const asymmetricAlgorithms = (Object.keys(algorithms) as Algorithm[]).filter(
  (name) => algorithms[name].kty !== 'oct',
)
/** Those whose key is a secret shared with the issuer. */
export const symmetricAlgorithms = (Object.keys(algorithms) as Algorithm[]).filter(
  (name) => algorithms[name].kty === 'oct',
)
