import { describe, expect, it } from '@jest/globals'
import { readBearer } from '../src/bearer.ts'
import { isAuthError } from '../src/errors.ts'
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
import type { User, VerifiedToken } from '../src/types.ts'

const user: User = {
  id: 'alice',
  provider: 'oidc',
  issuer: 'https://id.example.com',
  organization: 'acme',
  roles: [{ id: 'r-1', name: 'clerk', permissions: [] }],
  permissions: ['order:read'],
  scopes: ['read'],
}
const auth: VerifiedToken = { user, claims: {}, provider: 'oidc', issuer: user.issuer, expiresAt: 2_000_000_000 }
const bound: VerifiedToken = { ...auth, boundTo: 'acme' }
const at = { user, auth, request: {} }

function whatIsThrown(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return isAuthError(error) ? [error.code, error.explanation] : error
  }
  return 'nothing'
}

// Each is made within a test: what is made while a file loads is made once for all of them.
describe('what a guard is called in logs', () => {
  it.each<[string, () => { readonly text: string }]>([
    ['role("a", "b")', () => role('a', 'b')],
    ['permission("m:d", "n:e")', () => permission('m:d', { n: 'e' })],
    ['scope("read", "write")', () => scope('read', 'write')],
    ['organization("acme")', () => organization('acme')],
    [
      'organization(ofPath)',
      () =>
        organization(function ofPath() {
          return 'acme'
        }),
    ],
    ['organization(function)', () => organization(() => 'acme')],
    [
      'own(ofPath)',
      () =>
        own(function ofPath() {
          return 'alice'
        }),
    ],
    ['own(function)', () => own(() => 'alice')],
    ['check(office hours)', () => check(() => true, 'office hours')],
    [
      'check(open)',
      () =>
        check(function open() {
          return true
        }),
    ],
    ['anyOf(role("a"), scope("b"))', () => anyOf(role('a'), scope('b'))],
    ['allOf(role("a"), not(scope("b")))', () => allOf(role('a'), not(scope('b')))],
  ])('%s', (text, make) => {
    expect(make().text).toBe(text)
  })
})

describe('why a guard refuses, in logs', () => {
  it.each<[string, string, () => unknown]>([
    ['ERR_ROLE_REQUIRED', 'the user lacks role("boss")', () => assertAllowed(role('boss'), at)],
    [
      'ERR_PERMISSION_REQUIRED',
      'the user lacks permission("order:write")',
      () => assertAllowed(permission('order:write'), at),
    ],
    ['ERR_SCOPE_REQUIRED', 'the user lacks scope("write")', () => assertAllowed(scope('write'), at)],
    [
      'ERR_ROLE_REQUIRED',
      'the user lacks role("boss"), and has no roles at all',
      () => assertAllowed(role('boss'), { ...at, user: { ...user, roles: [] } }),
    ],
    [
      'ERR_PERMISSION_REQUIRED',
      'the user lacks permission("order:write"), and has no permissions at all',
      () => assertAllowed(permission('order:write'), { ...at, user: { ...user, permissions: [] } }),
    ],
    [
      'ERR_SCOPE_REQUIRED',
      'the user lacks scope("write"), and has no list of scopes: a middleware has put its own user there',
      () => assertAllowed(scope('write'), { ...at, user: { id: 'of a database' } as User }),
    ],
    [
      'ERR_ORGANIZATION_REQUIRED',
      'the token does not act in organization("other")',
      () => assertAllowed(organization('other'), at),
    ],
    [
      'ERR_FORBIDDEN',
      'the user is not the owner in own(function)',
      () =>
        assertAllowed(
          own(() => 'bob'),
          at,
        ),
    ],
    [
      'ERR_FORBIDDEN',
      'check(open) answered no',
      () =>
        assertAllowed(
          check(() => false, 'open'),
          at,
        ),
    ],
    ['ERR_FORBIDDEN', 'not(role("clerk")) refused', () => assertAllowed(not(role('clerk')), at)],
    [
      'ERR_TOKEN_MISSING',
      'role("clerk") asks for a user',
      () => assertAllowed(role('clerk'), { ...at, user: undefined }),
    ],
    [
      'ERR_TOKEN_MISSING',
      'role("clerk") asks for a user',
      () => assertAllowed(role('clerk'), { ...at, auth: undefined }),
    ],
    [
      'ERR_ORGANIZATION_REQUIRED',
      'role("clerk"): this token\'s rights hold in one organization, and the route does not name it with organization(…)',
      () => assertAllowed(role('clerk'), { ...at, auth: bound }),
    ],
    ['ERR_TOKEN_MISSING', 'no Bearer credentials in the Authorization header', () => readBearer(undefined)],
    ['ERR_TOKEN_MISSING', 'no Bearer credentials in the Authorization header', () => readBearer('Basic YTpi')],
    [
      'ERR_REQUEST_MALFORMED',
      'the Authorization header does not hold exactly one well-formed token',
      () => readBearer('Bearer'),
    ],
    [
      'ERR_REQUEST_MALFORMED',
      'the Authorization header does not hold exactly one well-formed token',
      () => readBearer('Bearer a b'),
    ],
  ])('%s: %s', (code, explanation, refuse) => {
    expect(whatIsThrown(refuse)).toEqual([code, explanation])
  })
})

