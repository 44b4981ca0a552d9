import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose'
import { createDpopProof, createTestIssuer, createTestKey, type TestIssuer } from '../src/index.ts'

describe('a token that is bound to a key', () => {
  let issuer: TestIssuer
  beforeAll(async () => {
    issuer = await createTestIssuer()
  })
  afterAll(() => issuer.close())

  it.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'RS256'] as const)('names its thumbprint: %s', async (alg) => {
    const key = await createTestKey(alg)
    const jkt = await calculateJwkThumbprint(key.publicJwk as { kty: string })
    expect(decodeJwt(issuer.tokenFor({ boundTo: key })).cnf).toEqual({ jkt })
  })

  it('is introspected as one', async () => {
    const key = await createTestKey('ES256')
    const token = issuer.opaqueTokenFor({ boundTo: key })
    const { clientId: client_id, clientSecret: client_secret } = issuer
    const body = new URLSearchParams({ token, client_id, client_secret })
    const response = await fetch(issuer.introspectionEndpoint, { method: 'POST', body })
    expect(await response.json()).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: expect.any(String) } })
  })
})

describe('a proof', () => {
  it.each(['ES256', 'EdDSA', 'RS256'] as const)('is signed with the key that it shows: %s', async (alg) => {
    const key = await createTestKey(alg)
    const proof = createDpopProof({
      key,
      url: 'https://api.example.test/orders?page=2#top',
      accessToken: 'a',
      nonce: 'n',
    })
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', maxTokenAge: 60 })
    expect(payload).toEqual({
      jti: expect.any(String),
      htm: 'GET',
      htu: 'https://api.example.test/orders',
      iat: expect.any(Number),
      ath: createHash('sha256').update('a').digest('base64url'),
      nonce: 'n',
    })
    expect(Object.keys(protectedHeader.jwk ?? {})).not.toContain('d')
    expect(protectedHeader.jwk).not.toHaveProperty('kid')
  })

  it('is what the test makes of it, and each is another', async () => {
    const key = await createTestKey('ES256')
    const url = new URL('https://api.example.test/')
    const [first, second] = [createDpopProof({ key, url }), createDpopProof({ key, url })]
    expect(decodeJwt(first).jti).not.toBe(decodeJwt(second).jti)
    const claims = { htm: undefined, more: 1 }
    expect(decodeJwt(createDpopProof({ key, url, method: 'PUT', issuedAt: 7, claims }))).toEqual({
      jti: expect.any(String),
      htu: 'https://api.example.test/',
      iat: 7,
      more: 1,
    })
  })
})
