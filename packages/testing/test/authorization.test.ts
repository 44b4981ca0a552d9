import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createTestClock, createTestIssuer, type TestIssuer } from '../src/index.ts'

const clock = createTestClock()
const callback = 'http://localhost:3000/auth/callback/oidc'
const verifier = 'v'.repeat(43)
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createTestIssuer({
    clock,
    users: [{ subject: 'carla', name: 'Carla <3', roles: ['admin'], expiresIn: 60 }, { name: 'Alice' }],
  })
})
afterAll(() => issuer.close())

type Changes = Record<string, string | undefined>

function paramsOf(given: Changes): URLSearchParams {
  return new URLSearchParams(JSON.parse(JSON.stringify(given)) as Record<string, string>)
}

function requestOf(changes: Changes = {}): URLSearchParams {
  const given = {
    client_id: issuer.clientId,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid offline_access read',
    state: 's-1',
    nonce: 'n-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  return paramsOf(given)
}

async function ask(changes: Changes = {}, of = issuer) {
  const response = await fetch(`${of.authorizationEndpoint}?${requestOf(changes)}`, { redirect: 'manual' })
  return { status: response.status, location: response.headers.get('location'), text: await response.text() }
}

/** What comes back with the browser of somebody who was chosen. */
async function choose(user: string, changes: Changes = {}): Promise<URL> {
  const body = requestOf(changes)
  body.set('user', user)
  const { headers } = await fetch(issuer.authorizationEndpoint, { method: 'POST', body, redirect: 'manual' })
  return new URL(headers.get('location') ?? '')
}

const codeOf = async (changes: Changes = {}) => (await choose('carla', changes)).searchParams.get('code') ?? ''

async function redeem(code: string, changes: Changes = {}) {
  const given: Changes = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: callback,
    code_verifier: verifier,
    ...changes,
  }
  const authorization = `Basic ${Buffer.from(`${issuer.clientId}:${issuer.clientSecret}`).toString('base64')}`
  const body = paramsOf(given)
  const response = await fetch(issuer.tokenEndpoint, { method: 'POST', headers: { authorization }, body })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

describe('a browser that signs in', () => {
  it('is shown who there is, and comes back with what it was sent with', async () => {
    const page = await ask()
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('value="alice">Alice<')])
    expect(page.text).toContain('Carla &#60;3')
    const { searchParams, origin, pathname } = await choose('carla')
    expect(origin + pathname).toBe(callback)
    expect(Object.fromEntries(searchParams)).toEqual({ code: expect.any(String), state: 's-1', iss: issuer.issuer })
    const given = await choose('alice', { redirect_uri: `${callback}?tab=2`, state: undefined })
    expect([given.searchParams.get('tab'), given.searchParams.has('state')]).toEqual(['2', false])
  })

  it('brings tokens of whom was chosen, for whom they were asked', async () => {
    const { status, body } = await redeem(await codeOf({ resource: 'https://orders.example.test' }))
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ expires_in: 60, scope: 'openid offline_access read' }),
    ])
    expect(decodeJwt(body.access_token ?? '')).toMatchObject({
      sub: 'carla',
      aud: 'https://orders.example.test',
      roles: ['admin'],
      scope: 'openid offline_access read',
    })
    expect(decodeJwt(body.id_token ?? '')).toMatchObject({ sub: 'carla', aud: issuer.clientId, nonce: 'n-1' })
    const refreshed = await redeem('', { grant_type: 'refresh_token', refresh_token: body.refresh_token })
    expect(decodeJwt(refreshed.body.access_token ?? '')).toMatchObject({
      sub: 'carla',
      aud: 'https://orders.example.test',
    })
    expect(decodeJwt(refreshed.body.id_token ?? '').aud).toBe(issuer.clientId)
  })

  it('brings neither ID nor refresh token that it was not sent for', async () => {
    const { body } = await redeem(await codeOf({ scope: undefined, nonce: undefined }))
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
    const { id_token } = (await redeem(await codeOf({ scope: 'openid', nonce: undefined }))).body
    expect(decodeJwt(id_token ?? '')).not.toHaveProperty('nonce')
  })

  it.each<[string, Changes, string]>([
    ['for another response', { response_type: 'token' }, 'unsupported_response_type'],
    ['with a plain challenge', { code_challenge_method: undefined }, 'invalid_request'],
    ['whom nobody may be shown a page', { prompt: 'none' }, 'login_required'],
  ])('%s comes back with an error', async (_, changes, error) => {
    const { status, location } = await ask(changes)
    const { searchParams } = new URL(location ?? '')
    expect([status, Object.fromEntries(searchParams)]).toEqual([303, { error, state: 's-1', iss: issuer.issuer }])
  })

  it('comes back without a code when its user goes back, or is none', async () => {
    for (const user of ['', 'mallory'])
      expect(Object.fromEntries((await choose(user)).searchParams)).toEqual({
        error: 'access_denied',
        state: 's-1',
        iss: issuer.issuer,
      })
  })

  it('is sent nowhere on the word of a stranger', async () => {
    const named = await createTestIssuer({ redirectUris: ['https://shop.example.test/callback'] })
    const client_id = named.clientId
    for (const [changes, of] of [
      [{ client_id: 'another' }, issuer],
      [{ redirect_uri: 'https://shop.example.test/callback' }, issuer],
      [{ redirect_uri: 'http://localhost.example.test/' }, issuer],
      [{ redirect_uri: 'http://localhost:99999/' }, issuer],
      [{ redirect_uri: undefined }, issuer],
      [{ client_id }, named],
    ] as const)
      expect(await ask(changes, of)).toMatchObject({ status: 400, location: null })
    expect((await ask({ client_id, redirect_uri: 'https://shop.example.test/callback' }, named)).status).toBe(200)
    await named.close()
  })
})

describe('a code', () => {
  it('works once', async () => {
    const code = await codeOf()
    expect((await redeem(code)).status).toBe(200)
    expect(await redeem(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it.each<[string, Changes, Changes]>([
    ['with another verifier', { code_verifier: 'w'.repeat(43) }, {}],
    ['without the verifier', { code_verifier: undefined }, {}],
    ['with a verifier for no challenge', {}, { code_challenge: undefined }],
    ['with another redirect_uri', { redirect_uri: 'http://localhost:3000/other' }, {}],
    ['that nobody gave out', { code: 'x' }, {}],
  ])('%s is worth nothing', async (_, changes, request) => {
    expect(await redeem(await codeOf(request), changes)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })

  it('needs no verifier where there was no challenge', async () => {
    const code = await codeOf({ code_challenge: undefined, code_challenge_method: undefined })
    expect((await redeem(code, { code_verifier: undefined })).status).toBe(200)
  })

  it('is over after a minute', async () => {
    const [soon, late] = [await codeOf(), await codeOf()]
    await clock.advance(59)
    expect((await redeem(soon)).status).toBe(200)
    await clock.advance(1)
    expect((await redeem(late)).status).toBe(400)
  })
})
