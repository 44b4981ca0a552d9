import { describe, expect, it } from '@jest/globals'
import { allOf, anyOf, assertAllowed, check, createGuard, not, role } from '../src/index.ts'
import { createOpenvCloudAccess, type OpenvCloudClient, openvCloud } from '../src/providers/openvcloud/index.ts'
import { stageOpenvCloudAccess } from './support/openvcloud-access.ts'

const stage = stageOpenvCloudAccess()
const { clock, make, ofRoot, id, userNamed, passes } = stage

describe('a guard for rights', () => {
  const onMachine = () => stage.access.right<{ id: unknown }>('machine', 'X', (req) => req.id as string)

  it('grants and refuses by the id in the request', async () => {
    const web = String(id('machine', 'web'))
    expect(await passes('driver', onMachine(), web)).toBe(true)
    expect(await passes('reader', onMachine(), web)).toBe(false)
    expect(
      await passes(
        'driver',
        stage.access.right('machine', ['R', 'X'], (req) => req.id as string),
        web,
      ),
    ).toBe(true)
    expect(
      await passes(
        'driver',
        stage.access.right('machine', ['X', 'D'], (req) => req.id as string),
        web,
      ),
    ).toBe(false)
    expect(
      await passes(
        'spaceman',
        stage.access.right('cloudspace', 'C', (req) => req.id as string),
        id('cloudspace', 'east'),
      ),
    ).toBe(true)
    // The id of a machine is none of a cloudspace.
    expect(
      await passes(
        'driver',
        stage.access.right('cloudspace', 'X', (req) => req.id as string),
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
    const before = stage.portal.requests('cloudapi')
    expect(await passes('owner', onMachine(), odd)).toBe(false)
    expect(stage.portal.requests('cloudapi')).toBe(before)
  })

  it('asks once for what many ask about, and not again for a while', async () => {
    const web = id('machine', 'web')
    const before = stage.portal.requests('cloudapi')
    await Promise.all(Array.from({ length: 20 }, () => passes('driver', onMachine(), web)))
    await passes('owner', onMachine(), web)
    expect(stage.portal.requests('cloudapi') - before).toBe(3)
  })

  it('sees a right that is taken away within maxAge, or at once after invalidate()', async () => {
    const web = id('machine', 'web')
    expect(await passes('driver', onMachine(), web)).toBe(true)
    const owner = ofRoot()
    await owner.api.machines.deleteUser({ machineId: web, userId: 'driver' })
    expect(await passes('driver', onMachine(), web)).toBe(true)
    stage.access.invalidate()
    expect(await passes('driver', onMachine(), web)).toBe(false)
    await owner.api.machines.addUser({ machineId: web, userId: 'driver', accesstype: 'RCX' })
    await clock.advance(61)
    expect(await passes('driver', onMachine(), web)).toBe(true)
  })

  it('holds through an outage for a while, then it is 503, never a grant', async () => {
    const web = id('machine', 'web')
    expect(await passes('driver', onMachine(), web)).toBe(true)
    stage.portal.fail('cloudapi', { status: 500 })
    await clock.advance(120)
    expect(await passes('driver', onMachine(), web)).toBe(true)
    expect(await passes('driver', onMachine(), id('machine', 'db'))).toBe('ERR_PROVIDER_UNAVAILABLE')
    await clock.advance(600)
    expect(await passes('driver', onMachine(), web)).toBe('ERR_PROVIDER_UNAVAILABLE')
    stage.portal.heal()
    await clock.advance(31)
    expect(await passes('driver', onMachine(), web)).toBe(true)
  })

  it('is put together with others, which are asked first where they stand first', async () => {
    const web = id('machine', 'web')
    await userNamed('driver')
    const before = stage.portal.requests('cloudapi')
    expect(await passes('root', anyOf(role('admin'), onMachine()), web)).toBe(true)
    expect(await passes('driver', allOf(role('admin'), onMachine()), web)).toBe('ERR_ROLE_REQUIRED')
    expect(stage.portal.requests('cloudapi')).toBe(before)
    expect(await passes('driver', anyOf(role('admin'), onMachine()), web)).toBe(true)
    expect(await passes('driver', not(onMachine()), web)).toBe('ERR_FORBIDDEN')
    stage.access.invalidate()
    expect(await passes('reader', not(onMachine()), web)).toBe(true)
  })

  it('that cannot be asked about keeps nobody out whom another rule lets in', async () => {
    const web = id('machine', 'web')
    const isDriver = check(({ user }) => user.id === 'driver', 'driver')
    stage.portal.fail('cloudapi', { status: 500 })
    for (const rule of [anyOf(onMachine(), isDriver), anyOf(isDriver, onMachine())]) {
      expect(await passes('driver', rule, web)).toBe(true)
      expect(await passes('reader', rule, web)).toBe('ERR_PROVIDER_UNAVAILABLE')
      expect(await passes('driver', not(rule), web)).toBe('ERR_FORBIDDEN')
      expect(await passes('reader', not(rule), web)).toBe('ERR_PROVIDER_UNAVAILABLE')
    }
    stage.portal.heal()
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
    const broken = stage.access.right<{ id: unknown }>('machine', 'X', () => {
      throw new TypeError('a slip')
    })
    const who = await userNamed('driver')
    expect(() => createGuard(broken)({ ...who, request: { id: 1 } })).toThrow(TypeError)
  })

  it('finds the account that a disk is in, and asks nothing of the request for it', async () => {
    const disk = stage.portal.addDisk(id('account', 'acme'), 'spare')
    const of = (name: 'disks.get' | 'disks.resize' | 'disks.delete') =>
      stage.access.operation<{ id: unknown }>(name, (req) => ({
        diskId: req.id as string,
        accountId: id('account', 'acme'),
      }))
    expect(await passes('owner', of('disks.delete'), disk)).toBe(true)
    expect(await passes('reader', of('disks.get'), disk)).toBe(true)
    expect(await passes('reader', of('disks.resize'), disk)).toBe(false)
    expect(await passes('reader', of('disks.delete'), disk)).toBe(false)
    expect(await passes('spaceman', of('disks.delete'), disk)).toBe(false)
    expect(await passes('root', of('disks.delete'), disk)).toBe(true)
    const elsewhere = stage.portal.addDisk(stage.portal.addAccount({ name: 'other', users: { reader: 'RCX' } }), 'far')
    expect(await passes('owner', of('disks.get'), elsewhere)).toBe(false)
    expect(await passes('reader', of('disks.delete'), elsewhere)).toBe(true)
    for (const odd of [4711, '', '1e3', [disk]]) expect(await passes('owner', of('disks.get'), odd)).toBe(false)
    const silent = { api: { disks: { get: async () => ({ id: 1 }) } } } as unknown as OpenvCloudClient
    const bare = make({ client: silent, provider: openvCloud({ baseUrl: stage.portal.url }) })
    expect(
      await passes(
        'owner',
        bare.operation('disks.get', () => ({ diskId: 1 })),
        1,
      ),
    ).toBe(false)
  })

  it('knows operations that need a group, and refuses those that need nothing', async () => {
    const types = stage.access.operation<{ id: unknown }>('disks.addType', () => ({}))
    expect(await passes('root', types, 1)).toBe(true)
    expect(await passes('owner', types, 1)).toBe(false)
    const remove = stage.access.operation<{ id: unknown }>('machines.delete', (req) => ({
      machineId: req.id as string,
    }))
    const web = id('machine', 'web')
    expect(await passes('spaceman', remove, web)).toBe(true)
    expect(await passes('driver', remove, web)).toBe(false)
    expect(
      await passes(
        'owner',
        stage.access.operation('machines.delete', () => undefined as never),
        web,
      ),
    ).toBe(false)
    expect(
      await passes(
        'owner',
        stage.access.operation('machines.delete', () => ({})),
        web,
      ),
    ).toBe(false)
    const first = stage.access.operation<{ id: unknown }>('machines.start', (req) => ({
      machineId: 'odd',
      cloudspaceId: req.id as string,
    }))
    expect(await passes('owner', first, id('cloudspace', 'east'))).toBe(false)
  })

  it('cannot be built wrong', () => {
    const invalid = expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' })
    const of = () => 1
    for (const build of [
      () => stage.access.right('disk' as never, 'X', of),
      () => stage.access.right('machine', [], of),
      () => stage.access.right('machine', 'Z' as never, of),
      () => stage.access.right('machine', 'RX' as never, of),
      () => stage.access.right('machine', undefined as never, of),
      () => stage.access.right('machine', 'X', undefined as never),
      () => stage.access.operation('machines.list', () => ({})),
      () => stage.access.operation('locations.list', () => ({})),
      () => stage.access.operation('toString' as never, () => ({})),
      () => stage.access.operation('machines.start', undefined as never),
      () => createOpenvCloudAccess({} as never),
    ]) {
      expect(build).toThrow(invalid)
    }
  })
})
