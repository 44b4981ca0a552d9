import { createHash, randomUUID } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import { bareJwk, signToken, type TestKey } from './keys.ts'

/** What a proof is for. */
export interface DpopProofOptions {
  /** The key that the access token is bound to. */
  readonly key: TestKey
  /** Default `GET`. */
  readonly method?: string
  /** Of the request, as its client writes it. */
  readonly url: string | URL
  /** The access token that is sent with it. */
  readonly accessToken?: string
  /** What the last answer said in `DPoP-Nonce`. */
  readonly nonce?: string
  /** Since the epoch. Default: now. */
  readonly issuedAt?: Seconds
  /** Added to the claims, or put in their place; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Added to the header, or put in its place; `undefined` takes one away. */
  readonly header?: Readonly<Record<string, unknown>>
}

/**
 * The value of a `DPoP` header: it proves that the sender of a bound token has its key. Good for one request.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.2
 */
export function createDpopProof(options: DpopProofOptions): string {
  const { key, method = 'GET', accessToken, nonce, issuedAt = Math.floor(Date.now() / 1000) } = options
  const url = new URL(options.url)
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: url.origin + url.pathname,
    iat: issuedAt,
    ...(accessToken !== undefined && { ath: createHash('sha256').update(accessToken).digest('base64url') }),
    ...(nonce !== undefined && { nonce }),
    ...options.claims,
  }
  return signToken({ typ: 'dpop+jwt', alg: key.alg, jwk: bareJwk(key), ...options.header }, claims, key)
}
