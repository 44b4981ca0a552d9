import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  assertAllowed,
  createAuthenticator,
  createRequestAuthenticator,
  createRoleDirectory,
  permission,
  role,
  userOf,
} from '../src/index.ts'
import { createRoleStage, rightsOf } from './support/roles.ts'

type Stage = Awaited<ReturnType<typeof createRoleStage>>
let stage: Stage
afterEach(() => stage.close())

const all = ['machine:delete', 'machine:start']

async function turn(): Promise<void> {
  await sleep(5)
}

/** What guards say of a user's token now. */
async function allows(token: string, predicate = permission('machine:delete')): Promise<boolean> {
  const auth = await stage.auth.verify(token)
  try {
    assertAllowed(predicate, { user: userOf(auth), auth, request: {} })
    return true
  } catch {
    return false
  }
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
    expect(await allows(stage.token(names))).toBe(false)
  })

  it('has no role that nobody knows', async () => {
    expect(await allows(stage.token(['root', 'guest']), role('root'))).toBe(false)
    expect(await allows(stage.token(['root', 'guest']), role('guest'))).toBe(true)
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

describe('a role of an organization', () => {
  beforeEach(async () => {
    stage = await createRoleStage()
    stage.roles.lists.set('acme', [{ id: 'r1', name: 'owner', permissions: ['bill:pay'] }])
    stage.roles.lists.set('beta', [{ id: 'r2', name: 'owner', permissions: ['bill:read'] }])
  })

  const owner = (organization: string, id = 'r1', name = 'owner') => [organization, id, name]

  it('allows what its own organization says', async () => {
    const token = stage.token([], { org: 'acme', org_roles: [owner('acme')] })
    const { user } = await stage.auth.verify(token)
    expect(user.permissions).toEqual(['bill:pay'])
    expect(user.roles).toMatchObject([{ id: 'r1', name: 'owner', organization: 'acme' }])
  })

  it.each<[string, object]>([
    ['another organization, with the same name', { org: 'acme', org_roles: [owner('beta', 'r2')] }],
    ['another organization, with the same id', { org: 'beta', org_roles: [owner('acme', 'r1')] }],
    ['an organization, where the token acts in none', { org_roles: [owner('acme')] }],
    ['no organization of ours', { org: 'gamma', org_roles: [owner('gamma')] }],
    ['an organization with an empty name', { org: '', org_roles: [owner('')] }],
    [
      'an organization that is named as a member of every object',
      { org: '__proto__', org_roles: [owner('__proto__')] },
    ],
  ])('allows nothing in %s', async (_, claims) => {
    expect(await rightsOf(stage.auth, stage.token([], claims))).toEqual([])
    expect(await allows(stage.token([], claims), role('owner', 'r1', 'r2'))).toBe(false)
  })

  it('is not found among those of no organization, and the other way round', async () => {
    stage.roles.lists.get('')?.push({ name: 'owner', permissions: ['all:all'] })
    expect(await rightsOf(stage.auth, stage.token(['r1'], { org: 'acme' }))).toEqual([])
    expect(await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme')] }))).toEqual([
      'bill:pay',
    ])
    expect(
      await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme', 'admin', 'admin')] })),
    ).toEqual([])
  })

  it('is another than one of no organization with the same id', async () => {
    stage.roles.lists.get('')?.push({ id: 'r1', name: 'owner', permissions: ['all:all'] })
    const { user } = await stage.auth.verify(stage.token(['r1'], { org: 'acme', org_roles: [owner('acme')] }))
    expect(user.roles).toMatchObject([{ id: 'r1' }, { id: 'r1', organization: 'acme' }])
    expect(user.roles[0]).not.toHaveProperty('organization')
    expect(user.permissions).toEqual(['all:all', 'bill:pay'])
    expect(await stage.directory.find('r1')).toStrictEqual(user.roles[0])
    expect(await stage.directory.find('r1', 'acme')).toStrictEqual(user.roles[1])
  })

  it('is not one of no organization, whatever the organization is called', async () => {
    await stage.directory.all()
    for (const organization of ['undefined', 'null']) expect(await stage.directory.all(organization)).toEqual([])
  })

  it('is known by its id, though another has got its name since', async () => {
    stage.roles.lists.set('acme', [{ id: 'r9', name: 'owner', permissions: ['bill:pay'] }])
    expect(await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme')] }))).toEqual([])
    // Who knows a name alone has it still.
    const named = stage.token([], { org: 'acme', org_roles: [owner('acme', 'owner')] })
    expect(await rightsOf(stage.auth, named)).toEqual(['bill:pay'])
  })

  it('is nothing when its name means two', async () => {
    stage.roles.lists.set('acme', [
      { id: 'r1', name: 'owner', permissions: ['bill:pay'] },
      { id: 'r3', name: 'owner', permissions: ['bill:read'] },
    ])
    const named = stage.token([], { org: 'acme', org_roles: [owner('acme', 'owner')] })
    expect(await rightsOf(stage.auth, named)).toEqual([])
    expect(await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme', 'r3')] }))).toEqual([
      'bill:read',
    ])
  })

  it('is asked for once, for its own organization alone', async () => {
    const token = stage.token([], { org: 'acme', org_roles: [owner('acme')] })
    await Promise.all(Array.from({ length: 20 }, () => rightsOf(stage.auth, token)))
    await rightsOf(stage.auth, stage.token([], { org: 'acme', org_roles: [owner('acme')] }))
    expect(stage.roles.asked).toEqual(['acme'])
  })

  it('that the function gives for another organization than asked is left out', async () => {
    stage.roles.lists.set('acme', [{ name: 'owner', organization: 'beta', permissions: ['bill:pay'] }])
    const named = stage.token([], { org: 'acme', org_roles: [owner('acme', 'owner')] })
    expect(await rightsOf(stage.auth, named)).toEqual([])
    stage.roles.lists.set('beta', [{ name: 'owner', organization: 'beta', permissions: ['bill:pay'] }])
    expect(await stage.directory.all('beta')).toMatchObject([{ name: 'owner', organization: 'beta' }])
    stage.roles.lists.set('', [{ name: 'admin', organization: 'beta', permissions: ['bill:pay'] }])
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual([])
  })
})

describe('a change', () => {
  beforeEach(async () => {
    stage = await createRoleStage({ maxAge: 60, staleIfError: 120 })
  })

  it.each<[string, () => void]>([
    [
      'a permission that is deleted',
      () => stage.roles.lists.set('', [{ name: 'admin', permissions: ['machine:start'] }]),
    ],
    ['a role that is deleted', () => stage.roles.lists.set('', [])],
    ['a role that is renamed', () => stage.roles.lists.set('', [{ name: 'chief', permissions: ['machine:delete'] }])],
  ])('of %s is refused at the next request of a known token after invalidate()', async (_, change) => {
    const token = stage.token(['admin'])
    expect(await allows(token)).toBe(true)
    expect(await allows(token)).toBe(true)
    change()
    stage.directory.invalidate()
    expect(await allows(token)).toBe(false)
  })

  it('that was made elsewhere is seen within maxAge, without a request that waits', async () => {
    const token = stage.token(['admin'])
    expect(await allows(token)).toBe(true)
    expect(await allows(token)).toBe(true)
    stage.roles.lists.set('', [{ name: 'admin', permissions: ['machine:start'] }])
    expect(await allows(token)).toBe(true)
    await stage.clock.advance(60)
    await turn()
    expect(stage.roles.asked).toHaveLength(2)
    expect(await allows(token)).toBe(false)
    expect(stage.roles.asked).toHaveLength(2)
  })

  it('is not missed by a look that began before invalidate()', async () => {
    const first = stage.directory.all()
    await Promise.resolve()
    expect(stage.roles.asked).toHaveLength(1)
    stage.directory.invalidate()
    stage.roles.lists.set('', [])
    expect(await stage.directory.all()).toEqual([])
    await first
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual([])
    expect(stage.roles.asked).toHaveLength(2)
  })

  it('is not missed by a look in the background that began before invalidate()', async () => {
    await stage.directory.all()
    await stage.directory.all()
    // Due, and on its way.
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    stage.roles.gate = held
    await stage.clock.advance(58)
    expect(stage.roles.asked).toHaveLength(2)
    stage.directory.invalidate()
    const asked = stage.directory.all()
    stage.roles.gate = undefined
    answer()
    await asked
    expect(stage.roles.asked).toHaveLength(3)
  })

  it('is not slept through when nobody has asked for long', async () => {
    const token = stage.token(['admin'])
    expect(await allows(token)).toBe(true)
    for (let i = 0; i < 10; i++) {
      await stage.clock.advance(60)
      await turn()
    }
    expect(stage.roles.asked.length).toBeLessThanOrEqual(2)
    stage.roles.lists.set('', [{ name: 'admin', permissions: ['machine:start'] }])
    expect(await allows(token)).toBe(false)
  })

  it('that adds a role is looked for once in ten seconds', async () => {
    await stage.clock.advance(3600)
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual(all)
    const token = stage.token(['new'])
    stage.roles.lists.get('')?.push({ name: 'new', permissions: ['log:read'] })
    expect(await rightsOf(stage.auth, token)).toEqual([])
    await stage.clock.advance(9)
    expect(await rightsOf(stage.auth, stage.token(['new']))).toEqual([])
    expect(stage.roles.asked).toHaveLength(1)
    await stage.clock.advance(1)
    await Promise.all([1, 2, 3].map(() => rightsOf(stage.auth, stage.token(['new']))))
    expect(stage.roles.asked).toHaveLength(2)
    expect(await rightsOf(stage.auth, token)).toEqual(['log:read'])
    expect(stage.roles.asked).toHaveLength(2)
  })
})

describe('while the roles cannot be read', () => {
  beforeEach(async () => {
    stage = await createRoleStage({ maxAge: 60, staleIfError: 120 })
  })

  it('those that are known hold for a while, then it is an outage, never a grant', async () => {
    const token = stage.token(['admin'])
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    stage.roles.isDown = true
    for (const [seconds, expected] of [
      [59, all],
      [60, all],
      [60, all],
      [1, 'ERR_PROVIDER_UNAVAILABLE'],
      [3600, 'ERR_PROVIDER_UNAVAILABLE'],
    ] as const) {
      await stage.clock.advance(seconds)
      await turn()
      expect([seconds, await rightsOf(stage.auth, token)]).toEqual([seconds, expected])
      expect(stage.directory.health()).toMatchObject({ ok: expected === all, lastError: expect.any(String) })
    }
    expect(stage.auth.health()).toMatchObject({ ok: false, roles: { ok: false, lastError: expect.any(String) } })
    stage.roles.isDown = false
    await stage.clock.advance(31)
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    expect(stage.auth.health()).toMatchObject({ ok: true, roles: { ok: true, lists: 1, roles: 2 } })
  })

  it('that were never read, who has some gets 503, and who has none does not', async () => {
    stage.roles.isDown = true
    await expect(stage.auth.verify(stage.token(['admin']))).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      status: 503,
      headers: { 'Retry-After': expect.any(String) },
    })
    expect(await rightsOf(stage.auth, stage.token([]))).toEqual([])
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toBe('ERR_PROVIDER_UNAVAILABLE')
    expect(stage.roles.asked).toHaveLength(1)
    stage.roles.isDown = false
    await stage.clock.advance(2)
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual(all)
  })

  it('a change by this process leaves none that could be used', async () => {
    const token = stage.token(['admin'])
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    stage.roles.isDown = true
    stage.directory.invalidate()
    expect(await rightsOf(stage.auth, token)).toBe('ERR_PROVIDER_UNAVAILABLE')
    expect(await rightsOf(stage.auth, token)).toBe('ERR_PROVIDER_UNAVAILABLE')
    stage.roles.isDown = false
    await stage.clock.advance(2)
    expect(await rightsOf(stage.auth, token)).toEqual(all)
  })

  it('an unknown role is no reason to refuse what is known', async () => {
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual(all)
    stage.roles.isDown = true
    await stage.clock.advance(11)
    expect(await rightsOf(stage.auth, stage.token(['admin', 'new']))).toEqual(all)
  })

  it('a revoked token is refused as such, and can be revoked', async () => {
    const token = stage.token(['admin'])
    stage.roles.isDown = true
    await stage.auth.revoke({ token })
    stage.roles.isDown = false
    await stage.clock.advance(2)
    expect(await rightsOf(stage.auth, token)).toBe('ERR_TOKEN_REVOKED')
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
