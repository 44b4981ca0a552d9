import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestClock, type LogtoEmulator } from '@claviger/testing'
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
import { createLogtoWebhook, type LogtoClient, logto, logtoRoles } from '../src/providers/logto/index.ts'
import { clientOf, createTenants, orders } from './support/logto-tenant.ts'
import { rightsOf } from './support/roles.ts'

const tenants = createTenants()
const closers: (() => unknown)[] = []
const clock = createTestClock()
let tenant: LogtoEmulator
let client: LogtoClient
let directory: RoleDirectory
let auth: Authenticator
let admin: RoleAdministration
let revocations: RevocationList

beforeEach(async () => {
  tenant = await tenants.start({
    clock,
    customClaims: ({ context }) => ({
      roles: context.user?.roles.map(({ name }) => name) ?? [],
      organization_roles: context.user?.organizationRoles.map((one) => `${one.organizationId}:${one.roleName}`) ?? [],
    }),
  })
  client = clientOf(tenant)
  const source = logtoRoles({ client, resource: orders })
  directory = createRoleDirectory({ source, clock })
  revocations = createRevocationList({ clock })
  auth = authOf(directory)
  admin = createRoleAdministration({ source, auth, provider: 'logto' })
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await auth.close()
  await tenants.close()
})

function authOf(roles: RoleDirectory): Authenticator {
  const app = { clientId: 'web', clientSecret: 'web-secret', resource: orders }
  const provider = logto({ endpoint: tenant.endpoint, audience: orders, organizations: true, client: app })
  return createAuthenticator({ providers: [provider], clock, roles, revocations })
}

async function idOf(name: string): Promise<string> {
  return (await admin.list()).find((role) => role.name === name)?.id ?? ''
}

const tokenOf = (user: string) => tenant.tokenFor(user, { resource: orders })

describe('a directory of Logto roles', () => {
  it('knows the roles of the tenant with the scopes of this API, and the organization roles', async () => {
    tenant.addResource({ indicator: 'https://other.example.test', scopes: ['read:orders', 'other'] })
    tenant.addRole({ name: 'mixed', scopes: { 'https://other.example.test': ['other', 'read:orders'] } })
    const names = (await directory.all()).map(({ name, permissions }) => [name, permissions])
    expect(names).toContainEqual(['order-viewer', [{ resource: 'read', action: 'orders' }]])
    expect(names).toContainEqual(['mixed', []])
    expect(names).toContainEqual(['Logto Management API access', []])
    expect(await directory.all('acme')).toMatchObject([
      {
        name: 'org-admin',
        organization: 'acme',
        permissions: [
          { resource: 'manage', action: 'members' },
          { resource: 'write', action: 'orders' },
        ],
      },
    ])
    const apiOnly = createRoleDirectory({
      source: logtoRoles({ client, resource: [orders], organizationPermissions: false }),
      clock,
    })
    expect(await apiOnly.all('acme')).toMatchObject([{ permissions: [{ resource: 'write' }] }])
    apiOnly.close()
  })

  it('judges users by their role claims', async () => {
    expect(await rightsOf(auth, await tokenOf('alice'))).toEqual(['read:orders'])
    expect(await rightsOf(auth, await tokenOf('bob'))).toEqual([])
    const inAcme = await tenant.tokenFor('alice', { resource: orders, organization: 'acme' })
    expect(await rightsOf(auth, inAcme)).toEqual(['read:orders', 'manage:members', 'write:orders'])
  })

  it('is told at once by a webhook, and by no forged one', async () => {
    let webhook: ReturnType<typeof createLogtoWebhook> | undefined
    const server = createServer(async (req, res) => {
      const answer = await webhook?.({ headers: req.headers, rawBody: req })
      res.writeHead(answer?.status ?? 500).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { signingKey } = tenant.addHook({ url, events: ['Role.Scopes.Updated', 'Role.Deleted', 'Scope.Deleted'] })
    webhook = createLogtoWebhook({ signingKey, auth, clock })
    const token = await tokenOf('alice')
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])

    // Another process, which is another tenant's client as far as this one knows.
    const other = createOtherClient()
    const scope = (await other.listRoleScopes({ id: await idOf('order-viewer') }).toArray())[0]
    await other.removeRoleScope({ id: await idOf('order-viewer'), scopeId: scope?.id ?? '' })
    expect(await tenant.deliveries()).toEqual([expect.objectContaining({ event: 'Role.Scopes.Updated', status: 204 })])
    expect(await rightsOf(auth, token)).toEqual([])

    const forged = await fetch(url, {
      method: 'POST',
      headers: { 'logto-signature-sha-256': '0'.repeat(64) },
      body: JSON.stringify({ event: 'Role.Deleted', hookId: 'x', createdAt: new Date(clock.now()).toISOString() }),
    })
    const before = tenant.requests('management')
    expect(forged.status).toBe(401)
    expect(await rightsOf(auth, token)).toEqual([])
    expect(tenant.requests('management')).toBe(before)
  })

  it('judges a known token at the next request after a write of this process, with whatever client', async () => {
    const token = await tokenOf('alice')
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    const id = await idOf('order-viewer')
    const [scope] = await clientOf(tenant).listRoleScopes({ id }).toArray()
    await clientOf(tenant).api.DELETE('/api/roles/{id}/scopes/{scopeId}', {
      params: { path: { id, scopeId: scope?.id ?? '' } },
    })
    expect(await rightsOf(auth, token)).toEqual([])
  })

  it('sees a change made elsewhere within maxAge, and holds through an outage', async () => {
    const token = await tokenOf('alice')
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    tenant.addRole({ name: 'order-viewer', scopes: { [orders]: ['write:orders'] } })
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    await clock.advance(60)
    expect(await rightsOf(auth, token)).toEqual(['write:orders'])
    tenant.fail('management', { status: 500 })
    await clock.advance(61)
    expect(await rightsOf(auth, token)).toEqual(['write:orders'])
    await clock.advance(600)
    expect(await rightsOf(auth, token)).toBe('ERR_PROVIDER_UNAVAILABLE')
  })
})

