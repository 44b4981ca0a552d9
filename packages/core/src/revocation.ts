import type { CachingVerifier } from './cache.ts'
import type { Clock } from './clock.ts'
import { AuthError } from './errors.ts'
import { publish } from './events.ts'
import type { Seconds, VerifiedToken, Verifier } from './types.ts'

/** One revocation as a list keeps it: what it concerns, and how long a token that it concerns could still be valid. */
export type Revocation = {
  /** Since the epoch. The entry is needed until then and may be forgotten after. */
  readonly until: Seconds
} /** An opaque token, or what a JWT signs: header and payload. Whatever signature is put behind them, it is that token. */ & (
  | { readonly kind: 'token'; readonly token: string }
  /** A `jti`, or a `sid`; of one issuer, or of any. */
  | { readonly kind: 'tokenId'; readonly id: string; readonly issuer?: string }
  | { readonly kind: 'session'; readonly id: string; readonly issuer?: string }
  /** All tokens of a subject that were issued before a time; a token that does not tell when is one of them. */
  | { readonly kind: 'subject'; readonly subject: string; readonly issuer: string; readonly issuedBefore: Seconds }
  /** All tokens of an issuer that were issued before a time. */
  | { readonly kind: 'provider'; readonly issuer: string; readonly issuedBefore: Seconds }
)

/**
 * What has been revoked. The seam between the request path, which asks without waiting, and whatever keeps several processes
 * in step. {@link createRevocationList} keeps it in this process.
 */
export interface RevocationList {
  /**
   * Whether this token has been revoked. Called for each request: no network, no waiting.
   * @throws {AuthError} `ERR_REVOCATION_UNAVAILABLE` where the list is too old to be trusted
   */
  isRevoked(token: string, verified: VerifiedToken): boolean
  /** Resolves when the revocation is as durable as the list promises; throws otherwise. */
  add(revocation: Revocation): Promise<void>
  /**
   * Calls back after anything has been revoked, here or in another process, so that what is open can be looked at again; once
   * for many at a time will do. Without it, open connections notice within 30 s. Returns what ends it.
   */
  onRevoked?(listener: () => void): () => void
  /** How many revocations are held. */
  readonly size: number
  close(): Promise<void>
}

// The issuer of an entry that holds at any.
const anyIssuer = ''
const sweepEvery: Seconds = 60

/**
 * A revocation list of this process. An entry stays until the tokens it concerns have expired, however many there are;
 * expired ones are swept away once a minute.
 */
