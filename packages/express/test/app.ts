import type express from 'express'
import type { AppSetup, BuildApp } from '../../core/test/support/adapter-app.ts'
import * as adapter from '../src/index.ts'

/** The app of the contract, with either major of Express. */
export function buildWith(framework: typeof express): BuildApp {
  return function buildApp(setup: AppSetup) {
    const { auth, http, problems, parsesBodies, parsesJson, logout, resource, signIn, routes, onError, onMiddleware } =
      setup
    const app = framework()
    if (parsesBodies) app.use(framework.urlencoded({ extended: true }), framework.json())
    if (parsesJson) app.use(framework.json())
    if (logout) app.all('/backchannel-logout', adapter.backchannelLogout(logout.authenticator, logout.options))
    if (resource) {
      const { authenticator, options } = resource
      app.all('/.well-known/oauth-protected-resource', adapter.protectedResource(authenticator, options))
    }
    const middleware = auth && adapter.authMiddleware(auth, http)
    if (middleware) {
      onMiddleware?.(middleware)
      if (signIn) app.use(adapter.authRoutes(middleware))
      app.use(middleware)
    }
    for (const { method = 'get', path, guards, handle } of routes) {
      app[method](path, ...(guards?.(adapter) ?? []), (request, response, next) => {
        const { user, auth } = request
        const accessToken = middleware?.accessTokenOf(request)
        Promise.resolve(handle({ user, auth, accessToken, request, response })).then(
          (answer) => response.json(answer),
          next,
        )
      })
    }
    if (problems) app.use(adapter.problemDetails())
    const report: express.ErrorRequestHandler = (error, _req, _res, next) => {
      onError?.(error)
      next(error)
    }
    return app.use(report)
  }
}
