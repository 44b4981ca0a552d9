import { oidc } from '@claviger/core/oidc'
import { createApp } from './app.ts'

const { ISSUER = '', AUDIENCE = '', PORT = '3000' } = process.env

const server = createApp({ providers: [oidc({ issuer: ISSUER, audience: AUDIENCE, rolesFrom: 'roles' })] })

server.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : PORT}`)
})

process.once('SIGTERM', () => process.exit())
