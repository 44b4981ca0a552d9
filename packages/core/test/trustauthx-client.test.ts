import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { TrustAuthXClient } from '../src/providers/trustauthx/index.ts'
import { documented } from './support/documented.ts'
import { createStage, type Stage } from './support/trustauthx.ts'
import { operations, type Values } from './support/trustauthx-operations.ts'

let stage: Stage
let client: TrustAuthXClient
let values: Values
beforeAll(async () => {
  stage = await createStage()
  client = stage.client({ dangerouslyAllowCredentialsInBrowser: true })
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  const { emulator } = stage
  emulator.heal()
  emulator.assignRoles('alice', ['editor'])
  values = {
    ...emulator.signIn('alice'),
    userToken: emulator.mintUserToken('alice'),
    reAuthCode: emulator.mintReAuthCode('alice'),
    uid: 'alice',
    roleId: emulator.roles().viewer?.id ?? '',
    spareRoleId: emulator.addRole({ name: 'spare', permissions: [{ nothing: 'much' }] }),
  }
  emulator.resetCounts()
})

describe('operations of TrustAuthX', () => {
  it('have each its own here, and there are twenty', () => {
    expect(operations.map(({ theirs }) => theirs)).toEqual(documented.TrustAuthX)
    expect(new Set(operations.map(({ ours }) => ours)).size).toBe(20)
  })

  it.each(operations)('$theirs is $ours', async ({ ours, endpoint, call }) => {
    const client = stage.client()
    const answer = await call(client, values)
    expect(stage.emulator.requests()).toBe(endpoint === undefined ? 0 : 1)
    if (endpoint !== undefined) expect(stage.emulator.requests(endpoint)).toBe(1)
    const method = ours.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], client)
    expect(method).toBeInstanceOf(Function)
    if (ours !== 'revokeToken') expect(answer).toBeDefined()
  })
})

