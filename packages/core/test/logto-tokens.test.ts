import { createTestClock } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import {
  accessToken,
  acme,
  createLogtoApis,
  createLogtoStub,
  endpoints,
  isJwt,
  management,
  orders,
  recorded,
  recordedAt,
  tokenNames,
  tokensOf,
} from './support/logto-capture.ts'

const apis = createLogtoApis()
afterEach(apis.close)

const everything = { audience: [orders, management], organizations: true } as const

interface Expected {
  readonly id: string
  readonly scopes: readonly string[]
  readonly organization?: string
  readonly roles?: readonly string[]
}

const service = '68sru7f095an5rcft2tj3'
const operator = 'mlch7onamxxvlvqaaw0j0'
const alice = '5h57wrlft49y'
const both = ['read:orders', 'write:orders']

const of142: Record<string, Expected> = {
  'm2m-api-resource-token': { id: service, scopes: both },
  'm2m-api-resource-token-no-role': { id: 'ehnzdmohqdnrs8xfmeo67', scopes: [] },
  'm2m-management-token': { id: operator, scopes: ['all'] },
  'm2m-management-token-client-secret-post': { id: operator, scopes: ['all'] },
  'm2m-management-token-json-body': { id: operator, scopes: ['all'] },
  'm2m-management-token-no-scope': { id: operator, scopes: [] },
  'm2m-organization-api-resource-token': { id: service, scopes: ['read:orders'], organization: acme },
  'm2m-organization-token': { id: service, scopes: ['read:billing'], organization: acme },
  'user-refresh-api-resource-token': { id: alice, scopes: both },
  'user-refresh-narrow-scope': { id: alice, scopes: ['read:orders'] },
  'user-refresh-organization-api-resource-token': { id: alice, scopes: both, organization: acme },
  'user-refresh-organization-token': { id: alice, scopes: ['manage:members', 'read:billing'], organization: acme },
  'spa-api-resource-token': { id: alice, scopes: both },
  'token-exchange': { id: alice, scopes: ['read:orders'] },
  'custom-jwt-claims-user': { id: alice, scopes: both, roles: ['order-viewer'] },
  'custom-jwt-claims-m2m': { id: service, scopes: ['read:orders'], roles: ['order-service'] },
}

const of141: Record<string, Expected> = {
  'm2m-management-token': { id: 'tvdpkkwuxvel22ezulzg5', scopes: ['all'] },
  'm2m-management-token-json-body': { id: 'tvdpkkwuxvel22ezulzg5', scopes: ['all'] },
  'user-refresh-api-resource-token': { id: 'uzwpufbvz93k', scopes: both },
  'spa-api-resource-token': { id: 'uzwpufbvz93k', scopes: both },
}

describe.each([
  ['1.42', of142],
  ['1.41', of141],
] as const)('Logto %s', (version, table) => {
  it.each(Object.entries(table))('%s stands for whom it was issued to', async (name, expected) => {
    const { auth, stub } = await apis.open(everything, version)
    const { user, boundTo, provider, claims } = await auth.verify(accessToken(version, name))
    const { id, scopes, organization, roles = [] } = expected
    expect(user).toEqual({
      id,
      provider: 'logto',
      issuer: `${endpoints[version]}/oidc`,
      scopes,
      roles: roles.map((role) => ({ id: role, name: role, permissions: [] })),
      permissions: [],
      ...(organization !== undefined && { organization }),
    })
    expect(boundTo).toBe(organization)
    expect(provider).toBe('logto')
    expect(claims.iss).toBe(user.issuer)
    expect(stub.asked).toEqual(['/oidc/jwks'])
  })

  it('has no recorded access token that is not in the table', () => {
    const signed = tokenNames(version).filter((name) => isJwt(accessToken(version, name)))
    const ofLaterKey = ['personal-access-token-exchange']
    expect(signed.filter((name) => !ofLaterKey.includes(name)).sort()).toEqual(Object.keys(table).sort())
  })

  const others = tokenNames(version).flatMap((name) => {
    const { access_token, id_token, refresh_token } = tokensOf(version, name)
    return [
      ...(isJwt(access_token) ? [] : [[`the opaque access token of ${name}`, access_token, 'ERR_TOKEN_MALFORMED']]),
      ...(refresh_token === undefined ? [] : [[`the refresh token of ${name}`, refresh_token, 'ERR_TOKEN_MALFORMED']]),
      ...(id_token === undefined ? [] : [[`the ID token of ${name}`, id_token, 'ERR_TOKEN_TYPE']]),
    ] as [string, string, string][]
  })

  it.each(others)('%s is refused', async (_, token, code) => {
    const idTokenAudience = isJwt(token) ? String(claimsOf(token).aud) : orders
    for (const audience of [[orders, management], idTokenAudience]) {
      const { auth } = await apis.open({ ...everything, audience }, version)
      await expect(auth.verify(token)).rejects.toMatchObject({ code, status: 401 })
    }
  })

  it('sends logout tokens that are refused', async () => {
    const { logout_token: token } = recorded<{ logout_token: string }>(version, 'backchannel-logout')
    const { auth } = await apis.open({ audience: String(claimsOf(token).aud) }, version)
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE', status: 401 })
  })

  it.each([
    ['before it was issued', -200, 'ERR_TOKEN_NOT_YET_VALID'],
    ['after it has ended', 3700, 'ERR_TOKEN_EXPIRED'],
  ])('issues tokens that are refused %s', async (_, seconds, code) => {
    const { auth, stub } = await apis.open(everything, version, recordedAt + seconds)
    await expect(auth.verify(accessToken(version, 'm2m-management-token'))).rejects.toMatchObject({ code })
    expect(stub.asked).toEqual([])
  })
})

describe('the audience of a Logto token', () => {
  it.each([
    ['another API resource', 'm2m-management-token', orders],
    ['another API resource', 'user-refresh-api-resource-token', management],
    [
      'a resource whose indicator merely begins like ours',
      'm2m-api-resource-token',
      'https://orders.example.test/api/',
    ],
    ['a resource whose indicator merely ends like ours', 'm2m-api-resource-token', 'orders.example.test/api'],
    ['an organization', 'm2m-organization-token', orders],
  ])('is refused when it is %s (%s)', async (_, name, audience) => {
    const { auth, stub } = await apis.open({ audience })
    await expect(auth.verify(accessToken('1.42', name))).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    expect(stub.asked).toEqual([])
  })
})

describe('two Logto servers', () => {
  it('are told apart by the issuer of their tokens', async () => {
    const [newer, older] = await Promise.all([createLogtoStub('1.42'), createLogtoStub('1.41')])
    const auth = createAuthenticator({
      providers: [
        logto({ name: 'newer', endpoint: endpoints['1.42'], audience: orders }),
        logto({ name: 'older', endpoint: endpoints['1.41'], audience: orders }),
      ],
      clock: createTestClock(recordedAt),
      fetch: (url, init) => (url.startsWith(endpoints['1.42']) ? newer : older).fetch(url, init),
    })
    const name = 'user-refresh-api-resource-token'
    await expect(auth.verify(accessToken('1.42', name))).resolves.toMatchObject({ user: { provider: 'newer' } })
    await expect(auth.verify(accessToken('1.41', name))).resolves.toMatchObject({ user: { provider: 'older' } })
    await Promise.all([auth.close(), newer.close(), older.close()])
  })
})

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString())
}
