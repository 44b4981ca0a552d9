import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { createLogtoEmulator, createTestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { TokenSet } from '../src/index.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { type Fleet, type Shown, startFleet } from './support/refresh-fleet.ts'

describeWithRedis('processes that refresh one token at once', () => {
  const lease = 0.8
  const key = randomBytes(32).toString('base64')
  const shared = () => ({ redis: redis.url, key, lease })
  let redis: RedisServer
  let fleet: Fleet
  const closing: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    redis = await startRedis()
    fleet = await startFleet(3)
  }, 60_000)
  beforeEach(() => redis.flush())
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })
  afterAll(() => Promise.all([fleet.close(), redis.close()]))

  /** An issuer that ends the whole family of a refresh token that is used twice, at once. */
  async function startStrict() {
    const issuer = await createTestIssuer()
    closing.push(() => issuer.close())
    const { clientId, clientSecret, audience } = issuer
    await fleet.use({ ...shared(), oidc: { issuer: issuer.issuer, audience, client: { clientId, clientSecret } } })
    const tokens: TokenSet = { accessToken: issuer.tokenFor(), refreshToken: issuer.refreshTokenFor() }
    return { issuer, tokens }
  }

  /** An issuer that forgives a second use within three seconds. */
  async function startForgiving() {
    const audience = 'https://orders.example.test/api'
    const emulator = await createLogtoEmulator({
      resources: [{ indicator: audience, scopes: [] }],
      users: [{ id: 'alice', username: 'alice' }],
      apps: [{ id: 'spa', type: 'SPA' }],
    })
    closing.push(() => emulator.close())
    await fleet.use({ ...shared(), logto: { endpoint: emulator.endpoint, audience, client: { clientId: 'spa' } } })
    const { refreshToken = '' } = await emulator.signIn('alice')
    return { emulator, tokens: { accessToken: await emulator.tokenFor('alice', { resource: audience }), refreshToken } }
  }

  const outcomesOf = (shown: readonly Shown[]) => [...new Set(shown.map(({ outcome }) => outcome))]
  const pairsOf = (shown: readonly Shown[]) => new Set(shown.map(({ pair }) => JSON.stringify(pair)))
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await pause(5)
  }

  it('call the issuer once, though it takes longer than the lease, and all get the same pair', async () => {
    const { issuer, tokens } = await startStrict()
    issuer.fail('token', { delay: lease * 3 })
    const all = (await Promise.all([0, 1, 2].map((one) => fleet.refresh(one, { tokens, times: 30 })))).flat()
    expect(all).toHaveLength(90)
    expect(outcomesOf(all)).toEqual(['refreshed'])
    expect(pairsOf(all).size).toBe(1)
    expect(issuer.requests('token')).toBe(1)
    // Its detection of reuse has not fired: the family lives.
    const [refreshToken = ''] = all[0]?.pair?.slice(1) ?? []
    issuer.heal()
    const next = await fleet.refresh(1, { tokens: { ...tokens, refreshToken }, times: 1 })
    expect(outcomesOf(next)).toEqual(['refreshed'])
  })

  it('get the pair also when they are late, with the old refresh token', async () => {
    const { issuer, tokens } = await startStrict()
    const first = await fleet.refresh(0, { tokens, times: 1 })
    const late = await fleet.refresh(1, { tokens, times: 5 })
    expect(pairsOf([...first, ...late]).size).toBe(1)
    expect(issuer.requests('token')).toBe(1)
  })

  it('go on when the one that asks is killed: at most two calls, and the same pair for all who are left', async () => {
    const { emulator, tokens } = await startForgiving()
    emulator.fail('token', { delay: lease * 3 })
    const lost = fleet.refresh(0, { tokens, times: 30 })
    await until(() => emulator.requests('token') === 1)
    const others = [1, 2].map((one) => fleet.refresh(one, { tokens, times: 30 }))
    await pause(lease * 500)
    fleet.kill(0)
    expect(await lost).toEqual([])
    const all = (await Promise.all(others)).flat()
    expect(outcomesOf(all)).toEqual(['refreshed'])
    expect(pairsOf(all).size).toBe(1)
    expect(emulator.requests('token')).toBe(2)
  })

  it('log nobody out when the issuer forgives nothing: what it says of the second call is no verdict', async () => {
    const { issuer, tokens } = await startStrict()
    issuer.fail('token', { delay: lease * 2 })
    const lost = fleet.refresh(0, { tokens, times: 10 })
    await until(() => issuer.requests('token') === 1)
    const others = [1, 2].map((one) => fleet.refresh(one, { tokens, times: 10 }))
    fleet.kill(0)
    await lost
    const all = (await Promise.all(others)).flat()
    expect(outcomesOf(all)).toEqual(['unavailable'])
    expect(all[0]?.explanation).toMatch(/another process has used it/)
    expect(issuer.requests('token')).toBe(2)
  })

  it('give way to one that was only paused, and has the pair', async () => {
    const { issuer, tokens } = await startStrict()
    issuer.fail('token', { delay: lease })
    const paused = fleet.refresh(0, { tokens, times: 1 })
    await until(() => issuer.requests('token') === 1)
    fleet.pause(0)
    expect(outcomesOf(await fleet.refresh(1, { tokens, times: 3 }))).toEqual(['unavailable'])
    fleet.resume(0)
    const late = await paused
    expect(outcomesOf(late)).toEqual(['refreshed'])
    expect(pairsOf([...late, ...(await fleet.refresh(2, { tokens, times: 3 }))]).size).toBe(1)
  })

  it('end a session together that the issuer has ended, and ask about it once', async () => {
    const { issuer, tokens } = await startStrict()
    issuer.fail('token', { delay: 0.3 })
    const dead = { ...tokens, refreshToken: 'unknown' }
    for (const one of [0, 1, 2]) expect(await fleet.verify(one, tokens.accessToken)).toBe('good')
    const all = (await Promise.all([0, 1, 2].map((one) => fleet.refresh(one, { tokens: dead, times: 10 })))).flat()
    expect(all).toHaveLength(30)
    expect(outcomesOf(all)).toEqual(['rejected'])
    expect(issuer.requests('token')).toBe(1)
    // Its access token would have lived on.
    for (const one of [0, 1, 2]) {
      while ((await fleet.verify(one, tokens.accessToken)) !== 'ERR_TOKEN_REVOKED') await pause(10)
    }
  })

  it('share an outage of the issuer, and end nothing', async () => {
    const { issuer, tokens } = await startStrict()
    issuer.fail('token', { status: 503, retryAfter: 7 })
    const all = (await Promise.all([0, 1, 2].map((one) => fleet.refresh(one, { tokens, times: 10 })))).flat()
    expect(outcomesOf(all)).toEqual(['unavailable'])
    expect(issuer.requests('token')).toBeLessThanOrEqual(3)
    issuer.heal()
    await pause(1100)
    expect(outcomesOf(await fleet.refresh(2, { tokens, times: 3 }))).toEqual(['refreshed'])
  })

  it('refresh nothing while Redis is away, call nobody, and go on when it is back', async () => {
    const { issuer, tokens } = await startStrict()
    await redis.kill()
    const all = (await Promise.all([0, 1].map((one) => fleet.refresh(one, { tokens, times: 5 })))).flat()
    expect(outcomesOf(all)).toEqual(['unavailable'])
    expect(all[0]?.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(issuer.requests('token')).toBe(0)
    await redis.start()
    expect(outcomesOf(await fleet.refresh(0, { tokens, times: 5 }))).toEqual(['refreshed'])
  })
})
