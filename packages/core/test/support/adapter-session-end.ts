import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import { AuthError } from '../../src/errors.ts'
import { logto } from '../../src/providers/logto/index.ts'
import { createRevocationList, type Revocation } from '../../src/revocation.ts'
import { Browser } from './browser.ts'
import type { SessionStage } from './session-stage.ts'

/** The part of the contract about what ends a session. */
export function describeSessionEnd(stage: SessionStage): void {
  const { clock, use, signIn, me } = stage

  describe('a session', () => {
    it('ends when its user signs out, also where a copy of its cookies is', async () => {
      const auth = use()
      const tokens = tokensSeenBy(auth)
      const browser = await signIn('logto', 'alice')
      const copy = browser.copy()
      const asked = await browser.open(`${stage.origin}/auth/logout`)
      expect([asked.status, (await me(browser)).id]).toEqual([200, 'alice'])
      for (const site of ['cross-site', 'same-site']) {
        expect((await browser.submit(asked, {}, { site })).status).toBe(403)
      }
      const out = await browser.submit(asked)
      expect([out.status, out.url.href]).toEqual([200, `${stage.origin}/auth/signed-out`])
      expect(out.way.map(({ pathname }) => pathname)).toContain('/oidc/session/end')
      expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
      expect((await me(copy)).status).toBe(401)
      await expect(auth.verify(String(tokens.at(0)))).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    })

    it('ends when its user signs out, also when its token is over and the provider is down', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      const copy = browser.copy()
      const asked = await browser.open(`${stage.origin}/auth/logout`)
      await clock.advance(3700)
      stage.at.logto.fail('token', 'reset')
      const out = await browser.submit(asked)
      expect([out.status, out.url.href]).toEqual([200, `${stage.origin}/auth/signed-out`])
      expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
      stage.at.logto.heal()
      expect((await me(copy)).status).toBe(401)
    })

    it('ends in the browser of who signs out, also while others cannot be told', async () => {
      const list = createRevocationList({ clock })
      let isLost = false
      const add = async (revocation: Revocation) => {
        await list.add(revocation)
        if (isLost) throw new AuthError('ERR_REVOCATION_UNAVAILABLE')
      }
      const revocations = { ...list, add }
      const auth = createAuthenticator({ providers: stage.at.providers, clock, revocations })
      use({}, {}, { auth })
      const browser = await signIn('logto', 'alice')
      const copy = browser.copy()
      isLost = true
      const out = await browser.open(`${stage.origin}/auth/logout`, { form: {} })
      expect([out.status, Number(out.headers.get('retry-after')) > 0]).toEqual([503, true])
      expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
      expect((await me(copy)).status).toBe(401)
      await auth.close()
    })

    it('gives way to a new sign-in also while others cannot be told of its end', async () => {
      const list = createRevocationList({ clock })
      let isLost = false
      const add = async (revocation: Revocation) => {
        await list.add(revocation)
        if (isLost) throw new AuthError('ERR_REVOCATION_UNAVAILABLE')
      }
      const auth = createAuthenticator({ providers: stage.at.providers, clock, revocations: { ...list, add } })
      use({}, {}, { auth })
      const browser = await signIn('logto', 'alice')
      const copy = browser.copy()
      isLost = true
      await signIn('itsyouonline', 'alice', browser)
      expect((await me(copy)).status).toBe(401)
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
      await auth.close()
    })

    it('ends at the app that it began at, where several are of one provider', async () => {
      const { logto: tenant, providers } = stage.at
      const other = tenant.addApp({ type: 'Traditional', redirectUris: [`${stage.origin}/auth/callback/other`] })
      const twin = logto({
        name: 'other',
        endpoint: tenant.endpoint,
        audience: 'https://other.example.test',
        client: { ...other, resource: 'https://api.example.test' },
      })
      const auth = createAuthenticator({ providers: [...providers.slice(0, 1), twin], clock })
      use({}, {}, { auth })
      const browser = new Browser()
      const page = await browser.open(`${stage.origin}/auth/login`, { form: { provider: 'other', returnTo: '/me' } })
      expect((await browser.submit(page, { user: 'alice' })).status).toBe(200)
      await clock.advance(3700)
      expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
      const out = await browser.open(`${stage.origin}/auth/logout`, { form: {} })
      const atProvider = out.way.find(({ pathname }) => pathname === '/oidc/session/end')
      expect(atProvider?.searchParams.get('client_id')).toBe(other.clientId)
      await auth.close()
    })

    it('of a provider that is not configured any more ends at sign-out, and at the next sign-in', async () => {
      use()
      const browser = await signIn('trustauthx', 'alice')
      const other = browser.copy()
      const auth = createAuthenticator({ providers: stage.at.providers.slice(0, 1), clock })
      use({}, {}, { auth })
      const out = await browser.open(`${stage.origin}/auth/logout`, { form: {} })
      expect([out.status, out.url.href]).toEqual([200, `${stage.origin}/auth/signed-out`])
      expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
      await signIn('logto', 'bob', other)
      expect(await me(other)).toMatchObject({ status: 200, id: 'bob' })
      await auth.close()
    })

    it('ends when the provider says so', async () => {
      use()
      const browser = await signIn('logto', 'bob')
      stage.at.logto.suspend('bob')
      stage.at.logto.suspend('bob', false)
      expect((await me(browser)).status).toBe(200)
      await clock.advance(3700)
      const { status, visited } = await me(browser)
      expect([status, visited.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="api", error="invalid_token"',
      ])
      expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
    })

    it.each([
      ['its user', { subject: 'bob', provider: 'logto' }],
      ['its provider', { provider: 'logto' }],
    ])('ends when %s is revoked, however new its token is', async (_, what) => {
      for (const wait of [1, 3700]) {
        const auth = use()
        const browser = await signIn('logto', 'bob')
        await clock.advance(1)
        await auth.revoke(what)
        await clock.advance(wait)
        expect((await me(browser)).status).toBe(401)
        expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
        expect((await me(await signIn('logto', 'bob'))).status).toBe(200)
      }
    })

    it('ends when it is revoked itself', async () => {
      for (const wait of [1, 3570, 3700]) {
        const auth = use()
        const [one, other] = [await signIn('logto', 'bob'), await signIn('logto', 'bob')]
        const session = (await one.open(`${stage.origin}/session`)).json() as string
        await auth.revoke({ session })
        await clock.advance(wait)
        expect([(await me(one)).status, (await me(other)).status]).toEqual([401, 200])
      }
    })

    it('ends when the token that it holds is revoked, also when that is due to be refreshed', async () => {
      for (const wait of [1, 3570]) {
        const auth = use()
        const tokens = tokensSeenBy(auth)
        const browser = await signIn('logto', 'bob')
        await clock.advance(wait)
        await auth.revoke({ token: String(tokens.at(0)) })
        expect((await me(browser)).status).toBe(401)
      }
    })

    it('is told of its end by an answer that no cache keeps', async () => {
      const auth = use()
      const browser = await signIn('logto', 'alice')
      await auth.revoke({ subject: 'alice', provider: 'logto' })
      const { visited } = await me(browser)
      expect([visited.status, visited.setCookies.length > 0]).toEqual([401, true])
      expect(visited.headers.get('cache-control')).toBe('no-store')
    })

    it('is told of on a channel when it begins, gets new tokens and ends, and why', async () => {
      const told: unknown[] = []
      const note = (message: unknown) => told.push(message)
      subscribe('claviger:session', note)
      const auth = use()
      const [one, other] = [await signIn('logto', 'alice'), await signIn('logto', 'bob')]
      await clock.advance(3700)
      await me(one)
      await one.open(`${stage.origin}/auth/logout`, { form: {} })
      await auth.revoke({ subject: 'bob', provider: 'logto' })
      await me(other)
      unsubscribe('claviger:session', note)
      expect(told).toEqual([
        { outcome: 'started', provider: 'logto', code: undefined },
        { outcome: 'started', provider: 'logto', code: undefined },
        { outcome: 'refreshed', provider: 'logto', code: undefined },
        { outcome: 'ended', provider: 'logto', code: undefined },
        { outcome: 'ended', provider: 'logto', code: 'ERR_TOKEN_REVOKED' },
      ])
    })

    it('becomes nobody, where nobody is let in too', async () => {
      const auth = use({}, { required: false })
      const browser = await signIn('logto', 'bob')
      await auth.revoke({ subject: 'bob', provider: 'logto' })
      expect(await me(browser)).toMatchObject({ status: 200, id: undefined })
      expect(browser.names(stage.origin).filter((name) => name.startsWith('claviger'))).toEqual([])
    })

    it('ends when nobody uses it, and after its time whoever does', async () => {
      use({ rolling: 3600, absolute: 10_000 })
      const idle = await signIn('logto', 'alice')
      const used = idle.copy()
      for (const seconds of [3000, 3000, 3000]) {
        await clock.advance(seconds)
        expect((await me(used)).status).toBe(200)
      }
      expect((await me(idle)).status).toBe(401)
      await clock.advance(1001)
      expect((await me(used)).status).toBe(401)
    })
  })
}

function tokensSeenBy(auth: Authenticator): readonly string[] {
  const tokens: string[] = []
  const { verify } = auth
  Object.assign(auth, {
    verify(token: string) {
      tokens.push(token)
      return verify(token)
    },
  })
  return tokens
}
