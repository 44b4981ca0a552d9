import type { Fault } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import {
  createOpenvCloudClient,
  type OpenvCloudOptions,
  openvCloud,
  openvCloudAccess,
  openvCloudRights,
  readOpenvCloudAccess,
} from '../src/providers/openvcloud/index.ts'
import { stageOpenvCloud } from './support/openvcloud.ts'
import { contextOf } from './support/provider-context.ts'

const stage = stageOpenvCloud()

const providerOf = (more: Partial<OpenvCloudOptions> = {}) => openvCloud({ baseUrl: stage.portal.url, ...more })
const authenticator = (more: Partial<OpenvCloudOptions> = {}) =>
  createAuthenticator({ providers: [providerOf(more)], clock: stage.clock, timeout: 5 })
const jwtFor = (username: string, scopes: readonly string[] = ['user:memberof:petshop']) =>
  stage.iyo.tokenFor(username, { clientId: 'petshop', scopes })
const trusting = (more: OpenvCloudOptions['jwt'] = { organization: 'petshop' }) => ({
  jwt: { keys: stage.iyo.publicJwk, ...more },
})

describe('an authkey', () => {
  it('is that of a user of the environment', async () => {
    const { user } = await authenticator().verify(stage.portal.login('ann'))
    expect(user).toEqual({
      id: 'ann',
      provider: 'openvcloud',
      issuer: `${stage.portal.url}/restmachine`,
      roles: [],
      permissions: [],
      scopes: [],
    })
  })

  it('makes an administrator of whom the portal calls one', async () => {
    const { portal } = stage
    portal.setGroups('ann', ['user', 'admin'])
    for (const authkey of [portal.login('ann'), portal.portalSecret]) {
      const { user } = await authenticator().verify(authkey)
      expect(user.roles).toEqual([{ id: 'admin', name: 'admin', permissions: [] }])
    }
  })

  it.each([200, 401, 403, 404, 429, 500])('is not judged by an answer that is none: status %d', async (status) => {
    const body = status === 200 ? '{"name":7,"admin":false}' : '"guest"'
    stage.portal.fail('whoami', { status, body })
    await expect(authenticator().verify(stage.portal.login('ann'))).rejects.toMatchObject({ status: 503 })
  })

  it.each<[string, Fault]>([
    ['guest', { status: 200, body: '{"name":"guest","admin":false}' }],
    ['nobody', { status: 419, body: '"key not valid or expired"' }],
    ['nobody, as older portals say it', { status: 419, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ])('is refused when the portal says %s', async (_, fault) => {
    stage.portal.fail('whoami', fault)
    await expect(authenticator().verify(stage.portal.login('ann'))).rejects.toMatchObject({
      code: 'ERR_TOKEN_INACTIVE',
      status: 401,
    })
  })

  it('is asked about again after a while, and is dead when the session has ended', async () => {
    const { portal, clock } = stage
    const auth = authenticator({ cacheFor: 10 })
    const authkey = portal.login('ann')
    await auth.verify(authkey)
    portal.endSessions('ann')
    await auth.verify(authkey)
    expect(portal.requests('whoami')).toBe(1)
    await clock.advance(11)
    await expect(auth.verify(authkey)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it('goes into a body, never into an address or a header', async () => {
    const { portal } = stage
    const sent: { url: string; headers: object; body?: string | undefined }[] = []
    const auth = createAuthenticator({
      providers: [providerOf()],
      fetch: (url, init) => {
        sent.push({ url, headers: init.headers, body: init.body })
        return globalThis.fetch(url, init)
      },
    })
    const authkey = portal.login('ann')
    await auth.verify(authkey)
    expect(sent).toEqual([
      {
        url: `${portal.url}/restmachine/system/usermanager/whoami`,
        headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
        body: `authkey=${authkey}`,
      },
    ])
  })

  it.each(['', 'short', 'ABCDEF0123456789ABCDEF0123456789', '0123456789abcdef0123456789abcdef0', 'a.b.c'])(
    'has a shape, so that nobody is asked about %j',
    async (token) => {
      await expect(authenticator().verify(token)).rejects.toMatchObject({ status: 401 })
      expect(stage.portal.requests()).toBe(0)
    },
  )

  it('may have another shape where the app says so, or be none at all', async () => {
    const { portal } = stage
    const any = authenticator({ authkeys: (token) => token.length > 3 })
    await expect(any.verify('unknown')).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
    const never = authenticator({ authkeys: false, ...trusting() })
    await expect(never.verify(portal.login('ann'))).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED' })
  })

  it('can be refused by the rule of the application', async () => {
    const auth = authenticator({ validate: ({ name }) => (name === 'ann' ? 'not her' : undefined) })
    await expect(auth.verify(stage.portal.login('ann'))).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
    await expect(auth.verify(stage.portal.login('bob@itsyouonline'))).resolves.toBeDefined()
  })
})

describe('a JWT of ItsYou.online', () => {
  it('is of the same user as the session of the portal', async () => {
    const auth = authenticator(trusting())
    const [byJwt, bySession] = await Promise.all([
      auth.verify(jwtFor('bob')),
      auth.verify(stage.portal.login('bob@itsyouonline')),
    ])
    expect([byJwt.user.issuer, byJwt.user.id]).toEqual([bySession.user.issuer, bySession.user.id])
    expect(byJwt.user).toMatchObject({
      id: 'bob@itsyouonline',
      roles: [{ name: 'petshop', organization: 'petshop' }],
      scopes: ['user:memberof:petshop'],
    })
    expect(stage.portal.requests()).toBe(1)
  })

  it('is not accepted unless the options say whom it has to be for', async () => {
    await expect(authenticator().verify(jwtFor('bob'))).rejects.toMatchObject({ code: 'ERR_TOKEN_ISSUER' })
    expect(() => providerOf({ jwt: {} })).toThrow(/option organization is missing/)
  })

  it.each<[string, () => string, string]>([
    [
      'an aud, as the portal refuses it',
      () => stage.iyo.tokenFor('bob', { clientId: 'petshop', audience: ['petshop'] }),
      'ERR_TOKEN_REFUSED',
    ],
    ['no user', () => stage.iyo.tokenFor('petshop'), 'ERR_TOKEN_REFUSED'],
    ['another client', () => stage.iyo.tokenFor('bob', { clientId: 'somebody' }), 'ERR_TOKEN_REFUSED'],
    [
      'an end in the past',
      () => stage.iyo.sign({ username: 'bob', azp: 'petshop', iss: 'itsyouonline', scope: [], exp: 1_500_000_000 }),
      'ERR_TOKEN_EXPIRED',
    ],
    [
      'no end',
      () => stage.iyo.sign({ username: 'bob', azp: 'petshop', iss: 'itsyouonline', scope: [] }),
      'ERR_TOKEN_CLAIMS',
    ],
    [
      'another issuer',
      () => stage.iyo.sign({ username: 'bob', azp: 'petshop', iss: 'other', scope: [], exp: 4_000_000_000 }),
      'ERR_TOKEN_ISSUER',
    ],
  ])('is refused that has %s', async (_, token, code) => {
    await expect(authenticator(trusting()).verify(token())).rejects.toMatchObject({ code, status: 401 })
  })

  it('gives the groups of an environment as roles', async () => {
    const { iyo } = stage
    const environment = 'greenitglobe.environments.be-g8-4'
    const token = iyo.sign({
      username: 'bob',
      azp: environment,
      iss: 'itsyouonline',
      scope: [`user:memberof:${environment}.admin`, `user:memberof:${environment}.user`, 'user:memberof:other.admin'],
      exp: stage.clock.now() / 1000 + 60,
    })
    const { user } = await authenticator(trusting({ organization: environment })).verify(token)
    expect(user.roles.map(({ name, organization }) => [name, organization])).toEqual([
      ['admin', environment],
      ['user', environment],
    ])
  })

  it('can be any, where that is spelled out', async () => {
    const auth = authenticator(trusting({ organization: null }))
    await expect(auth.verify(stage.iyo.tokenFor('ann'))).resolves.toMatchObject({ user: { id: 'ann@itsyouonline' } })
  })

  it('is taken beside itsYouOnline(), each by its own rule', async () => {
    const keys = stage.iyo.publicJwk
    const auth = createAuthenticator({
      providers: [itsYouOnline({ organization: 'petshop', keys }), providerOf(trusting({ authorizedParty: 'cloud' }))],
      clock: stage.clock,
    })
    await expect(auth.verify(jwtFor('bob'))).resolves.toMatchObject({ user: { id: 'bob', provider: 'itsyouonline' } })
    await expect(auth.verify(stage.iyo.tokenFor('bob', { clientId: 'cloud' }))).resolves.toMatchObject({
      user: { id: 'bob@itsyouonline', provider: 'openvcloud' },
    })
    await expect(auth.verify(stage.iyo.tokenFor('bob', { clientId: 'evil' }))).rejects.toMatchObject({ status: 401 })
  })

  it('is looked at by the rule of the application too', async () => {
    const auth = authenticator({
      ...trusting(),
      validate: ({ username }) => (username === 'bob' ? 'not him' : undefined),
    })
    await expect(auth.verify(jwtFor('bob'))).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
  })
})

describe('refresh and revocation', () => {
  const refreshable = () => stage.iyo.tokenFor('bob', { clientId: 'petshop', refreshable: true })

  it('refresh JWTs at ItsYou.online', async () => {
    const { iyo } = stage
    const provider = providerOf(trusting({ organization: 'petshop', baseUrl: iyo.url }))
    const context = contextOf(provider, { timeout: 10, clock: stage.clock })
    const outcome = await provider.refresh?.({ accessToken: refreshable() }, context)
    if (outcome?.outcome !== 'refreshed') throw new Error(`the outcome is ${outcome?.outcome}`)
    await expect(authenticator(trusting()).verify(outcome.tokens.accessToken)).resolves.toMatchObject({
      user: { id: 'bob@itsyouonline' },
    })
    const rejected = { outcome: 'rejected' }
    expect(await provider.refresh?.({ accessToken: jwtFor('bob') }, context)).toMatchObject(rejected)
    const old = refreshable()
    iyo.fail('all', 'reset')
    expect(await provider.refresh?.({ accessToken: old }, context)).toMatchObject({ outcome: 'unavailable' })
    iyo.heal()
    iyo.forgetRefreshTokens()
    expect(await provider.refresh?.({ accessToken: old }, context)).toMatchObject(rejected)
  })

  it('are not there for sessions, which end here alone', async () => {
    const provider = providerOf()
    expect([provider.refresh, provider.revoke]).toEqual([undefined, undefined])
    const auth = authenticator(trusting())
    for (const token of [stage.portal.login('ann'), jwtFor('bob')]) {
      await auth.verify(token)
      await auth.revoke({ token })
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    }
  })
})

describe('the options of openvCloud()', () => {
  it.each([
    'https://g8.example.com',
    'https://g8.example.com/',
    'https://g8.example.com/restmachine',
    'https://g8.example.com/restmachine/',
  ])('take the address as %s', (baseUrl) => {
    expect(openvCloud({ baseUrl }).issuer).toBe('https://g8.example.com/restmachine')
  })

  it.each<[string, object, RegExp]>([
    ['no address', { baseUrl: undefined }, /baseUrl/],
    ['an address without TLS', { baseUrl: 'http://g8.example.com' }, /baseUrl/],
    ['nothing to verify', { authkeys: false }, /no token could be verified/],
    ['a memory that is too long', { cacheFor: 301 }, /cacheFor/],
    ['a misspelt option', { cachefor: 30 }, /unknown option cachefor, did you mean cacheFor/],
    ['a misspelt option for JWTs', { jwt: { organisation: 'petshop' } }, /organisation/],
    [
      'an audience, which the portal refuses',
      { jwt: { organization: 'petshop', audience: 'api' } },
      /unknown option jwt\.audience/,
    ],
    [
      'the options of itsYouOnline() that are those of this',
      { jwt: { organization: 'petshop', name: 'a' } },
      /jwt\.name/,
    ],
    ['a key that is none', { jwt: { organization: 'petshop', keys: 'no key' } }, /keys must be public keys/],
  ])('refuse %s', (_, options, message) => {
    const all = { baseUrl: 'https://g8.example.com', ...options } as OpenvCloudOptions
    expect(() => openvCloud(all)).toThrow(message)
  })
})

describe('rights', () => {
  it('are three sets of letters, in any order', () => {
    expect(['R', 'RCX', 'XCR', 'ARCXDU', 'UDXCRA', 'RC', 'RR', '', 'RCXZ', 'r'].map(readOpenvCloudAccess)).toEqual([
      'R',
      'RCX',
      'RCX',
      'ARCXDU',
      'ARCXDU',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    const words = openvCloudAccess.RCX.map((letter) => openvCloudRights[letter])
    expect(words).toEqual(['read', 'create', 'execute'])
  })
})

describe('a sign-in with a browser', () => {
  it('gives a JWT of ItsYou.online that both take, and that can be refreshed', async () => {
    const { iyo, portal } = stage
    const callbackUrl = 'https://shop.example/auth/callback/openvcloud'
    const client = iyo.addOrganizationKey('petshop', { callbackURL: callbackUrl })
    iyo.consent('bob', 'petshop', ['user:name', 'user:validated:email', 'user:memberof:petshop'])
    const jwt = { organization: 'petshop', keys: iyo.publicJwk, baseUrl: iyo.url, client }
    const provider = providerOf({ jwt })
    const auth = createAuthenticator({ providers: [provider], clock: stage.clock })
    const context = contextOf(provider, { timeout: 10, clock: stage.clock })
    const state = 'not-guessable'
    const step = await provider.signIn?.start({ callbackUrl, state }, context)
    const browser = { redirect: 'manual', headers: { cookie: iyo.browserOf('bob') } } as const
    const back = (await fetch((step as { location: string }).location, browser)).headers.get('location') ?? ''
    const signedIn = await provider.signIn?.finish({ url: new URL(back), state, kept: {} }, context)
    const tokens = { accessToken: signedIn?.tokens.accessToken ?? '', provider: 'openvcloud' }
    expect((await auth.verify(tokens.accessToken)).user).toMatchObject({
      id: 'bob@itsyouonline',
      provider: 'openvcloud',
    })
    const portalClient = createOpenvCloudClient({ baseUrl: portal.url, getJwt: () => tokens.accessToken })
    expect(await portalClient.whoami()).toEqual({ name: 'bob@itsyouonline', admin: false })
    expect((await auth.refresh(tokens)).outcome).toBe('refreshed')
    await auth.close()
  })

  it('is there only where it is set up', () => {
    expect(providerOf(trusting()).signIn).toBeUndefined()
    expect(() => providerOf(trusting({ organization: 'petshop', client: { clientId: 'a' } as never }))).toThrow(
      /client.clientSecret: is missing/,
    )
  })
})