export function createRevocationList({ clock }: { clock: Clock }): RevocationList {
  const tokens = new Map<string, Seconds>()
  const tokenIds = new Ids()
  const sessions = new Ids()
  const subjects = new Map<string, Map<string, Horizon>>()
  const issuers = new Map<string, Horizon>()
  const listeners = new Set<() => void>()
  let cancelSweep: (() => void) | undefined
  let closed = false

  function sweep(): void {
    const now = clock.now() / 1000
    forget(tokens, (until) => until <= now)
    tokenIds.sweep(now)
    sessions.sweep(now)
    forget(issuers, (horizon) => horizon.until <= now)
    for (const [issuer, ofIssuer] of subjects) {
      forget(ofIssuer, (horizon) => horizon.until <= now)
      if (ofIssuer.size === 0) subjects.delete(issuer)
    }
    cancelSweep = undefined
    sweepLater()
  }

  function sweepLater(): void {
    if (!closed && cancelSweep === undefined && size() > 0) cancelSweep = clock.after(sweepEvery * 1000, sweep)
  }

  function size(): number {
    let total = tokens.size + tokenIds.size + sessions.size + issuers.size
    for (const ofIssuer of subjects.values()) total += ofIssuer.size
    return total
  }

  return {
    isRevoked(token, verified) {
      const { issuer, tokenId, session, issuedAt, user } = verified
      return (
        (tokens.size > 0 && tokens.has(withoutSignature(token))) ||
        (tokenId !== undefined && tokenIds.has(tokenId, issuer)) ||
        (session !== undefined && sessions.has(session, issuer)) ||
        isBefore(issuedAt, subjects.get(issuer)?.get(user.id)) ||
        isBefore(issuedAt, issuers.get(issuer))
      )
    },
    async add(revocation) {
      const { until } = revocation
      if (revocation.kind === 'token') {
        const token = withoutSignature(revocation.token)
        tokens.set(token, Math.max(until, tokens.get(token) ?? 0))
      } else if (revocation.kind === 'tokenId') tokenIds.add(revocation.id, revocation.issuer ?? anyIssuer, until)
      else if (revocation.kind === 'session') sessions.add(revocation.id, revocation.issuer ?? anyIssuer, until)
      else if (revocation.kind === 'provider') extend(issuers, revocation.issuer, revocation)
      else {
        let ofIssuer = subjects.get(revocation.issuer)
        if (ofIssuer === undefined) {
          ofIssuer = new Map()
          subjects.set(revocation.issuer, ofIssuer)
        }
        extend(ofIssuer, revocation.subject, revocation)
      }
      sweepLater()
      const issuer = 'issuer' in revocation ? revocation.issuer : undefined
      publish('claviger:revocation', { kind: revocation.kind, issuer, size: size() })
      for (const listener of listeners) listener()
    },
    onRevoked(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get size() {
      return size()
    },
    async close() {
      closed = true
      cancelSweep?.()
    },
  }
}

/** Refuses what has been revoked. Stands outside the cache, so that a known token can still be refused. */
export function withRevocation(verify: Verifier | CachingVerifier, list: RevocationList): Verifier {
  function assertNotRevoked(token: string, verified: VerifiedToken): VerifiedToken {
    if (!list.isRevoked(token, verified)) return verified
    throw new AuthError('ERR_TOKEN_REVOKED', { explanation: `${verified.provider}: the token has been revoked` })
  }

  async function verifyAndAsk(token: string): Promise<VerifiedToken> {
    return assertNotRevoked(token, await verify(token))
  }

  if (!('known' in verify)) return verifyAndAsk
  return (token) => {
    // The way of nearly every request: no promise is made that the cache does not keep.
    const entry = verify.known(token)
    if (entry === undefined) return verifyAndAsk(token)
    try {
      assertNotRevoked(token, entry.verified)
      return entry.answer
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/**
 * What names a token beyond doubt: a JWT without its signature, an opaque token whole. Anybody can write an ECDSA signature in
 * a second way, and an issuer may sign the same twice.
 */
export function withoutSignature(token: string): string {
  const payload = token.indexOf('.') + 1
  const end = token.indexOf('.', payload)
  const isJws = payload > 0 && end > 0 && token.indexOf('.', end + 1) < 0 && /^e[wy]/.test(token)
  return isJws ? token.slice(0, end) : token
}

interface Horizon {
  readonly issuedBefore: Seconds
  readonly until: Seconds
}

function isBefore(issuedAt: Seconds | undefined, horizon: Horizon | undefined): boolean {
  return horizon !== undefined && (issuedAt === undefined || issuedAt < horizon.issuedBefore)
}

// Two revocations of one subject are one: the later horizon, kept for the longer time.
function extend(map: Map<string, Horizon>, key: string, { issuedBefore, until }: Horizon): void {
  const held = map.get(key)
  map.set(key, {
    issuedBefore: Math.max(issuedBefore, held?.issuedBefore ?? 0),
    until: Math.max(until, held?.until ?? 0),
  })
}

function forget<T>(map: Map<string, T>, isOver: (value: T) => boolean): void {
  for (const [key, value] of map) if (isOver(value)) map.delete(key)
}

// id → issuer → until
class Ids {
  readonly #ids = new Map<string, Map<string, Seconds>>()
  size = 0

  has(id: string, issuer: string): boolean {
    const issuers = this.#ids.get(id)
    return issuers !== undefined && (issuers.has(issuer) || issuers.has(anyIssuer))
  }

  add(id: string, issuer: string, until: Seconds): void {
    let issuers = this.#ids.get(id)
    if (issuers === undefined) {
      issuers = new Map()
      this.#ids.set(id, issuers)
    }
    if (!issuers.has(issuer)) this.size += 1
    issuers.set(issuer, Math.max(until, issuers.get(issuer) ?? 0))
  }

  sweep(now: Seconds): void {
    for (const [id, issuers] of this.#ids) {
      this.size -= issuers.size
      forget(issuers, (until) => until <= now)
      this.size += issuers.size
      if (issuers.size === 0) this.#ids.delete(id)
    }
  }
}
