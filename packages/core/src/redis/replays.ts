import { createHash } from 'node:crypto'
import { AuthError } from '../errors.ts'
import { readOptions } from '../options.ts'
import type { ReplayStore } from '../replays.ts'
import { keyOf, type RedisStoreOptions } from './client.ts'
import { createCommands, messageOf } from './connection.ts'
import { storeSchema } from './options.ts'

/** Where processes remember together what may be used once. */
export type RedisReplayStoreOptions = RedisStoreOptions

/**
 * Makes a replay store that processes share. Redis holds hashes, each until its time is over; while it is out of reach nobody knows.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createRedisReplayStore(options: RedisReplayStoreOptions): ReplayStore {
  const { client, prefix, timeout } = readOptions('createRedisReplayStore', storeSchema, options)
  const commands = createCommands(client, timeout)
  return {
    async once(id, until) {
      const key = keyOf(prefix, `once:${createHash('sha256').update(id).digest('base64url')}`)
      const value = Math.max(1, Math.ceil(until * 1000 - Date.now()))
      try {
        const set = commands.run((redis) => redis.set(key, '1', { expiration: { type: 'PX', value }, condition: 'NX' }))
        return (await set) !== null
      } catch (cause) {
        throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: `replays: ${messageOf(cause)}`, cause })
      }
    },
    async close() {
      commands.close()
    },
  }
}
