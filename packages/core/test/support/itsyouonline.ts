import {
  createItsYouOnlineEmulator,
  createTestClock,
  type ItsYouOnlineEmulator,
  type ItsYouOnlineEmulatorOptions,
  type TestClock,
} from '@claviger/testing'
import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import type { ClientOptions } from '../../src/client-options.ts'
import {
  createItsYouOnlineClient,
  type ItsYouOnlineClient,
  type ItsYouOnlineCredentials,
} from '../../src/providers/itsyouonline/index.ts'

/** A provider on loopback whose time a test moves, and a client of ann's. */
export interface ItsYouOnlineStage {
  readonly clock: TestClock
  /** Seconds since the epoch. */
  now(): number
  readonly provider: ItsYouOnlineEmulator
  /** A new one for each test. */
  readonly client: ItsYouOnlineClient
  clientOf(credentials: ItsYouOnlineCredentials, options?: ClientOptions): ItsYouOnlineClient
}

/** Sets the stage for the tests of a file. */
export function stageItsYouOnline(options: ItsYouOnlineEmulatorOptions = {}): ItsYouOnlineStage {
  const clock = createTestClock()
  let provider: ItsYouOnlineEmulator
  let client: ItsYouOnlineClient

  const clientOf = (credentials: ItsYouOnlineCredentials, more: ClientOptions = {}) =>
    createItsYouOnlineClient({ ...credentials, baseUrl: provider.url, clock, retries: 0, ...more })

  beforeAll(async () => {
    provider = await createItsYouOnlineEmulator({ clock, ...options })
  })
  afterAll(() => provider.close())
  beforeEach(() => {
    provider.heal()
    provider.resetCounts()
    client = clientOf(provider.user)
  })

  return {
    clock,
    now: () => clock.now() / 1000,
    get provider() {
      return provider
    },
    get client() {
      return client
    },
    clientOf,
  }
}

/** What a JWT says, unverified. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}
