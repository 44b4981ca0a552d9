import { createLogtoEmulator, type LogtoEmulator } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import { logto } from '../../src/providers/logto/index.ts'
import type { SessionOptions } from '../../src/session/options.ts'
import { type AppSetup, type BuildApp, type RunningApp, serve } from './adapter-app.ts'
import { Browser } from './browser.ts'

const api = 'https://api.example.test'
const key = 'a secret of the session cookies, long enough'

/** The part of the contract about browsers. */
export function describeSessions(buildApp: BuildApp): void {
  let tenant: LogtoEmulator
  let auth: Authenticator
  const running: RunningApp[] = []

  beforeAll(async () => {
    tenant = await createLogtoEmulator({
      resources: [{ indicator: api, scopes: ['read', 'write'] }],
      roles: [{ name: 'admin', scopes: { [api]: ['read', 'write'] } }],
      users: [
        { id: 'alice', name: 'Alice', roles: ['admin'] },
        { id: 'bob', name: 'Bob' },
      ],
    })
    const client = tenant.addApp({ type: 'Traditional' })
    auth = createAuthenticator({
      providers: [
        logto({ endpoint: tenant.endpoint, audience: api, client: { ...client, scopes: ['read', 'write'] } }),
      ],
    })
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()))
  })
  afterAll(async () => {
    await auth.close()
    await tenant.close()
  })

  async function start(session: Partial<SessionOptions> = {}, setup: Partial<AppSetup> = {}): Promise<RunningApp> {
    const routes: AppSetup['routes'] = [
      { path: '/me', handle: ({ user }) => user ?? null },
      { path: '/scoped', guards: (g) => [g.requireScope('write')], handle: () => ({ ok: true }) },
      { method: 'post', path: '/change', handle: () => ({ ok: true }) },
    ]
    const app = await serve({
      at: (baseUrl) =>
        buildApp({
          auth,
          http: { session: { baseUrl, keys: key, ...session }, ...setup.http },
          signIn: true,
          routes,
          ...setup,
        }),
    })
    running.push(app)
    return app
  }

  async function signIn(app: RunningApp, user: string, browser = new Browser()): Promise<Browser> {
    const page = await browser.open(`${app.origin}/me`)
    const done = await browser.submit(page, { user })
    expect([done.status, done.url.href]).toEqual([200, `${app.origin}/me`])
    return browser
  }

  describe('a browser', () => {
    it('is sent to sign in, and comes back to the page it asked for', async () => {
      const app = await start()
      const browser = new Browser()
      const page = await browser.open(`${app.origin}/me?tab=2`)
      expect(page.url.origin).toBe(tenant.endpoint)
      const done = await browser.submit(page, { user: 'alice' })
      expect([done.status, done.url.href]).toEqual([200, `${app.origin}/me?tab=2`])
      expect(done.json()).toMatchObject({ id: 'alice', provider: 'logto', scopes: ['read', 'write'] })
      expect((await browser.open(`${app.origin}/scoped`)).status).toBe(200)
      expect((await (await signIn(app, 'bob')).open(`${app.origin}/scoped`)).status).toBe(403)
    })
  })
}
