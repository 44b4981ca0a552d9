import { type Authenticator, type AuthenticatorOptions, anyOf, role, scope } from '@claviger/core'
import { authMiddleware, authorize, problemDetails, requirePermission, requireRole } from '@claviger/express'
import express, { type Express } from 'express'

/** The API: who may call what is said at each route. */
export function createApp(auth: AuthenticatorOptions | Authenticator): Express {
  const app = express()
  app.use(authMiddleware(auth))

  app.get('/me', (req, res) => {
    res.json(req.user)
  })
  app.get('/admin', requireRole('admin'), (_req, res) => {
    res.json({ message: 'Welcome to the machine room.' })
  })
  app.delete('/machines/:id', requirePermission('machine:delete'), (req, res) => {
    res.json({ deleted: req.params.id })
  })
  app.get('/reports', authorize(anyOf(role('auditor'), scope('read:reports'))), (_req, res) => {
    res.json([{ id: 1, title: 'Quarter' }])
  })

  app.use(problemDetails())
  return app
}
