import { actingAs } from '@claviger/testing'
import { expect, it } from '@jest/globals'
import Router from '@koa/router'
import Koa from 'koa'
import { serve } from '../../core/test/support/adapter-app.ts'
import { requireRole, requireScope } from '../src/index.ts'

it('guards a user that a test made up, as it guards any other', async () => {
  const router = new Router()
  router.get('/admin', requireRole('admin'), (ctx) => {
    ctx.body = ctx.state.user
  })
  router.get('/scoped', requireScope('read'), (ctx) => {
    ctx.body = 'unreachable'
  })
  const app = new Koa().use(actingAs({ id: 'alice', roles: ['admin'] })).use(router.routes())
  const { call, close } = await serve(app.callback())
  expect((await call('/admin')).json()).toMatchObject({ id: 'alice', roles: [{ name: 'admin' }] })
  expect((await call('/scoped')).status).toBe(403)
  await close()
})
