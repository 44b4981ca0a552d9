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
import { grants, inputOf, no, person, yes } from './support/people.ts'

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
