import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createTestClock, createTrustAuthXEmulator, type TrustAuthXEmulator } from '../src/index.ts'

const clock = createTestClock()
let emulator: TrustAuthXEmulator
let signedKey: string
beforeAll(async () => {
  emulator = await createTrustAuthXEmulator({
    clock,
    roles: [{ name: 'editor', permissions: [{ machine: 'delete' }, { machine: 'read' }] }, { name: 'viewer' }],
    users: [{ uid: 'alice', email: 'alice@example.com', roles: ['editor'] }],
  })
  signedKey = keyOf(emulator)
})
afterAll(() => emulator.close())
beforeEach(() => {
  emulator.assignRoles('alice', ['editor'])
  emulator.configure({ invalidTokenStatus: 401, edgeHeader: false, strictSignedKey: false, rotateRefreshTokens: true })
})

const encode = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

function keyOf({ apiKey, secretKey }: { apiKey: string; secretKey: string }, header = '{"alg":"HS256","typ":"JWT"}') {
  const input = `${encode(header)}.${encode({ api_key: apiKey })}`
  return `${input}.${createHmac('sha256', secretKey).update(input).digest('base64url')}`
}

function ask(path: string, parameters: Record<string, string> = {}, init: RequestInit = {}) {
  const query = new URLSearchParams({ api_key: emulator.apiKey, signed_key: signedKey, ...parameters })
  return fetch(`${emulator.url}${path}?${query}`, { redirect: 'manual', ...init })
}

function rbac(method: string, path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  return ask(path, { org_id: emulator.orgId }, { method, headers, body: JSON.stringify(body) })
}

async function claimsIn(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/json')
  const token: unknown = await response.json()
  if (typeof token !== 'string') throw new Error('it is no JSON text')
  const [header = '', payload = '', signature] = token.split('.')
  const mac = createHmac('sha256', emulator.secretKey).update(`${header}.${payload}`).digest('base64url')
  expect([Buffer.from(header, 'base64url').toString(), signature]).toEqual(['{"alg":"HS256","typ":"JWT"}', mac])
  return JSON.parse(Buffer.from(payload, 'base64url').toString())
}

const me = '/api/user/me'
const expired = { detail: 'Token Expired - token expired' }

describe('credentials', () => {
  it('look as those of TrustAuthX do, and differ each time', async () => {
    expect(emulator.apiKey).toMatch(/^[0-9a-f]{32}[A-Z]{20}$/)
    expect(emulator.secretKey).toMatch(/^[0-9a-f]{64}$/)
    expect(emulator.orgId).toMatch(/^[0-9a-f]{64}$/)
    const other = await createTrustAuthXEmulator()
    expect(other.secretKey).not.toBe(emulator.secretKey)
    await other.close()
  })

  it.each<[string, () => Record<string, string>]>([
    ['no signed key', () => ({ signed_key: '' })],
    ['the raw secret', () => ({ signed_key: emulator.secretKey })],
    ['an unknown API key', () => ({ api_key: 'k' })],
    ['the key of another organization', () => ({ signed_key: keyOf(emulator.addOrganization()) })],
    ['another signature', () => ({ signed_key: `${signedKey.slice(0, -4)}AAAA` })],
  ])('are refused with %s', async (_, parameters) => {
    const answer = await ask('/rbac/role', { org_id: emulator.orgId, ...parameters() })
    expect([answer.status, await answer.json()]).toEqual([401, { detail: 'Invalid API key or signed key' }])
  })

  it('may be signed in another way, unless the switch says no', async () => {
    const otherwise = { org_id: emulator.orgId, signed_key: keyOf(emulator, '{"typ":"JWT","alg":"HS256"}') }
    expect((await ask('/rbac/role', otherwise)).status).toBe(200)
    emulator.configure({ strictSignedKey: true })
    expect((await ask('/rbac/role', otherwise)).status).toBe(401)
    expect((await ask('/rbac/role', { org_id: emulator.orgId })).status).toBe(200)
  })
})

