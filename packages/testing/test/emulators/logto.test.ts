import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { createLogtoEmulator, createTestClock, type LogtoEmulator, type LogtoEmulatorOptions } from '../../src/index.ts'

const orders = 'https://orders.example.test/api'
const management = 'https://default.logto.app/api'
const tenant: LogtoEmulatorOptions = {
  resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'] }],
  roles: [{ name: 'order-viewer', scopes: { [orders]: ['read:orders'] } }],
  organizationRoles: [
    { name: 'org-admin', scopes: ['manage:members', 'read:billing'], resourceScopes: { [orders]: ['write:orders'] } },
  ],
  organizations: [
    { id: 'acme', name: 'Acme', description: 'd' },
    { id: 'other', name: 'Other' },
  ],
  users: [
    {
      id: 'alice',
      username: 'alice',
      name: 'Alice',
      email: 'alice@example.test',
      roles: ['order-viewer'],
      organizations: { acme: ['org-admin'], other: [] },
    },
    { id: 'bob', username: 'bob', organizations: { acme: ['org-admin'], other: [] } },
  ],
  apps: [
    { id: 'web', type: 'Traditional', secret: 'web-secret' },
    { id: 'web2', type: 'Traditional', secret: 'web2-secret' },
    { id: 'spa', type: 'SPA' },
    {
      id: 'm2m',
      type: 'MachineToMachine',
      secret: 'm2m-secret',
      roles: ['order-viewer', 'Logto Management API access'],
      organizations: { acme: ['org-admin'], other: [] },
    },
  ],
}

let logto: LogtoEmulator

afterEach(() => logto.close())

async function start(options: LogtoEmulatorOptions = {}): Promise<LogtoEmulator> {
  logto = await createLogtoEmulator({ ...tenant, ...options })
  return logto
}

type Form = Record<string, string | string[]>

function basic(id: string, secret = `${id}-secret`) {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

async function post(path: string, form: Form, headers: Record<string, string> = {}) {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(form)) for (const one of [value].flat()) body.append(name, one)
  return answer(await fetch(logto.issuer + path, { method: 'POST', body, headers }))
}

