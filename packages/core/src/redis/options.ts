import * as z from 'zod'
import { seconds } from '../options.ts'
import { defaultPrefix, type RedisClient } from './client.ts'

/** The option `client`. */
export const redisClient = z.custom<RedisClient>(
  // By a command as node-redis spells it: ioredis has a `duplicate` too, which connects at once, and never ends for us.
  (value) => typeof value === 'object' && value !== null && 'duplicate' in value && 'xAdd' in value,
  'must be a client of node-redis, as createClient() gives it',
)

/** The option `prefix`. Braces in it would name another hash tag than ours. */
export const keyPrefix = z
  .string('must be a text')
  .regex(/^[^{}\s]{1,100}$/, 'must have 1 to 100 characters, without braces and white space')

/** `RedisStoreOptions`, completed. */
export const storeSchema = z.strictObject({
  client: redisClient,
  prefix: keyPrefix.default(defaultPrefix),
  timeout: seconds(0.01, 60).default(2),
})
