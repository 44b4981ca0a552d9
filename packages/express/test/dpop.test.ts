import { oidc } from '@claviger/core/oidc'
import { createDpopProof, createTestIssuer, createTestKey } from '@claviger/testing'
import { expect, it } from '@jest/globals'
import express from 'express'
import express4 from 'express4'
import { serve } from '../../core/test/support/adapter-app.ts'
import { authMiddleware } from '../src/index.ts'

it.each([
  ['4', express4],
  ['5', express],
])('takes a proof for the whole address where a router is mounted, with Express %s', async (_, framework) => {
  await using issuer = await createTestIssuer()
  const key = await createTestKey('ES256')
  const app = await serve({
    at(origin) {
      const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience })
      const router = framework.Router()
      router.use(authMiddleware({ providers: [provider], dpop: { baseUrl: origin } }))
      router.get('/orders', (req, res) => {
        res.json(req.user)
      })
      return framework().use('/v1', router)
    },
  })
  const accessToken = issuer.tokenFor({ boundTo: key })
  const call = (url: string) => {
    const headers = { Authorization: `DPoP ${accessToken}`, DPoP: createDpopProof({ key, url, accessToken }) }
    return app.call('/v1/orders', { headers })
  }
  expect((await call(`${app.origin}/orders`)).status).toBe(401)
  expect((await call(`${app.origin}/v1/orders`)).json()).toMatchObject({ id: 'alice' })
  await app.close()
})
