import type { Clock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import { AuthError } from './errors.ts'
import { publish } from './events.ts'
import { isGone, sourceName } from './source.ts'
import { createSuspicion } from './suspicion.ts'
import type { Seconds } from './types.ts'

/** Who may have signatures verified, how many at once, and who waits. Tokens that are known never come here; their proofs do. */
export interface AdmissionLimits {
  /** Verifications at once. Default: six times the threads of libuv, which are 4 unless `UV_THREADPOOL_SIZE` says otherwise; at most 1024. */
  readonly concurrency: number
  /** Of these, for sources that lately sent bad signatures. Default: one less than there are cores or threads, at least 1, less than `concurrency`; at most 1024. */
  readonly suspectConcurrency: number
  /** Requests that wait. Default 1024, at most 100,000. */
  readonly maxWaiting: number
  /** Of these, from one source; what comes without a request is not held to it. Default 256, at most 100,000. */
  readonly maxWaitingPerSource: number
  /** Seconds until a bad signature counts half. From 0.1 to 86,400, default 10. */
  readonly halfLife: Seconds
  /** Whose request it is; what it gives at once is cut to 128 characters. Default: the address of the connection. */
  readonly sourceOf: (request: HttpRequest) => string | undefined
}

/** How busy an authenticator is with verifying signatures. */
export interface AdmissionHealth {
  /** Verifications now under way. */
  readonly running: number
  /** Requests now waiting for theirs. */
  readonly waiting: number
  /** Requests refused since the start, with `ERR_OVERLOADED`. */
  readonly refused: number
  /** Sources remembered for bad signatures. */
  readonly suspects: number
}

/** Lets work wait for its turn. Nothing as its result means that the signature was bad. @throws {AuthError} `ERR_OVERLOADED` */
export type Admit = <T>(request: HttpRequest | undefined, work: () => Promise<T | undefined>) => Promise<T | undefined>

/** Who may have signatures verified, at one authenticator. */
export interface Admission {
  readonly admit: Admit
  health(): AdmissionHealth
}

interface Waiting {
  readonly request: HttpRequest | undefined
  start(): void
  refuse(error: AuthError): void
}

/** Source → what waits, the oldest first. The source that comes next stands first, and goes to the end after its turn. */
type Line = Map<string, Waiting[]>

// Where both wait, suspects get one turn of this many.
const suspectTurn = 8
// A suspect's place stays empty for as long as it was used, within these milliseconds: the cheapest flood is one of RSA signatures.
const leastRest = 2
const mostRest = 20

// Given to nobody: the request that it answers is no longer there. Others that wait for the same token try again.
const abandoned = new AuthError('ERR_OVERLOADED', { explanation: 'the request went away while it waited' })

/** Whether a verification did not take place because only a request that is gone had asked for it. */
export function isAbandoned(error: unknown): boolean {
  return error === abandoned
}

/**
 * Limits the work that costs CPU, and shares it out by source: each in its turn, and those under suspicion after the others, in
 * fewer places, of which they have no more than half the time. Nobody is shut out: suspects get every eighth turn at the least.
 */
export function createAdmission(clock: Clock, limits: AdmissionLimits): Admission {
  const suspicion = createSuspicion(clock, limits.halfLife)
  const trusted: Line = new Map()
  const suspects: Line = new Map()
  let running = 0
  let runningSuspects = 0
  let waiting = 0
  let refused = 0
  let turn = 0

  function join(source: string, entry: Waiting): void {
    const isSuspect = suspects.has(source) || suspicion.isSuspect(source)
    const line = isSuspect ? suspects : trusted
    const own = line.get(source) ?? []
    // Without a request it is the app itself that asks, maybe for many tokens at once.
    const most = entry.request === undefined ? limits.maxWaiting : limits.maxWaitingPerSource
    const isFull = own.length >= most || (waiting >= limits.maxWaiting && !makeRoom(own.length, isSuspect))
    if (isFull) {
      turnAway(entry, isSuspect)
      return
    }
    own.push(entry)
    line.set(source, own)
    waiting += 1
    if (!mayStart(isSuspect)) publish('claviger:admission', { outcome: 'waits', waiting, suspect: isSuspect })
  }

  function mayStart(isSuspect: boolean): boolean {
    return running < limits.concurrency && (!isSuspect || runningSuspects < limits.suspectConcurrency)
  }

  // The source with most to lose gives up its youngest: suspects first, and nobody for a source that has as many waiting itself.
  function makeRoom(least: number, forSuspect: boolean): boolean {
    const ours = forSuspect ? suspects : trusted
    for (const line of new Set([suspects, ours])) {
      let longest: readonly [source: string, entries: Waiting[]] | undefined
      for (const one of line) if (longest === undefined || one[1].length > longest[1].length) longest = one
      if (longest === undefined) continue
      const [source, entries] = longest
      if (line === ours && entries.length <= least + 1) continue
      const youngest = entries.pop() as Waiting
      if (entries.length === 0) line.delete(source)
      waiting -= 1
      turnAway(youngest, line === suspects)
      return true
    }
    return false
  }

  function turnAway(entry: Waiting, isSuspect: boolean): void {
    refused += 1
    publish('claviger:admission', { outcome: 'refused', waiting, suspect: isSuspect })
    const explanation = `${waiting} requests wait for their verification already (option admission)`
    entry.refuse(new AuthError('ERR_OVERLOADED', { explanation, retryAfter: isSuspect ? 5 : 1 }))
  }

  function fill(): void {
    for (let line = nextLine(); line !== undefined; line = nextLine()) {
      const [source, entries] = line.entries().next().value as [string, Waiting[]]
      const entry = entries.shift() as Waiting
      if (entries.length === 0) line.delete(source)
      else if (line.size > 1) {
        line.delete(source)
        line.set(source, entries)
      }
      waiting -= 1
      if (isGone(entry.request)) entry.refuse(abandoned)
      else entry.start()
    }
  }

  function nextLine(): Line | undefined {
    const trustedNext = trusted.size > 0 && mayStart(false)
    const suspectNext = suspects.size > 0 && mayStart(true)
    if (!trustedNext || !suspectNext) return trustedNext ? trusted : suspectNext ? suspects : undefined
    turn = (turn + 1) % suspectTurn
    return turn === 0 ? suspects : trusted
  }

  async function run<T>(source: string, work: () => Promise<T | undefined>): Promise<T | undefined> {
    const isSuspect = suspicion.isSuspect(source)
    const started = clock.monotonic()
    running += 1
    if (isSuspect) runningSuspects += 1
    try {
      const result = await work()
      if (result === undefined) blame(source)
      else suspicion.lower(source)
      return result
    } finally {
      running -= 1
      if (isSuspect) rest(clock.monotonic() - started)
      fill()
    }
  }

  // A timer that keeps the process alive, as somebody may wait for nothing else.
  function rest(used: number): void {
    setTimeout(
      () => {
        runningSuspects -= 1
        fill()
      },
      Math.min(Math.max(used, leastRest), mostRest),
    )
  }

  function blame(source: string): void {
    suspicion.raise(source)
    const own = trusted.get(source)
    if (own === undefined) return
    trusted.delete(source)
    suspects.set(source, own)
  }

  return {
    admit(request, work) {
      const source = request === undefined ? '' : sourceName(limits.sourceOf(request))
      // Of nearly all: there is a place, and nobody waits for one.
      if (waiting === 0 && mayStart(false) && !suspicion.isSuspect(source) && !isGone(request)) return run(source, work)
      return new Promise((resolve, reject) => {
        join(source, { request, start: () => resolve(run(source, work)), refuse: reject })
        fill()
      })
    },
    health: () => ({ running, waiting, refused, suspects: suspicion.size }),
  }
}
