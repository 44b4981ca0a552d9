import { createHash } from 'node:crypto'
import { createTestKey, type DpopProofOptions, type TestKey } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { HttpRequest } from '../src/credentials.ts'
import { createDpopStage, type DpopStage, origin, outcomeOf, requestWith, verdictOf } from './support/dpop-stage.ts'

let stage: DpopStage
let other: TestKey
beforeAll(async () => {
  stage = await createDpopStage()
  other = await createTestKey('ES256')
})
afterEach(() => stage.clear())
afterAll(() => stage.close())

const now = () => stage.clock.now() / 1000

/** What becomes of a good token with a proof that differs. */
async function judge(proof: Partial<DpopProofOptions>, request: Partial<HttpRequest> = {}): Promise<string> {
  const token = stage.token()
  return verdictOf(stage.api(), requestWith(`DPoP ${token}`, stage.proof(token, proof), request))
}

const refusal = (reason: string) => `ERR_DPOP_PROOF: the proof of the token: ${reason}`

describe('a proof', () => {
  it.each<[string, () => Partial<DpopProofOptions>, string]>([
    ['of another type', () => ({ header: { typ: 'JWT' } }), 'typ is not dpop+jwt'],
    ['of no type', () => ({ header: { typ: undefined } }), 'typ is not dpop+jwt'],
    [
      'without a signature',
      () => ({ header: { alg: 'none' } }),
      'alg is not one of ES256, ES384, ES512, EdDSA, Ed25519, PS256, PS384, PS512, RS256',
    ],
    [
      'of a shared secret',
      () => ({ header: { alg: 'HS256' } }),
      'alg is not one of ES256, ES384, ES512, EdDSA, Ed25519, PS256, PS384, PS512, RS256',
    ],
    ['whose algorithm is not that of its key', () => ({ header: { alg: 'ES384' } }), 'its jwk is not for its alg'],
    [
      'whose key is for another algorithm',
      () => ({ header: { jwk: { ...stage.key.publicJwk, alg: 'ES384' } } }),
      'its jwk is not for its alg',
    ],
    ['without a key', () => ({ header: { jwk: undefined } }), 'its jwk is no key'],
    ['with a text for a key', () => ({ header: { jwk: 'key' } }), 'its jwk is no key'],
    ['with a list for a key', () => ({ header: { jwk: [] } }), 'its jwk is no key'],
    ['with null for a key', () => ({ header: { jwk: null } }), 'its jwk is no key'],
    ['with an empty key', () => ({ header: { jwk: {} } }), 'the token is bound to another key'],
    [
      'with a key type from the prototype',
      () => ({ header: { jwk: { kty: 'constructor' } } }),
      'the token is bound to another key',
    ],
    ['with a private key', () => ({ header: { jwk: stage.key.privateJwk } }), 'its jwk is a private key'],
    [
      'with a key for encryption',
      () => ({ header: { jwk: { ...stage.key.publicJwk, use: 'enc' } } }),
      'its jwk is not for signatures (use)',
    ],
    ['of another key', () => ({ key: other }), 'the token is bound to another key'],
    [
      'with a way to a key',
      () => ({ header: { jku: 'https://evil.example/jwks' } }),
      'its header offers more than a jwk',
    ],
    ['with certificates', () => ({ header: { x5u: 'https://evil.example/x5u' } }), 'its header offers more than a jwk'],
    ['that says what must be understood', () => ({ header: { crit: ['exp'] } }), 'the header has crit'],
    ['for another method', () => ({ method: 'POST' }), 'htm is not the method'],
    ['for a method in other letters', () => ({ method: 'get' }), 'htm is not the method'],
    ['for no method', () => ({ claims: { htm: undefined } }), 'htm is not the method'],
    ...[
      `${origin}/other`,
      'https://api.example.com/orders',
      'http://api.example.test/orders',
      `${origin}:8443/orders`,
      `${origin}/Orders`,
      `${origin}/orders/`,
      'https://user@api.example.test/orders',
      'https://api.example.test\\orders',
      `${origin}\\orders`,
      '/orders',
      '',
      undefined,
      ['https://api.example.test/orders'],
    ].map((htu): [string, () => Partial<DpopProofOptions>, string] => [
      `for ${htu}`,
      () => ({ claims: { htu } }),
      `htu is not the address of the request below ${origin} (option dpop.baseUrl)`,
    ]),
    ['without a time', () => ({ claims: { iat: undefined } }), 'iat is not a number'],
    ['with a text for a time', () => ({ claims: { iat: `${now()}` } }), 'iat is not a number'],
    ['that is too old', () => ({ issuedAt: now() - 65 }), 'it is too old (option dpop.maxAge)'],
    ['that is ahead of our clock', () => ({ issuedAt: now() + 6 }), 'iat is ahead of our clock'],
    ...['', undefined, 7, 'a'.repeat(129), '\ud800'].map((jti): [string, () => Partial<DpopProofOptions>, string] => [
      `with the id ${JSON.stringify(jti)}`,
      () => ({ claims: { jti } }),
      'jti is not a text of at most 128 characters',
    ]),
    ['for no token', () => ({ claims: { ath: undefined } }), 'ath is of another token'],
    ['for another token', () => ({ accessToken: stage.token() }), 'ath is of another token'],
    [
      'that is signed by somebody else',
      () => ({ key: { ...other, publicJwk: stage.key.publicJwk } }),
      'the signature does not fit',
    ],
  ])('%s is refused', async (_, proof, reason) => {
    expect(await judge(proof())).toBe(refusal(reason))
  })

  it.each<[string, string | readonly string[] | undefined, string]>([
    ['none', undefined, 'there is none'],
    ['an empty one', '', 'it is no JWT'],
    ['no JWT', 'abc', 'it is no JWT'],
    ['an encrypted one', 'eyJhbGciOiJkaXIifQ..AA.AA.AA', 'the token is encrypted (JWE)'],
    ['a broken one', 'eyJ.AA.AA', 'the header is not base64url'],
    ['a long one', `eyJ${'A'.repeat(8190)}`, 'longer than 8192 characters'],
  ])('that is %s is refused', async (_, proof, reason) => {
    expect(await verdictOf(stage.api(), requestWith(`DPoP ${stage.token()}`, proof))).toBe(refusal(reason))
  })

  it('comes alone: two are refused, also where both are good, or are the same', async () => {
    const token = stage.token()
    const [first, second] = [stage.proof(token), stage.proof(token)]
    for (const header of [`${first}, ${second}`, `${first},${first}`, [first, second], [first, first]])
      expect(await verdictOf(stage.api(), requestWith(`DPoP ${token}`, header))).toBe(refusal('there is more than one'))
  })

  it('with a weak key is refused, whatever the token says', async () => {
    const weak = await createTestKey('RS256', { modulusLength: 1024 })
    const token = stage.token({ boundTo: weak })
    const request = requestWith(`DPoP ${token}`, stage.proof(token, { key: weak }))
    expect(await verdictOf(stage.api(), request)).toBe(refusal('its jwk is an RSA key of 1024 bits'))
  })

  it('with a key that is no point of its curve is refused', async () => {
    const jwk = { crv: 'P-256', kty: 'EC', x: 'AAAA', y: 'AAAA' }
    const jkt = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url')
    const token = stage.token({ claims: { cnf: { jkt } } })
    const request = requestWith(`DPoP ${token}`, stage.proof(token, { header: { jwk } }))
    expect(await verdictOf(stage.api(), request)).toBe(refusal('its jwk is a broken key'))
  })

  it('keeps its private key to itself, also where the public one is known', async () => {
    const api = stage.api()
    const token = stage.token()
    const send = (header = {}) => verdictOf(api, requestWith(`DPoP ${token}`, stage.proof(token, { header })))
    expect(await send()).toBe('alice')
    expect(await send()).toBe('alice')
    const { d } = stage.key.privateJwk
    expect(await send({ jwk: { ...stage.key.publicJwk, d } })).toBe(refusal('its jwk is a private key'))
  })

  it('may carry more than it has to', async () => {
    const claims = { aud: 'https://elsewhere.example', nonce: 'of somebody else', exp: 1 }
    expect(await judge({ claims, header: { kid: 'mine' } })).toBe('alice')
  })

  it('is good from the tolerance before our clock to the end of its age', async () => {
    const seconds = Math.floor(now())
    for (const issuedAt of [seconds + 5, seconds - 64]) expect(await judge({ issuedAt })).toBe('alice')
  })

  it.each<[string, Partial<DpopProofOptions>, Partial<HttpRequest>]>([
    ['without the query', {}, { url: '/orders?page=2' }],
    ['with a query and a fragment', { claims: { htu: `${origin}/orders?page=3#top` } }, { url: '/orders?page=2' }],
    ['in capitals and with the port', { claims: { htu: 'HTTPS://API.EXAMPLE.TEST:443/orders' } }, {}],
    ['with escapes of what needs none', { claims: { htu: `${origin}/%6Frders` } }, {}],
    ['with escapes in small letters', { claims: { htu: `${origin}/a%2fb` } }, { url: '/a%2Fb' }],
    ['with a way back', { claims: { htu: `${origin}/x/../orders` } }, {}],
    ['of the root, without its slash', { claims: { htu: origin } }, { url: '/' }],
    ['with two slashes', { claims: { htu: `${origin}//evil.example/x` } }, { url: '//evil.example/x' }],
    ['by what came in, where a router has shortened it', {}, { url: '/', originalUrl: '/orders' }],
    ['of a request through a proxy', {}, { url: 'http://inside:3000/orders' }],
    ['of a WebSocket', { claims: { htu: 'wss://api.example.test/orders' } }, {}],
    ['of another method', { method: 'DELETE' }, { method: 'DELETE' }],
  ])('names the address %s', async (_, proof, request) => {
    expect(await judge(proof, request)).toBe('alice')
  })

  it.each<[string, Partial<DpopProofOptions>, Partial<HttpRequest>]>([
    ['where a router has shortened it', { claims: { htu: `${origin}/` } }, { url: '/', originalUrl: '/orders' }],
    ['of no path at all', { claims: { htu: origin }, method: 'OPTIONS' }, { url: '*', method: 'OPTIONS' }],
    ['of another host', { claims: { htu: `${origin}@evil.example/` } }, { url: '@evil.example/' }],
    ['of another host', { claims: { htu: 'https://api.example.testevil/' } }, { url: 'evil/' }],
    ['with a character that is in no address', { claims: { htu: `${origin}/a` } }, { url: '/\ta' }],
    ['of a host that the request names', { claims: { htu: 'https://host.example/orders' } }, { url: '/orders' }],
    ['where there is no method', { claims: { htm: undefined } }, { method: undefined }],
  ])('does not fit to a request %s', async (_, proof, request) => {
    expect(await judge(proof, request)).toMatch(/^ERR_DPOP_PROOF/)
  })

  it.each<[string, string, string, string]>([
    ['below it', `${origin}/v1`, `${origin}/v1/orders`, '/orders'],
    ['below it, with a slash', `${origin}/v1/`, `${origin}/v1/orders`, '/orders'],
    ['below it, in another spelling', 'HTTPS://API.example.test:443/%761/', `${origin}/v1/orders`, '/orders?page=2'],
    ['of it', `${origin}/v1`, `${origin}/v1/`, '/?page=2'],
    ['of it, without a slash', `${origin}/v1`, `${origin}/v1`, '/?page=2'],
    [
      'below it, with letters of its country',
      'https://api.exämple.test/ä',
      'https://api.xn--exmple-cua.test/%C3%A4/orders',
      '/orders',
    ],
  ])('is for an address %s, where a proxy takes a path away', async (_, baseUrl, htu, url) => {
    const token = stage.token()
    const request = requestWith(`DPoP ${token}`, stage.proof(token, { claims: { htu } }), { url })
    expect(await outcomeOf(stage.api({ baseUrl }), request)).toBe('alice')
  })

  it.each<[string, string, string]>([
    ['without the path', `${origin}/orders`, '/orders'],
    ['of another path', `${origin}/v2/orders`, '/orders'],
    ['of a path that begins alike', `${origin}/v10/orders`, '0/orders'],
    ['that dots lead to', `${origin}/admin`, '/../admin'],
    ['that escaped dots lead to', `${origin}/admin`, '/%2e%2e/admin'],
    ['that dots lead to, beside it', `${origin}/v10`, '/../v10'],
    ['of it, for another', `${origin}/v1`, '/orders'],
  ])('is for no address %s, where a proxy takes a path away', async (_, htu, url) => {
    const token = stage.token()
    const request = requestWith(`DPoP ${token}`, stage.proof(token, { claims: { htu } }), { url })
    expect(await outcomeOf(stage.api({ baseUrl: `${origin}/v1` }), request)).toBe('ERR_DPOP_PROOF')
  })

  it('is for any of several origins, whatever Host says', async () => {
    const api = stage.api({ baseUrl: [origin, 'https://old.example.test'] })
    const token = stage.token()
    const send = (url: string) =>
      outcomeOf(api, {
        ...requestWith(undefined),
        headers: { host: 'evil.example', authorization: `DPoP ${token}`, dpop: stage.proof(token, { url }) },
      })
    expect(await send(`${origin}/orders`)).toBe('alice')
    expect(await send('https://old.example.test/orders')).toBe('alice')
    expect(await send('https://evil.example/orders')).toBe('ERR_DPOP_PROOF')
  })

  it('is never told of in what is logged', async () => {
    const canary = 'canary-value'
    for (const [name, value] of Object.entries({
      htm: canary,
      htu: `https://${canary}/`,
      jti: '',
      nonce: canary,
      ath: canary,
    }))
      expect(await judge({ claims: { [name]: value, sub: canary } })).not.toContain(canary)
    for (const header of [
      { typ: canary },
      { alg: canary },
      { jwk: { kty: canary } },
      { jwk: { ...stage.key.publicJwk, crv: canary } },
    ])
      expect(await judge({ header })).not.toContain(canary)
  })
})
