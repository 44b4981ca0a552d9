import { verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createItsYouOnlineEmulator, createTestClock, type ItsYouOnlineEmulator } from '../../src/index.ts'

const clock = createTestClock()
const now = () => clock.now() / 1000
let emulator: ItsYouOnlineEmulator

beforeAll(async () => {
  emulator = await createItsYouOnlineEmulator({
    clock,
    users: [{ username: 'eve', emails: ['eve@example.com'] }, { username: 'noname' }],
    organizations: [
      { globalid: 'petshop.admins', members: ['eve'] },
      { globalid: 'zoo', owners: ['noname'] },
    ],
  })
})
afterAll(() => emulator.close())

type Parameters = Record<string, string>

const query = (parameters: Parameters) => new URLSearchParams(parameters).toString()

/** As clients in the field do it: everything in the query, an empty body. */
function token(parameters: Parameters, init: RequestInit = {}): Promise<Response> {
  const all = {
    grant_type: 'client_credentials',
    client_id: emulator.user.clientId,
    client_secret: emulator.user.clientSecret,
    ...parameters,
  }
  return fetch(`${emulator.url}/v1/oauth/access_token?${query(all)}`, { method: 'POST', ...init })
}

const get = (path: string, authorization?: string) =>
  fetch(`${emulator.url}${path}`, {
    redirect: 'manual',
    headers: { ...(authorization !== undefined && { authorization }) },
  })

const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const jwtFor = async (parameters: Parameters = {}) =>
  (await token({ response_type: 'id_token', ...parameters }, { headers: { accept: '*/*' } })).text()

async function accessToken(parameters: Parameters = {}): Promise<string> {
  return ((await (await token(parameters)).json()) as { access_token: string }).access_token
}

