import { readFileSync } from 'node:fs'
import type { LogtoEmulator } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RequestEvent } from '../src/client-options.ts'
import type { LogtoClient } from '../src/providers/logto/index.ts'
import { documented } from './support/documented.ts'
import { clientOf, createTenants, orders } from './support/logto-tenant.ts'

const tenants = createTenants()
afterAll(tenants.close)

interface Document {
  readonly paths: Record<string, Record<string, { operationId: string }>>
}
const document: Document = JSON.parse(
  readFileSync(new URL('../openapi/logto-management.json', import.meta.url), 'utf8'),
)

let emulator: LogtoEmulator
let logto: LogtoClient
let events: RequestEvent[]
/** Ids that Logto made. */
const id = { viewer: '', service: '', admin: '', read: '', write: '', resource: '' }

beforeAll(async () => {
  emulator = await tenants.start()
  events = []
  logto = clientOf(emulator, { onRequest: (event) => events.push(event) })
  for await (const { id: role, name } of logto.listRoles()) {
    if (name === 'order-viewer') id.viewer = role
    if (name === 'order-service') id.service = role
  }
  for await (const resource of logto.listResources({ includeScopes: 'true' })) {
    if (resource.indicator !== orders) continue
    id.resource = resource.id
    for (const scope of resource.scopes ?? []) id[scope.name === 'read:orders' ? 'read' : 'write'] = scope.id
  }
  for await (const role of logto.listOrganizationRoles()) id.admin = role.id
})

const roleBody = (name: string) => ({ name, description: `the role ${name}` })
const user = { userId: 'alice' }
const member = { id: 'acme', userId: 'alice' }
const app = { applicationId: 'm2m' }
const session = async () => {
  await emulator.signIn('alice')
  const { sessions } = await logto.listUserSessions(user)
  return { ...user, sessionId: sessions[0]?.payload.uid ?? '' }
}

