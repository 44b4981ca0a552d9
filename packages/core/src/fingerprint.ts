import { hash } from 'node:crypto'

/** 128 bits of a SHA-256, as four signed 32-bit numbers: what a list keeps in place of an id or a token. */
export interface Fingerprint {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** The fingerprint of an id, one for each kind of id. What is hashed is JSON, so that no two ids have one spelling. */
export function fingerprintOf(kind: string, id: string): Fingerprint {
  const digest = hash('sha256', JSON.stringify([kind, id]), 'binary')
  return { a: int32(digest, 0), b: int32(digest, 4), c: int32(digest, 8), d: int32(digest, 12) }
}

/**
 * The fingerprint of an id at an issuer. Both are hashes, and issuers are few and configured: to hit a given pair with another
 * id takes 2^128 attempts, as with one hash over both; but that of the issuer is made once.
 */
export function joined(id: Fingerprint, issuer: Fingerprint): Fingerprint {
  return { a: id.a ^ issuer.a, b: id.b ^ issuer.b, c: id.c ^ issuer.c, d: id.d ^ issuer.d }
}

/** As 22 characters of base64url. */
export function writeFingerprint({ a, b, c, d }: Fingerprint): string {
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeInt32BE(a, 0)
  bytes.writeInt32BE(b, 4)
  bytes.writeInt32BE(c, 8)
  bytes.writeInt32BE(d, 12)
  return bytes.toString('base64url')
}

/** Reads 22 characters of base64url, which the caller has checked. */
export function readFingerprint(text: string): Fingerprint {
  const bytes = Buffer.from(text, 'base64url')
  return { a: bytes.readInt32BE(0), b: bytes.readInt32BE(4), c: bytes.readInt32BE(8), d: bytes.readInt32BE(12) }
}

function int32(bytes: string, at: number): number {
  return (
    (bytes.charCodeAt(at) << 24) |
    (bytes.charCodeAt(at + 1) << 16) |
    (bytes.charCodeAt(at + 2) << 8) |
    bytes.charCodeAt(at + 3)
  )
}
