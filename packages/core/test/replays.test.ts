import { setTimeout as pause } from 'node:timers/promises'
import { createTestClock } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { createReplayStore, type ReplayStore } from '../src/index.ts'
import { createRedisReplayStore } from '../src/redis/index.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'

describe('a replay store of one process', () => {
  const clock = createTestClock()
  const now = () => clock.now() / 1000

  it('knows what was there until its time is over', async () => {
    const store = createReplayStore({ clock })
    expect(await store.once('a', now() + 60)).toBe(true)
    expect(await store.once('a', now() + 60)).toBe(false)
    expect(await store.once('b', now() + 60)).toBe(true)
    await clock.advance(60)
    expect(await store.once('a', now() + 60)).toBe(true)
  })

  it('is not prolonged by those who try again', async () => {
    const store = createReplayStore({ clock })
    await store.once('a', now() + 60)
    await store.once('a', now() + 6000)
    await clock.advance(61)
    expect(await store.once('a', now() + 60)).toBe(true)
  })

  it('tells one of many who ask at once', async () => {
    const store = createReplayStore({ clock })
    const all = await Promise.all(Array.from({ length: 50 }, () => store.once('a', now() + 60)))
    expect(all.filter(Boolean)).toHaveLength(1)
  })

  it('refuses when it is full, forgets nothing for that, and takes more when times are over', async () => {
    const store = createReplayStore({ clock, max: 3 })
    for (const id of ['a', 'b', 'c']) await store.once(id, now() + 60)
    await expect(store.once('d', now() + 60)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await store.once('a', now() + 60)).toBe(false)
    await clock.advance(60)
    expect(await store.once('d', now() + 60)).toBe(true)
  })

  it('takes 100,000 unless told otherwise, by the clock of the machine', async () => {
    const store = createReplayStore()
    for (let id = 0; id < 100_000; id += 1) await store.once(`${id}`, Date.now() / 1000 + 3600)
    await expect(store.once('one more', Date.now() / 1000 + 3600)).rejects.toMatchObject({ status: 503 })
    await store.close()
  })

  it('costs nobody more when it is full', async () => {
    const store = createReplayStore({ clock })
    const timeOf = async (ids: number) => {
      const began = process.hrtime.bigint()
      for (let id = 0; id < ids; id += 1) await store.once(`${id}`, now() + 60)
      return process.hrtime.bigint() - began
    }
    const filling = await timeOf(100_000)
    expect(await timeOf(3000)).toBeLessThan(filling)
    await clock.advance(60)
    expect(await store.once('one more', now() + 60)).toBe(true)
  })

  it('takes more again when a clock that was far ahead has been set back', async () => {
    const clock = createTestClock()
    const store = createReplayStore({ clock, max: 3 })
    const start = clock.now() / 1000
    for (const id of ['a', 'b', 'c']) await store.once(id, start + 60)
    clock.set(start + 3600)
    expect(await store.once('d', start + 3660)).toBe(true)
    clock.set(start)
    for (const id of ['e', 'f']) await store.once(id, start + 60)
    await expect(store.once('g', start + 60)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await clock.advance(60)
    expect(await store.once('g', start + 120)).toBe(true)
  })

  it('holds few more than are needed', async () => {
    const store = createReplayStore({ clock, max: 5000 })
    for (let round = 0; round < 10; round += 1) {
      for (let id = 0; id < 2000; id += 1) expect(await store.once(`${round}-${id}`, now() + 10)).toBe(true)
      await clock.advance(10)
    }
  })
})

describeWithRedis('a replay store of several processes', () => {
  let redis: RedisServer
  const open: ReplayStore[] = []
  const later = () => Date.now() / 1000 + 60

  beforeAll(async () => {
    redis = await startRedis()
  })
  beforeEach(() => redis.flush())
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close()
  })
  afterAll(() => redis.close())

  function create(prefix = 'claviger'): ReplayStore {
    const store = createRedisReplayStore({ client: createClient({ url: redis.url }), prefix, timeout: 1 })
    open.push(store)
    return store
  }

  it('tells one of all, whichever it asks', async () => {
    const stores = [create(), create(), create()]
    const all = await Promise.all(stores.flatMap((store) => [1, 2, 3].map(() => store.once('a', later()))))
    expect(all.filter(Boolean)).toHaveLength(1)
    expect(await create('other').once('a', later())).toBe(true)
  })

  it('forgets when the time is over', async () => {
    expect(await create().once('a', Date.now() / 1000 + 0.3)).toBe(true)
    await pause(500)
    expect(await create().once('a', later())).toBe(true)
  })

  it('refuses nobody for a time that is over already', async () => {
    expect(await create().once('a', Date.now() / 1000 - 1)).toBe(true)
  })

  it('keeps no id in clear', async () => {
    await create().once('the-id-of-a-token', later())
    const reader = await redis.client()
    expect(await reader.keys('*')).toEqual([expect.stringMatching(/^\{claviger\}:once:[\w-]{43}$/)])
  })

  it('says that nobody knows while Redis is away, and goes on when it is back', async () => {
    const store = create()
    await redis.kill()
    await expect(store.once('a', later())).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', status: 503 })
    await redis.start()
    expect(await store.once('a', later())).toBe(true)
  })

  it.each([
    ['takes no further connection', ['maxclients', '1'], ['maxclients', '100']],
    ['refuses the password', ['requirepass', 'other'], ['requirepass', 'right']],
  ])('goes on once Redis, which %s, takes it', async (_, refusing, taking) => {
    const app = await redis.client()
    const url = redis.url.replace('//', '//:right@')
    const store = createRedisReplayStore({ client: createClient({ url }), timeout: 1 })
    open.push(store)
    await app.sendCommand(['CONFIG', 'SET', ...refusing])
    for (let time = 0; time < 2; time += 1)
      await expect(store.once('a', later())).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await app.sendCommand(['CONFIG', 'SET', ...taking])
    expect(await store.once('a', later())).toBe(true)
    await app.sendCommand(['CONFIG', 'SET', 'requirepass', ''])
  })

  it.each([
    [{}, /client/],
    [{ client: createClient(), prefix: '{' }, /prefix/],
    [{ client: createClient(), timeout: 0 }, /timeout/],
  ])('refuses the options %#', (options, message) => {
    const make = () => createRedisReplayStore(options as Parameters<typeof createRedisReplayStore>[0])
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
    expect(make).toThrow(message)
  })
})
