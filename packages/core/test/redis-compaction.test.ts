import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import type { RedisClientType } from 'redis'
import { compact } from '../src/redis/compaction.ts'
import { createLease } from '../src/redis/lease.ts'
import { writeEntry } from '../src/redis/revocation-entry.ts'
import { entryOf } from '../src/revocation-index.ts'
import { until } from './support/faults.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { beginStream, createLists, knowsAll, ofToken, streamKey, upTo, verdict } from './support/revocation-stream.ts'

describeWithRedis('the stream of revocations', () => {
  let server: RedisServer
  let client: RedisClientType
  const lists = createLists(() => server)
  const now = () => Math.floor(Date.now() / 1000)

  beforeAll(async () => {
    server = await startRedis()
    client = await server.client()
  })
  beforeEach(async () => {
    await server.flush()
    await beginStream(server)
  })
  afterEach(lists.close)
  afterAll(() => server.close())

  const lease = (owner: string = randomUUID()) => createLease('{claviger}:revocations:compacting', owner)
  const shorten = (living: number, clock = now, held = lease()) =>
    compact({ connection: client, key: streamKey, lease: held, living, now: clock })

  async function write(ids: readonly (string | number)[], end: number): Promise<void> {
    for (let from = 0; from < ids.length; from += 1000) {
      const some = ids.slice(from, from + 1000)
      await Promise.all(some.map((id) => client.xAdd(streamKey, '*', { r: writeEntry(entryOf(ofToken(id, end))) })))
    }
  }

  it('is shortened by what is over for certain, and by nothing else', async () => {
    await write(upTo(50), now() + 3600)
    await write(['just over'], now() - 200)
    await write(
      upTo(12_000).map((id) => `over-${id}`),
      now() - 400,
    )
    await shorten(51)
    expect(await client.xLen(streamKey)).toBeLessThan(6100)
    const list = await lists.list()
    expect(knowsAll(list, [...upTo(50), 'just over'])).toBe(true)
    expect(await client.keys('*compacting')).toEqual([])
  })

  it('is left alone while it is short, however much of it is over', async () => {
    await write(upTo(5000), now() - 400)
    await shorten(0)
    expect(await client.xLen(streamKey)).toBe(5001)
  })

  it.each<[string, () => number]>([
    ['ahead', () => now() + 1e8],
    ['behind', () => now() - 1e8],
  ])('keeps what is alive when the clock of a process is far %s', async (_, clock) => {
    await write(upTo(11_000), now() + 3600)
    await shorten(0, clock)
    const list = await lists.list()
    expect([list.size, knowsAll(list, upTo(11_000))]).toEqual([11_000, true])
  })

  it('keeps what is to last longer than any token would', async () => {
    await client.xAdd(streamKey, '*', {
      r: writeEntry(entryOf({ kind: 'provider', issuer: 'i', issuedBefore: now() + 1e9, until: now() + 2e9 })),
    })
    await write(upTo(12_000), now() - 400)
    await shorten(1)
    expect(verdict(await lists.list(), 'any token of i')).toBe('revoked')
  })

  it('keeps its latest message, so that all who follow see that it is still the same', async () => {
    const list = await lists.list()
    await write(upTo(12_000), now() - 400)
    await until(() => list.health?.().lastId !== '1-1' && list.health?.().lag !== undefined)
    const [latest] = (await client.xRevRange(streamKey, '+', '-', { COUNT: 1 })) ?? []
    await shorten(0)
    expect(await client.xRange(streamKey, latest?.id ?? '', latest?.id ?? '')).toEqual([latest])
    await list.add(ofToken('next'))
    expect(list.health?.().state).toBe('following')
  })

  it('is shortened by one process at a time', async () => {
    await write(upTo(12_000), now() - 400)
    const other = lease()
    await other.take(client)
    await shorten(0)
    expect(await client.xLen(streamKey)).toBe(12_001)
    await other.release(client)
    await shorten(0)
    expect(await client.xLen(streamKey)).toBeLessThan(6100)
  })

  it('is shortened by who follows it', async () => {
    const few = upTo(12_000).map((id) => id % 10)
    await write(few, now() - 400)
    // When it is done is left to chance: now.
    const random = jest.spyOn(Math, 'random').mockReturnValue(0)
    await lists.list()
    random.mockRestore()
    while ((await client.xLen(streamKey)) > 6100) await sleep(20)
    expect(await client.xLen(streamKey)).toBeGreaterThan(0)
  })

  it('is left alone where Redis does not tell the time', async () => {
    await write(upTo(11_000), now() + 3600)
    const timeless = Object.create(client, { time: { value: async () => [] } }) as RedisClientType
    const shortened = compact({ connection: timeless, key: streamKey, lease: lease(), living: 0, now })
    await expect(shortened).rejects.toThrow('does not tell the time')
    expect(await client.xLen(streamKey)).toBe(11_001)
  })

  it('is shortened by who has the right to, which nobody else gives back, and who has it prolongs', async () => {
    const [one, other] = [lease('one'), lease('other')]
    expect([await one.take(client), await other.take(client)]).toEqual([true, false])
    await other.release(client)
    expect([await one.isTaken(client), await other.isTaken(client)]).toEqual([false, true])
    const [key = ''] = await client.keys('*compacting')
    await client.pExpire(key, 1000)
    expect(await one.take(client)).toBe(true)
    expect(await client.pTTL(key)).toBeGreaterThan(3000)
    await one.release(client)
    expect(await other.take(client)).toBe(true)
  })

  it('is followed by those who fall behind while it is shortened', async () => {
    const list = await lists.list()
    await write(upTo(3000), now() + 3600)
    await write(
      upTo(12_000).map((id) => `over-${id}`),
      now() - 400,
    )
    await shorten(0)
    await until(() => knowsAll(list, upTo(3000)))
    await until(() => list.health?.().state === 'following')
  })
})
