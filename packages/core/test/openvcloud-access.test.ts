import { describe, expect, it } from '@jest/globals'
import { createAuthenticator, userOf } from '../src/index.ts'
import { openvCloud } from '../src/providers/openvcloud/index.ts'
import { environment, type Kind, stageOpenvCloudAccess } from './support/openvcloud-access.ts'

const stage = stageOpenvCloudAccess()
const { clock, make, id, userNamed, passes } = stage

async function rightsOf(name: string, kind: Kind, what: string): Promise<string> {
  const { user } = await userNamed(name)
  return [...(await stage.access.rightsOf(user, { kind, id: id(kind, what) }))].sort().join('')
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
    expect(await stage.access.permissionsOf(user, { kind: 'machine', id: id('machine', 'web') })).toEqual([
      'machine:read',
      'machine:create',
      'machine:execute',
    ])
  })

  it('agree with what the portal lets its users do', async () => {
    for (const name of ['owner', 'reader', 'spaceman', 'driver', 'guest2']) {
      for (const machine of ['web', 'db', 'mail']) {
        const machineId = id('machine', machine)
        const response = await fetch(`${stage.portal.url}/restmachine/cloudapi/machines/stop`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ machineId, force: false, authkey: stage.portal.login(name) }),
        })
        const stop = stage.access.operation<{ id: unknown }>('machines.stop', (req) => ({
          machineId: req.id as number,
        }))
        expect([name, machine, await passes(name, stop, machineId)]).toEqual([name, machine, response.status === 200])
      }
    }
  })

  it('are none of users of another provider, whatever they are called', async () => {
    const { user } = await userNamed('owner')
    for (const other of [{ issuer: 'https://elsewhere' }, { provider: 'oidc' }]) {
      expect(await stage.access.rightsOf({ ...user, ...other }, { kind: 'machine', id: id('machine', 'web') })).toEqual(
        [],
      )
    }
  })

  it('are none on what does not exist, or is no id', async () => {
    const { user } = await userNamed('owner')
    expect(await stage.access.rightsOf(user, { kind: 'machine', id: 99_999 })).toEqual([])
    for (const odd of [0, -1, 1.5, Number.NaN, 1e20]) {
      const before = stage.portal.requests('cloudapi')
      expect(await stage.access.rightsOf(user, { kind: 'machine', id: odd })).toEqual([])
      expect(stage.portal.requests('cloudapi')).toBe(before)
    }
    expect(await stage.access.rightsOf(user, { kind: 'disk' as never, id: 1 })).toEqual([])
  })
})

describe('the groups of a JWT', () => {
  it('are the children of the environment, and admin may do everything', async () => {
    const provider = openvCloud({
      baseUrl: stage.portal.url,
      jwt: { memberOf: environment, keys: stage.iyo.publicJwk },
    })
    const other = createAuthenticator({ providers: [provider], clock })
    const ofEnvironment = make({ provider, environment })
    const without = make({ provider })
    const target = { kind: 'machine', id: id('machine', 'web') } as const
    const sign = (scope: string[]) =>
      stage.iyo.sign({ azp: 'app', iss: 'itsyouonline', username: 'bob', scope, exp: clock.now() / 1000 + 3600 })
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
