import { type Clock, systemClock } from './clock.ts'
import { clockSkewOf } from './response-headers.ts'
import type { Seconds } from './types.ts'

/** How far the clocks of issuers and ours are apart. */
export interface ClockSkews {
  /** Notes what the `Date` of an answer tells of its issuer's clock. */
  note(issuer: string, headers: Headers): void
  /** By how many seconds an issuer's clock was ahead of ours when it last answered; nothing before it has. */
  of(issuer: string): Seconds | undefined
}

// A `Date` is a second exact.
const exactness: Seconds = 1

/**
 * Makes what keeps an eye on the clocks of issuers. Of the first that is further from ours than tokens are forgiven, a process warning tells.
 * Where the clock is not the machine's, but one of tests, it does not.
 */
export function createClockSkews(clock: Clock, tolerance: Seconds): ClockSkews {
  const skews = new Map<string, Seconds>()
  let warned = clock !== systemClock

  return {
    note(issuer, headers) {
      const skew = clockSkewOf(headers, clock.now())
      if (skew === undefined) return
      skews.set(issuer, skew)
      if (warned || Math.abs(skew) <= tolerance + exactness) return
      warned = true
      process.emitWarning(
        `The clock of ${issuer} is ${inWords(skew)} ours, and clockTolerance is ${tolerance} s: good tokens may be refused as expired or not valid yet. Is a clock wrong?`,
        { type: 'ClavigerWarning', code: 'CLAVIGER_CLOCK_SKEW' },
      )
    },
    of: (issuer) => skews.get(issuer),
  }
}

function inWords(skew: Seconds): string {
  return `${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'}`
}
