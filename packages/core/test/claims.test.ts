import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { rolesAt, scopesOf, stringsAt, textAt } from '../src/claims.ts'

describe('textAt', () => {
  const claims = {
    name: 'Alice',
    'https://example.com/org': 'o1',
    org: { id: 'o2', ids: ['o3'] },
    empty: '',
    none: null,
  }

  it.each([
    ['name', 'Alice'],
    ['https://example.com/org', 'o1'],
    [['org', 'id'], 'o2'],
    ['org.id', undefined],
    [['org', 'ids'], undefined],
    [['org', 'ids', '0'], undefined],
    ['empty', undefined],
    ['none', undefined],
    ['constructor', undefined],
    [['constructor', 'name'], undefined],
    [['name', 'length'], undefined],
  ])('finds at %j: %j', (path, expected) => {
    expect(textAt(claims, path)).toBe(expected)
  })
})

describe('roles', () => {
  it.each([
    ['a list', ['admin', 'user'], ['admin', 'user']],
    ['a list with one twice', ['admin', 'admin'], ['admin']],
    ['a list with an empty text', ['', 'admin'], ['admin']],
    ['an empty list', [], []],
    ['a text', 'admin', []],
    ['a text with a comma', 'admin,user', []],
    ['a list with a number', ['admin', 1], []],
    ['a list of lists', [['admin']], []],
    ['an object', { admin: true }, []],
    ['an object like a list', { 0: 'admin', length: 1 }, []],
    ['true', true, []],
    ['null', null, []],
    ['nothing', undefined, []],
  ])('from %s', (_, roles, expected) => {
    const claims = { realm_access: { roles } }
    const found = rolesAt(claims, ['realm_access', 'roles'])
    expect(found).toEqual(expected.map((name) => ({ id: name, name, permissions: [] })))
    expect(new Set(stringsAt(claims, ['realm_access', 'roles']))).toEqual(new Set(expected))
  })

  it('are exactly the texts of the list', () => {
    const exact = fc.property(fc.array(fc.string({ unit: 'binary' })), (roles) => {
      const expected = [...new Set(roles)].filter((role) => role !== '')
      expect(rolesAt({ roles }, 'roles').map((role) => role.name)).toEqual(expected)
    })
    fc.assert(exact)
  })
})

describe('scopes', () => {
  it.each([
    ['scope, a text', { scope: 'read write' }, ['read', 'write']],
    ['scope, with blanks around and between', { scope: '  read   write ' }, ['read', 'write']],
    ['scope, with one twice', { scope: 'read read' }, ['read']],
    ['scope, a list', { scope: ['read', 'write'] }, ['read', 'write']],
    ['scope, a list with a blank in a text, which is one name', { scope: ['read write'] }, ['read write']],
    ['scp, a text', { scp: 'read write' }, ['read', 'write']],
    ['scp, a list', { scp: ['read', 'write'] }, ['read', 'write']],
    ['scope before scp', { scope: 'read', scp: 'write' }, ['read']],
    ['an empty scope before scp', { scope: '', scp: 'write' }, []],
    ['a scope of a wrong type before scp', { scope: 1, scp: 'write' }, []],
    ['a list with a number', { scope: ['read', 1] }, []],
    ['an object', { scope: { read: true } }, []],
    ['neither', {}, []],
  ])('from %s', (_, claims, expected) => {
    expect(scopesOf(claims)).toEqual(expected)
  })

  it('are exactly the texts between the blanks, and nothing else parts them', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes(' '))
    const exact = fc.property(fc.array(name), (names) => {
      const expected = [...new Set(names)]
      expect(scopesOf({ scope: names.join(' ') })).toEqual(expected)
      expect(scopesOf({ scope: names })).toEqual(expected)
    })
    fc.assert(exact)
  })
})
