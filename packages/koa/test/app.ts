import Router from '@koa/router'
import type Koa from 'koa'
import type { AppSetup, BuildApp } from '../../core/test/support/adapter-app.ts'
import * as adapter from '../src/index.ts'
import { parseBody, parseJson } from './body.ts'

/** The app of the contract, with either major of Koa. */
export function buildWith(framework: typeof Koa): BuildApp {
  return function buildApp(setup: AppSetup) {
    const { auth, http, problems, parsesBodies, parsesJson, logout, resource, signIn, routes, onError, onMiddleware } =
      setup
    const middleware = auth && adapter.authMiddleware(auth, http)
    const router = new Router()
    for (const { method = 'get', path, guards, handle } of routes) {
      router[method](path, ...(guards?.(adapter) ?? []), async (ctx) => {
        const { user, auth } = ctx.state
        const accessToken = middleware?.accessTokenOf(ctx)
        const call = { user, auth, accessToken, request: ctx.req, response: ctx.res }
        ctx.body = JSON.stringify((await handle(call)) ?? null)
      })
    }
    const app = new framework()
    app.on('error', (error) => onError?.(error))
    if (problems) app.use(adapter.problemDetails())
    if (parsesBodies) app.use(parseBody)
    if (parsesJson) app.use(parseJson)
    if (logout) {
      const answer = new Router()
      answer.all('/backchannel-logout', adapter.backchannelLogout(logout.authenticator, logout.options))
      app.use(answer.routes())
    }
    if (resource) {
      const { authenticator, options } = resource
      const answer = new Router()
      answer.all('/.well-known/oauth-protected-resource', adapter.protectedResource(authenticator, options))
      app.use(answer.routes())
    }
    if (middleware) {
      onMiddleware?.(middleware)
      if (signIn) app.use(adapter.authRoutes(middleware))
      app.use(middleware)
    }
    return app.use(router.routes()).callback()
  }
}
