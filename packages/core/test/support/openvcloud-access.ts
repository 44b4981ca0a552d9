import {
  createItsYouOnlineEmulator,
  createOpenvCloudEmulator,
  createTestClock,
  type ItsYouOnlineEmulator,
  type OpenvCloudEmulator,
  type TestClock,
} from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import { type Authenticator, createAuthenticator, createGuard, type Predicate, userOf } from '../../src/index.ts'
import {
  createOpenvCloudAccess,
  createOpenvCloudClient,
  type OpenvCloudAccessDirectory,
  type OpenvCloudAccessOptions,
  type OpenvCloudClient,
  openvCloud,
} from '../../src/providers/openvcloud/index.ts'

/** The organization of ItsYou.online that the environment is. */
export const environment = 'grid'

const root = { username: 'root', password: 'root-password' }

/** What rights are given on. */
export type Kind = 'account' | 'cloudspace' | 'machine'

/** An environment with an account of two cloudspaces, and a directory of who may do what in it. */
export interface OpenvCloudAccessStage {
  readonly clock: TestClock
  readonly iyo: ItsYouOnlineEmulator
  /** A new one for each test. */
  readonly portal: OpenvCloudEmulator
  /** A new one for each test. */
  readonly access: OpenvCloudAccessDirectory
  /** Another directory, which the test closes. */
  make(options: Partial<OpenvCloudAccessOptions> & Pick<OpenvCloudAccessOptions, 'provider'>): OpenvCloudAccessDirectory
  /** A client that may see and do everything. */
  ofRoot(): OpenvCloudClient
  id(kind: Kind, name: string): number
  /** Signs a user of the portal in. */
  userNamed(name: string): Promise<SignedIn>
  /** Whether a guard lets a user through: `false` for want of a right, else the code of its error. */
  passes(name: string, predicate: Predicate<{ id: unknown }>, of: unknown): Promise<boolean | string>
}

interface SignedIn {
  readonly user: ReturnType<typeof userOf>
  readonly auth: Awaited<ReturnType<Authenticator['verify']>>
}

/** Sets the stage for the tests of a file. */
export function stageOpenvCloudAccess(): OpenvCloudAccessStage {
  const clock = createTestClock()
  let iyo: ItsYouOnlineEmulator
  let portal: OpenvCloudEmulator
  let auth: Authenticator
  let access: OpenvCloudAccessDirectory

  const ofRoot = () => createOpenvCloudClient({ baseUrl: portal.url, ...root, clock, retries: 0 })
  const make: OpenvCloudAccessStage['make'] = (more) => createOpenvCloudAccess({ client: ofRoot(), clock, ...more })

  beforeAll(async () => {
    iyo = await createItsYouOnlineEmulator({
      clock,
      organizations: [{ globalid: environment }, { globalid: `${environment}.admin`, members: ['bob'] }],
    })
  })
  afterAll(() => iyo.close())

  beforeEach(async () => {
    const users = ['reader', 'writer', 'owner', 'spaceman', 'driver', 'guest2'].map((id) => ({ id }))
    portal = await createOpenvCloudEmulator({
      clock,
      jwtKey: iyo.publicJwk,
      users: [...users, { id: 'root', password: root.password, groups: ['user', 'admin'] }],
      accounts: [
        {
          name: 'acme',
          users: { owner: 'ARCXDU', reader: 'R' },
          cloudspaces: [
            {
              name: 'east',
              users: { spaceman: 'CRX' },
              machines: [{ name: 'web', users: { driver: 'RCX' } }, { name: 'db' }],
            },
            { name: 'west', machines: [{ name: 'mail' }] },
          ],
        },
      ],
    })
    const provider = openvCloud({
      baseUrl: portal.url,
      jwt: { organization: [environment], memberOf: [environment, `${environment}.admin`], keys: iyo.publicJwk },
    })
    auth = createAuthenticator({ providers: [provider], clock })
    access = make({ provider })
  })
  afterEach(async () => {
    access.close()
    await auth.close()
    await portal.close()
  })

  async function userNamed(name: string): Promise<SignedIn> {
    const verified = await auth.verify(portal.login(name))
    return { user: userOf(verified), auth: verified }
  }

  return {
    clock,
    get iyo() {
      return iyo
    },
    get portal() {
      return portal
    },
    get access() {
      return access
    },
    make,
    ofRoot,
    id: (kind, name) => portal.idOf(kind, name),
    userNamed,
    async passes(name, predicate, of) {
      const who = await userNamed(name)
      try {
        await createGuard(predicate)({ ...who, request: { id: of } })
        return true
      } catch (error) {
        const { code } = error as { code: string }
        return code === 'ERR_PERMISSION_REQUIRED' ? false : code
      }
    },
  }
}
