// An authorizer of an API gateway, which answers a call of its own.
import assert from 'node:assert/strict'
import { createAuthenticator, isAuthError, readBearer } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'

const authenticator = createAuthenticator({
  providers: [oidc({ issuer: 'https://id.example.com', audience: 'https://api.example.com' })],
})

async function handler({ headers }: { headers: Record<string, string> }): Promise<{ isAuthorized: boolean }> {
  try {
    await authenticator.verify(readBearer(headers.authorization), { headers })
    return { isAuthorized: true }
  } catch (error) {
    if (!isAuthError(error) || error.status >= 500) throw error
    return { isAuthorized: false }
  }
}

void handler({ headers: { authorization: 'Bearer no-token' } }).then((answer) => {
  assert.deepEqual(answer, { isAuthorized: false })
})
