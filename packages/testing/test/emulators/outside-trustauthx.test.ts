import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { AuthLiteClient } from 'trustauthx'
import { createTrustAuthXEmulator, type TrustAuthXEmulator } from '../../src/index.ts'

// The vendor's own client knows one address only, so its requests are sent on from there.
const vendor = 'https://api.trustauthx.com'
const realFetch = globalThis.fetch

let emulator: TrustAuthXEmulator
let client: AuthLiteClient
let asked: string[]

beforeEach(async () => {
  emulator = await createTrustAuthXEmulator({
    // The emulator compares its `signed_key` byte by byte.
    strictSignedKey: true,
    roles: [{ name: 'editor', permissions: [{ page: 'edit' }] }],
    users: [{ uid: 'alice', email: 'alice@example.com', name: 'Alice', roles: ['editor'] }],
  })
  asked = []
  globalThis.fetch = (input, init) => {
    const address = String(input)
    if (!address.startsWith(vendor)) throw new Error('The client asked somebody else.')
    asked.push(`${init?.method ?? 'GET'} ${new URL(address).pathname}`)
    return realFetch(emulator.url + address.slice(vendor.length), init)
  }
  client = new AuthLiteClient(emulator.apiKey, emulator.secretKey, emulator.orgId)
})
afterEach(async () => {
  globalThis.fetch = realFetch
  await emulator.close()
})

describe('the vendor’s own client, trustauthx 1.0.36', () => {
  it('knows the login page', () => {
    const { orgId, url } = emulator
    expect(client.generateUrl().replace('https://app.trustauthx.com', url)).toBe(`${emulator.loginUrl}?org_id=${orgId}`)
    expect(client.generateUrl('acme')).toBe(`https://acme.app.trustauthx.com/widget/login/?org_id=${orgId}`)
  })

  it.each([false, true])('gets the user for a code (short: %p)', async (short) => {
    const user = await client.getUser(emulator.mintUserToken('alice', { short }))
    const { editor } = emulator.roles()
    expect(user).toMatchObject({ uid: 'alice', email: 'alice@example.com', name: 'Alice', scope: `["${editor?.id}"]` })
    const { access_token: access } = user
    expect(emulator.isAlive(access)).toBe(true)
    expect(asked).toEqual(['GET /api/user/me/auth/data'])
  })

  it('cannot use a code twice, and repeats what the service said', async () => {
    const code = emulator.mintUserToken('alice')
    await client.getUser(code)
    await expect(client.getUser(code)).rejects.toThrow(/Request failed with status code: 401\n\{"detail":/)
  })

  it('gets the user for an access token', async () => {
    const { accessToken } = emulator.signIn('alice')
    expect(await client.getUserFromToken(accessToken)).toMatchObject({ uid: 'alice', email: 'alice@example.com' })
    await expect(client.getUserFromToken('no such token')).rejects.toThrow('status code: 401')
  })

  it('validates, refreshes and revokes', async () => {
    const { accessToken, refreshToken } = emulator.signIn('alice')
    expect(await client.validateAccessToken(accessToken)).toBe(true)
    expect(await client.validateAccessToken('no such token')).toBe(false)
    const renewed = await client.getAccessTokenFromRefreshToken(refreshToken)
    expect(renewed).toEqual({ access_token: expect.any(String), refresh_token: expect.any(String) })
    await expect(client.getAccessTokenFromRefreshToken(refreshToken)).rejects.toThrow('401')
    // Only this token; then all of the user.
    expect(await client.revokeToken(renewed.access_token)).toBe(true)
    expect([emulator.isAlive(renewed.access_token), emulator.isAlive(renewed.refresh_token)]).toEqual([false, true])
    const another = emulator.signIn('alice')
    expect(await client.revokeToken(another.accessToken, null, true)).toBe(true)
    expect([emulator.isAlive(another.refreshToken), emulator.isAlive(renewed.refresh_token)]).toEqual([false, false])
    expect(asked.at(-1)).toBe('DELETE /api/user/me/token/')
  })

  it('validates a set, and replaces it where the access token is dead', async () => {
    const { accessToken, refreshToken } = emulator.signIn('alice')
    const valid = { access: accessToken, refresh: refreshToken, state: true }
    expect(await client.validateTokenSet(accessToken, refreshToken)).toEqual(valid)
    emulator.expire(accessToken)
    const replaced = await client.validateTokenSet(accessToken, refreshToken)
    expect(replaced.state).toBe(false)
    expect([emulator.isAlive(replaced.access), emulator.isAlive(replaced.refresh)]).toEqual([true, true])
    await expect(client.validateTokenSet(accessToken, refreshToken)).rejects.toThrow('Both tokens are invalid')
  })

  it('sends the browser to the profile editor, and asks for the code that comes back', async () => {
    const { accessToken } = emulator.signIn('alice')
    const callback = 'http://127.0.0.1:3535/user-update?from=app'
    const address = client.generateEditUserUrl(accessToken, callback).replace(vendor, emulator.url)
    const answer = await realFetch(address, { redirect: 'manual' })
    expect(answer.status).toBe(307)
    const back = new URL(answer.headers.get('location') ?? '')
    expect(Object.fromEntries(back.searchParams)).toEqual({ from: 'app', code: expect.any(String), ac: 'true' })
    // It leaves the quotes of the JSON string on, so that this version can read no such answer of any server.
    await expect(client.reAuth(back.searchParams.get('code') ?? '')).rejects.toThrow(/Request failed: TypeError/)
    expect(asked).toEqual(['GET /api/user/me/widget/re-auth/token'])
  })

  it('is refused with the key of another organization', async () => {
    const { accessToken } = emulator.signIn('alice')
    const stranger = new AuthLiteClient(emulator.apiKey, 'another secret', emulator.orgId)
    expect(await stranger.validateAccessToken(accessToken)).toBe(false)
    await expect(stranger.getUserFromToken(accessToken)).rejects.toThrow('401')
  })
})
