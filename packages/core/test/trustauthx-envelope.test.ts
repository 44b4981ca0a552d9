import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { SignJWT, UnsecuredJWT } from 'jose'
import { readUserEnvelope } from '../src/providers/trustauthx/index.ts'

const secretKey = randomBytes(32).toString('hex')
const now = 1_800_000_000
const proper = {
  iss: 'https://api.trustauthx.com',
  jti: 'j',
  access_token: 'a',
  type: 'Bearer',
  exp: now + 900,
  refresh_token: 'r',
  refresh_exp: now + 9000,
  scope: '["rol_abc_0123456789abcdef"]',
  img: 'https://img.invalid/1.png',
  name: 'Alice',
  iat: now,
  sub: '{"email":"alice@example.com","uid":"u1"}',
}
const sign = (claims: object, header: object = {}, secret = secretKey) =>
  new SignJWT({ ...proper, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header })
    .sign(Buffer.from(secret))
const read = async (envelope: string | Promise<string>) => readUserEnvelope(await envelope, { secretKey, now })

describe('a signed answer', () => {
  it('is a user with tokens', async () => {
    expect(await read(sign({}))).toEqual({
      uid: 'u1',
      email: 'alice@example.com',
      name: 'Alice',
      img: 'https://img.invalid/1.png',
      roleIds: ['rol_abc_0123456789abcdef'],
      expiresAt: now + 900,
      tokens: { accessToken: 'a', refreshToken: 'r', expiresAt: now + 900, refreshExpiresAt: now + 9000 },
      claims: proper,
    })
  })

  it.each<[string, object]>([
    ['more claims', { more: { than: 'expected' }, aud: 'x' }],
    ['an exp with a fraction', { exp: now + 0.5 }],
    ['an exp a moment ago', { exp: now - 4 }],
    ['no name, picture, scope or type', { name: undefined, img: undefined, scope: undefined, type: undefined }],
    ['odd optional claims', { name: 7, img: [], scope: { a: 1 }, refresh_exp: 'soon', jti: 1 }],
    ['nbf past', { nbf: now - 1 }],
    ['no typ', {}],
  ])('may have %s', async (what, claims) => {
    const header = what === 'no typ' ? { typ: undefined } : {}
    expect(await read(sign(claims, header))).toMatchObject({ uid: 'u1', tokens: { accessToken: 'a' } })
  })

  it.each<[string, string, object, object?]>([
    ['exp past', 'ERR_TOKEN_EXPIRED', { exp: now - 5 }],
    ['no exp', 'ERR_TOKEN_CLAIMS', { exp: undefined }],
    ['no iat', 'ERR_TOKEN_CLAIMS', { iat: undefined }],
    ['an iat with a fraction', 'ERR_TOKEN_CLAIMS', { iat: now + 0.5 }],
    ['nbf ahead', 'ERR_TOKEN_NOT_YET_VALID', { nbf: now + 6 }],
    ['nbf as a text', 'ERR_TOKEN_CLAIMS', { nbf: 'now' }],
    ['no sub', 'ERR_TOKEN_CLAIMS', { sub: undefined }],
    ['a sub that is no JSON', 'ERR_TOKEN_CLAIMS', { sub: 'u1' }],
    ['a sub without uid', 'ERR_TOKEN_CLAIMS', { sub: '{"email":"a@example.com"}' }],
    ['a sub without email', 'ERR_TOKEN_CLAIMS', { sub: '{"uid":"u1"}' }],
    ['a sub with a uid that is a number', 'ERR_TOKEN_CLAIMS', { sub: '{"email":"a@example.com","uid":1}' }],
    ['a uid beside the sub only', 'ERR_TOKEN_CLAIMS', { sub: '{}', uid: 'u1', email: 'a@example.com' }],
    ['a sub with a prototype', 'ERR_TOKEN_CLAIMS', { sub: '{"__proto__":{"uid":"u1","email":"a@example.com"}}' }],
    ['no access token', 'ERR_TOKEN_CLAIMS', { access_token: undefined }],
    ['an empty refresh token', 'ERR_TOKEN_CLAIMS', { refresh_token: '' }],
    ['another type', 'ERR_TOKEN_TYPE', {}, { typ: 'at+jwt' }],
    ['a crit header', 'ERR_TOKEN_UNSUPPORTED', {}, { crit: ['x'], x: 1 }],
    ['a jwk', 'ERR_TOKEN_UNSUPPORTED', {}, { jwk: { kty: 'oct', k: 'AA' } }],
    ['an x5u', 'ERR_TOKEN_UNSUPPORTED', {}, { x5u: 'https://elsewhere.example' }],
  ])('must not have %s', async (...row) => {
    const [, code, claims, header] = row
    const signed = header !== undefined && 'crit' in header ? signRaw(header) : sign(claims, header)
    await expect(read(signed)).rejects.toMatchObject({ code })
  })

  it.each(['HS384', 'HS512'])('is not signed with %s', async (alg) => {
    await expect(read(sign({}, { alg }))).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
  })

  it('is not unsigned', async () => {
    const { exp, iat, ...claims } = proper
    const unsigned = new UnsecuredJWT(claims).setExpirationTime(exp).setIssuedAt(iat).encode()
    await expect(read(unsigned)).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED' })
    await expect(read(`${unsigned}AA`)).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
  })

  it('is not signed with another key, nor changed', async () => {
    await expect(read(sign({}, {}, 'another'))).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    const [header, , signature] = (await sign({})).split('.')
    const [, payload] = (await sign({ name: 'Mallory' })).split('.')
    await expect(read(`${header}.${payload}.${signature}`)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    const short = `${header}.${payload}.AAAA`
    await expect(read(short)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })

  it('is not a signed_key', async () => {
    const none = Object.fromEntries(Object.keys(proper).map((name) => [name, undefined]))
    for (const more of [{}, { exp: now + 900, iat: now }]) {
      const outcome = read(sign({ ...none, api_key: 'k', ...more }))
      await expect(outcome).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' })
    }
  })

  it.each(['', 'opaque', 'a.b', 'a.b.c', 'eyJ.eyJ.eyJ'])('is not %j', async (text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED' })
  })

  it('is of the issuer that was demanded', async () => {
    const envelope = await sign({})
    expect(readUserEnvelope(envelope, { secretKey, now, issuer: 'https://api.trustauthx.com' }).uid).toBe('u1')
    expect(() => readUserEnvelope(envelope, { secretKey, now, issuer: 'https://elsewhere.example' })).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_ISSUER' }),
    )
  })
})

// jose refuses to sign a header that it does not know.
function signRaw(header: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS256', ...header })}.${encode(proper)}`
  return `${input}.${createHmac('sha256', secretKey).update(input).digest('base64url')}`
}
