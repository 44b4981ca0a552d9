import { createLogtoEmulator, createTestIssuer } from '@claviger/testing'
import { logto } from '../src/providers/logto/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { describeProvider, tampered } from './support/provider-contract.ts'

describeProvider('oidc', async () => {
  const issuer = await createTestIssuer()
  const other = await createTestIssuer()
  return {
    provider: oidc({ issuer: issuer.issuer, audience: issuer.audience, jwksUri: issuer.jwksUri }),
    id: 'alice',
    good: () => issuer.tokenFor({ subject: 'alice' }),
    bad: {
      expired: () => issuer.tokenFor({ expiresIn: -60 }),
      tampered: () => tampered(issuer.tokenFor()),
      foreignIssuer: () => other.tokenFor(),
      foreignAudience: () => issuer.tokenFor({ audience: 'https://other.example.test' }),
      wrongKind: () => issuer.idTokenFor(),
    },
    fail: (fault) => issuer.fail('jwks', fault),
    heal: () => issuer.heal(),
    close: async () => {
      await Promise.all([issuer.close(), other.close()])
    },
  }
})

describeProvider('oidc, opaque tokens', async () => {
  const issuer = await createTestIssuer()
  const { clientId, clientSecret, introspectionEndpoint: endpoint } = issuer
  return {
    provider: oidc({
      issuer: issuer.issuer,
      audience: issuer.audience,
      introspection: { clientId, clientSecret, endpoint },
    }),
    id: 'alice',
    good: () => issuer.opaqueTokenFor({ subject: 'alice' }),
    bad: {
      expired: () => issuer.opaqueTokenFor({ expiresIn: -60 }),
      tampered: () => tampered(issuer.opaqueTokenFor()),
      foreignIssuer: () => 'an-opaque-token-of-somebody-else',
      foreignAudience: () => issuer.opaqueTokenFor({ audience: 'https://other.example.test' }),
      wrongKind: () => issuer.refreshTokenFor(),
    },
    fail: (fault) => issuer.fail('introspection', fault),
    heal: () => issuer.heal(),
    close: () => issuer.close(),
  }
})

const api = 'https://orders.example.test/api'

describeProvider('logto', async () => {
  const tenant = await createLogtoEmulator({
    resources: [
      { indicator: api, scopes: ['read:orders'] },
      { indicator: `${api}/other`, scopes: [] },
      { indicator: `${api}/short`, scopes: [], accessTokenTtl: -60 },
    ],
    users: [{ id: 'alice', username: 'alice' }],
    apps: [{ id: 'web', type: 'Traditional' }],
  })
  const other = await createLogtoEmulator({
    resources: [{ indicator: api, scopes: [] }],
    users: [{ id: 'alice', username: 'alice' }],
    apps: [{ id: 'web', type: 'Traditional' }],
  })
  return {
    provider: logto({ endpoint: tenant.endpoint, audience: [api, `${api}/short`] }),
    id: 'alice',
    good: () => tenant.tokenFor('alice', { resource: api }),
    bad: {
      expired: () => tenant.tokenFor('alice', { resource: `${api}/short` }),
      tampered: async () => tampered(await tenant.tokenFor('alice', { resource: api })),
      foreignIssuer: () => other.tokenFor('alice', { resource: api }),
      foreignAudience: () => tenant.tokenFor('alice', { resource: `${api}/other` }),
      wrongKind: async () => (await tenant.signIn('alice')).idToken ?? '',
    },
    fail: (fault) => tenant.fail('jwks', fault),
    heal: () => tenant.heal(),
    close: async () => {
      await Promise.all([tenant.close(), other.close()])
    },
  }
})
