// A CommonJS app under Jest without any configuration: nothing in what it loads may be an ES module.
const { createTestIssuer } = require('@claviger/testing')
const { oidc } = require('@claviger/core/oidc')
const { authMiddleware, requireRole } = require('@claviger/express')
const express = require('express')

let issuer
let server

beforeAll(async () => {
  issuer = await createTestIssuer()
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles' })
  const app = express()
  app.use(authMiddleware({ providers: [provider] }))
  app.get('/me', (req, res) => res.json(req.user))
  app.get('/admin', requireRole('admin'), (_req, res) => res.json({}))
  await new Promise((resolve) => {
    server = app.listen(0, '127.0.0.1', resolve)
  })
})

afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await issuer?.close()
})

const get = (path, token) =>
  fetch(`http://127.0.0.1:${server.address().port}${path}`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
  })

test('knows the user of a token', async () => {
  const response = await get('/me', issuer.tokenFor({ subject: 'ada' }))
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ id: 'ada' })
})

test('refuses a request without a token, and a user without the role', async () => {
  expect((await get('/me')).status).toBe(401)
  expect((await get('/admin', issuer.tokenFor({ subject: 'ada' }))).status).toBe(403)
})
