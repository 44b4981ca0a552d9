import { createAuthenticator } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { createRedisRevocationList } from '@claviger/core/redis'
import { authMiddleware, problemDetails, requireRole } from '@claviger/express'
import express from 'express'
import { createClient } from 'redis'

const { ISSUER = '', AUDIENCE = '', REDIS_URL = '', PORT = '3000' } = process.env

// Each process holds the whole list and follows a stream: a request asks without network.
const revocations = createRedisRevocationList({ client: createClient({ url: REDIS_URL }) })
const auth = createAuthenticator({
  providers: [oidc({ issuer: ISSUER, audience: AUDIENCE, rolesFrom: 'roles' })],
  revocations,
})

const app = express()
app.get('/health', (_req, res) => {
  const { state, size, lag } = revocations.health?.() ?? {}
  res.json({ process: process.pid, state, size, lag })
})
app.use(authMiddleware(auth))
app.get('/me', (req, res) => {
  res.json({ process: process.pid, user: req.user?.id })
})
app.post('/users/:id/sign-out', requireRole('admin'), async (req, res) => {
  // Resolves when Redis has it; the others know a moment later.
  await auth.revoke({ subject: req.params.id ?? '', provider: 'oidc' })
  res.sendStatus(204)
})
app.use(problemDetails())

// A process that does not know yet what has been revoked would answer 503: it takes requests when it knows.
await auth.ready()
const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : PORT}`)
})

// Who is under way still gets an answer.
process.once('SIGTERM', () => server.close(() => void auth.close()))
