import { createTestClock, createTrustAuthXEmulator, type TrustAuthXEmulatorOptions } from '@claviger/testing'
import { type AuthenticatorOptions, createAuthenticator } from '../../src/index.ts'
import { createTrustAuthXClient, type TrustAuthXClientOptions } from '../../src/providers/trustauthx/client.ts'
import { type TrustAuthXOptions, trustAuthX } from '../../src/providers/trustauthx/index.ts'

/** An organization with two roles and two users. Alice edits machines, Bob has no role. */
export async function createStage(options: TrustAuthXEmulatorOptions = {}) {
  const clock = createTestClock()
  const emulator = await createTrustAuthXEmulator({
    clock,
    roles: [
      { name: 'editor', permissions: [{ machine: 'delete' }, { machine: 'start' }] },
      { name: 'viewer', permissions: [{ machine: 'read' }] },
    ],
    users: [
      { uid: 'alice', email: 'alice@example.com', name: 'Alice', roles: ['editor'] },
      { uid: 'bob', email: 'bob@example.com', name: 'Bob' },
    ],
    ...options,
  })
  const { apiKey, secretKey, orgId, url } = emulator
  const credentials = { apiKey, secretKey, orgId, apiBaseUrl: url }
  return {
    clock,
    emulator,
    credentials,
    provider: (more: Partial<TrustAuthXOptions> = {}) => trustAuthX({ ...credentials, ...more }),
    authenticator: (more: Partial<TrustAuthXOptions> = {}, rest: Partial<AuthenticatorOptions> = {}) =>
      createAuthenticator({ providers: [trustAuthX({ ...credentials, ...more })], clock, ...rest }),
    client: (more: Partial<TrustAuthXClientOptions> = {}) =>
      createTrustAuthXClient({ ...credentials, loginUrl: emulator.loginUrl, clock, retries: 0, ...more }),
  }
}

export type Stage = Awaited<ReturnType<typeof createStage>>
