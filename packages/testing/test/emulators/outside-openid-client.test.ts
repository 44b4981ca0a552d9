import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as openid from 'openid-client'
import { createLogtoEmulator, createTestIssuer, type LogtoEmulator, type TestIssuer } from '../../src/index.ts'

const orders = 'https://orders.example.test/api'
const insecure = { execute: [openid.allowInsecureRequests] }

describe('openid-client 6 and the Logto emulator', () => {
  let emulator: LogtoEmulator
  let web: openid.Configuration
  beforeAll(async () => {
    emulator = await createLogtoEmulator({
      resources: [{ indicator: orders, scopes: ['read:orders'] }],
      roles: [{ name: 'service', type: 'MachineToMachine', scopes: { [orders]: ['read:orders'] } }],
      users: [{ id: 'alice', username: 'alice', email: 'alice@example.test' }],
      apps: [
        { id: 'web', type: 'Traditional', secret: 'web-secret' },
        { id: 'm2m', type: 'MachineToMachine', secret: 'm2m-secret', roles: ['service'] },
      ],
    })
    web = await openid.discovery(new URL(emulator.issuer), 'web', 'web-secret', undefined, insecure)
  })
  afterAll(() => emulator.close())

  it.each([
    ['in the body', () => openid.ClientSecretPost('m2m-secret')],
    ['in the header', () => openid.ClientSecretBasic('m2m-secret')],
  ])('gets a machine its token, with the secret %s', async (_, authentication) => {
    const m2m = await openid.discovery(new URL(emulator.issuer), 'm2m', {}, authentication(), insecure)
    const tokens = await openid.clientCredentialsGrant(m2m, { resource: orders, scope: 'read:orders unknown' })
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'read:orders' })
    await expect(openid.clientCredentialsGrant(m2m, {})).rejects.toMatchObject({ error: 'invalid_target', status: 400 })
  })

  it('refreshes, introspects, asks who it is, and revokes', async () => {
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
    const api = await openid.refreshTokenGrant(web, refreshToken, { resource: orders })
    // It verifies the ID token against the JWKS.
    expect(api.claims()).toMatchObject({ sub: 'alice', aud: 'web' })
    const opaque = await openid.refreshTokenGrant(web, refreshToken)
    expect(await openid.tokenIntrospection(web, opaque.access_token)).toMatchObject({ active: true, sub: 'alice' })
    expect(await openid.fetchUserInfo(web, opaque.access_token, 'alice')).toMatchObject({ email: 'alice@example.test' })
    await openid.tokenRevocation(web, refreshToken)
    expect(await openid.tokenIntrospection(web, opaque.access_token)).toEqual({ active: false })
    await expect(openid.refreshTokenGrant(web, refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('is refused with a wrong secret', async () => {
    const wrong = openid.ClientSecretBasic('wrong')
    const m2m = await openid.discovery(new URL(emulator.issuer), 'm2m', {}, wrong, insecure)
    // The challenge is what it reads first.
    await expect(openid.clientCredentialsGrant(m2m, { resource: orders })).rejects.toMatchObject({ status: 401 })
  })
})

describe('openid-client 6 and the test issuer', () => {
  let issuer: TestIssuer
  beforeAll(async () => {
    issuer = await createTestIssuer()
  })
  afterAll(() => issuer.close())

  it('finds it, and gets, refreshes and introspects tokens', async () => {
    const { clientId, clientSecret } = issuer
    const client = await openid.discovery(new URL(issuer.issuer), clientId, clientSecret, undefined, insecure)
    const { access_token: token } = await openid.clientCredentialsGrant(client)
    expect(await openid.tokenIntrospection(client, token)).toMatchObject({ active: true })
    const refreshed = await openid.refreshTokenGrant(client, issuer.refreshTokenFor({ subject: 'alice' }))
    expect(refreshed.refresh_token).toEqual(expect.any(String))
    const opaque = issuer.opaqueTokenFor({ subject: 'alice' })
    expect(await openid.fetchUserInfo(client, opaque, 'alice')).toMatchObject({ sub: 'alice' })
  })
})
