import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AuthError, isAuthError } from '../src/index.ts'
import { readCompactJws } from '../src/jws.ts'

const encode = (value: string | Uint8Array) => Buffer.from(value as string).toString('base64url')
const jws = (header: unknown, claims: unknown = {}, signature = 'AA') =>
  `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}.${signature}`

function refusalOf(token: string) {
  try {
    return { read: readCompactJws(token) }
  } catch (error) {
    if (!isAuthError(error)) throw error
    return { code: error.code, explanation: error.explanation }
  }
}

describe('readCompactJws', () => {
  it('takes a JWS apart', () => {
    const token = jws({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' }, { sub: 'alice' }, encode('signature'))
    expect(readCompactJws(token)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: 'k1',
      offers: [],
      claims: { sub: 'alice' },
      signingInput: Buffer.from(token.slice(0, token.lastIndexOf('.'))),
      signature: Buffer.from('signature'),
    })
  })

  it('gives back what was put in', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }))
    const bytes = fc.uint8Array({ minLength: 1 })
    const roundTrip = fc.property(objects, fc.string(), fc.string(), bytes, (claims, alg, kid, signature) => {
      const read = readCompactJws(jws({ alg, kid }, claims, encode(signature)))
      const { ['__proto__']: _, ...expected } = JSON.parse(JSON.stringify(claims))
      expect(read).toMatchObject({ alg, kid, typ: undefined })
      expect(JSON.stringify(read?.claims)).toBe(JSON.stringify(withoutProto(expected)))
      expect(Buffer.from(read?.signature ?? [])).toEqual(Buffer.from(signature))
    })
    fc.assert(roundTrip)
  })

  it.each([
    '',
    'opaque',
    'ey',
    'eyJhbGciOiJFUzI1NiJ9',
    'eyJhbGciOiJFUzI1NiJ9.e30',
    'eyJhbGciOiJFUzI1NiJ9.e30.AA.AA',
    'ory_at_c2Vj.cmV0',
    'v2.local.c2VjcmV0',
    'gho_16C7e42F292c6912E7710c838347Ae178B4a',
    `${encode('[]')}.e30.AA`,
    '{"alg":"ES256"}.e30.AA',
    '1eyJ.e30.AA',
  ])('leaves %j to those who know opaque tokens', (token) => {
    expect(readCompactJws(token)).toBeUndefined()
  })

  it.each([
    ['an empty header', '.e30.AA', undefined],
    ['a header in another alphabet', 'eyJhbGciOiJFUzI1NiJ+.e30.AA', 'the header is not base64url'],
    ['an empty payload', 'eyJhbGciOiJFUzI1NiJ9..AA', 'the payload is not base64url'],
    ['an empty signature', 'eyJhbGciOiJFUzI1NiJ9.e30.', 'the signature is not base64url'],
    ['padding', 'eyJhbGciOiJFUzI1NiJ9.e30=.AA', 'the payload is not base64url'],
    ['stray bits', 'eyJhbGciOiJFUzI1NiJ9.e30.AB', 'the signature is not base64url'],
    ['a list', `eyJhbGciOiJFUzI1NiJ9.${encode('[]')}.AA`, 'the payload is not a JSON object'],
    ['null', `eyJhbGciOiJFUzI1NiJ9.${encode('null')}.AA`, 'the payload is not a JSON object'],
    [
      'half a character',
      `eyJhbGciOiJFUzI1NiJ9.${encode(Buffer.from([0x22, 0xe2, 0x22]))}.AA`,
      'the payload is not UTF-8',
    ],
    ['half an object', `eyJhbGciOiJFUzI1NiJ9.${encode('{"sub":')}.AA`, 'the payload is not JSON'],
    [
      'a deep object',
      `eyJhbGciOiJFUzI1NiJ9.${encode('[['.repeat(20) + ']]'.repeat(20))}.AA`,
      'the payload is nested too deep',
    ],
    ['no alg', jws({ typ: 'JWT' }), 'the header has no alg'],
    ['an alg that is no text', jws({ alg: 1 }), "the header's alg is not a string"],
    ['a typ that is no text', jws({ alg: 'ES256', typ: null }), "the header's typ is not a string"],
    ['a kid that is no text', jws({ alg: 'ES256', kid: [] }), "the header's kid is not a string"],
  ])('refuses %s as malformed, and says what it is', (_, token, explanation) => {
    expect(refusalOf(token)).toEqual(
      explanation === undefined ? { read: undefined } : { code: 'ERR_TOKEN_MALFORMED', explanation },
    )
  })

  it.each([
    ...['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c', 'enc', 'zip'].map((name) => [
      `a header with ${name}`,
      jws({ alg: 'ES256', [name]: null }),
      `the header has ${name}`,
    ]),
    ['five segments', 'eyJhbGciOiJkaXIifQ..AA.AA.AA', 'the token is encrypted (JWE)'],
  ])('refuses %s as unsupported', (_, token, explanation) => {
    expect(refusalOf(String(token))).toEqual({ code: 'ERR_TOKEN_UNSUPPORTED', explanation })
  })

  it('tells of headers that offer a key to whoever asks for it', () => {
    const token = jws({ alg: 'ES256', x5c: [], jku: '' })
    expect(readCompactJws(token, true)?.offers).toEqual(['jku', 'x5c'])
    expect(() => readCompactJws(jws({ alg: 'ES256', zip: 'DEF' }), true)).toThrow(AuthError)
  })

  it('refuses for a header each token that has it, whatever was read of it before', () => {
    const offering = jws({ alg: 'ES256', jwk: {} })
    const critical = jws({ alg: 'ES256', crit: ['exp'] })
    for (const _ of [1, 2, 3]) {
      expect(readCompactJws(offering, true)?.offers).toEqual(['jwk'])
      expect(refusalOf(offering)).toEqual({ code: 'ERR_TOKEN_UNSUPPORTED', explanation: 'the header has jwk' })
      expect(refusalOf(critical)).toEqual({ code: 'ERR_TOKEN_UNSUPPORTED', explanation: 'the header has crit' })
    }
  })

  it('reads what differs of tokens with one header, and keeps no more headers than a few', () => {
    const read = ['a', 'b'].map((sub) => readCompactJws(jws({ alg: 'ES256', kid: 'k1' }, { sub })))
    expect(read.map((one) => [one?.kid, one?.claims.sub])).toEqual([
      ['k1', 'a'],
      ['k1', 'b'],
    ])
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = held()
    for (let count = 0; count < 4000; count += 1) readCompactJws(jws({ alg: 'ES256', kid: `${count}`.repeat(2000) }))
    expect(held() - before).toBeLessThan(10_000_000)
    expect(readCompactJws(jws({ alg: 'ES256', kid: 'k1' }, { sub: 'c' }))).toMatchObject({ kid: 'k1' })
  })

  it('gives claims that nobody can change', () => {
    const read = readCompactJws(jws({ alg: 'ES256' }, { realm_access: { roles: ['user'] } }))
    const claims = read?.claims as { realm_access: { roles: string[] } }
    expect(() => claims.realm_access.roles.push('admin')).toThrow(TypeError)
    expect(() => Object.assign(claims, { sub: 'root' })).toThrow(TypeError)
  })
})

/** JSON without members called `__proto__`, at any depth. */
function withoutProto(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProto)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== '__proto__')
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutProto(inner)]))
}
