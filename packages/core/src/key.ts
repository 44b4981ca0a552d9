import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto'
import { type Algorithm, algorithms, asymmetricAlgorithms } from './algorithms.ts'
import type { Jwk } from './provider.ts'
import type { Standing } from './standing.ts'

/** A key that signatures can be verified with. Dies, for good, when its issuer removes it. */
export interface VerificationKey extends Standing {
  readonly kid: string | undefined
  /** RFC 7638; tells keys apart whatever they are called. */
  readonly thumbprint: string
  alive: boolean
  /** The algorithms this key may be used with: those of its type and curve, or the one that its `alg` names. */
  readonly algorithms: readonly Algorithm[]
  verify(algorithm: Algorithm, signature: Uint8Array, signed: Uint8Array): Promise<boolean>
}

/** Why a key of a set is not used. `burned` is the thumbprint of a key whose private half has been published. */
export interface IgnoredKey {
  readonly kid: string | undefined
  readonly reason: string
  readonly burned?: string
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']
const minRsaBits = 2048
const maxRsaBits = 8192
const maxInARow = 16
// What is reported of a kid, which may be of any length.
const maxShownKid = 128

/**
 * Makes a published JWK into a key, or tells why it is not used: private, symmetric, weak, broken, or not for signatures.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-4
 */
export function readKey(jwk: Jwk): VerificationKey | IgnoredKey {
  const kid = typeof jwk.kid === 'string' ? jwk.kid : undefined
  const ignored = (reason: string): IgnoredKey => ({ kid: kid?.slice(0, maxShownKid), reason })
  if (jwk.kty === 'oct') return ignored('a symmetric key')
  const usable = asymmetricAlgorithms.filter((name) => {
    const { kty, crv } = algorithms[name]
    return jwk.kty === kty && (crv === undefined || jwk.crv === crv) && (jwk.alg === undefined || jwk.alg === name)
  })
  if (!hasPublicMembers(jwk)) return ignored('an unknown or broken key type')
  const publicKey = publicKeyOf(jwk)
  const misuse = misuseOf(jwk)
  if (misuse === privateKey) return { ...ignored(misuse), ...(publicKey && { burned: publicKey.thumbprint }) }
  if (misuse !== undefined) return ignored(misuse)
  if (usable.length === 0) return ignored('no supported algorithm')
  if (publicKey === undefined) return ignored('a broken key')
  const { key, thumbprint } = publicKey
  const weakness = weaknessOf(key)
  if (weakness !== undefined) return ignored(weakness)
  return createKey(kid, thumbprint, usable, inThreads(key))
}

const privateKey = 'a private key'

/** Why a JWK is not one to verify signatures with, whichever key it is; nothing where it is. */
export function misuseOf(jwk: Jwk): string | undefined {
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return privateKey
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'not for signatures (use)'
  const isToVerify = jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))
  return isToVerify ? undefined : 'not for signatures (key_ops)'
}

/** Makes a shared secret into a key for the HMAC algorithms. */
export function secretKey(secret: string | Uint8Array, usable: readonly Algorithm[]): VerificationKey {
  const bytes = Buffer.from(secret)
  const thumbprint = createHash('sha256').update(bytes).digest('base64url')
  return createKey(undefined, thumbprint, usable, hmacVerifier(createSecretKey(bytes)))
}

function createKey(
  kid: string | undefined,
  thumbprint: string,
  usable: readonly Algorithm[],
  verify: VerificationKey['verify'],
): VerificationKey {
  return { kid, thumbprint, alive: true, algorithms: usable, verify }
}

// A signature costs 0.02 to 3 ms: other cores do that, and the event loop goes on.
function inThreads(key: KeyObject): VerificationKey['verify'] {
  return (algorithm, signature, signed) =>
    new Promise((resolve, reject) => {
      startTogether(() => {
        try {
          verify(algorithms[algorithm].hash, signed, optionsFor(algorithm, key), signature, (error, isGood) => {
            if (error === null) resolve(isGood)
            else reject(error)
          })
        } catch (error) {
          // Thrown here, where OpenSSL is set up without a hash, it would end the process.
          reject(error)
        }
      })
    })
}

let gathered: (() => void)[] = []

// To wake a thread takes as long as to verify an RSA signature. Of those that start in one turn of the event loop, only the first do.
function startTogether(start: () => void): void {
  gathered.push(start)
  if (gathered.length > 1) return
  setImmediate(() => {
    const all = gathered
    gathered = []
    for (const one of all) one()
  })
}

let quick = 0

// What takes less time than the way to a thread and back is done at once; of many in a row, every so often others get their turn.
function hmacVerifier(key: KeyObject): VerificationKey['verify'] {
  return async (algorithm, signature, signed) => {
    quick = (quick + 1) % maxInARow
    if (quick === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    const mac = createHmac(algorithms[algorithm].hash as string, key)
      .update(signed)
      .digest()
    return mac.length === signature.length && timingSafeEqual(mac, signature)
  }
}

function optionsFor(algorithm: Algorithm, key: KeyObject): VerifyKeyObjectInput {
  const { kty, saltLength } = algorithms[algorithm]
  // RFC 7518 section 3.4: both numbers side by side, and not in DER.
  if (kty === 'EC') return { key, dsaEncoding: 'ieee-p1363' }
  if (kty === 'OKP') return { key }
  if (saltLength === undefined) return { key, padding: constants.RSA_PKCS1_PADDING }
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

const publicMembers: Record<string, readonly string[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** The members that make it the key that it is, in the order of their names. */
export function pick(jwk: Jwk | JsonWebKey): JsonWebKey {
  return Object.fromEntries((publicMembers[jwk.kty as string] ?? []).map((name) => [name, jwk[name]]))
}

function hasPublicMembers(jwk: Jwk): boolean {
  const required =
    typeof jwk.kty === 'string' && Object.hasOwn(publicMembers, jwk.kty) ? publicMembers[jwk.kty] : undefined
  return required?.every((name) => typeof jwk[name] === 'string') === true
}

interface PublicKey {
  readonly key: KeyObject
  /** Of members as Node writes them, so that another spelling of the same number is the same key. */
  readonly thumbprint: string
}

// Nothing if OpenSSL does not accept the key: a point that is not on its curve, say, is found here and not at the first token.
function publicKeyOf(jwk: Jwk): PublicKey | undefined {
  try {
    const key = createPublicKey({ key: pick(jwk), format: 'jwk' })
    return { key, thumbprint: hashOf(pick(key.export({ format: 'jwk' }))) }
  } catch {
    return undefined
  }
}

function weaknessOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (asymmetricKeyType !== 'rsa') return undefined
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {}
  if (modulusLength < minRsaBits || modulusLength > maxRsaBits) return `an RSA key of ${modulusLength} bits`
  if (publicExponent < 3n || publicExponent % 2n === 0n || publicExponent > 0xffffffffn) return 'a weak RSA exponent'
  return undefined
}

/**
 * The thumbprint of a JWK as it is spelled, before anybody looks whether it is a key; nothing where it lacks a public member.
 * @see https://www.rfc-editor.org/rfc/rfc7638#section-3
 */
export function thumbprintOf(jwk: Jwk): string | undefined {
  return hasPublicMembers(jwk) ? hashOf(pick(jwk)) : undefined
}

function hashOf(members: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}
