import { createItsYouOnlineEmulator, createTestClock, type Fault, type ItsYouOnlineEmulator } from '@claviger/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createItsYouOnlineClient, itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import { contextOf } from './support/provider-context.ts'
import { describeProvider, tampered } from './support/provider-contract.ts'

const clock = createTestClock()
let server: ItsYouOnlineEmulator

beforeAll(async () => {
  server = await createItsYouOnlineEmulator({ clock })
})
afterAll(() => server.close())
beforeEach(() => server.heal())

describe('refresh', () => {
  const provider = (more = {}) =>
    itsYouOnline({ organization: null, keys: server.publicJwk, baseUrl: server.url, ...more })
  const refresh = (accessToken: string, more = {}) =>
    provider(more).refresh?.({ accessToken }, contextOf(provider(more)))

  it('gives a JWT with a new end for an expired one', async () => {
    const old = server.tokenFor('ann', { scopes: ['user:name'], refreshable: true, validity: 60 })
    await clock.advance(3600)
    const outcome = await refresh(old, { refreshValidity: 600 })
    expect(outcome).toEqual({
      outcome: 'refreshed',
      tokens: { accessToken: expect.any(String), scopes: ['user:name'], expiresAt: clock.now() / 1000 + 600 },
    })
  })

  it('gives a JWT for a day unless told otherwise', async () => {
    const old = server.tokenFor('ann', { refreshable: true, validity: 60 })
    expect(await refresh(old)).toMatchObject({ tokens: { expiresAt: clock.now() / 1000 + 86_400 } })
  })

  it.each<[string, () => string]>([
    ['without a refresh token', () => server.tokenFor('ann')],
    ['of another issuer', () => server.sign({ iss: 'other', exp: 1, refresh_token: 'x', username: 'ann' })],
    ['that is none', () => 'opaque'],
    [
      'whose refresh token is not known',
      () => server.sign({ iss: 'itsyouonline', exp: 1, refresh_token: 'x', username: 'ann' }),
    ],
    ['with a foreign signature', () => tampered(server.tokenFor('ann', { refreshable: true }))],
  ])('is rejected for a token %s', async (_, token) => {
    expect(await refresh(token())).toMatchObject({ outcome: 'rejected' })
  })

  it('is rejected after 30 days without use', async () => {
    const token = server.tokenFor('ann', { refreshable: true })
    await clock.advance(29 * 86_400)
    expect(await refresh(token)).toMatchObject({ outcome: 'refreshed' })
    await clock.advance(31 * 86_400)
    expect(await refresh(token)).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_INACTIVE' } })
  })

  it('loses the membership in the client itself when it is over', async () => {
    server.addMember('petshop', 'bob')
    const scopes = ['user:memberof:petshop', 'user:name']
    const token = server.tokenFor('bob', { scopes, refreshable: true, clientId: 'petshop' })
    server.removeFrom('petshop', 'bob')
    expect(await refresh(token)).toMatchObject({ tokens: { scopes: ['user:name'] } })
    server.addMember('petshop', 'bob')
  })

  it('keeps grants as they are by then, and brings none that were not asked for', async () => {
    server.consent('bob', 'petshop', [])
    const owner = createItsYouOnlineClient({ ...server.user, baseUrl: server.url, clock, retries: 0 })
    const [organization, username] = [{ globalid: 'petshop' }, 'bob']
    await owner.api.CreateUserGrant(organization, { username, grant: 'vip' })
    const asked = { scopes: ['user:name'], refreshable: true, clientId: 'petshop' }
    const granted = server.tokenFor(username, { ...asked, addGrants: true })
    const bare = server.tokenFor(username, asked)
    await owner.api.UpdateUserGrant(organization, { username, oldgrant: 'vip', newgrant: 'gold' })
    expect(await refresh(granted)).toMatchObject({ tokens: { scopes: ['user:name', 'grant:gold'] } })
    expect(await refresh(granted, { refreshValidity: 60 })).toMatchObject({
      tokens: { scopes: ['user:name', 'grant:gold'], expiresAt: clock.now() / 1000 + 60 },
    })
    expect(await refresh(bare)).toMatchObject({ tokens: { scopes: ['user:name'] } })
    const scopeOf = async (jwt: Promise<string>) => decodeJwt(await jwt).scope
    expect(await scopeOf(owner.refreshJwt(granted))).toEqual(['user:name', 'grant:gold'])
    expect(await scopeOf(owner.refreshJwt(granted, { addGrants: false }))).toEqual(['user:name'])
    expect(await scopeOf(owner.refreshJwt(bare))).toEqual(['user:name'])
    expect(await scopeOf(owner.refreshJwt(bare, { addGrants: true }))).toEqual(['user:name', 'grant:gold'])
    await expect(owner.refreshJwt(bare, { scope: 'user:name' } as object)).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
    await owner.api.DeleteAllUserGrants({ globalid: 'petshop', username })
  })

  const faults: readonly Fault[] = [
    'reset',
    'hang',
    'hang-body',
    'truncate',
    'html',
    'redirect',
    'empty',
    'wrong-types',
    { status: 400 },
    { status: 403 },
    { status: 404 },
    { status: 429 },
    { status: 500 },
    { status: 503 },
  ]
  it.each(faults)('says nothing about the session for %j', async (fault) => {
    const token = server.tokenFor('ann', { refreshable: true })
    server.fail('refresh', fault)
    expect(await refresh(token)).toMatchObject({ outcome: 'unavailable', error: { code: 'ERR_PROVIDER_UNAVAILABLE' } })
  })

  it('does not take the token of somebody else', async () => {
    const token = server.tokenFor('ann', { refreshable: true })
    server.fail('refresh', { status: 200, body: server.tokenFor('bob') })
    expect(await refresh(token)).toMatchObject({ outcome: 'unavailable' })
  })

  it('is all there is: there is no revocation', () => {
    expect(provider().revoke).toBeUndefined()
  })
})

describeProvider('itsyouonline', async () => {
  const host = await createItsYouOnlineEmulator()
  const other = await createItsYouOnlineEmulator()
  const scopes = ['user:memberof:petshop']
  const good = () => host.tokenFor('bob', { scopes })
  return {
    provider: itsYouOnline({ organization: 'petshop', keys: host.publicKey, baseUrl: host.url }),
    id: 'bob',
    good,
    bad: {
      expired: () => host.sign({ iss: 'itsyouonline', azp: 'petshop', username: 'bob', exp: Date.now() / 1000 - 60 }),
      tampered: () => tampered(good()),
      foreignIssuer: () => other.tokenFor('bob', { scopes }),
      foreignAudience: () => host.tokenFor('bob', { scopes: ['user:name'] }),
      wrongKind: () =>
        host.sign({ iss: 'itsyouonline', sub: 'bob', aud: 'petshop', iat: 1, exp: Date.now() / 1000 + 60 }),
    },
    close: async () => {
      await Promise.all([host.close(), other.close()])
    },
  }
})
