import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { role } from '../src/index.ts'
import { allows, createRoleStage, rightsOf } from './support/roles.ts'

type Stage = Awaited<ReturnType<typeof createRoleStage>>
let stage: Stage
afterEach(() => stage.close())

describe('a role of an organization', () => {
  beforeEach(async () => {
    stage = await createRoleStage()
    stage.roles.lists.set('acme', [{ id: 'r1', name: 'owner', permissions: ['bill:pay'] }])
    stage.roles.lists.set('beta', [{ id: 'r2', name: 'owner', permissions: ['bill:read'] }])
  })

  const owner = (organization: string, id = 'r1', name = 'owner') => [organization, id, name]

  it('allows what its own organization says', async () => {
    const token = stage.token([], { org: 'acme', org_roles: [owner('acme')] })
    const { user } = await stage.auth.verify(token)
    expect(user.permissions).toEqual(['bill:pay'])
    expect(user.roles).toMatchObject([{ id: 'r1', name: 'owner', organization: 'acme' }])
  })

  it.each<[string, object]>([
    ['another organization, with the same name', { org: 'acme', org_roles: [owner('beta', 'r2')] }],
    ['another organization, with the same id', { org: 'beta', org_roles: [owner('acme', 'r1')] }],
    ['an organization, where the token acts in none', { org_roles: [owner('acme')] }],
    ['no organization of ours', { org: 'gamma', org_roles: [owner('gamma')] }],
    ['an organization with an empty name', { org: '', org_roles: [owner('')] }],
    [
      'an organization that is named as a member of every object',
      { org: '__proto__', org_roles: [owner('__proto__')] },
    ],
  ])('allows nothing in %s', async (_, claims) => {
    expect(await rightsOf(stage.auth, stage.token([], claims))).toEqual([])
    expect(await allows(stage.auth, stage.token([], claims), role('owner', 'r1', 'r2'))).toBe(false)
  })

  it('is not found among those of no organization, and the other way round', async () => {
    stage.roles.lists.get('')?.push({ name: 'owner', permissions: ['all:all'] })
    expect(await rightsOf(stage.auth, stage.token(['r1'], { org: 'acme' }))).toEqual([])
    expect(await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme')] }))).toEqual([
      'bill:pay',
    ])
    expect(
      await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme', 'admin', 'admin')] })),
    ).toEqual([])
  })

  it('is another than one of no organization with the same id', async () => {
    stage.roles.lists.get('')?.push({ id: 'r1', name: 'owner', permissions: ['all:all'] })
    const { user } = await stage.auth.verify(stage.token(['r1'], { org: 'acme', org_roles: [owner('acme')] }))
    expect(user.roles).toMatchObject([{ id: 'r1' }, { id: 'r1', organization: 'acme' }])
    expect(user.roles[0]).not.toHaveProperty('organization')
    expect(user.permissions).toEqual(['all:all', 'bill:pay'])
    expect(await stage.directory.find('r1')).toStrictEqual(user.roles[0])
    expect(await stage.directory.find('r1', 'acme')).toStrictEqual(user.roles[1])
  })

  it('is not one of no organization, whatever the organization is called', async () => {
    await stage.directory.all()
    for (const organization of ['undefined', 'null']) expect(await stage.directory.all(organization)).toEqual([])
  })

  it('is known by its id, though another has got its name since', async () => {
    stage.roles.lists.set('acme', [{ id: 'r9', name: 'owner', permissions: ['bill:pay'] }])
    expect(await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme')] }))).toEqual([])
    // Who knows a name alone has it still.
    const named = stage.token([], { org: 'acme', org_roles: [owner('acme', 'owner')] })
    expect(await rightsOf(stage.auth, named)).toEqual(['bill:pay'])
  })

  it('is nothing when its name means two', async () => {
    stage.roles.lists.set('acme', [
      { id: 'r1', name: 'owner', permissions: ['bill:pay'] },
      { id: 'r3', name: 'owner', permissions: ['bill:read'] },
    ])
    const named = stage.token([], { org: 'acme', org_roles: [owner('acme', 'owner')] })
    expect(await rightsOf(stage.auth, named)).toEqual([])
    expect(await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme', 'r3')] }))).toEqual([
      'bill:read',
    ])
  })

  it('is asked for once, for its own organization alone', async () => {
    const token = stage.token([], { org: 'acme', org_roles: [owner('acme')] })
    await Promise.all(Array.from({ length: 20 }, () => rightsOf(stage.auth, token)))
    await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme')] }))
    expect(stage.roles.asked).toEqual(['acme'])
  })

  it('that the function gives for another organization than asked is left out', async () => {
    stage.roles.lists.set('acme', [{ name: 'owner', organization: 'beta', permissions: ['bill:pay'] }])
    const named = stage.token([], { org: 'acme', org_roles: [owner('acme', 'owner')] })
    expect(await rightsOf(stage.auth, named)).toEqual([])
    stage.roles.lists.set('beta', [{ name: 'owner', organization: 'beta', permissions: ['bill:pay'] }])
    expect(await stage.directory.all('beta')).toMatchObject([{ name: 'owner', organization: 'beta' }])
    stage.roles.lists.set('', [{ name: 'admin', organization: 'beta', permissions: ['bill:pay'] }])
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual([])
  })
})
