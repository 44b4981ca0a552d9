import type { RequestListener } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { createTestClock } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { type Authenticator, createAuthenticator, type SessionStore } from '../src/index.ts'
import { createRedisRefreshes, createRedisSessionStore } from '../src/redis/index.ts'
import { type RunningApp, serve } from './support/adapter-app.ts'
import { Browser } from './support/browser.ts'
import { buildPlain } from './support/plain-app.ts'
import { type RedisProxy, startRedisProxy } from './support/redis-proxy.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { createSignInStage, type SignInStage } from './support/sign-in-stage.ts'

type Store = SessionStore & { close(): Promise<void> }

const keys = 'a secret of the session cookies, long enough'

describeWithRedis('sessions in Redis', () => {
  let redis: RedisServer
  const open: Store[] = []

  function storeOf(timeout = 2, url = redis.url): Store {
    const store = createRedisSessionStore({ client: createClient({ url }), timeout })
    open.push(store)
    return store
  }

  beforeAll(async () => {
    redis = await startRedis()
  })
  beforeEach(() => redis.flush())
  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()))
  })
  afterAll(() => redis.close())

  describe('the store', () => {
    const lives = { rolling: 60, until: Date.now() / 1000 + 3600 }

    it('takes the next version only, and none of a session that has ended', async () => {
      const store = storeOf()
      const write = (version: number) => store.write('a', { sealed: `sealed ${version}: x`, version }, lives)
      expect([await write(2), await write(1), await write(1), await write(3), await write(2)]).toEqual([
        false,
        true,
        false,
        false,
        true,
      ])
      expect(await store.read('a', 60)).toEqual({ sealed: 'sealed 2: x', version: 2 })
      const others = Array.from({ length: 10 }, () => storeOf())
      const same = await Promise.all(
        others.map((other, i) => other.write('a', { sealed: String(i), version: 3 }, lives)),
      )
      expect(same.filter(Boolean)).toHaveLength(1)
      await store.end('a')
      expect([await store.read('a', 60), await write(4)]).toEqual([undefined, false])
    })

    it('forgets a session that nobody uses, and any after its time', async () => {
      const store = storeOf()
      const client = await redis.client()
      const left = async () => client.pTTL((await client.keys('*'))[0] ?? '')
      await store.write('a', { sealed: 'x', version: 1 }, { rolling: 60, until: Date.now() / 1000 + 3600 })
      expect(await left()).toBeLessThanOrEqual(60_000)
      await store.read('a', 1800)
      expect(await left()).toBeGreaterThan(1_700_000)
      await store.read('a', 99_999)
      expect(await left()).toBeLessThanOrEqual(3_600_000)
      await store.write('b', { sealed: 'x', version: 1 }, { rolling: 60, until: Date.now() / 1000 + 0.2 })
      expect(await store.write('c', { sealed: 'x', version: 1 }, { rolling: 60, until: Date.now() / 1000 - 1 })).toBe(
        false,
      )
      await pause(300)
      expect(await store.read('b', 60)).toBeUndefined()
    })

    it.each(['', 'x', '1', '1:2', '1:x:y', '1:1000:x', '-1:99999999999999:x', ':99999999999999:x'])(
      'has no session where somebody else has put %j',
      async (value) => {
        const store = storeOf()
        const client = await redis.client()
        await store.write('a', { sealed: 'x', version: 1 }, lives)
        const key = (await client.keys('*'))[0] ?? ''
        await client.set(key, value)
        expect(await store.read('a', 60)).toBeUndefined()
        await store.end('a')
        expect(await client.get(key)).toBeNull()
      },
    )

    it('is 503 while it is out of reach, and takes no wrong option', async () => {
      const store = storeOf(0.3)
      await store.write('a', { sealed: 'x', version: 1 }, lives)
      redis.pause()
      await expect(store.read('a', 60)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', status: 503 })
      redis.resume()
      expect(await store.read('a', 60)).toMatchObject({ version: 1 })
      await store.close()
      await expect(store.end('a')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      const wrong = { client: createClient({ url: redis.url }), prefx: 'x' }
      expect(() => createRedisSessionStore(wrong)).toThrow('did you mean prefix?')
    })
  })

  describe('a client that minds being ended twice, as those before 6.3 do', () => {
    function storeAt(url: string): Store {
      const client = createClient({ url })
      const duplicate = client.duplicate.bind(client)
      const store = createRedisSessionStore({
        client: Object.assign(client, {
          duplicate(overrides: object) {
            const made = duplicate(overrides)
            const destroy = made.destroy.bind(made)
            return Object.assign(made, {
              destroy() {
                if (!made.isOpen) throw new Error('The client is closed')
                destroy()
              },
            })
          },
        }),
      })
      open.push(store)
      return store
    }

    it('loses its connection, and opens another', async () => {
      const store = storeAt(redis.url)
      await store.write('a', { sealed: 'x', version: 1 }, { rolling: 60, until: Date.now() / 1000 + 3600 })
      const client = await redis.client()
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal'])
      await pause(200)
      expect(await store.read('a', 60)).toMatchObject({ version: 1 })
    })

    it('tells why nobody answers', async () => {
      await expect(storeAt('redis://127.0.0.1:1').read('a', 60)).rejects.toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        explanation: expect.stringContaining('ECONNREFUSED'),
      })
    })
  })

  describe('an app of two processes', () => {
    const clock = createTestClock()
    let app: RunningApp
    let at: SignInStage
    let turn = 0
    let processes: RequestListener[]
    /** Between the stores and Redis. */
    let proxy: RedisProxy
    const made: Authenticator[] = []

    beforeAll(async () => {
      app = await serve((request, response) => processes[turn++ % processes.length]?.(request, response))
      at = await createSignInStage({ origin: app.origin, clock })
      proxy = await startRedisProxy(redis.port)
    })
    beforeEach(() => {
      processes = [1, 2].map(() => {
        const refreshes = createRedisRefreshes({ client: createClient({ url: redis.url }), keys, grace: 1 })
        const auth = createAuthenticator({ providers: at.providers, clock, refreshes })
        made.push(auth)
        const session = { baseUrl: app.origin, keys, store: storeOf(0.5, proxy.url) }
        return buildPlain({
          auth,
          http: { session },
          routes: [
            { path: '/me', handle: ({ user }) => user ?? null },
            { path: '/session', handle: ({ auth: token }) => token?.session ?? null },
          ],
        })
      })
    })
    afterEach(async () => {
      await Promise.all(made.splice(0).map((auth) => auth.close()))
    })
    afterAll(async () => {
      await app.close()
      await at.close()
      await proxy.close()
    })

    async function signIn(user: string, browser = new Browser()): Promise<Browser> {
      const page = await browser.open(`${app.origin}/auth/login`, { form: { provider: 'logto', returnTo: '/me' } })
      const done = await browser.submit(page, { user })
      expect([done.status, done.url.href]).toEqual([200, `${app.origin}/me`])
      return browser
    }

    const me = async (browser: Browser) => {
      const { status, body, headers, setCookies } = await browser.open(`${app.origin}/me`, { kind: 'api' })
      return { status, id: status === 200 ? (JSON.parse(body) as { id: string }).id : undefined, headers, setCookies }
    }

    it('knows a session in both, and Redis learns nothing of it', async () => {
      const browser = await signIn('alice')
      expect([(await me(browser)).id, (await me(browser)).id]).toEqual(['alice', 'alice'])
      expect(browser.names(app.origin)).toEqual(['claviger'])
      const id = (await browser.open(`${app.origin}/session`)).json() as string
      const client = await redis.client()
      const names = await client.keys('*session*')
      expect(names).toHaveLength(1)
      const held = String(await client.get(names[0] ?? ''))
      for (const secret of [id, 'alice', 'accessToken']) expect(names.join() + held).not.toContain(secret)
      // What is kept there opens no door: it is sealed for another purpose than the cookie.
      const thief = new Browser()
      thief.set(app.origin, 'claviger', held.split(':').slice(2).join(':'))
      expect((await me(thief)).status).toBe(401)
    })

    it('refreshes once for both, and neither overwrites the other', async () => {
      const browser = await signIn('alice')
      const asked = at.logto.requests('token')
      const cookie = browser.cookie(app.origin, 'claviger')
      for (const round of [1, 2]) {
        // Redis has a clock of its own, and hands out what it has for a second.
        await pause(1100)
        await clock.advance(3700)
        const answers = await Promise.all(Array.from({ length: 20 }, () => me(browser)))
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(at.logto.requests('token') - asked).toBe(round)
      }
      expect(browser.cookie(app.origin, 'claviger')).toBe(cookie)
      const client = await redis.client()
      expect(await client.get((await client.keys('*session*'))[0] ?? '')).toMatch(/^3:/)
    })

    it('signs out of both, and a new sign-in ends the session before', async () => {
      const browser = await signIn('alice')
      const copy = browser.copy()
      browser.cookies.delete(new URL(at.logto.endpoint).host)
      await signIn('bob', browser)
      expect([(await me(copy)).status, (await me(browser)).id]).toEqual([401, 'bob'])
      await browser.submit(await browser.open(`${app.origin}/auth/logout`))
      expect([(await me(browser)).status, (await me(browser)).status]).toEqual([401, 401])
      expect(await (await redis.client()).keys('*session*')).toEqual([])
    })

    it.each([
      ['the process that has it', true],
      ['any process, once it has been stored', false],
    ])('loses no new pair that came just when Redis went away: %s goes on with it', async (_, isSame) => {
      const browser = await signIn('alice')
      const stored = async () => {
        const client = await redis.client()
        return String(await client.get((await client.keys('*session*'))[0] ?? ''))
      }
      const asked = at.logto.requests('token')
      await clock.advance(3700)
      proxy.stallAt("call('SET'")
      expect((await me(browser)).status).toBe(503)
      // Longer than anybody else remembers it, with attempts to store it that fail.
      await clock.advance(60)
      await pause(1100)
      proxy.cut()
      proxy.flow()
      if (isSame) turn += 1
      else await clock.advance(1)
      for (let i = 0; i < 400 && !isSame && !(await stored()).startsWith('2:'); i += 1) await pause(25)
      expect([(await me(browser)).id, at.logto.requests('token') - asked]).toEqual(['alice', 1])
      expect(await stored()).toMatch(/^2:/)
    })

    it('ends with a sign-out while Redis is out of reach, also where a copy of its cookies is', async () => {
      const browser = await signIn('alice')
      const copy = browser.copy()
      proxy.stall()
      const out = await browser.open(`${app.origin}/auth/logout`, { form: {} })
      expect([out.status, browser.names(app.origin)]).toEqual([503, []])
      proxy.cut()
      proxy.flow()
      // The same process: each has a list of its own here.
      turn += 1
      expect((await me(copy)).status).toBe(401)
    })

    it('is 503 while Redis is out of reach, and nobody is signed out by that', async () => {
      const browser = await signIn('alice')
      await redis.save()
      await redis.kill()
      for (let i = 0; i < 2; i += 1) {
        const answer = await me(browser)
        expect([answer.status, answer.headers.get('retry-after'), answer.setCookies]).toEqual([503, '5', []])
      }
      await redis.start()
      expect((await me(browser)).id).toBe('alice')
    })
  })
})