/** Every call, as Logto has it and as we do. They run one after another in the same tenant. */
const calls: readonly (readonly [
  theirs: string,
  ours: keyof LogtoClient,
  () => Promise<unknown>,
  expected: unknown,
])[] = [
  [
    'GET /api/roles',
    'listRoles',
    () => logto.listRoles({ type: 'User' }).toArray(),
    [{ name: 'order-viewer', usersCount: 1 }],
  ],
  [
    'POST /api/roles',
    'createRole',
    () => logto.createRole({ ...roleBody('clerk'), scopeIds: [id.read] }),
    { name: 'clerk' },
  ],
  ['GET /api/roles/*', 'getRole', () => logto.getRole({ id: id.viewer }), { name: 'order-viewer', isDefault: false }],
  [
    'PATCH /api/roles/*',
    'updateRole',
    () => logto.updateRole({ id: id.viewer }, { description: 'reads' }),
    { description: 'reads' },
  ],
  [
    'GET /api/roles/*/scopes',
    'listRoleScopes',
    () => logto.listRoleScopes({ id: id.viewer }).toArray(),
    [{ name: 'read:orders', resource: { indicator: orders } }],
  ],
  [
    'POST /api/roles/*/scopes',
    'addRoleScopes',
    () => logto.addRoleScopes({ id: id.viewer }, { scopeIds: [id.write] }),
    [{ name: 'read:orders' }, { name: 'write:orders' }],
  ],
  [
    'DELETE /api/roles/*/scopes/*',
    'removeRoleScope',
    () => logto.removeRoleScope({ id: id.viewer, scopeId: id.write }),
    undefined,
  ],
  [
    'DELETE /api/roles/*',
    'deleteRole',
    async () => logto.deleteRole({ id: (await logto.createRole(roleBody('short'))).id }),
    undefined,
  ],
  [
    'GET /api/users',
    'listUsers',
    () => logto.listUsers({ search: '%ali%' }).toArray(),
    [{ id: 'alice', username: 'alice' }],
  ],
  [
    'POST /api/users',
    'createUser',
    () => logto.createUser({ username: 'carol', name: 'Carol' }),
    { username: 'carol', isSuspended: false },
  ],
  [
    'GET /api/users/*',
    'getUser',
    () => logto.getUser(user),
    { id: 'alice', name: 'Alice', primaryEmail: 'alice@example.test', primaryPhone: null },
  ],
  [
    'GET /api/users/*/organizations',
    'listUserOrganizations',
    () => logto.listUserOrganizations(user),
    [{ id: 'acme', organizationRoles: [{ name: 'org-admin' }] }],
  ],
  ['GET /api/users/*/roles', 'listUserRoles', () => logto.listUserRoles(user).toArray(), [{ name: 'order-viewer' }]],
  [
    'POST /api/users/*/roles',
    'assignUserRoles',
    () => logto.assignUserRoles({ userId: 'bob' }, { roleIds: [id.viewer] }),
    undefined,
  ],
  [
    'PUT /api/users/*/roles',
    'replaceUserRoles',
    () => logto.replaceUserRoles({ userId: 'bob' }, { roleIds: [id.viewer] }),
    undefined,
  ],
  [
    'DELETE /api/users/*/roles/*',
    'removeUserRole',
    () => logto.removeUserRole({ userId: 'bob', roleId: id.viewer }),
    undefined,
  ],
  ['GET /api/users/*/sessions', 'listUserSessions', () => logto.listUserSessions(user), { sessions: [] }],
  [
    'DELETE /api/users/*/sessions/*',
    'endUserSession',
    async () => logto.endUserSession({ ...(await session()), revokeGrantsTarget: 'all' }),
    undefined,
  ],
  ['GET /api/users/*/grants', 'listUserGrants', () => logto.listUserGrants(user), { grants: [] }],
  [
    'DELETE /api/users/*/grants/*',
    'revokeUserGrant',
    async () => {
      await emulator.signIn('alice')
      const { grants } = await logto.listUserGrants(user)
      return logto.revokeUserGrant({ ...user, grantId: grants[0]?.id ?? '' })
    },
    undefined,
  ],
  [
    'PATCH /api/users/*/is-suspended',
    'setUserSuspension',
    () => logto.setUserSuspension({ userId: 'bob' }, { isSuspended: true }),
    { id: 'bob', isSuspended: true },
  ],
  ['DELETE /api/users/*', 'deleteUser', () => logto.deleteUser({ userId: 'bob' }), undefined],
  [
    'GET /api/applications/*/roles',
    'listApplicationRoles',
    () => logto.listApplicationRoles(app).toArray(),
    [{ name: 'Logto Management API access' }, { name: 'order-service' }],
  ],
  [
    'DELETE /api/applications/*/roles/*',
    'removeApplicationRole',
    () => logto.removeApplicationRole({ ...app, roleId: id.service }),
    undefined,
  ],
  [
    'POST /api/applications/*/roles',
    'assignApplicationRoles',
    () => logto.assignApplicationRoles(app, { roleIds: [id.service] }),
    undefined,
  ],
  [
    'PUT /api/applications/*/roles',
    'replaceApplicationRoles',
    () => logto.replaceApplicationRoles({ applicationId: 'weak' }, { roleIds: [id.service] }),
    undefined,
  ],
  [
    'GET /api/organizations',
    'listOrganizations',
    () => logto.listOrganizations({ q: 'Acm' }).toArray(),
    [{ id: 'acme', name: 'Acme' }],
  ],
  [
    'POST /api/organizations',
    'createOrganization',
    () => logto.createOrganization({ name: 'New', description: 'd' }),
    { name: 'New', description: 'd' },
  ],
  [
    'GET /api/organizations/*',
    'getOrganization',
    () => logto.getOrganization({ id: 'acme' }),
    { id: 'acme', description: null },
  ],
  [
    'DELETE /api/organizations/*',
    'deleteOrganization',
    async () => logto.deleteOrganization({ id: (await logto.createOrganization({ name: 'short' })).id }),
    undefined,
  ],
  [
    'GET /api/organizations/*/users',
    'listOrganizationUsers',
    () => logto.listOrganizationUsers({ id: 'acme' }).toArray(),
    [{ id: 'alice', organizationRoles: [{ name: 'org-admin' }] }],
  ],
  [
    'POST /api/organizations/*/users',
    'addOrganizationUsers',
    () => logto.addOrganizationUsers({ id: 'acme' }, { userIds: ['alice'] }),
    undefined,
  ],
  [
    'GET /api/organizations/*/users/*/roles',
    'listOrganizationUserRoles',
    () => logto.listOrganizationUserRoles(member).toArray(),
    [{ name: 'org-admin' }],
  ],
  [
    'DELETE /api/organizations/*/users/*/roles/*',
    'removeOrganizationUserRole',
    () => logto.removeOrganizationUserRole({ ...member, organizationRoleId: id.admin }),
    undefined,
  ],
  [
    'POST /api/organizations/*/users/*/roles',
    'assignOrganizationUserRoles',
    () => logto.assignOrganizationUserRoles(member, { organizationRoleIds: [id.admin] }),
    undefined,
  ],
  [
    'PUT /api/organizations/*/users/*/roles',
    'replaceOrganizationUserRoles',
    () => logto.replaceOrganizationUserRoles(member, { organizationRoleNames: ['org-admin'] }),
    undefined,
  ],
  [
    'GET /api/organizations/*/users/*/scopes',
    'listOrganizationUserScopes',
    () => logto.listOrganizationUserScopes(member),
    [{ name: 'manage:members' }],
  ],
  [
    'DELETE /api/organizations/*/users/*',
    'removeOrganizationUser',
    () => logto.removeOrganizationUser(member),
    undefined,
  ],
  [
    'GET /api/organization-roles',
    'listOrganizationRoles',
    () => logto.listOrganizationRoles().toArray(),
    [{ name: 'org-admin' }],
  ],
  [
    'GET /api/resources',
    'listResources',
    () => logto.listResources().toArray(),
    [{ indicator: 'https://default.logto.app/api' }, { indicator: orders }],
  ],
  [
    'POST /api/resources',
    'createResource',
    () => logto.createResource({ name: 'Short', indicator: 'https://short.example.test', accessTokenTtl: 2 }),
    { accessTokenTtl: 2 },
  ],
  [
    'DELETE /api/resources/*',
    'deleteResource',
    async () => {
      const { id: made } = await logto.createResource({ name: 'x', indicator: 'https://x.example.test' })
      return logto.deleteResource({ id: made })
    },
    undefined,
  ],
  [
    'GET /api/resources/*/scopes',
    'listResourceScopes',
    () => logto.listResourceScopes({ resourceId: id.resource, search: '%read%' }).toArray(),
    [{ name: 'read:orders' }],
  ],
  [
    'POST /api/resources/*/scopes',
    'createResourceScope',
    () => logto.createResourceScope({ resourceId: id.resource }, { name: 'delete:orders' }),
    { name: 'delete:orders' },
  ],
  [
    'DELETE /api/resources/*/scopes/*',
    'deleteResourceScope',
    () => logto.deleteResourceScope({ resourceId: id.resource, scopeId: id.write }),
    undefined,
  ],
  [
    'POST /api/users/*/personal-access-tokens',
    'createPersonalAccessToken',
    () => logto.createPersonalAccessToken({ userId: 'alice' }, { name: 'laptop' }),
    { name: 'laptop', value: expect.stringMatching(/^pat_/), expiresAt: null },
  ],
  [
    'GET /api/users/*/personal-access-tokens',
    'listPersonalAccessTokens',
    () => logto.listPersonalAccessTokens({ userId: 'alice' }),
    [{ name: 'laptop', value: expect.stringMatching(/^pat_/), expiresAt: null }],
  ],
  [
    'POST /api/users/*/personal-access-tokens/delete',
    'deletePersonalAccessToken',
    () => logto.deletePersonalAccessToken({ userId: 'alice' }, { name: 'laptop' }),
    undefined,
  ],
  [
    'POST /api/subject-tokens',
    'createSubjectToken',
    () => logto.createSubjectToken({ userId: 'alice' }),
    { subjectToken: expect.stringMatching(/^sub_/), expiresIn: 600 },
  ],
  [
    'POST /api/hooks',
    'createHook',
    () => logto.createHook({ name: 'h', events: ['User.Deleted'], config: { url: 'http://127.0.0.1:9/' } }),
    { signingKey: expect.any(String), enabled: true },
  ],
  ['GET /api/hooks', 'listHooks', () => logto.listHooks().toArray(), [{ name: 'h', events: ['User.Deleted'] }]],
  [
    'DELETE /api/hooks/*',
    'deleteHook',
    async () => logto.deleteHook({ id: (await logto.listHooks().toArray())[0]?.id ?? '' }),
    undefined,
  ],
]

describe('operations of Logto', () => {
  it.each(calls)('%s is %s', async (theirs, ours, call, expected) => {
    const answer = await call()
    if (expected === undefined) expect(answer).toBeUndefined()
    else expect(answer).toMatchObject(expected as object)
    const { operation, method, url } = events.at(-1) as RequestEvent
    expect([operation, `${method} ${url.replace(emulator.endpoint, '')}`]).toEqual([ours, theirs])
  })

  it('are 52, and the table has all of them', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [
        `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '*')}`,
        operationId,
      ]),
    )
    expect(calls.map(([theirs]) => theirs).sort()).toEqual([...documented.Logto].sort())
    expect(calls).toHaveLength(52)
    expect(calls.map(([theirs, ours]) => `${theirs} ${ours}`).sort()).toEqual(
      described.map((one) => one.join(' ')).sort(),
    )
  })

  it('take one token for all of it', () => {
    expect(events.filter(({ operation }) => operation === 'clientCredentials')).toHaveLength(1)
  })
})
