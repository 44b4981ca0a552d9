import { createHash } from 'node:crypto'
import * as z from 'zod'
import { AuthError } from '../errors.ts'
import { readOptions, seconds } from '../options.ts'
import type { ReplayStore } from '../replays.ts'
import type { Seconds } from '../types.ts'
import { defaultPrefix, keyOf, type RedisClient } from './client.ts'
import { createCommands, messageOf } from './connection.ts'
import { keyPrefix, redisClient } from './options.ts'

/** Where processes remember together what may be used once. Durations are seconds. */
export interface RedisReplayStoreOptions {
  /** Of node-redis. Connections of ours are duplicates of it. */
  client: RedisClient
  /** Goes before each key in Redis. Default `claviger`. */
  prefix?: string
  /** One deadline for each command. From 0.01 to 60, default 2. */
  timeout?: Seconds
}

const schema = z.strictObject({
  client: redisClient,
  prefix: keyPrefix.optional(),
  timeout: seconds(0.01, 60).optional(),
})

/**
 * Makes a replay store that processes share. Redis holds hashes, each until its time is over; while it is out of reach nobody knows.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createRedisReplayStore(options: RedisReplayStoreOptions): ReplayStore {
  const { client, prefix = defaultPrefix, timeout = 2 } = readOptions('createRedisReplayStore', schema, options)
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
