import type { TestClock } from '@claviger/testing'
import { unavailable } from '../../src/errors.ts'
import { createRefreshed, type Freshness, type Loaded } from '../../src/refreshed.ts'

/** The tests' own, and not the defaults: what is counted with them must not move when those do. */
export const freshness: Freshness = {
  defaultAge: 600,
  minAge: 60,
  maxAge: 3600,
  staleIfError: 86_400,
  retry: 2,
  maxRetry: 30,
}

/** A publisher that cannot be reached. */
export const down = () => Promise.reject(unavailable('it is down'))

/** What a test says of a value: early is by how many milliseconds timers come too soon. */
export interface PublishedOptions {
  readonly limits?: Partial<Freshness>
  readonly seed?: string
  readonly early?: number
}

/** A value whose publisher answers as the test says, and when it was asked. */
export function createPublished(clock: TestClock, options: PublishedOptions = {}) {
  const started = clock.monotonic()
  const asked: number[] = []
  const died: number[] = []
  const now = () => (clock.monotonic() - started) / 1000
  const publisher = { answer: (): Promise<Loaded<string>> => Promise.resolve({ value: 'new' }) }
  const timers = { running: 0 }
  const kept = createRefreshed<string>({
    what: 'the value',
    clock: {
      ...clock,
      after(milliseconds, callback) {
        let over = false
        const end = () => {
          if (!over) timers.running -= 1
          over = true
        }
        timers.running += 1
        const cancel = clock.after(milliseconds > 1 ? milliseconds - (options.early ?? 0) : milliseconds, () => {
          end()
          callback()
        })
        return () => {
          end()
          cancel()
        }
      },
    },
    freshness: { ...freshness, ...options.limits },
    ...(options.seed !== undefined && { seed: options.seed }),
    load() {
      asked.push(now())
      return publisher.answer()
    },
    onDeath: () => died.push(now()),
  })
  return { kept, publisher, asked, died, timers, now }
}

/** The waits between the times something was asked. */
export function waits(asked: readonly number[]): number[] {
  return asked.slice(1).map((time, index) => time - (asked[index] as number))
}
