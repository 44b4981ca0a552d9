import type { RequestListener } from 'node:http'
import { createTestClock, type TestClock } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import type { HttpOptions } from '../../src/request.ts'
import type { SessionOptions } from '../../src/session/options.ts'
import { type AppSetup, type BuildApp, type RunningApp, serve } from './adapter-app.ts'
import { Browser, type Visited } from './browser.ts'
import { createSignInStage, type SignInStage } from './sign-in-stage.ts'

/** A secret of the session cookies. */
export const key = 'a secret of the session cookies, long enough'

/** What the tests of sessions work with: one app on loopback, every provider, and a clock. */
export interface SessionStage {
  readonly origin: string
  readonly clock: TestClock
  readonly at: SignInStage
  /** Makes the app anew, with sessions like this. */
  use(session?: Partial<SessionOptions>, http?: HttpOptions, setup?: Partial<AppSetup>): Authenticator
  /** A browser in which somebody has signed in. */
  signIn(provider: keyof typeof signIns, user: string, browser?: Browser): Promise<Browser>
  /** A browser on the way to Logto and back, and the address that it is sent back to. */
  onTheWay(user: string, browser?: Browser): Promise<{ browser: Browser; callback: URL }>
  /** A call of the API by a script of a page: its status, and who it is. */
  me(browser: Browser): Promise<{ status: number; id: string | undefined; visited: Visited }>
}

/** What a person does at each provider, from the page where they choose it on. */
export const signIns = {
  logto: (browser: Browser, page: Visited, user: string) => browser.submit(page, { user }),
  trustauthx: (browser: Browser, page: Visited, user: string) =>
    browser.open(new URL(`?${new URLSearchParams({ org_id: orgOf(page), uid: user })}`, page.url)),
  async itsyouonline(browser: Browser, page: Visited, user: string) {
    const next = await browser.submit(page, { login: user })
    // Asked for once only.
    return next.url.pathname === '/authorize' ? browser.submit(next, { authorize: '1' }) : next
  },
}

const orgOf = (page: Visited) => page.url.searchParams.get('org_id') ?? ''

/** Sets the stage for the tests of one adapter. */
export function createSessionStage(buildApp: BuildApp): SessionStage {
  const clock = createTestClock()
  let app: RunningApp
  let at: SignInStage
  let listener: RequestListener
  const made: Authenticator[] = []

  beforeAll(async () => {
    app = await serve((request, response) => listener(request, response))
    at = await createSignInStage({ origin: app.origin, clock })
  })
  afterEach(async () => {
    at.padding = 0
    for (const emulator of [at.logto, at.trustAuthX, at.itsYouOnline, at.justAuthenticateMe]) emulator.heal()
    await Promise.all(made.splice(0).map((auth) => auth.close()))
  })
  afterAll(async () => {
    await app.close()
    await at.close()
  })

  const stage: SessionStage = {
    get origin() {
      return app.origin
    },
    clock,
    get at() {
      return at
    },
    use(session = {}, http = {}, setup = {}) {
      const auth = createAuthenticator({ providers: at.providers, clock })
      made.push(auth)
      listener = buildApp({
        auth,
        http: { session: { baseUrl: app.origin, keys: key, ...session }, ...http },
        signIn: true,
        routes: [
          { path: '/me', handle: ({ user }) => user ?? null },
          { path: '/session', handle: ({ auth: token }) => token?.session ?? null },
          { path: '/token', handle: ({ accessToken }) => accessToken ?? null },
          { path: '/admin', guards: (g) => [g.requireRole('admin')], handle: () => ({ ok: true }) },
          { method: 'post', path: '/change', handle: () => ({ ok: true }) },
        ],
        ...setup,
      })
      return auth
    },
    async signIn(provider, user, browser = new Browser()) {
      const page = await browser.open(`${app.origin}/auth/login`, { form: { provider, returnTo: '/me' } })
      const done = await signIns[provider](browser, page, user)
      expect([done.status, done.url.href]).toEqual([200, `${app.origin}/me`])
      return browser
    },
    async onTheWay(user, browser = new Browser()) {
      const page = await browser.open(`${app.origin}/auth/login`, { form: { provider: 'logto', returnTo: '/me' } })
      const back = await browser.submit(page, { user }, { follow: false })
      return { browser, callback: new URL(back.headers.get('location') ?? '') }
    },
    async me(browser) {
      const visited = await browser.open(`${app.origin}/me`, { kind: 'api' })
      const isGood = visited.status === 200
      return { status: visited.status, id: isGood ? (visited.json() as { id: string } | null)?.id : undefined, visited }
    },
  }
  return stage
}
