import { describe, expect, it } from '@jest/globals'
import type { BuildApp } from './adapter-app.ts'
import { Browser, type Visited } from './browser.ts'
import { createSessionStage, key } from './session-stage.ts'

const name = 'claviger'

/** The part of the contract about those who are after a session. */
export function describeSessionAttacks(buildApp: BuildApp): void {
  const stage = createSessionStage(buildApp)
  const { clock, use, signIn, me } = stage

  /** A browser on the way, and the address that the provider sends it back to. */
  async function onTheWay(user: string, browser = new Browser()): Promise<{ browser: Browser; callback: URL }> {
    const page = await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'logto', returnTo: '/me' } })
    const back = await browser.submit(page, { user }, { follow: false })
    return { browser, callback: new URL(back.headers.get('location') ?? '') }
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
          const code = stage.at.trustAuthX.mintUserToken('alice')
          const url = `${stage.origin}/auth/callback/trustauthx?code=${encodeURIComponent(code)}`
          return { browser, visited: await browser.open(url, { site: 'cross-site' }) }
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
          const code = stage.at.trustAuthX.mintUserToken('alice')
          const url = `${stage.origin}/auth/callback/trustauthx?code=${encodeURIComponent(code)}`
          return { browser, visited: await browser.open(url, { site: 'cross-site' }) }
        },
      ],
      [
        'the same after a link that was to make the browser set out',
        async () => {
          const browser = new Browser()
          const started = await browser.open(`${stage.origin}/auth/login?provider=trustauthx`, { site: 'cross-site' })
          expect([started.status, started.body.includes('<button>')]).toEqual([200, true])
          const code = stage.at.trustAuthX.mintUserToken('alice')
          const url = `${stage.origin}/auth/callback/trustauthx?code=${encodeURIComponent(code)}`
          return { browser, visited: await browser.open(url, { site: 'cross-site' }) }
        },
      ],
      [
        'the same after a form of another site',
        async () => {
          const browser = new Browser()
          const form = { provider: 'trustauthx' }
          const started = await browser.open(`${stage.origin}/auth/login`, { form, site: 'cross-site' })
          expect([started.status, started.setCookies]).toEqual([403, []])
          const code = stage.at.trustAuthX.mintUserToken('alice')
          const url = `${stage.origin}/auth/callback/trustauthx?code=${encodeURIComponent(code)}`
          return { browser, visited: await browser.open(url, { site: 'cross-site' }) }
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
      expect(new URL(out.headers.get('location') ?? '').searchParams.get('post_logout_redirect_uri')).toBe(
        `${stage.origin}/`,
      )
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

  describe('an attack on a session', () => {
    const set = (browser: Browser, more: Record<string, string | undefined>) => {
      for (const [one, value] of Object.entries(more)) browser.set(stage.origin, one, value)
    }
    const altered = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    const segment = (text: string, index: number, change: (part: string) => string) =>
      text
        .split('.')
        .map((part, i) => (i === index ? change(part) : part))
        .join('.')
    const header = (change: Record<string, unknown>) => (part: string) => {
      const old = JSON.parse(Buffer.from(part, 'base64url').toString())
      return Buffer.from(JSON.stringify({ ...old, ...change })).toString('base64url')
    }

    const pieces = (browser: Browser) => browser.names(stage.origin).filter((one) => /^claviger(\.\d)?$/.test(one))

    /** Two pieces, since its tokens are long. */
    async function long(user: string): Promise<Browser> {
      stage.at.padding = 2500
      const browser = await signIn('logto', user)
      expect(pieces(browser)).toEqual([name, `${name}.1`])
      return browser
    }

    const attacks: [string, (browser: Browser, first: string, second: string) => unknown][] = [
      ['an altered header', (b, first) => set(b, { [name]: altered(first, 5) })],
      ['an altered text', (b, first) => set(b, { [name]: altered(first, 400) })],
      ['an altered end', (b, _, second) => set(b, { [`${name}.1`]: altered(second, second.length - 5) })],
      ['a truncated piece', (b, first) => set(b, { [name]: first.slice(0, -10) })],
      ['a truncated last piece', (b, _, second) => set(b, { [`${name}.1`]: second.slice(0, -10) })],
      ['a missing piece', (b) => set(b, { [`${name}.1`]: undefined })],
      ['a missing first piece', (b) => set(b, { [name]: undefined })],
      ['its pieces in another order', (b, first, second) => set(b, { [name]: second, [`${name}.1`]: first })],
      ['one piece twice', (b, first) => set(b, { [`${name}.1`]: first })],
      ['fewer pieces than the seal says', (b, first) => set(b, { [name]: segment(first, 0, header({ n: 1 })) })],
      [
        'more pieces than the seal says',
        (b, first) => set(b, { [name]: segment(first, 0, header({ n: 3 })), [`${name}.2`]: 'x' }),
      ],
      ['endless pieces', (b, first) => set(b, { [name]: segment(first, 0, header({ n: 1e9 })) })],
      ['another algorithm', (b, first) => set(b, { [name]: segment(first, 0, header({ alg: 'none', enc: 'none' })) })],
      [
        'an algorithm with a password',
        (b, first) => set(b, { [name]: segment(first, 0, header({ alg: 'PBES2-HS256+A128KW', p2c: 1e9, p2s: 'eA' })) }),
      ],
      ['a compressed text', (b, first) => set(b, { [name]: segment(first, 0, header({ zip: 'DEF' })) })],
      ['no cookie of its last use', (b) => set(b, { [`${name}-use`]: undefined })],
      ['an empty cookie', (b) => set(b, { [name]: '', [`${name}.1`]: '' })],
      ['something else', (b) => set(b, { [name]: 'e30.e30.e30.e30.e30' })],
      ['only dots', (b) => set(b, { [name]: '.'.repeat(4000) })],
      ['what has no end', (b) => set(b, { [name]: `%${'x'.repeat(60_000)}` })],
      [
        'a thousand pieces',
        (b) => set(b, Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${name}.${i + 2}`, 'x']))),
      ],
    ]

    it.each(attacks)('with %s is refused, or changes nothing', async (what, attack) => {
      use()
      const browser = await long('alice')
      const good = browser.copy()
      attack(browser, String(browser.cookie(stage.origin, name)), String(browser.cookie(stage.origin, `${name}.1`)))
      const { status, visited } = await me(browser)
      expect(status).toBe(what === 'a thousand pieces' ? 200 : 401)
      // A race of two answers must not end a session: nothing is cleared because of what cannot be read.
      expect(visited.setCookies).toEqual([])
      expect(await me(good)).toMatchObject({ status: 200, id: 'alice' })
    })

    it.each([
      ['a piece', [`${name}.1`]],
      ['the first piece', [name]],
      ['the cookie of the last use', [`${name}-use`]],
    ])("with %s of another's session is refused", async (_, names) => {
      use()
      const [alice, bob] = [await long('alice'), await long('bob')]
      for (const one of names) bob.set(stage.origin, one, alice.cookie(stage.origin, one))
      expect((await me(bob)).status).toBe(401)
    })

    it('with a cookie of another key, or of another name, is refused; with one of an older key it is none', async () => {
      const [old, fresh] = ['an older secret of the session cookies', 'a newer secret of the session cookies']
      use({ keys: old })
      const browser = await signIn('logto', 'alice')
      use({ keys: fresh })
      expect((await me(browser)).status).toBe(401)
      use({ keys: [fresh, old] })
      expect((await me(browser)).id).toBe('alice')
      await clock.advance(3700)
      const renewed = await me(browser)
      expect(renewed.id).toBe('alice')
      use({ keys: [fresh] })
      expect((await me(browser)).id).toBe('alice')
      use({ keys: [fresh], cookieName: 'other' })
      expect((await me(browser)).status).toBe(401)
    })

    it('with two cookies of one name is refused, since nobody knows whose they are', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const cookies = browser.names(stage.origin).map((one) => `${one}=${browser.cookie(stage.origin, one)}`)
      const cookie = [...cookies, `${name}=${browser.cookie(stage.origin, name)}`].join('; ')
      expect((await browser.open(`${stage.origin}/me`, { kind: 'api', headers: { cookie } })).status).toBe(401)
    })

    it('with a hundred thousand bytes of cookies changes nothing, and does not take long', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      for (let i = 0; i < 2000; i += 1) browser.set(stage.origin, `${name}-flow-${i}`, 'x'.repeat(30))
      const started = performance.now()
      expect((await me(browser)).id).toBe('alice')
      expect(performance.now() - started).toBeLessThan(5000)
    })

    it('which grows too large is told clearly, and none that shrinks is lost', async () => {
      use()
      stage.at.padding = 8000
      const { browser: big, callback } = await onTheWay('alice')
      const failed = await big.open(callback)
      expect([failed.status, failed.url.search]).toEqual([500, '?code=ERR_SESSION_TOO_LARGE'])
      const browser = await long('alice')
      stage.at.padding = 0
      await clock.advance(3700)
      expect((await me(browser)).id).toBe('alice')
      expect(browser.names(stage.origin)).toEqual([name, `${name}-use`])
      expect((await me(browser)).id).toBe('alice')
    })

    it('whose pieces become fewer is not lost, and leaves none of them behind', async () => {
      use({ maxCookieBytes: 15_000 })
      stage.at.padding = 4500
      const browser = await signIn('logto', 'alice')
      expect(pieces(browser)).toEqual([name, `${name}.1`, `${name}.2`])
      stage.at.padding = 2500
      await clock.advance(3700)
      expect((await me(browser)).id).toBe('alice')
      expect(pieces(browser)).toEqual([name, `${name}.1`])
      expect((await me(browser)).id).toBe('alice')
    })

    it('shows no secret in any answer', async () => {
      use({ keys: key })
      const browser = await signIn('logto', 'alice')
      const page = await browser.open(`${stage.origin}/auth/failed?code=${encodeURIComponent('<script>')}`)
      expect([page.status, page.body.includes('<script>')]).toEqual([403, false])
      const choice = await browser.open(
        `${stage.origin}/auth/login?returnTo=${encodeURIComponent('/"><script>x</script>')}`,
      )
      expect(choice.body).not.toContain('<script>')
    })
  })
}
