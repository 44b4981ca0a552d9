import { afterEach, describe, expect, it, jest } from '@jest/globals'
import {
  allOf,
  anyOf,
  checkRoles,
  createAuthenticator,
  createRoleDirectory,
  explain,
  not,
  permission,
  type RoleDefinitions,
  role,
  roleMatrix,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { inputOf, person } from './support/people.ts'

const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue()
afterEach(() => {
  warnings.mockClear()
})

const definition: RoleDefinitions = {
  roles: { admin: ['machine:delete', 'dead:end', 'dead:beginning'], guest: [] },
  organizationRoles: { owner: { id: 'rol_1', permissions: ['bill:pay'] } },
}
const findingsOf = (source: RoleDefinitions | (() => never[])) => checkRoles(createRoleDirectory({ source }))

function authWith(source: RoleDefinitions) {
  const secret = '0123456789abcdef'.repeat(4)
  const provider = oidc({ issuer: 'https://id.example.test', audience: 'api', secret })
  return createAuthenticator({ providers: [provider], roles: createRoleDirectory({ source }) })
}

describe('checkRoles', () => {
  it('calls no permission dead while no guard asks for any', async () => {
    expect(await findingsOf(definition)).toMatchObject({ deadPermissions: [] })
  })

  it('finds guards that name what nobody defines, and permissions that no guard asks for', async () => {
    allOf(
      role('admin', 'rol_1', 'guest', 'trainee'),
      not(role('boss')),
      anyOf(permission('machine:delete', 'bill:pay')),
    )
    permission({ machine: 'fly' }, { machine: 'crawl' })
    expect(await findingsOf(definition)).toEqual({
      unknownRoles: ['boss', 'trainee'],
      unknownPermissions: ['machine:crawl', 'machine:fly'],
      deadPermissions: ['dead:beginning', 'dead:end'],
    })
  })

  it('finds nothing where nothing is known beforehand', async () => {
    expect(await findingsOf(() => [])).toEqual({ unknownRoles: [], unknownPermissions: [], deadPermissions: [] })
  })

  it('is told of when the app starts, in a warning that ends nothing', async () => {
    const auth = authWith(definition)
    await auth.ready()
    expect(warnings.mock.calls.at(-1)).toEqual([
      'Guards ask for roles that nobody defines: "boss", "trainee". Guards ask for permissions that no role has: "machine:crawl", "machine:fly". ' +
        'Roles have permissions that no guard asks for: "dead:beginning", "dead:end".',
      { type: 'ClavigerWarning', code: 'CLAVIGER_ROLES' },
    ])
    await auth.close()
  })

  it('names twenty at most, and says how many more there are', async () => {
    role(...Array.from({ length: 30 }, (_, index) => `unknown-${index}`))
    const auth = authWith({ roles: { ...definition.roles } })
    await auth.ready()
    expect(warnings.mock.calls.at(-1)?.[0]).toMatch(/"unknown-\d+" and 13 more\./)
    await auth.close()
  })

  it('says nothing where everything fits', async () => {
    const everything = { ...definition.roles }
    for (const name of (await findingsOf({})).unknownRoles) everything[name] = []
    const permissions = (await findingsOf({})).unknownPermissions
    const auth = authWith({ roles: { ...everything, admin: permissions } })
    warnings.mockClear()
    await auth.ready()
    expect(warnings.mock.calls).toEqual([])
    await auth.close()
  })
})

describe('explain', () => {
  it('tells which part refused', () => {
    const predicate = anyOf(role('a'), allOf(role('b'), permission('c:d')))
    const bob = person({ roles: ['b'] })
    expect(explain(predicate, inputOf(bob))).toBe(
      'anyOf(role("a"), allOf(role("b"), permission("c:d"))) refuses with ERR_FORBIDDEN: ' +
        'the user lacks role("a"); the user lacks permission("c:d"), and has no permissions at all',
    )
    expect(explain(role('b'), inputOf(bob))).toBe('role("b") grants')
    expect(explain(role('b'), { user: undefined, auth: undefined, request: {} })).toBe(
      'role("b") refuses with ERR_TOKEN_MISSING: role("b") asks for a user',
    )
  })
})

describe('roleMatrix', () => {
  it('has a table for each organization, roles across and permissions down', () => {
    const of = (name: string, permissions: [string, string][], organization?: string) => ({
      id: name,
      name,
      ...(organization !== undefined && { organization }),
      permissions: permissions.map(([resource, action]) => ({ resource, action })),
    })
    const roles = [
      of('b', [
        ['z', 'z'],
        ['long-resource', 'action'],
      ]),
      of('owner', [['z', 'z']], '*'),
      of('a', [['z', 'z']]),
      of('owner', [], 'acme'),
    ]
    expect(roleMatrix(roles)).toBe(
      [
        'of no organization    b  a',
        '────────────────────  ─  ─',
        'long-resource:action  ●',
        'z:z                   ●  ●',
        '',
        'of any organization  owner',
        '───────────────────  ─────',
        'z:z                  ●',
        '',
        'of acme  owner',
        '───────  ─────',
      ].join('\n'),
    )
    expect(roleMatrix([])).toBe('')
  })
})
