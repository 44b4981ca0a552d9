import { describe, expect, it } from '@jest/globals'
import { Browser, type Visited } from './browser.ts'
import type { SessionStage } from './session-stage.ts'

const name = 'claviger'

/** The part of the contract about those who meddle with how others sign in. */
export function describeSignInAttacks(stage: SessionStage): void {
  const { clock, use, signIn, me, onTheWay } = stage

  /** Comes back from a provider without a state, with a code that another browser was given. */
  async function withForeignCode(browser: Browser) {
    const code = stage.at.trustAuthX.mintUserToken('alice')
    const url = `${stage.origin}/auth/callback/trustauthx?code=${encodeURIComponent(code)}`
    return { browser, visited: await browser.open(url, { site: 'cross-site' }) }
  }

  function isSignedIn(browser: Browser): boolean {
    return browser.names(stage.origin).includes(name)
  }

  describe('an attack on signing in', () => {
    const attacks: [string, () => Promise<{ browser: Browser; visited: Visited }>][] = [
      [
        'a state that nobody gave out',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          callback.searchParams.set('state', 'x'.repeat(32))
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'no state',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          callback.searchParams.delete('state')
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'a state with another in front',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          const state = callback.searchParams.get('state') ?? ''
          callback.search = callback.search.replace('state=', `state=other&state=`)
          expect(callback.searchParams.getAll('state')).toEqual(['other', state])
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'a callback that was used already',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          await browser.open(callback)
          browser.set(stage.origin, name, undefined)
          return { browser, visited: await browser.open(callback) }
        },
      ],
      [
        'a callback that was used already, with the cookies of before',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          const copy = browser.copy()
          await browser.open(callback)
          return { browser: copy, visited: await copy.open(callback) }
        },
      ],
      [
        'the callback of another browser',
        async () => {
          const { callback } = await onTheWay('alice')
          const victim = new Browser()
          return { browser: victim, visited: await victim.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'the callback of another browser, where one has set out too',
        async () => {
          const { callback } = await onTheWay('alice')
          const { browser: victim } = await onTheWay('bob')
          return { browser: victim, visited: await victim.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        "another's code in one's own callback",
        async () => {
          const { callback: stolen } = await onTheWay('alice')
          const { browser, callback } = await onTheWay('bob')
          callback.searchParams.set('code', stolen.searchParams.get('code') ?? '')
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'a callback that comes too late',
        async () => {
          const browser = new Browser()
          await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'trustauthx' }, follow: false })
          await clock.advance(901)
          return withForeignCode(browser)
        },
      ],
      [
        'the callback of one provider at another',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          callback.pathname = '/auth/callback/itsyouonline'
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'the answer of another issuer (RFC 9207)',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          callback.searchParams.set('iss', 'https://evil.example')
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
      [
        'a code of somebody else, where the protocol has no state',
        async () => {
          const browser = new Browser()
          return withForeignCode(browser)
        },
      ],
      [
        'the same after a link that was to make the browser set out',
        async () => {
          const browser = new Browser()
          const started = await browser.open(`${stage.origin}/auth/login?provider=trustauthx`, { site: 'cross-site' })
          expect([started.status, started.body.includes('<button>')]).toEqual([200, true])
          return withForeignCode(browser)
        },
      ],
      [
        'the same after a form of another site',
        async () => {
          const browser = new Browser()
          const form = { provider: 'trustauthx' }
          const started = await browser.open(`${stage.origin}/auth/login`, { form, site: 'cross-site' })
          expect([started.status, started.setCookies]).toEqual([403, []])
          return withForeignCode(browser)
        },
      ],
      [
        "an attacker's link of a mail",
        async () => {
          const browser = new Browser()
          const { callbackUrl } = stage.at.justAuthenticateMe.signIn('eve@example.test')
          return { browser, visited: await browser.open(callbackUrl, { site: 'cross-site' }) }
        },
      ],
      [
        'the same where the victim waits for a mail too',
        async () => {
          const browser = new Browser()
          const form = { provider: 'justauthenticateme', email: 'victim@example.test' }
          expect((await browser.open(`${stage.origin}/auth/login`, { form })).body).toContain('Look into your mail')
          const { callbackUrl } = stage.at.justAuthenticateMe.signIn('eve@example.test')
          return { browser, visited: await browser.open(callbackUrl, { site: 'cross-site' }) }
        },
      ],
      [
        'a session cookie in place of the one it set out with',
        async () => {
          const { browser, callback } = await onTheWay('alice')
          const other = await signIn('logto', 'bob')
          const flow = browser.names(stage.origin).find((one) => one.startsWith(`${name}-flow-`)) ?? ''
          browser.set(stage.origin, flow, other.cookie(stage.origin, name))
          return { browser, visited: await browser.open(callback, { site: 'cross-site' }) }
        },
      ],
    ]

    it.each(attacks)('with %s is refused', async (_, attack) => {
      use()
      const { browser, visited } = await attack()
      expect([visited.status, visited.url.pathname]).toEqual([403, '/auth/failed'])
      // What came back is not in the address bar any more.
      expect([...visited.url.searchParams.keys()]).toEqual(['code'])
      expect(isSignedIn(browser)).toBe(false)
    })

    it('by a session that was there before is none: its id is new, and the old one is over', async () => {
      use()
      const victim = new Browser()
      const attacker = await signIn('logto', 'bob')
      for (const one of attacker.names(stage.origin)) victim.set(stage.origin, one, attacker.cookie(stage.origin, one))
      const before = (await attacker.open(`${stage.origin}/session`)).json()
      await signIn('logto', 'alice', victim)
      expect((await victim.open(`${stage.origin}/session`)).json()).not.toBe(before)
      expect((await me(attacker)).status).toBe(401)
      expect((await me(victim)).id).toBe('alice')
    })

    it.each([
      'https://evil.example',
      'https:evil.example',
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\/evil.example',
      '/\t/evil.example',
      '/\n//evil.example',
      ' //evil.example',
      '/%0d%0aLocation:%20https://evil.example\r\nX: y',
      'javascript:alert(1)',
      'evil.example',
      '/ü',
      '/auth/login',
      '/auth/logout?x',
      `/${'x'.repeat(3000)}`,
    ])('that would send a browser on to %j sends it to the start page', async (returnTo) => {
      use()
      const browser = new Browser()
      const query = new URLSearchParams({ provider: 'logto', returnTo })
      const page = await browser.open(`${stage.origin}/auth/login?${query}`)
      const back = await browser.submit(page, { user: 'alice' }, { follow: false })
      const done = await browser.open(back.headers.get('location') ?? '', { follow: false })
      expect(done.headers.get('location')).toBe(`${stage.origin}/`)
      const out = await browser.open(`${stage.origin}/auth/logout`, { form: { returnTo }, follow: false })
      const { searchParams } = new URL(out.headers.get('location') ?? '')
      expect([searchParams.get('post_logout_redirect_uri'), searchParams.get('state')]).toEqual([
        `${stage.origin}/auth/signed-out`,
        '/',
      ])
    })

    it.each(['/a//b', '/.//evil.example', '/%2f%2fevil.example', '/a?next=https://evil.example#//x', '/%5cevil'])(
      'does not lead from %j, a path of the app',
      async (returnTo) => {
        use()
        const browser = new Browser()
        const query = new URLSearchParams({ provider: 'logto', returnTo })
        const page = await browser.open(`${stage.origin}/auth/login?${query}`)
        const back = await browser.submit(page, { user: 'alice' }, { follow: false })
        const done = await browser.open(back.headers.get('location') ?? '', { follow: false })
        const location = done.headers.get('location') ?? ''
        expect([location.startsWith(`${stage.origin}/`), new URL(location).origin]).toEqual([true, stage.origin])
      },
    )

    it('by setting out again and again does not fill the cookies up', async () => {
      use()
      const browser = new Browser()
      for (let i = 0; i < 12; i += 1) {
        await onTheWay('alice', browser)
        browser.cookies.delete(new URL(stage.at.logto.endpoint).host)
      }
      expect(browser.names(stage.origin).length).toBeLessThanOrEqual(5)
      const { callback } = await onTheWay('alice', browser)
      expect((await browser.open(callback)).url.pathname).toBe('/me')
    })

    it('by setting out for long addresses makes no header that servers refuse', async () => {
      use()
      const browser = new Browser()
      const bytes = () =>
        browser.names(stage.origin).reduce((sum, one) => sum + String(browser.cookie(stage.origin, one)).length, 0)
      const form = { provider: 'logto', returnTo: `/me?${'x'.repeat(2000)}` }
      for (let i = 0; i < 4; i += 1) await browser.open(`${stage.origin}/auth/login`, { form, follow: false })
      expect([bytes() > 2000, bytes() < 4096]).toEqual([true, true])
    })
  })
}