describe('a code', () => {
  it('is like the one sample there is', () => {
    const code = emulator.mintUserToken('alice')
    const [header = '', payload = ''] = code.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    const { data, ...others } = JSON.parse(payload)
    expect([header, others]).toEqual(['{"alg":"HS256","typ":"JWT"}', {}])
    expect(JSON.parse(data)).toMatch(/^gAAAAA[\w-]{690}$/)
    expect(emulator.mintUserToken('alice', { short: true })).toMatch(/^ASRT/)
  })

  it.each<[string, string, string, () => string]>([
    ['auth/data', 'UserToken', 'get_user', () => emulator.mintUserToken('alice')],
    ['widget/re-auth/token', 'code', 're_auth', () => emulator.mintReAuthCode('alice')],
  ])('for %s gives exactly the members that the original takes', async (path, name, _, mint) => {
    const claims = await claimsIn(await ask(`${me}/${path}`, { [name]: mint() }))
    const now = clock.now() / 1000
    expect(claims).toEqual({
      iss: 'https://api.trustauthx.com',
      jti: expect.any(String),
      access_token: expect.any(String),
      type: 'Bearer',
      exp: now + 900,
      refresh_token: expect.any(String),
      refresh_exp: now + 604_800,
      scope: JSON.stringify(emulator.rolesOf('alice')),
      img: expect.any(String),
      name: 'alice',
      iat: now,
      sub: '{"email":"alice@example.com","uid":"alice"}',
    })
    expect(emulator.isAlive(String(claims.access_token))).toBe(true)
  })

  it('works once, and not for the other purpose', async () => {
    const code = emulator.mintUserToken('alice')
    for (const [path, parameters, status] of [
      ['widget/re-auth/token', { code }, 401],
      ['auth/data', { UserToken: code }, 200],
      ['auth/data', { UserToken: code }, 401],
    ] as const) {
      const answer = await ask(`${me}/${path}`, parameters)
      expect(answer.status).toBe(status)
      if (status === 401) expect(await answer.json()).toEqual(expired)
    }
  })

  it('is what the login page sends back', async () => {
    const page = await fetch(`${emulator.loginUrl}?org_id=${emulator.orgId}`)
    const link = /<a href="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const { status, headers } = await fetch(new URL(link, emulator.loginUrl), { redirect: 'manual' })
    expect([status, headers.get('location')]).toEqual([
      302,
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:3535\/user\?code=/),
    ])
  })

  it('comes back from the profile editor, with what the app had in its address', async () => {
    const { accessToken } = emulator.signIn('alice')
    const edit = async (url: string) => {
      const answer = await ask(`${me}/settings/`, { AccessToken: accessToken, url })
      expect(answer.status).toBe(307)
      return answer.headers.get('location')
    }
    expect(await edit('http://127.0.0.1:3535/x')).toMatch(/\/x\?code=[^&]+&ac=true$/)
    emulator.configure({ profileChanged: false })
    expect(await edit('http://127.0.0.1:3535/x?y=1')).toMatch(/\/x\?y=1&code=[^&]+&ac=false$/)
    emulator.configure({ profileChanged: undefined })
    expect(await edit('http://127.0.0.1:3535/x')).toMatch(/\/x\?code=[^&]+$/)
    emulator.configure({ profileChanged: true })
  })
})

describe('tokens', () => {
  const validate = async (token: string) => {
    const answer = await ask(`${me}/auth/validate/token`, { AccessToken: token })
    return [answer.status, await answer.json()]
  }

  it('are valid until they are not', async () => {
    const { accessToken, refreshToken } = emulator.signIn('alice')
    expect(await validate(accessToken)).toEqual([200, true])
    expect(await validate(refreshToken)).toEqual([401, expired])
    emulator.expire(accessToken)
    expect(await validate(accessToken)).toEqual([401, expired])
    emulator.configure({ invalidTokenStatus: 203 })
    expect(await validate(accessToken)).toEqual([203, expired])
  })

  it('tell whose they are', async () => {
    const { accessToken } = emulator.signIn('alice')
    const claims = await claimsIn(await ask(`${me}/data`, { AccessToken: accessToken }))
    expect(Object.keys(claims)).toEqual(['uid', 'email', 'img', 'name', 'iss', 'iat', 'exp', 'jti', 'scope'])
    expect(claims).toMatchObject({ uid: 'alice', email: 'alice@example.com' })
  })

  it('are replaced, both of them, or only one by the switch', async () => {
    const { refreshToken } = emulator.signIn('alice')
    const refresh = async (token: string) => {
      const answer = await ask(`${me}/access/token/`, { RefreshToken: token })
      return [answer.status, await answer.json()] as [number, Record<string, string>]
    }
    emulator.configure({ rotateRefreshTokens: false })
    expect((await refresh(refreshToken))[1]).toEqual({ access_token: expect.any(String), refresh_token: refreshToken })
    emulator.configure({ rotateRefreshTokens: true })
    const [, { refresh_token: next }] = await refresh(refreshToken)
    expect(next).not.toBe(refreshToken)
    expect((await refresh(refreshToken))[0]).toBe(401)
  })

  it.each<[string, string, string]>([
    ['True', 'False', 'Python'],
    ['true', 'false', 'TypeScript'],
  ])('end one or all, with booleans as %s and %s', async (yes, no) => {
    const end = (Token: string, AccessToken: string, SpecificTokenOnly: string) =>
      ask(`${me}/token/`, { Token, AccessToken, SpecificTokenOnly }, { method: 'DELETE' })
    const { accessToken, refreshToken } = emulator.signIn('alice')
    const answer = await end(accessToken, yes, yes)
    expect([answer.status, await answer.json()]).toEqual([200, true])
    expect([emulator.isAlive(accessToken), emulator.isAlive(refreshToken)]).toEqual([false, true])
    expect((await end(refreshToken, yes, yes)).status).toBe(401)
    const elsewhere = emulator.signIn('alice')
    expect((await end(refreshToken, no, no)).status).toBe(200)
    expect(emulator.isAlive(elsewhere.accessToken)).toBe(false)
  })

  it('show the roles they were issued with', async () => {
    const { accessToken } = emulator.signIn('alice')
    emulator.assignRoles('alice', [])
    const claims = await claimsIn(await ask(`${me}/data`, { AccessToken: accessToken }))
    expect(JSON.parse(String(claims.scope))).toHaveLength(1)
  })

  it('of a banned user are forbidden', async () => {
    const { accessToken } = emulator.signIn('alice')
    emulator.ban('alice')
    expect((await validate(accessToken))[0]).toBe(403)
    emulator.ban('alice', false)
  })
})

