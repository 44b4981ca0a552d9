import { createTestIssuer } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  createAuthenticator,
  createRoleAdministration,
  type RoleAdministration,
  type RoleWrites,
  type WritableRoles,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createRoleStage, rightsOf } from './support/roles.ts'

const all = ['machine:delete', 'machine:start']
const read = { resource: 'log', action: 'read' }
const write = { resource: 'log', action: 'write' }
const auditor = { id: 'r1', name: 'auditor', permissions: [read] }

let stage: Awaited<ReturnType<typeof createRoleStage>>
/** What was sent, and what comes of it. */
let sent: unknown[][]
let assign: RoleWrites['assign']
let admin: RoleAdministration

beforeEach(async () => {
  stage = await createRoleStage()
  sent = []
  assign = async () => ({})
  admin = administration()
})
afterEach(() => stage.close())

const note = async (...call: unknown[]) => void sent.push(call)
const lost = () => Promise.reject(new AuthError('ERR_UPSTREAM_UNKNOWN'))

function sourceOf(more: Partial<WritableRoles> = {}): WritableRoles {
  return {
    what: 'our roles',
    organizations: [undefined],
    load: (organization) => stage.roles.load(organization),
    write: {
      add: (...given) => note('add', ...given).then(() => auditor),
      delete: (...given) => note('delete', ...given),
      addPermissions: (...given) => note('addPermissions', ...given),
      deletePermissions: (...given) => note('deletePermissions', ...given),
      assign: (...given) => note('assign', ...given).then(() => assign(...given)),
    },
    ...more,
  }
}

function administration(more: Partial<WritableRoles> = {}, auth = stage.auth): RoleAdministration {
  return createRoleAdministration({ source: sourceOf(more), auth, provider: 'oidc' })
}

const sessionOf = (accessToken: string) => ({ accessToken, refreshToken: 'its refresh token' })

