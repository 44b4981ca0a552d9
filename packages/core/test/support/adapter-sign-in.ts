import { describe, expect, it, jest } from '@jest/globals'
import { Browser } from './browser.ts'
import { type SessionStage, signIns } from './session-stage.ts'
import type { SignInStage } from './sign-in-stage.ts'

/** The part of the contract about browsers that sign in. */
export function describeSigningIn(stage: SessionStage): void {
  const { clock, use, signIn } = stage

  describe('signing in', () => {
    it('sends a browser to the sign-in, and back to the page it asked for', async () => {
      use()
      const browser = new Browser()
      const choice = await browser.open(`${stage.origin}/me?tab=2`)
      expect([choice.status, choice.url.pathname]).toEqual([200, '/auth/login'])
      const page = await browser.submit(choice, { provider: 'logto' })
      expect(page.url.origin).toBe(stage.at.logto.endpoint)
      const done = await browser.submit(page, { user: 'alice' })
      expect([done.status, done.url.href]).toEqual([200, `${stage.origin}/me?tab=2`])
      expect(done.json()).toMatchObject({ id: 'alice', provider: 'logto', scopes: ['read', 'write'] })
    })

    it.each(Object.keys(signIns) as (keyof typeof signIns)[])('works at %s, by role', async (provider) => {
      use()
      const alice = await signIn(provider, 'alice')
      expect((await alice.open(`${stage.origin}/me`)).json()).toMatchObject({ id: 'alice', provider })
      expect((await alice.open(`${stage.origin}/admin`)).status).toBe(200)
      const other = await signIn(provider, provider === 'itsyouonline' ? 'rob' : 'bob')
      expect((await other.open(`${stage.origin}/admin`)).status).toBe(403)
    })

    it('forgets an address that is too long to go back to, and makes no header of it', async () => {
      use()
      const long = await new Browser().open(`${stage.origin}/me?${'ü'.repeat(600)}`, { follow: false })
      expect([long.status, long.headers.get('location')]).toEqual([303, `${stage.origin}/auth/login`])
      const short = await new Browser().open(`${stage.origin}/me?${'x'.repeat(2000)}`, { follow: false })
      expect(short.headers.get('location')).toContain('returnTo=')
    })

    it('works by a link in a mail, in the browser that asked for it', async () => {
      use()
      const browser = new Browser()
      const form = { provider: 'justauthenticateme', returnTo: '/me' }
      const asking = await browser.open(`${stage.origin}/auth/login`, { form })
      expect(asking.body).toContain('type="email"')
      const sent = await browser.submit(asking, { email: 'dora@example.test' })
      expect(sent.body).toContain('Look into your mail')
      const link = stage.at.justAuthenticateMe.outbox.at(-1)?.link ?? ''
      const stolen = await new Browser().open(link)
      expect([stolen.status, stolen.url.pathname]).toEqual([403, '/auth/failed'])
      await browser.submit(asking, { email: 'dora@example.test' })
      const done = await browser.open(stage.at.justAuthenticateMe.outbox.at(-1)?.link ?? '', { site: 'cross-site' })
      expect([done.url.href, done.json()]).toEqual([
        `${stage.origin}/me`,
        expect.objectContaining({ id: 'dora@example.test' }),
      ])
    })

    it('sends an address no more than three mails in 15 minutes, and does not tell', async () => {
      use()
      const browser = new Browser()
      const ask = (email: string) =>
        browser.open(`${stage.origin}/auth/login`, { form: { provider: 'justauthenticateme', email } })
      const sent = stage.at.justAuthenticateMe.outbox.length
      const pages = []
      for (let i = 0; i < 5; i += 1) pages.push((await ask(i % 2 === 0 ? 'eve@example.test' : 'EVE@example.test')).body)
      expect(new Set(pages).size).toBe(1)
      expect(stage.at.justAuthenticateMe.outbox.length - sent).toBe(3)
      expect((await ask('no address')).status).toBe(403)
      await clock.advance(901)
      await ask('eve@example.test')
      expect(stage.at.justAuthenticateMe.outbox.length - sent).toBe(4)
    })

    it('answers on the way with nothing that is kept or passed on', async () => {
      use()
      const browser = new Browser()
      const page = await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'logto' } })
      const back = await browser.submit(page, { user: 'alice' }, { follow: false })
      const callback = await browser.open(back.headers.get('location') ?? '', { follow: false })
      expect(callback.status).toBe(303)
      expect(callback.headers.get('location')).toBe(`${stage.origin}/`)
      expect(callback.headers.get('cache-control')).toBe('no-store')
      expect(callback.headers.get('referrer-policy')).toBe('no-referrer')
      expect(callback.setCookies.join('\n')).not.toMatch(/claviger(-use)?=(?!.*HttpOnly; SameSite=Lax)/)
      const choice = await new Browser().open(`${stage.origin}/auth/login`)
      expect(choice.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(choice.headers.get('cache-control')).toBe('no-store')
    })

    it('tells a user that the provider has said no, or is down', async () => {
      use()
      const browser = new Browser()
      const page = await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'logto' } })
      const refused = await browser.submit(page, { user: '' })
      expect([refused.status, refused.url.search]).toEqual([403, '?code=ERR_SIGN_IN_REFUSED'])
      const again = await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'logto' } })
      stage.at.logto.fail('token', 'reset')
      const down = await browser.submit(again, { user: 'alice' })
      expect([down.status, down.headers.get('retry-after')]).toEqual([503, '5'])
      use()
      stage.at.logto.fail('discovery', 'reset')
      expect((await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'logto' } })).status).toBe(503)
      use()
      const byLink = await browser.open(`${stage.origin}/auth/login?provider=logto`)
      expect([byLink.status, Number(byLink.headers.get('retry-after')) > 0]).toEqual([503, true])
    })

    it.each<['trustauthx' | 'itsyouonline', (at: SignInStage) => void]>([
      ['trustauthx', ({ trustAuthX }) => trustAuthX.fail('getUser', 'reset')],
      ['itsyouonline', ({ itsYouOnline }) => itsYouOnline.fail('token', { status: 502 })],
    ])('blames nobody who signs in at %s for an answer that was lost', async (provider, fail) => {
      use()
      const browser = new Browser()
      const page = await browser.open(`${stage.origin}/auth/login`, { form: { provider } })
      fail(stage.at)
      const lost = await signIns[provider](browser, page, 'alice')
      expect([lost.status, lost.url.search]).toEqual([503, '?code=ERR_PROVIDER_UNAVAILABLE'])
      expect(lost.headers.get('retry-after')).toBe('5')
    })

    it('answers a call of the API with 401, and never with a redirect', async () => {
      use()
      const browser = new Browser()
      const kinds: [string, Parameters<Browser['open']>[1]][] = [
        ['fetch', { kind: 'api' }],
        ['an old XMLHttpRequest', { site: undefined, headers: { 'x-requested-with': 'XMLHttpRequest' } }],
        ['a program', { site: undefined, kind: 'api' }],
        ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }],
        ['a POST', { method: 'POST' }],
        ['a wrong token', { headers: { authorization: 'Bearer nonsense' } }],
      ]
      for (const [kind, options] of kinds) {
        const answer = await browser.open(`${stage.origin}/me`, options)
        expect([kind, answer.status, answer.setCookies]).toEqual([kind, 401, []])
      }
      expect((await browser.open(`${stage.origin}/me`, { site: undefined })).url.pathname).toBe('/auth/login')
      use({ redirect: false })
      expect((await browser.open(`${stage.origin}/me`)).status).toBe(401)
    })

    it('says at once that nothing answers where browsers are sent to sign in', async () => {
      const onError = jest.fn()
      use({}, {}, { signIn: false, onError })
      const sent = await new Browser().open(`${stage.origin}/me`)
      expect([sent.status, sent.url.pathname]).toEqual([508, '/auth/login'])
      const explanation = 'nothing answers /auth/login: authRoutes(auth) has to stand before the middleware'
      expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_SIGN_IN_LOOP', explanation }))
    })

    it('is given up after three times that led nowhere, with the likely causes', async () => {
      use()
      const browser = new Browser()
      for (let turn = 0; turn < 3; turn += 1) {
        expect((await browser.open(`${stage.origin}/me`)).url.pathname).toBe('/auth/login')
      }
      const given = await browser.open(`${stage.origin}/me`)
      expect([given.status, given.url.pathname]).toEqual([508, '/me'])
      expect(given.body).toMatch(/cookie.*session\.baseUrl.*clock/s)
      expect((await browser.open(`${stage.origin}/me`)).url.pathname).toBe('/auth/login')
      expect(browser.names(stage.origin)).toContain('claviger-turns')
      expect((await signIn('logto', 'alice', browser)).names(stage.origin)).not.toContain('claviger-turns')
    })
  })
}
