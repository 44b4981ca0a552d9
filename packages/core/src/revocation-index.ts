import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'
import { type Fingerprint, fingerprintOf, joined } from './fingerprint.ts'
import { FingerprintTable, lastSecond, parts, type TableEntry } from './fingerprint-table.ts'
import type { Revocation } from './revocation.ts'
import type { Seconds, VerifiedToken } from './types.ts'
import { withoutSignature } from './without-signature.ts'

/** A revocation without what it is about in clear. `issuedBefore` is 0 for kinds that have none. */
export interface RevocationEntry extends TableEntry {
  readonly kind: Revocation['kind']
}

/** What has been revoked, in compact form; asked without waiting. */
export interface RevocationIndex {
  readonly size: number
  isRevoked(token: string, verified: VerifiedToken): boolean
  /** Returns whether it told anything new. */
  add(entry: RevocationEntry): boolean
  covers(entry: RevocationEntry): boolean
  /** Everything that is not over, in pieces of a size that may be walked through in one go. The index must not be changed within one. */
  pieces(): Generator<Iterable<RevocationEntry>>
  /** The present time, as far as entries are concerned: a wall clock that is set ahead, and back again, makes nothing forgotten. */
  now(): Seconds
  close(): void
}

// All parts within a minute.
const sweepEvery = 1
const partsAtOnce = Math.ceil(parts / 50)

/** Makes an index that forgets an entry within a minute after its end. */
export function createRevocationIndex(clock: Clock): RevocationIndex {
  const tables = {
    token: new FingerprintTable(false),
    tokenId: new FingerprintTable(false),
    session: new FingerprintTable(false),
    sessionTokens: new FingerprintTable(true),
    subject: new FingerprintTable(true),
    provider: new FingerprintTable(true),
  } satisfies Record<Revocation['kind'], FingerprintTable>
  const all = Object.entries(tables) as [Revocation['kind'], FingerprintTable][]
  const began = { wall: clock.now(), steady: clock.monotonic() }
  const known = new WeakMap<VerifiedToken, Prints>()
  let nextPart = 0
  let cancelSweep: (() => void) | undefined
  let closed = false

  const now = () => Math.min(clock.now(), began.wall + clock.monotonic() - began.steady) / 1000

  function sweep(): void {
    const time = now()
    for (let count = 0; count < partsAtOnce; count += 1) {
      for (const [, table] of all) table.sweep(nextPart, time)
      nextPart = (nextPart + 1) % parts
    }
    cancelSweep = undefined
    sweepLater()
  }

  function sweepLater(): void {
    if (!closed && cancelSweep === undefined && size() > 0) cancelSweep = clock.after(sweepEvery * 1000, sweep)
  }

  function size(): number {
    // One by one: it is asked for each request.
    const { token, tokenId, session, sessionTokens, subject, provider } = tables
    return token.size + tokenId.size + session.size + sessionTokens.size + subject.size + provider.size
  }

  function printsOf(verified: VerifiedToken): Prints {
    let prints = known.get(verified)
    if (prints === undefined) {
      prints = new Prints(verified)
      known.set(verified, prints)
    }
    return prints
  }

  function hasId(kind: 'tokenId' | 'session', id: string | undefined, prints: Prints): boolean {
    const table = tables[kind]
    if (id === undefined || !isUsed(table)) return false
    const [anywhere, here] = prints[kind](id)
    return table.has(here) || table.has(anywhere)
  }

  function hasEnded(session: string, issuedAt: Seconds | undefined, prints: Prints): boolean {
    const [, here] = prints.session(session)
    return isBefore(issuedAt, tables.sessionTokens.issuedBefore(here))
  }

  return {
    get size() {
      return size()
    },
    isRevoked(token, verified) {
      if (size() === 0) return false
      const { tokenId, session, issuedAt } = verified
      const prints = printsOf(verified)
      return (
        (isUsed(tables.token) && tables.token.has(prints.token(token))) ||
        hasId('tokenId', tokenId, prints) ||
        hasId('session', session, prints) ||
        (session !== undefined && isUsed(tables.sessionTokens) && hasEnded(session, issuedAt, prints)) ||
        (isUsed(tables.subject) && isBefore(issuedAt, tables.subject.issuedBefore(prints.subject))) ||
        (isUsed(tables.provider) && isBefore(issuedAt, tables.provider.issuedBefore(prints.provider)))
      )
    },
    add(entry) {
      const isNew = tables[entry.kind].add(entry)
      sweepLater()
      return isNew
    },
    covers: (entry) => tables[entry.kind].covers(entry),
    *pieces() {
      for (const [kind, table] of all)
        for (let part = 0; part < parts; part += 1) yield living(kind, table.entries(part), now())
    },
    now,
    close() {
      closed = true
      cancelSweep?.()
    },
  }
}