describe('what a source is told', () => {
  it('is what was asked for, with permissions as resource and action', async () => {
    const options = { organization: 'acme' }
    expect(await admin.add('auditor', 'log:read')).toBe(auditor)
    expect(await admin.add('nobody', [], options)).toBe(auditor)
    expect(await admin.addPermissions('r1', ['log:read', { log: 'write' }])).toBeUndefined()
    expect(await admin.addPermissions('r1', write, options)).toBeUndefined()
    expect(await admin.deletePermissions('r1', { log: 'write' })).toBeUndefined()
    expect(await admin.deletePermissions('r1', 'log:read', options)).toBeUndefined()
    expect(await admin.delete('r1')).toBeUndefined()
    expect(await admin.delete('r1', options)).toBeUndefined()
    expect(sent).toStrictEqual([
      ['add', 'auditor', [read], {}],
      ['add', 'nobody', [], options],
      ['addPermissions', 'r1', [read, write], {}],
      ['addPermissions', 'r1', [write], options],
      ['deletePermissions', 'r1', [write], {}],
      ['deletePermissions', 'r1', [read], options],
      ['delete', 'r1', {}],
      ['delete', 'r1', options],
    ])
  })

  it('of the roles of a user is what changes, where, and which session goes on', async () => {
    const session = sessionOf(stage.token([]))
    const signal = AbortSignal.timeout(60_000)
    await admin.assign('alice', { add: ['a'] })
    await admin.assign('alice', { remove: ['b'], organization: 'acme' }, { signal })
    await admin.assign('alice', { add: ['a'], session })
    await admin.assign('alice', { add: ['a'], revoke: true })
    await administration({ organizations: ['ours', 'others'] }).assign('alice', { add: ['a'] })
    expect(sent).toStrictEqual([
      ['assign', 'alice', { add: ['a'], remove: [] }, {}],
      ['assign', 'alice', { add: [], remove: ['b'], organization: 'acme' }, { signal }],
      ['assign', 'alice', { add: ['a'], remove: [], session }, {}],
      ['assign', 'alice', { add: ['a'], remove: [] }, {}],
      ['assign', 'alice', { add: ['a'], remove: [], organization: 'ours' }, {}],
    ])
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['a role without a name', () => admin.add('', []), 'name: must be a text that is not empty'],
    ['a name that is a number', () => admin.add(1 as never, []), 'name: must be a text that is not empty'],
    ['an empty permission', () => admin.add('x', ['']), "add: write 'machine:delete' or { machine: 'delete' }"],
    ['no role to delete', () => admin.delete(''), 'roleId: must be a text that is not empty'],
    ['no role to add to', () => admin.addPermissions('', read), 'roleId: must be a text that is not empty'],
    ['nothing to add', () => admin.addPermissions('r1', []), 'addPermissions: there are no permissions'],
    ['an odd addition', () => admin.addPermissions('r1', {}), "addPermissions: write 'machine:delete' or"],
    ['no role to delete from', () => admin.deletePermissions('', read), 'roleId: must be a text that is not empty'],
    ['nothing to delete', () => admin.deletePermissions('r1', []), 'deletePermissions: there are no permissions'],
    ['an odd deletion', () => admin.deletePermissions('r1', {}), "deletePermissions: write 'machine:delete' or"],
    ['no user', () => admin.assign('', { add: ['a'] }), 'userId: must be a text that is not empty'],
    [
      'a user that is nothing',
      () => admin.assign(undefined as never, { add: ['a'] }),
      'userId: must be a text that is not empty',
    ],
    ['an empty role to add', () => admin.assign('alice', { add: ['a', ''] }), 'roleId: must be a text'],
    ['an empty role to remove', () => admin.assign('alice', { add: ['a'], remove: [''] }), 'roleId: must be a text'],
    ['no roles', () => admin.assign('alice', {}), 'assign: there are no roles'],
    [
      'a role that is both',
      () => admin.assign('alice', { add: ['a', 'b'], remove: ['c', 'b'] }),
      'assign: a role is both added and removed',
    ],
    [
      'one session and all of them',
      () => admin.assign('alice', { add: ['a'], revoke: true, session: sessionOf(stage.token([])) }),
      'assign: session and revoke exclude each other',
    ],
    [
      'a session without an access token',
      () => admin.assign('alice', { add: ['a'], session: sessionOf('') }),
      'session.accessToken: must be a text that is not empty',
    ],
    [
      'a session without a refresh token',
      () => admin.assign('alice', { add: ['a'], session: { ...sessionOf(stage.token([])), refreshToken: '' } }),
      'session.refreshToken: must be a text that is not empty',
    ],
    [
      'the session of another user',
      () => admin.assign('bob', { add: ['a'], session: sessionOf(stage.token([])) }),
      'assign: the session is of another user',
    ],
  ])('is never %s', async (_, call, explanation) => {
    await expect(call()).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
      explanation: expect.stringContaining(explanation),
    })
    expect(sent).toEqual([])
  })

  it('is never to change a user for the session of one with the same id elsewhere', async () => {
    const issuer = await createTestIssuer({ clock: stage.clock })
    const elsewhere = oidc({ name: 'elsewhere', issuer: issuer.issuer, audience: issuer.audience })
    const auth = createAuthenticator({ providers: [stage.provider, elsewhere], clock: stage.clock })
    const session = sessionOf(issuer.tokenFor({ subject: 'alice' }))
    await expect(administration({}, auth).assign('alice', { add: ['a'], session })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
      explanation: 'assign: the session is of another user',
    })
    expect(sent).toEqual([])
    await auth.close()
    await issuer.close()
  })
})

describe('the list of roles', () => {
  it('is that of the organization, or else of the first of the source, without what is no role or permission', async () => {
    stage.roles.lists.set('', [{ name: 'auditor', permissions: ['log:read', '', 1 as never, { log: 'write' }] }])
    stage.roles.lists.set('acme', [
      { id: 'r1', name: 'owner', permissions: [] },
      { name: '', permissions: [] },
    ])
    const none = { id: 'auditor', name: 'auditor', permissions: [read, write] }
    const acme = { id: 'r1', name: 'owner', organization: 'acme', permissions: [] }
    expect(await admin.list()).toStrictEqual([none])
    expect(await admin.list({ organization: 'acme' })).toStrictEqual([acme])
    expect(await administration({ organizations: ['acme', undefined] }).list()).toStrictEqual([acme])
  })

  it('is asked for anew each time', async () => {
    await admin.list()
    await admin.list()
    expect(stage.roles.asked).toEqual([undefined, undefined])
  })
})

