import { createTestIssuer, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AuthError, type Authenticator, createAuthenticator } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'

let issuer: TestIssuer
const made: Authenticator[] = []

beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(async () => {
  issuer.heal()
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})
afterAll(() => issuer.close())

function authenticator(options: Partial<OidcOptions> = {}): Authenticator {
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, ...options })
  const auth = createAuthenticator({ providers: [provider] })
  made.push(auth)
  return auth
}

const userOf = async (options: Partial<OidcOptions>, token: TokenOptions) =>
  (await authenticator(options).verify(issuer.tokenFor(token))).user

describe('a user', () => {
  it('is what the standard claims say', async () => {
    const user = await userOf({}, { subject: 'alice', email: 'alice@example.test', name: 'Alice', scopes: ['a', 'b'] })
    expect(user).toEqual({
      id: 'alice',
      provider: 'oidc',
      issuer: issuer.issuer,
      email: 'alice@example.test',
      name: 'Alice',
      roles: [],
      permissions: [],
      scopes: ['a', 'b'],
    })
  })

  it.each([
    ['an address that is no text', { email: ['a@b'] }],
    ['a name that is empty', { name: '' }],
    ['a name that is an object', { name: { given: 'Alice' } }],
  ])('has no %s', async (_, claims) => {
    const user = await userOf({}, { claims })
    expect(user).not.toHaveProperty(Object.keys(claims)[0] as string)
  })

  it.each([
    ['scope', { scope: 'read write' }, ['read', 'write']],
    ['scope, with blanks too many', { scope: ' read  write read ' }, ['read', 'write']],
    ['scope, empty', { scope: '' }, []],
    ['scope, a list', { scope: ['read', 'write'] }, ['read', 'write']],
    ['scp, a list as at Okta', { scp: ['read', 'write'] }, ['read', 'write']],
    ['scp, a text as at Entra', { scp: 'read write' }, ['read', 'write']],
    ['scope before scp', { scope: 'read', scp: ['write'] }, ['read']],
    ['nothing odd', { scope: { read: true } }, []],
    ['nothing that is not a text', { scope: ['read', 1] }, []],
  ])('has the scopes of %s', async (_, claims, scopes) => {
    expect((await userOf({}, { claims })).scopes).toEqual(scopes)
  })
})

describe('rolesFrom', () => {
  const names = async (rolesFrom: OidcOptions['rolesFrom'], claims: TokenOptions['claims']) =>
    (await userOf({ ...(rolesFrom !== undefined && { rolesFrom }) }, { ...(claims && { claims }) })).roles.map(
      ({ name }) => name,
    )

  it.each([
    ['a claim', 'roles', { roles: ['admin', 'auditor'] }, ['admin', 'auditor']],
    ['a path', ['realm_access', 'roles'], { realm_access: { roles: ['admin'] } }, ['admin']],
    ['a path of one', ['groups'], { groups: ['admin'] }, ['admin']],
    [
      'a path with names that have dots',
      ['resource_access', 'my.api', 'roles'],
      { resource_access: { 'my.api': { roles: ['admin'] } } },
      ['admin'],
    ],
    [
      'a claim whose name is a URL',
      'https://example.test/roles',
      { 'https://example.test/roles': ['admin'] },
      ['admin'],
    ],
    ['a claim once', 'roles', { roles: ['admin', 'admin', ''] }, ['admin']],
  ])('reads the names at %s', async (_, path, claims, expected) => {
    expect(await names(path, claims)).toEqual(expected)
  })

  it.each([
    ['by default', undefined, { roles: ['admin'] }],
    ['from a name with dots that is no path', 'realm_access.roles', { realm_access: { roles: ['admin'] } }],
    ['from a text', 'roles', { roles: 'admin' }],
    ['from a list that is not of texts', 'roles', { roles: ['admin', { name: 'root' }] }],
    ['from an object', 'roles', { roles: { admin: true } }],
    ['from null', 'roles', { roles: null }],
    ['through a list', ['roles', '0'], { roles: [['admin']] }],
    ['from what every object inherits', ['constructor', 'name'], {}],
    ['from a prototype in the token', ['__proto__', 'roles'], JSON.parse('{"__proto__":{"roles":["admin"]}}')],
  ])('reads nothing %s', async (_, path, claims) => {
    expect(await names(path, claims)).toEqual([])
  })
})

describe('permissionsFrom and organizationFrom', () => {
  it('read their claims', async () => {
    const options = { permissionsFrom: ['authz', 'may'], organizationFrom: 'org_id' }
    const user = await userOf(options, { claims: { authz: { may: ['machine:delete', ''] }, org_id: 'acme' } })
    expect(user).toMatchObject({ permissions: ['machine:delete'], organization: 'acme' })
  })

  it('read nothing by default, nor from anything odd', async () => {
    const claims = { permissions: ['machine:delete'], organization: 'acme' }
    const byDefault = await userOf({}, { claims })
    expect(byDefault.permissions).toEqual([])
    expect(byDefault).not.toHaveProperty('organization')
    const odd = { permissions: 'machine:delete', organization: ['acme'] }
    const user = await userOf({ permissionsFrom: 'permissions', organizationFrom: 'organization' }, { claims: odd })
    expect(user.permissions).toEqual([])
    expect(user).not.toHaveProperty('organization')
  })
})

