import { createTestClock, createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createAuthenticator, mapUser, type Provider, rolesByScope, type UserMapping } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

const clock = createTestClock()
let issuer: TestIssuer
let provider: Provider
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
  const introspection = { clientId: issuer.clientId, clientSecret: issuer.clientSecret, cacheFor: 0 }
  provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles', introspection })
})
afterAll(() => issuer.close())

async function userWith(map: UserMapping, token: string) {
  const auth = createAuthenticator({ providers: [mapUser(provider, map)], clock })
  try {
    return (await auth.verify(token)).user
  } finally {
    await auth.close()
  }
}
const options = { roles: ['a'], scopes: ['read:orders', 'x'] }

describe.each<[string, () => string]>([
  ['a JWT', () => issuer.tokenFor(options)],
  ['an opaque token', () => issuer.opaqueTokenFor(options)],
])('mapUser() with %s', (_, token) => {
  it('has the last word on roles, and sees the claims', async () => {
    const user = await userWith(
      (user, claims) => ({
        ...user,
        organization: 'acme',
        roles: [{ id: String(claims.sub), name: 'x', permissions: [] }],
      }),
      token(),
    )
    expect(user).toMatchObject({ id: 'alice', organization: 'acme', roles: [{ id: 'alice', name: 'x' }] })
  })

  it('cannot make somebody else of a user', async () => {
    for (const said of [{ id: 'bob' }, undefined, { id: '' }]) {
      await expect(userWith(() => said as never, token())).rejects.toMatchObject({
        code: 'ERR_TOKEN_REFUSED',
        explanation: 'oidc: mapUser changed the id of the user',
      })
    }
  })

  it('maps scopes to roles, exactly, beside those of the token', async () => {
    const names = async (table: Record<string, string[]>) =>
      (await userWith(rolesByScope(table), token())).roles.map(({ name }) => name)
    expect(await names({ 'read:orders': ['viewer', 'reader'], write: ['writer'] })).toEqual(['a', 'viewer', 'reader'])
    expect(await names({ 'read:order': ['viewer'], read: ['viewer'], toString: ['viewer'] })).toEqual(['a'])
  })
})

it('gives roles of no organization that allow nothing by themselves, and none to whom has no scopes', () => {
  const map = rolesByScope({ 'read:orders': ['viewer'] })
  const viewer = { id: 'viewer', name: 'viewer', permissions: [] }
  expect(map({ id: 'alice', scopes: ['read:orders'] }, {})).toStrictEqual({
    id: 'alice',
    scopes: ['read:orders'],
    roles: [viewer],
  })
  expect(map({ id: 'alice' }, {})).toStrictEqual({ id: 'alice', roles: [] })
})

it('refuses tokens that are not good all the same', async () => {
  const user = () => ({ id: 'alice' })
  await expect(userWith(user, issuer.tokenFor({ expiresIn: -60 }))).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  await expect(userWith(user, 'unknown')).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
})

it('leaves a provider of one kind of token without the other', () => {
  expect(mapUser(oidc({ issuer: issuer.issuer, audience: null }), (user) => user).opaque).toBeUndefined()
  const { jwt, ...opaque } = provider
  expect(mapUser(opaque, (user) => user).jwt).toBeUndefined()
})

it('cannot be built wrong', () => {
  const invalid = (message: string) => expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', explanation: message })
  expect(() => mapUser(provider, undefined as never)).toThrow(invalid('mapUser: takes a provider and a function'))
  for (const names of ['viewer', [''], ['viewer', ''], [1], undefined]) {
    expect(() => rolesByScope({ 'read:orders': names as never })).toThrow(
      invalid('rolesByScope: "read:orders" must have a list of names of roles'),
    )
  }
})
