import { afterEach, describe, expect, it } from '@jest/globals'
import { Browser } from './support/browser.ts'
import { buildPlain } from './support/plain-app.ts'
import { createSessionStage } from './support/session-stage.ts'

const stage = createSessionStage(buildPlain)
const { clock, use, signIn, onTheWay, me } = stage

describe('a browser that signs in', () => {
  it('comes back in the latest of its tabs, also where the oldest are too many', async () => {
    use()
    const browser = new Browser()
    const tabs: URL[] = []
    for (let i = 0; i < 5; i += 1) {
      tabs.push((await onTheWay('alice', browser)).callback)
      browser.cookies.delete(new URL(stage.at.logto.endpoint).host)
    }
    const [oldest, ...others] = tabs
    expect((await browser.open(oldest as URL)).status).toBe(403)
    for (const callback of others) expect((await browser.open(callback)).url.pathname).toBe('/me')
  })

  it('may set out once more where it has set out before, however many tabs it has', async () => {
    use()
    const browser = new Browser()
    const setOut = (provider: string) =>
      browser.open(`${stage.origin}/auth/login`, { form: { provider }, follow: false })
    for (const provider of ['trustauthx', 'logto', 'logto', 'logto']) await setOut(provider)
    await signIn('trustauthx', 'bob', browser)
  })

  it('comes back with what it has set out with, under its own name alone', async () => {
    use()
    const flowOf = async (browser: Browser, provider: string) => {
      await browser.open(`${stage.origin}/auth/login`, { form: { provider, returnTo: '/me' }, follow: false })
      const [name = ''] = browser.names(stage.origin).filter((one) => one.startsWith('claviger-flow-'))
      return { name, text: browser.cookie(stage.origin, name) }
    }
    const code = () => encodeURIComponent(stage.at.trustAuthX.mintUserToken('alice'))
    const comeBack = (browser: Browser) => browser.open(`${stage.origin}/auth/callback/trustauthx?code=${code()}`)
    const codeOf = ({ url }: { url: URL }) => url.searchParams.get('code')
    const [browser, other] = [new Browser(), await signIn('trustauthx', 'bob')]
    const { name, text } = await flowOf(browser, 'trustauthx')
    await other.open(`${stage.origin}/auth/profile`, { form: {}, follow: false })
    const profile = other.names(stage.origin).find((one) => one.startsWith('claviger-flow-')) ?? ''
    const foreign = [(await flowOf(new Browser(), 'logto')).text, other.cookie(stage.origin, profile), 'x', undefined]
    for (const one of foreign) {
      browser.set(stage.origin, name, one)
      expect(codeOf(await comeBack(browser))).toBe('ERR_REQUEST_CROSS_SITE')
    }
    browser.set(stage.origin, name, text)
    expect((await comeBack(browser)).status).toBe(200)
    const { browser: tab, callback } = await onTheWay('alice')
    const [own = ''] = tab.names(stage.origin)
    tab.set(stage.origin, own, (await flowOf(new Browser(), 'logto')).text)
    expect(codeOf(await tab.open(callback))).toBe('ERR_REQUEST_CROSS_SITE')
  })

  it('is not signed in by two codes at a time', async () => {
    use()
    const { trustAuthX } = stage.at
    const browser = new Browser()
    await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'trustauthx' }, follow: false })
    const code = `code=${encodeURIComponent(trustAuthX.mintUserToken('alice'))}`
    const asked = trustAuthX.requests('getUser')
    expect((await browser.open(`${stage.origin}/auth/callback/trustauthx?${code}&${code}`)).status).toBe(403)
    expect(trustAuthX.requests('getUser')).toBe(asked)
  })

  it('has our own key looked at only where its code is refused in a way that may be about that', async () => {
    use()
    const { trustAuthX } = stage.at
    const looks = async (status: number) => {
      const browser = new Browser()
      await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'trustauthx' }, follow: false })
      const asked = trustAuthX.requests('listRoles')
      trustAuthX.fail('getUser', { status, body: '{"detail":"no"}' }, { times: 1 })
      expect((await browser.open(`${stage.origin}/auth/callback/trustauthx?code=x`)).status).toBe(403)
      return trustAuthX.requests('listRoles') - asked
    }
    expect([await looks(422), await looks(401)]).toEqual([0, 1])
  })

  it('sets out also where a neighbour has doubled its cookies', async () => {
    use()
    const headers = { cookie: 'claviger-flow-a=1; claviger-flow-a=2' }
    const sent = await new Browser().open(`${stage.origin}/auth/login?provider=logto`, { headers, follow: false })
    expect(sent.status).toBe(303)
  })

  it('may open many pages at a time: that is no loop', async () => {
    use()
    const browser = new Browser()
    for (let i = 0; i < 5; i += 1) {
      expect((await browser.open(`${stage.origin}/me?tab=${i}`)).url.pathname).toBe('/auth/login')
    }
  })

  it('is not kept from it by cookies of others, whatever they are called', async () => {
    use()
    const browser = new Browser()
    for (let i = 0; i < 40; i += 1) browser.set(stage.origin, `claviger-flow-${i} "é"`, 'x')
    for (let i = 0; i < 40; i += 1) browser.set(stage.origin, `claviger-theme-${i}`, 'x')
    await signIn('logto', 'alice', browser)
    await browser.open(`${stage.origin}/auth/logout`, { form: {} })
    const ours = browser.names(stage.origin).filter((name) => !/^claviger-(flow|theme)-\d/.test(name))
    expect(ours).toEqual([])
  })

  it.each(['/auth/login?provider=logto', '/auth/logout', '/auth/signed-out', '/auth/failed'])(
    'may ask for the head of %s',
    async (path) => {
      use()
      const [head, whole] = await Promise.all(
        (['HEAD', 'GET'] as const).map((method) => fetch(`${stage.origin}${path}`, { method, redirect: 'manual' })),
      )
      expect([head?.status, await head?.text()]).toEqual([whole?.status, ''])
    },
  )

  it('is sent to the start page rather than to an address that is too long once it is escaped', async () => {
    use()
    const browser = new Browser()
    const form = { provider: 'logto', returnTo: `/me?${'"'.repeat(1500)}` }
    const page = await browser.open(`${stage.origin}/auth/login`, { form })
    const done = await browser.submit(page, { user: 'alice' }, { follow: false })
    const back = await browser.open(done.headers.get('location') ?? '', { follow: false })
    expect(back.headers.get('location')).toBe(`${stage.origin}/`)
  })
})

