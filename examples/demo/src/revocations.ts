import { createRevocationList, type RevocationList } from '@claviger/core'
import { createRedisRevocationList } from '@claviger/core/redis'
import { createClient } from 'redis'
import { program, startRedis } from '../../../packages/core/test/support/redis-process.ts'

/** What the two APIs know of revocations. */
export interface SharedRevocations {
  /** How they are told of each other's. */
  readonly by: string
  /** The list of one API. */
  list(): RevocationList
  close(): Promise<void>
}

/** A list for each API, in step through a Redis of our own; where none is installed, one list for both. */
export async function shareRevocations(): Promise<SharedRevocations> {
  if (program === undefined) {
    const list = createRevocationList()
    return { by: 'one list', list: () => list, close: () => list.close() }
  }
  const redis = await startRedis()
  return {
    by: 'Redis',
    list: () => createRedisRevocationList({ client: createClient({ url: redis.url }) }),
    close: () => redis.close(),
  }
}
