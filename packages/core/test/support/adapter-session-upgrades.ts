import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createTestClock } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import type { Events } from '../../src/events.ts'
import type { AuthenticateUpgrade, Upgrade } from '../../src/upgrade.ts'
import { type BuildApp, type RunningApp, serve } from './adapter-app.ts'
import { Browser } from './browser.ts'
import { until } from './faults.ts'
import { key, signIns } from './session-stage.ts'
import { createSignInStage, type SignInStage } from './sign-in-stage.ts'

/** The part of the contract about WebSockets of a browser that is signed in. */
export function describeSessionUpgrades(buildApp: BuildApp): void {
  describe('an upgrade of a browser that is signed in', () => {
    const clock = createTestClock()
    const server = new WebSocketServer({ noServer: true })
    const upgrades: (Upgrade | undefined)[] = []
    let app: RunningApp
    let at: SignInStage
    let auth: Authenticator

    beforeAll(async () => {
      let authenticateUpgrade: AuthenticateUpgrade | undefined
      let listener = buildApp({ auth: undefined, routes: [] })
      app = await serve(
        (request, response) => listener(request, response),
        async (request, socket, head) => {
          const upgrade = await authenticateUpgrade?.(request)
          upgrades.push(upgrade)
          if (upgrade !== undefined) server.handleUpgrade(request, socket, head, () => undefined)
        },
      )
      at = await createSignInStage({ origin: app.origin, clock })
      auth = createAuthenticator({ providers: at.providers, clock })
      listener = buildApp({
        auth,
        http: { session: { baseUrl: app.origin, keys: key } },
        signIn: true,
        routes: [
          { path: '/me', handle: ({ user }) => user ?? null },
          { path: '/session', handle: ({ auth: token }) => token?.session ?? null },
        ],
        onMiddleware: (middleware) => ({ authenticateUpgrade } = middleware),
      })
    })
    afterEach(() => {
      upgrades.length = 0
      for (const client of server.clients) client.terminate()
    })
    afterAll(async () => {
      await auth.close()
      await app.close()
      await at.close()
    })

    async function signIn(user: string): Promise<Browser> {
      const browser = new Browser()
      const page = await browser.open(`${app.origin}/auth/login`, { form: { provider: 'logto', returnTo: '/me' } })
      await signIns.logto(browser, page, user)
      return browser
    }

    /** The status of the answer: 101 where the connection is open. */
    async function connect(browser: Browser, origin = app.origin): Promise<number | undefined> {
      const { host } = new URL(app.origin)
      const Cookie = [...(browser.cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
      const client = new WebSocket(`ws://${host}/`, { headers: { Cookie }, origin })
      client.on('error', () => undefined)
      const [status] = await Promise.race([
        once(client, 'open').then(() => [101]),
        once(client, 'unexpected-response').then(([, response]) => [response.destroy().statusCode]),
      ])
      return status
    }

    it('comes in from a page of the app, and from no other', async () => {
      const browser = await signIn('alice')
      expect(await connect(browser)).toBe(101)
      expect(upgrades[0]?.user).toMatchObject({ id: 'alice', provider: 'logto' })
      expect(await connect(browser, 'https://evil.example')).toBe(403)
      expect(await connect(new Browser())).toBe(401)
    })

    it('is of the same user, and of the same session, as a request', async () => {
      const browser = await signIn('alice')
      const [user, session] = await Promise.all(
        ['/me', '/session'].map(async (path) => (await browser.open(app.origin + path)).json()),
      )
      expect([session, await connect(browser)]).toEqual([expect.any(String), 101])
      const token = await at.logto.tokenFor('alice', { resource: 'https://api.example.test' })
      for (const renew of [false, true]) {
        if (renew) expect(await upgrades[0]?.renew(token)).toMatchObject({ session })
        expect([upgrades[0]?.user, upgrades[0]?.auth.session]).toEqual([user, session])
      }
      await auth.revoke({ session: upgrades[0]?.auth.session ?? '' })
      await clock.advance(0.1)
      await until(() => upgrades[0]?.signal.aborted === true)
    })

    it('is refused where its token has to be refreshed first, and its session goes on with the next request', async () => {
      const browser = await signIn('alice')
      await clock.advance(3700)
      const told: string[] = []
      const refused = (message: unknown) => void told.push((message as Events['claviger:refusal']).code)
      const changed = (message: unknown) => void told.push((message as Events['claviger:session']).outcome)
      subscribe('claviger:refusal', refused)
      subscribe('claviger:session', changed)
      expect(await connect(browser)).toBe(401)
      expect((await browser.open(`${app.origin}/me`)).status).toBe(200)
      expect(await connect(browser)).toBe(101)
      unsubscribe('claviger:refusal', refused)
      unsubscribe('claviger:session', changed)
      expect(told).toEqual(['ERR_TOKEN_EXPIRED', 'refreshed'])
    })

    it('ends when its browser signs out, and no other does', async () => {
      const [alice, again] = [await signIn('alice'), await signIn('alice')]
      expect([await connect(alice), await connect(again)]).toEqual([101, 101])
      await alice.open(`${app.origin}/auth/logout`, { form: {} })
      await clock.advance(0.1)
      await until(() => upgrades[0]?.signal.aborted === true)
      expect(upgrades[0]?.signal.reason).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
      expect(upgrades[1]?.signal.aborted).toBe(false)
      expect([await connect(alice), await connect(again)]).toEqual([401, 101])
    })
  })
}
