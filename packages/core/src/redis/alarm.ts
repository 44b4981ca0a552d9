import type { RedisConnection } from './client.ts'

/** Tells processes that start that the stream has lost something, and that others are about to write it back. */
export interface Alarm {
  /** Raises it, or keeps it up. */
  raise(connection: RedisConnection): Promise<void>
  isRaised(connection: RedisConnection): Promise<boolean>
}

// Nobody takes it down: others may not be through.
const seconds = 5
const raiseEvery = 1000

/** Makes an alarm that goes out five seconds after it was last raised. */
export function createAlarm(key: string): Alarm {
  let next = 0
  return {
    async raise(connection) {
      if (performance.now() < next) return
      await connection.set(key, '1', { expiration: { type: 'PX', value: seconds * 1000 } })
      // Only now: one that did not get through is tried again at once.
      next = performance.now() + raiseEvery
    },
    async isRaised(connection) {
      return (await connection.get(key)) !== null
    },
  }
}
