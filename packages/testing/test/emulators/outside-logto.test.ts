import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createManagementApi } from '@logto/api/management'
import { createLogtoEmulator, type LogtoEmulator, type LogtoVersion } from '../../src/index.ts'

interface NodeClient {
  getIdTokenClaims(): Promise<object>
  getAccessToken(resource: string): Promise<string>
  getAccessTokenClaims(resource: string): Promise<object>
  getOrganizationToken(id: string): Promise<string>
  getOrganizationTokenClaims(id: string): Promise<object>
  fetchUserInfo(): Promise<object>
  signOut(redirectUri: string): Promise<void>
}
interface Adapter {
  navigate(url: string): void
  storage: {
    getItem(key: string): Promise<string | null>
    setItem(key: string, value: string): Promise<void>
    removeItem(key: string): Promise<void>
  }
}
// Its types give a `user` of their own to every request of Node's, in the whole program.
const untyped: string = '@logto/node'
const { default: LogtoClient }: { default: new (config: object, adapter: Adapter) => NodeClient } = await import(
  untyped
)

const orders = 'https://orders.example.test/api'
let emulator: LogtoEmulator
const start = async (version: LogtoVersion) => {
  emulator = await createLogtoEmulator({
    version,
    resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'] }],
    roles: [{ name: 'order-viewer', scopes: { [orders]: ['read:orders'] } }],
    organizationRoles: [{ name: 'org-admin', scopes: ['manage:members'] }],
    organizations: [{ id: 'acme', name: 'Acme' }],
    users: [
      {
        id: 'alice',
        username: 'alice',
        email: 'alice@example.test',
        roles: ['order-viewer'],
        organizations: { acme: ['org-admin'] },
      },
    ],
    apps: [
      { id: 'web', type: 'Traditional', secret: 'web-secret' },
      { id: 'm2m', type: 'MachineToMachine', secret: 'm2m-secret', roles: ['Logto Management API access'] },
    ],
  })
}
beforeEach(() => start('1.42'))
afterEach(async () => {
  jest.restoreAllMocks()
  await emulator.close()
})

describe('the vendor’s own client of the Management API, @logto/api 1.42.0', () => {
  const managementOf = ({ endpoint: baseUrl, managementResource: apiIndicator }: LogtoEmulator, clientSecret: string) =>
    createManagementApi('default', { clientId: 'm2m', clientSecret, baseUrl, apiIndicator })

  it('gets its token, and one for all calls', async () => {
    const { apiClient, clientCredentials } = managementOf(emulator, 'm2m-secret')
    const { data: users, response } = await apiClient.GET('/api/users', { params: { query: { page_size: 5 } } })
    expect(users).toMatchObject([{ id: 'alice', primaryEmail: 'alice@example.test', isSuspended: false }])
    expect(response.headers.get('total-number')).toBe('1')
    expect(await clientCredentials.getAccessToken()).toMatchObject({ scope: 'all' })
    expect(emulator.requests('token')).toBe(1)
  })

  it('reads and changes what it is made for', async () => {
    const { apiClient } = managementOf(emulator, 'm2m-secret')
    const alice = { params: { path: { userId: 'alice' } } }
    const { data: roles = [] } = await apiClient.GET('/api/users/{userId}/roles', alice)
    expect(roles).toMatchObject([{ name: 'order-viewer', type: 'User' }])
    const { data: made } = await apiClient.POST('/api/roles', {
      body: { name: 'clerk', description: 'A clerk.', type: 'User' },
    })
    await apiClient.POST('/api/users/{userId}/roles', { ...alice, body: { roleIds: [made?.id ?? ''] } })
    const { data: now = [] } = await apiClient.GET('/api/users/{userId}/roles', alice)
    expect(now.map(({ name }) => name)).toEqual(['order-viewer', 'clerk'])
    const { data: suspended } = await apiClient.PATCH('/api/users/{userId}/is-suspended', {
      ...alice,
      body: { isSuspended: true },
    })
    expect(suspended).toMatchObject({ id: 'alice', isSuspended: true })
    const missing = await apiClient.GET('/api/users/{userId}', { params: { path: { userId: 'nobody' } } })
    expect(missing.response.status).toBe(404)
    expect(missing.error).toMatchObject({ code: 'entity.not_found' })
  })

  it('is refused with a wrong secret', async () => {
    const { apiClient } = managementOf(emulator, 'wrong')
    await expect(apiClient.GET('/api/users', {})).rejects.toThrow('401')
  })
})

