import { createHmac } from 'node:crypto'
import type { LogtoEmulator, LogtoEndpoint } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator, type Provider } from '../src/index.ts'
import { createLogtoWebhook, type LogtoOptions, logto } from '../src/providers/logto/index.ts'
import { documented } from './support/documented.ts'
import { clientOf, createTenants, orders } from './support/logto-tenant.ts'
import { contextOf } from './support/provider-context.ts'

const tenants = createTenants()
const open: Authenticator[] = []
let emulator: LogtoEmulator
beforeAll(async () => {
  // 1.42 ends the whole grant with an opaque token.
  emulator = await tenants.start({ version: '1.41' })
})
afterAll(async () => {
  for (const auth of open) await auth.close()
  await tenants.close()
})

const web = { clientId: 'web', clientSecret: 'web-secret' }
const providerOf = (options: Partial<LogtoOptions> = {}): Provider =>
  logto({ endpoint: emulator.endpoint, audience: orders, client: web, ...options })

function authOf(options?: Partial<LogtoOptions>): Authenticator {
  const auth = createAuthenticator({ providers: [providerOf(options)] })
  open.push(auth)
  return auth
}

const alice = expect.objectContaining({ id: 'alice', provider: 'logto' })

interface Row {
  readonly theirs: string
  readonly ours: string
  readonly endpoint?: LogtoEndpoint
  readonly call: () => Promise<unknown>
  readonly answer: unknown
}

const rows: readonly Row[] = [
  {
    theirs: 'GET jwks',
    ours: 'auth.verify',
    endpoint: 'jwks',
    call: async () => (await authOf().verify(await emulator.tokenFor('alice', { resource: orders }))).user,
    answer: alice,
  },
  {
    theirs: 'POST token, client_credentials',
    ours: 'client.tokens.get',
    endpoint: 'token',
    call: () => clientOf(emulator).tokens.get({ resource: orders, scopes: ['read:orders'] }),
    answer: expect.objectContaining({ scopes: ['read:orders'] }),
  },
  {
    theirs: 'POST token, refresh_token',
    ours: 'auth.refresh',
    endpoint: 'token',
    call: async () => {
      const { accessToken, refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
      return authOf().refresh({ provider: 'logto', accessToken, refreshToken })
    },
    answer: expect.objectContaining({ outcome: 'refreshed' }),
  },
  {
    theirs: 'POST token, token-exchange',
    ours: 'client.tokens.exchange',
    endpoint: 'token',
    call: () => {
      const client = clientOf(emulator, { clientId: 'web2', clientSecret: 'web2-secret' })
      return client.tokens.exchange({ subjectToken: emulator.subjectTokenFor('alice'), resource: orders })
    },
    answer: expect.objectContaining({ expiresIn: 3600 }),
  },
  {
    theirs: 'POST token/introspection',
    ours: 'auth.verify with opaque: { clientId, clientSecret }',
    endpoint: 'introspection',
    call: async () => (await authOf({ opaque: web }).verify((await emulator.signIn('alice')).accessToken)).user,
    answer: alice,
  },
  {
    theirs: 'GET me',
    ours: 'auth.verify with opaque: { userinfo: true }',
    endpoint: 'userinfo',
    call: async () =>
      (await authOf({ opaque: { userinfo: true } }).verify((await emulator.signIn('alice')).accessToken)).user,
    answer: expect.objectContaining({ id: 'alice', email: 'alice@example.test' }),
  },
  {
    theirs: 'POST token/revocation of an opaque token',
    ours: 'auth.revoke',
    endpoint: 'revocation',
    call: async () => {
      const { accessToken } = await emulator.signIn('alice', { app: 'web' })
      await authOf({ opaque: web }).revoke({ token: accessToken })
      return authOf({ opaque: web })
        .verify(accessToken)
        .catch(({ code }) => code)
    },
    answer: 'ERR_TOKEN_INACTIVE',
  },
  {
    theirs: 'POST token/revocation of a refresh token',
    ours: 'provider.revoke',
    endpoint: 'revocation',
    call: async () => {
      const { accessToken, refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
      const provider = providerOf()
      await provider.revoke?.({ kind: 'refreshToken', token: refreshToken }, contextOf(provider, { timeout: 5 }))
      return authOf().refresh({ provider: 'logto', accessToken, refreshToken })
    },
    answer: expect.objectContaining({ outcome: 'rejected' }),
  },
  {
    theirs: 'logto-signature-sha-256',
    ours: 'createLogtoWebhook',
    call: async () => {
      const auth = authOf()
      const token = await emulator.tokenFor('alice', { resource: orders })
      const createdAt = new Date().toISOString()
      const rawBody = JSON.stringify({ event: 'User.Deleted', createdAt, data: { id: 'alice' }, hookId: 'h' })
      const signature = createHmac('sha256', 'key').update(rawBody).digest('hex')
      await createLogtoWebhook({ signingKey: 'key', auth })({
        headers: { 'logto-signature-sha-256': signature },
        rawBody,
      })
      return auth.verify(token).catch(({ code }) => code)
    },
    answer: 'ERR_TOKEN_REVOKED',
  },
]

describe('operations of the OpenID side of Logto', () => {
  it('are nine', () => expect(rows.map(({ theirs }) => theirs)).toEqual(documented['the OpenID side of Logto']))

  it.each(rows)('$theirs is $ours', async ({ endpoint, call, answer }) => {
    emulator.resetCounts()
    expect(await call()).toEqual(answer)
    if (endpoint !== undefined) expect(emulator.requests(endpoint)).toBeGreaterThan(0)
  })
})
