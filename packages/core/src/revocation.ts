import type { CachingVerifier } from './cache.ts'
import { type Clock, systemClock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import { AuthError } from './errors.ts'
import { publish } from './events.ts'
import { createRevocationIndex, entryOf } from './revocation-index.ts'
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
  /** All tokens of a `sid` that were issued before a time: servers may keep it when its user signs in anew. */
  | { readonly kind: 'sessionTokens'; readonly id: string; readonly issuer: string; readonly issuedBefore: Seconds }
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
  /**
   * Resolves when what has been revoked elsewhere is known; for lists that several processes share.
   * @throws {AuthError} `ERR_REVOCATION_UNAVAILABLE`
   */
  ready?(): Promise<void>
  /** How the list does; for lists that several processes share. */
  health?(): RevocationListHealth
  /** Ends background work, and connections. */
  close(): Promise<void>
}

/** How a list does that several processes share. */
export interface RevocationListHealth {
  /** False where requests are refused because the list is too old. */
  readonly ok: boolean
  /** `loading` until all of it has been read once, `lost` while there is no connection. */
  readonly state: 'loading' | 'following' | 'lost'
  /** Seconds since all that the others had revoked was known here; absent before that. At rest between 0 and 2. */
  readonly lag: Seconds | undefined
  /** Revocations held. */
  readonly size: number
  /** How far the stream has been read. */
  readonly lastId: string | undefined
  /** Revocations of this process that the others cannot know of yet. */
  readonly pending: number
  /** Entries of the stream that are no revocations, and were passed over. */
  readonly ignored: number
  /** What went wrong last, while it does. */
  readonly lastError: string | undefined
}

/**
 * A revocation list of this process. An entry stays until the tokens it concerns have expired, however many there are;
 * expired ones are swept away within a minute. Ids and tokens are kept as hashes, in about 32 bytes each.
 */
export function createRevocationList({ clock = systemClock }: { clock?: Clock } = {}): RevocationList {
  const index = createRevocationIndex(clock)
  const listeners = new Set<() => void>()
  return {
    isRevoked: index.isRevoked,
    async add(revocation) {
      index.add(entryOf(revocation))
      const issuer = 'issuer' in revocation ? revocation.issuer : undefined
      publish('claviger:revocation', { kind: revocation.kind, issuer, from: 'here', size: index.size })
      for (const listener of listeners) listener()
    },
    onRevoked(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get size() {
      return index.size
    },
    async close() {
      index.close()
    },
  }
}

/** A verifier that tells at once, without a promise, of a token that is known and has not been revoked; where there is a cache. */
export type RevokingVerifier = Verifier & {
  /** @throws {AuthError} `ERR_REVOCATION_UNAVAILABLE` */
  readonly known?: (token: string) => VerifiedToken | undefined
}

/** Refuses what has been revoked. Stands outside the cache, so that a known token can still be refused. */
export function withRevocation(verify: Verifier | CachingVerifier, list: RevocationList): RevokingVerifier {
  function assertNotRevoked(token: string, verified: VerifiedToken): VerifiedToken {
    if (!list.isRevoked(token, verified)) return verified
    throw new AuthError('ERR_TOKEN_REVOKED', { explanation: `${verified.provider}: the token has been revoked` })
  }

  async function verifyAndAsk(token: string, request?: HttpRequest): Promise<VerifiedToken> {
    return assertNotRevoked(token, await verify(token, request))
  }

  if (!('known' in verify)) return verifyAndAsk

  function verifyKnown(token: string, request?: HttpRequest): Promise<VerifiedToken> {
    // No promise is made that the cache does not keep.
    const entry = (verify as CachingVerifier).known(token)
    if (entry === undefined) return verifyAndAsk(token, request)
    try {
      assertNotRevoked(token, entry.verified)
      return entry.answer
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function known(token: string): VerifiedToken | undefined {
    const entry = (verify as CachingVerifier).known(token)
    return entry === undefined || list.isRevoked(token, entry.verified) ? undefined : entry.verified
  }

  return Object.assign(verifyKnown, { known })
}
