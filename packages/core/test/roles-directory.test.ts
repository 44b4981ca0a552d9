import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createAuthenticator, createRequestAuthenticator, createRoleDirectory, role } from '../src/index.ts'
import { allows, createRoleStage, rightsOf } from './support/roles.ts'

type Stage = Awaited<ReturnType<typeof createRoleStage>>
let stage: Stage
afterEach(() => stage.close())

const all = ['machine:delete', 'machine:start']

async function turn(): Promise<void> {
  await sleep(5)
}

describe('a user', () => {
  beforeEach(async () => {
    stage = await createRoleStage()
  })

  it('has what the directory says of the roles that the token names', async () => {
    const { user } = await stage.auth.verify(stage.token(['admin']))
    expect(user.roles).toStrictEqual([
      {
        id: 'admin',
        name: 'admin',
        permissions: [
          { resource: 'machine', action: 'delete' },
          { resource: 'machine', action: 'start' },
        ],
      },
    ])
    expect(user.permissions).toEqual(all)
  })

  it.each<[string, string[]]>([
    ['a role that nobody knows', ['root']],
    ['a role without permissions', ['guest']],
    ['a role by a part of its name', ['adm', 'Admin', 'admin ', ' admin']],
    ['what every object has', ['constructor', '__proto__', 'toString']],
    ['no roles', []],
  ])('has no permissions for %s', async (_, names) => {
    expect(await rightsOf(stage.auth, stage.token(names))).toEqual([])
    expect(await allows(stage.auth, stage.token(names))).toBe(false)
  })

  it('has no role that nobody knows', async () => {
    expect(await allows(stage.auth, stage.token(['root', 'guest']), role('root'))).toBe(false)
    expect(await allows(stage.auth, stage.token(['root', 'guest']), role('guest'))).toBe(true)
  })

  it('has no permission on the word of the token alone', async () => {
    const token = stage.token(['guest'], { permissions: ['machine:delete'] })
    expect(await rightsOf(stage.auth, token)).toEqual([])
    const without = createAuthenticator({ providers: [stage.provider], clock: stage.clock })
    expect(await rightsOf(without, token)).toEqual(['machine:delete'])
    await without.close()
  })

  it('waits for a verification in the turn of whoever asks', async () => {
    const asked: unknown[] = []
    const sourceOf = (request: unknown) => {
      asked.push(request)
      return 'somebody'
    }
    const { provider, clock, directory } = stage
    const limited = createAuthenticator({ providers: [provider], clock, roles: directory, admission: { sourceOf } })
    const request = { headers: {} }
    await limited.verify(stage.token(['admin']), request)
    expect(asked).toEqual([request])
    await limited.close()
  })

  it('keeps scopes, name and everything else', async () => {
    const token = stage.issuer.tokenFor({ subject: 'bob', scopes: ['a', 'b'], roles: ['admin'], name: 'Bob' })
    const verified = await stage.auth.verify(token)
    expect(verified.user).toMatchObject({ id: 'bob', name: 'Bob', scopes: ['a', 'b'], issuer: stage.issuer.issuer })
    expect(verified).toMatchObject({ provider: 'oidc', claims: { sub: 'bob' }, tokenId: expect.any(String) })
    expect(Object.isFrozen(verified) && Object.isFrozen(verified.user) && Object.isFrozen(verified.user.roles)).toBe(
      true,
    )
    expect(Object.isFrozen(verified.user.permissions)).toBe(true)
    expect(Object.isFrozen(verified.user.roles[0]?.permissions[0])).toBe(true)
  })

  it('has all roles that the token names', async () => {
    const { user } = await stage.auth.verify(stage.token(['guest', 'admin']))
    expect(user.roles.map(({ name }) => name)).toEqual(['guest', 'admin'])
  })

  it('has each permission once', async () => {
    stage.roles.lists.get('')?.push({ name: 'starter', permissions: ['machine:start', 'machine:start', 'disk:read'] })
    expect(await rightsOf(stage.auth, stage.token(['admin', 'starter', 'admin']))).toEqual([...all, 'disk:read'])
    expect((await stage.auth.verify(stage.token(['admin', 'admin']))).user.roles).toHaveLength(1)
  })
})

