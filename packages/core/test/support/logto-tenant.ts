import { createLogtoEmulator, type LogtoEmulator, type LogtoEmulatorOptions } from '@claviger/testing'
import { createLogtoClient, type LogtoClient, type LogtoClientOptions } from '../../src/providers/logto/index.ts'

export const orders = 'https://orders.example.test/api'

/** A tenant with an API, an organization, a user and apps of each kind. */
export const tenant: LogtoEmulatorOptions = {
  resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'] }],
  roles: [
    { name: 'order-viewer', scopes: { [orders]: ['read:orders'] } },
    { name: 'order-service', type: 'MachineToMachine', scopes: { [orders]: ['read:orders'] } },
  ],
  organizationRoles: [
    { name: 'org-admin', scopes: ['manage:members'], resourceScopes: { [orders]: ['write:orders'] } },
  ],
  organizations: [{ id: 'acme', name: 'Acme' }],
  users: [
    {
      id: 'alice',
      username: 'alice',
      name: 'Alice',
      email: 'alice@example.test',
      roles: ['order-viewer'],
      organizations: { acme: ['org-admin'] },
    },
    { id: 'bob', username: 'bob' },
  ],
  apps: [
    { id: 'web', type: 'Traditional', secret: 'web-secret' },
    { id: 'web2', type: 'Traditional', secret: 'web2-secret', allowTokenExchange: true },
    { id: 'spa', type: 'SPA' },
    {
      id: 'm2m',
      type: 'MachineToMachine',
      secret: 'm2m-secret',
      roles: ['Logto Management API access', 'order-service'],
      organizations: { acme: ['org-admin'] },
    },
    { id: 'weak', type: 'MachineToMachine', secret: 'weak-secret', roles: ['order-service'] },
  ],
}

/** Starts tenants and ends them after the test. */
export function createTenants() {
  const ends: (() => Promise<unknown>)[] = []
  return {
    async start(options: LogtoEmulatorOptions = {}): Promise<LogtoEmulator> {
      const emulator = await createLogtoEmulator({ ...tenant, ...options })
      ends.push(() => emulator.close())
      return emulator
    },
    async close(): Promise<void> {
      for (const end of ends.splice(0).reverse()) await end()
    },
  }
}

/** A client of the app that may use the Management API. */
export function clientOf({ endpoint }: LogtoEmulator, options: Partial<LogtoClientOptions> = {}): LogtoClient {
  return createLogtoClient({ endpoint, clientId: 'm2m', clientSecret: 'm2m-secret', retries: 0, ...options })
}
