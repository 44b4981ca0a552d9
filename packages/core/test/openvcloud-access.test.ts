import {
  createItsYouOnlineEmulator,
  createOpenvCloudEmulator,
  createTestClock,
  type ItsYouOnlineEmulator,
  type OpenvCloudEmulator,
} from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  type Authenticator,
  allOf,
  anyOf,
  assertAllowed,
  check,
  createAuthenticator,
  createGuard,
  not,
  type Predicate,
  role,
  userOf,
} from '../src/index.ts'
import {
  createOpenvCloudAccess,
  createOpenvCloudClient,
  type OpenvCloudAccessDirectory,
  type OpenvCloudAccessOptions,
  type OpenvCloudClient,
  openvCloud,
} from '../src/providers/openvcloud/index.ts'

const clock = createTestClock()
let iyo: ItsYouOnlineEmulator
let portal: OpenvCloudEmulator
let auth: Authenticator
let access: OpenvCloudAccessDirectory
const environment = 'grid'
const root = { username: 'root', password: 'root-password' }

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

function make(more: Partial<OpenvCloudAccessOptions> & Pick<OpenvCloudAccessOptions, 'provider'>) {
  return createOpenvCloudAccess({ client: ofRoot(), clock, ...more })
}

/** A client that may see and do everything. */
function ofRoot(): OpenvCloudClient {
  return createOpenvCloudClient({ baseUrl: portal.url, ...root, clock, retries: 0 })
}

const id = (kind: 'account' | 'cloudspace' | 'machine', name: string) => portal.idOf(kind, name)

async function userNamed(name: string) {
  const verified = await auth.verify(portal.login(name))
  return { user: userOf(verified), auth: verified }
}

async function rightsOf(name: string, kind: 'account' | 'cloudspace' | 'machine', what: string): Promise<string> {
  const { user } = await userNamed(name)
  return [...(await access.rightsOf(user, { kind, id: id(kind, what) }))].sort().join('')
}

async function passes(name: string, predicate: Predicate<{ id: unknown }>, of: unknown): Promise<boolean | string> {
  const who = await userNamed(name)
  try {
    await createGuard(predicate)({ ...who, request: { id: of } })
    return true
  } catch (error) {
    const { code } = error as { code: string }
    return code === 'ERR_PERMISSION_REQUIRED' ? false : code
  }
}

describe('rights', () => {
  it.each<[string, string, string, string, string, string]>([
    // user, on the account, on east, on web, on db, on mail of west
    ['owner', 'ACDRUX', 'ACDRUX', 'ACDRUX', 'ACDRUX', 'ACDRUX'],
    ['reader', 'R', 'R', 'R', 'R', 'R'],
    ['spaceman', 'R', 'CRX', 'CRX', 'CRX', ''],
    ['driver', 'R', 'R', 'CRX', '', ''],
    ['guest2', '', '', '', '', ''],
    ['root', 'ACDRUX', 'ACDRUX', 'ACDRUX', 'ACDRUX', 'ACDRUX'],
  ])('of %s go down from account to cloudspace to machine, and never up or aside', async (name, ...expected) => {
    expect([
      await rightsOf(name, 'account', 'acme'),
      await rightsOf(name, 'cloudspace', 'east'),
      await rightsOf(name, 'machine', 'web'),
      await rightsOf(name, 'machine', 'db'),
      await rightsOf(name, 'machine', 'mail'),
    ]).toEqual(expected)
  })

  it('are permissions in words', async () => {
    const { user } = await userNamed('driver')
    expect(await access.permissionsOf(user, { kind: 'machine', id: id('machine', 'web') })).toEqual([
      'machine:read',
      'machine:create',
      'machine:execute',
    ])
  })

  it('agree with what the portal lets its users do', async () => {
    for (const name of ['owner', 'reader', 'spaceman', 'driver', 'guest2']) {
      for (const machine of ['web', 'db', 'mail']) {
        const machineId = id('machine', machine)
        const response = await fetch(`${portal.url}/restmachine/cloudapi/machines/stop`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ machineId, force: false, authkey: portal.login(name) }),
        })
        const stop = access.operation<{ id: unknown }>('machines.stop', (req) => ({ machineId: req.id as number }))
        expect([name, machine, await passes(name, stop, machineId)]).toEqual([name, machine, response.status === 200])
      }
    }
  })

  it('are none of users of another provider, whatever they are called', async () => {
    const { user } = await userNamed('owner')
    for (const other of [{ issuer: 'https://elsewhere' }, { provider: 'oidc' }]) {
      expect(await access.rightsOf({ ...user, ...other }, { kind: 'machine', id: id('machine', 'web') })).toEqual([])
    }
  })

  it('are none on what does not exist, or is no id', async () => {
    const { user } = await userNamed('owner')
    expect(await access.rightsOf(user, { kind: 'machine', id: 99_999 })).toEqual([])
    for (const odd of [0, -1, 1.5, Number.NaN, 1e20]) {
      const before = portal.requests('cloudapi')
      expect(await access.rightsOf(user, { kind: 'machine', id: odd })).toEqual([])
      expect(portal.requests('cloudapi')).toBe(before)
    }
    expect(await access.rightsOf(user, { kind: 'disk' as never, id: 1 })).toEqual([])
  })
})

