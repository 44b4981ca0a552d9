// With tokens: the middleware of production, and an issuer in the hands of the test.
import { oidc } from '@claviger/core/oidc'
import { type AuthMiddleware, authMiddleware } from '@claviger/express'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Express } from 'express'
import { createApp } from './app.js'
import { call } from './call.js'

let issuer: TestIssuer
let auth: AuthMiddleware
let app: Express

beforeEach(async () => {
  issuer = await createTestIssuer()
  auth = authMiddleware({
    providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles' })],
  })
  app = createApp(auth)
})

afterEach(async () => {
  await auth.authenticator.close()
  await issuer.close()
})

test('knows the user of a token', async () => {
  const token = issuer.tokenFor({ subject: 'ada' })
  expect(await call(app, 'GET', '/me', token)).toEqual({ status: 200, body: { id: 'ada' } })
})

test('refuses an expired token, and a request without one', async () => {
  expect((await call(app, 'GET', '/me', issuer.tokenFor({ expiresIn: -60 }))).status).toBe(401)
  expect((await call(app, 'GET', '/me')).status).toBe(401)
})

test('says 503, not 401, while the issuer is down', async () => {
  await issuer.stop()
  expect((await call(app, 'GET', '/me', issuer.tokenFor())).status).toBe(503)
})

test('refuses a token that has been revoked', async () => {
  const token = issuer.tokenFor({ subject: 'ada' })
  expect((await call(app, 'GET', '/me', token)).status).toBe(200)
  await auth.authenticator.revoke({ subject: 'ada', provider: 'oidc' })
  expect((await call(app, 'GET', '/me', token)).status).toBe(401)
})
