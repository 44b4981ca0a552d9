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
  readonly importKey: { name: string; hash?: string; namedCurve?: string }
  readonly verify: { name: string; hash?: string; saltLength?: number }
}

function rsa(name: string, bits: number): Parameters {
  const hash = `SHA-${bits}`
  const verify = name === 'RSA-PSS' ? { name, saltLength: bits / 8 } : { name }
  return { kty: 'RSA', importKey: { name, hash }, verify }
}

function ec(crv: string, bits: number): Parameters {
  return {
    kty: 'EC',
    crv,
    importKey: { name: 'ECDSA', namedCurve: crv },
    verify: { name: 'ECDSA', hash: `SHA-${bits}` },
  }
}

function hmac(bits: number): Parameters {
  return { kty: 'oct', importKey: { name: 'HMAC', hash: `SHA-${bits}` }, verify: { name: 'HMAC' } }
}

const ed25519: Parameters = { kty: 'OKP', crv: 'Ed25519', importKey: { name: 'Ed25519' }, verify: { name: 'Ed25519' } }

/** Each algorithm with the one kind of key it goes with: an RSA key never verifies an HMAC, nor P-256 an ES384. */
export const algorithms: Readonly<Record<Algorithm, Parameters>> = {
  RS256: rsa('RSASSA-PKCS1-v1_5', 256),
  RS384: rsa('RSASSA-PKCS1-v1_5', 384),
  RS512: rsa('RSASSA-PKCS1-v1_5', 512),
  PS256: rsa('RSA-PSS', 256),
  PS384: rsa('RSA-PSS', 384),
  PS512: rsa('RSA-PSS', 512),
  ES256: ec('P-256', 256),
  ES384: ec('P-384', 384),
  ES512: ec('P-521', 512),
  EdDSA: ed25519,
  Ed25519: ed25519,
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
}

export const asymmetricAlgorithms = (Object.keys(algorithms) as Algorithm[]).filter(
  (name) => algorithms[name].kty !== 'oct',
)
export const symmetricAlgorithms = (Object.keys(algorithms) as Algorithm[]).filter(
  (name) => algorithms[name].kty === 'oct',
)
