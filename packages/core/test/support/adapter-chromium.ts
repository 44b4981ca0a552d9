import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import { systemClock } from '../../src/clock.ts'
import { createRevocationList } from '../../src/revocation.ts'
import { type BuildApp, type RunningApp, serve } from './adapter-app.ts'
import { describeWithChromium, startChromium, type Watched, watchedContext } from './chromium.ts'
import { createSignInStage, type SignInStage } from './sign-in-stage.ts'

interface Person {
  /** What the provider's page calls them. */
  readonly name: string
  readonly id: string
  readonly mayAdmin: boolean
}

interface Case {
  readonly provider: string
  readonly button: string
  readonly people: readonly Person[]
  /** What a person does at the provider. */
  signIn(page: Page, name: string, stage: SignInStage): Promise<void>
}

const click = async (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const follow = async (page: Page, name: string) => page.getByRole('link', { name }).first().click()

const cases: readonly Case[] = [
  {
    provider: 'logto',
    button: 'Continue with Logto',
    people: [
      { name: 'Alice', id: 'alice', mayAdmin: true },
      { name: 'Bob', id: 'bob', mayAdmin: false },
    ],
    signIn: click,
  },
  {
    provider: 'trustauthx',
    button: 'Continue with TrustAuthX',
    people: [
      { name: 'Alice', id: 'alice', mayAdmin: true },
      { name: 'Bob', id: 'bob', mayAdmin: false },
    ],
    signIn: follow,
  },
  {
    provider: 'itsyouonline',
    button: 'Continue with itsyouonline',
    people: [
      { name: 'alice', id: 'alice', mayAdmin: true },
      { name: 'rob', id: 'rob', mayAdmin: false },
    ],
    async signIn(page, name) {
      await click(page, name)
      await click(page, 'Authorize')
    },
  },
  {
    provider: 'justauthenticateme',
    button: 'Continue with a link in a mail',
    people: [
      { name: 'alice@example.test', id: 'alice@example.test', mayAdmin: true },
      { name: 'bob@example.test', id: 'bob@example.test', mayAdmin: false },
    ],
    async signIn(page, name, { justAuthenticateMe }) {
      await page.getByLabel('E-mail address').fill(name)
      await click(page, 'Send me a link')
      await page.getByText('Look into your mail').waitFor()
      await page.goto(justAuthenticateMe.mailboxOf())
      await follow(page, 'Log In Now!')
    },
  },
  {
    provider: 'oidc',
    button: 'Continue with oidc',
    people: [
      { name: 'Alice Example', id: 'alice', mayAdmin: true },
      { name: 'Bob Example', id: 'bob', mayAdmin: false },
    ],
    signIn: follow,
  },
]

/** A real browser at every provider. */
export function describeChromium(name: string, buildApp: BuildApp): void {
  describeWithChromium(`${name}, in Chromium`, () => {
    let stage: SignInStage
    let app: RunningApp
    let auth: Authenticator
    let elsewhere: Authenticator
    let browser: Browser
    let watched: Watched
    let page: Page
    /** Pages that refuse: a browser writes their status into its console. */
    let refusals: string[]

    beforeAll(async () => {
      let listener: RequestListener = (_, response) => response.writeHead(503).end()
      app = await serve((request, response) => listener(request, response))
      stage = await createSignInStage({ origin: app.origin, withOidc: true, accessTokenTtl: 4 })
      const revocations = createRevocationList({ clock: systemClock })
      auth = createAuthenticator({ providers: stage.providers, revocations })
      elsewhere = createAuthenticator({ providers: stage.providers, revocations })
      listener = buildApp({
        auth,
        http: { session: { baseUrl: app.origin, keys: 'a secret of the session cookies, long enough' } },
        signIn: true,
        routes: [
          { path: '/me', handle: ({ user }) => user ?? null },
          { path: '/admin', guards: (g) => [g.requireRole('admin')], handle: () => ({ ok: true }) },
        ],
      })
      browser = await startChromium()
    }, 60_000)
    beforeEach(async () => {
      watched = await watchedContext(browser)
      // The app has no icon.
      refusals = [`${app.origin}/favicon.ico`]
      page = await watched.context.newPage()
    })
    afterEach(async () => {
      await watched.context.close()
      const { complaints, hosts, addresses } = watched
      expect(complaints.filter((text) => !refusals.some((address) => text.startsWith(`${address} `)))).toEqual([])
      expect([...hosts]).toEqual(['127.0.0.1'])
      // Whatever came back with the browser is gone before a page is shown.
      const own = addresses.filter((address) => address.startsWith(app.origin))
      expect(own.filter((address) => /code|token|state|ac=/i.test(new URL(address).search))).toEqual([])
    })
    afterAll(async () => {
      await browser?.close()
      await Promise.all([auth?.close(), elsewhere?.close(), app?.close(), stage?.close()])
    })

    async function me(): Promise<{ id: string; provider: string; name?: string } | undefined> {
      await page.goto(`${app.origin}/me`)
      if (page.url() !== `${app.origin}/me`) return undefined
      return JSON.parse(String(await page.textContent('body')))
    }

    async function signIn({ button, signIn }: Case, person: Person): Promise<void> {
      await page.goto(`${app.origin}/me`)
      await click(page, button)
      await signIn(page, person.name, stage)
      await page.waitForURL(`${app.origin}/me`)
    }

    async function statusOf(path: string): Promise<number | undefined> {
      refusals.push(app.origin + path)
      return (await page.goto(app.origin + path))?.status()
    }

    const all = cases.flatMap((one) => one.people.map((person) => [one.provider, person.id, one, person] as const))

    it.each(all)('signs in at %s as %s, is told by roles, and signs out', async (provider, id, one, person) => {
      await signIn(one, person)
      expect(await me()).toMatchObject({ id, provider })
      expect(await statusOf('/admin')).toBe(person.mayAdmin ? 200 : 403)
      const cookies = (await watched.context.cookies(app.origin)).filter(({ name }) => name.startsWith('claviger'))
      expect(cookies.map(({ name }) => name).sort()).toEqual(['claviger', 'claviger-use'])
      for (const { httpOnly, sameSite } of cookies) expect([httpOnly, sameSite]).toEqual([true, 'Lax'])
      expect(await page.evaluate('document.cookie')).toBe('')

      await page.goto(`${app.origin}/auth/logout`)
      await click(page, 'Sign out')
      if (provider === 'oidc') await click(page, 'Sign out there too')
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      const left = await watched.context.cookies(app.origin)
      expect(left.filter(({ name }) => name.startsWith('claviger'))).toEqual([])
      expect(await me()).toBeUndefined()
    })

    it('edits a profile, and goes on with the new tokens', async () => {
      const one = cases.find(({ provider }) => provider === 'trustauthx') as Case
      await signIn(one, one.people[0] as Person)
      const before = await me()
      await page.goto(`${app.origin}/auth/profile?returnTo=/me`)
      await click(page, 'Edit profile')
      await page.getByLabel('Name').fill('Alice the Second')
      await click(page, 'Save')
      await page.waitForURL(`${app.origin}/me`)
      expect(await me()).toEqual({ ...before, name: 'Alice the Second' })
      await page.goto(`${app.origin}/auth/profile?returnTo=/me`)
      await click(page, 'Edit profile')
      await page.getByLabel('Name').fill('nobody')
      await click(page, 'Leave')
      await page.waitForURL(`${app.origin}/me`)
      expect(await me()).toMatchObject({ id: 'alice', name: 'Alice the Second' })
      stage.trustAuthX.addUser({ uid: 'alice', email: 'alice@example.test', name: 'Alice', roles: ['admin'] })
    })

    it('does not notice that its tokens are refreshed', async () => {
      const one = cases[0] as Case
      await signIn(one, one.people[0] as Person)
      const cookie = async () =>
        (await watched.context.cookies(app.origin)).find(({ name }) => name === 'claviger')?.value
      const before = await cookie()
      const asked = stage.logto.requests('token')
      await sleep(4500)
      expect(await me()).toMatchObject({ id: 'alice' })
      expect(stage.logto.requests('token')).toBe(asked + 1)
      expect([undefined, before]).not.toContain(await cookie())
    })

    it('is signed out by a revocation from elsewhere', async () => {
      const one = cases[0] as Case
      await signIn(one, one.people[1] as Person)
      expect(await me()).toMatchObject({ id: 'bob' })
      await elsewhere.revoke({ subject: 'bob', provider: 'logto' })
      expect(await me()).toBeUndefined()
      expect(page.url()).toContain('/auth/login?')
    })
  })
}