describe('the token endpoint', () => {
  it('answers with a dangling comma, ten minutes less, and any origin', async () => {
    const answer = await token({})
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.text()).toMatch(
      /^\{"access_token":"[\w-]{28}","token_type":"bearer","scope":"user:admin,","expires_in":85800,"info":\{"username":"ann"\}\}\n$/,
    )
  })

  it('says no name for an organization', async () => {
    const { clientId, clientSecret } = emulator.organization
    const answer = await token({ client_id: clientId, client_secret: clientSecret })
    expect(await answer.json()).toMatchObject({ scope: 'organization:owner,', info: { username: '' } })
  })

  it('gives a bare JWT, and JSON where that is accepted', async () => {
    const bare = await token({ response_type: 'id_token' }, { headers: { accept: '*/*' } })
    expect(bare.headers.get('content-type')).toBe('application/jwt')
    expect(await bare.text()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{128}$/)
    const json = await token(
      { response_type: 'id_token' },
      { headers: { accept: 'application/json, text/plain, */*' } },
    )
    expect(await json.json()).toEqual({ access_token: expect.any(String) })
  })

  it.each<[string, Parameters, number, string]>([
    ['a wrong secret', { client_secret: 'wrong' }, 400, 'Bad Request\n'],
    ['no secret', { client_secret: '' }, 400, 'Bad Request\n'],
    ['another grant', { grant_type: 'password' }, 400, 'Bad Request\n'],
    ['no code', { grant_type: '' }, 400, 'Bad Request\n'],
    ['a scope that is not covered', { response_type: 'id_token', scope: 'organization:owner' }, 401, 'Unauthorized\n'],
  ])('refuses %s in words', async (_, parameters, status, body) => {
    const answer = await token(parameters)
    expect([answer.status, await answer.text()]).toEqual([status, body])
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('lets the body win, reads no JSON, and takes Basic only without a secret', async () => {
    const { clientId, clientSecret } = emulator.user
    const basic = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` }
    const url = `${emulator.url}/v1/oauth/access_token?grant_type=client_credentials`
    const statusOf = async (init: RequestInit, more = '') =>
      (await fetch(url + more, { method: 'POST', ...init })).status
    const form = new URLSearchParams({ client_id: clientId, client_secret: clientSecret })
    expect(await statusOf({ body: form }, '&client_secret=wrong')).toBe(200)
    expect(await statusOf({ headers: basic })).toBe(200)
    expect(await statusOf({ headers: basic }, '&client_secret=wrong')).toBe(400)
    expect(
      await statusOf({
        body: JSON.stringify(Object.fromEntries(form)),
        headers: { 'content-type': 'application/json' },
      }),
    ).toBe(400)
    expect((await fetch(url)).status).toBe(404)
    expect((await fetch(url, { method: 'OPTIONS' })).headers.get('allow')).toBe('POST')
  })

  it('takes only keys of organizations that are for it', async () => {
    const { clientId, clientSecret } = emulator.addOrganizationKey('petshop', { callbackURL: 'https://shop.example/' })
    expect((await token({ client_id: clientId, client_secret: clientSecret })).status).toBe(400)
  })
})

describe('a JWT', () => {
  it('has sorted claims, none of them a time but exp, and no name of its key', async () => {
    const jwt = await jwtFor({ scope: 'offline_access,user:name', aud: ' a, b ', validity: '60' })
    const [header, payload, signature] = jwt.split('.').map((part) => Buffer.from(part, 'base64url'))
    expect(header?.toString()).toBe('{"alg":"ES384","typ":"JWT"}')
    expect(payload?.toString()).toMatch(
      new RegExp(
        `^\\{"aud":\\["a","b"\\],"azp":"[\\w-]{28}","exp":${now() + 60},"iss":"itsyouonline","refresh_token":"[\\w-]{28}","scope":\\["user:name"\\],"username":"ann"\\}$`,
      ),
    )
    const signed = Buffer.from(jwt.slice(0, jwt.lastIndexOf('.')))
    expect(verify('sha384', signed, { key: emulator.publicKey, dsaEncoding: 'ieee-p1363' }, signature as Buffer)).toBe(
      true,
    )
  })

  it.each([
    ['', 86_400],
    ['0', 86_400],
    ['-5', 86_400],
    ['soon', 86_400],
    ['100000', 86_400],
    ['120', 120],
  ])('with validity %j ends after %i seconds', async (validity, seconds) => {
    expect(claimsOf(await jwtFor({ validity })).exp).toBe(now() + seconds)
  })

  it.each([
    ['nothing', '', ['user:admin']],
    ['offline_access alone', 'offline_access', ['user:admin']],
    ['what begins with user:', 'user:name, user:anything,', ['user:name', 'user:anything']],
    ['a membership', 'user:memberof:petshop', ['user:memberof:petshop']],
    ['a membership by the parent', 'user:memberof:petshop.admins', ['user:memberof:petshop.admins']],
    ['a membership that is not there', 'user:memberof:zoo', ['']],
    ['one of two', 'user:memberof:zoo,user:name', ['user:name']],
  ])('grants %s', async (_, scope, granted) => {
    expect(claimsOf(await jwtFor({ scope })).scope).toEqual(granted)
  })

  it('tells of the children for a membership in the client itself', () => {
    const scopes = ['user:memberof:petshop']
    expect(claimsOf(emulator.tokenFor('eve', { scopes, clientId: 'petshop' })).scope).toEqual([
      'user:memberof:petshop.admins',
    ])
    expect(claimsOf(emulator.tokenFor('eve', { scopes })).scope).toEqual([''])
  })

  it('holds information that was asked to be stored, and grants', async () => {
    const access_token = await accessToken()
    const parameters = query({ scope: 'user:name,user:email:main,user:phone', store_info: 'true' })
    const jwt = await (await get(`/v1/oauth/jwt?${parameters}`, `token ${access_token}`)).text()
    expect(claimsOf(jwt).scope.slice(3)).toEqual([
      '[user:name]:Ann Example',
      '[user:email:main]:ann@example.com',
      '[user:phone]:+3212345678',
    ])
    const crash = await get('/v1/oauth/jwt?scope=user:validated:email&store_info=true', access_token)
    expect([crash.status, await crash.text()]).toEqual([500, ''])
  })

  it('escapes as Go does', () => {
    expect(Buffer.from(emulator.sign({ scope: ['<&>'] }).split('.')[1] ?? '', 'base64url').toString()).toBe(
      '{"scope":["\\u003c\\u0026\\u003e"]}',
    )
  })
})

describe('a JWT of a token', () => {
  it('ends with the access token, which lives a day', async () => {
    const clockStart = now()
    const access_token = await accessToken()
    await clock.advance(1000)
    expect(claimsOf(await (await get('/v1/oauth/jwt', access_token)).text()).exp).toBe(clockStart + 86_400)
    await clock.advance(86_400)
    expect((await get('/v1/oauth/jwt', `token ${access_token}`)).status).toBe(401)
    expect((await get(`/v1/oauth/jwt?access_token=${access_token}`)).status).toBe(401)
  })

  it('is made of another JWT only if that can be refreshed', async () => {
    const plain = await jwtFor()
    const refreshable = await jwtFor({ scope: 'offline_access,user:admin' })
    const statusOf = async (jwt: string, parameters = '') =>
      (await get(`/v1/oauth/jwt${parameters}`, `bearer ${jwt}`)).status
    expect(await statusOf(plain)).toBe(500)
    expect(await statusOf(plain, '?scope=offline_access')).toBe(401)
    expect(await statusOf(emulator.tokenFor('petshop', { refreshable: true }))).toBe(500)
    expect(await statusOf(emulator.tokenFor('ann', { refreshable: true, validity: 1 }))).toBe(200)
    const derived = await (await get('/v1/oauth/jwt?scope=user:name,user:memberof:zoo', `Bearer ${refreshable}`)).text()
    expect(claimsOf(derived)).toMatchObject({ globalid: null, username: 'ann', scope: ['user:name'] })
    expect(claimsOf(await (await get('/v1/oauth/jwt', `bearer ${refreshable}`)).text()).scope).toEqual([])
  })

  it('is refreshed as often as one likes, by an expired one too, with the same refresh token', async () => {
    const old = await jwtFor({ scope: 'offline_access,user:name', validity: '60', aud: 'shop' })
    await clock.advance(3600)
    const refresh = (jwt: string, parameters = '') => get(`/v1/oauth/jwt/refresh${parameters}`, `bearer ${jwt}`)
    const fresh = await (await refresh(old, '?validity=90&scope=user:admin')).text()
    expect(claimsOf(fresh)).toEqual({ ...claimsOf(old), exp: now() + 90 })
    expect(claimsOf(await (await refresh(old)).text()).exp).toBe(now() + 86_400)
    for (const jwt of [
      await jwtFor(),
      `${old.slice(0, -9)}${old.at(-9) === 'A' ? 'B' : 'A'}${old.slice(-8)}`,
      old.replace(/^[^.]+/, 'e30'),
      'none',
    ]) {
      const answer = await refresh(jwt)
      expect([answer.status, await answer.text()]).toEqual([401, 'Unauthorized\n'])
    }
    expect((await get('/v1/oauth/jwt/refresh', `BEARER ${old}`)).status).toBe(401)
  })
})

describe('signing in', () => {
  const redirect_uri = 'https://shop.example/callback?x=1'
  const request = (more: Parameters = {}) =>
    query({
      response_type: 'code',
      client_id: 'petshop',
      redirect_uri,
      scope: 'user:name,user:memberof:zoo',
      state: 's',
      ...more,
    })
  const authorize = (more: Parameters, cookie?: string) =>
    fetch(`${emulator.url}/v1/oauth/authorize?${request(more)}`, {
      redirect: 'manual',
      headers: { ...(cookie && { cookie }) },
    })

  it.each<[string, Parameters]>([
    ['another response type', { response_type: 'token' }],
    ['an address that is not registered', { redirect_uri: 'https://evil.example/' }],
    ['an address without a host', { redirect_uri: '/callback' }],
    ['an address of the provider', { redirect_uri: 'https://shop.itsyou.online/' }],
    ['the provider as a client', { client_id: 'itsyouonline' }],
  ])('refuses %s without a redirect', async (_, more) => {
    expect((await authorize(more)).status).toBe(400)
  })

  it('leads by login and consent to a code, which is good for ten seconds, and more than once', async () => {
    const { clientId, clientSecret } = emulator.addOrganizationKey('petshop', {
      callbackURL: 'https://shop.example/callback',
    })
    expect((await authorize({})).headers.get('location')).toMatch(/^\/login\?.*&endpoint=%2Fv1%2Foauth%2Fauthorize$/)
    expect((await authorize({ register: '1' })).headers.get('location')).toMatch(/^\/register\?/)
    const cookie = emulator.browserOf('ann')
    const consent = new URL((await authorize({}, cookie)).headers.get('location') ?? '', emulator.url)
    expect([consent.pathname, consent.searchParams.get('scope')]).toEqual(['/authorize', 'user:name'])
    emulator.consent('ann', 'petshop', ['user:name'])
    const back = new URL((await authorize({}, cookie)).headers.get('location') ?? '')
    const code = back.searchParams.get('code') ?? ''
    expect(back.href).toBe(`${redirect_uri}&code=${code}&state=s`)
    const redeem = (more: Parameters = {}) =>
      token({ grant_type: '', client_id: clientId, client_secret: clientSecret, code, redirect_uri, ...more })
    expect(await (await redeem()).json()).toMatchObject({ scope: 'user:name,', info: { username: 'ann' } })
    expect((await redeem({ state: 's' })).status).toBe(200)
    expect((await redeem({ state: 'other' })).status).toBe(400)
    expect((await redeem({ redirect_uri: 'https://shop.example/callback' })).status).toBe(400)
    await clock.advance(11)
    expect((await redeem()).status).toBe(400)
  })

  it('asks for a login again in a browser that has logged out, whose tokens live on', async () => {
    const cookie = emulator.browserOf('ann')
    expect((await authorize({}, cookie)).headers.get('location')).not.toMatch(/^\/login/)
    const authorization = `token ${await accessToken()}`
    const out = await fetch(`${emulator.url}/logout`, { redirect: 'manual', headers: { cookie } })
    expect([out.status, out.headers.get('location')]).toEqual([302, '/'])
    expect((await authorize({}, cookie)).headers.get('location')).toMatch(/^\/login\?/)
    expect((await get('/api/users/ann', authorization)).status).toBe(200)
  })
})
