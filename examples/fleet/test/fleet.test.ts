import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { describeWithRedis, type RedisServer, startRedis } from '../../../packages/core/test/support/redis-server.ts'
import { type Running, startExample } from '../../support/start-example.ts'

describeWithRedis('examples/fleet', () => {
  let issuer: TestIssuer
  let redis: RedisServer
  let fleet: Running[] = []
  let environment: Record<string, string>
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

  beforeAll(async () => {
    issuer = await createTestIssuer()
    redis = await startRedis()
    environment = { ISSUER: issuer.issuer, AUDIENCE: issuer.audience, REDIS_URL: redis.url }
    fleet = await Promise.all(Array.from({ length: 4 }, () => startExample(main, environment)))
  }, 120_000)

  afterAll(async () => {
    await Promise.all(fleet.map((app) => app.stop()))
    await redis?.close()
    await issuer?.close()
  })

  const statusAt = async ({ url }: Running, token: string) =>
    (await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } })).status
  const everywhere = (token: string) => Promise.all(fleet.map((app) => statusAt(app, token)))
  const signOut = (app: Running | undefined, user: string, roles = ['admin']) =>
    fetch(`${app?.url}/users/${user}/sign-out`, {
      method: 'POST',
      headers: { authorization: `Bearer ${issuer.tokenFor({ subject: 'root', roles })}` },
    })

  async function becomes(ask: () => Promise<readonly number[]>, expected: readonly number[]): Promise<void> {
    let last: readonly number[] = []
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
      last = await ask()
      if (String(last) === String(expected)) return
    }
    expect(last).toEqual(expected)
  }

  it('refuses everywhere who was signed out at one of them, and nobody else', async () => {
    const [alice, bob] = [issuer.tokenFor({ subject: 'alice' }), issuer.tokenFor({ subject: 'bob' })]
    expect(await everywhere(alice)).toEqual([200, 200, 200, 200])
    expect((await signOut(fleet[2], 'alice', ['guest'])).status).toBe(403)
    expect((await signOut(fleet[2], 'alice')).status).toBe(204)
    expect(await statusAt(fleet[2] as Running, alice)).toBe(401)
    await becomes(() => everywhere(alice), [401, 401, 401, 401])
    expect(await everywhere(bob)).toEqual([200, 200, 200, 200])
  }, 60_000)

  it('remembers it when Redis comes back empty, also in a process that starts then', async () => {
    const carol = issuer.tokenFor({ subject: 'carol' })
    expect((await signOut(fleet[0], 'carol')).status).toBe(204)
    await becomes(() => everywhere(carol), [401, 401, 401, 401])
    await redis.kill()
    expect(await everywhere(carol)).toEqual([401, 401, 401, 401])
    await redis.start({ empty: true })
    const fresh = await startExample(main, environment)
    fleet.push(fresh)
    expect(await statusAt(fresh, carol)).toBe(401)
    expect(await statusAt(fresh, issuer.tokenFor({ subject: 'bob' }))).toBe(200)
  }, 60_000)
})
