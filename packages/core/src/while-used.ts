import type { Clock } from './clock.ts'

/** A clock whose timers wait while nobody uses what they are for. */
export interface WhileUsed {
  readonly clock: Clock
  /** Notes a use; what fell due meanwhile is called now. */
  use(): void
}

/** Lets what is kept fresh in the background fall silent: a timer that falls due twice without a use waits for the next. */
export function whileUsed(clock: Clock): WhileUsed {
  let isUsed = false
  let asleep: (() => void)[] = []
  return {
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (milliseconds, callback) =>
        clock.after(milliseconds, () => {
          if (isUsed) callback()
          else asleep.push(callback)
          isUsed = false
        }),
    },
    use() {
      isUsed = true
      if (asleep.length === 0) return
      const waking = asleep
      asleep = []
      for (const wake of waking) wake()
    },
  }
}
