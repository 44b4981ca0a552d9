import { type Authenticator, type AuthenticatorOptions, anyOf, role, scope } from '@claviger/core'
import { authMiddleware, authorize, problemDetails, requirePermission, requireRole } from '@claviger/koa'
import Router from '@koa/router'
import Koa from 'koa'

/** The API: who may call what is said at each route. */
export function createApp(auth: AuthenticatorOptions | Authenticator): Koa {
  const router = new Router()
  router.get('/me', (ctx) => {
    ctx.body = ctx.state.user
  })
  router.get('/admin', requireRole('admin'), (ctx) => {
    ctx.body = { message: 'Welcome to the machine room.' }
  })
  router.delete('/machines/:id', requirePermission('machine:delete'), (ctx) => {
    ctx.body = { deleted: ctx.params.id }
  })
  router.get('/reports', authorize(anyOf(role('auditor'), scope('read:reports'))), (ctx) => {
    ctx.body = [{ id: 1, title: 'Quarter' }]
  })

  const app = new Koa()
  app.use(problemDetails())
  app.use(authMiddleware(auth))
  app.use(router.routes())
  return app
}
