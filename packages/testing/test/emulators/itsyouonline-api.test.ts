import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createItsYouOnlineEmulator, createTestClock, type ItsYouOnlineEmulator } from '../../src/index.ts'

const clock = createTestClock()
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

const jwtFor = async (parameters: Parameters = {}) =>
  (await token({ response_type: 'id_token', ...parameters }, { headers: { accept: '*/*' } })).text()

async function accessToken(parameters: Parameters = {}): Promise<string> {
  return ((await (await token(parameters)).json()) as { access_token: string }).access_token
}

describe('the API', () => {
  it('takes a JWT, an access token with or without its scheme, or one in the query', async () => {
    const access_token = await accessToken()
    const jwt = await jwtFor()
    for (const authorization of [`bearer ${jwt}`, `Bearer ${jwt}`, `token ${access_token}`, access_token]) {
      expect((await get('/api/users/ann', authorization)).status).toBe(200)
    }
    expect((await get(`/api/users/ann?access_token=${access_token}`)).status).toBe(200)
    expect((await get('/api/users/ann', `BEARER ${jwt}`)).status).toBe(401)
    expect((await get('/api/users/ann')).status).toBe(401)
    await clock.advance(86_401)
    expect((await get('/api/users/ann', `bearer ${jwt}`)).status).toBe(401)
  })

  it('finds a user by validated addresses and numbers', async () => {
    const authorization = `bearer ${await jwtFor()}`
    for (const name of ['ann', 'ann@example.com', '+3212345678']) {
      expect(await (await get(`/api/users/${encodeURIComponent(name)}`, authorization)).json()).toMatchObject({
        username: 'ann',
      })
    }
  })

  it('fails for organizations that ask for users', async () => {
    const jwt = await get('/api/users/ann', `bearer ${emulator.tokenFor('petshop')}`)
    expect([jwt.status, await jwt.text()]).toEqual([500, ''])
    const { clientId, clientSecret } = emulator.organization
    const access_token = await accessToken({ client_id: clientId, client_secret: clientSecret })
    expect((await get('/api/users/ann', `token ${access_token}`)).status).toBe(401)
  })

  it('refuses in three shapes', async () => {
    const ann = `bearer ${await jwtFor()}`
    const shapeOf = async (path: string, authorization: string, init: RequestInit = {}) => {
      const answer = await fetch(`${emulator.url}/api${path}`, { ...init, headers: { authorization } })
      return [answer.status, answer.headers.get('content-type'), await answer.text()]
    }
    const plain = 'text/plain; charset=utf-8'
    expect(await shapeOf('/users/eve', ann)).toEqual([403, plain, 'Forbidden\n'])
    expect(await shapeOf('/users/ann/phonenumbers/none', ann)).toEqual([404, plain, 'Not Found\n'])
    expect(await shapeOf('/organizations/zoo', ann)).toEqual([403, null, ''])
    expect(await shapeOf('/organizations/unknown', ann)).toEqual([403, null, ''])
    expect(await shapeOf('/organizations/petshop.none', `bearer ${emulator.tokenFor('petshop')}`)).toEqual([
      404,
      plain,
      'Not Found\n',
    ])
    const body = JSON.stringify({ label: 'facebook', source: 'x' })
    expect(await shapeOf('/users/ann/avatar', ann, { method: 'POST', body })).toEqual([
      409,
      plain,
      '{"error":"reserved_label"}\n',
    ])
    expect(await shapeOf('/users/ann/apikeys', ann, { method: 'POST', body: '{"label":7}' })).toEqual([
      400,
      plain,
      'Bad Request\n',
    ])
    expect(await shapeOf('/users/ann/apikeys/none', ann)).toEqual([
      200,
      'application/json',
      '{"label":"","scopes":null,"applicationid":"","apikey":"","username":""}\n',
    ])
  })

  it('narrows what a client may do to what the user consented to', async () => {
    emulator.consent('eve', 'petshop', ['user:name'])
    const statusOf = async (path: string, scopes: string[]) =>
      (await get(`/api/users/eve${path}`, `bearer ${emulator.tokenFor('eve', { scopes, clientId: 'petshop' })}`)).status
    expect(await statusOf('/info', ['user:name'])).toBe(200)
    expect(await statusOf('', ['user:name'])).toBe(403)
    expect(await statusOf('/phonenumbers', ['user:name', 'user:memberof:petshop'])).toBe(403)
    expect(
      (
        await get(
          '/api/users/eve/info',
          `bearer ${emulator.tokenFor('eve', { scopes: ['user:name'], clientId: 'zoo' })}`,
        )
      ).status,
    ).toBe(403)
  })

  it('lets rights flow down, from a parent to its children', async () => {
    const organization = `bearer ${emulator.tokenFor('petshop')}`
    expect((await get('/api/organizations/petshop.admins', organization)).status).toBe(200)
    const eve = `bearer ${emulator.tokenFor('eve')}`
    expect((await get('/api/organizations/petshop.admins', eve)).status).toBe(200)
    expect((await get('/api/organizations/petshop', eve)).status).toBe(403)
  })

  it('shows people of an organization by validated addresses, others not at all', async () => {
    const answer = await get('/api/organizations/zoo', `bearer ${emulator.tokenFor('noname')}`)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await answer.json()).toMatchObject({ globalid: 'zoo', owners: [] })
  })

  it('has no other paths and methods, and tidies up what is nearly one', async () => {
    const answer = await get('/api/nothing')
    expect([answer.status, await answer.text()]).toEqual([404, '404 page not found\n'])
    expect((await fetch(`${emulator.url}/api/users/ann`, { method: 'PATCH' })).status).toBe(404)
    expect((await get('/api/users/ann/')).headers.get('location')).toBe('/api/users/ann')
    expect((await get('/version')).headers.get('set-cookie')).toMatch(
      /^authenticatedsession=.*Max-Age=600; HttpOnly; Secure$/,
    )
    expect(await (await get('/version')).json()).toEqual({ Version: expect.any(String) })
  })
})

it('keeps refresh tokens of an organization that is gone, and ends its access tokens', async () => {
  const other = await createItsYouOnlineEmulator({ clock })
  const { clientId, clientSecret } = other.organization
  const body = query({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  const issued = await fetch(`${other.url}/v1/oauth/access_token?${body}`, { method: 'POST' })
  const { access_token } = (await issued.json()) as { access_token: string }
  const jwt = other.tokenFor('petshop', { refreshable: true })
  const deleted = await fetch(`${other.url}/api/organizations/petshop`, {
    method: 'DELETE',
    headers: { authorization: `bearer ${other.tokenFor('ann')}` },
  })
  expect(deleted.status).toBe(204)
  expect(
    (await fetch(`${other.url}/v1/oauth/jwt`, { headers: { authorization: `token ${access_token}` } })).status,
  ).toBe(401)
  expect(
    (await fetch(`${other.url}/v1/oauth/jwt/refresh`, { headers: { authorization: `bearer ${jwt}` } })).status,
  ).toBe(200)
  await other.close()
})
