import type { RedisConnection } from './client.ts'

/** A right that one process has at a time, for some seconds. Two may have it after an accident: what it is for must bear that. */
export interface Lease {
  /** Takes the lease, or prolongs it. Returns whether it is ours. */
  take(connection: RedisConnection): Promise<boolean>
  /** Whether it is somebody else's. */
  isTaken(connection: RedisConnection): Promise<boolean>
  release(connection: RedisConnection): Promise<void>
}

const seconds = 5

/** Makes a lease of five seconds. @param owner names this process */
export function createLease(key: string, owner: string): Lease {
  const expiration = { type: 'PX', value: seconds * 1000 } as const
  return {
    async take(connection) {
      if ((await connection.set(key, owner, { expiration, condition: 'NX' })) !== null) return true
      if ((await connection.get(key)) !== owner) return false
      await connection.set(key, owner, { expiration })
      return true
    },
    async isTaken(connection) {
      const holder = await connection.get(key)
      return holder !== null && holder !== owner
    },
    async release(connection) {
      if ((await connection.get(key)) === owner) await connection.del(key)
    },
  }
}
