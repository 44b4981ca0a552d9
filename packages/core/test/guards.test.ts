import { describe, expect, it } from '@jest/globals'
import {
  allOf,
  anyOf,
  check,
  type GuardInput,
  not,
  organization,
  own,
  permission,
  role,
  scope,
} from '../src/guards/index.ts'
import type { User } from '../src/types.ts'
import { grants, inputOf, no, person, yes } from './support/people.ts'

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
