import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock } from '@claviger/testing'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createRoleDirectory, type RoleDefinitions } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'claviger-roles-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function fileOf(text: string): string {
  files += 1
  const path = join(folder, `roles-${files}.json`)
  writeFileSync(path, text)
  return path
}

const definitions: RoleDefinitions = {
  roles: { admin: ['machine:delete', { machine: 'start' }], guest: [] },
  organizationRoles: { owner: ['bill:read'] },
  organizations: { acme: { owner: { id: 'rol_1', permissions: ['bill:pay'] } } },
}
const sources = [
  ['in code', () => definitions],
  ['in a file', () => fileOf(JSON.stringify(definitions))],
] as const

describe.each(sources)('roles %s', (_, source) => {
  it('are those of no organization, of any, and of one', async () => {
    const directory = createRoleDirectory({ source: source() })
    await directory.ready()
    expect(await directory.all()).toMatchObject([{ id: 'admin' }, { id: 'guest', permissions: [] }])
    const owner = { id: 'owner', name: 'owner', permissions: [{ resource: 'bill', action: 'read' }] }
    expect(await directory.all('beta')).toEqual([{ ...owner, organization: 'beta' }])
    expect(await directory.all('acme')).toEqual([
      { id: 'rol_1', name: 'owner', organization: 'acme', permissions: [{ resource: 'bill', action: 'pay' }] },
    ])
    expect(await directory.find('rol_1', 'acme')).toMatchObject({ name: 'owner', organization: 'acme' })
    expect(await directory.find('owner', 'acme')).toMatchObject({ id: 'rol_1', organization: 'acme' })
    expect(await directory.find('owner', 'gamma')).toMatchObject({ id: 'owner', organization: 'gamma' })
    expect(await directory.find('owner')).toBeUndefined()
    expect(await directory.find('admin', 'acme')).toBeUndefined()
    expect((await directory.known())?.map(({ id, organization }) => [id, organization])).toEqual([
      ['admin', undefined],
      ['guest', undefined],
      ['owner', '*'],
      ['rol_1', 'acme'],
    ])
    directory.close()
  })

  it('are called by where they are, to those who watch', async () => {
    const told: unknown[] = []
    const note = (message: unknown) => told.push(message)
    const given = source()
    const directory = createRoleDirectory({ source: given })
    subscribe('claviger:roles', note)
    await directory.all()
    unsubscribe('claviger:roles', note)
    const name = typeof given === 'string' ? `the roles in ${given}` : 'the defined roles'
    expect(told).toMatchObject([{ source: name, outcome: 'replaced', roles: 2 }])
    directory.close()
  })

  it('hold what an object inherits for no role', async () => {
    const directory = createRoleDirectory({ source: source() })
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(await directory.find(name)).toBeUndefined()
      expect(await directory.all(name)).toMatchObject([{ id: 'owner', organization: name }])
    }
    directory.close()
  })
})

describe('roles without an organization of their own', () => {
  it('are no roles of organizations', async () => {
    const directory = createRoleDirectory({ source: { roles: { admin: ['a:b'] } } })
    await directory.ready()
    expect(directory.health().lists).toBe(1)
    expect(await directory.all('acme')).toEqual([])
    directory.close()
  })

  it('of an empty definition allow nothing', async () => {
    const directory = createRoleDirectory({ source: {} })
    expect(await directory.all()).toEqual([])
    directory.close()
  })
})

it('an organization shares no roles with those that are not named, whatever it is called', async () => {
  const source = { organizationRoles: { owner: ['bill:read'] }, organizations: { any: { owner: ['bill:pay'] } } }
  const directory = createRoleDirectory({ source })
  const mayIn = async (organization: string) => (await directory.find('owner', organization))?.permissions[0]?.action
  expect([await mayIn('any'), await mayIn('acme')]).toEqual(['pay', 'read'])
  directory.close()
})

const faults: [string, unknown, string][] = [
  ['a permission that is empty', { roles: { admin: ['a:b', ''] } }, 'roles.admin.1'],
  ['a permission that is a number', { roles: { admin: [1] } }, 'roles.admin.0'],
  ['permissions that are a text', { roles: { admin: 'a:b' } }, 'roles.admin'],
  ['a role that is nothing', { roles: { admin: null } }, 'roles.admin'],
  ['a role with an empty name', { roles: { '': ['a:b'] } }, 'roles'],
  ['an id that is a number', { roles: { admin: { id: 1, permissions: [] } } }, 'roles.admin.id'],
  ['a role without permissions', { roles: { admin: { id: 'a' } } }, 'roles.admin.permissions'],
  ['a member that nobody knows', { role: {} }, 'unknown option role, did you mean roles?'],
  ['a misspelt member of a role', { roles: { admin: { permission: [] } } }, 'permission'],
  ['a list of roles', { roles: [{ name: 'admin' }] }, 'roles'],
  ['a fault in an organization', { organizations: { acme: { owner: [{}] } } }, 'organizations.acme.owner.0'],
  ['a fault in those of any organization', { organizationRoles: { owner: [false] } }, 'organizationRoles.owner.0'],
  [
    'two roles with one id',
    { roles: { a: { id: 'x', permissions: [] }, b: { id: 'x', permissions: [] } } },
    'two roles have the id "x"',
  ],
  ['an id that is the name of another role', { roles: { a: [], b: { id: 'a', permissions: [] } } }, 'the id "a"'],
]

