import { isUtf8 } from 'node:buffer'
import { AuthError } from './errors.ts'
import { harden, isObject } from './json.ts'
import type { Claims } from './types.ts'

interface Header {
  readonly alg: string
  readonly typ: string | undefined
  readonly kid: string | undefined
  /** Which headers offer a key of the sender's choice. Nobody must take it. */
  readonly offers: readonly KeyHeader[]
  /** That key: for proofs alone, whose key the token names (RFC 9449). */
  readonly jwk?: unknown
}

/** A compact JWS, taken apart. Nothing in it is verified. */
export interface CompactJws extends Header {
  readonly claims: Claims
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
}

/** Headers with a key, or the way to one. */
export const keyHeaders = ['jwk', 'jku', 'x5u', 'x5c'] as const
/** The name of one of them. */
export type KeyHeader = (typeof keyHeaders)[number]

// Each could make us use a reading of the token that its sender chose (RFC 8725 section 3.10).
const refusedHeaders = ['crit', 'b64', 'enc', 'zip'] as const

/**
 * Takes a JSON Web Token apart, strictly: three canonical base64url segments, UTF-8, JSON objects.
 * @param mayOffer - Whether a header may offer a key: only for whoever looks at `offers`.
 * @returns nothing if the text is no JWS at all, so that it may be an opaque token
 * @throws {AuthError} `ERR_TOKEN_MALFORMED`, `ERR_TOKEN_UNSUPPORTED` (encrypted, or with a header that must not be obeyed)
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-7.1
 */
export function readCompactJws(token: string, mayOffer = false): CompactJws | undefined {
  const segments = token.split('.')
  const [first = '', second = '', third = ''] = segments
  // A JOSE header is a JSON object: base64url writes '{"' and '{ ' as 'ey', and a line break after the brace as 'ew'.
  // Opaque tokens may have dots too, and such a beginning by chance, but hardly as many segments.
  if ((segments.length !== 3 && segments.length !== 5) || !/^e[wy]/.test(first)) return undefined
  if (segments.length === 5)
    throw new AuthError('ERR_TOKEN_UNSUPPORTED', { explanation: 'the token is encrypted (JWE)' })

  const { alg, typ, kid, offers, jwk } = readHeader(first)
  if (offers[0] !== undefined && !mayOffer) throw unsupported(offers[0])
  return {
    alg,
    typ,
    kid,
    offers,
    ...(jwk !== undefined && { jwk }),
    claims: parseObject(second, 'payload'),
    signingInput: Buffer.from(token.slice(0, first.length + 1 + second.length), 'latin1'),
    signature: decode(third, 'signature'),
  }
}

// The tokens of one key all begin alike. Whoever sends many other beginnings makes us read each token's, as we would without this.
const headers = new Map<string, Header>()
const maxHeaders = 64

function readHeader(segment: string): Header {
  const known = headers.get(segment)
  if (known !== undefined) return known
  const header = parseObject(segment, 'header')
  for (const name of refusedHeaders) if (Object.hasOwn(header, name)) throw unsupported(name)
  const read: Header = {
    alg: text(header, 'alg') ?? missing('alg'),
    typ: text(header, 'typ'),
    kid: text(header, 'kid'),
    offers: keyHeaders.filter((name) => Object.hasOwn(header, name)),
  }
  // Each sender has one of its own: they would push out those that many tokens share.
  if (header.jwk !== undefined) return { ...read, jwk: header.jwk }
  if (headers.size >= maxHeaders) headers.clear()
  headers.set(segment, read)
  return read
}

function parseObject(segment: string, what: string): Claims {
  const bytes = decode(segment, what)
  if (!isUtf8(bytes)) throw malformed(`the ${what} is not UTF-8`)
  let value: unknown
  try {
    value = harden(JSON.parse(bytes.toString('utf8')))
  } catch (cause) {
    throw malformed(cause instanceof RangeError ? `the ${what} is nested too deep` : `the ${what} is not JSON`)
  }
  if (!isObject(value)) throw malformed(`the ${what} is not a JSON object`)
  return value
}

// Canonical only: no padding, no other alphabet, no stray bits, so that one token has one spelling.
function decode(segment: string, what: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url')
  if (segment === '' || bytes.toString('base64url') !== segment) throw malformed(`the ${what} is not base64url`)
  return bytes
}

function text(header: Claims, name: string): string | undefined {
  const value = header[name]
  if (value === undefined || typeof value === 'string') return value
  throw malformed(`the header's ${name} is not a string`)
}

function missing(name: string): never {
  throw malformed(`the header has no ${name}`)
}

function unsupported(name: string): AuthError {
  return new AuthError('ERR_TOKEN_UNSUPPORTED', { explanation: `the header has ${name}` })
}

function malformed(explanation: string): AuthError {
  return new AuthError('ERR_TOKEN_MALFORMED', { explanation })
}
