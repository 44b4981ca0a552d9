import { describe, expect, it } from '@jest/globals'
import { partsOf } from '../src/authenticator-parts.ts'
import { createAuthenticator } from '../src/index.ts'
import { itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import type { Route } from '../src/route.ts'
import { claimsOf, stageItsYouOnline } from './support/itsyouonline.ts'

const stage = stageItsYouOnline()
const callbackURL = 'https://shop.example/callback'

describe('getJwt', () => {
  it('says in the JWT what was asked for, and sends secrets in the body', async () => {
    const sent: string[] = []
    const { getJwt } = stage.clientOf(stage.provider.user, {
      fetch: (url, init) => {
        sent.push(url)
        return globalThis.fetch(url, init)
      },
    })
    const jwt = await getJwt({
      validity: 600,
      refreshable: true,
      scope: ['user:name', 'user:email'],
      audience: ['a', 'b'],
    })
    expect(claimsOf(jwt)).toEqual({
      aud: ['a', 'b'],
      azp: stage.provider.user.clientId,
      exp: stage.now() + 600,
      iss: 'itsyouonline',
      refresh_token: expect.stringMatching(/^[\w-]{28}$/),
      scope: ['user:name', 'user:email'],
      username: 'ann',
    })
    expect(sent).toEqual([`${stage.provider.url}/v1/oauth/access_token`])
    expect(claimsOf(await stage.clientOf(stage.provider.organization).getJwt())).toMatchObject({
      globalid: 'petshop',
      exp: stage.now() + 86_400,
    })
  })

  it('takes memberships that were left out for an error, unless less is fine', async () => {
    const scope = ['user:name', 'user:memberof:zoo']
    await expect(stage.client.getJwt({ scope })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
    expect(claimsOf(await stage.client.getJwt({ scope, acceptLess: true })).scope).toEqual(['user:name'])
  })

  it('makes one that can be refreshed for the scope that the provider has for it', async () => {
    const alone = claimsOf(await stage.client.getJwt({ scope: 'offline_access' }))
    expect([typeof alone.refresh_token, alone.scope]).toEqual(['string', ['user:admin']])
    const among = claimsOf(await stage.client.getJwt({ scope: ['user:name', 'offline_access'], refreshable: false }))
    expect([typeof among.refresh_token, among.scope]).toEqual(['string', ['user:name']])
    const get = (request: object) => stage.client.getJwt({ ...request, useCache: true })
    expect(await get({ scope: 'offline_access' })).toBe(await get({ refreshable: true }))
  })

  it.each([
    ['wrong credentials', { clientSecret: 'wrong' }, {}, 'ERR_UPSTREAM_INVALID', 400],
    ['a scope that they do not cover', {}, { scope: 'organization:owner' }, 'ERR_UPSTREAM_UNAUTHORIZED', 401],
  ])('rejects for %s', async (_, wrong, request, code, status) => {
    const { getJwt } = stage.clientOf({ ...stage.provider.user, ...wrong })
    await expect(getJwt(request)).rejects.toMatchObject({ code, upstream: { operation: 'getJwt', status } })
  })

  it('keeps one JWT for each request, and asks once for all who wait', async () => {
    const requests = [
      {},
      {},
      { scope: ['user:name', 'user:email'] },
      { scope: ['user:email', 'user:name'] },
      { validity: 700 },
    ]
    const jwts = await Promise.all(requests.map((request) => stage.client.getJwt({ ...request, useCache: true })))
    expect(new Set(jwts).size).toBe(3)
    expect(await stage.client.getJwt({ useCache: true })).toBe(jwts[0])
    expect(stage.provider.requests('token')).toBe(3)
    expect(await stage.client.getJwt()).toEqual(expect.any(String))
    expect(stage.provider.requests('token')).toBe(4)
  })

  it('asks again five minutes ahead of the end, and refreshes what can be refreshed', async () => {
    const plain = await stage.client.getJwt({ useCache: true, validity: 1000 })
    const refreshable = await stage.client.getJwt({ useCache: true, validity: 1000, refreshable: true })
    await stage.clock.advance(690)
    const asked = stage.provider.requests()
    expect(await stage.client.getJwt({ useCache: true, validity: 1000 })).toBe(plain)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(stage.provider.requests()).toBe(asked)
    await stage.clock.advance(20)
    // In the background: the old one is good for minutes.
    const next = async (old: string, request: object) => {
      for (;;) {
        const jwt = await stage.client.getJwt({ useCache: true, validity: 1000, ...request })
        if (jwt !== old) return jwt
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    await next(plain, {})
    const refreshed = await next(refreshable, { refreshable: true })
    expect(claimsOf(refreshed)).toEqual({ ...claimsOf(refreshable), exp: stage.now() + 1000 })
    expect([stage.provider.requests('token'), stage.provider.requests('refresh')]).toEqual([3, 1])
  })

  it('gets a new JWT where the old one cannot be refreshed any more', async () => {
    const request = { useCache: true, refreshable: true, validity: 1000 }
    await stage.client.getJwt(request)
    await stage.clock.advance(1001)
    stage.provider.forgetRefreshTokens()
    const jwt = await stage.client.getJwt(request)
    expect(claimsOf(jwt).exp).toBe(stage.now() + 1000)
    expect(stage.provider.requests('token')).toBe(2)
  })

  it('keeps what it has while the provider is down, to its end', async () => {
    const jwt = await stage.client.getJwt({ useCache: true, validity: 1000 })
    await stage.clock.advance(900)
    stage.provider.fail('all', 'reset')
    expect(await stage.client.getJwt({ useCache: true, validity: 1000 })).toBe(jwt)
    await stage.clock.advance(101)
    await expect(stage.client.getJwt({ useCache: true, validity: 1000 })).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
  })

  it('lets one who waits give up, and the others wait on', async () => {
    stage.provider.fail('token', { delay: 0.2 })
    const reason = new Error('enough')
    const given = AbortSignal.abort(reason)
    const other = stage.client.getJwt({ useCache: true })
    await expect(stage.client.getJwt({ useCache: true }, { signal: given })).rejects.toBe(reason)
    await expect(stage.client.getJwt({ useCache: true }, { timeout: 0.01 })).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
    await expect(other).resolves.toEqual(expect.any(String))
    expect(stage.provider.requests('token')).toBe(1)
  })

  it.each([
    ['no whole number', { validity: 1.5 }],
    ['nothing', { validity: 0 }],
    ['more than a day', { validity: 86_401 }],
    ['a list in one scope', { scope: 'a,b' }],
    ['an unknown name', { refreshabel: true }],
  ])('refuses %s, which the provider would ignore', async (_, request) => {
    await expect(stage.client.getJwt(request as never)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(stage.provider.requests()).toBe(0)
  })
})

describe('other tokens', () => {
  it('refreshes a JWT with the same refresh token, also an expired one', async () => {
    const old = await stage.client.getJwt({ refreshable: true, validity: 60 })
    await stage.clock.advance(3600)
    const jwt = await stage.client.refreshJwt(old, { validity: 120 })
    expect(claimsOf(jwt)).toEqual({ ...claimsOf(old), exp: stage.now() + 120 })
    expect(claimsOf(await stage.client.refreshJwt(jwt)).exp).toBe(stage.now() + 86_400)
    stage.provider.forgetRefreshTokens()
    await expect(stage.client.refreshJwt(jwt)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    await expect(stage.client.refreshJwt(await stage.client.getJwt())).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
  })

  it('reads an access token with its dangling comma', async () => {
    const token = await stage.client.getAccessToken()
    expect(token).toEqual({
      accessToken: expect.stringMatching(/^[\w-]{28}$/),
      expiresIn: 85_800,
      scopes: ['user:admin'],
      grants: [],
      username: 'ann',
    })
    expect(await stage.clientOf(stage.provider.organization).getAccessToken()).not.toHaveProperty('username')
  })

  it('makes a JWT of an access token, and one with less of a refreshable JWT', async () => {
    const { accessToken } = await stage.client.getAccessToken()
    const jwt = await stage.client.exchangeAccessToken(accessToken, { scope: ['user:admin'], refreshable: true })
    const less = await stage.client.exchangeJwt(jwt, { scope: 'user:name', audience: 'shop', validity: 60 })
    expect(claimsOf(less)).toMatchObject({ globalid: null, username: 'ann', scope: ['user:name'], aud: ['shop'] })
    const plain = await stage.client.getJwt()
    await expect(stage.client.exchangeJwt(plain, { scope: 'user:name' })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
  })

  it('signs a user in with a code', async () => {
    const key = stage.provider.addOrganizationKey('petshop', { callbackURL })
    const shop = stage.clientOf(key)
    const redirectUri = `${callbackURL}?page=1`
    const url = shop.authorizationUrl({
      redirectUri,
      scope: ['openid', 'user:memberof:petshop'],
      state: 'not-guessable',
    })
    stage.provider.consent('bob', 'petshop', ['user:memberof:petshop'])
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: stage.provider.browserOf('bob') } })
    const back = new URL(answer.headers.get('location') ?? '')
    expect([back.origin, back.searchParams.get('page'), back.searchParams.get('state')]).toEqual([
      'https://shop.example',
      '1',
      'not-guessable',
    ])
    const code = back.searchParams.get('code') ?? ''
    const token = await shop.exchangeCode({ code, redirectUri, state: 'not-guessable' })
    expect(token).toMatchObject({
      username: 'bob',
      scopes: ['openid', 'user:memberof:petshop'],
      idToken: expect.any(String),
    })
    await expect(shop.exchangeCode({ code, redirectUri: callbackURL })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_INVALID',
    })
    await stage.clock.advance(11)
    await expect(shop.exchangeCode({ code, redirectUri })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_INVALID' })
    for (const one of ['undefined', ' ', '<code>'])
      await expect(shop.exchangeCode({ code: one, redirectUri })).rejects.toMatchObject({
        code: 'ERR_UPSTREAM_INVALID',
      })
    const asked = stage.provider.requests()
    for (const none of [{ code: '' }, {}, { code: ['a', 'b'] }, { code: 'a', state: ['b', 'c'] }]) {
      const brought = { ...none, redirectUri } as { code: string; redirectUri: string }
      await expect(shop.exchangeCode(brought)).rejects.toMatchObject({ code: 'ERR_SIGN_IN_REFUSED', status: 403 })
    }
    expect(stage.provider.requests()).toBe(asked)
  })

  it.each(['', 'undefined', ' ', '<code>'])('refuses a browser that brings %j for a code', async (code) => {
    const { url: baseUrl, publicJwk: keys, organization: client } = stage.provider
    const provider = itsYouOnline({ organization: 'petshop', keys, baseUrl, client })
    const auth = createAuthenticator({ providers: [provider], clock: stage.clock })
    const { context } = partsOf(auth).routes[0] as Route
    const url = new URL(`${callbackURL}?${new URLSearchParams({ code, state: 'not-guessable' })}`)
    const finished = provider.signIn?.finish({ url, state: 'not-guessable', kept: {} }, context)
    await expect(finished).rejects.toMatchObject({ code: 'ERR_SIGN_IN_REFUSED', status: 403 })
    await auth.close()
  })

  it('signs a user in with a browser, with the grants that count in the session', async () => {
    const key = stage.provider.addOrganizationKey('petshop', { callbackURL, label: 'browsers' })
    const { url: baseUrl, publicJwk: keys } = stage.provider
    stage.provider.consent('bob', 'petshop', ['user:memberof:petshop'])
    await stage.client.api.CreateUserGrant({ globalid: 'petshop' }, { username: 'bob', grant: 'vip' })
    const client = { ...key, scopes: ['user:memberof:petshop'] }
    const provider = itsYouOnline({ organization: 'petshop', keys, baseUrl, client })
    const auth = createAuthenticator({ providers: [provider], clock: stage.clock })
    const { context } = partsOf(auth).routes[0] as Route
    const state = 'not-guessable'
    const step = (await provider.signIn?.start({ callbackUrl: callbackURL, state }, context)) as { location: string }
    const browser = { redirect: 'manual', headers: { cookie: stage.provider.browserOf('bob') } } as const
    const back = (await fetch(step.location, browser)).headers.get('location') ?? ''
    const signedIn = await provider.signIn?.finish({ url: new URL(back), state, kept: {} }, context)
    const { user } = await auth.verify(signedIn?.tokens.accessToken ?? '')
    expect(user).toMatchObject({ id: 'bob', scopes: ['user:memberof:petshop', 'grant:vip'] })
    await auth.close()
  })
})
