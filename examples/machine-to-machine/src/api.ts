import { logto } from '@claviger/core/logto'
import { authMiddleware, problemDetails, requireScope } from '@claviger/express'
import express from 'express'

const { LOGTO_ENDPOINT = '', API_RESOURCE = '', PORT = '3000' } = process.env

const app = express()
app.use(authMiddleware({ providers: [logto({ endpoint: LOGTO_ENDPOINT, audience: API_RESOURCE })] }))
app.post('/reviews', requireScope('write:reviews'), express.json(), (req, res) => {
  // A machine is a user like any other: its id is that of the application.
  res.status(201).json({ from: req.user?.id, reviewed: req.body })
})
app.use(problemDetails())

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : PORT}`)
})

process.once('SIGTERM', () => server.close())
