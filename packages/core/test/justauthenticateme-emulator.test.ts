import { createJustAuthenticateMeEmulator, type JustAuthenticateMeEmulator } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

let jam: JustAuthenticateMeEmulator

beforeEach(async () => {
  jam = await createJustAuthenticateMeEmulator()
})
afterEach(() => jam.close())

describe('the emulator of JustAuthenticateMe', () => {
  it('lets browsers in', async () => {
    const preflight = await fetch(`${jam.issuer}/user/refresh/a%2Fb`, { method: 'OPTIONS' })
    expect([preflight.status, Object.fromEntries(preflight.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET,POST,DELETE,OPTIONS',
        'access-control-allow-headers': 'content-type,authorization',
      },
    ])
  })

  it('answers errors as JSON objects with a message', async () => {
    for (const [path, body, status] of [
      ['/authenticate', 'no JSON', 400],
      ['/refresh', '{}', 400],
      ['/refresh', '{"refreshToken":7}', 400],
      ['/refresh', '{"refreshToken":"dead"}', 401],
      ['/verify', '[]', 400],
      ['/nothing', '{}', 404],
    ] as const) {
      const response = await fetch(jam.issuer + path, { method: 'POST', body })
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, status, 'application/json'])
      expect(await response.json()).toEqual({ message: expect.any(String) })
    }
  })

  it('writes header, claims and keys in the order and form of the service', async () => {
    const [header = '', payload = ''] = jam.signIn('alice@example.com').idToken.split('.')
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect(Object.keys(read(header))).toEqual(['alg', 'typ', 'kid'])
    expect(Object.keys(read(payload))).toEqual(['email', 'sub', 'aud', 'iss', 'jti', 'token_use', 'iat', 'nbf', 'exp'])
    expect(await (await fetch(`${jam.issuer}/.well-known/jwks.json`)).json()).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-521',
          x: expect.stringMatching(/^.{88}$/),
          y: expect.stringMatching(/^.{88}$/),
          kid: read(header).kid,
        },
      ],
    })
  })
})
