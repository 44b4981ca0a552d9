/** Where time comes from. Tests pass one they can move; everything else uses {@link systemClock}. */
export interface Clock {
  /** Wall time in milliseconds since the epoch: for what tokens say. */
  now(): number
  /** Milliseconds that never jump: for the age of what we hold. */
  monotonic(): number
  /** Calls back after so many milliseconds, without keeping the process alive. Returns what cancels it. */
  after(milliseconds: number, callback: () => void): () => void
}

// setTimeout fires at once for anything longer.
const maxDelay = 2_147_483_647

/** The machine's own clock. */
export const systemClock: Clock = {
  // Not `Date.now` itself: tests of apps put another clock into its place.
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, milliseconds), maxDelay))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