describe('roles', () => {
  it('have four members each', async () => {
    const answer = await ask('/rbac/role', { org_id: emulator.orgId })
    const [first] = (await answer.json()) as Record<string, unknown>[]
    expect(first).toEqual({
      org_id: emulator.orgId,
      rol_id: expect.stringMatching(/^rol_[A-Za-z]{3}_[0-9a-f]{16}$/),
      name: 'editor',
      permissions: [{ machine: 'delete' }, { machine: 'read' }],
    })
  })

  it('are made, changed and deleted, the last two by bodies of DELETE', async () => {
    const { orgId: org_id } = emulator
    const permissions = [{ log: 'read' }]
    const made = await (await rbac('POST', '/rbac/role', { org_id, name: 'r', permissions })).json()
    expect(made).toEqual({ org_id, rol_id: expect.any(String), name: 'r', permissions })
    const { rol_id } = made as { rol_id: string }
    const add = await rbac('POST', '/rbac/permission', {
      org_id,
      rol_id,
      permissions: [{ log: 'write' }, { log: 'write' }],
    })
    expect(await add.json()).toEqual({ org_id, rol_id, permissions: [{ log: 'write' }] })
    const remove = await rbac('DELETE', '/rbac/permission', { org_id, rol_id, permissions: [{ log: 'read' }] })
    expect(await remove.json()).toEqual({ org_id, rol_id, permissions: [{ log: 'write' }] })
    emulator.assignRoles('alice', [rol_id])
    const gone = await rbac('DELETE', '/rbac/role', { org_id, rol_id })
    expect(await gone.json()).toEqual({ org_id, rol_id, name: 'r', permissions: [{ log: 'write' }] })
    expect(emulator.rolesOf('alice')).toEqual([])
  })

  const assignment = (change: object) => ({
    uid: 'alice',
    rol_id: [],
    inplace: [],
    signoff_session_and_assign: false,
    AccessToken: null,
    RefreshToken: null,
    ...change,
  })

  it.each(['a text', 'a list'])('are assigned by %s, answered by four members', async (form) => {
    const { viewer = { id: '' }, editor = { id: '' } } = emulator.roles()
    const of = (id: string) => (form === 'a text' ? id : [id])
    const add = await rbac('POST', '/rbac/assign/permission', assignment({ rol_id: of(viewer.id) }))
    expect(await add.json()).toEqual({
      uid: 'alice',
      access_token: null,
      refresh_token: null,
      role: [editor.id, viewer.id],
    })
    const remove = await rbac('POST', '/rbac/assign/permission', assignment({ inplace: of(editor.id) }))
    expect(await remove.json()).toMatchObject({ role: [viewer.id] })
  })

  it('are assigned with a new session in place of the given one only', async () => {
    const { viewer = { id: '' } } = emulator.roles()
    const [session, elsewhere] = [emulator.signIn('alice'), emulator.signIn('alice')]
    const tokens = { AccessToken: session.accessToken, RefreshToken: session.refreshToken }
    const body = assignment({ rol_id: [viewer.id], signoff_session_and_assign: true, ...tokens })
    const answer = (await (await rbac('POST', '/rbac/assign/permission', body)).json()) as Record<string, string>
    expect(Object.keys(answer)).toEqual(['uid', 'access_token', 'refresh_token', 'role'])
    expect(emulator.isAlive(answer.access_token ?? '')).toBe(true)
    expect([emulator.isAlive(session.refreshToken), emulator.isAlive(elsewhere.refreshToken)]).toEqual([false, true])
    expect((await rbac('POST', '/rbac/assign/permission', body)).status).toBe(401)
  })

  it('are counted in X-EDGE by the switch, but never in their list', async () => {
    const { accessToken } = emulator.signIn('alice')
    const edge = async () => (await ask(`${me}/data`, { AccessToken: accessToken })).headers.get('x-edge')
    expect(await edge()).toBeNull()
    emulator.configure({ edgeHeader: true })
    expect(await edge()).toBe('2')
    expect((await ask('/rbac/role', { org_id: emulator.orgId })).headers.get('x-edge')).toBeNull()
  })

  it.each<[string, string, object, number, unknown]>([
    [
      'no name',
      '/rbac/role',
      { permissions: [] },
      422,
      [{ loc: ['body', 'name'], msg: 'field required', type: 'value_error.missing' }],
    ],
    ['a number for a name', '/rbac/role', { name: 1, permissions: [] }, 422, expect.any(Array)],
    ['permissions that are no list', '/rbac/role', { name: 'r', permissions: {} }, 422, expect.any(Array)],
    ['permissions that are texts', '/rbac/role', { name: 'r', permissions: ['a:b'] }, 422, expect.any(Array)],
    ['permissions with numbers', '/rbac/role', { name: 'r', permissions: [{ a: 1 }] }, 422, expect.any(Array)],
    ['an unknown role', '/rbac/permission', { rol_id: 'rol_x', permissions: [] }, 404, 'Role not found'],
    ['another organization', '/rbac/role', { org_id: 'other', name: 'r', permissions: [] }, 403, expect.any(String)],
    ['an unknown user', '/rbac/assign/permission', assignment({ uid: 'nobody' }), 404, 'User not found'],
    [
      'a sign-off without tokens',
      '/rbac/assign/permission',
      assignment({ signoff_session_and_assign: true }),
      422,
      expect.any(Array),
    ],
  ])('are refused for %s', async (_, path, body, status, detail) => {
    const answer = await rbac('POST', path, { org_id: emulator.orgId, ...body })
    expect([answer.status, await answer.json()]).toEqual([status, { detail }])
  })

  it.each(['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded'])('are refused as %s', async (type) => {
    const body = JSON.stringify({ org_id: emulator.orgId, name: 'r', permissions: [] })
    const init = { method: 'POST', headers: { 'content-type': type }, body }
    const answer = await ask('/rbac/role', { org_id: emulator.orgId }, init)
    expect([answer.status, await answer.json()]).toMatchObject([422, { detail: [{ type: 'type_error.dict' }] }])
  })
})