async function answer(response: Response) {
  const text = await response.text()
  const body = /^[[{]/.test(text) ? JSON.parse(text) : text
  return { status: response.status, headers: response.headers, body }
}

const get = async (path: string, headers: Record<string, string> = {}) =>
  answer(await fetch(logto.issuer + path, { headers }))
const m2m = (form: Form) => post('/token', { grant_type: 'client_credentials', ...form }, basic('m2m'))
const refresh = (refresh_token: string | undefined, form: Form = {}, headers: Record<string, string> = basic('web')) =>
  post('/token', { grant_type: 'refresh_token', refresh_token: refresh_token ?? '', ...form }, headers)
const asSpa = (refresh_token: string | undefined) => refresh(refresh_token, { client_id: 'spa' }, {})
const introspect = (token: string | undefined, headers: Record<string, string> = basic('web2')) =>
  post('/token/introspection', { token: token ?? '' }, headers)
const revoke = (token: string | undefined, headers = basic('web')) =>
  post('/token/revocation', { token: token ?? '' }, headers)
const me = (token: string) => get('/me', { authorization: `Bearer ${token}` })

const api = async (path: string, headers: Record<string, string>, init: RequestInit = {}) =>
  answer(await fetch(`${logto.endpoint}/api${path}`, { headers, ...init }))
const managed = (path: string, token: string, method = 'GET', body?: object) =>
  api(path, { authorization: `Bearer ${token}` }, { method, ...(body && { body: JSON.stringify(body) }) })
const managementToken = async (scope = 'all') =>
  (await m2m({ resource: management, scope })).body.access_token as string

function verify(token: string, audience: string) {
  const keys = createRemoteJWKSet(new URL(`${logto.issuer}/jwks`))
  return jwtVerify(token, keys, { issuer: logto.issuer, audience, typ: 'at+jwt', algorithms: ['ES384', 'RS256'] })
}

describe('machine-to-machine tokens', () => {
  it('hold what was asked for and is held, and drop the rest without a word', async () => {
    await start()
    const { status, body } = await m2m({ resource: management, scope: 'all nothing' })
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), expires_in: 3600, token_type: 'Bearer', scope: 'all' },
    ])
    const { payload, protectedHeader } = await verify(body.access_token, management)
    expect(protectedHeader).toEqual({ alg: 'ES384', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) })
    expect(payload).toEqual({
      jti: expect.stringMatching(/^[\w-]{43}$/),
      sub: 'm2m',
      iat: expect.any(Number),
      exp: Number(payload.iat) + 3600,
      scope: 'all',
      client_id: 'm2m',
      iss: logto.issuer,
      aud: management,
    })
  })

  it.each<[string, Form, Record<string, unknown>]>([
    ['an API', { resource: orders, scope: 'read:orders write:orders' }, { aud: orders, scope: 'read:orders' }],
    ['an API without asking', { resource: orders }, { aud: orders }],
    [
      'an API in an organization',
      { resource: orders, organization_id: 'acme', scope: 'read:orders write:orders' },
      { aud: orders, organization_id: 'acme', scope: 'write:orders' },
    ],
    [
      'an API in an organization without a role',
      { resource: orders, organization_id: 'other', scope: 'read:orders' },
      { aud: orders, organization_id: 'other' },
    ],
    [
      'an organization',
      { organization_id: 'acme', scope: 'read:billing' },
      { aud: 'urn:logto:organization:acme', scope: 'read:billing' },
    ],
  ])('for %s', async (_, form, expected) => {
    await start()
    const { body } = await m2m(form)
    const { jti, iat, exp, iss, sub, client_id, ...claims } = decodeJwt(body.access_token)
    expect(claims).toEqual(expected)
    expect(body.scope).toBe(expected.scope)
  })

  it('live as long as the resource says, and are asked for in the body or as JSON too', async () => {
    await start({ resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'], accessTokenTtl: 2 }] })
    const form = { grant_type: 'client_credentials', client_id: 'm2m', client_secret: 'm2m-secret', resource: orders }
    expect((await post('/token', form)).body.expires_in).toBe(2)
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${logto.issuer}/token`, { method: 'POST', body: JSON.stringify(form), headers })
    expect((await answer(response)).body.expires_in).toBe(2)
  })

  it('follow roles that are given and taken', async () => {
    await start()
    const scope = async () => (await m2m({ resource: orders, scope: 'read:orders' })).body.scope
    logto.removeRole('m2m', 'order-viewer')
    expect(await scope()).toBeUndefined()
    logto.assignRole('m2m', 'order-viewer')
    expect(await scope()).toBe('read:orders')
  })
})

describe('tokens of users', () => {
  it('are opaque when no API is asked for, and known to userinfo and introspection', async () => {
    await start()
    const { accessToken, refreshToken, scope } = await logto.signIn('alice', {
      scopes: ['openid', 'profile', 'email', 'roles', 'offline_access', 'read:orders'],
    })
    expect(accessToken).toMatch(/^[\w-]{43}$/)
    expect(await me(accessToken)).toMatchObject({
      status: 200,
      body: {
        sub: 'alice',
        name: 'Alice',
        preferred_username: 'alice',
        picture: null,
        username: 'alice',
        created_at: expect.any(Number),
        updated_at: expect.any(Number),
        email: 'alice@example.test',
        email_verified: true,
        roles: ['order-viewer'],
        organizations: ['acme', 'other'],
        organization_data: [
          { id: 'acme', name: 'Acme', description: 'd' },
          { id: 'other', name: 'Other', description: null },
        ],
        organization_roles: ['acme:org-admin'],
      },
    })
    const live = {
      active: true,
      sub: 'alice',
      client_id: 'web',
      iss: logto.issuer,
      sid: expect.any(String),
      scope,
      token_type: 'Bearer',
    }
    expect((await introspect(accessToken)).body).toMatchObject(live)
    const asRefresh = (await introspect(refreshToken)).body
    expect(asRefresh).toMatchObject({ active: true, sub: 'alice', scope: expect.stringContaining('read:orders') })
    expect(asRefresh).not.toHaveProperty('token_type')
    expect((await post('/token/introspection', { token: accessToken, client_id: 'spa' })).body).toEqual({
      active: false,
    })
  })

  it.each<[string, string, Form, Record<string, unknown>]>([
    ['an API', 'alice', { resource: orders }, { aud: orders, scope: 'read:orders write:orders' }],
    [
      'an API in an organization',
      'alice',
      { resource: orders, organization_id: 'acme' },
      { aud: orders, organization_id: 'acme', scope: 'read:orders write:orders' },
    ],
    [
      'an API in an organization without a role there',
      'alice',
      { resource: orders, organization_id: 'other' },
      { aud: orders, organization_id: 'other', scope: 'read:orders' },
    ],
    ['an API, with rights of any organization', 'bob', { resource: orders }, { aud: orders, scope: 'write:orders' }],
    [
      'an API without any right',
      'bob',
      { resource: orders, organization_id: 'other' },
      { aud: orders, organization_id: 'other', scope: '' },
    ],
    [
      'an organization',
      'alice',
      { organization_id: 'acme' },
      { aud: 'urn:logto:organization:acme', scope: 'manage:members read:billing' },
    ],
    [
      'an API, with fewer scopes',
      'alice',
      { resource: orders, scope: 'read:orders' },
      { aud: orders, scope: 'read:orders' },
    ],
  ])('are for %s after a refresh', async (_, user, form, expected) => {
    await start()
    const { refreshToken } = await logto.signIn(user)
    const { body } = await refresh(refreshToken, form)
    const { jti, iat, exp, iss, sub, client_id, ...claims } = decodeJwt(body.access_token)
    expect([sub, client_id, claims]).toEqual([user, 'web', expected])
    expect(body).toMatchObject({
      refresh_token: refreshToken,
      scope: expected.scope,
      token_type: 'Bearer',
      expires_in: 3600,
    })
    expect('id_token' in body).toBe(!('scope' in form))
    const { resource, organization_id: organization } = form as Record<string, string>
    const direct = await logto.tokenFor(user, {
      ...(resource && { resource }),
      ...(organization && { organization }),
      ...(form.scope && { scopes: ['read:orders'] }),
    })
    expect((await verify(direct, String(expected.aud))).payload).toMatchObject(expected)
  })

  it('for the default resource need no resource', async () => {
    await start({ resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'], isDefault: true }] })
    const { refreshToken } = await logto.signIn('alice', { resources: [] })
    expect(decodeJwt((await refresh(refreshToken)).body.access_token).aud).toBe(orders)
  })

  it('gain rights of organizations at the next refresh, and those of the tenant at the next sign-in', async () => {
    await start()
    logto.addUser({ id: 'carol', username: 'carol', organizations: { acme: [] } })
    const { refreshToken } = await logto.signIn('carol')
    const scope = async (token = refreshToken) => (await refresh(token, { resource: orders })).body.scope
    expect(await scope()).toBe('')
    logto.assignRole('carol', 'order-viewer')
    logto.setMembership('carol', 'acme', ['org-admin'])
    expect(await scope()).toBe('write:orders')
    expect(await scope((await logto.signIn('carol')).refreshToken)).toBe('read:orders write:orders')
    logto.removeMembership('carol', 'acme')
    logto.removeRole('carol', 'order-viewer')
    expect(await scope()).toBe('')
  })

  it('take claims of the script, but for the registered ones', async () => {
    await start({
      customClaims: ({ token, context, api }) => {
        if (token.aud === management) api.denyAccess('not today')
        if (context.user?.id === 'bob') throw new Error('a fault of the script')
        return {
          roles: context.user?.roles.map(({ name }) => name) ?? [],
          organization_id: 'evil',
          sub: 'evil',
          scope: 'all',
          exp: 1,
        }
      },
    })
    expect(decodeJwt(await logto.tokenFor('alice', { resource: orders }))).toMatchObject({
      sub: 'alice',
      scope: 'read:orders write:orders',
      roles: ['order-viewer'],
      organization_id: 'evil',
    })
    expect(decodeJwt((await m2m({ resource: orders })).body.access_token)).not.toHaveProperty('scope')
    expect(decodeJwt(await logto.tokenFor('bob', { resource: orders }))).not.toHaveProperty('roles')
    await expect(logto.tokenFor('alice', { resource: management })).rejects.toThrow('not today')
  })
})

describe('refresh tokens', () => {
  it('of public clients rotate; the old one works for 3 seconds more, then takes the grant along', async () => {
    const clock = createTestClock()
    await start({ clock })
    const { refreshToken } = await logto.signIn('alice', { app: 'spa' })
    const second = (await asSpa(refreshToken)).body.refresh_token
    expect(second).not.toBe(refreshToken)
    await clock.advance(3)
    expect((await asSpa(refreshToken)).status).toBe(200)
    expect((await introspect(refreshToken)).body).toEqual({ active: false })
    await clock.advance(1)
    expect((await asSpa(refreshToken)).body.error).toBe('invalid_grant')
    expect((await asSpa(second)).body.error).toBe('invalid_grant')
  })

  it('of confidential clients rotate late in their life', async () => {
    const clock = createTestClock()
    await start({ clock })
    const { refreshToken } = await logto.signIn('alice')
    await clock.advance(9 * 86_400)
    expect((await refresh(refreshToken)).body.refresh_token).toBe(refreshToken)
    await clock.advance(86_400)
    const { body } = await refresh(refreshToken)
    expect(body.refresh_token).not.toBe(refreshToken)
    await clock.advance(13 * 86_400)
    expect((await refresh(body.refresh_token)).status).toBe(200)
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant')
  })

  it('of single-page apps do not live longer by rotation, and can be told not to rotate', async () => {
    const clock = createTestClock()
    await start({ clock })
    logto.addApp({ id: 'still', type: 'Native', rotateRefreshToken: false })
    const { refreshToken } = await logto.signIn('alice', { app: 'spa' })
    await clock.advance(10 * 86_400)
    const second = (await asSpa(refreshToken)).body.refresh_token
    await clock.advance(5 * 86_400)
    expect((await asSpa(second)).body.error).toBe('invalid_grant')
    const native = (await logto.signIn('alice', { app: 'still' })).refreshToken
    expect((await refresh(native, { client_id: 'still' }, {})).body.refresh_token).toBe(native)
  })

  it('need offline_access, or an app that always gets them', async () => {
    await start()
    logto.addApp({ id: 'always', type: 'Traditional', alwaysIssueRefreshToken: true })
    expect(await logto.signIn('alice', { scopes: ['openid'] })).not.toHaveProperty('refreshToken')
    expect(await logto.signIn('alice', { scopes: ['openid'], app: 'always' })).toHaveProperty('refreshToken')
    expect(await logto.signIn('alice', { scopes: ['profile'] })).not.toHaveProperty('idToken')
  })

  it.each<[string, () => void]>([
    ['suspended', () => logto.suspend('alice')],
    [
      'suspended for a while',
      () => {
        logto.suspend('alice')
        logto.suspend('alice', false)
      },
    ],
    ['deleted', () => logto.deleteUser('alice')],
  ])('end with opaque tokens when the user is %s', async (_, end) => {
    await start()
    const { refreshToken, accessToken } = await logto.signIn('alice')
    end()
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant')
    expect((await me(accessToken)).status).toBe(401)
    expect((await introspect(accessToken)).body).toEqual({ active: false })
  })
})

describe('versions', () => {
  it.each([
    ['1.41', 200, { active: false }, 200, 200],
    ['1.42', 400, expect.objectContaining({ error: 'unsupported_token_type' }), 400, 400],
  ] as const)(
    '%s treats signed tokens, and a grant whose opaque token was revoked, its own way',
    async (version, status, body, revoked, after) => {
      await start({ version })
      const jwt = await logto.tokenFor('alice', { resource: orders })
      expect(await introspect(jwt)).toMatchObject({ status, body })
      expect((await revoke(jwt)).status).toBe(revoked)
      const { accessToken, refreshToken } = await logto.signIn('alice')
      const gone = await revoke(accessToken)
      expect([gone.status, gone.headers.get('content-type'), gone.body]).toEqual([200, 'text/plain; charset=utf-8', ''])
      expect((await me(accessToken)).status).toBe(401)
      expect((await refresh(refreshToken)).status).toBe(after)
    },
  )

  it('1.41 has no OAuth metadata, shorter identifiers, and a typ and at_hash in ID tokens', async () => {
    await start({ version: '1.41' })
    expect((await get('/.well-known/oauth-authorization-server')).status).toBe(404)
    expect(decodeJwt(await logto.tokenFor('alice', { resource: orders })).jti).toMatch(/^[\w-]{21}$/)
    const { idToken = '' } = await logto.signIn('alice')
    expect(decodeProtectedHeader(idToken).typ).toBe('JWT')
    expect(decodeJwt(idToken)).toMatchObject({ aud: 'web', at_hash: expect.stringMatching(/^[\w-]{32}$/) })
    expect((await get('/me')).body.error).toBe('invalid_request')
  })

  it('1.42 has OAuth metadata, and ID tokens without both', async () => {
    await start()
    logto.addApp({ id: 'sid', type: 'Traditional', backchannelLogoutSessionRequired: true })
    expect((await get('/.well-known/oauth-authorization-server')).body).toEqual(
      (await get('/.well-known/openid-configuration')).body,
    )
    const { idToken = '' } = await logto.signIn('alice', { app: 'sid' })
    expect(decodeProtectedHeader(idToken)).not.toHaveProperty('typ')
    expect(decodeJwt(idToken)).toMatchObject({
      aud: 'sid',
      sid: expect.stringMatching(/^[\w-]{43}$/),
      roles: ['order-viewer'],
    })
    expect(decodeJwt(idToken)).not.toHaveProperty('at_hash')
    expect(decodeJwt(idToken)).not.toHaveProperty('organization_data')
  })

  it('revoke a refresh token with the opaque tokens of its grant', async () => {
    await start()
    const { accessToken, refreshToken } = await logto.signIn('alice')
    expect((await revoke(refreshToken)).status).toBe(200)
    expect((await revoke('unknown')).status).toBe(200)
    expect([(await refresh(refreshToken)).status, (await me(accessToken)).status]).toEqual([400, 401])
  })
})

describe('keys', () => {
  it('rotate at once, and only one previous key stays', async () => {
    await start()
    const token = await logto.tokenFor('alice', { resource: orders })
    await logto.rotate('RSA')
    const { body } = await get('/jwks')
    expect(body.keys.map((key: object) => Object.keys(key).join())).toEqual([
      'kty,use,kid,e,n',
      'kty,use,kid,alg,crv,x,y',
    ])
    expect((await get('/.well-known/openid-configuration')).body.id_token_signing_alg_values_supported).toEqual([
      'PS256',
      'RS256',
      'ES384',
    ])
    expect((await verify(token, orders)).protectedHeader.alg).toBe('ES384')
    expect((await verify(await logto.tokenFor('alice', { resource: orders }), orders)).protectedHeader.alg).toBe(
      'RS256',
    )
    await logto.rotate()
    await expect(verify(token, orders)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })

  it('are not to be cached, and answer 304', async () => {
    await start()
    const { headers } = await get('/jwks')
    expect(headers.get('content-type')).toBe('application/jwk-set+json; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache, max-age=0, must-revalidate')
    expect((await get('/jwks', { 'if-none-match': headers.get('etag') ?? '' })).status).toBe(304)
  })
})

describe('the Management API', () => {
  it('changes roles, which show in tokens issued later', async () => {
    await start()
    const token = await managementToken()
    const { body: roles } = await managed('/roles?type=User', token)
    expect(roles).toEqual([
      expect.objectContaining({ name: 'order-viewer', type: 'User', usersCount: 1, applicationsCount: 1 }),
    ])
    const { id } = roles[0]
    const names = async () => (await managed('/users/bob/roles', token)).body.map(({ name }: { name: string }) => name)
    const scope = async () => decodeJwt(await logto.tokenFor('bob', { resource: orders, organization: 'other' })).scope
    expect([await names(), await scope()]).toEqual([[], ''])
    expect((await managed('/users/bob/roles', token, 'POST', { roleIds: [id] })).status).toBe(201)
    expect([await names(), await scope()]).toEqual([['order-viewer'], 'read:orders'])
    expect((await managed(`/users/bob/roles/${id}`, token, 'DELETE')).status).toBe(204)
    expect((await managed(`/users/bob/roles/${id}`, token, 'DELETE')).status).toBe(404)
    expect((await managed('/users/bob/roles', token, 'PUT', { roleIds: [id] })).status).toBe(200)
    expect((await managed('/applications/m2m/roles', token, 'PUT', { roleIds: [] })).status).toBe(200)
    expect([await names(), (await managed('/applications/m2m/roles', token)).body]).toEqual([['order-viewer'], []])
    expect((await m2m({ resource: management, scope: 'all' })).body).not.toHaveProperty('scope')
    expect((await managed(`/roles/${id}/scopes`, token)).body).toEqual([
      expect.objectContaining({ name: 'read:orders', resource: expect.objectContaining({ indicator: orders }) }),
    ])
    expect((await managed('/roles/nope/scopes', token)).body.code).toBe('entity.not_exists_with_id')
  })

  it('shows users and their organizations, suspends and deletes them', async () => {
    await start()
    const token = await managementToken()
    const { accessToken } = await logto.signIn('alice')
    expect((await managed('/users/alice', token)).body).toMatchObject({
      id: 'alice',
      primaryEmail: 'alice@example.test',
      isSuspended: false,
    })
    expect((await managed('/users/alice/organizations', token)).body).toMatchObject([
      { id: 'acme', name: 'Acme', organizationRoles: [{ name: 'org-admin' }] },
      { id: 'other', name: 'Other', organizationRoles: [] },
    ])
    expect((await managed('/organizations/acme/users/alice/roles', token)).body).toMatchObject([{ name: 'org-admin' }])
    expect((await managed('/organizations/acme/users/alice/scopes', token)).body).toMatchObject([
      { name: 'manage:members' },
      { name: 'read:billing' },
    ])
    expect((await managed('/organizations/nope/users/alice/scopes', token)).body).toEqual([])
    expect((await managed('/organizations/nope/users/alice/roles', token)).body.code).toBe(
      'organization.require_membership',
    )
    expect((await managed('/resources?includeScopes=true', token)).body[1]).toMatchObject({
      indicator: orders,
      scopes: [{ name: 'read:orders' }, { name: 'write:orders' }],
    })
    const suspended = await managed('/users/alice/is-suspended', token, 'PATCH', { isSuspended: true })
    expect([suspended.status, suspended.body.isSuspended, (await me(accessToken)).status]).toEqual([200, true, 401])
    expect((await managed('/users/alice/is-suspended', token, 'PATCH', {})).body.code).toBe('guard.invalid_input')
    const broken = await api(
      '/users/alice/is-suspended',
      { authorization: `Bearer ${token}` },
      { method: 'PATCH', body: '{x' },
    )
    expect([broken.status, Object.keys(broken.body)]).toEqual([400, ['message']])
    expect((await managed('/users/alice', token, 'DELETE')).status).toBe(204)
    expect((await managed('/users/alice', token)).status).toBe(404)
  })

  it('pages lists, with links that lead nowhere', async () => {
    await start()
    const { headers, body } = await managed('/roles?page=1&page_size=1', await managementToken())
    const list = `${logto.endpoint}/roles?page`
    expect([body.length, headers.get('total-number')]).toEqual([1, '2'])
    expect(headers.get('link')).toBe(
      `<${list}=1&page_size=1>; rel="first", <${list}=2&page_size=1>; rel="last", <${list}=2&page_size=1>; rel="next"`,
    )
  })

  it('refuses tokens that are for another API, expired, or signed by a key that is gone', async () => {
    const clock = createTestClock()
    await start({ clock })
    const token = await managementToken()
    const code = async (one: string) => (await managed('/users/alice', one)).body.data?.code
    expect(await code((await m2m({ resource: orders })).body.access_token)).toBe('ERR_JWT_CLAIM_VALIDATION_FAILED')
    await logto.rotate()
    expect(await code(token)).toBeUndefined()
    await clock.advance(3600)
    expect(await code(token)).toBe('ERR_JWT_EXPIRED')
    await logto.rotate()
    expect(await code(token)).toBe('ERR_JWKS_NO_MATCHING_KEY')
    expect([logto.requests('management'), logto.requests('token')]).toEqual([4, 2])
  })
})

describe('errors', () => {
  type Sample = { status: number; wwwAuthenticate?: string; body: object }
  const samples: Record<string, Record<string, Sample>> = JSON.parse(
    readFileSync(new URL('../fixtures/logto-errors.json', import.meta.url), 'utf8'),
  )
  const token = (form: Form, headers: Record<string, string> = basic('m2m')) => post('/token', form, headers)
  const signedIn = async () => (await logto.signIn('alice')).refreshToken
  const narrow = async (scopes: string[]) =>
    (await logto.signIn('alice', { scopes, resources: [], organizations: false })).refreshToken

  const requests: Record<string, () => ReturnType<typeof post>> = {
    'token-errors/bad_secret': () => token({}, basic('m2m', 'wrong')),
    'token-errors/bad_secret_post': () => token({ client_id: 'm2m', client_secret: 'wrong' }, {}),
    'token-errors/unknown_client': () => token({}, basic('nope')),
    'token-errors/no_client_auth': () => token({ grant_type: 'client_credentials' }, {}),
    'token-errors/wrong_resource': () => m2m({ resource: 'https://unknown.test' }),
    'token-errors/relative_resource': () => m2m({ resource: 'orders' }),
    'token-errors/missing_resource': () => m2m({}),
    'token-errors/organization_not_associated': () => m2m({ organization_id: 'elsewhere' }),
    'token-errors/unsupported_grant': () => token({ grant_type: 'password' }),
    'token-errors/grant_not_allowed_for_client': () => token({ grant_type: 'client_credentials' }, basic('web')),
    'token-errors/missing_grant_type': () => token({}),
    'token-errors/get_method': () => get('/token'),
    'token-errors/unknown_route': () => get('/nope'),
    'introspection/jwt_access_token_own': async () => introspect(await logto.tokenFor('alice', { resource: orders })),
    'introspection/bad_client': () => introspect('x', basic('web', 'wrong')),
    'introspection/no_client': () => introspect('x', {}),
    'introspection/missing_token': () => post('/token/introspection', {}, basic('web')),
    'revocation/jwt_access_token': async () => revoke(await logto.tokenFor('alice', { resource: orders })),
    'revocation/refresh_after_opaque_revoked': async () => {
      const { accessToken, refreshToken } = await logto.signIn('alice')
      await revoke(accessToken)
      return refresh(refreshToken)
    },
    'revocation/refresh_token_other_client': async () => revoke(await signedIn(), basic('web2')),
    'revocation/refresh_after': async () => {
      const refreshToken = await signedIn()
      await revoke(refreshToken)
      return refresh(refreshToken)
    },
    'revocation/bad_client': () => revoke('x', basic('web', 'wrong')),
    'revocation/missing_token': () => post('/token/revocation', {}, basic('web')),
    'refresh-errors/unknown_token': () => refresh('unknown'),
    'refresh-errors/resource_not_granted': async () => refresh(await narrow(['offline_access']), { resource: orders }),
    'refresh-errors/unknown_resource': async () => refresh(await signedIn(), { resource: 'https://unknown.test' }),
    'refresh-errors/scope_not_granted': async () => refresh(await signedIn(), { scope: 'custom_data' }),
    'refresh-errors/not_member': async () => refresh(await signedIn(), { organization_id: 'elsewhere' }),
    'refresh-errors/other_client': async () => refresh(await signedIn(), {}, basic('web2')),
    'userinfo-errors/jwt_access_token': async () => me(await logto.tokenFor('alice', { resource: orders })),
    'userinfo-errors/garbage': () => me('garbage'),
    'userinfo-errors/none': () => get('/me'),
    'probes/two_resources': () => m2m({ resource: [orders, management] }),
    'probes/duplicate_scope_param': () => m2m({ resource: orders, scope: ['read:orders', 'write:orders'] }),
    'probes/both_basic_and_body_secret': () => m2m({ client_id: 'm2m', client_secret: 'm2m-secret' }),
    'probes/parse_error_false': () => post('/token?parse_error=false', {}, basic('m2m', 'wrong')),
    'probes/custom_claims_deny': async () => {
      await logto.close()
      await start({ customClaims: ({ api }) => api.denyAccess('not today') })
      return m2m({ resource: orders })
    },
    'probes/post_userinfo': () => post('/me', {}),
    'management/no_header': () => api('/users/alice', {}),
    'management/basic_header': () => api('/users/alice', basic('m2m')),
    'management/lower_case_bearer': async () =>
      api('/users/alice', { authorization: `bearer ${await managementToken()}` }),
    'management/garbage_token': () => api('/users/alice', { authorization: 'Bearer garbage' }),
    'management/missing_all_scope': async () => managed('/users/alice', await managementToken('')),
    'management/not_found': async () => managed('/users/nobody', await managementToken()),
    'management/bad_query': async () => managed('/roles?page=0', await managementToken()),
    'management/too_big_page': async () => managed('/roles?page_size=101', await managementToken()),
    'probes-user/org_token_without_organizations_scope': async () =>
      refresh(await narrow(['openid', 'offline_access']), { organization_id: 'acme' }),
  }

  const table = (['1.41', '1.42'] as const).flatMap((version) =>
    Object.entries(samples[version] ?? {}).map(([name, sample]) => [version, name, sample] as const),
  )

  it.each(table)('of %s are as a real server gave them: %s', async (version, name, sample) => {
    await start({ version })
    const { status, headers, body } = await (requests[name] as () => ReturnType<typeof post>)()
    expect({ status, body }).toEqual({ status: sample.status, body: sample.body })
    expect(headers.get('www-authenticate')).toBe(sample.wwwAuthenticate?.replace('{issuer}', logto.issuer) ?? null)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('logto-core-request-id')).toMatch(/^[\w-]{16}$/)
  })

  it('have another shape outside the OpenID Connect endpoints', async () => {
    await start()
    const response = await fetch(`${logto.endpoint}/api/nope`)
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      404,
      'text/plain; charset=utf-8',
      'Not Found',
    ])
    expect(response.headers.get('logto-core-request-id')).toMatch(/^[\w-]{16}$/)
  })

  it('tell of a secret that has expired, and of a scope that userinfo needs', async () => {
    const clock = createTestClock(1_800_000_000)
    await start({ clock })
    const secret = logto.addSecret('m2m', 1_800_000_010)
    const ask = () => token({ grant_type: 'client_credentials', resource: orders }, basic('m2m', secret))
    expect((await ask()).status).toBe(200)
    await clock.advance(10)
    expect((await ask()).body).toMatchObject({
      error: 'invalid_request',
      error_description: 'client secret has expired',
    })
    expect((await m2m({ resource: orders })).status).toBe(200)
    const { accessToken } = await logto.signIn('alice', { scopes: ['profile'] })
    expect(await me(accessToken)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  })

  it('follow an app that is deleted, and faults that a test sets', async () => {
    await start()
    logto.deleteApp('m2m')
    expect((await m2m({ resource: orders })).body.error_description).toBe('invalid client m2m')
    logto.fail('token', { status: 503 })
    expect((await m2m({ resource: orders })).status).toBe(503)
    expect(logto.requests('token')).toBe(2)
  })

  it('of the test itself are told at once', async () => {
    await start()
    expect(() => logto.assignRole('alice', 'nope')).toThrow(
      'There is no role nope; there are: Logto Management API access, order-viewer.',
    )
    expect(() => logto.assignRole('nope', 'order-viewer')).toThrow('There is no user or app nope')
    expect(() => logto.addRole({ name: 'r', scopes: { [orders]: ['x'] } })).toThrow(
      `The resource ${orders} has no scope x.`,
    )
    await expect(logto.signIn('nope')).rejects.toThrow('There is no user nope')
    await expect(logto.tokenFor('alice', { organization: 'elsewhere' })).rejects.toThrow('not a member')
    logto.suspend('alice')
    await expect(logto.signIn('alice')).rejects.toThrow('suspended')
  })
})
