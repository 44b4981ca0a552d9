import { describe, expect, it } from '@jest/globals'
import { createAuthenticator } from '../../src/authenticator.ts'
import { createRoleDirectory } from '../../src/roles/directory.ts'
import type { RouteSetup } from './adapter-app.ts'
import { Browser } from './browser.ts'
import type { SessionStage } from './session-stage.ts'

/** The part of the contract about browsers that are signed in. */
export function describeSessions(stage: SessionStage): void {
  const { clock, use, signIn, me } = stage

  describe('a session', () => {
    it('gives way to a token in the header, good or bad', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const token = await stage.at.logto.tokenFor('bob', { resource: 'https://api.example.test' })
      const call = (value: string) =>
        browser.open(`${stage.origin}/me`, { kind: 'api', headers: { authorization: `Bearer ${value}` } })
      expect((await call(token)).json()).toMatchObject({ id: 'bob' })
      expect((await call(`${token}x`)).status).toBe(401)
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
    })

    it('knows name and address of who has signed in, though the access token does not, also after a refresh', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const named = { id: 'alice', name: 'Alice', email: 'alice@example.test' }
      expect((await me(browser)).visited.json()).toMatchObject(named)
      await clock.advance(3700)
      expect((await me(browser)).visited.json()).toMatchObject(named)
      const token = await stage.at.logto.tokenFor('alice', { resource: 'https://api.example.test' })
      const call = await browser.open(`${stage.origin}/me`, { headers: { authorization: `Bearer ${token}` } })
      expect(Object.keys(call.json() as object)).not.toContain('name')
    })

    it('gives its access token for calls to other APIs, a new one in time; who comes with a token gets that, and nobody none', async () => {
      const auth = use({}, { required: false })
      const browser = await signIn('logto', 'alice')
      const tokenOf = async (headers = {}) =>
        (await browser.open(`${stage.origin}/token`, { kind: 'api', headers })).json() as string
      const first = await tokenOf()
      expect(await auth.verify(first)).toMatchObject({ user: { id: 'alice' } })
      expect(await tokenOf()).toBe(first)
      await clock.advance(3700)
      const second = await tokenOf()
      expect(second).not.toBe(first)
      expect(await auth.verify(second)).toMatchObject({ user: { id: 'alice' } })
      const own = await stage.at.logto.tokenFor('bob', { resource: 'https://api.example.test' })
      expect(await tokenOf({ authorization: `Bearer ${own}` })).toBe(own)
      expect((await new Browser().open(`${stage.origin}/token`, { kind: 'api' })).json()).toBe(null)
    })

    it('has its tokens verified in the turn of the request that it comes with', async () => {
      const asked: boolean[] = []
      const sourceOf = ({ socket }: { socket?: object | undefined }) => {
        asked.push(socket !== undefined)
        return 'somebody'
      }
      const auth = createAuthenticator({ providers: stage.at.providers, clock, admission: { sourceOf } })
      use({}, {}, { auth })
      const browser = await signIn('logto', 'alice')
      await clock.advance(3700)
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
      expect(asked).toEqual([true, true])
      await auth.close()
    })

    it('counts only for pages of the app itself when something is changed', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const change = (options: Parameters<Browser['open']>[1]) =>
        browser.open(`${stage.origin}/change`, { method: 'POST', kind: 'api', ...options })
      const foreign = { origin: 'https://evil.example' }
      expect((await change({ site: 'same-origin' })).status).toBe(200)
      expect((await change({ site: 'cross-site', headers: foreign })).status).toBe(403)
      expect((await change({ site: 'same-site' })).status).toBe(403)
      expect((await change({ site: undefined, headers: foreign })).status).toBe(403)
      expect((await change({ site: undefined, headers: { origin: 'null' } })).status).toBe(403)
      expect((await change({ site: undefined, headers: { origin: stage.origin } })).status).toBe(200)
      expect((await change({ site: undefined })).status).toBe(200)
      use({}, { allowedOrigins: ['https://evil.example'] })
      expect((await change({ site: 'cross-site', headers: foreign })).status).toBe(200)
    })

    it('is refreshed unnoticed, by one call however many requests come', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const before = browser.cookie(stage.origin, 'claviger')
      const asked = stage.at.logto.requests('token')
      await clock.advance(3700)
      const copies = Array.from({ length: 20 }, () => browser.copy())
      const answers = await Promise.all(copies.map(me))
      expect(answers.map(({ status, id }) => [status, id])).toEqual(copies.map(() => [200, 'alice']))
      expect(stage.at.logto.requests('token') - asked).toBe(1)
      // No cache may hand out what one of them got.
      for (const { visited } of answers) expect(visited.headers.get('cache-control')).toBe('no-store')
      for (const copy of copies) expect([before, undefined]).not.toContain(copy.cookie(stage.origin, 'claviger'))
      // Whichever answer came last, the browser goes on from there.
      await clock.advance(3700)
      expect((await Promise.all(copies.map(me))).map(({ status }) => status)).toEqual(copies.map(() => 200))
      expect(stage.at.logto.requests('token') - asked).toBe(2)
    })

    it.each([
      ['/admin', 403],
      ['/gone', 410],
      ['/broken', 500],
    ])('gets new tokens also where %s fails with %i', async (path, status) => {
      const fail = (error: object) => () => Promise.reject(Object.assign(new Error('no'), error))
      const routes: RouteSetup[] = [
        { path: '/me', handle: ({ user }) => user ?? null },
        { path: '/admin', guards: (g) => [g.requireRole('nobody')], handle: () => null },
        { path: '/gone', handle: fail({ status: 410 }) },
        { path: '/broken', handle: fail({}) },
      ]
      const startProcess = () => use({}, {}, { routes })
      startProcess()
      const browser = await signIn('logto', 'alice')
      await clock.advance(3700)
      const failed = await browser.open(`${stage.origin}${path}`, { kind: 'api' })
      expect([failed.status, failed.setCookies.length > 0]).toEqual([status, true])
      expect(failed.headers.get('cache-control')).toBe('no-store')
      // The refresh token that it had is used up.
      startProcess()
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
    })

    it('gets what it has missed when a request comes late with the cookies of before', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const late = browser.copy()
      await clock.advance(3700)
      await me(browser)
      const asked = stage.at.logto.requests('token')
      await clock.advance(60)
      expect(await me(late)).toMatchObject({ status: 200, id: 'alice' })
      expect(stage.at.logto.requests('token')).toBe(asked)
      expect((await me(late)).visited.setCookies).toEqual([])
    })

    it('outlives an outage of the provider as long as its token does; then it waits', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      await clock.advance(3570)
      stage.at.logto.fail('token', 'reset')
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
      // Nobody waits for it at each request.
      const asked = stage.at.logto.requests('token')
      for (const [seconds, times] of [
        [0, 0],
        [4, 0],
        [1, 1],
        [1, 1],
      ] as const) {
        await clock.advance(seconds)
        expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
        expect(stage.at.logto.requests('token') - asked).toBe(times)
      }
      await clock.advance(100)
      for (const retryAfter of ['5', '2', '2']) {
        const down = (await me(browser)).visited
        expect([down.status, down.headers.get('retry-after'), down.setCookies]).toEqual([503, retryAfter, []])
        expect(stage.at.logto.requests('token') - asked).toBe(2)
      }
      stage.at.logto.heal()
      await clock.advance(2)
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
    })

    it('keeps its new tokens also while nobody can tell what they allow', async () => {
      let isDown = false
      const source = () => {
        if (isDown) throw new Error('down')
        return []
      }
      const startProcess = () => {
        const roles = createRoleDirectory({ source, clock })
        const auth = createAuthenticator({ providers: stage.at.providers, clock, roles })
        use({}, {}, { auth })
        return auth
      }
      const processes = [startProcess()]
      const browser = await signIn('logto', 'alice')
      await clock.advance(3700)
      isDown = true
      const down = (await me(browser)).visited
      expect([down.status, down.setCookies.length > 0]).toEqual([503, true])
      isDown = false
      await clock.advance(60)
      processes.push(startProcess())
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
      for (const auth of processes) await auth.close()
    })

    it.each([
      ['begun', 0],
      ['refreshed', 3700],
    ])('that was %s with a key that this process does not look for at the moment waits for it', async (_, age) => {
      const { logto } = stage.at
      const others = createAuthenticator({ providers: stage.at.providers, clock })
      const restsAndRotates = async () => {
        const token = await logto.tokenFor('bob', { resource: 'https://api.example.test' })
        await others.verify(token)
        // Somebody has let it look for a key in vain.
        const header = Buffer.from('{"alg":"ES384","typ":"at+jwt","kid":"none"}').toString('base64url')
        const forged = [header, ...token.split('.').slice(1)].join('.')
        await expect(others.verify(forged)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' })
        await logto.rotate()
      }
      use()
      if (age === 0) await restsAndRotates()
      const browser = await signIn('logto', 'alice')
      await clock.advance(age)
      if (age !== 0) await restsAndRotates()
      use({}, {}, { auth: others })
      const asked = logto.requests('token')
      const waits = [await me(browser), await me(browser)]
      expect(waits.map(({ status }) => status)).toEqual([401, 401])
      // The browser has the new tokens meanwhile: the old ones are used up.
      const set = waits[0]?.visited.setCookies ?? []
      expect(set.some((cookie) => /^claviger=[^;]/.test(cookie))).toBe(age !== 0)
      await clock.advance(11)
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
      expect(logto.requests('token') - asked).toBe(age === 0 ? 0 : 1)
      await others.close()
    })

    it('writes nothing where nothing has changed', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const { visited } = await me(browser)
      expect([visited.setCookies, visited.headers.get('cache-control')]).toEqual([[], null])
      // And what this browser got is not for the next one.
      expect(visited.headers.get('vary')).toMatch(/\bCookie, Authorization\b/)
      await clock.advance(86_400 / 20 - 1)
      const used = await me(await signIn('itsyouonline', 'alice'))
      expect(used.visited.setCookies).toEqual([])
    })
  })
}