describe('the groups of a JWT', () => {
  it('are the children of the environment, and admin may do everything', async () => {
    const provider = openvCloud({
      baseUrl: portal.url,
      jwt: { memberOf: environment, keys: iyo.publicJwk },
    })
    const other = createAuthenticator({ providers: [provider], clock })
    const ofEnvironment = make({ provider, environment })
    const without = make({ provider })
    const target = { kind: 'machine', id: id('machine', 'web') } as const
    const sign = (scope: string[]) =>
      iyo.sign({ azp: 'app', iss: 'itsyouonline', username: 'bob', scope, exp: clock.now() / 1000 + 3600 })
    const member = await other.verify(
      sign([`user:memberof:${environment}`, `user:memberof:${environment}.admin`, 'user:memberof:admin']),
    )
    expect(await ofEnvironment.rightsOf(userOf(member), target)).toHaveLength(6)
    expect(await without.rightsOf(userOf(member), target)).toEqual([])
    // An organization that anybody may have founded.
    const stranger = await other.verify(sign([`user:memberof:${environment}`, 'user:memberof:admin']))
    expect(await ofEnvironment.rightsOf(userOf(stranger), target)).toEqual([])
    ofEnvironment.close()
    without.close()
    await other.close()
  })
})

describe('a guard for rights', () => {
  const onMachine = () => access.right<{ id: unknown }>('machine', 'X', (req) => req.id as string)

  it('grants and refuses by the id in the request', async () => {
    const web = String(id('machine', 'web'))
    expect(await passes('driver', onMachine(), web)).toBe(true)
    expect(await passes('reader', onMachine(), web)).toBe(false)
    expect(
      await passes(
        'driver',
        access.right('machine', ['R', 'X'], (req) => req.id as string),
        web,
      ),
    ).toBe(true)
    expect(
      await passes(
        'driver',
        access.right('machine', ['X', 'D'], (req) => req.id as string),
        web,
      ),
    ).toBe(false)
    expect(
      await passes(
        'spaceman',
        access.right('cloudspace', 'C', (req) => req.id as string),
        id('cloudspace', 'east'),
      ),
    ).toBe(true)
    // The id of a machine is none of a cloudspace.
    expect(
      await passes(
        'driver',
        access.right('cloudspace', 'X', (req) => req.id as string),
        web,
      ),
    ).toBe(false)
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a list', ['1']],
    ['an object', { id: 1 }],
    ['a text', 'web'],
    ['an empty text', ''],
    ['more than a number', '1 '],
    ['a hexadecimal number', '0x1'],
    ['a number that is too long', '1'.repeat(40)],
    ['a Promise', Promise.resolve('1')],
  ])('refuses %s for an id, and asks nobody', async (_, odd) => {
    await userNamed('owner')
    const before = portal.requests('cloudapi')
    expect(await passes('owner', onMachine(), odd)).toBe(false)
    expect(portal.requests('cloudapi')).toBe(before)
  })

  it('asks once for what many ask about, and not again for a while', async () => {
    const web = id('machine', 'web')
    const before = portal.requests('cloudapi')
    await Promise.all(Array.from({ length: 20 }, () => passes('driver', onMachine(), web)))
    await passes('owner', onMachine(), web)
    expect(portal.requests('cloudapi') - before).toBe(3)
  })

  it('sees a right that is taken away within maxAge, or at once after invalidate()', async () => {
    const web = id('machine', 'web')
    expect(await passes('driver', onMachine(), web)).toBe(true)
    const owner = ofRoot()
    await owner.api.machines.deleteUser({ machineId: web, userId: 'driver' })
    expect(await passes('driver', onMachine(), web)).toBe(true)
    access.invalidate()
    expect(await passes('driver', onMachine(), web)).toBe(false)
    await owner.api.machines.addUser({ machineId: web, userId: 'driver', accesstype: 'RCX' })
    await clock.advance(61)
    expect(await passes('driver', onMachine(), web)).toBe(true)
  })

  it('holds through an outage for a while, then it is 503, never a grant', async () => {
    const web = id('machine', 'web')
    expect(await passes('driver', onMachine(), web)).toBe(true)
    portal.fail('cloudapi', { status: 500 })
    await clock.advance(120)
    expect(await passes('driver', onMachine(), web)).toBe(true)
    expect(await passes('driver', onMachine(), id('machine', 'db'))).toBe('ERR_PROVIDER_UNAVAILABLE')
    await clock.advance(600)
    expect(await passes('driver', onMachine(), web)).toBe('ERR_PROVIDER_UNAVAILABLE')
    portal.heal()
    await clock.advance(31)
    expect(await passes('driver', onMachine(), web)).toBe(true)
  })

  it('is put together with others, which are asked first where they stand first', async () => {
    const web = id('machine', 'web')
    await userNamed('driver')
    const before = portal.requests('cloudapi')
    expect(await passes('root', anyOf(role('admin'), onMachine()), web)).toBe(true)
    expect(await passes('driver', allOf(role('admin'), onMachine()), web)).toBe('ERR_ROLE_REQUIRED')
    expect(portal.requests('cloudapi')).toBe(before)
    expect(await passes('driver', anyOf(role('admin'), onMachine()), web)).toBe(true)
    expect(await passes('driver', not(onMachine()), web)).toBe('ERR_FORBIDDEN')
    access.invalidate()
    expect(await passes('reader', not(onMachine()), web)).toBe(true)
  })

  it('that cannot be asked about keeps nobody out whom another rule lets in', async () => {
    const web = id('machine', 'web')
    const isDriver = check(({ user }) => user.id === 'driver', 'driver')
    portal.fail('cloudapi', { status: 500 })
    for (const rule of [anyOf(onMachine(), isDriver), anyOf(isDriver, onMachine())]) {
      expect(await passes('driver', rule, web)).toBe(true)
      expect(await passes('reader', rule, web)).toBe('ERR_PROVIDER_UNAVAILABLE')
      expect(await passes('driver', not(rule), web)).toBe('ERR_FORBIDDEN')
      expect(await passes('reader', not(rule), web)).toBe('ERR_PROVIDER_UNAVAILABLE')
    }
    portal.heal()
    await clock.advance(31)
    expect(await passes('reader', anyOf(onMachine(), isDriver), web)).toBe('ERR_FORBIDDEN')
  })

  it('is an outage for whoever does not wait', async () => {
    const who = await userNamed('driver')
    const input = { ...who, request: { id: id('machine', 'web') } }
    expect(() => assertAllowed(onMachine(), input)).toThrow(
      expect.objectContaining({ code: 'ERR_PROVIDER_UNAVAILABLE' }),
    )
    await createGuard(onMachine())(input)
    expect(() => assertAllowed(onMachine(), input)).not.toThrow()
  })

  it('passes what a function of the app throws', async () => {
    const broken = access.right<{ id: unknown }>('machine', 'X', () => {
      throw new TypeError('a slip')
    })
    const who = await userNamed('driver')
    expect(() => createGuard(broken)({ ...who, request: { id: 1 } })).toThrow(TypeError)
  })

  it('finds the account that a disk is in, and asks nothing of the request for it', async () => {
    const disk = portal.addDisk(id('account', 'acme'), 'spare')
    const of = (name: 'disks.get' | 'disks.resize' | 'disks.delete') =>
      access.operation<{ id: unknown }>(name, (req) => ({ diskId: req.id as string, accountId: id('account', 'acme') }))
    expect(await passes('owner', of('disks.delete'), disk)).toBe(true)
    expect(await passes('reader', of('disks.get'), disk)).toBe(true)
    expect(await passes('reader', of('disks.resize'), disk)).toBe(false)
    expect(await passes('reader', of('disks.delete'), disk)).toBe(false)
    expect(await passes('spaceman', of('disks.delete'), disk)).toBe(false)
    expect(await passes('root', of('disks.delete'), disk)).toBe(true)
    const elsewhere = portal.addDisk(portal.addAccount({ name: 'other', users: { reader: 'RCX' } }), 'far')
    expect(await passes('owner', of('disks.get'), elsewhere)).toBe(false)
    expect(await passes('reader', of('disks.delete'), elsewhere)).toBe(true)
    for (const odd of [4711, '', '1e3', [disk]]) expect(await passes('owner', of('disks.get'), odd)).toBe(false)
    const silent = { api: { disks: { get: async () => ({ id: 1 }) } } } as unknown as OpenvCloudClient
    const bare = make({ client: silent, provider: openvCloud({ baseUrl: portal.url }) })
    expect(
      await passes(
        'owner',
        bare.operation('disks.get', () => ({ diskId: 1 })),
        1,
      ),
    ).toBe(false)
  })

  it('knows operations that need a group, and refuses those that need nothing', async () => {
    const types = access.operation<{ id: unknown }>('disks.addType', () => ({}))
    expect(await passes('root', types, 1)).toBe(true)
    expect(await passes('owner', types, 1)).toBe(false)
    const remove = access.operation<{ id: unknown }>('machines.delete', (req) => ({ machineId: req.id as string }))
    const web = id('machine', 'web')
    expect(await passes('spaceman', remove, web)).toBe(true)
    expect(await passes('driver', remove, web)).toBe(false)
    expect(
      await passes(
        'owner',
        access.operation('machines.delete', () => undefined as never),
        web,
      ),
    ).toBe(false)
    expect(
      await passes(
        'owner',
        access.operation('machines.delete', () => ({})),
        web,
      ),
    ).toBe(false)
    const first = access.operation<{ id: unknown }>('machines.start', (req) => ({
      machineId: 'odd',
      cloudspaceId: req.id as string,
    }))
    expect(await passes('owner', first, id('cloudspace', 'east'))).toBe(false)
  })

  it('cannot be built wrong', () => {
    const invalid = expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' })
    const of = () => 1
    for (const build of [
      () => access.right('disk' as never, 'X', of),
      () => access.right('machine', [], of),
      () => access.right('machine', 'Z' as never, of),
      () => access.right('machine', 'RX' as never, of),
      () => access.right('machine', undefined as never, of),
      () => access.right('machine', 'X', undefined as never),
      () => access.operation('machines.list', () => ({})),
      () => access.operation('locations.list', () => ({})),
      () => access.operation('toString' as never, () => ({})),
      () => access.operation('machines.start', undefined as never),
      () => createOpenvCloudAccess({} as never),
    ]) {
      expect(build).toThrow(invalid)
    }
  })
})
