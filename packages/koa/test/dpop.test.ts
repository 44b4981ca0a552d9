import { it } from '@jest/globals'
import Koa from 'koa'
import { expectProofsOfTheWholeAddress } from '../../core/test/support/dpop-mounted.ts'
import { authMiddleware } from '../src/index.ts'

it('takes a proof for the whole address where an app is mounted', async () => {
  await expectProofsOfTheWholeAddress((options) => {
    const koa = new Koa()
    // As koa-mount does.
    koa.use((ctx, next) => {
      ctx.path = ctx.path.replace('/v1', '')
      return next()
    })
    koa.use(authMiddleware(options))
    koa.use((ctx) => {
      ctx.body = ctx.state.user
    })
    koa.silent = true
    return koa.callback()
  })
})
