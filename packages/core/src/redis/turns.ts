import type { Seconds } from '../types.ts'
import type { Commands } from './connection.ts'

/** What came of asking for the turn. */
export type Turn =
  /** It is ours. `others`: how many had it before, and have neither said what came of it nor gone on renewing it. */
  | { readonly kind: 'ours'; readonly fence: number; readonly others: number }
  /** Somebody else has it, for so many milliseconds at least. */
  | { readonly kind: 'taken'; readonly milliseconds: number }
  /** It is over, with this outcome. */
  | { readonly kind: 'over'; readonly sealed: string }

/** What came of saying what came of it. */
export type Settled =
  | { readonly kind: 'kept' }
  /** Another outcome was there before, and holds. */
  | { readonly kind: 'over'; readonly sealed: string }
  /** Another has the turn by now: what comes of theirs holds. */
  | { readonly kind: 'lost' }

/** Who may do something that is to be done once. Times are those of Redis, so that no process needs a right clock. */
export interface Turns {
  take(key: string, lease: Seconds): Promise<Turn>
  /** Holds on to a turn, also when Redis has lost it; false when it is somebody else's by now, or over. */
  renew(key: string, fence: number, lease: Seconds): Promise<boolean>
  /**
   * Says what came of a turn, for all others to read.
   * @param isPrize what counts even when the turn was lost, unless another prize is there
   */
  settle(key: string, fence: number, outcome: { isPrize: boolean; sealed: string; keep: Seconds }): Promise<Settled>
}

// How long it is remembered that somebody had the turn and was not heard of again.
const memory: Seconds = 60

const clock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
`

// A fencing number is the time at which the turn was taken, or more: it grows, also when Redis has been emptied in between.
const take = `${clock}
local sealed = redis.call('HGET', KEYS[1], 'sealed')
if sealed then return { 'over', sealed } end
local left = math.min(tonumber(redis.call('HGET', KEYS[1], 'until') or 0) - now, tonumber(ARGV[2]))
if left > 0 then return { 'taken', text(left) } end
local last = tonumber(redis.call('HGET', KEYS[1], 'fence') or 0)
-- Beyond this numbers are not exact, and none of ours: nobody could say what came of such a turn.
if last > 1e15 then last = 0 end
local fence = math.max(now, last + 1)
local turns = redis.call('HINCRBY', KEYS[1], 'turns', 1)
redis.call('HSET', KEYS[1], 'fence', text(fence), 'until', text(now + ARGV[1]))
redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2])
return { 'ours', text(fence), text(turns - 1) }
`

const renew = `${clock}
if redis.call('HEXISTS', KEYS[1], 'sealed') == 1 then return { 'lost' } end
local fence = redis.call('HGET', KEYS[1], 'fence')
if fence and fence ~= ARGV[3] then return { 'lost' } end
redis.call('HSETNX', KEYS[1], 'turns', 1)
redis.call('HSET', KEYS[1], 'fence', ARGV[3], 'until', text(now + ARGV[1]))
redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2])
return { 'kept' }
`

const settle = `
local sealed = redis.call('HGET', KEYS[1], 'sealed')
if sealed and (ARGV[2] == '0' or redis.call('HGET', KEYS[1], 'prize') == '1') then return { 'over', sealed } end
local fence = redis.call('HGET', KEYS[1], 'fence')
if ARGV[2] == '0' and fence and fence ~= ARGV[1] then return { 'lost' } end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'prize', ARGV[2], 'sealed', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { 'kept' }
`

/** Makes what decides on turns, by scripts: each is one step for everybody. */
export function createTurns({ run }: Commands): Turns {
  async function call(script: string, key: string, ...args: (string | number)[]): Promise<readonly string[]> {
    const reply = await run((connection) => connection.eval(script, { keys: [key], arguments: args.map(String) }))
    if (!Array.isArray(reply)) throw new Error('Redis did not answer the script as it should')
    return reply.map(String)
  }
  const lives = (lease: Seconds) => [Math.ceil(lease * 1000), memory * 1000] as const

  return {
    async take(key, lease) {
      const [kind, value = '', others] = await call(take, key, ...lives(lease))
      if (kind === 'over') return { kind, sealed: value }
      if (kind === 'taken') return { kind, milliseconds: Number(value) }
      return { kind: 'ours', fence: Number(value), others: Number(others) }
    },
    async renew(key, fence, lease) {
      const [kind] = await call(renew, key, ...lives(lease), fence)
      return kind === 'kept'
    },
    async settle(key, fence, { isPrize, sealed, keep }) {
      const [kind, value = ''] = await call(settle, key, fence, isPrize ? 1 : 0, sealed, Math.ceil(keep * 1000))
      if (kind === 'over') return { kind, sealed: value }
      return { kind: kind === 'kept' ? 'kept' : 'lost' }
    },
  }
}
