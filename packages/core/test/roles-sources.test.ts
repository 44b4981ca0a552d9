import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { assertAllowed, createRoleDirectory, permission, userOf } from '../src/index.ts'
import { createRoleStage, rightsOf } from './support/roles.ts'

type Stage = Awaited<ReturnType<typeof createRoleStage>>
let stage: Stage
afterEach(() => stage.close())

describe('what a function gives', () => {
  beforeEach(async () => {
    stage = await createRoleStage()
  })

  it.each<[string, unknown]>([
    ['no list', { admin: [] }],
    ['nothing', undefined],
    ['a text', 'admin'],
  ])('is an outage when it is %s', async (_, given) => {
    const directory = createRoleDirectory({ source: () => given as never, clock: stage.clock })
    await expect(directory.all()).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: 'the roles of the function: not a list of roles',
    })
    directory.close()
  })

  it('is asked for nothing beforehand', async () => {
    await stage.directory.ready()
    expect(await stage.directory.known()).toBeUndefined()
    expect(stage.roles.asked).toEqual([])
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'admin'],
    ['a role without a name', { permissions: ['a:b'] }],
    ['a role with an empty name', { name: '', permissions: ['a:b'] }],
    ['a role with a number for an id', { id: 1, name: 'admin', permissions: ['a:b'] }],
    ['a role with an id and an empty name', { id: 'admin', name: '', permissions: ['a:b'] }],
    ['a role with an id and a number for a name', { id: 'admin', name: 1, permissions: ['a:b'] }],
    ['a role with an empty id', { id: '', name: 'admin', permissions: ['a:b'] }],
  ])('has no role where there is %s', async (_, given) => {
    const directory = createRoleDirectory({ source: () => [given] as never, clock: stage.clock })
    expect(await directory.all()).toEqual([])
    directory.close()
  })

  it.each<[string, unknown]>([
    ['texts that are empty', ['']],
    ['numbers', [1]],
    ['lists', [['a', 'b']]],
    ['objects without members', [{}]],
    ['objects with numbers', [{ a: 1 }]],
    ['objects with empty texts', [{ a: '' }, { '': 'b' }]],
    ['spelt out with an empty resource', [{ resource: '', action: 'b' }]],
    [
      'spelt out with numbers',
      [
        { resource: 'a', action: 1 },
        { resource: 1, action: 'b' },
      ],
    ],
    ['no list but a text', 'a:b'],
    ['nothing', undefined],
  ])('allows nothing where the permissions are %s', async (_, permissions) => {
    const directory = createRoleDirectory({
      source: () => [{ name: 'admin', permissions }] as never,
      clock: stage.clock,
    })
    expect(await directory.all()).toEqual([{ id: 'admin', name: 'admin', permissions: [] }])
    directory.close()
  })

  it('may spell permissions in any way', async () => {
    const permissions = ['a:b:c', 'plain', ':x', 'x:', { d: 'e', f: 'g' }, { resource: 'h', action: 'i' }]
    const directory = createRoleDirectory({ source: () => [{ name: 'admin', permissions }], clock: stage.clock })
    expect((await directory.find('admin'))?.permissions).toEqual([
      { resource: 'a:b', action: 'c' },
      { resource: 'plain', action: '' },
      { resource: ':x', action: '' },
      { resource: 'x:', action: '' },
      { resource: 'd', action: 'e' },
      { resource: 'f', action: 'g' },
      { resource: 'h', action: 'i' },
    ])
    directory.close()
    stage.roles.lists.set('', [{ name: 'admin', permissions }])
    const names = await rightsOf(stage.auth, stage.token(['admin']))
    expect(names).toEqual(['a:b:c', 'plain', ':x', 'x:', 'd:e', 'f:g', 'h:i'])
    const auth = await stage.auth.verify(stage.token(['admin']))
    expect(() => assertAllowed(permission('plain'), { user: userOf(auth), auth, request: {} })).not.toThrow()
  })
})

describe('a source of one organization', () => {
  it('is asked for no other, and has no role in it', async () => {
    stage = await createRoleStage({
      source: {
        what: 'the roles of acme',
        organizations: ['acme', 'beta'],
        listOf: (organization) => (organization === 'acme' ? 'all' : undefined),
        load: (organization) => stage.roles.load(organization),
      },
    })
    stage.roles.lists.set('acme', [{ name: 'admin', permissions: ['bill:pay'] }])
    await stage.directory.ready()
    expect(stage.roles.asked).toEqual(['acme'])
    expect(await stage.directory.known()).toMatchObject([{ name: 'admin', organization: 'acme' }])
    const token = stage.token(['admin'], { org: 'acme', org_roles: [['acme', 'admin', 'admin']] })
    expect(await rightsOf(stage.auth, token)).toEqual(['bill:pay'])
    expect([await stage.directory.all(), await stage.directory.find('admin')]).toEqual([[], undefined])
    expect(stage.roles.asked).toEqual(['acme'])
  })
})
