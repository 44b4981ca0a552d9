import { createOpenvCloudEmulator, type OpenvCloudEmulator, type OpenvCloudEmulatorOptions } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'

// What programs written for OpenvCloud trip on: the emulator has to do the same.

let portal: OpenvCloudEmulator
afterEach(() => portal.close())

async function start(options: OpenvCloudEmulatorOptions = {}) {
  portal = await createOpenvCloudEmulator(options)
  return portal
}

async function call(path: string, init: RequestInit = {}) {
  const response = await fetch(`${portal.url}/restmachine/${path}`, { method: 'POST', ...init })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}
const form = (fields: Record<string, string>) => ({ body: new URLSearchParams(fields) })
const json = (fields: object, headers = {}) => ({
  body: JSON.stringify(fields),
  headers: { 'content-type': 'application/json', ...headers },
})

describe('the portal: calls', () => {
  it('logs in as the old examples do, with the id of the session in quotes', async () => {
    const { user } = await start()
    const login = await call('cloudapi/users/authenticate', form({ ...user, authkey: '' }))
    expect(login).toEqual({ status: 200, type: 'application/json', text: expect.stringMatching(/^"[0-9a-f]{32}"$/) })
    const authkey = JSON.parse(login.text)
    const list = await call('cloudapi/cloudspaces/list', form({ authkey, username: 'is ignored' }))
    expect(list).toMatchObject({ status: 200, type: 'application/json' })
    expect(JSON.parse(list.text)).toMatchObject([{ name: 'shop', accountName: 'petshop' }])
    // As printed, the examples go on with the blank key.
    expect((await call('cloudapi/cloudspaces/list', form({ ...user, authkey: '' }))).status).toBe(401)
  })

  it('takes a blank key for a dead one, where it is strict', async () => {
    const { user } = await start({ strictBlankAuthkey: true })
    const answer = await call('cloudapi/users/authenticate', form({ ...user, authkey: '' }))
    expect(answer).toEqual({ status: 419, type: 'application/json', text: '"key not valid or expired"' })
  })

  it('logs in under its other name', async () => {
    const { user } = await start()
    const fields = { name: user.username, secret: user.password }
    expect((await call('system/usermanager/authenticate', form(fields))).text).toMatch(/^"[0-9a-f]{32}"$/)
  })

  it.each([
    ['a wrong password', { username: 'ann', password: 'wrong' }, 401, '"Unauthorized"'],
    ['an unknown user', { username: 'eve', password: 'wrong' }, 401, '"Unauthorized"'],
    ['no password', { username: 'ann' }, 400, '"Param with name:password is missing."'],
  ])('refuses a login with %s', async (_, fields, status, text) => {
    await start()
    expect(await call('cloudapi/users/authenticate', form(fields as unknown as Record<string, string>))).toEqual({
      status,
      type: 'application/json',
      text,
    })
  })

  it.each([
    ['GET', 'cloudapi/cloudspaces/list', 'Could not find method, path was cloudapi/cloudspaces/list'],
    ['PUT', 'cloudapi/cloudspaces/list', 'Could not find method, path was cloudapi/cloudspaces/list'],
    ['POST', 'cloudapi/cloudspaces/nothing', 'Could not find method, path was cloudapi/cloudspaces/nothing'],
    ['POST', 'cloudapi/cloudspaces', 'Usage: /restmachine/<app>/<actor>/<method>'],
  ])('has no method for %s %s', async (method, path, text) => {
    await start()
    expect(await call(path, { method })).toMatchObject({ status: 404, text })
  })

  it('takes GET where the specification says so, and any verb in its legacy mode', async () => {
    await start()
    const authkey = portal.login('ann')
    const accountId = String(portal.idOf('account', 'petshop'))
    const query = new URLSearchParams({ authkey, accountId, start: '1', end: '2.5' })
    expect((await call(`cloudapi/accounts/getConsumption?${query}`, { method: 'GET' })).status).toBe(200)
    portal.configure({ legacy: true })
    expect((await call(`cloudapi/accounts/list?authkey=${authkey}`, { method: 'GET' })).status).toBe(200)
  })

  it('merges the parameters of the query and the body, which wins', async () => {
    await start()
    const authkey = portal.login('ann')
    const cloudspaceId = portal.idOf('cloudspace', 'shop')
    const path = `cloudapi/cloudspaces/get?authkey=${authkey}&cloudspaceId=4711`
    expect((await call(path)).status).toBe(404)
    expect((await call(path, form({ cloudspaceId: String(cloudspaceId) }))).status).toBe(200)
    expect((await call(path, json({ cloudspaceId }))).status).toBe(200)
    const multipart = new FormData()
    multipart.append('cloudspaceId', String(cloudspaceId))
    expect((await call(path, { body: multipart })).status).toBe(200)
  })

  it('stumbles over a blank value in the query beside a form', async () => {
    const { user } = await start()
    expect(await call('cloudapi/users/authenticate?authkey=', form(user))).toMatchObject({
      status: 500,
      type: 'text/html',
    })
  })

  it.each([
    ['an int', { cloudspaceId: 'x' }, 'cloudspaces/get', 'cloudspaceId', 'int'],
    ['a bool', { includedeleted: 'maybe' }, 'cloudspaces/list', 'includedeleted', 'bool'],
    ['a list', { diskIds: ['1', 'x'], reason: 'r' }, 'disks/deleteDisks', 'diskIds', 'list(int)'],
    ['a float', { accountId: 1, start: 'soon', end: 1 }, 'accounts/getConsumption', 'start', 'float'],
  ])('refuses what is not %s', async (_, fields, path, name, type) => {
    await start()
    const answer = await call(`cloudapi/${path}`, json({ authkey: portal.login('ann'), ...fields }))
    expect(answer).toEqual({
      status: 400,
      type: 'application/json',
      text: JSON.stringify(`Value of param ${name} not correct needs to be of type ${type}`),
    })
  })

  it.each<[string, Record<string, string>, string, RegExp]>([
    ['*/*', {}, 'application/json', /^\[\{/],
    ['application/json', {}, 'application/json', /^\[\{/],
    ['text/html,application/xhtml+xml,*/*;q=0.8', {}, 'text/html', /^<html>/],
    ['application/yaml', {}, 'application/yaml', /^\[/],
    ['text/plain;q=0.5,application/json', {}, 'application/json', /^\[\{/],
    ['application/json', { format: 'json' }, 'application/json', /^\{"result":\[/],
    ['application/json', { format: 'jsonraw' }, 'application/json', /^\[\{/],
    ['application/json', { format: 'text' }, 'text/plain', /^\[\n/],
    ['application/msgpack', {}, 'text/html', /eco-1-/],
  ])('answers Accept %s and %j in its format', async (accept, fields, type, text) => {
    await start()
    const answer = await call('cloudapi/accounts/list', json({ authkey: portal.login('ann'), ...fields }, { accept }))
    expect(answer.type).toBe(type)
    expect(answer.text).toMatch(text)
  })

  it('has a catalogue for whoever has logged in', async () => {
    await start()
    expect((await call('system/docgenerator/prepareCatalog?group=cloudapi')).status).toBe(401)
    const { text } = await call(`system/docgenerator/prepareCatalog?authkey=${portal.login('ann')}`, { method: 'GET' })
    expect(JSON.parse(text)).toMatchObject({
      swagger: '2.0',
      basePath: '/restmachine/',
      paths: { '/cloudapi/machines/list': { post: { operationId: 'post__cloudapi_machines_list' } } },
    })
    const { text: ofGroup } = await call(
      `system/docgenerator/prepareCatalog?group=cloudapi&authkey=${portal.login('ann')}`,
      {
        method: 'GET',
      },
    )
    expect(Object.keys(JSON.parse(ofGroup).paths)).toHaveLength(95)
    const some = { authkey: portal.login('ann'), actors: 'cloudapi__users,cloudapi__nothing', group: '' }
    const { info, tags } = JSON.parse((await call('system/docgenerator/prepareCatalog', json(some))).text)
    expect(tags).toEqual([{ name: 'cloudapi__users', description: '' }])
    expect(info.description).toContain('Failed to load actor cloudapi__nothing')
  })
})

describe('the portal: who calls', () => {
  const whoami = async (fields: Record<string, string> = {}, headers: Record<string, string> = {}) => {
    const answer = await call('system/usermanager/whoami', { ...form(fields), headers })
    return answer.status === 200 ? JSON.parse(answer.text).name : answer.status
  }

  it('is guest, or whose session, key or cookie it is; the later of them counts', async () => {
    await start()
    const [ann, bob] = [portal.login('ann'), portal.login('bob@itsyouonline')]
    const stored = portal.storeAuthkey('bob@itsyouonline')
    const cookie = `other=1; beaker.session.id=${ann}`
    expect(await whoami()).toBe('guest')
    expect(await whoami({ authkey: ann })).toBe('ann')
    expect(await whoami({ authkey: stored })).toBe('bob@itsyouonline')
    expect(await whoami({}, { cookie })).toBe('ann')
    expect(await whoami({ authkey: bob }, { cookie })).toBe('bob@itsyouonline')
    expect(await whoami({ authkey: portal.portalSecret })).toBe('admin')
    expect(await whoami({ authkey: bob }, { authorization: `authkey ${portal.portalSecret}` })).toBe('admin')
    expect(await whoami({ authkey: bob }, { authorization: 'authkey wrong' })).toBe('bob@itsyouonline')
    expect(await whoami({ authkey: 'dead' })).toBe(419)
    portal.deleteUser('ann')
    expect(await whoami({ authkey: ann })).toBe(419)
  })

  it('says so without a type where a user is needed', async () => {
    await start()
    expect(await call('cloudapi/accounts/list')).toEqual({
      status: 401,
      type: null,
      text: 'NO VALID AUTHORIZATION KEY GIVEN, use get param called key (check key probably auth error).',
    })
  })

  it('never starts a session under an id that the client has brought', async () => {
    const { user } = await start()
    const brought = '0123456789abcdef0123456789abcdef'
    const login = await call('cloudapi/users/authenticate', {
      ...form(user),
      headers: { cookie: `beaker.session.id=${brought}` },
    })
    expect(login.text).not.toContain(brought)
    expect(await whoami({ authkey: brought })).toBe(419)
  })
})

describe('the portal: JSONP', () => {
  it('wraps results and what is not found, in its legacy mode', async () => {
    const { user } = await start({ legacy: true })
    const get = (path: string, fields: Record<string, string>) =>
      call(`${path}?${new URLSearchParams(fields)}`, { method: 'GET' })
    const login = await get('cloudapi/users/authenticate', { ...user, authkey: '', _jsonp: 'jQuery1.cb_2' })
    expect(login).toMatchObject({ status: 200, type: 'application/javascript' })
    expect(login.text).toMatch(/^jQuery1\.cb_2\(\{"httpStatus":200,"httpMessage":"OK","body":"[0-9a-f]{32}"\}\);$/)
    expect((await get('cloudapi/users/nothing', { _jsonp: 'cb' })).text).toBe(
      'cb({"httpStatus":404,"httpMessage":"Not Found","body":"Could not find method, path was cloudapi/users/nothing"});',
    )
    // What is raised is not wrapped.
    const wrong = { username: 'ann', password: 'wrong', _jsonp: 'cb' }
    expect(await get('cloudapi/users/authenticate', wrong)).toMatchObject({ status: 401, text: '"Unauthorized"' })
  })

  it.each(['alert(1)//', 'a;b', '<script>', '', 'a..b', '1a'])('takes no callback %j', async (_jsonp) => {
    await start({ legacy: true })
    const answer = await call('cloudapi/locations/list', form({ _jsonp }))
    expect(answer).toEqual({ status: 400, type: 'application/json', text: '"_jsonp is not an identifier"' })
  })

  it('is a parameter like any other elsewhere', async () => {
    await start()
    expect(await call('cloudapi/locations/list', form({ _jsonp: 'cb' }))).toMatchObject({
      type: 'application/json',
      text: '[]',
    })
  })
})

describe('the portal: rights', () => {
  const as = async (user: string, path: string, fields: object = {}) => {
    const { status, text } = await call(`cloudapi/${path}`, json({ authkey: portal.login(user), ...fields }))
    return [status, JSON.parse(text)]
  }
  const ids = () => ({
    accountId: portal.idOf('account', 'petshop'),
    cloudspaceId: portal.idOf('cloudspace', 'shop'),
    machineId: portal.idOf('machine', 'till'),
  })

  it('come down from account to cloudspace to machine', async () => {
    await start()
    const { machineId, cloudspaceId } = ids()
    expect(await as('bob@itsyouonline', 'machines/get', { machineId })).toMatchObject([200, { name: 'till' }])
    expect(await as('bob@itsyouonline', 'machines/stop', { machineId })).toMatchObject([
      403,
      /not allowed|isn't allowed/,
    ])
    await as('ann', 'cloudspaces/addUser', { cloudspaceId, userId: 'bob@itsyouonline', accesstype: 'XCR' })
    expect(await as('bob@itsyouonline', 'machines/stop', { machineId })).toEqual([200, true])
    expect((await as('bob@itsyouonline', 'cloudspaces/disable', { cloudspaceId, reason: 'r' }))[0]).toBe(403)
  })

  it('on a part give sight of the whole, and of no other part', async () => {
    await start({ users: [{ id: 'carl' }] })
    const { cloudspaceId, accountId } = ids()
    const second = portal.addCloudspace(accountId, { name: 'second', machines: [{ name: 'other' }] })
    await as('ann', 'cloudspaces/addUser', { cloudspaceId, userId: 'carl', accesstype: 'R' })
    expect((await as('carl', 'accounts/list'))[1]).toMatchObject([{ id: accountId }])
    expect((await as('carl', 'cloudspaces/list'))[1]).toMatchObject([{ id: cloudspaceId }])
    expect((await as('carl', 'cloudspaces/get', { cloudspaceId: second }))[0]).toBe(403)
    expect(portal.rightsOn('account', accountId)).toMatchObject({ carl: 'R' })
  })

  it.each([
    ['RC', 'bob@itsyouonline', 400, /^Invalid set of access rights/],
    ['R', 'nobody', 404, /^User is not registered on the system$/],
    ['R', 'ann@itsyouonline', 400, /already has access/],
  ])('%s cannot be given to %s', async (accesstype, userId, status, message) => {
    await start()
    const answer = await as('ann', 'accounts/addUser', { accountId: ids().accountId, userId, accesstype })
    expect(answer).toEqual([
      status,
      expect.stringMatching(userId === 'bob@itsyouonline' ? /^Invalid|already/ : message),
    ])
  })

  it('are given by e-mail address too, and the last administrator keeps them', async () => {
    await start()
    const { accountId } = ids()
    expect(await as('ann@itsyouonline', 'accounts/deleteUser', { accountId, userId: 'ann@example.com' })).toEqual([
      200,
      true,
    ])
    expect(await as('ann@itsyouonline', 'accounts/deleteUser', { accountId, userId: 'ann@itsyouonline' })).toEqual([
      400,
      expect.stringMatching(/last account admin/),
    ])
  })

  it('are checked against the state of what they are on', async () => {
    await start()
    const { accountId, cloudspaceId, machineId } = ids()
    portal.setStatus('cloudspace', cloudspaceId, 'DISABLED')
    expect((await as('ann', 'machines/get', { machineId }))[0]).toBe(200)
    expect((await as('ann', 'machines/stop', { machineId }))[0]).toBe(403)
    expect(await as('ann', 'cloudspaces/enable', { cloudspaceId, reason: 'r' })).toEqual([200, true])
    portal.setStatus('account', accountId, 'DESTROYED')
    expect(await as('ann', 'machines/stop', { machineId })).toEqual([404, 'Could not find an accessible resource.'])
  })

  it('need an active user that the portal knows, and a group for some', async () => {
    await start()
    const { accountId } = ids()
    portal.setActive('bob@itsyouonline', false)
    expect(await as('bob@itsyouonline', 'accounts/get', { accountId })).toEqual([
      403,
      'User is not allowed to execute action while status is inactive.',
    ])
    const addType = { id: 'fast', description: 'd' }
    expect(await as('ann', 'disks/addType', addType)).toEqual([
      403,
      'User ann has no access. If you would like to gain access please contact your adminstrator',
    ])
    portal.portalLogin('carl', ['admin'])
    expect(await as('carl@itsyouonline', 'disks/addType', addType)).toEqual([200, true])
    expect((await as('carl@itsyouonline', 'cloudspaces/delete', ids()))[0]).toBe(200)
  })

  it('show a user nothing but itself', async () => {
    await start()
    expect(await as('ann', 'users/get', { username: 'ann' })).toMatchObject([200, { username: 'ann' }])
    const answer = await call(
      'cloudapi/users/get',
      json({ authkey: portal.login('ann'), username: 'bob@itsyouonline' }),
    )
    expect([answer.status, answer.text]).toEqual([403, 'Forbidden'])
    expect(await as('ann', 'users/getMatchingUsernames', { usernameregex: 'bob' })).toMatchObject([
      200,
      [{ username: 'bob@itsyouonline' }],
    ])
    expect((await as('ann', 'users/getMatchingUsernames', { usernameregex: 'bob', limit: 21 }))[0]).toBe(400)
    expect((await as('ann', 'sizes/list'))[0]).toBe(400)
  })
})