describe('a known token', () => {
  beforeEach(async () => {
    stage = await createRoleStage({ maxAge: 60 })
    stage.roles.lists.set('acme', [{ name: 'owner', permissions: ['bill:pay'] }])
  })
  const claims = (name: string) => ({ org: 'acme', org_roles: [['acme', name, name]] })
  const recognize = (token: string) =>
    createRequestAuthenticator(stage.auth).recognize({ headers: { authorization: `Bearer ${token}` } })

  it.each<[string, readonly string[], object]>([
    ['roles', ['admin', 'guest'], {}],
    ['a role in an organization too', ['admin'], claims('owner')],
    ['no roles', [], {}],
  ])('with %s is told of at once, as the same each time', async (_, names, more) => {
    const token = stage.token(names, more)
    expect(recognize(token)).toBeUndefined()
    const { user } = await stage.auth.verify(token)
    const known = recognize(token)
    expect(known?.user).toEqual(user)
    await stage.clock.advance(11)
    expect(recognize(token)).toBe(known)
    expect(await stage.auth.verify(token)).toBe(known)
  })

  it('is judged again once the roles that it rests on are read again, or may have changed', async () => {
    const token = stage.token(['admin'], claims('owner'))
    expect(await rightsOf(stage.auth, token)).toEqual([...all, 'bill:pay'])
    expect(recognize(token)?.user.permissions).toEqual([...all, 'bill:pay'])
    stage.roles.lists.set('acme', [{ name: 'owner', permissions: ['bill:read'] }])
    await stage.clock.advance(11)
    // Another's role that nobody knows makes us look, in that organization alone.
    await rightsOf(stage.auth, stage.token([], claims('new')))
    expect(stage.roles.asked).toEqual([undefined, 'acme', 'acme'])
    expect(recognize(token)?.user.permissions).toEqual([...all, 'bill:read'])
    stage.directory.invalidate()
    expect(recognize(token)).toBeUndefined()
  })

  it('of a role that nobody knows is reason to look once in ten seconds', async () => {
    const token = stage.token(['new'])
    expect(await rightsOf(stage.auth, token)).toEqual([])
    stage.roles.lists.get('')?.push({ name: 'new', permissions: ['log:read'] })
    await stage.clock.advance(10)
    expect(recognize(token)).toBeUndefined()
    expect(await rightsOf(stage.auth, token)).toEqual(['log:read'])
    expect(stage.roles.asked).toHaveLength(2)
  })

  it('is none where nothing is cached', async () => {
    const { provider, clock, directory } = stage
    const auth = createAuthenticator({ providers: [provider], clock, roles: directory, cache: false })
    const token = stage.token(['admin'])
    for (let i = 0; i < 2; i++) expect(await rightsOf(auth, token)).toEqual(all)
    expect(
      createRequestAuthenticator(auth).recognize({ headers: { authorization: `Bearer ${token}` } }),
    ).toBeUndefined()
    await auth.close()
  })
})

describe('organizations beyond maxOrganizations', () => {
  it('are forgotten, the longest unused first, and asked for again', async () => {
    stage = await createRoleStage({ maxOrganizations: 2 })
    for (const organization of ['a', 'b', 'a', 'c', 'a', 'b']) await stage.directory.all(organization)
    expect(stage.roles.asked).toEqual(['a', 'b', 'c', 'b'])
    expect(stage.directory.health().lists).toBe(2)
    // Those that are forgotten are not read in the background.
    await stage.clock.advance(59)
    await turn()
    expect(stage.roles.asked.slice(4)).not.toContain('c')
  })

  it('are those beyond a thousand unless told otherwise', async () => {
    stage = await createRoleStage()
    for (let id = 0; id < 1001; id += 1) await stage.directory.all(`of-${id}`)
    expect(stage.directory.health().lists).toBe(1000)
  })
})

describe('two directories', () => {
  it('never mix: what one knows, or is told, is nothing to the other', async () => {
    stage = await createRoleStage()
    const other = createRoleDirectory({
      source: async () => [{ name: 'admin', permissions: ['x:y'] }],
      clock: stage.clock,
    })
    const auth = createAuthenticator({ providers: [stage.provider], clock: stage.clock, roles: other })
    const token = stage.token(['admin'])
    expect(await rightsOf(auth, token)).toEqual(['x:y'])
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    other.invalidate()
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    expect(stage.roles.asked).toHaveLength(1)
    await auth.close()
  })
})
