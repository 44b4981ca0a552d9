import { describe, expect, it } from '@jest/globals'
import {
  allOf,
  anyOf,
  assertAllowed,
  check,
  not,
  organization,
  own,
  permission,
  role,
  scope,
} from '../src/guards/index.ts'
import type { User } from '../src/types.ts'
import { inputOf, person } from './support/people.ts'

const yes = check(() => true, 'yes')
const invalid = expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' })

describe('assertAllowed', () => {
  it('throws what the predicate says', () => {
    expect(() => assertAllowed(allOf(scope('write')), inputOf(person()))).toThrow(
      expect.objectContaining({
        code: 'ERR_SCOPE_REQUIRED',
        status: 403,
        scopes: ['write'],
        explanation: 'the user lacks scope("write"), and has no scopes at all',
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
