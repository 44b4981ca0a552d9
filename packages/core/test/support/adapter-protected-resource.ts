import { describe, expect, it } from '@jest/globals'
import type { Stage } from './adapter-stage.ts'

const path = '/.well-known/oauth-protected-resource'

/** The part of the contract about clients that do not know the API yet. */
export function describeProtectedResource(stage: Stage): void {
  describe('the metadata of the API', () => {
    it('is found from the first refusal, also by a page of another origin, and says where to get a token', async () => {
      const authenticator = stage.authenticatorFor(stage.issuer)
      const options = { resource: stage.issuer.audience, scopesSupported: ['read', 'write'] }
      const resourceMetadata = `https://api.example.com${path}`
      const app = await stage.start({ http: { resourceMetadata }, resource: { authenticator, options } })
      const refused = await app.call('/me')
      expect(refused.status).toBe(401)
      expect(refused.headers.get('WWW-Authenticate')).toBe(
        `Bearer realm="api", resource_metadata="${resourceMetadata}"`,
      )

      const answer = await app.call(path)
      expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'application/json'])
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(answer.json()).toEqual({
        resource: stage.issuer.audience,
        authorization_servers: [stage.issuer.issuer],
        scopes_supported: ['read', 'write'],
      })
      expect(await app.call(path, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })

      const preflight = await app.call(path, { method: 'OPTIONS', headers: { Origin: 'https://page.example' } })
      expect([preflight.status, preflight.body]).toEqual([204, ''])
      expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe('*')
      expect(preflight.headers.get('Access-Control-Allow-Methods')).toBe('GET, HEAD, OPTIONS')

      const posted = await app.call(path, { method: 'POST' })
      expect([posted.status, posted.headers.get('Allow'), posted.body]).toEqual([405, 'GET, HEAD, OPTIONS', ''])
      await authenticator.close()
    })
  })
}
