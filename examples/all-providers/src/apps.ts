import type { RequestListener } from 'node:http'
import { type Authenticator, anyOf, type HttpOptions, permission, role, type VerifiedToken } from '@claviger/core'
import * as onExpress from '@claviger/express'
import * as onKoa from '@claviger/koa'
import Router from '@koa/router'
import express, { type Express } from 'express'
import Koa from 'koa'

/** The routes of both APIs, as the page shows them. */
export const routes = [
  { method: 'GET', path: '/me', guard: 'requireAuth()', who: 'everybody who is signed in' },
  { method: 'GET', path: '/machines', guard: "requirePermission('machine:read')", who: 'whose role may read machines' },
  {
    method: 'DELETE',
    path: '/machines/7',
    guard: "requirePermission('machine:delete')",
    who: 'whose role may delete machines',
  },
  {
    method: 'GET',
    path: '/reports',
    guard: "authorize(anyOf(role('admin'), permission('report:read')))",
    who: 'administrators, or whose role may read reports',
  },
  { method: 'GET', path: '/admin', guard: "requireRole('admin')", who: 'administrators' },
] as const

function sessionOf(auth: VerifiedToken | undefined) {
  return { user: auth?.user, issuedAt: auth?.issuedAt, expiresAt: auth?.expiresAt }
}

const forReports = () => anyOf(role('admin'), permission('report:read'))

/** The API on Express, and what browsers sign in at. */
export function expressApi(auth: Authenticator, http: HttpOptions): Express {
  const { authMiddleware, authRoutes, authorize, problemDetails, requireAuth, requirePermission, requireRole } =
    onExpress
  const authenticate = authMiddleware(auth, http)
  const app = express().disable('x-powered-by')
  app.use(authRoutes(authenticate))
  // For the page, which nobody has to be signed in for.
  app.get('/express/session', authMiddleware(auth, { ...http, required: false }), (req, res) => {
    res.json(sessionOf(req.auth))
  })
  app.use(authenticate)
  app.get('/express/me', requireAuth(), (req, res) => {
    res.json(req.user)
  })
  app.get('/express/machines', requirePermission('machine:read'), (_req, res) => {
    res.json([{ id: 7, name: 'till' }])
  })
  app.delete('/express/machines/:id', requirePermission('machine:delete'), (req, res) => {
    res.json({ deleted: req.params.id })
  })
  app.get('/express/reports', authorize(forReports()), (_req, res) => {
    res.json([{ id: 1, title: 'Quarter' }])
  })
  app.get('/express/admin', requireRole('admin'), (_req, res) => {
    res.json({ welcome: true })
  })
  app.use(problemDetails())
  return app
}

/** The same on Koa. */
export function koaApi(auth: Authenticator, http: HttpOptions): RequestListener {
  const { authMiddleware, authRoutes, authorize, problemDetails, requireAuth, requirePermission, requireRole } = onKoa
  const authenticate = authMiddleware(auth, http)
  const page = new Router({ prefix: '/koa' })
  page.get('/session', authMiddleware(auth, { ...http, required: false }), (ctx) => {
    ctx.body = sessionOf(ctx.state.auth)
  })
  const router = new Router({ prefix: '/koa' })
  router.get('/me', requireAuth(), (ctx) => {
    ctx.body = ctx.state.user
  })
  router.get('/machines', requirePermission('machine:read'), (ctx) => {
    ctx.body = [{ id: 7, name: 'till' }]
  })
  router.delete('/machines/:id', requirePermission('machine:delete'), (ctx) => {
    ctx.body = { deleted: ctx.params.id }
  })
  router.get('/reports', authorize(forReports()), (ctx) => {
    ctx.body = [{ id: 1, title: 'Quarter' }]
  })
  router.get('/admin', requireRole('admin'), (ctx) => {
    ctx.body = { welcome: true }
  })
  const app = new Koa()
  app.use(problemDetails())
  app.use(authRoutes(authenticate))
  app.use(page.routes())
  app.use(authenticate)
  app.use(router.routes())
  return app.callback()
}
