import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  type Authenticator,
  createAuthenticator,
  createRevocationList,
  createRoleAdministration,
  createRoleDirectory,
  type RevocationList,
  type RoleAdministration,
  type RoleDirectory,
} from '../src/index.ts'
import { trustAuthXRoles } from '../src/providers/trustauthx/index.ts'
import { rightsOf } from './support/roles.ts'
import { createStage, type Stage } from './support/trustauthx.ts'

let stage: Stage
let directory: RoleDirectory
let auth: Authenticator
let admin: RoleAdministration
let revocations: RevocationList
const closers: (() => unknown)[] = []

beforeEach(async () => {
  stage = await createStage()
  const source = trustAuthXRoles(stage.client())
  directory = createRoleDirectory({ source, clock: stage.clock })
  revocations = createRevocationList({ clock: stage.clock })
  auth = createAuthenticator({ providers: [stage.provider()], clock: stage.clock, roles: directory, revocations })
  admin = createRoleAdministration({ source, auth, provider: 'trustauthx' })
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await auth.close()
  await stage.emulator.close()
})

/** Another process: nothing is shared but what is given. */
function elsewhere(more: { revocations?: RevocationList } = {}): Authenticator {
  const { clock } = stage
  const other = createAuthenticator({
    providers: [stage.provider()],
    clock,
    roles: createRoleDirectory({ source: { ...trustAuthXRoles(stage.client()), key: 'another process' }, clock }),
    ...more,
  })
  closers.push(() => other.close())
  return other
}

const all = ['machine:delete', 'machine:start']
const id = (name: string) => stage.emulator.roles()[name]?.id ?? ''

describe('a directory of TrustAuthX roles', () => {
  it('knows its own organization, and no other', async () => {
    const { orgId } = stage.emulator
    await directory.ready()
    expect(await directory.all(orgId)).toMatchObject([
      { name: 'editor', organization: orgId },
      { name: 'viewer', organization: orgId },
    ])
    const looks = stage.emulator.requests('listRoles')
    expect(await directory.all()).toEqual([])
    expect(await directory.all('another')).toEqual([])
    expect(stage.emulator.requests('listRoles')).toBe(looks)
    expect(await directory.find('editor', orgId)).toMatchObject({ id: id('editor') })
  })

  it('judges a known token at the next request after a write of any client of this process', async () => {
    const token = stage.emulator.signIn('alice').accessToken
    expect(await rightsOf(auth, token)).toEqual(all)
    await stage.client().roles.deletePermission(id('editor'), 'machine:delete')
    expect(await rightsOf(auth, token)).toEqual(['machine:start'])
    await stage.client().roles.delete(id('editor'))
    expect(await rightsOf(auth, token)).toEqual([])
  })

  it('sees what others change within maxAge, and holds through an outage', async () => {
    const token = stage.emulator.signIn('alice').accessToken
    expect(await rightsOf(auth, token)).toEqual(all)
    stage.emulator.setPermissions('editor', [{ machine: 'read' }])
    await stage.clock.advance(60)
    expect(await rightsOf(auth, token)).toEqual(['machine:read'])
    stage.emulator.fail('listRoles', 'reset')
    await stage.clock.advance(60)
    expect(await rightsOf(auth, token)).toEqual(['machine:read'])
    await stage.clock.advance(601)
    expect(await rightsOf(auth, stage.emulator.signIn('alice').accessToken)).toBe('ERR_PROVIDER_UNAVAILABLE')
  })

  it('takes X-EDGE for a reason to look', async () => {
    stage.emulator.configure({ edgeHeader: true })
    const token = stage.emulator.signIn('alice').accessToken
    expect(await rightsOf(auth, token)).toEqual(all)
    stage.emulator.addRole({ name: 'third' })
    stage.emulator.setPermissions('editor', [{ machine: 'read' }])
    await stage.clock.advance(11)
    await rightsOf(auth, token)
    await sleep(50)
    await rightsOf(auth, token)
    await sleep(50)
    expect(await rightsOf(auth, token)).toEqual(['machine:read'])
  })

  it('takes X-EDGE that stays wrong for a reason to look once', async () => {
    const token = stage.emulator.signIn('alice').accessToken
    stage.emulator.fail('validate', { status: 200, headers: { 'x-edge': '77' }, body: 'true' })
    const looks = () => stage.emulator.requests('listRoles')
    await rightsOf(auth, token)
    const before = looks()
    await stage.clock.advance(11)
    await rightsOf(auth, token)
    // The provider keeps roles, and so does the directory.
    for (let i = 0; i < 200 && looks() < before + 2; i++) await sleep(10)
    await sleep(50)
    await stage.clock.advance(11)
    expect(await rightsOf(auth, token)).toEqual(all)
    await sleep(50)
    expect(looks()).toBe(before + 2)
  })

  it('judges the user of a session that is renewed, too', async () => {
    const session = stage.emulator.signIn('alice')
    expect(await rightsOf(auth, session.accessToken)).toEqual(all)
    stage.emulator.setPermissions('editor', [{ machine: 'read' }])
    directory.invalidate()
    stage.emulator.expire(session.accessToken)
    await stage.clock.advance(6)
    const renewed = await auth.validateTokenSet({ ...session, provider: 'trustauthx' })
    expect(renewed).toMatchObject({ outcome: 'replaced', auth: { user: { permissions: ['machine:read'] } } })
    // What nobody can tell now is no reason to lose the new tokens.
    const next = 'tokens' in renewed ? renewed.tokens : session
    directory.invalidate()
    stage.emulator.fail('listRoles', 'reset')
    stage.emulator.expire(next.accessToken)
    await stage.clock.advance(6)
    const again = await auth.validateTokenSet({ ...next, provider: 'trustauthx' })
    expect(again).toMatchObject({ outcome: 'replaced', tokens: { accessToken: expect.any(String) }, auth: undefined })
  })

  it('is not mixed up with that of another organization at the same address', async () => {
    const credentials = stage.emulator.addOrganization()
    stage.emulator.addRole({ name: 'editor', permissions: [{ all: 'all' }] }, credentials)
    const source = trustAuthXRoles(stage.client(credentials))
    const other = createRoleDirectory({ source, clock: stage.clock })
    closers.push(() => other.close())
    expect(await other.all(credentials.orgId)).toMatchObject([{ permissions: [{ resource: 'all' }] }])
    expect(await rightsOf(auth, stage.emulator.signIn('alice').accessToken)).toEqual(all)
    expect(await other.all(stage.emulator.orgId)).toEqual([])
  })
})

