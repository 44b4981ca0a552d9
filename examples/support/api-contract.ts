import { createTestIssuer, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Running, startExample } from './start-example.ts'

/** What every API example answers, started as a process of its own against a test issuer. */
export function describeApi(main: string): void {
  let issuer: TestIssuer
  let app: Running

  beforeAll(async () => {
    issuer = await createTestIssuer()
    app = await startExample(main, {
      ISSUER: issuer.issuer,
      AUDIENCE: issuer.audience,
    })
  }, 60_000)

  afterAll(async () => {
    await app?.stop()
    await issuer?.close()
  })

  async function call(method: string, path: string, who?: TokenOptions): Promise<Response> {
    const headers = who === undefined ? {} : { authorization: `Bearer ${issuer.tokenFor(who)}` }
    return fetch(app.url + path, { method, headers })
  }

  it('tells who calls', async () => {
    const response = await call('GET', '/me', { subject: 'alice', roles: ['admin'] })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      id: 'alice',
      provider: 'oidc',
      issuer: issuer.issuer,
      roles: [{ name: 'admin' }],
    })
  })

  it.each<[string, string, TokenOptions | undefined, number]>([
    ['GET', '/me', undefined, 401],
    ['GET', '/me', { expiresIn: -60 }, 401],
    ['GET', '/admin', { roles: ['admin'] }, 200],
    ['GET', '/admin', { roles: ['administrator'] }, 403],
    ['DELETE', '/machines/7', { permissions: ['machine:delete'] }, 200],
    ['DELETE', '/machines/7', { permissions: ['machine:read'] }, 403],
    ['GET', '/reports', { roles: ['auditor'] }, 200],
    ['GET', '/reports', { scopes: ['read:reports'] }, 200],
    ['GET', '/reports', { scopes: ['read'] }, 403],
  ])('answers %s %s for %j with %i', async (method, path, who, status) => {
    const response = await call(method, path, who)
    expect(response.status).toBe(status)
    if (status !== 200) expect(response.headers.get('content-type')).toContain('application/problem+json')
  })
}