it('says what is missing or of a wrong type in the query, and where nothing is', async () => {
  const missing = await ask(`${me}/data`)
  const fault = { loc: ['query', 'AccessToken'], msg: 'field required', type: 'value_error.missing' }
  expect([missing.status, await missing.json()]).toEqual([422, { detail: [fault] }])
  const odd = await ask(
    `${me}/token/`,
    { Token: 't', AccessToken: 'maybe', SpecificTokenOnly: 'true' },
    { method: 'DELETE' },
  )
  expect(await odd.json()).toMatchObject({ detail: [{ type: 'type_error.bool' }] })
  const nowhere = await ask(`${me}/token`)
  expect([nowhere.status, await nowhere.json()]).toEqual([404, { detail: 'Not Found' }])
  expect(await (await fetch(`${emulator.url}/api/ping`)).json()).toBe(true)
})

it('sends browsers to addresses with letters as a header can carry them', async () => {
  const other = emulator.addOrganization()
  const uid = emulator.addUser({ email: 'bob@example.com' }, other)
  emulator.redirectTo('http://127.0.0.1/größe/€', other)
  const query = new URLSearchParams({ org_id: other.orgId, uid })
  const { headers } = await fetch(`${emulator.loginUrl}?${query}`, { redirect: 'manual' })
  expect(headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1\/gr%C3%B6%C3%9Fe\/%E2%82%AC\?code=./)
})
