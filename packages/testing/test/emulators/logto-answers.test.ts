import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createTestClock } from '../../src/index.ts'
import {
  api,
  basic,
  type Form,
  get,
  introspect,
  logto,
  m2m,
  managed,
  management,
  managementToken,
  me,
  orders,
  post,
  refresh,
  revoke,
  start,
} from '../support/logto-tenant.ts'

afterEach(() => logto.close())

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
