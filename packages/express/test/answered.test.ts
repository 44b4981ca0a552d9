import { setTimeout as sleep } from 'node:timers/promises'
import { oidc } from '@claviger/core/oidc'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import express, { type ErrorRequestHandler } from 'express'
import express4 from 'express4'
import { serve } from '../../core/test/support/adapter-app.ts'
import { authMiddleware, authRoutes, backchannelLogout } from '../src/index.ts'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterAll(() => issuer.close())

// A promise that nobody hears of would end the process, and fails a test.
it.each([
  ['4', express4],
  ['5', express],
])('adds nothing to what somebody else has answered meanwhile, with Express %s', async (_, framework) => {
  const client = { clientId: 'web-app', clientSecret: 'the-secret-of-the-app' }
  const auth = authMiddleware(
    { providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, client })] },
    { session: { baseUrl: 'http://localhost:3000', keys: 'a secret of the session cookies, long enough' } },
  )
  const spies: { readonly mock: { readonly calls: readonly unknown[] } }[] = []
  const app = framework()
  app.use((_req, res, next) => {
    res.end('too late')
    spies.push(jest.spyOn(res, 'writeHead'))
    next()
  })
  app.use(authRoutes(auth))
  app.post('/backchannel-logout', backchannelLogout(auth.authenticator))
  const { call, close } = await serve(app)
  expect((await call('/auth/logout')).body).toBe('too late')
  expect((await call('/backchannel-logout', { method: 'POST' })).body).toBe('too late')
  await sleep(50)
  expect(spies.map(({ mock }) => mock.calls)).toEqual([[], []])
  await close()
  await auth.authenticator.close()
})

it.each([
  ['4', express4],
  ['5', express],
])('hands an answer that cannot be sent to the error handler of the app, with Express %s', async (_, framework) => {
  const answerOf = async () => ({ status: 302, headers: { Location: 'https://id.example.com/\n' }, body: '' })
  const app = framework()
  app.use(authRoutes({ createAuthRoutes: () => answerOf } as never))
  app.use(((error, _req, res, _next) => {
    res.status(500).send((error as { code?: string }).code)
  }) satisfies ErrorRequestHandler)
  const { call, close } = await serve(app)
  expect(await call('/auth/login')).toMatchObject({ status: 500, body: 'ERR_INVALID_CHAR' })
  await close()
})