/** One whose writes this process does not know of. */
function createOtherClient(): LogtoClient {
  const url = tenant.endpoint.replace('127.0.0.1', 'localhost')
  return clientOf({ ...tenant, endpoint: url })
}

describe('the administration', () => {
  it('adds, lists, changes and deletes roles, and makes the scopes they need', async () => {
    const { id } = await admin.add('auditor', ['read:orders', 'read:log'])
    await admin.addPermissions(id, ['write:orders', 'read:orders', { read: 'bills' }])
    await admin.deletePermissions(id, ['read:log', 'never:there'])
    const auditor = (await admin.list()).find(({ name }) => name === 'auditor')
    expect(auditor?.permissions.map(({ resource, action }) => `${resource}:${action}`).sort()).toEqual([
      'read:bills',
      'read:orders',
      'write:orders',
    ])
    await admin.delete(id)
    expect(await idOf('auditor')).toBe('')
    await expect(admin.delete(id)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
    await expect(admin.deletePermissions(id, 'read:orders')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
  })

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['a permission that is deleted', (id) => admin.deletePermissions(id, 'read:orders')],
    ['a role that is deleted', (id) => admin.delete(id)],
    ['a role that is taken away', (id) => admin.assign('alice', { remove: [id] })],
  ])('%s is refused at the next request', async (_, change) => {
    const token = await tokenOf('alice')
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    await change(await idOf('order-viewer'))
    expect(await rightsOf(auth, token)).toEqual([])
  })

  it('signs a session off: the old access token is refused everywhere, the new one has the new roles', async () => {
    const otherDirectory = createRoleDirectory({ source: logtoRoles({ client, resource: orders }), clock })
    const other = authOf(otherDirectory)
    closers.push(() => other.close())
    tenant.addRole({ name: 'writer', scopes: { [orders]: ['write:orders'] } })
    const { refreshToken = '' } = await tenant.signIn('alice', { app: 'web' })
    const session = { accessToken: await tokenOf('alice'), refreshToken }
    expect(await rightsOf(other, session.accessToken)).toEqual(['read:orders'])
    const given = await admin.assign('alice', {
      add: [await idOf('writer')],
      remove: [await idOf('order-viewer')],
      session,
    })
    expect(given.incomplete).toBeUndefined()
    await clock.advance(1)
    for (const one of [auth, other]) {
      expect(await rightsOf(one, session.accessToken)).toBe('ERR_TOKEN_REVOKED')
      expect(await rightsOf(one, given.tokens?.accessToken ?? '')).toEqual(['write:orders'])
    }
  })

  it('tells of a session that could not be renewed, and of the roles all the same', async () => {
    const session = { accessToken: await tokenOf('alice'), refreshToken: 'unknown' }
    const given = await admin.assign('alice', { remove: [await idOf('order-viewer')], session })
    expect(given.tokens).toBeUndefined()
    expect(given.incomplete).toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
    expect(await client.listUserRoles({ userId: 'alice' }).toArray()).toEqual([])
    expect(await rightsOf(auth, session.accessToken)).toBe('ERR_TOKEN_REVOKED')
  })

  it('changes roles within an organization, and nowhere else', async () => {
    const inAcme = await tenant.tokenFor('alice', { resource: orders, organization: 'acme' })
    expect(await rightsOf(auth, inAcme)).toContain('write:orders')
    const [role] = await client.listOrganizationRoles().toArray()
    await admin.assign('alice', { remove: [role?.id ?? ''], organization: 'acme' })
    expect(await rightsOf(auth, inAcme)).toEqual(['read:orders'])
    expect(await client.listOrganizationUserRoles({ id: 'acme', userId: 'alice' }).toArray()).toEqual([])
    await admin.assign('alice', { add: [role?.id ?? ''], organization: 'acme' })
    expect(await rightsOf(auth, inAcme)).toContain('write:orders')
    await expect(admin.delete(role?.id ?? '', { organization: 'acme' })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
  })

  it('finds nothing wrong with taking away what is gone, but with taking it from nobody', async () => {
    const id = await idOf('order-viewer')
    await admin.assign('bob', { remove: [id] })
    await expect(admin.assign('nobody', { remove: [id] })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
    await expect(admin.assign('bob', { add: ['unknown'] })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
  })

  it('says that nobody can tell when a part was applied, and fails closed', async () => {
    const token = await tokenOf('alice')
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    const call = admin.assign('alice', { remove: [await idOf('order-viewer')], add: ['unknown'] })
    await expect(call).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNKNOWN',
      explanation: expect.stringContaining('1 of 2 writes were applied'),
    })
    expect(await client.listUserRoles({ userId: 'alice' }).toArray()).toEqual([])
    expect(await rightsOf(auth, token)).toEqual([])
  })

  it('says so of a lost answer too', async () => {
    const [token, id] = [await tokenOf('alice'), await idOf('order-viewer')]
    expect(await rightsOf(auth, token)).toEqual(['read:orders'])
    tenant.fail('management', 'reset')
    await expect(admin.assign('alice', { remove: [id] })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    await expect(admin.assign('bob', { add: [id] })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    await expect(admin.delete(id)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    tenant.heal()
    await clock.advance(31)
    expect(await rightsOf(auth, token)).toEqual([])
    expect(await rightsOf(auth, await tokenOf('bob'))).toEqual([])
  })

  it('needs an API that Logto has', async () => {
    const source = logtoRoles({ client, resource: 'https://nowhere.example.test' })
    const nowhere = createRoleAdministration({ source, auth, provider: 'logto' })
    await expect(nowhere.add('x', 'a:b')).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    for (const options of [{}, { client }, { client: {}, resource: orders }, { client, resource: [] }]) {
      expect(() => logtoRoles(options as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
    }
  })
})
