import { createTestKey, type TestKey } from '@claviger/testing'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { CompactSign } from 'jose'
import { type Authenticator, createAuthenticator } from '../src/authenticator.ts'
import { partsOf } from '../src/authenticator-parts.ts'
import { itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import type { Route } from '../src/route.ts'
import { claimsOf, stageItsYouOnline } from './support/itsyouonline.ts'

const stage = stageItsYouOnline()
const callbackURL = 'https://shop.example/callback'
const state = 'not-guessable'
const scopes = ['openid', 'user:name', 'user:validated:email', 'user:phone:main', 'user:memberof:petshop']

let key: { clientId: string; clientSecret: string }
let other: typeof key
beforeAll(() => {
  stage.provider.addOrganization({ globalid: 'bakery' })
  key = stage.provider.addOrganizationKey('petshop', { callbackURL })
  other = stage.provider.addOrganizationKey('bakery', { callbackURL })
})

/** Has somebody sign in at a client with a browser, up to the way back. */
async function comeBack(username: string, location: string, { clientId } = key): Promise<URL> {
  stage.provider.consent(username, clientId, [...scopes, 'user:email:main'])
  const cookie = stage.provider.browserOf(username)
  return new URL((await fetch(location, { redirect: 'manual', headers: { cookie } })).headers.get('location') ?? '')
}

/** The ID token of somebody who signs in at a client. */
async function idTokenOf(username: string, at = key): Promise<string> {
  const client = stage.clientOf(at)
  const back = await comeBack(username, client.authorizationUrl({ redirectUri: callbackURL, scope: scopes, state }), at)
  const code = { code: back.searchParams.get('code') ?? '', redirectUri: callbackURL, state }
  return (await client.exchangeCode(code)).idToken ?? ''
}

describe('verifyIdToken', () => {
  const client = (more = {}) => stage.clientOf(key, { keys: stage.provider.publicKey, ...more } as never)

  it('tells who has signed in, by the claims that are named after scopes', async () => {
    const idToken = await idTokenOf('ann')
    stage.provider.resetCounts()
    const verified = await client().verifyIdToken(idToken)
    const now = stage.now()
    expect(verified).toEqual({
      user: expect.objectContaining({
        id: 'ann',
        name: 'Ann Example',
        email: 'ann@example.com',
        roles: [],
        scopes: [],
      }),
      claims: expect.objectContaining({ sub: 'ann', aud: 'petshop', 'user:phone:main': '+3212345678' }),
      provider: 'itsyouonline',
      issuer: 'itsyouonline',
      issuedAt: now,
      expiresAt: now + 86_400,
    })
    expect(stage.provider.requests()).toBe(0)
    // Neither a name nor an address: none is made up.
    expect(
      (await client().verifyIdToken(stage.provider.sign({ ...claimsOf(idToken), 'user:name': ' ' }))).user,
    ).not.toHaveProperty('name')
  })

  it('takes an address that the user has not validated for no address', async () => {
    const claims = { ...claimsOf(await idTokenOf('ann')), 'user:email': 'mallory@example.com' }
    delete (claims as Record<string, unknown>)['user:validated:email']
    expect((await client().verifyIdToken(stage.provider.sign(claims))).user).not.toHaveProperty('email')
  })

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>, string]>([
    ['another audience', (claims) => ({ ...claims, aud: 'petshop.admins' }), 'ERR_TOKEN_AUDIENCE'],
    ['no audience', ({ aud, ...claims }) => claims, 'ERR_TOKEN_AUDIENCE'],
    ['another issuer', (claims) => ({ ...claims, iss: 'https://itsyou.online' }), 'ERR_TOKEN_MALFORMED'],
    ['no subject', ({ sub, ...claims }) => claims, 'ERR_TOKEN_CLAIMS'],
    ['no time of issue', ({ iat, ...claims }) => claims, 'ERR_TOKEN_CLAIMS'],
    ['an end that is past', (claims) => ({ ...claims, exp: Number(claims.iat) - 31 }), 'ERR_TOKEN_EXPIRED'],
    ['more than a day to live', (claims) => ({ ...claims, exp: Number(claims.iat) + 86_431 }), 'ERR_TOKEN_CLAIMS'],
    ['a time of issue to come', (claims) => ({ ...claims, iat: Number(claims.iat) + 31 }), 'ERR_TOKEN_NOT_YET_VALID'],
  ])('refuses one with %s', async (_, change, code) => {
    const token = stage.provider.sign(change(claimsOf(await idTokenOf('ann'))))
    await expect(client().verifyIdToken(token)).rejects.toMatchObject({ code })
  })

  it('refuses what is no ID token, though it is signed with the same key and for this client', async () => {
    for (const token of [
      stage.provider.tokenFor('ann', { clientId: 'petshop', audience: ['petshop'] }),
      stage.provider.tokenFor('petshop', { audience: ['petshop'] }),
    ])
      await expect(client().verifyIdToken(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
    await expect(client().verifyIdToken('opaque')).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED' })
  })

  it('refuses the token of another key, of another algorithm, of another type, or of another client', async () => {
    const idToken = await idTokenOf('ann')
    const [ownKey, p256] = [await createTestKey('ES384'), await createTestKey('ES256')]
    const payload = new TextEncoder().encode(JSON.stringify(claimsOf(idToken)))
    const signed = (alg: string, { signer }: TestKey, typ = 'JWT') =>
      new CompactSign(payload).setProtectedHeader({ alg, typ }).sign(signer as never)
    const codes = [
      [await signed('ES384', ownKey), 'ERR_TOKEN_SIGNATURE'],
      [await signed('ES256', p256), 'ERR_TOKEN_ALGORITHM'],
      [await signed('ES384', ownKey, 'at+jwt'), 'ERR_TOKEN_TYPE'],
      [await idTokenOf('ann', other), 'ERR_TOKEN_AUDIENCE'],
    ] as const
    for (const [token, code] of codes) await expect(client().verifyIdToken(token)).rejects.toMatchObject({ code })
    // Without the option, the key is that of production.
    await expect(stage.clientOf(key).verifyIdToken(idToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })

  it('needs to know for which client', async () => {
    const idToken = await idTokenOf('ann')
    const caller = stage.clientOf({ accessToken: 'a' })
    await expect(caller.verifyIdToken(idToken)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
  })
})

describe('the ID token of a sign-in', () => {
  let auth: Authenticator
  afterEach(() => auth.close())

  /** Signs somebody in, with an answer of the token endpoint that is changed on the way. */
  async function signIn(
    wanted: readonly string[],
    change: (answer: Record<string, unknown>) => object | Promise<object>,
  ) {
    const { url: baseUrl, publicJwk: keys } = stage.provider
    const provider = itsYouOnline({ organization: 'petshop', keys, baseUrl, client: { ...key, scopes: wanted } })
    auth = createAuthenticator({
      providers: [provider],
      clock: stage.clock,
      async fetch(input, init) {
        const response = await fetch(input as string, init as RequestInit)
        if (!String(input).endsWith('/access_token')) return response
        if (!response.ok) return response
        return Response.json(await change((await response.json()) as Record<string, unknown>))
      },
    })
    const { context } = partsOf(auth).routes[0] as Route
    const step = await provider.signIn?.start({ callbackUrl: callbackURL, state }, context)
    const url = await comeBack('ann', (step as { location: string }).location)
    return provider.signIn?.finish({ url, state, kept: {} }, context)
  }

  it('is verified where it was asked for, and no access token', async () => {
    let idToken = ''
    const signedIn = await signIn(scopes, (answer) => {
      idToken = String(answer.id_token)
      return answer
    })
    expect((await auth.verify(signedIn?.tokens.accessToken ?? '')).user.id).toBe('ann')
    expect(claimsOf(idToken)).toMatchObject({ sub: 'ann', aud: 'petshop' })
    await expect(auth.verify(idToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
  })

  it.each<[string, (answer: Record<string, unknown>) => object | Promise<object>]>([
    ['none', ({ id_token, ...answer }) => answer],
    ['one of another user', async (answer) => ({ ...answer, id_token: await idTokenOf('bob') })],
    ['one of another client', async (answer) => ({ ...answer, id_token: await idTokenOf('ann', other) })],
    [
      'one whose signature is broken',
      (answer) => ({ ...answer, id_token: `${String(answer.id_token).slice(0, -8)}AAAAAAAA` }),
    ],
  ])('signs nobody in if there is %s', async (_, change) => {
    await expect(signIn(scopes, change)).rejects.toMatchObject({ code: 'ERR_SIGN_IN_REFUSED' })
  })

  it('cannot be had with the address of a label, at which the server fails', async () => {
    await expect(signIn(['openid', 'user:email:main'], (answer) => answer)).rejects.toMatchObject({
      code: 'ERR_SIGN_IN_REFUSED',
    })
  })

  it('is not looked at where it was not asked for', async () => {
    const without = scopes.filter((scope) => scope !== 'openid')
    const signedIn = await signIn(without, (answer) => {
      expect(answer).not.toHaveProperty('id_token')
      return answer
    })
    expect(signedIn?.tokens.accessToken).toEqual(expect.any(String))
  })
})
