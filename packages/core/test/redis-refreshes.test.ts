import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { AuthError, type RefreshExchange, type RefreshOutcome } from '../src/index.ts'
import { createRedisRefreshes, type RedisClient, type RedisRefreshesOptions } from '../src/redis/index.ts'
import { type RedisProxy, startRedisProxy } from './support/redis-proxy.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'

const key = 'a secret of the tests with 32 bytes or more'
const otherKey = 'another secret of the tests, with 32 bytes too'
const name = JSON.stringify(['https://id.example.test', 'the-refresh-token-itself'])

const pairOf = (n: number): RefreshOutcome => ({
  outcome: 'refreshed',
  tokens: { accessToken: `access-token-${n}`, refreshToken: `refresh-token-${n}`, expiresAt: 1e9 + n, scopes: ['a'] },
})
const rejection = (): RefreshOutcome => ({
  outcome: 'rejected',
  error: new AuthError('ERR_TOKEN_INACTIVE', { explanation: 'invalid_grant' }),
})
const outage = (): RefreshOutcome => ({
  outcome: 'unavailable',
  error: new AuthError('ERR_PROVIDER_UNAVAILABLE', { explanation: 'status 503', retryAfter: 7 }),
})

/** A provider that answers when the test says so. */
function createProvider() {
  const waiting: ((outcome: RefreshOutcome) => void)[] = []
  return {
    calls: 0,
    ask(): Promise<RefreshOutcome> {
      this.calls += 1
      return new Promise((resolve) => void waiting.push(resolve))
    },
    answer: (outcome: RefreshOutcome) => waiting.shift()?.(outcome),
    async asked(times: number): Promise<void> {
      while (this.calls < times) await pause(5)
    },
  }
}

