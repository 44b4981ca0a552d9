import { oidc } from '@claviger/core/oidc'
import { actingAs } from '@claviger/testing'
import { expect, it } from '@jest/globals'
import Koa from 'koa'
import { serve } from '../../core/test/support/adapter-app.ts'
import { authMiddleware } from '../src/index.ts'

it('gives no token of a request that was not let in', async () => {
  const auth = authMiddleware({ providers: [oidc({ issuer: 'https://id.example.test', audience: 'api' })] })
  const seen: unknown[] = []
  const app = new Koa()
  app.use((ctx, next) => {
    seen.push(auth.accessTokenOf(ctx))
    return next()
  })
  app.use(actingAs({ id: 'alice' }))
  app.use((ctx) => {
    seen.push(auth.accessTokenOf(ctx))
    ctx.status = 204
  })
  const running = await serve(app.callback())
  await running.call('/', { token: 'of-nobody-knows-whom' })
  await running.close()
  expect(seen).toEqual([undefined, 'of-nobody-knows-whom'])
})
