import { describe, expect, it } from '@jest/globals'
import type { Browser } from './browser.ts'
import { key, type SessionStage } from './session-stage.ts'

const name = 'claviger'

/** The part of the contract about those who meddle with the cookies of a session. */
export function describeSessionAttacks(stage: SessionStage): void {
  const { clock, use, signIn, me, onTheWay } = stage

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
