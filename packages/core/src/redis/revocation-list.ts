import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { type Clock, systemClock } from '../clock.ts'
import { AuthError } from '../errors.ts'
import { type Events, listening, publish } from '../events.ts'
import { readOptions, seconds } from '../options.ts'
import { redact } from '../redact.ts'
import type { RevocationList, RevocationListHealth } from '../revocation.ts'
import { createRevocationIndex, entryOf, type RevocationIndex } from '../revocation-index.ts'
import type { Seconds } from '../types.ts'
import { createAlarm } from './alarm.ts'
import { defaultPrefix, keyOf, type RedisClient, type RedisConnection } from './client.ts'
import { compact, timeOf } from './compaction.ts'
import { connect, createCommands, end, messageOf } from './connection.ts'
import { createFollower, type Listener, noticedWithin, type Round } from './follower.ts'
import { createLease } from './lease.ts'
import { entriesOf } from './message.ts'
import { keyPrefix, redisClient } from './options.ts'
import { createOutbox } from './outbox.ts'
import { restore } from './restore.ts'
import { writeEntry } from './revocation-entry.ts'

/** Options of {@link createRedisRevocationList}. Durations are seconds. */
export interface RedisRevocationListOptions {
  /** Duplicated for connections of our own; never used or closed itself. */
  client: RedisClient
  /** All who share a list have the same. The keys are `{prefix}:revocations` and three more. Default `claviger`. */
  prefix?: string
  /**
   * How old what is known may be before `whenStale` holds: the longest time for which a token may be accepted that another
   * process has revoked. Default 30, from 3 to 86,400.
   */
  maxStaleness?: Seconds
  /** Beyond `maxStaleness`, and before the list has been read for the first time: refuse everybody with 503, or rely on what is known. Default `deny`. */
  whenStale?: 'deny' | 'allow'
  /** For connecting, and for each answer of Redis; once all has been read, none may take longer than a second. Default 5, from 0.1 to 60. */
  timeout?: Seconds
  /** For tests. Default: the machine's. */
  clock?: Clock
}

const schema = z.strictObject({
  client: redisClient,
  prefix: keyPrefix.optional(),
  maxStaleness: seconds(3, 86_400).optional(),
  whenStale: z.enum(['deny', 'allow']).optional(),
  timeout: seconds(0.1, 60).optional(),
  clock: z
    .custom<Clock>((value) => typeof value === 'object' && value !== null && 'monotonic' in value, 'must be a Clock')
    .optional(),
})

// A stream younger than this may be one that others are about to fill again: they notice, and have a second to connect and to say so.
const settlingTime = noticedWithin + 1
const compactEvery = 60_000
const restoreEvery = 250
// Work in the background may think between two commands.
const idle = 60

