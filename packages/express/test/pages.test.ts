import type { RequestListener } from 'node:http'
import { createTestClock, createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import { createAuthenticator } from '../../core/src/index.ts'
import { oidc } from '../../core/src/providers/oidc.ts'
import { type RunningApp, serve } from '../../core/test/support/adapter-app.ts'
import { Browser } from '../../core/test/support/browser.ts'
import { authMiddleware, authRoutes, requireAuth } from '../src/index.ts'

const clock = createTestClock()
let app: RunningApp
let issuer: TestIssuer
let listener: RequestListener

beforeAll(async () => {
  app = await serve((request, response) => listener(request, response))
  issuer = await createTestIssuer({ clock, redirectUris: [`${app.origin}/auth/callback/oidc`] })
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

it('gives no token of a request that was not let in', () => {
  const auth = authMiddleware({ providers: [oidc({ issuer: 'https://id.example.test', audience: 'api' })] })
  const request = { headers: { authorization: 'Bearer of-nobody-knows-whom' } } as express.Request
  expect(auth.accessTokenOf(request)).toBeUndefined()
})

// As docs/moving.md has it for apps of express-openid-connect.
describe('pages for everybody, and pages that send to the sign-in', () => {
  it('know who is there, ask once, and refresh once', async () => {
    const { clientId, clientSecret, audience } = issuer
    const provider = oidc({ issuer: issuer.issuer, audience, client: { clientId, clientSecret } })
    const authenticator = createAuthenticator({ providers: [provider], clock })
    const session = { baseUrl: app.origin, keys: 'a secret of the session cookies, long enough' }
    const known = authMiddleware(authenticator, { session, required: false })
    const page = authMiddleware(authenticator, { session })
    listener = express()
      .use(authRoutes(known), known)
      .get('/', (req, res) => res.json(req.user?.id ?? null))
      .get('/profile', page, (req, res) => res.json(req.user?.id))
      .get('/guarded', requireAuth(), (req, res) => res.json(req.user?.id))

    const browser = new Browser()
    expect((await browser.open(`${app.origin}/`)).json()).toBe(null)
    expect((await browser.open(`${app.origin}/guarded`)).status).toBe(401)
    expect((await browser.open(`${app.origin}/profile`, { kind: 'api' })).status).toBe(401)
    const people = await browser.open(`${app.origin}/profile`)
    const done = await browser.submit(people, { user: 'alice' })
    expect([done.url.href, done.json()]).toEqual([`${app.origin}/profile`, 'alice'])
    expect((await browser.open(`${app.origin}/`)).json()).toBe('alice')
    expect((await browser.open(`${app.origin}/guarded`)).json()).toBe('alice')

    const asked = issuer.requests('token')
    for (const seconds of [3590, 3700]) {
      await clock.advance(seconds)
      expect((await browser.open(`${app.origin}/profile`)).json()).toBe('alice')
      expect((await browser.open(`${app.origin}/`)).json()).toBe('alice')
    }
    expect(issuer.requests('token') - asked).toBe(2)
    await authenticator.close()
  })
})