describe.each(faults)('%s', (_, source, path) => {
  it('is named by its path, in code and in a file', () => {
    const fault = (where: string) =>
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        explanation: expect.stringContaining(`${where}: `),
        message: expect.stringContaining(path),
      })
    const file = fileOf(JSON.stringify(source))
    expect(() => createRoleDirectory({ source: source as RoleDefinitions })).toThrow(fault('roles'))
    expect(() => createRoleDirectory({ source: file })).toThrow(fault(file))
  })
})

describe('createRoleDirectory', () => {
  it.each<[string, object, string]>([
    ['no source', {}, 'source'],
    ['a number', { source: 1 }, 'source'],
    ['nothing', { source: null }, 'source'],
    ['a file that is not there', { source: join(folder, 'none.json') }, 'is it there?'],
    ['a file without JSON', { source: fileOf('{"roles":') }, 'its syntax'],
    ['a file with a list', { source: fileOf('[]') }, 'must be'],
    ['a maxAge of 0', { source: {}, maxAge: 0 }, 'maxAge'],
    ['a maxAge of a day', { source: {}, maxAge: 86_400 }, 'maxAge'],
    ['an endless staleIfError', { source: {}, staleIfError: 1e9 }, 'staleIfError'],
    ['no organizations', { source: {}, maxOrganizations: 0 }, 'maxOrganizations'],
    ['a clock that is none', { source: {}, clock: {} }, 'clock'],
    ['a clock that is nothing', { source: {}, clock: null }, 'clock'],
    ['a clock that is a time', { source: {}, clock: 1 }, 'clock'],
    [
      'something unknown',
      { source: {}, maxage: 1 },
      'createRoleDirectory: unknown option maxage, did you mean maxAge?',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => createRoleDirectory(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

describe('a file that changes', () => {
  it('is read again in time; a fault in it changes nothing for a while', async () => {
    const clock = createTestClock()
    const path = fileOf(JSON.stringify({ roles: { admin: ['a:b'] } }))
    const directory = createRoleDirectory({ source: path, clock, maxAge: 10, staleIfError: 20 })
    expect(await directory.all()).toMatchObject([{ permissions: [{ action: 'b' }] }])
    writeFileSync(path, JSON.stringify({ roles: { admin: ['a:c'] } }))
    await clock.advance(11)
    expect(await directory.all()).toMatchObject([{ permissions: [{ action: 'c' }] }])
    writeFileSync(path, '{')
    await clock.advance(11)
    expect(await directory.all()).toMatchObject([{ permissions: [{ action: 'c' }] }])
    await clock.advance(21)
    await expect(directory.all()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    rmSync(path)
    await clock.advance(31)
    await expect(directory.all()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    directory.close()
  })

  it('gives an organization roles of its own, and those to no other, whoever asked first', async () => {
    const clock = createTestClock()
    const organizationRoles = { owner: ['bill:read'] }
    const path = fileOf(JSON.stringify({ organizationRoles }))
    const directory = createRoleDirectory({ source: path, clock, maxAge: 10 })
    const mayIn = async (organization: string) => (await directory.find('owner', organization))?.permissions[0]?.action
    expect([await mayIn('petshop'), await mayIn('acme')]).toEqual(['read', 'read'])
    writeFileSync(path, JSON.stringify({ organizationRoles, organizations: { petshop: { owner: ['bill:pay'] } } }))
    for (let round = 0; round < 2; round += 1) {
      await clock.advance(11)
      expect(await mayIn('acme')).toBe('read')
      expect(await mayIn('petshop')).toBe('pay')
    }
    directory.close()
  })

  it('is an outage when it is gone', async () => {
    const path = fileOf('{}')
    const directory = createRoleDirectory({ source: path })
    rmSync(path)
    await expect(directory.all()).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: `${path} cannot be read`,
      cause: { cause: { code: 'ENOENT' } },
    })
    directory.close()
  })
})
