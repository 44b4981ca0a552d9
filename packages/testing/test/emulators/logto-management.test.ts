import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { createLogtoEmulator, createTestClock, type LogtoEmulator, type LogtoEmulatorOptions } from '../../src/index.ts'

const orders = 'https://orders.example.test/api'
const tenant: LogtoEmulatorOptions = {
  resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'] }],
  roles: [{ name: 'order-viewer', scopes: { [orders]: ['read:orders'] } }],
  organizationRoles: [{ name: 'org-admin', scopes: ['manage:members'] }],
  organizations: [{ id: 'acme', name: 'Acme' }],
  users: [{ id: 'alice', username: 'alice', roles: ['order-viewer'], organizations: { acme: ['org-admin'] } }],
  apps: [
    { id: 'm2m', type: 'MachineToMachine', secret: 'm2m-secret', roles: ['Logto Management API access'] },
    { id: 'web', type: 'Traditional', secret: 'web-secret', allowTokenExchange: true },
    { id: 'third', type: 'Traditional', secret: 'third-secret', isThirdParty: true },
  ],
}

let logto: LogtoEmulator
let received: { headers: IncomingHttpHeaders; body: string }[]
let status: number
let receiver: string
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    response.writeHead(status).end()
  })
})

beforeEach(async () => {
  received = []
  status = 200
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterEach(async () => {
  await logto.close()
  await new Promise((resolve) => server.close(resolve).closeAllConnections())
})

async function start(options: LogtoEmulatorOptions = {}): Promise<void> {
  logto = await createLogtoEmulator({ ...tenant, ...options })
}

async function post(path: string, form: Record<string, string>, client = 'web') {
  const authorization = `Basic ${Buffer.from(`${client}:${client}-secret`).toString('base64')}`
  const body = new URLSearchParams(form)
  const response = await fetch(logto.issuer + path, { method: 'POST', body, headers: { authorization } })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

async function call(method: string, path: string, body?: object) {
  const resource = logto.managementResource
  const token = await post('/token', { grant_type: 'client_credentials', resource, scope: 'all' }, 'm2m')
  const response = await fetch(`${logto.endpoint}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${token.body.access_token}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: /^[[{]/.test(text) ? JSON.parse(text) : text }
}

const refresh = (token: string | undefined, client = 'web') =>
  post('/token', { grant_type: 'refresh_token', refresh_token: token ?? '' }, client)

describe('roles', () => {
  it('are made, changed and deleted; what they allow shows in tokens made later', async () => {
    await start()
    const { body: resources } = await call('GET', '/resources?includeScopes=true')
    const [read, write] = resources[1].scopes.map((scope: { id: string }) => scope.id)
    const { body: role } = await call('POST', '/roles', { name: 'clerk', description: 'x', scopeIds: [read] })
    expect(role).toMatchObject({ name: 'clerk', description: 'x', type: 'User', isDefault: false })
    expect((await call('POST', '/roles', { name: 'clerk', description: 'x' })).body.code).toBe('role.name_in_use')
    expect((await call('POST', `/roles/${role.id}/scopes`, { scopeIds: [read] })).body.code).toBe('role.scope_exists')
    expect((await call('POST', `/roles/${role.id}/scopes`, { scopeIds: [write] })).body).toHaveLength(2)
    expect((await call('PATCH', `/roles/${role.id}`, { name: 'head clerk' })).body.name).toBe('head clerk')
    const ids = { roleIds: [role.id] }
    expect((await call('POST', '/users/alice/roles', ids)).body).toEqual({ ...ids, addedRoleIds: [role.id] })
    const scope = async () => decodeJwt(await logto.tokenFor('alice', { resource: orders })).scope
    expect(await scope()).toBe('read:orders write:orders')
    expect((await call('DELETE', `/roles/${role.id}/scopes/${write}`)).status).toBe(204)
    expect(await scope()).toBe('read:orders')
    expect((await call('DELETE', `/roles/${role.id}`)).status).toBe(204)
    expect((await call('GET', `/roles/${role.id}`)).body.code).toBe('entity.not_exists_with_id')
    expect((await call('GET', '/users/alice/roles')).body).toHaveLength(1)
  })

  it('are for users or for machines', async () => {
    await start()
    const { body } = await call('GET', '/roles?type=MachineToMachine')
    const ids = { roleIds: [body[0].id] }
    expect((await call('POST', '/users/alice/roles', ids)).body.code).toBe('user.invalid_role_type')
    expect((await call('POST', '/applications/web/roles', ids)).body.code).toBe('application.invalid_type')
    expect((await call('POST', '/applications/m2m/roles', ids)).body).toEqual({ ...ids, addedRoleIds: [] })
  })
})

describe('sessions and grants', () => {
  it.each([
    ['', 200],
    ['?revokeGrantsTarget=all', 400],
    ['?revokeGrantsTarget=firstParty', 400],
  ])('end with DELETE%s, and refreshing then gives %s', async (query, refreshed) => {
    await start()
    const { refreshToken } = await logto.signIn('alice', { app: 'web' })
    const { sessions } = (await call('GET', '/users/alice/sessions')).body
    expect(sessions).toMatchObject([
      { clientId: 'web', accountId: 'alice', payload: { authorizations: { web: { persistsLogout: true } } } },
    ])
    const path = `/users/alice/sessions/${sessions[0].payload.uid}${query}`
    const odd = await call('DELETE', `/users/alice/sessions/${sessions[0].payload.uid}?revokeGrantsTarget=nope`)
    expect([odd.status, odd.body.code, odd.body.message]).toEqual([
      400,
      'guard.invalid_input',
      'The request query is invalid.',
    ])
    expect((await call('DELETE', path)).status).toBe(204)
    expect((await call('DELETE', path)).body.code).toBe('oidc.session_not_found')
    expect((await refresh(refreshToken)).status).toBe(refreshed)
  })

  it('spare the grants of third parties when only those of first parties are to end', async () => {
    await start()
    const { refreshToken } = await logto.signIn('alice', { app: 'third' })
    const { sessions } = (await call('GET', '/users/alice/sessions')).body
    await call('DELETE', `/users/alice/sessions/${sessions[0].payload.uid}?revokeGrantsTarget=firstParty`)
    expect((await refresh(refreshToken, 'third')).status).toBe(200)
  })

  it('are told, and a grant ends with its tokens', async () => {
    await start()
    const { refreshToken } = await logto.signIn('alice', { app: 'web' })
    const { grants } = (await call('GET', '/users/alice/grants')).body
    expect(grants).toMatchObject([
      {
        payload: { clientId: 'web', accountId: 'alice', resources: { [orders]: 'read:orders' } },
        application: { id: 'web' },
      },
    ])
    expect((await call('DELETE', `/users/alice/grants/${grants[0].id}`)).status).toBe(204)
    expect((await call('DELETE', `/users/alice/grants/${grants[0].id}`)).body.code).toBe('oidc.invalid_grant')
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant')
    await logto.signIn('alice')
    await call('PATCH', '/users/alice/is-suspended', { isSuspended: true })
    expect((await call('GET', '/users/alice/sessions')).body).toEqual({ sessions: [] })
    expect((await call('GET', '/users/alice/grants')).body).toEqual({ grants: [] })
  })
})

describe('webhooks', () => {
  it('are signed over the raw body, sent once, and not again when they fail', async () => {
    await start()
    const events = ['User.SuspensionStatus.Updated', 'User.Deleted']
    const config = { url: receiver, headers: { 'x-from': 'logto' } }
    const { body: hook } = await call('POST', '/hooks', { name: 'h', events, config })
    expect(hook).toMatchObject({ events, config, enabled: true, signingKey: expect.stringMatching(/^\w{32}$/) })
    status = 500
    await call('PATCH', '/users/alice/is-suspended', { isSuspended: true })
    await call('DELETE', '/users/alice')
    expect(await logto.deliveries()).toEqual(events.map((event) => ({ event, url: receiver, status: 500 })))
    for (const { headers, body } of received) {
      const signature = createHmac('sha256', hook.signingKey).update(body).digest('hex')
      expect(headers).toMatchObject({
        'logto-signature-sha-256': signature,
        'user-agent': 'Logto (https://logto.io/)',
        'x-from': 'logto',
      })
    }
    expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
      { event: events[0], hookId: hook.id, params: { userId: 'alice' }, data: { id: 'alice', isSuspended: true } },
      { event: events[1], status: 204, path: '/users/alice', data: { id: 'alice' } },
    ])
    expect((await call('DELETE', `/hooks/${hook.id}`)).status).toBe(204)
    expect((await call('GET', '/hooks')).body).toEqual([])
  })

  it('go to loopback addresses only, and nowhere when nobody listens', async () => {
    await start()
    expect(() => logto.addHook({ url: 'https://example.test/', events: [] })).toThrow('loopback addresses only')
    const body = { events: ['User.Created'], config: { url: 'http://example.test' } }
    expect((await call('POST', '/hooks', body)).status).toBe(400)
    logto.addHook({ url: 'http://127.0.0.1:9/', events: ['User.Created'] })
    await call('POST', '/users', { username: 'carol' })
    expect(await logto.deliveries()).toEqual([{ event: 'User.Created', url: 'http://127.0.0.1:9/' }])
  })
})

describe('signing out', () => {
  it.each([
    ['1.41', undefined],
    ['1.42', 120],
  ] as const)('in %s sends a logout token with the right members', async (version, lifetime) => {
    await start({ version })
    logto.addApp({
      id: 'told',
      type: 'Traditional',
      backchannelLogoutUri: receiver,
      backchannelLogoutSessionRequired: true,
    })
    const { idToken = '', refreshToken } = await logto.signIn('alice', { app: 'told' })
    const query = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: receiver, state: 'a b' })
    const response = await fetch(`${logto.issuer}/session/end?${query}`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([303, `${receiver}?state=a%20b`])
    expect(await logto.deliveries()).toEqual([{ event: 'backchannel-logout', url: receiver, status: 200 }])
    const token = new URLSearchParams(received[0]?.body).get('logout_token') ?? ''
    const keys = createRemoteJWKSet(new URL(`${logto.issuer}/jwks`))
    const { payload } = await jwtVerify(token, keys, { issuer: logto.issuer, audience: 'told', typ: 'logout+jwt' })
    expect(payload).toMatchObject({
      sub: 'alice',
      sid: decodeJwt(idToken).sid,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(payload.exp).toBe(lifetime === undefined ? undefined : Number(payload.iat) + lifetime)
    expect((await call('GET', '/users/alice/sessions')).body.sessions).toEqual([])
    expect(refreshToken).toBeDefined()
  })

  it('is refused for a hint that Logto has not signed, and tells nobody who does not want to know', async () => {
    await start()
    const { idToken = '' } = await logto.signIn('alice')
    const end = (hint: string) => fetch(`${logto.issuer}/session/end?id_token_hint=${hint}`)
    expect((await end(`${idToken.slice(0, -8)}AAAAAAAA`)).status).toBe(400)
    expect((await end('x')).status).toBe(400)
    expect((await end(idToken)).status).toBe(200)
    logto.signOut('alice')
    expect(await logto.deliveries()).toEqual([])
  })
})

describe('token exchange', () => {
  const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token'
  const exchange = (subject_token: string, form: Record<string, string> = {}, client = 'web') =>
    post('/token', { grant_type, subject_token, subject_token_type, resource: orders, ...form }, client)

  it('takes a subject token once, within its time', async () => {
    const clock = createTestClock()
    await start({ clock })
    const { body } = await call('POST', '/subject-tokens', { userId: 'alice' })
    expect(body).toEqual({ subjectToken: expect.stringMatching(/^sub_\w{21}$/), expiresIn: 600 })
    const first = await exchange(body.subjectToken, { scope: 'read:orders' })
    expect(first.body).toEqual({
      access_token: expect.any(String),
      expires_in: 3600,
      scope: 'read:orders',
      token_type: 'Bearer',
    })
    expect(decodeJwt(first.body.access_token)).toMatchObject({ sub: 'alice', client_id: 'web', aud: orders })
    expect((await exchange(body.subjectToken)).body.error).toBe('invalid_grant')
    const late = logto.subjectTokenFor('alice')
    await clock.advance(600)
    expect((await exchange(late)).body.error).toBe('invalid_grant')
  })

  it('takes access tokens, personal tokens, and an actor', async () => {
    await start()
    const jwt = await logto.tokenFor('alice', { resource: orders })
    const { accessToken } = await logto.signIn('alice')
    const actor = { actor_token: accessToken, actor_token_type: subject_token_type }
    expect(decodeJwt((await exchange(jwt, actor)).body.access_token)).toMatchObject({ act: { sub: 'alice' } })
    expect((await exchange(accessToken)).status).toBe(200)
    const { body } = await call('POST', '/users/alice/personal-access-tokens', { name: 'ci' })
    const type = { subject_token_type: 'urn:logto:token-type:personal_access_token' }
    expect((await exchange(body.value, type)).status).toBe(200)
    expect((await exchange(body.value, type)).status).toBe(200)
    expect((await exchange(jwt, { ...actor, actor_token: 'x' })).body.error).toBe('invalid_grant')
    expect((await exchange(jwt, { organization_id: 'elsewhere' })).body.error).toBe('access_denied')
    expect((await exchange(jwt, {}, 'third')).body.error).toBe('invalid_request')
    logto.suspend('alice')
    expect((await exchange(jwt)).body.error).toBe('invalid_grant')
  })

  it('takes personal tokens until they end, are deleted, or their user is', async () => {
    const clock = createTestClock()
    await start({ clock })
    const path = '/users/alice/personal-access-tokens'
    const personal = { subject_token_type: 'urn:logto:token-type:personal_access_token' }
    const give = async (name: string, more: object = {}) => (await call('POST', path, { name, ...more })).body.value
    const [forDays, for10, kept] = [
      await give('a/b %2F'),
      await give('short', { expiresAt: clock.now() + 10_000 }),
      await give('kept'),
    ]
    const subject = logto.subjectTokenFor('alice')
    expect((await call('GET', path)).body).toEqual([
      {
        tenantId: 'default',
        userId: 'alice',
        name: 'a/b %2F',
        value: forDays,
        createdAt: expect.any(Number),
        expiresAt: null,
      },
      expect.objectContaining({ name: 'short', value: for10, expiresAt: clock.now() + 10_000 }),
      expect.objectContaining({ name: 'kept', value: kept }),
    ])
    expect((await exchange(for10, personal)).status).toBe(200)
    await clock.advance(10)
    expect((await exchange(for10, personal)).body.error).toBe('invalid_grant')
    expect(await call('POST', `${path}/delete`, { name: 'a/b %2F' })).toEqual({ status: 204, body: '' })
    expect((await exchange(forDays, personal)).body.error).toBe('invalid_grant')
    expect((await exchange(kept, personal)).status).toBe(200)
    expect((await call('DELETE', '/users/alice')).status).toBe(204)
    expect((await exchange(kept, personal)).body.error).toBe('invalid_grant')
    expect((await exchange(subject)).body.error).toBe('invalid_grant')
  })

  it('has a name of its own for each personal token of a user, which ends later', async () => {
    await start()
    const path = '/users/alice/personal-access-tokens'
    const give = async (body: object) => {
      const { status, body: said } = await call('POST', path, body)
      return [status, said.code]
    }
    expect(await give({ name: 'ci' })).toEqual([201, undefined])
    expect(await give({ name: 'ci' })).toEqual([422, 'user.personal_access_token_name_exists'])
    expect(await give({ name: '' })).toEqual([400, 'guard.invalid_input'])
    expect(await give({ name: 'old', expiresAt: Date.now() - 1000 })).toEqual([400, 'request.invalid_input'])
    expect((await call('POST', `${path}/delete`, { name: 'other' })).status).toBe(404)
    expect((await call('POST', '/users/nobody/personal-access-tokens', { name: 'ci' })).status).toBe(404)
  })
})

it('answers with a quota of the cloud that is used up, in the other shape', async () => {
  await start()
  logto.useUpTokenQuota()
  const ask = () => post('/token', { grant_type: 'client_credentials', resource: orders }, 'm2m')
  expect(await ask()).toEqual({
    status: 429,
    body: { code: 'auth.exceed_token_limit', message: expect.any(String) },
  })
  logto.useUpTokenQuota(false)
  expect((await ask()).status).toBe(200)
})

it('tells its calls to whoever asks, without a token', async () => {
  await start()
  for (const path of ['/api/swagger.json', '/api/.well-known/management.openapi.json']) {
    const body = (await (await fetch(logto.endpoint + path)).json()) as { paths: object }
    expect(Object.keys(body.paths)).toContain('/api/users/{userId}')
  }
})
