import { type Clock, systemClock } from './clock.ts'
import { AuthError } from './errors.ts'
import type { Seconds } from './types.ts'

/** Remembers what may be used once only. */
export interface ReplayStore {
  /**
   * Whether this is the first time; asked at the same time, one is told so.
   * @param id what it is of too: ids of different kinds must differ
   * @param until since the epoch: it is remembered until then, and may be forgotten after
   * @throws {AuthError} `ERR_STORE_UNAVAILABLE` when nobody knows
   */
  once(id: string, until: Seconds): Promise<boolean>
  /** Ends background work. */
  close(): Promise<void>
}

interface Options {
  /** For tests. Default: the machine's. */
  readonly clock?: Pick<Clock, 'now'>
  /** How many are remembered at once. One more is refused, for none is forgotten before its time. Default 100,000. */
  readonly max?: number
}

// Looked through when it has doubled since the last time: the cost of each entry is the same, however many there are.
const firstSweep = 1024
// Of a store that is full, each request would pay for all that others have left there.
const sweepEvery: Seconds = 1

/** A store of this process, of so many ids at once (`max`, by default 100,000): one more is refused with `ERR_STORE_UNAVAILABLE`. */
export function createReplayStore({ clock = systemClock, max = 100_000 }: Options = {}): ReplayStore {
  const seen = new Map<string, Seconds>()
  let sweepAt = Math.min(firstSweep, max)
  let sweptAt: Seconds = Number.NEGATIVE_INFINITY

  function sweep(now: Seconds): void {
    for (const [id, until] of seen) if (until <= now) seen.delete(id)
    sweepAt = Math.min(max, Math.max(firstSweep, seen.size * 2))
    sweptAt = now
  }

  return {
    async once(id, until) {
      const now = clock.now() / 1000
      // By how much, in whichever direction: a clock that was ahead is set back.
      if (seen.size >= sweepAt && Math.abs(now - sweptAt) >= sweepEvery) sweep(now)
      if ((seen.get(id) ?? 0) > now) return false
      if (seen.size >= max)
        throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: `${max} ids are remembered already` })
      seen.set(id, until)
      return true
    },
    async close() {
      seen.clear()
    },
  }
}