/** What an index keeps of a revocation. */
export function entryOf(revocation: Revocation): RevocationEntry {
  const { kind } = revocation
  // What four bytes cannot tell, or is no time at all, is kept as long as they can.
  const until = Math.ceil(within(1, revocation.until))
  const issuedBefore = within(0, 'issuedBefore' in revocation ? revocation.issuedBefore : 0)
  return { kind, print: printOf(revocation), until, issuedBefore }
}

function within(first: Seconds, time: Seconds): Seconds {
  return time < lastSecond ? Math.max(first, time) : lastSecond
}

function printOf(revocation: Revocation): Fingerprint {
  if (revocation.kind === 'token') return fingerprintOf('token', withoutSignature(revocation.token))
  if (revocation.kind === 'provider') return issuerPrint(revocation.issuer)
  if (revocation.kind === 'subject')
    return joined(fingerprintOf('subject', revocation.subject), issuerPrint(revocation.issuer))
  const id = fingerprintOf(revocation.kind === 'tokenId' ? 'tokenId' : 'session', revocation.id)
  return revocation.issuer === undefined ? id : joined(id, issuerPrint(revocation.issuer))
}

// Only configured issuers are asked for, and what a list was told of. A flood of others costs time, and no memory.
const issuers = new LRUCache<string, Fingerprint>({
  max: 1000,
  memoMethod: (issuer) => fingerprintOf('provider', issuer),
})

function issuerPrint(issuer: string): Fingerprint {
  return issuers.memo(issuer)
}

/** An id of any issuer, and the same of one. */
type Either = readonly [Fingerprint, Fingerprint]

// What nothing has been revoked by needs no fingerprint of any token.
function isUsed(table: FingerprintTable): boolean {
  return table.size > 0
}

/** The fingerprints of a verified token, each made when it is first asked for: a known token is hashed once. */
class Prints {
  readonly #verified: VerifiedToken
  #token: { readonly text: string; readonly print: Fingerprint } | undefined
  #tokenId: Either | undefined
  #session: Either | undefined
  #subject: Fingerprint | undefined

  constructor(verified: VerifiedToken) {
    this.#verified = verified
  }

  token(text: string): Fingerprint {
    if (this.#token?.text !== text) this.#token = { text, print: fingerprintOf('token', withoutSignature(text)) }
    return this.#token.print
  }

  tokenId(id: string): Either {
    this.#tokenId ??= this.#either('tokenId', id)
    return this.#tokenId
  }

  session(id: string): Either {
    this.#session ??= this.#either('session', id)
    return this.#session
  }

  get subject(): Fingerprint {
    this.#subject ??= joined(fingerprintOf('subject', this.#verified.user.id), this.provider)
    return this.#subject
  }

  get provider(): Fingerprint {
    return issuerPrint(this.#verified.issuer)
  }

  #either(kind: 'tokenId' | 'session', id: string): Either {
    const anywhere = fingerprintOf(kind, id)
    return [anywhere, joined(anywhere, this.provider)]
  }
}

function isBefore(issuedAt: Seconds | undefined, time: Seconds | undefined): boolean {
  return time !== undefined && (issuedAt === undefined || issuedAt < time)
}

function* living(kind: Revocation['kind'], entries: Iterable<TableEntry>, now: Seconds): Generator<RevocationEntry> {
  for (const entry of entries) if (entry.until > now) yield { kind, ...entry }
}