describe('validate', () => {
  const opaque = () => ({ introspection: { clientId: issuer.clientId, clientSecret: issuer.clientSecret } })

  it.each(['signed', 'opaque'])('refuses a %s token by the text that it gives, which is not shown', async (kind) => {
    const auth = authenticator({
      ...opaque(),
      validate: ({ sub }) => (sub === 'mallory' ? 'we know that one' : undefined),
    })
    const token = (subject: string) =>
      kind === 'opaque' ? issuer.opaqueTokenFor({ subject }) : issuer.tokenFor({ subject })
    await expect(auth.verify(token('alice'))).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(token('mallory'))).rejects.toMatchObject({
      code: 'ERR_TOKEN_REFUSED',
      status: 401,
      explanation: 'oidc: we know that one',
      message: expect.not.stringContaining('know'),
    })
  })

  it('may take its time', async () => {
    const auth = authenticator({ validate: async () => 'no' })
    await expect(auth.verify(issuer.tokenFor())).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
  })

  it.each([undefined, null, true, false, 0, {}])('accepts nothing by giving back %j', async (said) => {
    const auth = authenticator({ validate: (() => said) as () => undefined })
    for (const token of [
      issuer.tokenFor({ expiresIn: -60 }),
      issuer.tokenFor({ audience: 'another' }),
      `${issuer.tokenFor().slice(0, -8)}AAAAAAAA`,
      issuer.idTokenFor(),
    ]) {
      await expect(auth.verify(token)).rejects.toMatchObject({ status: 401 })
    }
  })

  it('is not shown a token that is not good', async () => {
    const seen: unknown[] = []
    const auth = authenticator({
      validate(claims) {
        seen.push(claims.sub)
        return undefined
      },
    })
    await auth.verify(`${issuer.tokenFor().slice(0, -8)}AAAAAAAA`).catch(() => {})
    await auth.verify(issuer.tokenFor({ expiresIn: -60 })).catch(() => {})
    expect(seen).toEqual([])
    await auth.verify(issuer.tokenFor({ subject: 'bob' }))
    expect(seen).toEqual(['bob'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new RangeError('the list is away')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('the list is away'))],
  ])('that %s fails as itself, and is asked again', async (_, fail) => {
    let broken = true
    const auth = authenticator({ ...opaque(), validate: () => (broken ? fail() : undefined) })
    for (const token of [issuer.tokenFor(), issuer.opaqueTokenFor()]) {
      broken = true
      await expect(auth.verify(token)).rejects.toThrow(new RangeError('the list is away'))
      broken = false
      await expect(auth.verify(token)).resolves.toMatchObject({ user: { id: 'alice' } })
    }
  })

  it('cannot change the claims', async () => {
    const auth = authenticator({
      validate(claims) {
        Object.assign(claims, { roles: ['admin'] })
        return undefined
      },
    })
    await expect(auth.verify(issuer.tokenFor())).rejects.toThrow(TypeError)
  })
})

describe('introspection', () => {
  const client = () => ({ clientId: issuer.clientId, clientSecret: issuer.clientSecret })

  it('is asked where discovery says, as our client', async () => {
    const auth = authenticator({ introspection: client() })
    const { user } = await auth.verify(issuer.opaqueTokenFor({ subject: 'alice', scopes: ['read'] }))
    expect(user).toMatchObject({ id: 'alice', scopes: ['read'] })
  })

  it('is asked at endpoint, without discovery', async () => {
    issuer.fail('discovery', 'reset')
    const auth = authenticator({ introspection: { ...client(), endpoint: issuer.introspectionEndpoint } })
    await expect(auth.verify(issuer.opaqueTokenFor())).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it('maps claims as for signed tokens', async () => {
    const auth = authenticator({ introspection: client(), rolesFrom: 'roles', organizationFrom: 'organization_id' })
    const { user } = await auth.verify(issuer.opaqueTokenFor({ roles: ['admin'], organization: 'acme' }))
    expect(user).toMatchObject({ roles: [{ name: 'admin' }], organization: 'acme' })
  })

  it.each([
    ["the provider's audience", {}, {}, true],
    ['another audience', {}, { audience: 'another' }, false],
    ['no audience', {}, { claims: { aud: undefined } }, false],
    ['one of its own', { audience: ['a', 'b'] }, { audience: ['b', 'c'] }, true],
    ["not the provider's audience then", { audience: 'a' }, {}, false],
    ['any audience, for null', { audience: null }, { audience: 'another' }, true],
    ['none, for null', { audience: null }, { claims: { aud: undefined } }, true],
    ['a Bearer token, whatever the case', {}, { claims: { token_type: 'bearer' } }, true],
    ['no DPoP token, which is bound to a key', {}, { claims: { token_type: 'DPoP' } }, false],
    ['no refresh token', {}, { claims: { token_use: 'refresh_token' } }, false],
    ['a token without a type', {}, { claims: { token_type: undefined } }, true],
    ['no token without type, for null', { audience: null }, { claims: { token_type: undefined } }, false],
  ])('takes %s', async (_, asking, token, accepted) => {
    const auth = authenticator({ introspection: { ...client(), ...asking } })
    const verifying = auth.verify(issuer.opaqueTokenFor(token))
    if (accepted) await expect(verifying).resolves.toMatchObject({ user: { id: 'alice' } })
    else await expect(verifying).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE', status: 401 })
  })

  it('never settles whose a signed token is', async () => {
    const auth = authenticator({ introspection: client() })
    const token = issuer.tokenFor({ audience: 'another' })
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    issuer.resetCounts()
    await auth.verify(issuer.tokenFor())
    expect(issuer.requests('introspection')).toBe(0)
  })

  it('is not asked about anything when it is not set', async () => {
    issuer.resetCounts()
    await expect(authenticator().verify(issuer.opaqueTokenFor())).rejects.toBeInstanceOf(AuthError)
    expect(issuer.requests('introspection')).toBe(0)
  })
})