/**
 * A revocation list that all processes with the same Redis and prefix share. Each holds all of it and follows a stream, so that a
 * request asks without waiting; begins to do so at once, and goes on through outages until it is closed. Redis sees hashes only.
 *
 * `add()` resolves when Redis has the revocation. If it cannot, it throws `ERR_REVOCATION_UNAVAILABLE`: the revocation holds in
 * this process, and is told to the others as soon as that is possible.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createRedisRevocationList(options: RedisRevocationListOptions): RevocationList {
  const checked = readOptions('createRedisRevocationList', schema, options)
  const { client, prefix = defaultPrefix, maxStaleness = 30, whenStale = 'deny', timeout = 5 } = checked
  const clock = checked.clock ?? systemClock
  const key = keyOf(prefix, 'revocations')
  const owner = randomUUID()
  const restoring = createLease(keyOf(prefix, 'revocations:restoring'), owner)
  const alarm = createAlarm(keyOf(prefix, 'revocations:emptied'))
  const compacting = createLease(keyOf(prefix, 'revocations:compacting'), owner)

  const index = createRevocationIndex(clock)
  /** What the stream holds, while it has to be found out. */
  let stream: RevocationIndex | undefined
  let state: RevocationListHealth['state'] = 'loading'
  let synced: Round['asked'] | undefined
  let lastError: string | undefined
  let ignored = 0
  let closed = false
  const listeners = new Set<() => void>()
  let waiting: { resolve: () => void; reject: (error: unknown) => void }[] = []
  const background = new Map<string, RedisConnection | undefined>()
  let nextRestore = 0
  let nextCompaction = performance.now() + Math.random() * compactEvery

  const moment = () => ({ wall: clock.now(), steady: clock.monotonic() })

  /** Seconds since the list was complete; by the wall too, because the other clock may stand still while a machine sleeps. */
  function age(): Seconds {
    if (synced === undefined) return Number.POSITIVE_INFINITY
    return Math.max(clock.monotonic() - synced.steady, clock.now() - synced.wall, 0) / 1000
  }

  const isTooOld = () => whenStale === 'deny' && age() > maxStaleness

  function tell(outcome: Events['claviger:revocation-stream']['outcome'], error?: unknown): void {
    const message = error === undefined ? undefined : redact(messageOf(error))
    publish('claviger:revocation-stream', { outcome, size: index.size, error: message })
  }

  function unavailable(explanation: string, cause?: unknown): AuthError {
    return new AuthError('ERR_REVOCATION_UNAVAILABLE', { explanation, retryAfter: 2, cause })
  }

  const listener: Listener = {
    read(messages) {
      let foreign = 0
      let news = false
      for (const message of messages) {
        const found = entriesOf(message)
        foreign += found.ignored
        for (const [text, entry] of found.entries) {
          stream?.add(entry)
          const isOurs = outbox.read(text)
          if (!index.add(entry)) continue
          news = true
          // Before the list is complete, nothing tells what has just happened from what was long known.
          if (isOurs || state !== 'following' || !listening('claviger:revocation')) continue
          publish('claviger:revocation', { kind: entry.kind, issuer: undefined, from: 'elsewhere', size: index.size })
        }
      }
      if (news) for (const one of listeners) one()
      ignored += foreign
      if (foreign > 0) tell('ignored')
    },
    async emptied(connection) {
      stream?.close()
      stream = createRevocationIndex(clock)
      tell('emptied')
      await alarm.raise(connection)
    },
    async caughtUp(round) {
      // Whatever becomes of the connection that compares, nobody may start with what is not known to be whole. Who cannot say so here
      // cannot fill it either.
      if (stream !== undefined) await alarm.raise(round.connection).catch(() => {})
      // Also after an outage longer than the list is relied on: others may be about to fill again what they alone know.
      if (age() > maxStaleness && !(await isSettled(round.connection))) {
        startRestoring()
        return
      }
      synced = round.asked
      lastError = undefined
      for (const { resolve } of waiting) resolve()
      waiting = []
      if (state !== 'following') {
        state = 'following'
        tell('following')
      }
      if (stream === undefined) outbox.repeat(round.number)
      startRestoring()
      startCompacting()
    },
    lost(error) {
      lastError = redact(messageOf(error))
      for (const { reject } of waiting) reject(unavailable(`the revocation list cannot be read: ${lastError}`, error))
      waiting = []
      if (state === 'lost') return
      state = 'lost'
      tell('lost', error)
    },
  }

  const commands = createCommands(client, timeout)
  const outbox = createOutbox({ commands, key, round: () => follower.round, failed: (error) => tell('failed', error) })
  const follower = createFollower({ client, key, timeout, listener, moment })

  /** Whether a stream that is read for the first time is all there: one that has just begun may have begun anew. */
  async function isSettled(connection: RedisConnection): Promise<boolean> {
    const began = Number(follower.first?.id.split('-')[0]) / 1000
    // Or one that has been known here for so long: the clock of Redis may have been set back since it began.
    const known = (performance.now() - follower.since) / 1000
    const isOld = Math.max(known, (await timeOf(connection)) - began) >= settlingTime
    return isOld && !(await alarm.isRaised(connection))
  }

  function startRestoring(): void {
    const present = stream
    if (present === undefined || performance.now() < nextRestore) return
    nextRestore = performance.now() + restoreEvery * (0.5 + Math.random())
    runInBackground('restoring', async (connection) => {
      const isWhole = await restore({ connection, key, lease: restoring, alarm, index, stream: present })
      if (!isWhole || stream !== present) return
      stream = undefined
      present.close()
      tell('restored')
    })
  }

  function startCompacting(): void {
    if (stream !== undefined || performance.now() < nextCompaction) return
    nextCompaction = performance.now() + compactEvery * (0.5 + Math.random())
    runInBackground('compacting', (connection) =>
      compact({ connection, key, lease: compacting, living: index.size, now: index.now }),
    )
  }

  /** One of a kind at a time, with a connection of its own. What fails is tried again when its time comes. */
  function runInBackground(name: string, work: (connection: RedisConnection) => Promise<void>): void {
    if (background.has(name)) return
    background.set(name, undefined)
    connect(client, timeout, idle)
      .then(async (connection) => {
        background.set(name, connection)
        if (!closed) await work(connection)
      })
      .catch((error) => {
        if (!closed) tell('failed', error)
      })
      .finally(() => {
        end(background.get(name))
        background.delete(name)
      })
  }

  return {
    isRevoked(token, verified) {
      if (index.isRevoked(token, verified)) return true
      if (!isTooOld()) return false
      const since = synced === undefined ? 'has not been read yet' : `is ${Math.round(age())} s old`
      throw unavailable(`the revocation list ${since}, and maxStaleness is ${maxStaleness} s`)
    },
    async add(revocation) {
      const entry = entryOf(revocation)
      index.add(entry)
      const issuer = 'issuer' in revocation ? revocation.issuer : undefined
      publish('claviger:revocation', { kind: revocation.kind, issuer, from: 'here', size: index.size })
      for (const one of listeners) one()
      try {
        await outbox.write(writeEntry(entry))
      } catch (cause) {
        const explanation = `the revocation holds in this process, but the others could not be told: ${messageOf(cause)}`
        throw unavailable(explanation, cause)
      }
    },
    onRevoked(one) {
      listeners.add(one)
      return () => listeners.delete(one)
    },
    get size() {
      return index.size
    },
    async ready() {
      if (closed) throw unavailable('the revocation list is closed')
      if (age() <= maxStaleness) return
      // Somebody waits for it, so the process must not end meanwhile.
      const keepAlive = setInterval(() => {}, 60_000)
      try {
        await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }))
      } finally {
        clearInterval(keepAlive)
      }
    },
    health: () => ({
      ok: !isTooOld(),
      state,
      lag: synced === undefined ? undefined : age(),
      size: index.size,
      lastId: follower.last?.id,
      pending: outbox.size,
      ignored,
      lastError,
    }),
    async close() {
      closed = true
      for (const { reject } of waiting) reject(unavailable('the revocation list is closed'))
      waiting = []
      index.close()
      stream?.close()
      commands.close()
      for (const connection of background.values()) end(connection)
      await follower.close()
    },
  }
}
