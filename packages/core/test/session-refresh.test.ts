import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Events } from '../src/events.ts'
import { createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { until } from './support/faults.ts'
import { buildPlain } from './support/plain-app.ts'
import { createSessionStage } from './support/session-stage.ts'

const api = 'https://api.example.test'

describe('a session that is refreshed', () => {
  const stage = createSessionStage(buildPlain)
  const { clock, use, signIn, me } = stage
  let told: Events['claviger:session'][] = []

  const listener = (message: unknown) => void told.push(message as Events['claviger:session'])
  beforeAll(() => subscribe('claviger:session', listener))
  beforeEach(() => {
    told = []
  })
  afterAll(() => void unsubscribe('claviger:session', listener))

  it('is told of once, however many requests it is refreshed for', async () => {
    use()
    const browser = await signIn('logto', 'alice')
    await clock.advance(3700)
    await Promise.all(Array.from({ length: 5 }, () => me(browser.copy())))
    expect(told.map(({ outcome }) => outcome)).toEqual(['started', 'refreshed'])
  })

  it('leaves the browser for as long as it may live, and its use for as long as it may rest', async () => {
    use({ rolling: 5000, absolute: 10_000 })
    const browser = await signIn('logto', 'alice')
    await clock.advance(3700)
    const { visited } = await me(browser)
    const [whole = '', lastUse = ''] = visited.setCookies
    // It began at a whole second.
    expect(whole).toMatch(/^claviger=[^;]+; Max-Age=(6300|6299);/)
    expect(lastUse).toMatch(/^claviger-use=[^;]+; Max-Age=5000;/)
  })

  it('is over where it has been revoked meanwhile, and the browser gets no cookie of it', async () => {
    const auth = use()
    const browser = await signIn('logto', 'alice')
    const session = (await browser.open(`${stage.origin}/session`)).json() as string
    await clock.advance(3700)
    stage.at.logto.fail('token', { delay: 0.3 })
    const asked = stage.at.logto.requests('token')
    const late = me(browser)
    await until(() => stage.at.logto.requests('token') > asked)
    await auth.revoke({ session })
    expect((await late).status).toBe(401)
    expect(browser.names(stage.origin)).toEqual([])
    expect(told.at(-1)).toMatchObject({ outcome: 'ended', code: 'ERR_TOKEN_REVOKED' })
  })

  it('is over where it was revoked before, and its provider is not asked', async () => {
    const auth = use()
    const browser = await signIn('logto', 'alice')
    await auth.revoke({ session: (await browser.open(`${stage.origin}/session`)).json() as string })
    const asked = stage.at.logto.requests('token')
    await clock.advance(3700)
    expect([(await me(browser)).status, stage.at.logto.requests('token')]).toEqual([401, asked])
  })

  it('tells why it has ended also where a page is sent to sign in', async () => {
    const auth = use()
    const browser = await signIn('logto', 'alice')
    await auth.revoke({ subject: 'alice', provider: 'logto' })
    const codes: string[] = []
    const note = (message: unknown) => void codes.push((message as Events['claviger:refusal']).code)
    subscribe('claviger:refusal', note)
    const sent = await browser.open(`${stage.origin}/me`)
    unsubscribe('claviger:refusal', note)
    expect([sent.url.pathname, codes]).toEqual(['/auth/login', ['ERR_TOKEN_REVOKED']])
  })

  it('is refreshed ahead also where the provider did not say when the token before ends', async () => {
    use()
    const browser = await signIn('logto', 'alice')
    await clock.advance(3700)
    const access_token = await stage.at.logto.tokenFor('alice', { resource: api })
    const body = JSON.stringify({ access_token, refresh_token: 'another', token_type: 'Bearer' })
    const headers = { 'content-type': 'application/json' }
    stage.at.logto.fail('token', { status: 200, headers, body }, { times: 1 })
    expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
    const asked = stage.at.logto.requests('token')
    stage.at.logto.fail('token', 'reset')
    await clock.advance(3500)
    expect([await me(browser), stage.at.logto.requests('token')]).toMatchObject([{ status: 200 }, asked])
    await clock.advance(45)
    expect([await me(browser), stage.at.logto.requests('token')]).toMatchObject([{ status: 200 }, asked + 1])
  })

  it('goes on where its user was revoked before it began, and its token cannot be read any more', async () => {
    const auth = use()
    await auth.revoke({ subject: 'alice', provider: 'logto' })
    await clock.advance(2)
    const browser = await signIn('logto', 'alice')
    // Twice, as the key before is published for a while.
    for (const _ of [1, 2]) await stage.at.logto.rotate()
    await clock.advance(3700)
    expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
  })

  it('ends for what is wrong with its token, where there is no refresh token', async () => {
    const { logto } = stage.at
    const client = logto.addApp({ type: 'Traditional', redirectUris: [`${stage.origin}/auth/callback/logto`] })
    const issuer = `${logto.endpoint}/oidc`
    const provider = oidc({ name: 'logto', issuer, audience: api, client: { ...client, resource: api, scopes: [] } })
    const auth = createAuthenticator({ providers: [provider], clock })
    use({}, {}, { auth })
    const browser = await signIn('logto', 'alice')
    await clock.advance(3595)
    // As long as it lives, nothing is wrong with it.
    expect(await me(browser)).toMatchObject({ status: 200 })
    await clock.advance(100)
    const { status, visited } = await me(browser)
    expect([status, visited.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="api", error="invalid_token"',
    ])
    expect(told.at(-1)).toMatchObject({ outcome: 'ended', code: 'ERR_TOKEN_EXPIRED' })
    await auth.close()
  })
})
