import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import {
  answer,
  type Form,
  introspect,
  logto,
  m2m,
  management,
  me,
  orders,
  post,
  refresh,
  start,
  verify,
} from '../support/logto-tenant.ts'

afterEach(() => logto.close())

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
