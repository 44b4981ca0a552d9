import { afterEach, describe, expect, it } from '@jest/globals'
import { isAuthError } from '../src/index.ts'
import {
  type Answer,
  accessToken,
  createLogtoApis,
  isJwt,
  management,
  orders,
  recorded,
  tokenNames,
} from './support/logto-capture.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const everything = { audience: [orders, management], organizations: true } as const

const apis = createLogtoApis()
afterEach(apis.close)

/** A token with another character at one place. */
function changed(token: string, place: number, character: string): string {
  return `${token.slice(0, place)}${character}${token.slice(place + 1)}`
}

/** Another character of the alphabet; a different one for each place. */
function anotherAt(token: string, place: number): string {
  const found = alphabet.indexOf(token[place] ?? '')
  return alphabet[(found + 1 + (place % (alphabet.length - 1))) % alphabet.length] ?? ''
}

/** The code of the refusal. */
async function refusalOf(verifying: Promise<unknown>): Promise<string> {
  try {
    await verifying
    return 'accepted'
  } catch (error) {
    if (isAuthError(error) && error.status === 401) return error.code
    throw error
  }
}

const signed = tokenNames('1.42').filter((name) => isJwt(accessToken('1.42', name)))

describe('a recorded token in which one character is another', () => {
  it('does not verify, wherever that is', async () => {
    const { auth } = await apis.open(everything)
    const token = accessToken('1.42', 'user-refresh-organization-token')
    const genuine = await auth.verify(token)
    for (let place = 0; place < token.length; place += 1) {
      const code = await refusalOf(auth.verify(changed(token, place, anotherAt(token, place))))
      if (code === 'accepted') throw new Error(`accepted with another character at ${place}`)
    }
    await expect(auth.verify(token)).resolves.toBe(genuine)
  })

  it('does not verify, wherever that is, where opaque tokens are taken too', async () => {
    const { auth, stub } = await apis.open({
      ...everything,
      opaque: { clientId: 'an-api', clientSecret: 'its-secret', cacheFor: 0 },
    })
    const answers = recorded<Record<string, Answer>>('1.42', 'introspection')
    stub.answers.set('/oidc/token/introspection', answers.garbage as Answer)
    const token = accessToken('1.42', 'm2m-api-resource-token')
    for (let place = 0; place < token.length; place += 1) {
      const code = await refusalOf(auth.verify(changed(token, place, anotherAt(token, place))))
      if (code === 'accepted') throw new Error(`accepted with another character at ${place}`)
    }
    await expect(auth.verify(token)).resolves.toMatchObject({ user: { id: '68sru7f095an5rcft2tj3' } })
  })

  it.each(signed)('does not verify in any sample of %s', async (name) => {
    const { auth } = await apis.open(everything)
    const token = accessToken('1.42', name)
    const ends = [...token.matchAll(/\.|$/g)].flatMap(({ index }) => [index - 1, index + 1])
    const places = new Set([0, ...ends, ...Array.from({ length: 40 }, (_, sample) => sample * 17 + 3)])
    for (const place of [...places].filter((each) => each < token.length)) {
      expect(await refusalOf(auth.verify(changed(token, place, anotherAt(token, place))))).not.toBe('accepted')
    }
  })

  it.each(['.', '=', '+', '/', ' ', '\n', '\u0000', 'é', ''])(
    'does not verify with %j in any segment',
    async (character) => {
      const { auth } = await apis.open(everything)
      const token = accessToken('1.42', 'm2m-management-token')
      const [header = '', payload = ''] = token.split('.')
      const places = [5, header.length - 1, header.length + 5, header.length + payload.length, token.length - 1]
      for (const place of places)
        expect(await refusalOf(auth.verify(changed(token, place, character)))).not.toBe('accepted')
      for (const place of places) {
        if (character === '') continue
        const longer = `${token.slice(0, place)}${character}${token.slice(place)}`
        expect(await refusalOf(auth.verify(longer))).not.toBe('accepted')
      }
    },
  )

  it('does not verify when only bits are different that no byte is made of', async () => {
    const { auth } = await apis.open(everything)
    let spellings = 0
    for (const name of signed.filter((each) => each !== 'personal-access-token-exchange')) {
      const token = accessToken('1.42', name)
      await auth.verify(token)
      const segments = token.split('.')
      for (const [index, segment] of segments.entries()) {
        for (const character of alphabet) {
          const other = `${segment.slice(0, -1)}${character}`
          if (other === segment || !bytes(other).equals(bytes(segment))) continue
          spellings += 1
          const code = await refusalOf(auth.verify(segments.with(index, other).join('.')))
          expect(code).toBe('ERR_TOKEN_MALFORMED')
        }
      }
    }
    // None in a signature of ES384: its 96 bytes fill their characters.
    expect(spellings).toBeGreaterThan(50)
  })
})

describe('recorded tokens put together anew', () => {
  it.each([
    ['the signature of another token', 'm2m-api-resource-token', 'm2m-management-token'],
    ['the signature of the same user', 'user-refresh-narrow-scope', 'user-refresh-api-resource-token'],
  ])('do not verify with %s', async (_, one, other) => {
    const { auth } = await apis.open(everything)
    const signature = accessToken('1.42', other).split('.')[2]
    const [header, payload] = accessToken('1.42', one).split('.')
    await auth.verify(accessToken('1.42', one))
    await expect(auth.verify(`${header}.${payload}.${signature}`)).rejects.toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    })
  })

  it.each([
    ['the header of a token without signature', { alg: 'none', typ: 'at+jwt' }, 'ERR_TOKEN_ALGORITHM'],
    ['a header that makes the public key a secret', { alg: 'HS256', typ: 'at+jwt' }, 'ERR_TOKEN_ALGORITHM'],
    ['a header that brings a key along', { alg: 'ES384', typ: 'at+jwt', jwk: {} }, 'ERR_TOKEN_UNSUPPORTED'],
    [
      'a header with an address of keys',
      { alg: 'ES384', typ: 'at+jwt', jku: 'https://evil.test' },
      'ERR_TOKEN_UNSUPPORTED',
    ],
    ['the header of an ID token', { alg: 'ES384' }, 'ERR_TOKEN_TYPE'],
    ['the header of a logout token', { alg: 'ES384', typ: 'logout+jwt' }, 'ERR_TOKEN_TYPE'],
    ['a header without the name of the key', { alg: 'ES384', typ: 'at+jwt' }, 'ERR_TOKEN_SIGNATURE'],
  ])('do not verify with %s', async (_, header, code) => {
    const { auth } = await apis.open(everything)
    const [, payload, signature] = accessToken('1.42', 'm2m-management-token').split('.')
    const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
    await expect(auth.verify(`${encoded}.${payload}.${signature}`)).rejects.toMatchObject({ code, status: 401 })
    expect(await refusalOf(auth.verify(`${encoded}.${payload}.`))).not.toBe('accepted')
    expect(await refusalOf(auth.verify(`${encoded}.${payload}`))).not.toBe('accepted')
  })
})

function bytes(segment: string): Buffer {
  return Buffer.from(segment, 'base64url')
}
