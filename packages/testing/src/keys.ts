import {
  constants,
  createHash,
  createHmac,
  generateKeyPair as generate,
  type KeyObject,
  randomBytes,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { Algorithm, Jwk } from '@claviger/core'

const generateKeyPair = promisify(generate)

/** What signs a token. */
export interface SigningKey {
  readonly kid: string
  readonly alg: Algorithm
  /** The secret of an HS algorithm, else a private key. */
  readonly signer: KeyObject | string
}

/** A key pair. */
export interface TestKey extends SigningKey {
  /** As an issuer publishes it. */
  readonly publicJwk: Jwk
  /** As no issuer should. */
  readonly privateJwk: Jwk
}

/** How a key is made. */
export interface KeyOptions {
  /** Default: random. */
  readonly kid?: string
  /** For RSA, in bits. Default 2048. */
  readonly modulusLength?: number
  /** For RSA. Default 65537. */
  readonly publicExponent?: number
}

const curves: Partial<Record<Algorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** Makes a key pair for any asymmetric algorithm; also weak ones, which a verifier must refuse. */
export async function createTestKey(
  alg: Exclude<Algorithm, `HS${string}`>,
  options: KeyOptions = {},
): Promise<TestKey> {
  const { kid = randomBytes(16).toString('base64url'), modulusLength = 2048, publicExponent = 65_537 } = options
  const namedCurve = curves[alg]
  const { publicKey, privateKey } =
    namedCurve !== undefined
      ? await generateKeyPair('ec', { namedCurve })
      : alg === 'EdDSA' || alg === 'Ed25519'
        ? await generateKeyPair('ed25519')
        : await generateKeyPair('rsa', { modulusLength, publicExponent })
  const jwk = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' }) as Jwk
  return { kid, alg, signer: privateKey, publicJwk: jwk(publicKey), privateJwk: jwk(privateKey) }
}

const publicMembers = ['crv', 'e', 'kty', 'n', 'x', 'y']

/** The members of a key that everybody may have, in the order of RFC 7638, and nothing else. */
export function bareJwk({ publicJwk }: TestKey): Jwk {
  const own = publicMembers.filter((name) => publicJwk[name] !== undefined)
  return Object.fromEntries(own.map((name) => [name, publicJwk[name]])) as Jwk
}

/** @see https://www.rfc-editor.org/rfc/rfc7638 */
export function thumbprintOf(key: TestKey): string {
  return createHash('sha256')
    .update(JSON.stringify(bareJwk(key)))
    .digest('base64url')
}

/** A key of a shared secret, for HS256, HS384 and HS512. It is never published. */
export function createSecretKey(alg: Extract<Algorithm, `HS${string}`>, secret: string): SigningKey {
  return { kid: `secret-${alg}`, alg, signer: secret }
}

/**
 * Signs any header and claims, however wrong, with the algorithm of the key. `undefined` members are left out.
 * A key of `null` makes an empty signature.
 */
export function signToken(header: object, claims: object | string, key: SigningKey | null): string {
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims)
  const input = `${encode(JSON.stringify(header))}.${encode(payload)}`
  return `${input}.${key === null ? '' : signature(Buffer.from(input), key).toString('base64url')}`
}

/** True when the token was signed with the key. Says nothing about its claims. */
export function isSignedWith(token: string, key: SigningKey): boolean {
  const [header = '', payload = '', encoded = ''] = token.split('.')
  const input = Buffer.from(`${header}.${payload}`)
  const given = Buffer.from(encoded, 'base64url')
  if (typeof key.signer !== 'string')
    return verifyBytes(hashOf(key.alg), input, { key: key.signer, ...padding(key.alg) }, given)
  const expected = signature(input, key)
  return expected.length === given.length && timingSafeEqual(expected, given)
}

function signature(input: Buffer, { alg, signer }: SigningKey): Buffer {
  if (typeof signer === 'string')
    return createHmac(`sha${alg.slice(2)}`, signer)
      .update(input)
      .digest()
  return signBytes(hashOf(alg), input, { key: signer, ...padding(alg) })
}

function hashOf(alg: Algorithm): string | null {
  return alg === 'EdDSA' || alg === 'Ed25519' ? null : `sha${alg.slice(2)}`
}

function padding(alg: Algorithm) {
  if (alg.startsWith('PS'))
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : {}
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}
