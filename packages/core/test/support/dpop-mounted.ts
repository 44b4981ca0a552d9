import type { RequestListener } from 'node:http'
import { createDpopProof, createTestIssuer, createTestKey } from '@claviger/testing'
import { expect } from '@jest/globals'
import type { MiddlewareOptions } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { serve } from './adapter-app.ts'

/**
 * Sends proofs to an app that is mounted below `/v1`: taken is the one for the whole address.
 * @param mount - Makes it with these options of the middleware; it answers `/orders` with who calls.
 */
export async function expectProofsOfTheWholeAddress(
  mount: (options: MiddlewareOptions) => RequestListener,
): Promise<void> {
  await using issuer = await createTestIssuer()
  const key = await createTestKey('ES256')
  const providers = [oidc({ issuer: issuer.issuer, audience: issuer.audience })]
  const app = await serve({ at: (origin) => mount({ providers, dpop: { baseUrl: origin } }) })
  try {
    const accessToken = issuer.tokenFor({ boundTo: key })
    const call = (url: string) => {
      const headers = { Authorization: `DPoP ${accessToken}`, DPoP: createDpopProof({ key, url, accessToken }) }
      return app.call('/v1/orders', { headers })
    }
    expect((await call(`${app.origin}/orders`)).status).toBe(401)
    expect((await call(`${app.origin}/v1/orders`)).json()).toMatchObject({ id: 'alice' })
  } finally {
    await app.close()
  }
}
