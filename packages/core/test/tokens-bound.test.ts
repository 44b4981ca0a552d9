import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

describe('a token that is bound to its sender', () => {
  let issuer: TestIssuer
  let auth: Authenticator

  beforeAll(async () => {
    issuer = await createTestIssuer()
    const { clientId, clientSecret } = issuer
    const provider = oidc({
      issuer: issuer.issuer,
      audience: issuer.audience,
      introspection: { clientId, clientSecret },
    })
    auth = createAuthenticator({ providers: [provider] })
  })
  afterAll(async () => {
    await auth.close()
    await issuer.close()
  })

  it.each([
    ['by a DPoP key', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
    ['by a certificate', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
    ['in a way nobody knows', { other: true }],
    ['in no way at all', {}],
    ['by something that is no object', 'key'],
    ['by null', null],
  ])('is refused as a bearer token when it is bound %s', async (_, cnf) => {
    const refusal = { code: 'ERR_TOKEN_UNSUPPORTED', status: 401 }
    await expect(auth.verify(issuer.tokenFor({ claims: { cnf } }))).rejects.toMatchObject(refusal)
    await expect(auth.verify(issuer.opaqueTokenFor({ claims: { cnf } }))).rejects.toMatchObject(refusal)
  })

  it('is the exception: others pass', async () => {
    await expect(auth.verify(issuer.tokenFor())).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(issuer.opaqueTokenFor())).resolves.toMatchObject({ user: { id: 'alice' } })
  })
})
