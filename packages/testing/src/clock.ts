import type { Clock, Seconds } from '@claviger/core'

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /**
   * Moves wall time and monotonic time on by 0 seconds or more, and calls what falls due on the way, in the order of its time. What a callback
   * starts gets the chance to run, and to ask for further callbacks, before the next is called.
   * @throws {RangeError} for less than 0
   */
  advance(seconds: Seconds): Promise<void>
  /** Sets wall time alone, as an administrator does: forwards or back. Nothing falls due. */
  set(secondsSinceEpoch: Seconds): void
}

/**
 * Makes a clock for tests.
 * @param startAt Seconds since the epoch. Default: the present second.
 */
export function createTestClock(startAt: Seconds = Math.floor(Date.now() / 1000)): TestClock {
  let wall = startAt * 1000
  let steady = 1000
  let waiting: { at: number; callback: () => void }[] = []

  function moveTo(time: number): void {
    wall += time - steady
    steady = time
  }

  function takeDue(until: number) {
    const [first] = waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
    waiting = waiting.filter((entry) => entry !== first)
    return first
  }

  return {
    now: () => wall,
    monotonic: () => steady,
    after(milliseconds, callback) {
      const entry = { at: steady + Math.max(0, milliseconds), callback }
      waiting.push(entry)
      return () => {
        waiting = waiting.filter((other) => other !== entry)
      }
    },
    async advance(seconds) {
      if (!(seconds >= 0)) throw new RangeError('A clock advances by 0 seconds or more; use set() to go back.')
      const until = steady + seconds * 1000
      for (let due = takeDue(until); due !== undefined; due = takeDue(until)) {
        moveTo(Math.max(steady, due.at))
        due.callback()
        await settle()
      }
      moveTo(until)
      await settle()
    },
    set(secondsSinceEpoch) {
      wall = secondsSinceEpoch * 1000
    },
  }
}

/** The time of the machine. */
export const realClock: Pick<Clock, 'now'> = { now: () => Date.now() }

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
