import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { AuthError, createReplayStore, type ReplayStore } from '../src/index.ts'
import { createRedisReplayStore } from '../src/redis/index.ts'
import { createDpopStage, type DpopStage, outcomeOf, requestWith, verdictOf } from './support/dpop-stage.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'

let stage: DpopStage
beforeAll(async () => {
  stage = await createDpopStage()
})
afterEach(() => stage.clear())
afterAll(() => stage.close())

/** A store that tells what it was asked. */
function noting(answer: () => Promise<boolean> = async () => true) {
  const asked: [id: string, until: number][] = []
  const store: ReplayStore = {
    async once(id, until) {
      asked.push([id, until])
      return answer()
    },
    close: async () => {},
  }
  return { asked, store }
}

describe('a proof that was here before', () => {
  it('is refused, also where both come at once', async () => {
    const api = stage.api()
    const token = stage.token()
    const request = requestWith(`DPoP ${token}`, stage.proof(token))
    const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(api, request)))
    expect(outcomes.sort()).toEqual(['ERR_DPOP_PROOF', 'ERR_DPOP_PROOF', 'alice'])
    expect(await verdictOf(api, request)).toBe('ERR_DPOP_PROOF: the proof of the token: it has been here before')
  })

  it('is known by its key and its id: others may choose the same id', async () => {
    const api = stage.api()
    const other = await stage.anotherKey()
    const send = async (options: object, key = stage.key) => {
      const token = stage.token({ boundTo: key })
      return outcomeOf(api, requestWith(`DPoP ${token}`, stage.proof(token, { key, ...options })))
    }
    const claims = { jti: 'one' }
    expect(await send({ claims })).toBe('alice')
    expect(await send({ claims }, other)).toBe('alice')
    expect(await send({ claims })).toBe('ERR_DPOP_PROOF')
    expect(await send({ claims, issuedAt: stage.clock.now() / 1000 - 1 })).toBe('ERR_DPOP_PROOF')
  })

  it('is remembered for longer than it would be taken, also where clocks differ and the store is slow', async () => {
    const { asked, store } = noting()
    const api = stage.api({ replays: store, maxAge: 30 }, {}, { clockTolerance: 7 })
    const token = stage.token()
    const issuedAt = Math.floor(stage.clock.now() / 1000)
    await api.receive(requestWith(`DPoP ${token}`, stage.proof(token, { issuedAt, claims: { jti: 'one' } })))
    expect(asked).toEqual([[expect.stringMatching(/^\["dpop","[\w-]{43}","one"\]$/), issuedAt + 30 + 2 * 7 + 5]])
  })

  it('is remembered only where it was good', async () => {
    const { asked, store } = noting()
    const api = stage.api({ replays: store, nonces: 'a secret that all processes have in common' })
    const token = stage.token()
    const other = await stage.anotherKey()
    for (const options of [
      {},
      { method: 'PUT' },
      { claims: { ath: 'x' } },
      { key: { ...other, publicJwk: stage.key.publicJwk } },
    ])
      expect(await outcomeOf(api, requestWith(`DPoP ${token}`, stage.proof(token, options)))).toMatch(/^ERR_DPOP/)
    expect(asked).toEqual([])
  })
})

describe('a proof that waits for its turn', () => {
  it('is refused when it has become too old meanwhile', async () => {
    const { asked, store } = noting()
    let late = 0
    const clock = { ...stage.clock, now: () => stage.clock.now() + late }
    const api = stage.api({ replays: store }, {}, { clock })
    const token = stage.token()
    const send = () => verdictOf(api, requestWith(`DPoP ${token}`, stage.proof(token)))
    expect(await send()).toBe('alice')
    const waiting = send()
    // A signature is verified in a later turn of the event loop.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    late = 66_000
    expect(await waiting).toBe('ERR_DPOP_PROOF: the proof of the token: it is too old (option dpop.maxAge)')
    expect(asked).toHaveLength(1)
  })
})

describe('a store that does not answer', () => {
  it.each<[string, unknown]>([
    ['as it should', new AuthError('ERR_STORE_UNAVAILABLE')],
    ['in its own words', new Error('ECONNREFUSED')],
    ['with no error at all', undefined],
  ])('refuses nobody for good: %s', async (_, failure) => {
    const { store } = noting(() => Promise.reject(failure))
    const token = stage.token()
    const request = requestWith(`DPoP ${token}`, stage.proof(token))
    await expect(stage.api({ replays: store }).receive(request)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      status: 503,
      headers: { 'Retry-After': '5' },
    })
  })

  it('is one of this process that is full', async () => {
    const api = stage.api({ replays: createReplayStore({ clock: stage.clock, max: 1 }) })
    const token = stage.token()
    const send = () => outcomeOf(api, requestWith(`DPoP ${token}`, stage.proof(token)))
    expect([await send(), await send()]).toEqual(['alice', 'ERR_STORE_UNAVAILABLE'])
    await stage.clock.advance(76)
    expect(await send()).toBe('alice')
  })
})

describeWithRedis('processes that share Redis', () => {
  let redis: RedisServer
  const stores: ReplayStore[] = []
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
    await redis.close()
  })

  it('take a proof once between them, and nobody’s while Redis is away', async () => {
    for (const _ of [1, 2])
      stores.push(createRedisReplayStore({ client: createClient({ url: redis.url }), timeout: 1 }))
    const apis = stores.map((replays) => stage.api({ replays }))
    const token = stage.token()
    // Redis counts by the clock of the machine.
    const issuedAt = () => stage.clock.now() / 1000
    for (const _ of [1, 2, 3]) {
      const request = requestWith(`DPoP ${token}`, stage.proof(token, { issuedAt: issuedAt() }))
      const outcomes = await Promise.all([...apis, ...apis].map((api) => outcomeOf(api, request)))
      expect(outcomes.sort()).toEqual(['ERR_DPOP_PROOF', 'ERR_DPOP_PROOF', 'ERR_DPOP_PROOF', 'alice'])
    }
    await redis.kill()
    for (const api of apis)
      expect(await outcomeOf(api, requestWith(`DPoP ${token}`, stage.proof(token)))).toBe('ERR_STORE_UNAVAILABLE')
  })
})
