import { setTimeout as sleep } from 'node:timers/promises'
import { createTestClock, type TestClock } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { RevocationList } from '../src/index.ts'
import { until } from './support/faults.ts'
import { type RedisProxy, startRedisProxy } from './support/redis-proxy.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { beginStream, createLists, knowsAll, ofToken, streamKey, upTo, verdict } from './support/revocation-stream.ts'

describeWithRedis('a revocation list in Redis, when Redis', () => {
  let server: RedisServer
  const lists = createLists(() => server)
  const addAll = (list: RevocationList, count: number) => Promise.all(upTo(count).map((id) => list.add(ofToken(id))))
  const following = (list: RevocationList) => list.health?.().state === 'following'

  beforeAll(async () => {
    server = await startRedis()
  })
  beforeEach(async () => {
    if (!server.running) await server.start()
    await server.flush()
    await beginStream(server)
  })
  // Also where a test has failed half-way: who is left paused, or open, is waited for.
  afterEach(async () => {
    server.resume()
    await lists.close()
    for (const proxy of proxies.splice(0)) await proxy.close()
  })
  afterAll(() => server.close())

  const proxies: RedisProxy[] = []
  async function startProxy(): Promise<RedisProxy> {
    const proxy = await startRedisProxy(server.port)
    proxies.push(proxy)
    return proxy
  }

  it('cannot be reached, catches up from where it was', async () => {
    const proxy = await startProxy()
    const [here, there] = [await lists.list(), await lists.list({ timeout: 0.5 }, { url: proxy.url })]
    await here.add(ofToken('before'))
    await until(() => verdict(there, 'before') === 'revoked')
    proxy.stall()
    proxy.cut()
    await until(() => there.health?.().state === 'lost')
    await here.add(ofToken('meanwhile'))
    expect([verdict(there, 'meanwhile'), there.size]).toEqual(['good', 1])
    proxy.flow()
    await until(() => verdict(there, 'meanwhile') === 'revoked')
    await until(() => following(there))
    await lists.close()
    await until(() => proxy.connections === 0)
  })

  it('is killed, refuses here at once, says that others do not know, and tells them when it is back', async () => {
    const [here, there] = [await lists.list(), await lists.list()]
    await server.kill()
    await until(() => [here, there].every((list) => list.health?.().state === 'lost'))
    await expect(here.add(ofToken('late'))).rejects.toMatchObject({
      code: 'ERR_REVOCATION_UNAVAILABLE',
      status: 503,
      headers: { 'Retry-After': '2' },
      explanation: expect.stringContaining('holds in this process, but the others could not be told: '),
    })
    expect([verdict(here, 'late'), verdict(there, 'late'), here.health?.().pending]).toEqual(['revoked', 'good', 1])
    await server.start()
    await until(() => verdict(there, 'late') === 'revoked')
    await until(() => here.health?.().pending === 0)
    expect(verdict(await lists.list(), 'late')).toBe('revoked')
  })

  it.each<[string, () => Promise<void>]>([
    [
      'starts empty',
      async () => {
        await server.kill()
        await server.start({ empty: true })
      },
    ],
    ['is flushed', () => server.flush()],
    [
      'is flushed, and somebody else writes at once',
      async () => {
        const client = await server.client()
        await client.multi().flushAll().xAdd(streamKey, '*', { r: '' }).exec()
      },
    ],
    [
      'has lost its latest writes, and its clock is behind',
      async () => {
        const client = await server.client()
        await client.multi().flushAll().xAdd(streamKey, '1-1', { r: '' }).xAdd(streamKey, '1-2', { r: '' }).exec()
      },
    ],
    [
      'loses the stream alone',
      async () => {
        await (await server.client()).del(streamKey)
      },
    ],
    [
      'has another message in the place of the last',
      async () => {
        const client = await server.client()
        const [latest] = (await client.xRevRange(streamKey, '+', '-', { COUNT: 1 })) ?? []
        await client
          .multi()
          .flushAll()
          .xAdd(streamKey, latest?.id ?? '', { r: '' })
          .exec()
      },
    ],
  ])('%s, forgets nothing that a living process knows', async (_, lose) => {
    const [here, there] = [await lists.list(), await lists.list()]
    await addAll(here, 2500)
    await here.add({
      kind: 'subject',
      subject: 'bob',
      issuer: 'i',
      issuedBefore: 1_700_000_000.5,
      until: 2_000_000_000,
    })
    await until(() => there.size === 2501 && here.health?.().pending === 0)
    await lose()
    await until(() => [here, there].every(following))
    await here.close()
    const late = lists.start({ whenStale: 'allow' })
    await until(() => late.size === 2501)
    expect(knowsAll(late, upTo(2500))).toBe(true)
    await late.add(ofToken('after'))
    await until(() => verdict(there, 'after') === 'revoked')
  })

  it('starts again with older data, is told again what it has lost', async () => {
    const [here, there] = [await lists.list(), await lists.list()]
    await here.add(ofToken('saved'))
    await server.save()
    await here.add(ofToken('lost'))
    await until(() => there.size === 2)
    await server.kill()
    await server.start()
    await here.close()
    await until(() => following(there))
    const late = lists.start({ whenStale: 'allow' })
    await until(() => knowsAll(late, ['saved', 'lost']))
  })

  it('loses what it had confirmed before anybody has read it, is told again by who wrote it', async () => {
    const proxy = await startProxy()
    await lists.list()
    const here = lists.start({ timeout: 2 }, { url: proxy.url })
    await here.ready?.()
    await server.save()
    // Written over one connection, and not read back over the other: the server is stopped in between.
    const client = await server.client()
    const written = here.add(ofToken('confirmed'))
    await written
    await client.xTrim(streamKey, 'MAXLEN', 0)
    await server.kill()
    await server.start()
    const late = lists.start({ whenStale: 'allow' })
    await until(() => verdict(late, 'confirmed') === 'revoked')
    await lists.close()
  })

  it('is emptied, lets nobody start before it is whole again', async () => {
    const here = await lists.list()
    await addAll(here, 5000)
    await until(() => here.health?.().pending === 0)
    await server.flush()
    const late = await lists.list()
    expect(late.size).toBe(5000)
  })

  it('is emptied, lets nobody start before those have noticed whose connections died without a word', async () => {
    const proxy = await startProxy()
    const here = await lists.list({}, { url: proxy.url })
    await here.add(ofToken('known'))
    await until(() => here.health?.().pending === 0)
    proxy.abandon()
    await server.flush()
    expect(verdict(await lists.list(), 'known')).toBe('revoked')
    await lists.close()
  })

  it('is emptied, lets nobody start while who was to fill it is dead', async () => {
    const here = await lists.list()
    await addAll(here, 2500)
    await until(() => here.health?.().pending === 0)
    const client = await server.client()
    const key = '{claviger}:revocations:restoring'
    await client
      .multi()
      .flushAll()
      .set(key, 'dead', { expiration: { type: 'PX', value: 8000 } })
      .exec()
    const late = await lists.list()
    expect(late.size).toBe(2500)
  })

  it('was out of reach for too long and comes back empty, is relied on when others have filled it', async () => {
    const proxy = await startProxy()
    const clock = createTestClock()
    const here = await lists.list()
    const there = await lists.list({ timeout: 0.5, maxStaleness: 10, clock }, { url: proxy.url })
    proxy.stall()
    proxy.cut()
    await until(() => there.health?.().state === 'lost')
    await here.add(ofToken('meanwhile'))
    await clock.advance(11)
    const client = await server.client()
    const busy = { expiration: { type: 'PX', value: 2000 } } as const
    await client.multi().flushAll().set('{claviger}:revocations:restoring', 'another', busy).exec()
    while ((await client.get('{claviger}:revocations:emptied')) === null) await sleep(5)
    proxy.flow()
    await until(() => verdict(there, 'meanwhile') !== 'ERR_REVOCATION_UNAVAILABLE')
    expect(verdict(there, 'meanwhile')).toBe('revoked')
    await until(() => following(there) && verdict(there, 'any') === 'good')
    await lists.close()
  })

  it('is emptied, is filled by one of many, and not by all', async () => {
    const all = await Promise.all(upTo(4).map(() => lists.list()))
    const [first] = all
    if (first === undefined) throw new Error('no list')
    await addAll(first, 5000)
    await until(() => all.every((list) => list.size === 5000))
    await server.flush()
    const client = await server.client()
    await until(() => all.every(following))
    const late = await lists.list()
    expect(late.size).toBe(5000)
    await sleep(1500)
    const messages = (await client.xRange(streamKey, '-', '+')) ?? []
    const entries = messages.flatMap(({ message }) => String(message.r).split(' '))
    expect(entries.length).toBeLessThan(10_000)
    expect(messages.length).toBeLessThan(200)
  })

  it.each(['deny', 'allow'] as const)(
    'stands still for longer than maxStaleness, does as whenStale says: %s',
    async (whenStale) => {
      const clock = createTestClock()
      const list = await lists.list({ whenStale, maxStaleness: 10, timeout: 0.5, clock })
      await list.add(ofToken('known'))
      expect([verdict(list, 'known'), verdict(list, 'other'), list.health?.().ok]).toEqual(['revoked', 'good', true])
      server.pause()
      await until(() => list.health?.().state === 'lost')
      await clock.advance(9)
      expect(verdict(list, 'other')).toBe('good')
      await clock.advance(2)
      const outcome = whenStale === 'deny' ? 'ERR_REVOCATION_UNAVAILABLE' : 'good'
      expect([verdict(list, 'known'), verdict(list, 'other')]).toEqual(['revoked', outcome])
      expect(list.health?.()).toMatchObject({ ok: whenStale === 'allow', lag: expect.any(Number), state: 'lost' })
      server.resume()
      await until(() => verdict(list, 'other') === 'good' && list.health?.().ok === true)
    },
  )

  it.each<[string, (clock: TestClock, steady: { ahead: number }) => void]>([
    ['the wall clock', (clock) => clock.set(clock.now() / 1000 + 31)],
    ['the steady one', (_, steady) => (steady.ahead = 31_000)],
  ])('has been out of reach while the machine slept, is not relied on: %s noticed', async (_, sleepThrough) => {
    const clock = createTestClock()
    const steady = { ahead: 0 }
    const list = await lists.list({
      timeout: 0.5,
      clock: { ...clock, monotonic: () => clock.monotonic() + steady.ahead },
    })
    server.pause()
    await until(() => list.health?.().state === 'lost')
    await clock.advance(29)
    expect(verdict(list, 'any')).toBe('good')
    sleepThrough(clock, steady)
    expect(verdict(list, 'any')).toBe('ERR_REVOCATION_UNAVAILABLE')
    server.resume()
    await until(() => verdict(list, 'any') === 'good')
  })

  it.each([
    ['deny', 'ERR_REVOCATION_UNAVAILABLE'],
    ['allow', 'good'],
  ] as const)('is not there at the start, refuses or relies on nothing: %s', async (whenStale, outcome) => {
    await server.kill()
    const list = lists.start({ whenStale })
    await expect(list.ready?.()).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
    expect(verdict(list, 'any')).toBe(outcome)
    await expect(list.add(ofToken('early'))).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
    expect(verdict(list, 'early')).toBe('revoked')
    await server.start()
    await until(() => following(list))
    const other = await lists.list()
    await until(() => verdict(other, 'early') === 'revoked')
  })

  it('is cut off in the middle of a reply, again and again, misses nothing', async () => {
    const proxy = await startProxy()
    const [here, there] = [await lists.list(), await lists.list({}, { url: proxy.url })]
    let bytes = 1
    for (const id of upTo(30)) {
      await until(() => following(there))
      bytes = (bytes * 7 + 3) % 97
      proxy.cutReply(bytes)
      await here.add(ofToken(id))
      await until(() => verdict(there, id) === 'revoked')
    }
    expect(knowsAll(there, upTo(30))).toBe(true)
    await lists.close()
  })

  it('confirms, and the answer is lost: it is written once more, which changes nothing', async () => {
    const proxy = await startProxy()
    const [here, there] = [await lists.list({}, { url: proxy.url }), await lists.list()]
    await here.add(ofToken('opens the connection'))
    const added = here.add(ofToken('lost answer'))
    proxy.cut()
    await added.catch(() => {})
    await until(() => verdict(there, 'lost answer') === 'revoked')
    await until(() => here.health?.().pending === 0)
    expect(there.size).toBe(2)
    await lists.close()
  })

  it('is being filled again by another process, is not taken for whole', async () => {
    const client = await server.client()
    await client.set('{claviger}:revocations:emptied', '1', { expiration: { type: 'PX', value: 2000 } })
    const list = lists.start()
    await until(() => list.health?.().lastId === '1-1')
    await sleep(500)
    expect(verdict(list, 'any')).toBe('ERR_REVOCATION_UNAVAILABLE')
    await until(() => verdict(list, 'any') === 'good')
  })

  it('has become a replica that takes no writes, is told when it takes them again', async () => {
    const client = await server.client()
    const [here, there] = [await lists.list(), await lists.list()]
    await client.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    await expect(here.add(ofToken('read-only'))).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await until(() => verdict(there, 'read-only') === 'revoked')
  })

  it.each([
    ['it has to tell its time', 'TIME'],
    ['it has to tell whether it lost something', 'revocations:emptied'],
  ])('falls silent when %s, is not waited for longer than for any other answer', async (_, word) => {
    const proxy = await startProxy()
    proxy.stallAt(word)
    const list = lists.start({ timeout: 0.3 }, { url: proxy.url })
    await expect(list.ready?.()).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
    proxy.flow()
    await until(() => following(list))
    await lists.close()
  })

  it('falls silent when it has been emptied, is told of it on another connection', async () => {
    const proxy = await startProxy()
    const list = await lists.list({ timeout: 1 }, { url: proxy.url })
    await list.add(ofToken('known'))
    proxy.stallAt('revocations:emptied')
    await server.flush()
    await until(() => list.health?.().state === 'lost')
    proxy.flow()
    await until(() => following(list))
    expect(verdict(await lists.list(), 'known')).toBe('revoked')
    await lists.close()
  })

  it('takes a connection and says nothing, keeps none of them open for ever', async () => {
    const proxy = await startProxy()
    proxy.stall()
    const list = lists.start({ timeout: 0.2 }, { url: proxy.url })
    await expect(list.ready?.()).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
    await list.close()
    proxy.flow()
    await until(() => proxy.connections === 0)
  })

  it('says nothing for five seconds, is given up unless told otherwise', async () => {
    const proxy = await startProxy()
    proxy.stall()
    const list = lists.start({}, { url: proxy.url })
    await expect(list.ready?.()).rejects.toMatchObject({
      explanation: expect.stringContaining('longer than 5 s'),
      retryAfter: 2,
    })
    await list.close()
  })
})
