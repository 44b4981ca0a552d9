import { describe, expect, it } from '@jest/globals'
import { Browser } from './browser.ts'
import type { SessionStage } from './session-stage.ts'

/** The part of the contract about users who change their own data. */
export function describeProfile(stage: SessionStage): void {
  const { use, signIn, me } = stage

  describe('a profile', () => {
    const edit = async (browser: Browser, change: Record<string, string>) => {
      const asked = await browser.open(`${stage.origin}/auth/profile?returnTo=/me`, { site: 'none' })
      const page = await browser.submit(asked)
      expect(page.url.pathname).toBe('/widget/profile')
      return browser.submit(page, change)
    }

    it('is edited at the provider, and the session goes on with new tokens', async () => {
      use()
      const browser = await signIn('trustauthx', 'bob')
      const before = browser.cookie(stage.origin, 'claviger')
      const done = await edit(browser, { change: 'true', name: 'Robert' })
      expect([done.url.href, done.json()]).toEqual([
        `${stage.origin}/me`,
        expect.objectContaining({ id: 'bob', name: 'Robert' }),
      ])
      expect(browser.cookie(stage.origin, 'claviger')).not.toBe(before)
      const kept = browser.cookie(stage.origin, 'claviger')
      expect((await edit(browser, { change: 'false' })).url.href).toBe(`${stage.origin}/me`)
      expect(browser.cookie(stage.origin, 'claviger')).toBe(kept)
    })

    it("does not end with another user's tokens, nor in another session", async () => {
      use()
      const browser = await signIn('trustauthx', 'bob')
      const asked = await browser.open(`${stage.origin}/auth/profile`, { site: 'none' })
      const callback = (code: string) =>
        `${stage.origin}/auth/profile/callback?ac=true&code=${encodeURIComponent(code)}`
      const foreign = () => stage.at.trustAuthX.mintReAuthCode('alice')
      expect((await browser.open(callback(foreign()))).status).toBe(403)
      await browser.submit(asked, {}, { follow: false })
      expect((await browser.open(callback(foreign()))).status).toBe(403)
      expect((await me(browser)).id).toBe('bob')
      await browser.submit(asked, {}, { follow: false })
      const again = await signIn('trustauthx', 'alice', browser)
      expect((await again.open(callback(foreign()))).status).toBe(403)
    })

    it('is not there for a provider without such a page, or for nobody', async () => {
      use()
      const browser = await signIn('logto', 'alice')
      expect((await browser.open(`${stage.origin}/auth/profile`)).status).toBe(404)
      expect((await new Browser().open(`${stage.origin}/auth/profile`)).url.pathname).toBe('/auth/login')
    })
  })
}
