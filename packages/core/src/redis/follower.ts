import { setTimeout as pause } from 'node:timers/promises'
import type { Seconds } from '../types.ts'
import type { RedisClient, RedisConnection } from './client.ts'
import { connect, end, withDeadline } from './connection.ts'
import { type Message, readMessages } from './message.ts'

/** What a follower tells. Calls of one follower never overlap; what they ask Redis has the deadline of a command. */
export interface Listener {
  /** The next messages, in order. */
  read(messages: readonly Message[]): void
  /** Redis has not got any more what was read last: everything that was read may be missing, and is read again from now on. */
  emptied(connection: RedisConnection): Promise<void>
  /** All that the stream held when it was asked has been read, and nothing that was read before is missing. */
  caughtUp(round: Round): Promise<void>
  /** The connection is no more, or could not be had. Told for each attempt. */
  lost(error: unknown): void
}

/** One look at the stream. */
export interface Round {
  /** Grows with each. */
  readonly number: number
  /** Of the listener, from before Redis was asked. */
  readonly asked: { readonly wall: number; readonly steady: number }
  readonly connection: RedisConnection
}

/** What follows a stream. */
export interface Follower {
  /** The number of the present look. What was written before it and is not read in a later one is not there. */
  readonly round: number
  /** The message read last. */
  readonly last: Message | undefined
  /** The first message of the stream, when it was last read from the beginning. */
  readonly first: Message | undefined
  /** When that was, in milliseconds of `performance.now()`. */
  readonly since: number
  close(): Promise<void>
}

interface FollowerOptions {
  readonly client: RedisClient
  readonly key: string
  readonly timeout: Seconds
  readonly listener: Listener
  moment(): Round['asked']
}

// Messages for one look, and milliseconds: of waiting at most for a new message, of rest between two looks under load, and between
// two attempts to connect.
const count = 1000
const block = 1000
const rest = 10
const firstRetry = 50
const maxRetry = 1000
// Seconds: who has read all there is, is answered at once.
const silence = 1

/** Within so many seconds it is noticed that nobody answers any more, by whoever has read all there was. */
export const noticedWithin: Seconds = block / 1000 + silence

/** Follows a stream on a connection of its own, through every failure of it, until it is closed. */
export function createFollower({ client, key, timeout, listener, moment }: FollowerOptions): Follower {
  const closing = new AbortController()
  let last: Message | undefined
  let first: Message | undefined
  let since = 0
  let round = 0
  let failures = 0
  let open: RedisConnection | undefined

  /**
   * What comes after the message read last. That one is asked for too: only if it is still there, nothing before it has been lost
   * (a Redis that lost anything lost the latest first), and nothing that came after it has been passed over.
   */
  async function look(
    connection: RedisConnection,
    patience: Seconds,
  ): Promise<{ messages: readonly Message[]; isAll: boolean }> {
    round += 1
    const reply = await withDeadline(
      connection.xRange(key, last?.id ?? '-', '+', { COUNT: count }),
      patience,
      'to read the stream',
    )
    const found = readMessages(reply)
    const isAll = found.length < count
    if (last === undefined) {
      first = found[0]
      since = performance.now()
      return { messages: found, isAll }
    }
    if (found[0]?.id === last.id && found[0].text === last.text) return { messages: found.slice(1), isAll }
    last = undefined
    await withDeadline(listener.emptied(connection), timeout, 'to hear of its loss')
    return { messages: [], isAll: false }
  }

  async function follow(connection: RedisConnection): Promise<never> {
    let patience = timeout
    for (;;) {
      const asked = moment()
      const began = performance.now()
      const { messages, isAll } = await look(connection, patience)
      if (messages.length > 0) {
        last = messages.at(-1)
        listener.read(messages)
      }
      if (!isAll) continue
      if (last === undefined) {
        // An empty message, so that everyone can see from now on whether the stream is still the same.
        await withDeadline(connection.xAdd(key, '*', { r: '' }), timeout, 'to begin the stream')
        continue
      }
      failures = 0
      // One that says nothing any more must be noticed before others rely on a stream that we know more than.
      patience = Math.min(timeout, silence)
      await withDeadline(listener.caughtUp({ number: round, asked, connection }), timeout, 'to tell of the stream')
      if (messages.length > 0) {
        // Under load more has come by then, and nobody has to tell.
        await pause(Math.max(0, rest - (performance.now() - began)), undefined, { ref: false })
        continue
      }
      await withDeadline(
        connection.xRead({ key, id: last.id }, { COUNT: 1, BLOCK: block }),
        block / 1000 + patience,
        'to wait for a message',
      )
    }
  }

  async function keepFollowing(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        open = await connect(client, timeout)
        if (!closing.signal.aborted) await follow(open)
      } catch (error) {
        if (closing.signal.aborted) break
        listener.lost(error)
      } finally {
        end(open)
        open = undefined
      }
      const longest = Math.min(maxRetry, firstRetry * 2 ** Math.min(failures, 10))
      failures += 1
      await pause(longest * (0.5 + Math.random() / 2), undefined, { ref: false, signal: closing.signal }).catch(
        () => {},
      )
    }
  }

  const following = keepFollowing()
  return {
    get round() {
      return round
    },
    get last() {
      return last
    },
    get first() {
      return first
    },
    get since() {
      return since
    },
    async close() {
      closing.abort()
      end(open)
      // Without a connection it may still be waiting for one, which it gives up by itself.
      if (open !== undefined) await following
    },
  }
}
