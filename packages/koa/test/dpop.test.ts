import { oidc } from '@claviger/core/oidc'
import { createDpopProof, createTestIssuer, createTestKey } from '@claviger/testing'
import { expect, it } from '@jest/globals'
import Koa from 'koa'
import { serve } from '../../core/test/support/adapter-app.ts'
import { authMiddleware } from '../src/index.ts'

it('takes a proof for the whole address where an app is mounted', async () => {
  await using issuer = await createTestIssuer()
  const key = await createTestKey('ES256')
  const app = await serve({
    at(origin) {
      const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience })
      const koa = new Koa()
      // As koa-mount does.
      koa.use((ctx, next) => {
        ctx.path = ctx.path.replace('/v1', '')
        return next()
      })
      koa.use(authMiddleware({ providers: [provider], dpop: { baseUrl: origin } }))
      koa.use((ctx) => {
        ctx.body = ctx.state.user
      })
      koa.silent = true
      return koa.callback()
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
