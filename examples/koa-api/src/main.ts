import { oidc } from '@claviger/core/oidc'
import { createApp } from './app.ts'

const { ISSUER, AUDIENCE, PORT = '3000' } = process.env

// An unset variable is refused here, before the first request.
const app = createApp({
  providers: [
    oidc({
      issuer: ISSUER ?? '',
      audience: AUDIENCE ?? '',
      rolesFrom: 'roles',
      permissionsFrom: 'permissions',
    }),
  ],
})

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : PORT}`)
})

process.once('SIGTERM', () => server.close())
