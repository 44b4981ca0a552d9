const { anyOf, own, role } = require('@claviger/core')
const { authorize, problemDetails, requireRole } = require('@claviger/express')
const express = require('express')

/** The app. What says who calls is passed in: `authMiddleware(…)` in production, what the test likes in a test. */
function createApp(authenticate) {
  const app = express()
  app.use(authenticate)
  app.get('/me', (req, res) => res.json({ id: req.user.id }))
  app.delete('/articles/:id', requireRole('editor'), (req, res) => res.json({ deleted: req.params.id }))
  app.get(
    '/users/:id/drafts',
    authorize(
      anyOf(
        own((req) => req.params.id),
        role('editor'),
      ),
    ),
    (_req, res) => res.json([]),
  )
  app.use(problemDetails())
  return app
}

module.exports = { createApp }
