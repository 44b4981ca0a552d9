import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Authenticator } from '../src/index.ts'
import type { TrustAuthXOptions } from '../src/providers/trustauthx/index.ts'
import { noteWrite } from '../src/providers/trustauthx/roles.ts'
import { createStage, type Stage } from './support/trustauthx.ts'

let stage: Stage
let auth: Authenticator
beforeEach(async () => {
  stage = await createStage()
})
afterEach(async () => {
  await auth.close()
  await stage.emulator.close()
})

function build(more: Partial<TrustAuthXOptions> = {}) {
  auth = stage.authenticator({ cacheFor: 0, ...more })
}

/** What a user may do now; or why nobody can tell. */
async function rightsOf(uid: string): Promise<readonly string[] | string> {
  try {
    return (await auth.verify(stage.emulator.signIn(uid).accessToken)).user.permissions
  } catch (error) {
    return (error as { code: string }).code
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await sleep(10)
  expect(holds()).toBe(true)
}

const looks = () => stage.emulator.requests('listRoles')
const all = ['machine:delete', 'machine:start']
const read = [{ machine: 'read' }]

describe('the roles of an organization', () => {
  it('are read once, for all users and requests', async () => {
    build()
    await Promise.all(Array.from({ length: 20 }, () => rightsOf('alice')))
    expect(looks()).toBe(1)
  })

  it('are read again ahead of their age, while they are used', async () => {
    build()
    await rightsOf('alice')
    await rightsOf('alice')
    stage.emulator.setPermissions('editor', read)
    await stage.clock.advance(58)
    await until(() => looks() === 2)
    await sleep(20)
    expect(await rightsOf('alice')).toEqual(['machine:read'])
    expect(looks()).toBe(2)
  })

  it('are left alone while nobody uses them', async () => {
    build()
    await rightsOf('alice')
    for (let i = 0; i < 10; i++) {
      await stage.clock.advance(60)
      await sleep(5)
    }
    expect(looks()).toBeLessThanOrEqual(2)
    stage.emulator.setPermissions('editor', read)
    expect(await rightsOf('alice')).toEqual(['machine:read'])
  })

  it('hold through an outage for a while, and no longer', async () => {
    build({ roles: { maxAge: 60, staleIfError: 120 } })
    expect(await rightsOf('alice')).toEqual(all)
    stage.emulator.fail('listRoles', { status: 500 })
    await stage.clock.advance(170)
    expect(await rightsOf('alice')).toEqual(all)
    await stage.clock.advance(15)
    expect(await rightsOf('alice')).toBe('ERR_PROVIDER_UNAVAILABLE')
    expect(await rightsOf('bob')).toEqual([])
    stage.emulator.heal()
    await stage.clock.advance(31)
    expect(await rightsOf('alice')).toEqual(all)
  })

  it('that could never be read are an outage for who has some, and for nobody else', async () => {
    build()
    stage.emulator.fail('listRoles', 'reset')
    expect(await rightsOf('alice')).toBe('ERR_PROVIDER_UNAVAILABLE')
    expect(await rightsOf('bob')).toEqual([])
    stage.emulator.heal()
    await stage.clock.advance(2)
    expect(await rightsOf('alice')).toEqual(all)
  })

  it('are not asked for by each request while they cannot be read', async () => {
    build()
    stage.emulator.fail('listRoles', 'reset')
    for (let i = 0; i < 10; i++) await rightsOf('alice')
    expect(looks()).toBe(1)
  })
})

describe('a role allows nothing', () => {
  it('when it does not exist, and is no role of the user then', async () => {
    build({ rolesOf: () => ['rol_xxx_0000000000000000'] })
    const { user } = await auth.verify(stage.emulator.signIn('alice').accessToken)
    expect(user).toMatchObject({ roles: [], permissions: [] })
  })

  it('when its list of permissions is empty', async () => {
    build()
    stage.emulator.addRole({ name: 'guest' })
    stage.emulator.assignRoles('bob', ['guest'])
    const { user } = await auth.verify(stage.emulator.signIn('bob').accessToken)
    expect(user).toMatchObject({ roles: [{ name: 'guest', permissions: [] }], permissions: [] })
  })

  it.each<[string, unknown]>([
    ['is of another organization', { org_id: 'elsewhere' }],
    ['has no organization', { org_id: undefined }],
    ['has permissions that are a text', { permissions: 'machine:delete' }],
    ['has permissions that are texts', { permissions: ['machine:delete'] }],
    ['has permissions with numbers', { permissions: [{ machine: 1 }] }],
    ['has permissions with lists', { permissions: [{ machine: ['delete'] }] }],
    ['has permissions with empty texts', { permissions: [{ machine: '' }, { '': 'delete' }] }],
    ['has no permissions', { permissions: undefined }],
  ])('when it %s', async (_, change) => {
    build()
    const { editor } = stage.emulator.roles()
    const proper = { org_id: stage.emulator.orgId, rol_id: editor?.id, name: 'editor', permissions: read }
    stage.emulator.fail('listRoles', { status: 200, body: JSON.stringify([{ ...proper, ...Object(change) }]) })
    expect(await rightsOf('alice')).toEqual([])
  })

  it('beyond what it has, each of several objects counting', async () => {
    build()
    stage.emulator.setPermissions('editor', [{ machine: 'delete' }, { machine: 'start' }, { disk: 'read' }])
    expect(await rightsOf('alice')).toEqual(['machine:delete', 'machine:start', 'disk:read'])
  })
})

describe('a role that is not known is looked for', () => {
  it('once, and not again within ten seconds', async () => {
    build()
    await rightsOf('alice')
    stage.emulator.addRole({ name: 'auditor', permissions: [{ log: 'read' }] })
    stage.emulator.assignRoles('bob', ['auditor'])
    expect(await rightsOf('bob')).toEqual([])
    expect(looks()).toBe(1)
    await stage.clock.advance(11)
    await Promise.all([rightsOf('bob'), rightsOf('bob'), rightsOf('bob')])
    expect(await rightsOf('bob')).toEqual(['log:read'])
    expect(looks()).toBe(2)
  })

  it('and what is known holds when that fails', async () => {
    build()
    await rightsOf('alice')
    const id = stage.emulator.addRole({ name: 'auditor', permissions: [{ log: 'read' }] })
    stage.emulator.assignRoles('alice', ['editor', id])
    stage.emulator.fail('listRoles', 'html')
    await stage.clock.advance(11)
    expect(await rightsOf('alice')).toEqual(all)
  })
})

describe('a write of this process', () => {
  it('makes roles that were read before it useless', async () => {
    build()
    expect(await rightsOf('alice')).toEqual(all)
    stage.emulator.setPermissions('editor', read)
    noteWrite(stage.emulator.url, stage.emulator.orgId)
    expect(await rightsOf('alice')).toEqual(['machine:read'])
    expect(looks()).toBe(2)
  })

  it('also when they cannot be read again', async () => {
    build()
    await rightsOf('alice')
    noteWrite(stage.emulator.url, stage.emulator.orgId)
    stage.emulator.fail('listRoles', 'reset')
    expect(await rightsOf('alice')).toBe('ERR_PROVIDER_UNAVAILABLE')
  })

  it('is not missed by a look that began before it', async () => {
    build()
    stage.emulator.fail('listRoles', { delay: 0.1 }, { times: 1 })
    const first = rightsOf('alice')
    await until(() => looks() === 1)
    noteWrite(stage.emulator.url, stage.emulator.orgId)
    const second = rightsOf('alice')
    expect(await first).toEqual(all)
    expect(await second).toEqual(all)
    expect(looks()).toBe(2)
  })

  it('in another organization changes nothing', async () => {
    build()
    await rightsOf('alice')
    noteWrite(stage.emulator.url, stage.emulator.addOrganization().orgId)
    await rightsOf('alice')
    expect(looks()).toBe(1)
  })
})

describe('X-EDGE', () => {
  beforeEach(() => {
    stage.emulator.configure({ edgeHeader: true })
    build()
  })

  it('with another count is a reason to look, in the background', async () => {
    await rightsOf('alice')
    await stage.clock.advance(11)
    stage.emulator.addRole({ name: 'third' })
    stage.emulator.setPermissions('editor', read)
    await rightsOf('alice')
    await until(() => looks() === 2)
    await sleep(20)
    expect(await rightsOf('alice')).toEqual(['machine:read'])
    expect(looks()).toBe(2)
  })

  it('with the same count, or soon after a look, is none', async () => {
    await rightsOf('alice')
    stage.emulator.addRole({ name: 'third' })
    await rightsOf('alice')
    stage.emulator.deleteRole('third')
    await stage.clock.advance(11)
    await rightsOf('alice')
    await sleep(30)
    expect(looks()).toBe(1)
  })

  it.each(['abc', '-1', '', '1.5', '99999999999999999999', '0x10'])('of %j is ignored', async (edge) => {
    await rightsOf('alice')
    await stage.clock.advance(11)
    stage.emulator.fail('validate', { status: 200, headers: { 'x-edge': edge }, body: 'true' })
    stage.emulator.configure({ edgeHeader: false })
    expect(await rightsOf('alice')).toEqual(all)
    await sleep(20)
    expect(looks()).toBe(1)
  })

  it('that stays wrong costs one look', async () => {
    await rightsOf('alice')
    stage.emulator.fail('validate', { status: 200, headers: { 'x-edge': '77' }, body: 'true' })
    stage.emulator.configure({ edgeHeader: false })
    for (let i = 0; i < 4; i++) {
      await stage.clock.advance(11)
      await rightsOf('alice')
      await sleep(10)
    }
    expect(looks()).toBe(2)
  })
})