describe('a login', () => {
  it('leads to the hosted page of the organization', () => {
    const { orgId, url } = stage.emulator
    expect(client.generateUrl()).toBe(`${url}/widget/login/?org_id=${orgId}`)
    expect(stage.client({ loginUrl: undefined as never }).generateUrl()).toBe(
      `https://app.trustauthx.com/widget/login/?org_id=${orgId}`,
    )
    expect(stage.client({ loginUrl: undefined as never, subDomain: 'acme' }).generateUrl()).toBe(
      `https://acme.app.trustauthx.com/widget/login/?org_id=${orgId}`,
    )
  })

  it.each([false, true])('comes back with a code that gives a session (short code: %p)', async (short) => {
    const session = await client.getUser(stage.emulator.mintUserToken('alice', { short }))
    const { editor } = stage.emulator.roles()
    expect(session).toMatchObject({ uid: 'alice', email: 'alice@example.com', name: 'Alice', roleIds: [editor?.id] })
    const { tokens } = session
    expect(tokens.expiresAt).toBe(session.expiresAt)
    expect(tokens.refreshExpiresAt).toBeGreaterThan(session.expiresAt)
    expect(stage.emulator.isAlive(tokens.accessToken) && stage.emulator.isAlive(tokens.refreshToken)).toBe(true)
  })

  it('is done by a browser that carries the cookie it set out with', async () => {
    const { location, headers } = client.startLogin()
    const page = await fetch(`${location}&uid=alice`, { redirect: 'manual' })
    const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const cookie = `other=1; ${headers['Set-Cookie']?.split(';')[0]}`
    expect(headers['Set-Cookie']).toMatch(/^__Host-trustauthx-login=.*; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    const done = await client.finishLogin({ code, cookie })
    expect(done.session.uid).toBe('alice')
    expect(done.headers).toEqual({
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
      'Set-Cookie': expect.stringMatching(/^__Host-trustauthx-login=; Max-Age=0;/),
    })
  })

  it.each<[string, (cookie: string) => string | undefined]>([
    ['no cookie', () => undefined],
    ['an empty cookie', () => '__Host-trustauthx-login='],
    ['a forged cookie', (cookie) => cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['a longer life', (cookie) => cookie.replace(/=(\d+)\./, (_, until) => `=${Number(until) + 1}.`)],
    ['the cookie of another name', (cookie) => cookie.replace('__Host-', '')],
  ])('is refused with %s, and the code is not used', async (_, change) => {
    const cookie = client.startLogin().headers['Set-Cookie']?.split(';')[0] ?? ''
    const outcome = client.finishLogin({ code: values.userToken, cookie: change(cookie) })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_REQUEST_CROSS_SITE', status: 403 })
    expect(stage.emulator.requests()).toBe(0)
  })

  it('is refused ten minutes later, and with a cookie of another organization', async () => {
    const cookie = client.startLogin().headers['Set-Cookie']?.split(';')[0] ?? ''
    const other = stage.client({ orgId: 'another-org' })
    await expect(other.finishLogin({ code: 'c', cookie })).rejects.toMatchObject({ code: 'ERR_REQUEST_CROSS_SITE' })
    await stage.clock.advance(601)
    await expect(client.finishLogin({ code: 'c', cookie })).rejects.toMatchObject({ code: 'ERR_REQUEST_CROSS_SITE' })
  })

  it.each<[string, () => unknown]>([
    ['is missing', () => undefined],
    ['is empty', () => ''],
    ['is there twice', () => ['a', 'b']],
    ['is endless', () => 'a'.repeat(8193)],
    ['was never issued', () => 'never-issued'],
  ])('is refused when the code %s, and nobody else is to blame', async (_, code) => {
    const cookie = client.startLogin().headers['Set-Cookie']?.split(';')[0] ?? ''
    const refused = { code: 'ERR_SIGN_IN_REFUSED', status: 403 }
    await expect(client.finishLogin({ code: code() as string, cookie })).rejects.toMatchObject(refused)
    // As parsers of queries read it where it is there twice, or has members.
    const odd = [['false', 'false'], ['false'], { toString: '1' }] as unknown[] as string[]
    for (const query of [{}, ...odd.map((ac) => ({ ac }))])
      await expect(client.finishEditUser({ code: code() as string, ...query })).rejects.toMatchObject(refused)
  })

  it('is not refused for our own key, an outage or a path that is not there', async () => {
    const wrong = stage.client({ secretKey: 'b'.repeat(64) })
    const cookieOf = (one: TrustAuthXClient) => one.startLogin().headers['Set-Cookie']?.split(';')[0]
    const finish = (one: TrustAuthXClient) => one.finishLogin({ code: values.userToken, cookie: cookieOf(one) })
    await expect(finish(wrong)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    const asked = stage.emulator.requests('listRoles')
    stage.emulator.fail('getUser', { status: 422, body: '{"detail":[]}' })
    await expect(finish(stage.client())).rejects.toMatchObject({ code: 'ERR_SIGN_IN_REFUSED' })
    expect(stage.emulator.requests('listRoles')).toBe(asked)
    stage.emulator.fail('getUser', { status: 404, body: '{"detail":"Not Found"}' })
    await expect(finish(client)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
    stage.emulator.fail('getUser', { status: 503 })
    await expect(finish(client)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })

  it('has a cookie for http where that is asked for', () => {
    const { headers } = stage.client({ insecureLoginCookie: true }).startLogin()
    expect(headers['Set-Cookie']).toMatch(/^trustauthx-login=[^;]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('gives each code away once, and not after five minutes', async () => {
    await client.getUser(values.userToken)
    await expect(client.getUser(values.userToken)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    const late = stage.emulator.mintUserToken('alice')
    await stage.clock.advance(301)
    await expect(client.getUser(late)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNAUTHORIZED',
      upstream: { status: 401, message: 'Token Expired - token expired' },
    })
  })

  it('says the same when the provider refuses with a status that is no error', async () => {
    stage.emulator.configure({ invalidTokenStatus: 203 })
    await expect(client.getUser('never-issued')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    stage.emulator.configure({ invalidTokenStatus: 401 })
  })
})

describe('the profile editor', () => {
  const back = 'https://app.example.com/done?keep=1'

  it('is reached without the credentials of the organization', async () => {
    const { location, headers } = await client.resolveEditUserUrl(values.accessToken, back)
    expect(location).toMatch(/^https:\/\/app\.example\.com\/done\?keep=1&code=[^&]+&ac=true$/)
    expect(headers).toEqual({ 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' })
    expect(stage.emulator.followedRedirects()).toBe(0)
  })

  it('gives new tokens afterwards', async () => {
    const { location } = await client.resolveEditUserUrl(values.accessToken, back)
    const { code = '', ac } = Object.fromEntries(new URL(location).searchParams)
    const session = await client.finishEditUser({ code, ac })
    expect(session).toMatchObject({ uid: 'alice', tokens: { accessToken: expect.any(String) } })
    expect(session?.tokens.accessToken).not.toBe(values.accessToken)
  })

  it.each(['false', 'False'])('gives none when nothing was changed (%s)', async (ac) => {
    expect(await client.finishEditUser({ code: values.reAuthCode, ac })).toBeUndefined()
    expect(stage.emulator.requests()).toBe(0)
  })

  it('gives new ones when nobody says', async () => {
    expect(await client.finishEditUser({ code: values.reAuthCode })).toMatchObject({ uid: 'alice' })
  })

  it.each<[string, (secrets: Record<string, string>) => string]>([
    ['the API key', ({ apiKey }) => `https://app.example.com/?x=${apiKey}`],
    ['the access token', ({ accessToken }) => `https://app.example.com/?x=${accessToken}`],
    ['plain http', () => 'http://app.example.com/'],
    ['a script', () => 'javascript:alert(1)'],
    ['nothing', () => ''],
  ])('is not passed on when its address has %s', async (_, target) => {
    const location = target({ apiKey: stage.emulator.apiKey, accessToken: values.accessToken })
    stage.emulator.fail('editUser', { status: 307, headers: { location } })
    const outcome = client.resolveEditUserUrl(values.accessToken, back)
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })

  it('can be reached the dangerous way only by who says so', async () => {
    const url = new URL(client.generateEditUserUrl(values.accessToken, back))
    expect(Object.fromEntries(url.searchParams)).toEqual({
      AccessToken: values.accessToken,
      api_key: stage.emulator.apiKey,
      signed_key: expect.stringMatching(/^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\./),
      url: back,
    })
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(307)
    expect(() => stage.client().generateEditUserUrl(values.accessToken, back)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        message: expect.stringContaining('dangerouslyAllowCredentialsInBrowser'),
      }),
    )
  })
})

describe('the signed_key', () => {
  it('is byte for byte that of the original', async () => {
    stage.emulator.configure({ strictSignedKey: true })
    expect(await client.validateAccessToken(values.accessToken)).toBe(true)
    stage.emulator.configure({ strictSignedKey: false })
  })

  it('has a payload without spaces and nothing but the key', () => {
    const { searchParams } = new URL(client.generateEditUserUrl('t', 'http://127.0.0.1'))
    const payload = Buffer.from(searchParams.get('signed_key')?.split('.')[1] ?? '', 'base64url').toString()
    expect(payload).toBe(`{"api_key":"${stage.emulator.apiKey}"}`)
  })
})

describe('roles', () => {
  const permissionsOf = (name: string) => stage.emulator.roles()[name]?.permissions

  it('come with everything they allow', async () => {
    const roles = await client.roles.getAll()
    expect(roles).toContainEqual({
      id: stage.emulator.roles().editor?.id,
      name: 'editor',
      organization: stage.emulator.orgId,
      permissions: [
        { resource: 'machine', action: 'delete' },
        { resource: 'machine', action: 'start' },
      ],
    })
  })

  it.each<[string, Parameters<TrustAuthXClient['roles']['add']>[1]]>([
    ['a text', 'disk:read'],
    ['an object', { disk: 'read' }],
    ['what our own roles have', { resource: 'disk', action: 'read' }],
    ['a list', ['disk:read']],
  ])('are made with permissions as %s', async (_, permissions) => {
    const made = await client.roles.add('made', permissions)
    expect(made).toMatchObject({ name: 'made', permissions: [{ resource: 'disk', action: 'read' }] })
    expect(permissionsOf('made')).toEqual([{ disk: 'read' }])
    expect(await client.roles.delete(made.id)).toEqual(made)
    expect(permissionsOf('made')).toBeUndefined()
  })

  it.each([['machine'], [':delete'], ['machine:'], [{}], [{ machine: '' }], [{ machine: 1 }], [null], [['']]])(
    'are not made with %j',
    async (permissions) => {
      const outcome = client.roles.add('made', permissions as never)
      await expect(outcome).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
      expect(stage.emulator.requests()).toBe(0)
    },
  )

  it('splits a text at its last colon, and an object into one permission each', async () => {
    const made = await client.roles.add('made', ['urn:disk:read', { disk: 'write', tape: 'read' }])
    expect(permissionsOf('made')).toEqual([{ 'urn:disk': 'read' }, { disk: 'write' }, { tape: 'read' }])
    await client.roles.delete(made.id)
  })

  it('gain and lose permissions', async () => {
    const { spareRoleId: id } = values
    const organization = stage.emulator.orgId
    const log = { resource: 'log', action: 'read' }
    expect(await client.roles.addPermission(id, { log: 'read' })).toEqual({ id, organization, permissions: [log] })
    expect(permissionsOf('spare')).toContainEqual({ log: 'read' })
    const left = await client.roles.deletePermission(id, 'nothing:much')
    expect(left).toEqual({ id, organization, permissions: [log] })
    await expect(client.roles.addPermission(id, [])).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
  })

  it('of another organization are out of reach', async () => {
    const { orgId } = stage.emulator.addOrganization()
    for (const outcome of [client.roles.getAll({ orgId }), client.roles.add('r', [], { orgId })]) {
      await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN', upstream: { status: 403 } })
    }
  })

  it('that do not exist are not found', async () => {
    await expect(client.roles.delete('rol_xxx_0')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
  })

  it('at hand are asked for once, and answer no for what they do not know', async () => {
    const fresh = stage.client()
    const { editor, viewer } = stage.emulator.roles()
    await stage.clock.advance(61)
    expect(await fresh.roles.query({ roleId: editor?.id ?? '' })).toMatchObject([{ name: 'editor' }])
    expect((await fresh.roles.query({ resource: 'machine' })).map(({ name }) => name)).toEqual(['editor', 'viewer'])
    expect(await fresh.roles.query({ roleId: viewer?.id ?? '', resource: 'disk' })).toEqual([])
    expect(await fresh.roles.validate(editor?.id ?? '', { machine: 'delete' })).toBe(true)
    expect(await fresh.roles.validate(editor?.id ?? '', ['machine:delete', 'machine:start'])).toBe(true)
    expect(await fresh.roles.validate(editor?.id ?? '', ['machine:delete', 'machine:read'])).toBe(false)
    expect(await fresh.roles.validate('rol_unknown', 'machine:delete')).toBe(false)
    expect(await fresh.roles.validate(editor?.id ?? '', [])).toBe(false)
    expect(await fresh.roles.count()).toBe((await client.roles.getAll()).length)
    expect(stage.emulator.requests('listRoles')).toBe(2)
  })
})

describe('assigning roles', () => {
  const roleIds = (...names: string[]) => names.map((name) => stage.emulator.roles()[name]?.id ?? '')

  it('adds, removes, and does both', async () => {
    const [editor = '', viewer = ''] = roleIds('editor', 'viewer')
    expect(await client.attachRole('alice', viewer)).toEqual({ uid: 'alice', roleIds: [editor, viewer] })
    expect(await client.removeRole('alice', [editor])).toEqual({ uid: 'alice', roleIds: [viewer] })
    expect(await client.updateRole('alice', { add: [editor], remove: viewer })).toEqual({
      uid: 'alice',
      roleIds: [editor],
    })
    expect(stage.emulator.rolesOf('alice')).toEqual([editor])
  })

  it('leaves tokens with their old roles, unless the session is signed off', async () => {
    const [editor, viewer = ''] = roleIds('editor', 'viewer')
    await client.attachRole('alice', viewer)
    expect((await client.getUserData(values.accessToken)).roleIds).toEqual([editor])
    const { accessToken, refreshToken } = values
    const { tokens } = await client.attachRole('alice', viewer, { signOffSession: { accessToken, refreshToken } })
    expect(stage.emulator.isAlive(accessToken) || stage.emulator.isAlive(refreshToken)).toBe(false)
    expect((await client.getUserData(tokens?.accessToken ?? '')).roleIds).toEqual([editor, viewer])
  })

  it.each([{}, { uid: 'alice' }, true, null, 'done', ['rol_1'], { role: 'rol_1' }])(
    'is done whatever the answer without a sign-off is: %j',
    async (body) => {
      stage.emulator.fail('assignRoles', { status: 200, body: JSON.stringify(body) })
      expect(await client.attachRole('alice', values.roleId)).toEqual({ uid: 'alice' })
    },
  )

  it('does not take a sign-off without new tokens for one', async () => {
    stage.emulator.fail('assignRoles', { status: 200, body: '{"uid":"alice","role":[]}' })
    const { accessToken, refreshToken } = values
    const outcome = client.attachRole('alice', values.roleId, { signOffSession: { accessToken, refreshToken } })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
  })

  it.each<[string, (client: TrustAuthXClient) => Promise<unknown>]>([
    ['no roles', (client) => client.attachRole('alice', [])],
    ['no roles to change', (client) => client.updateRole('alice', {})],
    ['an empty role', (client) => client.attachRole('alice', '')],
    ['an empty uid', (client) => client.attachRole('', 'r')],
    ['half a session', (client) => client.attachRole('a', 'r', { signOffSession: { accessToken: 'a' } as never })],
  ])('needs more than %s', async (_, call) => {
    await expect(call(client)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(stage.emulator.requests()).toBe(0)
  })

  it.each<[string, string, string, string]>([
    ['a user that does not exist', 'nobody', '', 'ERR_UPSTREAM_NOT_FOUND'],
    ['a role that does not exist', 'alice', 'rol_xxx_0', 'ERR_UPSTREAM_NOT_FOUND'],
  ])('fails for %s', async (_, uid, roleId, code) => {
    await expect(client.attachRole(uid, roleId || values.roleId)).rejects.toMatchObject({ code })
  })
})

describe('createTrustAuthXClient() refuses', () => {
  it.each<[string, object, RegExp]>([
    ['a missing secret', { secretKey: undefined }, /secretKey: is missing/],
    ['an address without https', { apiBaseUrl: 'http://api.example.com' }, /apiBaseUrl: must be an https URL/],
    ['a login page without https', { loginUrl: 'http://app.example.com' }, /loginUrl: must be an https URL/],
    ['a sub-domain that is more', { subDomain: 'a.b' }, /subDomain: must be one part/],
    ['a sub-domain with a path', { subDomain: 'a/b' }, /subDomain/],
    ['an end of something else', { expiryOf: 'refreshToken' }, /expiryOf: /],
    ['no time at all', { timeout: 0 }, /timeout/],
    ['an unknown option', { secret: 's' }, /unknown option secret, did you mean secretKey\?/],
    ['a fetch that is none', { fetch: 'fetch' }, /fetch: must be a function/],
  ])('%s', (_, options, message) => {
    expect(() => stage.client(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringMatching(message) }),
    )
  })
})
