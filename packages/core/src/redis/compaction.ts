import type { Seconds } from '../types.ts'
import type { RedisConnection } from './client.ts'
import type { Lease } from './lease.ts'
import { entriesOf, messagesOf, readMessages } from './message.ts'

interface CompactionOptions {
  readonly connection: RedisConnection
  readonly key: string
  readonly lease: Lease
  /** How many revocations are alive. */
  readonly living: number
  now(): Seconds
}

const batch = 1000
// Below this, what is over does no harm.
const least = 10_000
// By how much clocks may differ.
const skew = 300

/** Whether a stream of that length is worth the work: less than half of it can be alive. */
function isLong(length: number, living: number): boolean {
  return length > 2 * living + least
}

/**
 * Shortens the stream from its head. A message leaves when all it says is over, by the clock of Redis and by ours; what is not
 * over goes to the tail first, on the same connection, so that no failover can keep the one and lose the other. The number of
 * messages starts the work, but never ends a revocation. The latest message stays.
 */
export async function compact({ connection, key, lease, living, now }: CompactionOptions): Promise<void> {
  let length = Number(await connection.xLen(key))
  if (!isLong(length, living)) return
  // Once through what is there now.
  for (let left = length; left > batch && length > 1.5 * living + least / 2; left -= batch) {
    if (!(await lease.take(connection))) return
    const messages = readMessages(await connection.xRange(key, '-', '+', { COUNT: batch + 1 }))
    const next = messages.pop()
    if (next === undefined || messages.length < batch) break
    const over = Math.min(await timeOf(connection), now()) - skew
    const texts = messages.flatMap((message) =>
      entriesOf(message).entries.flatMap(([text, { until }]) => (until > over ? [text] : [])),
    )
    await Promise.all(messagesOf(texts).map((message) => connection.xAdd(key, '*', message)))
    await connection.xTrim(key, 'MINID', next.id)
    length = Number(await connection.xLen(key))
  }
  await lease.release(connection)
}

/** The time of Redis. */
export async function timeOf(connection: RedisConnection): Promise<Seconds> {
  const reply = await connection.time()
  const seconds = Array.isArray(reply) ? Number(reply[0]) : Number.NaN
  if (!Number.isFinite(seconds)) throw new Error('Redis does not tell the time')
  return seconds
}
