import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'
import type { Seconds } from './types.ts'

/** What is remembered of sources that sent bad signatures. */
export interface Suspicion {
  isSuspect(source: string): boolean
  /** Another bad signature. */
  raise(source: string): void
  /** Another good one, which takes one bad one back: among many honest users one attacker weighs little. */
  lower(source: string): void
  /** Sources that are remembered. */
  readonly size: number
}

interface Score {
  readonly bad: number
  /** Monotonic time at which `bad` was right; it halves from there. */
  readonly at: number
}

// Sources beyond these are forgotten, the one that was least heard of first. About 3 MiB at the most.
const maxSources = 10_000
// Forgotten after six half-lives, however much there was.
const maxBad = 32
const least = 0.5

/**
 * Counts bad signatures by source, each worth half as much after every half-life. One makes a source suspect for one half-life,
 * a flood for six of them after its end.
 */
export function createSuspicion(clock: Clock, halfLife: Seconds): Suspicion {
  const scores = new LRUCache<string, Score>({ max: maxSources })

  function badOf(source: string): number {
    const score = scores.get(source)
    return score === undefined ? 0 : score.bad * 2 ** ((score.at - clock.monotonic()) / 1000 / halfLife)
  }

  function change(source: string, by: number): void {
    const bad = Math.min(badOf(source) + by, maxBad)
    if (bad < least) scores.delete(source)
    else scores.set(source, { bad, at: clock.monotonic() })
  }

  return {
    isSuspect: (source) => badOf(source) >= least,
    raise: (source) => change(source, 1),
    lower: (source) => change(source, -1),
    get size() {
      return scores.size
    },
  }
}
