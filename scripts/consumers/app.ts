import { anyOf, check, createAuthenticator, role, scope, type User, type VerifiedToken } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { authMiddleware, authorize, problemDetails, requirePermission, requireRole } from '@claviger/express'
import * as onKoa from '@claviger/koa'
import express from 'express'
import Koa from 'koa'

// What an app adds to users, for requests and guards alike.
declare module '@claviger/core' {
  interface User {
    plan?: 'free' | 'paid'
  }
}
export const onlyPaid = authorize(check(({ user }) => user.plan === 'paid', 'paid'))
export const planOf = (req: express.Request) => req.user?.plan

const authenticator = createAuthenticator({
  providers: [oidc({ issuer: 'https://id.example.com', audience: 'https://api.example.com' })],
})

export const expressApp = express()
expressApp.use(authMiddleware(authenticator))
expressApp.get('/me', (req, res) => {
  const user: User | undefined = req.user
  const token: VerifiedToken | undefined = req.auth
  res.json({ user, expiresAt: token?.expiresAt })
})
expressApp.get('/admin', requireRole('admin'), requirePermission('machine:delete'), (_req, res) => {
  res.sendStatus(204)
})
expressApp.get('/reports', authorize(anyOf(role('auditor'), scope('read:reports'))), (_req, res) => {
  res.json([])
})
expressApp.use(problemDetails())

export const koaApp = new Koa()
koaApp.use(onKoa.problemDetails())
koaApp.use(onKoa.authMiddleware(authenticator))
koaApp.use(onKoa.requireRole('admin'))
koaApp.use((ctx) => {
  const user: User | undefined = ctx.state.user
  ctx.body = user
})
