import { AuthError } from '../errors.ts'
import { readOptions } from '../options.ts'
import type { SessionStore } from '../session/store.ts'
import { keyOf, type RedisConnection, type RedisStoreOptions } from './client.ts'
import { createCommands, messageOf } from './connection.ts'
import { storeSchema } from './options.ts'

/** Where processes keep the sessions of browsers together. */
export type RedisSessionStoreOptions = RedisStoreOptions

// What is kept: version, end in milliseconds, and what is sealed. Each script is one step, whoever else writes.
const readScript = `local held = redis.call('GET', KEYS[1])
if not held then return false end
local left = (tonumber(string.match(held, '^%d+:(%d+):')) or 0) - tonumber(ARGV[2])
if left <= 0 then return false end
redis.call('PEXPIRE', KEYS[1], math.min(left, tonumber(ARGV[1])))
return held`

const writeScript = `local held = redis.call('GET', KEYS[1])
local version = held and tonumber(string.match(held, '^(%d+):')) or 0
if version ~= tonumber(ARGV[1]) - 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3], 'PX', ARGV[4])
return 1`

/**
 * Makes a store of sessions that processes share. Redis holds what is sealed under hashes of session ids, each until the session ends;
 * while it is out of reach, sessions are neither found nor ended.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`; each call: `ERR_STORE_UNAVAILABLE`
 */
export function createRedisSessionStore(options: RedisSessionStoreOptions): SessionStore & { close(): Promise<void> } {
  const { client, prefix, timeout } = readOptions('createRedisSessionStore', storeSchema, options)
  const commands = createCommands(client, timeout)
  const keyFor = (name: string) => keyOf(prefix, `session:${name}`)

  async function run<T>(command: (redis: RedisConnection) => Promise<T>): Promise<T> {
    try {
      return await commands.run(command)
    } catch (cause) {
      throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: `sessions: ${messageOf(cause)}`, cause })
    }
  }

  return {
    async read(name, rolling) {
      const lives = [String(Math.ceil(rolling * 1000)), String(Date.now())]
      const held = await run((redis) => redis.eval(readScript, { keys: [keyFor(name)], arguments: lives }))
      const [, version, sealed] = /^(\d+):\d+:(.*)$/s.exec(String(held ?? '')) ?? []
      return version === undefined || sealed === undefined ? undefined : { version: Number(version), sealed }
    },
    async write(name, { sealed, version }, { rolling, until }) {
      const end = Math.ceil(until * 1000)
      const left = Math.min(end - Date.now(), Math.ceil(rolling * 1000))
      if (left <= 0) return false
      const values = [String(version), String(end), sealed, String(left)]
      return (await run((redis) => redis.eval(writeScript, { keys: [keyFor(name)], arguments: values }))) === 1
    },
    async end(name) {
      await run((redis) => redis.del(keyFor(name)))
    },
    async close() {
      commands.close()
    },
  }
}
