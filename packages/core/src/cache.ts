import { LRUCache } from 'lru-cache'
import { isAbandoned } from './admission.ts'
import type { Clock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import { AuthError, type AuthErrorCode, isAuthError } from './errors.ts'
import { publish } from './events.ts'
import { isGone } from './source.ts'
import { type Judge, type Standing, standingOf, type Verdict } from './standing.ts'
import type { Seconds, VerifiedToken, Verifier } from './types.ts'

/** Bounds of the verified-token cache. */
export interface CacheLimits {
  /** Known tokens at once. Default 50,000, at most 10,000,000. */
  readonly maxTokens: number
  /** Bytes of resident memory that they may take, with the garbage they leave: 8 to 10 KB for a token of the usual size. Default 256 MiB, at most 64 GiB. */
  readonly maxBytes: number
  /** Seconds until a token that is still valid is verified again. From 1 to 86,400, default 3600. */
  readonly maxAge: Seconds
}

/** A verifier that tells at once, without a promise, what it knows. */
export type CachingVerifier = Verifier & { readonly known: (token: string) => Known | undefined }

/** A token that was verified before, and still stands. */
export interface Known {
  readonly token: string
  readonly verified: VerifiedToken
  /** The same, for those who await it: one promise for all of them. */
  readonly answer: Promise<VerifiedToken>
  readonly standing: Standing
  /** Wall time, as `exp` is. */
  readonly until: number
}

interface Refused {
  readonly token: string
  readonly code: AuthErrorCode
  readonly explanation: string | undefined
  readonly standing: Standing
}

interface UnderWay {
  readonly token: string
  readonly answer: Promise<VerifiedToken>
}

const maxTokenLength = 8 * 1024
// Characters of remembered forgeries, all together.
const maxRefused = 4 * 1024 * 1024
// What an entry takes beside its token, claims and user. Measured, as what `sizeOf` says: by bench/.
const entryOverhead = 300
// Where tokens come and go all the time, what is resident is up to five times what is held: V8 lets garbage lie that long.
const garbage = 5

/**
 * Remembers verified tokens under the whole token, and forgeries of the signature likewise. An entry ends with its key, with
 * `exp`, or with age, whichever is first; an outage is never remembered. One verification serves all who ask at once.
 */
export function withCache(judge: Judge, clock: Clock, clockTolerance: Seconds, limits: CacheLimits): CachingVerifier {
  const known = byEnd<Known>(
    new LRUCache({
      max: limits.maxTokens,
      maxSize: limits.maxBytes,
      sizeCalculation: ({ token, verified }) => garbage * (entryOverhead + sizeOf(token) + sizeOf(verified)),
    }),
  )
  const refused = byEnd<Refused>(
    new LRUCache({
      maxSize: maxRefused,
      sizeCalculation: ({ token }) => token.length + 256,
    }),
  )
  const underWay = byEnd<UnderWay>(new Map())

  async function verifyAndRemember(token: string, request: HttpRequest | undefined): Promise<VerifiedToken> {
    try {
      const verdict = await judge(token, request)
      remember(token, verdict)
      return verdict.verified
    } catch (error) {
      if (isAuthError(error)) rememberRefusal(token, error)
      throw error
    } finally {
      underWay.delete(token)
    }
  }

  function remember(token: string, { verified, standing, cacheFor = limits.maxAge }: Verdict): void {
    if (standing === undefined || token.length > maxTokenLength) return
    const age = Math.min(limits.maxAge, cacheFor)
    const until = Math.min((verified.expiresAt + clockTolerance) * 1000, clock.now() + age * 1000)
    known.set({ token: copyOf(token), verified, answer: Promise.resolve(verified), standing, until })
  }

  function rememberRefusal(token: string, error: AuthError): void {
    const { code, explanation } = error
    const standing = standingOf(error)
    if (standing !== undefined) refused.set({ token: copyOf(token), code, explanation, standing })
  }

  function lookUp(token: string): Known | undefined {
    const entry = known.get(token)
    if (entry === undefined) return undefined
    if (entry.standing.alive && clock.now() < entry.until) {
      publish('claviger:cache', hit)
      return entry
    }
    known.delete(token)
    return undefined
  }

  function caching(token: string, request?: HttpRequest): Promise<VerifiedToken> {
    const entry = lookUp(token)
    if (entry !== undefined) return entry.answer
    const refusal = refused.get(token)
    if (refusal !== undefined) {
      if (refusal.standing.alive) {
        publish('claviger:cache', again)
        return Promise.reject(new AuthError(refusal.code, { explanation: refusal.explanation }))
      }
      refused.delete(token)
    }
    const running = underWay.get(token)
    if (running !== undefined) {
      return running.answer.catch((error) => {
        // Who asked first has gone, and we are still here.
        if (isAbandoned(error) && !isGone(request)) return caching(token, request)
        throw error
      })
    }
    publish('claviger:cache', miss)
    const started = verifyAndRemember(token, request)
    underWay.set({ token, answer: started })
    return started
  }

  return Object.assign(caching, { known: lookUp })
}

const hit = Object.freeze({ outcome: 'hit' } as const)
const miss = Object.freeze({ outcome: 'miss' } as const)
const again = Object.freeze({ outcome: 'refused' } as const)

/** What a value takes of the heap, about, in bytes. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length * (Buffer.byteLength(value) === value.length ? 1 : 2)
  if (typeof value !== 'object' || value === null) return 8
  let size = 64
  for (const name in value) size += 20 + sizeOf((value as Record<string, unknown>)[name])
  return size
}

interface Entries<Entry> {
  get(key: number | string): Entry | undefined
  set(key: number | string, entry: Entry): unknown
  delete(key: number | string): unknown
}

/** Keeps tokens by a number made of their end, which of a JWT is a part of the signature: to hash a whole token takes longer than all else. */
function byEnd<Entry extends { readonly token: string }>(entries: Entries<Entry>) {
  // Where two tokens end alike, the second is kept by all of it.
  const isOther = (entry: Entry | undefined, token: string) => entry !== undefined && entry.token !== token

  return {
    get(token: string): Entry | undefined {
      const entry = entries.get(endOf(token))
      return isOther(entry, token) ? entries.get(token) : entry
    },
    set(entry: Entry): void {
      const end = endOf(entry.token)
      entries.set(isOther(entries.get(end), entry.token) ? entry.token : end, entry)
    },
    delete(token: string): void {
      const end = endOf(token)
      entries.delete(entries.get(end)?.token === token ? end : token)
    },
  }
}

function endOf(token: string): number {
  let end = 0
  // Callers of JavaScript may give anything: what is no text is found nowhere, and the judge refuses it.
  if (typeof token !== 'string') return end
  for (let at = Math.max(0, token.length - 8); at < token.length; at += 1) {
    end = (Math.imul(end, 31) + token.charCodeAt(at)) | 0
  }
  return end
}

// A token that was cut out of a header would keep the whole of that header in memory.
function copyOf(token: string): string {
  const copy = Buffer.from(token, 'latin1').toString('latin1')
  return copy === token ? copy : token
}