describeWithRedis('the exchange of refreshed tokens', () => {
  let redis: RedisServer
  let proxy: RedisProxy
  let client: RedisClient
  const open: RefreshExchange[] = []

  beforeAll(async () => {
    redis = await startRedis()
    proxy = await startRedisProxy(redis.port)
  })
  beforeEach(async () => {
    if (!redis.running) await redis.start({ empty: true })
    await redis.flush()
    client = createClient({ url: redis.url })
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()))
  })
  afterAll(async () => {
    await proxy.close()
    await redis.close()
  })

  /** One process. */
  function create(options: Partial<RedisRefreshesOptions> = {}): RefreshExchange {
    const made = createRedisRefreshes({ client, keys: key, lease: 0.3, timeout: 1, ...options })
    open.push(made)
    return made
  }
  const throughProxy = () => createClient({ url: proxy.url })
  const never = () => Promise.reject(new Error('it must not ask'))

  async function everything(): Promise<string> {
    const reader = await redis.client()
    const keys = (await reader.keys('*')) as string[]
    return JSON.stringify(await Promise.all(keys.map(async (one) => [one, await reader.hGetAll(one)])))
  }

  it.each([
    ['a pair', pairOf(1)],
    ['a rejection', rejection()],
    ['an outage', outage()],
  ])('hands on %s', async (_, outcome) => {
    const provider = createProvider()
    const first = create().once(name, () => provider.ask())
    await provider.asked(1)
    const others = [create(), create()].map((one) => one.once(name, never))
    await pause(50)
    provider.answer(outcome)
    expect(await first).toEqual(outcome)
    for (const other of await Promise.all(others)) {
      expect(other).toMatchObject(
        outcome.outcome === 'refreshed'
          ? outcome
          : {
              outcome: outcome.outcome,
              error: { code: outcome.error.code, explanation: outcome.error.explanation },
            },
      )
      if (other.outcome === 'unavailable') expect(other.error.retryAfter).toBe(7)
    }
  })

  it('keeps neither tokens nor names in Redis that could be read, and nothing beyond the grace', async () => {
    await create({ grace: 1 }).once(name, async () => pairOf(1))
    const stored = await everything()
    expect(stored).toMatch(/\{claviger\}:refresh:/)
    expect(stored).not.toMatch(/access-token|refresh-token|the-refresh-token-itself|id\.example|secret/)
    await pause(1200)
    expect(await everything()).toBe('[]')
  })

  it('holds its turn for 2 s and keeps a pair for 10 s, unless told otherwise', async () => {
    const provider = createProvider()
    const exchange = createRedisRefreshes({ client, keys: key })
    open.push(exchange)
    const [admin, asking] = [await redis.client(), exchange.once(name, () => provider.ask())]
    await provider.asked(1)
    const [held = ''] = await admin.keys('*refresh*')
    const [seconds, microseconds] = (await admin.sendCommand<string[]>(['TIME'])).map(Number)
    const until = Number(await admin.hGet(held, 'until')) - Number(seconds) * 1000 - Number(microseconds) / 1000
    expect([until > 0, until <= 2000]).toEqual([true, true])
    provider.answer(pairOf(1))
    await asking
    const left = await admin.pTTL(held)
    expect([left > 5000, left <= 10_000]).toEqual([true, true])
  })

  it('lets the next ask when the grace is over', async () => {
    await create({ grace: 1 }).once(name, async () => pairOf(1))
    expect(await create().once(name, never)).toEqual(pairOf(1))
    await pause(1200)
    expect(await create().once(name, async () => pairOf(2))).toEqual(pairOf(2))
  })

  it('keeps tokens of different names apart, and prefixes too', async () => {
    await create().once(name, async () => pairOf(1))
    expect(await create().once('another', async () => pairOf(2))).toEqual(pairOf(2))
    expect(await create({ prefix: 'other' }).once(name, async () => pairOf(3))).toEqual(pairOf(3))
  })

  it('takes no pair that somebody has put elsewhere', async () => {
    await create().once(name, async () => pairOf(1))
    await create().once('another', async () => pairOf(2))
    const writer = await redis.client()
    const [one = '', other = ''] = (await writer.keys('*')) as string[]
    await writer.hSet(one, 'sealed', String(await writer.hGet(other, 'sealed')))
    const outcomes = [await create().once(name, never), await create().once('another', never)]
    expect(outcomes.map((outcome) => outcome.outcome).sort()).toEqual(['refreshed', 'unavailable'])
  })

  it('reads what was sealed with an older key, and nothing of a foreign one', async () => {
    await create().once(name, async () => pairOf(1))
    expect(await create({ keys: [otherKey, key] }).once(name, never)).toEqual(pairOf(1))
    expect(await create({ keys: otherKey }).once(name, never)).toMatchObject({
      outcome: 'unavailable',
      error: { code: 'ERR_STORE_UNAVAILABLE', explanation: expect.stringContaining('option keys') },
    })
  })

  it.each(['inf', '1e400', '9'.repeat(40)])(
    'asks now and then when a turn ends at %s, which nobody has written',
    async (until) => {
      const writer = await redis.client()
      const turn = create({ grace: 1 }).once(name, async () => pairOf(1))
      await turn
      const [one = ''] = (await writer.keys('*')) as string[]
      await writer.del(one)
      await writer.hSet(one, 'until', until)
      const commands = async () =>
        Number(/total_commands_processed:(\d+)/.exec(String(await writer.info('stats')))?.[1])
      const before = await commands()
      const waiting = create().once(name, async () => pairOf(2))
      await pause(1000)
      // Of a busy loop there would be hundreds. Those of a script count too.
      expect((await commands()) - before).toBeLessThan(150)
      await writer.del(one)
      expect(await waiting).toEqual(pairOf(2))
    },
  )

  it.each(['inf', '1e400', '9'.repeat(40)])(
    'has an end where the number of the last turn is %s, which nobody has written',
    async (fence) => {
      const writer = await redis.client()
      await create().once(name, async () => pairOf(1))
      const [one = ''] = (await writer.keys('*')) as string[]
      await writer.del(one)
      await writer.hSet(one, 'fence', fence)
      expect(await create().once(name, async () => rejection())).toMatchObject({ outcome: 'rejected' })
    },
  )

  it('holds on to its turn for as long as the provider takes', async () => {
    const provider = createProvider()
    const first = create({ lease: 0.15 }).once(name, () => provider.ask())
    await provider.asked(1)
    const other = create({ lease: 0.15 }).once(name, never)
    await pause(900)
    provider.answer(pairOf(1))
    expect(await Promise.all([first, other])).toEqual([pairOf(1), pairOf(1)])
  })

  it('holds on to it when Redis is started again, empty, in the middle', async () => {
    const provider = createProvider()
    const first = create().once(name, () => provider.ask())
    await provider.asked(1)
    await redis.kill()
    await pause(250) // it cannot renew
    await redis.start({ empty: true })
    await pause(400)
    const other = create().once(name, never)
    await pause(600)
    provider.answer(pairOf(1))
    expect(await Promise.all([first, other])).toEqual([pairOf(1), pairOf(1)])
  })

  it('tells the pair later when Redis is away at the end, and loses it for nobody', async () => {
    const provider = createProvider()
    const first = create({ lease: 5 }).once(name, () => provider.ask())
    await provider.asked(1)
    await redis.kill()
    provider.answer(pairOf(1))
    expect(await first).toEqual(pairOf(1))
    await redis.start({ empty: true })
    await pause(1500)
    expect(await create().once(name, never)).toEqual(pairOf(1))
  })

  it('tells it no more when the grace is over', async () => {
    const provider = createProvider()
    const first = create({ lease: 5, grace: 1 }).once(name, () => provider.ask())
    await provider.asked(1)
    await redis.kill()
    provider.answer(pairOf(1))
    expect(await first).toEqual(pairOf(1))
    await pause(1200)
    await redis.start({ empty: true })
    await pause(800)
    expect(await create().once(name, async () => pairOf(2))).toEqual(pairOf(2))
  })

  it('takes the place of one that is not heard of, and doubts a rejection then', async () => {
    const dead = createProvider()
    const first = create()
    void first.once(name, () => dead.ask())
    await dead.asked(1)
    await first.close()
    await pause(350)
    const second = create()
    expect(await second.once(name, async () => rejection())).toMatchObject({
      outcome: 'unavailable',
      error: { code: 'ERR_PROVIDER_UNAVAILABLE', explanation: expect.stringContaining('another process') },
    })
    // Within the grace, nobody asks a third time.
    expect(await create().once(name, never)).toMatchObject({ outcome: 'unavailable' })
  })

  it.each<[string, (first: RefreshExchange) => Promise<unknown>]>([
    [
      'the next has met an outage',
      async (first) => {
        await first.close()
        await pause(350)
        expect(await create().once(name, async () => outage())).toMatchObject({ outcome: 'unavailable' })
        await pause(1100)
      },
    ],
    [
      'Redis has lost all, and was told of the turn again',
      async (first) => {
        await redis.flush()
        await pause(250)
        await first.close()
      },
    ],
  ])('doubts it also when %s', async (_, happen) => {
    const dead = createProvider()
    const first = create()
    void first.once(name, () => dead.ask())
    await dead.asked(1)
    await happen(first)
    expect(await create().once(name, async () => rejection())).toMatchObject({ outcome: 'unavailable' })
  })

  it('lets a pair win that comes late, over anything that is no pair', async () => {
    const slow = createProvider()
    const first = create({ client: throughProxy(), timeout: 0.2 }).once(name, () => slow.ask())
    await slow.asked(1)
    proxy.stall() // it cannot renew
    await pause(400)
    expect(await create().once(name, async () => rejection())).toMatchObject({ outcome: 'unavailable' })
    proxy.flow()
    slow.answer(pairOf(1))
    expect(await first).toEqual(pairOf(1))
    await pause(800)
    expect(await create().once(name, never)).toEqual(pairOf(1))
  })

  it.each<[string, Partial<RedisRefreshesOptions>, number]>([
    ['gives the pair of who took the place to who had lost it', {}, 2],
    ['keeps its own pair where that of who took the place cannot be opened', { keys: otherKey }, 1],
  ])('%s', async (_, options, given) => {
    const slow = createProvider()
    const first = create({ client: throughProxy(), timeout: 0.2 }).once(name, () => slow.ask())
    await slow.asked(1)
    proxy.stall()
    await pause(400)
    expect(await create(options).once(name, async () => pairOf(2))).toEqual(pairOf(2))
    proxy.flow()
    slow.answer(pairOf(1))
    expect(await first).toEqual(pairOf(given))
  })

  it('waits for who took the place when it was rejected meanwhile', async () => {
    const slow = createProvider()
    const quick = createProvider()
    const first = create({ client: throughProxy(), timeout: 0.2 }).once(name, () => slow.ask())
    await slow.asked(1)
    proxy.stall()
    await pause(400)
    const second = create().once(name, () => quick.ask())
    await quick.asked(1)
    proxy.flow()
    slow.answer(rejection())
    await pause(100)
    quick.answer(pairOf(2))
    expect(await Promise.all([first, second])).toEqual([pairOf(2), pairOf(2)])
  })

  it('is out of reach without Redis, at once and without asking anybody', async () => {
    const exchange = create()
    await redis.kill()
    await expect(exchange.once(name, never)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', status: 503 })
    await redis.start()
    expect(await exchange.once(name, async () => pairOf(1))).toEqual(pairOf(1))
  })

  it('is out of reach when Redis does not answer, within its deadline', async () => {
    const exchange = create({ timeout: 0.2 })
    redis.pause()
    await expect(exchange.once(name, never)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    redis.resume()
  })

  it('is waited for two seconds unless told otherwise', async () => {
    const exchange = createRedisRefreshes({ client, keys: key })
    open.push(exchange)
    redis.pause()
    await expect(exchange.once(name, never)).rejects.toMatchObject({
      explanation: expect.stringMatching(/longer than 2 s/),
    })
    redis.resume()
  })

  it('ends those who wait when it is closed', async () => {
    const provider = createProvider()
    void create().once(name, () => provider.ask())
    await provider.asked(1)
    const exchange = create()
    const waiting = exchange.once(name, never)
    await pause(50)
    await exchange.close()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})

describe('the options', () => {
  const client = { duplicate() {}, xAdd() {} } as unknown as RedisClient

  it.each<[string, object, RegExp]>([
    ['no client', { keys: key }, /client/],
    ['no key', { client }, /option keys: is missing/],
    ['an empty list of keys', { client, keys: [] }, /at least one/],
    ['a short key', { client, keys: 'short' }, /32 bytes/],
    ['a key that lacks one byte', { client, keys: key.slice(0, 31) }, /32 bytes/],
    ['a short key among others', { client, keys: [key, 'short'] }, /32 bytes/],
    ['a placeholder', { client, keys: 'your-secret-key-of-32-bytes-goes-here' }, /placeholder/],
    ['a lease of nothing', { client, keys: key, lease: 0 }, /lease/],
    ['a grace of an hour', { client, keys: key, grace: 3600 }, /grace/],
    ['a prefix with a hash tag', { client, keys: key, prefix: '{a}' }, /prefix/],
    ['an unknown option', { client, keys: key, leese: 1 }, /did you mean lease/],
  ])('refuse %s', (_, options, message) => {
    const make = () => createRedisRefreshes(options as RedisRefreshesOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
    expect(make).toThrow(message)
    expect(make).not.toThrow(/secret of the tests/)
  })
})
