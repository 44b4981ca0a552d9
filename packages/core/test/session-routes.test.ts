import { describe, expect, it } from '@jest/globals'
import { type BrowserSignIn, createAuthenticator, type Provider } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { trustAuthX } from '../src/providers/trustauthx/index.ts'
import { Browser } from './support/browser.ts'
import { buildPlain } from './support/plain-app.ts'
import { createSessionStage } from './support/session-stage.ts'

const stage = createSessionStage(buildPlain)
const { clock, use, signIn, me } = stage
const api = 'https://api.example.test'

describe('a sign-out', () => {
  const signOut = (browser: Browser) => browser.open(`${stage.origin}/auth/logout`, { form: {} })
  const ended = () => stage.at.logto.requests('revocation')

  it('ends the refresh token at the provider, which knows of no other use of it', async () => {
    use()
    const browser = await signIn('logto', 'alice')
    const before = ended()
    const copy = browser.copy()
    await signOut(browser)
    expect(ended()).toBeGreaterThan(before)
    // Another process, which has not heard of it.
    use()
    await clock.advance(3700)
    expect((await me(copy)).status).toBe(401)
  })

  it('succeeds though the provider ends nothing', async () => {
    use()
    const browser = await signIn('logto', 'alice')
    stage.at.logto.fail('revocation', { status: 500 })
    const out = await signOut(browser)
    expect([out.status, out.url.href, (await me(browser)).status]).toEqual([
      200,
      `${stage.origin}/auth/signed-out`,
      401,
    ])
  })

  it('leaves the session of the provider where that is wanted, or where it cannot be ended', async () => {
    use({ endAtProvider: false })
    const there = (await signOut(await signIn('logto', 'alice'))).way.map(({ pathname }) => pathname)
    use()
    const none = (await signOut(await signIn('trustauthx', 'alice'))).way.map(({ pathname }) => pathname)
    expect([there, none]).toEqual(Array(2).fill(['/auth/logout', '/auth/signed-out']))
  })
})

describe('a page of the app', () => {
  it.each([
    ['login?provider=trustauthx', 'same-origin', 303],
    ['login?provider=trustauthx', 'none', 200],
    ['login?provider=trustauthx', 'cross-site', 200],
    ['profile', 'same-origin', 303],
    ['profile', 'none', 200],
    ['profile', 'cross-site', 200],
  ])('%s is asked for by a page that is %s: %i', async (path, site, status) => {
    use()
    const browser = path === 'profile' ? await signIn('trustauthx', 'bob') : new Browser()
    expect((await browser.open(`${stage.origin}/auth/${path}`, { site, follow: false })).status).toBe(status)
  })

  it('is not there for the profile of a provider that nobody can sign in at any more', async () => {
    use()
    const browser = await signIn('trustauthx', 'bob')
    const { apiKey, secretKey, orgId, url: apiBaseUrl } = stage.at.trustAuthX
    const closed = trustAuthX({ apiKey, secretKey, orgId, apiBaseUrl, accepts: (token) => !token.includes('.') })
    const auth = createAuthenticator({ providers: [...stage.at.providers.slice(0, 1), closed], clock })
    use({}, {}, { auth })
    const sent = await browser.open(`${stage.origin}/auth/profile`, { follow: false })
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `${stage.origin}/auth/login`])
    await auth.close()
  })

  it('is that of the app itself where it is none of ours', async () => {
    const routes = [{ path: '/auth/other', handle: () => 'mine' }]
    use({}, { required: false }, { routes })
    expect((await new Browser().open(`${stage.origin}/auth/other`)).json()).toBe('mine')
  })
})

describe('a callback that comes to nothing', () => {
  it.each(['callback/logto?code=x&state=y', 'callback/trustauthx?code=x', 'profile/callback?code=x'])(
    '%s leaves no code in the address bar',
    async (path) => {
      use()
      const browser = path.startsWith('profile') ? await signIn('trustauthx', 'bob') : new Browser()
      const visited = await browser.open(`${stage.origin}/auth/${path}`, { site: 'cross-site' })
      expect([visited.status, visited.url.pathname, visited.url.search]).toEqual([
        403,
        '/auth/failed',
        '?code=ERR_REQUEST_CROSS_SITE',
      ])
    },
  )

  it.each(['nobody', '%E0%A4%A'])('of the provider %s is that of none', async (name) => {
    use()
    expect((await new Browser().open(`${stage.origin}/auth/callback/${name}?code=x`)).status).toBe(404)
  })

  it('is a sign-in that was refused where the token is of another provider', async () => {
    const [logto, another] = stage.at.providers
    const accessToken = await stage.at.logto.tokenFor('alice', { resource: api })
    const { signIn } = another as { signIn: BrowserSignIn }
    const mixed = { ...another, signIn: { ...signIn, finish: async () => ({ tokens: { accessToken } }) } } as Provider
    const auth = createAuthenticator({ providers: [logto as Provider, mixed], clock })
    use({}, {}, { auth })
    const browser = new Browser()
    await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'trustauthx' }, follow: false })
    const visited = await browser.open(`${stage.origin}/auth/callback/trustauthx?code=x`)
    expect([visited.status, visited.url.search]).toEqual([403, '?code=ERR_SIGN_IN_REFUSED'])
    await auth.close()
  })

  it('is a sign-in that was refused where the token is not for this app', async () => {
    const { logto } = stage.at
    const client = logto.addApp({ type: 'Traditional', redirectUris: [`${stage.origin}/auth/callback/logto`] })
    const issuer = `${logto.endpoint}/oidc`
    const provider = oidc({ name: 'logto', issuer, audience: 'another', client: { ...client, resource: api } })
    const auth = createAuthenticator({ providers: [provider], clock })
    use({}, {}, { auth })
    const { browser, callback } = await stage.onTheWay('alice')
    const visited = await browser.open(callback)
    expect([visited.status, visited.url.search]).toEqual([403, '?code=ERR_SIGN_IN_REFUSED'])
    await auth.close()
  })
})

it.each<[string, number]>([
  ['', 403],
  ['dora', 403],
  ['dora@example.test@example.test', 403],
  ['dora@example.test\r\nBcc: eve@example.test', 403],
  ['eve@example.test, dora@example.test', 403],
  ['dora @example.test', 403],
  [`${'d'.repeat(243)}@example.test`, 403],
  [`${'d'.repeat(241)}@example.test`, 200],
])('the e-mail address %j is answered with %i', async (email, status) => {
  use()
  const form = { provider: 'justauthenticateme', email }
  expect((await new Browser().open(`${stage.origin}/auth/login`, { form })).status).toBe(status)
})

it('a session is refreshed at its own provider, though another has the same name', async () => {
  const { logto } = stage.at
  // It could refresh too; but nobody signs in there.
  const { signIn: _, ...namesake } = oidc({
    name: 'logto',
    issuer: 'https://other.example.test',
    audience: api,
    client: { clientId: 'shop' },
  })
  const auth = createAuthenticator({ providers: [namesake, ...stage.at.providers.slice(0, 1)], clock })
  use({}, {}, { auth })
  const browser = await signIn('logto', 'alice')
  const asked = logto.requests('token')
  await clock.advance(3700)
  expect([(await me(browser)).id, logto.requests('token') - asked]).toEqual(['alice', 1])
  await auth.close()
})
