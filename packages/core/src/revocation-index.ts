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
    const { token, tokenId, session, subject, provider } = tables
    return token.size + tokenId.size + session.size + subject.size + provider.size
  }

  function printsOf(verified: VerifiedToken): Prints {
    let prints = known.get(verified)
    if (prints === undefined) {
      prints = new Prints(verified)
      known.set(verified, prints)
    }
    return prints
  }

  return {
    get size() {
      return size()
    },
    isRevoked(token, verified) {
      const { tokenId, session, issuedAt } = verified
      if (size() === 0) return false
      const prints = printsOf(verified)
      return (
        (tables.token.size > 0 && tables.token.has(prints.token(token))) ||
        (tokenId !== undefined && tables.tokenId.size > 0 && hasEither(tables.tokenId, prints.tokenId)) ||
        (session !== undefined && tables.session.size > 0 && hasEither(tables.session, prints.session)) ||
        (tables.subject.size > 0 && isBefore(issuedAt, tables.subject.issuedBefore(prints.subject))) ||
        (tables.provider.size > 0 && isBefore(issuedAt, tables.provider.issuedBefore(prints.provider)))
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
  const until = revocation.until <= lastSecond ? Math.max(1, Math.ceil(revocation.until)) : lastSecond
  const time = 'issuedBefore' in revocation ? revocation.issuedBefore : 0
  const issuedBefore = time <= lastSecond ? Math.max(0, time) : lastSecond
  return { kind, print: printOf(revocation), until, issuedBefore }
}

function printOf(revocation: Revocation): Fingerprint {
  if (revocation.kind === 'token') return fingerprintOf('token', withoutSignature(revocation.token))
  if (revocation.kind === 'provider') return issuerPrint(revocation.issuer)
  if (revocation.kind === 'subject')
    return joined(fingerprintOf('subject', revocation.subject), issuerPrint(revocation.issuer))
  const id = fingerprintOf(revocation.kind, revocation.id)
  return revocation.issuer === undefined ? id : joined(id, issuerPrint(revocation.issuer))
}

const issuers = new Map<string, Fingerprint>()
// Only configured issuers are asked for, and what a list was told of. A flood of others costs time, and no memory.
const maxIssuers = 1000

function issuerPrint(issuer: string): Fingerprint {
  let print = issuers.get(issuer)
  if (print === undefined) {
    print = fingerprintOf('provider', issuer)
    if (issuers.size >= maxIssuers) issuers.clear()
    issuers.set(issuer, print)
  }
  return print
}

/** An id of any issuer, and the same of one. */
type Either = readonly [Fingerprint, Fingerprint]

function hasEither(table: FingerprintTable, [anywhere, here]: Either): boolean {
  return table.has(here) || table.has(anywhere)
}

/** The fingerprints of a verified token, each made when it is first asked for: a known token is hashed once. */
class Prints {
  readonly #verified: VerifiedToken
  #text: string | undefined
  #token: Fingerprint | undefined
  #tokenId: Either | undefined
  #session: Either | undefined
  #subject: Fingerprint | undefined

  constructor(verified: VerifiedToken) {
    this.#verified = verified
  }

  token(text: string): Fingerprint {
    if (this.#token === undefined || this.#text !== text) {
      this.#text = text
      this.#token = fingerprintOf('token', withoutSignature(text))
    }
    return this.#token
  }

  get tokenId(): Either {
    this.#tokenId ??= this.#either('tokenId', this.#verified.tokenId ?? '')
    return this.#tokenId
  }

  get session(): Either {
    this.#session ??= this.#either('session', this.#verified.session ?? '')
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
