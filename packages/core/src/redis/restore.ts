import { setImmediate as breathe } from 'node:timers/promises'
import type { RevocationEntry, RevocationIndex } from '../revocation-index.ts'
import type { Alarm } from './alarm.ts'
import type { RedisConnection } from './client.ts'
import type { Lease } from './lease.ts'
import { messagesOf } from './message.ts'
import { writeEntry } from './revocation-entry.ts'

interface RestoreOptions {
  readonly connection: RedisConnection
  readonly key: string
  readonly lease: Lease
  readonly alarm: Alarm
  /** What this process knows. */
  readonly index: RevocationIndex
  /** What the stream holds, as far as it has been read from its beginning. */
  readonly stream: RevocationIndex
}

// So many may be written by everyone at once, without asking who does it.
const few = 1000
const atOnce = 10

/**
 * Writes back what the stream has lost. One process does it at a time, as far as that can be told; the others compare with what it
 * wrote, and add what they alone know.
 * @returns whether nothing was missing
 */
export async function restore({ connection, key, lease, alarm, index, stream }: RestoreOptions): Promise<boolean> {
  const between = async () => {
    await alarm.raise(connection)
    await breathe()
  }
  // Who has it may have died: whoever follows the stream keeps up the alarm until it is known to be whole.
  if (await lease.isTaken(connection)) return false
  let missing = 0
  for await (const texts of missingFrom(stream, index, between)) missing += texts.length
  if (missing === 0) {
    await lease.release(connection)
    return true
  }
  if (missing > few && !(await lease.take(connection))) return false
  for await (const texts of missingFrom(stream, index, between)) {
    const messages = messagesOf(texts)
    for (let from = 0; from < messages.length; from += atOnce)
      await Promise.all(messages.slice(from, from + atOnce).map((message) => connection.xAdd(key, '*', message)))
    if (missing > few) await lease.take(connection)
    await alarm.raise(connection)
  }
  return false
}

/** What one index has and another lacks, in pieces. */
async function* missingFrom(
  stream: RevocationIndex,
  index: RevocationIndex,
  between: () => Promise<void>,
): AsyncGenerator<string[]> {
  let texts: string[] = []
  for (const piece of index.pieces()) {
    let walked = 0
    for (const entry of piece as Iterable<RevocationEntry>) {
      walked += 1
      if (!stream.covers(entry)) texts.push(writeEntry(entry))
    }
    if (texts.length > few) {
      yield texts
      texts = []
    }
    if (walked > 100) await between()
  }
  if (texts.length > 0) yield texts
}
