import { randomInt } from 'node:crypto'
import type { Fingerprint } from './fingerprint.ts'
import type { Seconds } from './types.ts'

/** How many parts a table has: each grows, and is swept, on its own, so that no step takes long. */
export const parts = 256

interface Part {
  /** Five numbers for each slot: the fingerprint, and until when it is needed; 0 where the slot is free. */
  slots: Int32Array
  /** For each slot, where the table keeps times. */
  times: Float64Array | undefined
  used: number
}

/** What a table tells of one of its entries. */
export interface TableEntry {
  readonly print: Fingerprint
  readonly until: Seconds
  readonly issuedBefore: Seconds
}

const width = 5
const leastSlots = 4
/** The last second that an entry can tell: in 2106. */
export const lastSecond = 2 ** 32 - 1

/**
 * Fingerprints with the time until which each is needed, in 20 bytes a slot of flat memory: open addressing, never more than
 * three quarters full.
 */
export class FingerprintTable {
  readonly #parts: (Part | undefined)[] = new Array(parts).fill(undefined)
  readonly #withTimes: boolean
  size = 0

  /** @param withTimes whether an entry has an `issuedBefore`, in 8 bytes more */
  constructor(withTimes: boolean) {
    this.#withTimes = withTimes
  }

  has(print: Fingerprint): boolean {
    const part = this.#parts[print.a & (parts - 1)]
    return part !== undefined && part.slots[find(part, print) * width + 4] !== 0
  }

  /** The `issuedBefore` of an entry; none where there is no such entry. */
  issuedBefore(print: Fingerprint): Seconds | undefined {
    const part = this.#parts[print.a & (parts - 1)]
    if (part === undefined) return undefined
    const slot = find(part, print)
    return part.slots[slot * width + 4] === 0 ? undefined : part.times?.[slot]
  }

  /** Whether an entry is here for at least as long, and with at least as late an `issuedBefore`. */
  covers({ print, until, issuedBefore }: TableEntry): boolean {
    const part = this.#parts[print.a & (parts - 1)]
    if (part === undefined) return false
    const slot = find(part, print)
    return unsigned(part.slots[slot * width + 4]) >= until && (part.times?.[slot] ?? 0) >= issuedBefore
  }

  /** Two entries of one fingerprint are one: the later time of each. Returns whether that changed anything. */
  add(entry: TableEntry): boolean {
    const { print, until, issuedBefore } = entry
    const number = print.a & (parts - 1)
    let part = this.#parts[number]
    if (part === undefined) {
      part = this.#partOf(leastSlots)
      this.#parts[number] = part
    }
    let slot = find(part, print)
    const held = unsigned(part.slots[slot * width + 4])
    if (held === 0) {
      if ((part.used + 1) * 4 > (part.slots.length / width) * 3) {
        part = this.#rebuilt(part, 0, Math.ceil((part.used + 1) * 2))
        this.#parts[number] = part
        slot = find(part, print)
      }
      part.used += 1
      this.size += 1
    } else if (this.covers(entry)) return false
    put(part, slot, print, Math.max(held, until), Math.max(part.times?.[slot] ?? 0, issuedBefore))
    return true
  }

  /** Forgets what is over in one part. */
  sweep(number: number, now: Seconds): void {
    const part = this.#parts[number]
    if (part === undefined) return
    let left = 0
    for (let at = 4; at < part.slots.length; at += width) if (unsigned(part.slots[at]) > now) left += 1
    if (left === part.used) return
    this.size -= part.used - left
    this.#parts[number] = left === 0 ? undefined : this.#rebuilt(part, now, Math.max(leastSlots, Math.ceil(left * 1.6)))
  }

  /** The entries of one part. The table must not be changed meanwhile. */
  *entries(number: number): Generator<TableEntry> {
    const part = this.#parts[number]
    if (part === undefined) return
    for (let slot = 0; slot < part.slots.length / width; slot += 1) {
      const until = unsigned(part.slots[slot * width + 4])
      if (until !== 0) yield { print: printAt(part, slot), until, issuedBefore: part.times?.[slot] ?? 0 }
    }
  }

  #partOf(slots: number): Part {
    return {
      slots: new Int32Array(slots * width),
      times: this.#withTimes ? new Float64Array(slots) : undefined,
      used: 0,
    }
  }

  #rebuilt(old: Part, now: Seconds, slots: number): Part {
    const part = this.#partOf(slots)
    for (let slot = 0; slot < old.slots.length / width; slot += 1) {
      const until = unsigned(old.slots[slot * width + 4])
      if (until <= now) continue
      const print = printAt(old, slot)
      put(part, find(part, print), print, until, old.times?.[slot] ?? 0)
      part.used += 1
    }
    return part
  }
}

// What they are made of is random, unless somebody wrote them into the store that processes share: of a secret, nobody can choose many
// that begin at one slot, where each would be looked for among all the others.
const secret = Array.from({ length: 4 }, () => randomInt(2 ** 32) | 1)
const [first = 1, second = 1, third = 1, fourth = 1] = secret

function mix(hash: number, part: number, factor: number): number {
  const product = Math.imul(hash ^ part, factor)
  return product ^ (product >>> 15)
}

/** The slot of a fingerprint, or the free one where it would be. */
function find({ slots }: Part, { a, b, c, d }: Fingerprint): number {
  const count = slots.length / width
  const hash = mix(mix(mix(mix(fourth, a, first), b, second), c, third), d, fourth)
  for (let slot = Math.floor(((hash >>> 0) / 2 ** 32) * count); ; slot = slot + 1 === count ? 0 : slot + 1) {
    const at = slot * width
    if (slots[at + 4] === 0) return slot
    if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c && slots[at + 3] === d) return slot
  }
}

function put({ slots, times }: Part, slot: number, { a, b, c, d }: Fingerprint, until: Seconds, time: Seconds): void {
  const at = slot * width
  slots[at] = a
  slots[at + 1] = b
  slots[at + 2] = c
  slots[at + 3] = d
  slots[at + 4] = until
  if (times !== undefined) times[slot] = time
}

function printAt({ slots }: Part, slot: number): Fingerprint {
  const at = slot * width
  return { a: slots[at] ?? 0, b: slots[at + 1] ?? 0, c: slots[at + 2] ?? 0, d: slots[at + 3] ?? 0 }
}

const unsigned = (value: number | undefined) => (value ?? 0) >>> 0
