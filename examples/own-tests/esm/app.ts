import { anyOf, own, role } from '@claviger/core'
import { authorize, type Middleware, problemDetails, requireRole } from '@claviger/express'
import express, { type Express, type Request } from 'express'

/** The app. What says who calls is passed in: `authMiddleware(…)` in production, what the test likes in a test. */
export function createApp(authenticate: Middleware): Express {
  const app = express()
  app.use(authenticate)
  app.get('/me', (req, res) => {
    res.json({ id: req.user?.id })
  })
  app.delete('/articles/:id', requireRole('editor'), (req, res) => {
    res.json({ deleted: req.params.id })
  })
  app.get(
    '/users/:id/drafts',
    authorize(
      anyOf(
        own((req: Request) => req.params.id),
        role('editor'),
      ),
    ),
    (_req, res) => {
      res.json([])
    },
  )
  app.use(problemDetails())
  return app
}
