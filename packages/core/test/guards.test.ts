import { describe, expect, it } from '@jest/globals'
import {
  allOf,
  anyOf,
  assertAllowed,
  check,
  type GuardInput,
  not,
  organization,
  own,
  type Predicate,
  permission,
  role,
  scope,
} from '../src/guards/index.ts'
import type { User } from '../src/types.ts'
import { inputOf, person } from './support/people.ts'

function grants<R>(predicate: Predicate<R>, input: GuardInput<R>): boolean {
  return predicate(input).granted
}

const yes = check(() => true, 'yes')
const no = check(() => false, 'no')
const invalid = expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' })

describe('role', () => {
  const user = person({ roles: ['editor', { id: 'r-1', name: 'Administrator', permissions: [] }] })

  it.each<[boolean, ...string[]]>([
    [true, 'editor'],
    [true, 'Administrator'],
    [true, 'r-1'],
    [true, 'other', 'editor'],
    [false, 'other', 'another'],
    [false, 'edit'],
    [false, 'editors'],
    [false, 'EDITOR'],
    [false, 'editor '],
    [false, 'r-'],
    [false, 'constructor'],
    [false, '__proto__'],
    [false, 'length'],
    [false, '0'],
  ])('grants %s for %j', (granted, ...names) => {
    expect(grants(role(...names), inputOf(user))).toBe(granted)
    expect(grants(role(names), inputOf(user))).toBe(granted)
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('takes %s for a name like any other', (name) => {
    expect(grants(role(name), inputOf(person({ roles: [name] })))).toBe(true)
    expect(grants(role(name), inputOf(person({ roles: ['other'] })))).toBe(false)
  })

  it('is one of the organization that the token acts in, or is meant by an id that is more than a name', () => {
    const roleIn = (organization: string, id: string, name: string) => ({ id, name, organization, permissions: [] })
    const roles = [
      roleIn('acme', 'r-1', 'editor'),
      roleIn('other', 'r-2', 'admin'),
      roleIn('other', 'owner', 'owner'),
      roleIn('guild', 'guild', 'guild'),
    ]
    const granted = (organization: string | undefined) =>
      ['editor', 'r-1', 'admin', 'r-2', 'owner', 'guild'].filter((name) =>
        grants(role(name), inputOf(person({ roles, ...(organization !== undefined && { organization }) }))),
      )
    expect(granted('acme')).toEqual(['editor', 'r-1', 'r-2', 'guild'])
    expect(granted('other')).toEqual(['r-1', 'admin', 'r-2', 'owner', 'guild'])
    // Where it acts in none, all of them are.
    expect(granted(undefined)).toEqual(['editor', 'r-1', 'admin', 'r-2', 'owner', 'guild'])
  })

  it('refuses with its code, and tells logs what it is', () => {
    expect(role('admin')(inputOf(user))).toEqual({
      granted: false,
      code: 'ERR_ROLE_REQUIRED',
      explanation: 'the user lacks role("admin")',
    })
    expect(role('a', 'b"c').text).toBe('role("a", "b\\"c")')
  })
})

describe('permission', () => {
  const user = person({ permissions: ['machine:delete', 'machine:start', 'disk:read'] })

  const cases: { granted: boolean; wanted: Parameters<typeof permission> }[] = [
    { granted: true, wanted: ['machine:delete'] },
    { granted: true, wanted: ['machine:delete', 'disk:read'] },
    { granted: true, wanted: [['machine:delete', 'disk:read']] },
    { granted: true, wanted: [{ machine: 'delete' }] },
    { granted: true, wanted: [{ machine: 'start', disk: 'read' }] },
    { granted: true, wanted: [[{ machine: 'start' }, 'disk:read']] },
    { granted: false, wanted: ['machine:delete', 'disk:write'] },
    { granted: false, wanted: [{ machine: 'delete', disk: 'write' }] },
    { granted: false, wanted: ['machine'] },
    { granted: false, wanted: ['machine:'] },
    { granted: false, wanted: ['machine:del'] },
    { granted: false, wanted: ['machine:delete:all'] },
    { granted: false, wanted: ['Machine:delete'] },
    { granted: false, wanted: ['machine:*'] },
    { granted: false, wanted: ['*'] },
    { granted: false, wanted: ['__proto__:delete'] },
  ]
  it.each(cases)('grants $granted for $wanted', ({ granted, wanted }) => {
    expect(grants(permission(...wanted), inputOf(user))).toBe(granted)
  })

  it('refuses with its code', () => {
    expect(permission({ disk: 'write' })(inputOf(user))).toMatchObject({
      code: 'ERR_PERMISSION_REQUIRED',
      explanation: expect.stringContaining('disk:write'),
    })
  })
})

describe('scope', () => {
  const user = person({ scopes: ['read', 'read:reports'] })

  it.each<[boolean, ...string[]]>([
    [true, 'read'],
    [true, 'read', 'read:reports'],
    [false, 'read', 'write'],
    [false, 'rea'],
    [false, 'read:'],
    [false, 'READ'],
  ])('grants %s for %j', (granted, ...names) => {
    expect(grants(scope(...names), inputOf(user))).toBe(granted)
    expect(grants(scope(names), inputOf(user))).toBe(granted)
  })

  it('names all scopes of the route in its refusal', () => {
    expect(scope('read', 'write')(inputOf(user))).toMatchObject({
      code: 'ERR_SCOPE_REQUIRED',
      scopes: ['read', 'write'],
    })
  })

  it.each(['read write', 'read,\twrite', 'a"b', 'a\\b', ' ', 'ü'])(
    'refuses %j when built: it is not one scope',
    (name) => {
      expect(() => scope(name)).toThrow(invalid)
    },
  )
})

describe('organization', () => {
  const user = person({ organization: 'acme' })
  const request = { params: { organization: 'acme' } }

  it('grants in the organization of the token', () => {
    expect(grants(organization('acme'), inputOf(user))).toBe(true)
    expect(grants(organization('acm'), inputOf(user))).toBe(false)
    expect(grants(organization('acme'), inputOf(person()))).toBe(false)
    expect(organization('other')(inputOf(user))).toMatchObject({ code: 'ERR_ORGANIZATION_REQUIRED' })
  })

  it('may be found in the request', () => {
    const named = organization((req: typeof request) => req.params.organization)
    expect(grants(named, inputOf(user, { request }))).toBe(true)
    expect(grants(named, inputOf(user, { request: { params: { organization: 'other' } } }))).toBe(false)
  })

  it.each([undefined, null, '', 0, true, {}, ['acme']])('never grants for %p', (found) => {
    const named = organization((() => found) as () => string)
    for (const user of [person(), person({ organization: '' }), person({ organization: 'acme' })]) {
      expect(grants(named, inputOf(user))).toBe(false)
    }
  })
})

describe('own', () => {
  const user = person({ id: 'alice', issuer: 'https://a.example' })
  const find = (found: unknown) => own((() => found) as () => string)

  it.each<[boolean, unknown]>([
    [true, 'alice'],
    [true, { issuer: 'https://a.example', id: 'alice' }],
    [false, { issuer: 'https://b.example', id: 'alice' }],
    [false, { issuer: 'https://a.example', id: 'bob' }],
    [false, { id: 'alice' }],
    [false, { issuer: undefined, id: 'alice' }],
    [false, 'Alice'],
    [false, 'alic'],
    [false, ''],
    [false, undefined],
    [false, null],
    [false, true],
    [false, ['alice']],
  ])('grants %s for %p', (granted, found) => {
    expect(grants(find(found), inputOf(user))).toBe(granted)
  })

  it('never grants to a user without an id', () => {
    for (const found of ['', undefined, { issuer: 'https://a.example', id: '' }]) {
      expect(grants(find(found), inputOf({ ...user, id: '' }))).toBe(false)
      expect(grants(find(found), inputOf({ ...user, id: undefined } as unknown as User))).toBe(false)
    }
  })

  it('looks at the request', () => {
    const mine = own((req: { params: { id: string } }) => req.params.id)
    expect(grants(mine, inputOf(user, { request: { params: { id: 'alice' } } }))).toBe(true)
    expect(mine(inputOf(user, { request: { params: { id: 'bob' } } }))).toMatchObject({ code: 'ERR_FORBIDDEN' })
  })
})

describe('check', () => {
  it.each<[unknown, string]>([
    [false, 'answered no'],
    [undefined, 'answered no'],
    [0, 'answered no'],
    [1, 'not exactly true'],
    ['true', 'not exactly true'],
    [{}, 'not exactly true'],
  ])('does not grant for %p', (answer, why) => {
    const verdict = check((() => answer) as () => boolean, 'odd')(inputOf(person()))
    expect(verdict).toMatchObject({ granted: false, code: 'ERR_FORBIDDEN', explanation: expect.stringContaining(why) })
  })

  it('sees user, token and request, and is called by its name', () => {
    function isAdult({ user, auth, request }: GuardInput<{ age: number }>) {
      return user.id === 'alice' && auth.expiresAt > 0 && request.age >= 18
    }
    expect(grants(check(isAdult), inputOf(person(), { request: { age: 18 } }))).toBe(true)
    expect(grants(check(isAdult), inputOf(person(), { request: { age: 17 } }))).toBe(false)
    expect(check(isAdult).text).toBe('check(isAdult)')
    expect(check(isAdult, 'of age').text).toBe('check(of age)')
  })

  it('lets what the function throws pass', () => {
    const thrown = new Error('of the app')
    const broken = check(() => {
      throw thrown
    })
    for (const predicate of [broken, not(broken), anyOf(no, broken), anyOf(broken, yes), allOf(yes, broken)]) {
      expect(() => predicate(inputOf(person()))).toThrow(thrown)
    }
  })
})

describe('a function of the app that is async', () => {
  const answers = [
    async () => true,
    async () => 'alice',
    () => Promise.reject(new Error('late')),
  ] as unknown as (() => never)[]

  it('grants nothing, and its failure ends nothing', async () => {
    const input = inputOf(person({ organization: 'alice' }))
    for (const answer of answers) {
      for (const build of [organization, own, check]) expect(grants(build(answer), input)).toBe(false)
    }
    expect(check(answers[0] as () => never)(input)).toMatchObject({ explanation: expect.stringContaining('a Promise') })
    // Jest fails a test that leaves a rejection unhandled.
    await new Promise((resolve) => setTimeout(resolve, 10))
  })
})

describe('combinations', () => {
  const user = person({ roles: ['editor'], scopes: ['read'] })
  const input = inputOf(user)

  it('reads as it was written', () => {
    expect(anyOf(role('auditor'), allOf([scope('read:reports'), not(yes)])).text).toBe(
      'anyOf(role("auditor"), allOf(scope("read:reports"), not(check(yes))))',
    )
  })

  it('allOf refuses with the first code, and all scopes that are missing', () => {
    expect(allOf(scope('read'), role('admin'), scope('write'), scope('send', 'write'))(input)).toEqual({
      granted: false,
      code: 'ERR_ROLE_REQUIRED',
      explanation: 'the user lacks role("admin"); the user lacks scope("write"); the user lacks scope("send", "write")',
      scopes: ['write', 'send'],
    })
    expect(allOf(yes, no)(input)).not.toHaveProperty('scopes')
  })

  it('allOf stays a refusal when a later check fails', () => {
    const broken = check(() => {
      throw new Error('relies on the role')
    })
    expect(allOf(role('admin'), broken)(input)).toMatchObject({ granted: false, code: 'ERR_ROLE_REQUIRED' })
  })

  it('anyOf refuses with the code they share, else ERR_FORBIDDEN, and the first scopes', () => {
    expect(anyOf(role('admin'), role('auditor'))(input)).toMatchObject({ code: 'ERR_ROLE_REQUIRED' })
    expect(anyOf(role('admin'), scope('write'), scope('send'))(input)).toEqual({
      granted: false,
      code: 'ERR_FORBIDDEN',
      explanation: 'the user lacks role("admin"); the user lacks scope("write"); the user lacks scope("send")',
      scopes: ['write'],
    })
  })

  it('anyOf stops at the first that grants', () => {
    const broken = check(() => {
      throw new Error('not asked')
    })
    expect(grants(anyOf(yes, broken), input)).toBe(true)
  })

  it('not turns around', () => {
    expect(grants(not(role('banned')), input)).toBe(true)
    expect(not(role('editor'))(input)).toMatchObject({
      granted: false,
      code: 'ERR_FORBIDDEN',
      explanation: 'not(role("editor")) refused',
    })
    expect(grants(not(not(role('editor'))), input)).toBe(true)
  })
})

describe('a token whose rights hold in one organization', () => {
  const user = person({ organization: 'acme', roles: ['admin'], permissions: ['machine:delete'], scopes: ['read'] })
  const bound = () => inputOf(user, { boundTo: 'acme' })
  const admin = role('admin')
  const acme = organization('acme')

  it.each([
    admin,
    permission('machine:delete'),
    scope('read'),
    not(admin),
    not(role('banned')),
    not(not(admin)),
    allOf(anyOf(acme, yes), admin),
    allOf(not(organization('other')), admin),
    not(anyOf(role('banned'), no)),
    not(allOf(role('banned'), yes)),
    anyOf(organization('other'), role('admin')),
  ])('has none where the route does not name it: $text', (predicate) => {
    expect(predicate(bound())).toMatchObject({
      granted: false,
      code: expect.stringMatching(/^ERR_(ORGANIZATION_REQUIRED|FORBIDDEN)$/),
      final: true,
    })
  })

  it.each([
    allOf(acme, admin),
    allOf(admin, acme),
    allOf(permission('machine:delete'), scope('read'), acme),
    allOf(allOf(yes, acme), admin),
    allOf(acme, not(role('banned'))),
    allOf(acme, anyOf(role('other'), admin)),
    anyOf(no, allOf(admin, acme)),
  ])('has them where the route names it: $text', (predicate) => {
    expect(predicate(bound())).toEqual({ granted: true })
  })

  it('has none in another organization, whatever the route names', () => {
    expect(grants(allOf(organization('other'), admin), bound())).toBe(false)
    expect(grants(admin, inputOf(user, { boundTo: 'acme', organization: 'other' }))).toBe(false)
    expect(grants(allOf(acme, admin), inputOf(user, { boundTo: 'other' }))).toBe(false)
  })

  it('is not one that holds everywhere: that has its rights where the route names an organization, too', () => {
    expect(grants(allOf(acme, admin), inputOf(user))).toBe(true)
  })

  it('is still somebody: checks that are not about rights work', () => {
    expect(
      grants(
        own(() => 'alice'),
        bound(),
      ),
    ).toBe(true)
    expect(grants(yes, bound())).toBe(true)
  })

  it('keeps its rights for the guards after the one that names the organization', () => {
    const input = bound()
    expect(() => assertAllowed(admin, input)).toThrow(
      expect.objectContaining({ code: 'ERR_ORGANIZATION_REQUIRED', status: 403 }),
    )
    assertAllowed(acme, input)
    assertAllowed(admin, input)
    assertAllowed(not(role('banned')), input)
  })

  it('does not keep them for another request, nor after a refusal or an alternative', () => {
    const first = bound()
    assertAllowed(acme, first)
    expect(() => assertAllowed(admin, { ...first, request: {} })).toThrow(
      expect.objectContaining({ code: 'ERR_ORGANIZATION_REQUIRED' }),
    )

    const second = bound()
    expect(() => assertAllowed(allOf(acme, no), second)).toThrow()
    assertAllowed(anyOf(acme, no), second)
    assertAllowed(not(organization('other')), second)
    expect(() => assertAllowed(admin, second)).toThrow(expect.objectContaining({ code: 'ERR_ORGANIZATION_REQUIRED' }))
  })
})

describe('assertAllowed', () => {
  it('throws what the predicate says', () => {
    expect(() => assertAllowed(allOf(scope('write')), inputOf(person()))).toThrow(
      expect.objectContaining({
        code: 'ERR_SCOPE_REQUIRED',
        status: 403,
        scopes: ['write'],
        explanation: 'the user lacks scope("write")',
        message: 'The access token does not allow this.',
      }),
    )
    assertAllowed(yes, inputOf(person()))
  })

  it('never passes without a user, or without a token', () => {
    const { user, auth, request } = inputOf(person())
    const missing = expect.objectContaining({ code: 'ERR_TOKEN_MISSING', status: 401 })
    expect(() => assertAllowed(yes, { user: undefined, auth, request })).toThrow(missing)
    expect(() => assertAllowed(not(role('banned')), { user, auth: undefined, request })).toThrow(missing)
    expect(() => assertAllowed(yes, { user: null as unknown as undefined, auth, request })).toThrow(missing)
  })

  it.each<[string, unknown]>([
    ['a text', 'alice'],
    ['an empty object', {}],
    ['roles that are a text', { id: 'alice', roles: 'admin', permissions: 'a:b', scopes: 'read' }],
    ['roles that are an object', { roles: { admin: true }, permissions: { 'a:b': true }, scopes: { read: true } }],
    ['roles that are texts', { roles: ['admin'] }],
    ['roles that are null', { roles: [null, undefined, 5], permissions: null, scopes: [null] }],
  ])('refuses, and does not crash on, a user that another middleware has made: %s', (_, user) => {
    const { auth, request } = inputOf(person())
    for (const predicate of [role('admin'), permission('a:b'), scope('read'), organization('acme'), own(() => 'bob')]) {
      expect(() => assertAllowed(predicate, { user: user as User, auth, request })).toThrow(
        expect.objectContaining({ status: 403 }),
      )
    }
  })
})

describe('what is refused when built', () => {
  const odd = [undefined, null, '', 0, 5, true, {}, [], [''], [undefined], ['a', ''], ['a', 5], [['a']]] as never[]

  it.each(odd)('role(%j), scope(%j)', (value) => {
    for (const build of [role, scope]) expect(() => build(value)).toThrow(invalid)
  })

  it.each([
    undefined,
    null,
    '',
    0,
    {},
    [],
    [''],
    { machine: '' },
    { '': 'delete' },
    { machine: 5 },
    { machine: ['delete'] },
    { machine: undefined },
    new Map([['machine', 'delete']]),
    () => 'a',
  ] as never[])('permission(%j)', (value) => {
    expect(() => permission(value)).toThrow(invalid)
    expect(() => permission('a:b', value)).toThrow(invalid)
  })

  it.each([undefined, null, '', 5, [], ['acme'], {}] as never[])('organization(%j), own(%j), check(%j)', (value) => {
    for (const build of [organization, own, check]) expect(() => build(value)).toThrow(invalid)
  })

  it.each([undefined, null, 'admin', {}, [], [undefined], () => true, [role('a'), () => true]] as never[])(
    'anyOf(%p), allOf(%p), not(%p)',
    (value) => {
      for (const build of [anyOf, allOf, not]) expect(() => build(value)).toThrow(invalid)
    },
  )

  it('a list where there is one', () => {
    expect(() => not([yes] as never)).toThrow(invalid)
  })

  it('a list without entries', () => {
    for (const build of [role, permission, scope, anyOf, allOf])
      expect(() => (build as () => unknown)()).toThrow(invalid)
    for (const build of [organization, own, check, not])
      expect(() => (build as unknown as () => unknown)()).toThrow(invalid)
  })
})