describe('what is wrong with a guard, when it is built', () => {
  it.each<[string, () => unknown]>([
    ['role() needs at least one name', () => role()],
    ['role() takes names that are not empty', () => role('')],
    ['permission() needs at least one name', () => permission()],
    ['permission() takes names that are not empty', () => permission({ machine: '' })],
    ['permission() got an object without entries', () => permission({})],
    ['scope() needs at least one name', () => scope([])],
    ['scope() takes names that are not empty', () => scope('a', '')],
    ['scope() takes one scope in each argument, not "a b"', () => scope('a b')],
    ['organization() takes an id, or a function that finds it in the request', () => organization('')],
    ['own() takes a function that finds the owner in the request', () => own('alice' as never)],
    ['check() takes a function', () => check(true as never)],
    ['anyOf() needs at least one predicate', () => anyOf()],
    ['allOf() needs at least one predicate', () => allOf([])],
    [
      "anyOf() takes predicates such as role('admin'); a function of your own goes into check(…)",
      () => anyOf((() => ({ granted: true })) as never),
    ],
    [
      "allOf() takes predicates such as role('admin'); a function of your own goes into check(…)",
      () => allOf(Object.assign(() => ({ granted: true as const }), { text: 1 }) as never),
    ],
    [
      "not() takes predicates such as role('admin'); a function of your own goes into check(…)",
      () => not('admin' as never),
    ],
  ])('%s', (explanation, build) => {
    expect(whatIsThrown(build)).toEqual(['ERR_OPTIONS_INVALID', explanation])
  })
})

describe('made within a test', () => {
  it('a list and an entry more are entries, the list a wrong one', () => {
    expect(whatIsThrown(() => role(['a'] as never, 'b'))).toEqual([
      'ERR_OPTIONS_INVALID',
      'role() takes names that are not empty',
    ])
  })

  it('an organization that the route names gives a bound token its rights, in allOf and for the guards after it', () => {
    const request = {}
    const here = { user, auth: bound, request }
    expect(allOf(scope('read'), organization('acme'))(here)).toEqual({ granted: true })
    expect(whatIsThrown(() => assertAllowed(scope('read'), here))).toEqual([
      'ERR_ORGANIZATION_REQUIRED',
      expect.any(String),
    ])
    assertAllowed(organization('acme'), here)
    assertAllowed(scope('read'), here)
  })

  it('an organization that is no text is none', () => {
    const nobody = { ...user, organization: 7 as never }
    expect(organization(() => 7 as never)({ ...at, user: nobody }).granted).toBe(false)
  })

  it('a user whose lists are none has no rights, whatever is asked for', () => {
    const odd = { ...user, scopes: 'read' as never, permissions: null as never, roles: { length: 1 } as never }
    for (const wanted of [scope('read'), permission('order:read'), role('clerk'), scope('Stryker')]) {
      expect(wanted({ ...at, user: odd }).granted).toBe(false)
    }
  })

  it.each([undefined, null, 'a text', 7])('a request that is %p is no place to remember anything', (request) => {
    const here = { user, auth: bound, request }
    assertAllowed(organization('acme'), here)
    expect(whatIsThrown(() => assertAllowed(scope('read'), here))).toEqual([
      'ERR_ORGANIZATION_REQUIRED',
      expect.any(String),
    ])
  })

  it('tells a predicate the organization only when there is one', () => {
    let seen: object = {}
    const look = check((input) => {
      seen = input
      return true
    })
    assertAllowed(look, at)
    expect('organization' in seen).toBe(false)
    allOf(look)(at)
    expect('organization' in seen).toBe(false)
  })
})
