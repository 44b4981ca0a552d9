import {
  createItsYouOnlineEmulator,
  createOpenvCloudEmulator,
  createTestClock,
  type ItsYouOnlineEmulator,
  type OpenvCloudEmulator,
} from '@claviger/testing'
import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import type { ClientOptions } from '../../src/client-options.ts'
import {
  createOpenvCloudClient,
  type OpenvCloudClient,
  type OpenvCloudCredentials,
} from '../../src/providers/openvcloud/index.ts'

/** An environment and ItsYou.online on loopback, whose time a test moves, and a client of `ann`'s. */
export interface OpenvCloudStage {
  readonly clock: ReturnType<typeof createTestClock>
  /** With an account of `ann`'s; a new one for each test. */
  readonly portal: OpenvCloudEmulator
  readonly iyo: ItsYouOnlineEmulator
  readonly client: OpenvCloudClient
  clientOf(credentials: OpenvCloudCredentials, options?: ClientOptions & { checkAnswers?: boolean }): OpenvCloudClient
}

/** Sets the stage for the tests of a file. */
export function stageOpenvCloud(): OpenvCloudStage {
  const clock = createTestClock()
  let portal: OpenvCloudEmulator
  let iyo: ItsYouOnlineEmulator
  let client: OpenvCloudClient

  const clientOf: OpenvCloudStage['clientOf'] = (credentials, more = {}) =>
    createOpenvCloudClient({ ...credentials, baseUrl: portal.url, clock, retries: 0, timeout: 5, ...more })

  beforeAll(async () => {
    iyo = await createItsYouOnlineEmulator({ clock })
  })
  beforeEach(async () => {
    await portal?.close()
    portal = await createOpenvCloudEmulator({ clock, jwtKey: iyo.publicJwk })
    iyo.heal()
    client = clientOf(portal.user)
  })
  afterAll(async () => {
    await Promise.all([portal.close(), iyo.close()])
  })

  return {
    clock,
    get portal() {
      return portal
    },
    get iyo() {
      return iyo
    },
    get client() {
      return client
    },
    clientOf,
  }
}
