import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator, scope } from '@claviger/core'
import * as forExpress from '@claviger/express'
import * as forKoa from '@claviger/koa'
import Router from '@koa/router'
import express from 'express'
import Koa from 'koa'

/** An API on loopback, with the authenticator that guards it. */
export interface RunningApp {
  readonly framework: string
  readonly url: string
  readonly auth: Authenticator
  close(): Promise<void>
}

function expressApp(auth: Authenticator): RequestListener {
  const app = express()
  app.use(forExpress.authMiddleware(auth))
  app.get('/me', (req, res) => {
    res.json(req.user)
  })
  app.get('/admin', forExpress.requireRole('admin'), (_req, res) => {
    res.json({ welcome: true })
  })
  app.get('/orders', forExpress.authorize(scope('read:orders')), (_req, res) => {
    res.json([])
  })
  app.delete('/machines/:id', forExpress.requirePermission('machine:delete'), (req, res) => {
    res.json({ deleted: req.params.id })
  })
  app.use(forExpress.problemDetails())
  return app
}

function koaApp(auth: Authenticator): RequestListener {
  const router = new Router()
  router.get('/me', (ctx) => {
    ctx.body = ctx.state.user
  })
  router.get('/admin', forKoa.requireRole('admin'), (ctx) => {
    ctx.body = { welcome: true }
  })
  router.get('/orders', forKoa.authorize(scope('read:orders')), (ctx) => {
    ctx.body = []
  })
  router.delete('/machines/:id', forKoa.requirePermission('machine:delete'), (ctx) => {
    ctx.body = { deleted: ctx.params.id }
  })
  const app = new Koa()
  app.use(forKoa.problemDetails())
  app.use(forKoa.authMiddleware(auth))
  app.use(router.routes())
  return app.callback()
}

async function run(
  framework: string,
  options: AuthenticatorOptions,
  build: (auth: Authenticator) => RequestListener,
): Promise<RunningApp> {
  const auth = createAuthenticator(options)
  await options.revocations?.ready?.()
  const server: Server = createServer(build(auth)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    framework,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    auth,
    async close() {
      server.closeAllConnections()
      server.close()
      await auth.close()
    },
  }
}

/** The same API on both frameworks, each with an authenticator of its own, as in two processes. */
export function startApps(options: () => AuthenticatorOptions): Promise<RunningApp[]> {
  return Promise.all([run('Express', options(), expressApp), run('Koa', options(), koaApp)])
}