describe.each(['1.42', '1.41'] as const)(
  'the vendor’s own client of apps, @logto/node 3.1.11, and Logto %s',
  (version) => {
    beforeEach(async () => {
      // It prints what it is refused.
      jest.spyOn(console, 'error').mockImplementation(() => {})
      await emulator.close()
      await start(version)
    })

    /** The client in an app whose user signed in before. */
    async function clientOf(more: { scopes?: string[] } = {}) {
      const session = await emulator.signIn('alice', { app: 'web' })
      const stored = new Map<string, string>([
        ['idToken', session.idToken ?? ''],
        ['refreshToken', session.refreshToken ?? ''],
      ])
      const visited: string[] = []
      const config = {
        endpoint: emulator.endpoint,
        appId: 'web',
        appSecret: 'web-secret',
        resources: [orders],
        ...more,
      }
      const client = new LogtoClient(config, {
        navigate: (url) => void visited.push(url),
        storage: {
          getItem: async (key) => stored.get(key) ?? null,
          setItem: async (key, value) => void stored.set(key, value),
          removeItem: async (key) => void stored.delete(key),
        },
      })
      return { client, stored, visited }
    }

    it('finds the endpoints, and refreshes for the API', async () => {
      const { client } = await clientOf()
      expect(await client.getIdTokenClaims()).toMatchObject({ sub: 'alice', aud: 'web' })
      const token = await client.getAccessToken(orders)
      expect(await client.getAccessToken(orders)).toBe(token)
      expect(await client.getAccessTokenClaims(orders)).toMatchObject({
        iss: emulator.issuer,
        aud: orders,
        sub: 'alice',
        scope: 'read:orders',
      })
      expect([emulator.requests('discovery'), emulator.requests('token')]).toEqual([1, 1])
    })

    it('verifies the ID token that a refresh brings', async () => {
      const { client, stored } = await clientOf()
      const before = stored.get('refreshToken')
      await client.getAccessToken(orders)
      expect(emulator.requests('jwks')).toBe(1)
      // A confidential app keeps its refresh token until 70 % of its life is over.
      expect(stored.get('refreshToken')).toBe(before)
    })

    it('gets tokens of an organization', async () => {
      const { client } = await clientOf({ scopes: ['urn:logto:scope:organizations'] })
      expect(await client.getOrganizationTokenClaims('acme')).toMatchObject({
        aud: 'urn:logto:organization:acme',
        scope: 'manage:members',
      })
      await expect(client.getOrganizationToken('other')).rejects.toMatchObject({ code: 'oidc.access_denied' })
    })

    it('asks who the user is', async () => {
      const { client } = await clientOf()
      expect(await client.fetchUserInfo()).toMatchObject({
        sub: 'alice',
        email: 'alice@example.test',
        roles: ['order-viewer'],
      })
    })

    it('learns that a suspended user is out', async () => {
      const { client } = await clientOf()
      emulator.suspend('alice')
      await expect(client.getAccessToken(orders)).rejects.toMatchObject({ code: 'oidc.invalid_grant' })
    })

    it('revokes the refresh token and goes to the end of the session', async () => {
      const { client, stored, visited } = await clientOf()
      const refreshToken = stored.get('refreshToken') ?? ''
      await client.signOut('http://127.0.0.1:3535/')
      expect(emulator.requests('revocation')).toBe(1)
      expect(visited).toEqual([expect.stringContaining(`${emulator.issuer}/session/end?client_id=web`)])
      expect(stored.size).toBe(0)
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'web' })
      body.set('client_secret', 'web-secret')
      expect((await fetch(`${emulator.issuer}/token`, { method: 'POST', body })).status).toBe(400)
    })
  },
)