describe('a browser that signs out', () => {
  it('comes back from the provider to the one address that it knows, and goes on from there', async () => {
    use()
    const browser = await signIn('logto', 'alice')
    const out = await browser.open(`${stage.origin}/auth/logout`, { form: { returnTo: '/me?a=b' } })
    const atProvider = out.way.find(({ pathname }) => pathname === '/oidc/session/end')
    expect(atProvider?.searchParams.get('post_logout_redirect_uri')).toBe(`${stage.origin}/auth/signed-out`)
    expect(out.way.map(({ href }) => href)).toContain(`${stage.origin}/me?a=b`)
  })

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', '/auth/logout'])(
    'is not sent on to %s by a link of somebody else',
    async (state) => {
      use()
      const link = `${stage.origin}/auth/signed-out?${new URLSearchParams({ state })}`
      const sent = await new Browser().open(link, { follow: false, site: 'cross-site' })
      expect([sent.status, sent.headers.get('location')]).toEqual([303, `${stage.origin}/`])
    },
  )
})

describe('a session that is refreshed on the way to a profile', () => {
  afterEach(() => stage.at.trustAuthX.heal())

  // The tokens that it had are used up, and another process knows of no others.
  const restart = () => use()

  it.each<[string, (browser: Browser) => Promise<{ status: number }>]>([
    [
      'that the provider cannot tell the address of',
      (browser) => {
        stage.at.trustAuthX.fail('editUser', 'reset')
        return browser.open(`${stage.origin}/auth/profile`, { form: {} })
      },
    ],
    ['that it never set out to', (browser) => browser.open(`${stage.origin}/auth/profile/callback?code=x`)],
  ])('%s is not lost', async (_, visit) => {
    use()
    const browser = await signIn('trustauthx', 'bob')
    await clock.advance(1000)
    expect((await visit(browser)).status).toBeGreaterThanOrEqual(400)
    restart()
    expect(await me(browser)).toMatchObject({ status: 200, id: 'bob' })
  })
})