describe('what comes of a change', () => {
  it('is what the source says, and nothing more', async () => {
    assign = async () => ({ roleIds: ['guest'] })
    expect(await admin.assign('alice', { remove: ['admin'] })).toStrictEqual({ roleIds: ['guest'] })
  })

  it('is the end of a session in favour of its new tokens', async () => {
    const tokens = { accessToken: 'new', refreshToken: 'new' }
    assign = async () => ({ tokens })
    const [old, other] = [stage.token(['guest']), stage.token(['guest'])]
    expect(await admin.assign('alice', { add: ['admin'], session: sessionOf(old) })).toStrictEqual({ tokens })
    expect([await rightsOf(stage.auth, old), await rightsOf(stage.auth, other)]).toEqual(['ERR_TOKEN_REVOKED', []])
  })

  it('is asked of an authenticator that knows of no roles too', async () => {
    const auth = createAuthenticator({ providers: [stage.provider], clock: stage.clock })
    assign = async () => ({ roleIds: [] })
    expect(await administration({}, auth).assign('alice', { remove: ['admin'] })).toEqual({ roleIds: [] })
    assign = lost
    await expect(administration({}, auth).assign('alice', { remove: ['admin'] })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNKNOWN',
    })
    await auth.close()
  })
})

describe('a change that failed', () => {
  const failures = [
    ['was refused', new AuthError('ERR_UPSTREAM_NOT_FOUND')],
    ['is a fault of the source', new TypeError('a fault')],
    ['has a code of its own', Object.assign(new Error(), { code: 'ERR_UPSTREAM_UNKNOWN' })],
  ] as const

  it.each(failures)('and %s leaves the user as they were', async (_, error) => {
    const token = stage.token(['admin'])
    assign = () => Promise.reject(error)
    await expect(admin.assign('alice', { remove: ['admin'], session: sessionOf(token) })).rejects.toBe(error)
    await expect(admin.assign('alice', { remove: ['admin'], revoke: true })).rejects.toBe(error)
    expect(await rightsOf(stage.auth, token)).toEqual(all)
  })

  it('in an unknown way may have taken away, and ends what it was to end', async () => {
    const [token, other] = [stage.token(['admin']), stage.token(['admin'])]
    assign = lost
    const change = { remove: ['admin'], session: sessionOf(token) }
    await expect(admin.assign('alice', change)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    expect([await rightsOf(stage.auth, token), await rightsOf(stage.auth, other)]).toEqual(['ERR_TOKEN_REVOKED', []])
    const all = { remove: ['guest'], revoke: true }
    await expect(admin.assign('alice', all)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    expect(await rightsOf(stage.auth, other)).toBe('ERR_TOKEN_REVOKED')
  })

  it('in an unknown way has given nothing, and ends no session for it', async () => {
    const token = stage.token(['guest'])
    stage.directory.changed({ issuer: stage.issuer.issuer, id: 'alice' }, { remove: ['guest'] })
    assign = lost
    const change = { add: ['guest'], session: sessionOf(token) }
    await expect(admin.assign('alice', change)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    const { user } = await stage.auth.verify(token)
    expect(user.roles).toEqual([])
  })
})

describe('createRoleAdministration', () => {
  it.each<[string, object, string]>([
    ['no source', { source: undefined }, 'option source: cannot be written'],
    ['a source that is only read', { source: { ...sourceOf(), write: undefined } }, 'option source: cannot be written'],
    ['a source without assign', { source: { ...sourceOf(), write: {} } }, 'option source: cannot be written'],
    ['no authenticator', { auth: undefined }, 'option auth: must be what createAuthenticator returns'],
    [
      'options of an authenticator',
      { auth: { providers: [] } },
      'option auth: must be what createAuthenticator returns',
    ],
    ['an empty name', { provider: '' }, 'option provider: must not be empty'],
    ['an option that is none', { roles: [] }, 'unknown option roles'],
    ['a provider that is not there', { provider: 'logto' }, 'the authenticator has no provider "logto"'],
  ])('refuses %s', (_, options, explanation) => {
    const given = { source: sourceOf(), auth: stage.auth, provider: 'oidc', ...options }
    expect(() => createRoleAdministration(given)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        explanation: `createRoleAdministration: ${explanation}`,
      }),
    )
  })
})