describe('the administration', () => {
  it('adds, lists, changes and deletes roles', async () => {
    const added = await admin.add('auditor', ['log:read', { report: 'read' }])
    expect(added).toMatchObject({ name: 'auditor', organization: stage.emulator.orgId })
    await admin.addPermissions(added.id, 'log:write')
    await admin.deletePermissions(added.id, [{ log: 'read' }])
    expect((await admin.list()).find(({ name }) => name === 'auditor')?.permissions).toEqual([
      { resource: 'report', action: 'read' },
      { resource: 'log', action: 'write' },
    ])
    await admin.delete(added.id)
    expect((await admin.list()).map(({ name }) => name)).toEqual(['editor', 'viewer'])
  })

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['a permission that is deleted', (id) => admin.deletePermissions(id, 'machine:delete')],
    ['a role that is deleted', (id) => admin.delete(id)],
    ['a role that is taken away', (id) => admin.assign('alice', { remove: [id] })],
  ])('%s is refused at the next request', async (_, change) => {
    const token = stage.emulator.signIn('alice').accessToken
    expect(await rightsOf(auth, token)).toContain('machine:delete')
    expect(await rightsOf(auth, token)).toContain('machine:delete')
    await change(id('editor'))
    expect(await rightsOf(auth, token)).not.toContain('machine:delete')
  })

  it('signs a session off: the old pair is refused everywhere, the new one has the new roles', async () => {
    const other = elsewhere({ revocations })
    const session = stage.emulator.signIn('alice')
    expect(await rightsOf(other, session.accessToken)).toEqual(all)
    const given = await admin.assign('alice', { add: [id('viewer')], remove: [id('editor')], session })
    expect(given.incomplete).toBeUndefined()
    expect(given.roleIds).toEqual([id('viewer')])
    expect(stage.emulator.requests('revoke')).toBe(0)
    expect(await rightsOf(auth, session.accessToken)).toBe('ERR_TOKEN_REVOKED')
    expect(await rightsOf(other, session.accessToken)).toBe('ERR_TOKEN_REVOKED')
    expect(await rightsOf(auth, given.tokens?.accessToken ?? '')).toEqual(['machine:read'])
    expect(await rightsOf(other, given.tokens?.accessToken ?? '')).toEqual(['machine:read'])
    expect(await auth.refresh({ ...session, provider: 'trustauthx' })).toMatchObject({ outcome: 'rejected' })
  })

  it('refuses the session of somebody else, or a dead one, before anything is changed', async () => {
    const bob = stage.emulator.signIn('bob')
    await expect(admin.assign('alice', { remove: [id('editor')], session: bob })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
    const session = stage.emulator.signIn('alice')
    stage.emulator.revoke(session.accessToken)
    await expect(admin.assign('alice', { remove: [id('editor')], session })).rejects.toMatchObject({
      code: 'ERR_TOKEN_INACTIVE',
    })
    expect(stage.emulator.rolesOf('alice')).toEqual([id('editor')])
    expect(stage.emulator.requests('assignRoles')).toBe(0)
  })

  it('says of a lost answer that nobody can tell, and fails closed', async () => {
    const session = stage.emulator.signIn('alice')
    expect(await rightsOf(auth, session.accessToken)).toEqual(all)
    stage.emulator.fail('assignRoles', 'reset')
    await expect(admin.assign('alice', { remove: [id('editor')] })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNKNOWN',
    })
    expect(await rightsOf(auth, session.accessToken)).toEqual([])
    await expect(admin.assign('alice', { remove: [id('editor')], session })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNKNOWN',
    })
    expect(await rightsOf(auth, session.accessToken)).toBe('ERR_TOKEN_REVOKED')
  })

  it('grants nothing on a lost answer, and changes nothing on a refusal', async () => {
    const bob = stage.emulator.signIn('bob')
    stage.emulator.fail('assignRoles', 'reset')
    await expect(admin.assign('bob', { add: [id('editor')] })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    expect(await rightsOf(auth, bob.accessToken)).toEqual([])
    stage.emulator.heal()
    const alice = stage.emulator.signIn('alice')
    await expect(admin.assign('alice', { remove: ['rol_xxx_0000000000000000'] })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_NOT_FOUND',
    })
    expect(await rightsOf(auth, alice.accessToken)).toEqual(all)
  })

  it('tells of a sign-off that could not be made known, and of the roles all the same', async () => {
    const session = stage.emulator.signIn('alice')
    revocations.add = () => Promise.reject(new Error('out of reach'))
    const given = await admin.assign('alice', { remove: [id('editor')], session })
    expect(given).toMatchObject({ roleIds: [], tokens: { accessToken: expect.any(String) } })
    expect(given.incomplete).toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: 'the sign-off failed',
      cause: expect.objectContaining({ message: 'out of reach' }),
    })
    expect(stage.emulator.rolesOf('alice')).toEqual([])
  })

  it('ends all sessions of a user on request', async () => {
    const other = elsewhere({ revocations })
    const [first, second] = [stage.emulator.signIn('alice'), stage.emulator.signIn('alice')]
    await admin.assign('alice', { remove: [id('editor')], revoke: true })
    for (const { accessToken } of [first, second]) {
      expect(await rightsOf(other, accessToken)).toBe('ERR_TOKEN_REVOKED')
    }
  })

  it.each<[string, () => Promise<unknown>]>([
    ['no roles', () => admin.assign('alice', {})],
    ['empty lists', () => admin.assign('alice', { add: [], remove: [] })],
    ['a role that is both', () => admin.assign('alice', { add: ['a'], remove: ['a'] })],
    ['no user', () => admin.assign('', { add: ['a'] })],
    ['an undefined user', () => admin.assign(undefined as never, { add: ['a'] })],
    ['an undefined role', () => admin.assign('alice', { add: [undefined as never] })],
    ['half a session', () => admin.assign('alice', { add: ['a'], session: { accessToken: 'x' } as never })],
    [
      'a session and all of them',
      () => admin.assign('alice', { add: ['a'], revoke: true, session: stage.emulator.signIn('alice') }),
    ],
    ['a role without a name', () => admin.add('', [])],
    ['a permission that is empty', () => admin.add('x', [''])],
    ['a permission without an action', () => admin.add('x', ['machine'])],
    ['no permissions', () => admin.addPermissions(id('editor'), [])],
    ['no permissions to delete', () => admin.deletePermissions(id('editor'), [])],
    ['undefined permissions', () => admin.deletePermissions(id('editor'), undefined as never)],
    ['an undefined role to delete', () => admin.delete(undefined as never)],
  ])('refuses %s before anything is sent', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(stage.emulator.requests('assignRoles') + stage.emulator.requests('addRole')).toBe(0)
  })

  it('cannot be made of what is no source, or for a provider that is not there', () => {
    const source = trustAuthXRoles(stage.client())
    const make = (options: object) => () =>
      createRoleAdministration({ source, auth, provider: 'trustauthx', ...options })
    const invalid = expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' })
    expect(make({ provider: 'logto' })).toThrow(invalid)
    expect(make({ source: {} })).toThrow(invalid)
    expect(() => trustAuthXRoles({} as never)).toThrow(invalid)
  })
})
