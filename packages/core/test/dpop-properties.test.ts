import { createHash } from 'node:crypto'
import { createDpopProof } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { RequestAuthenticator } from '../src/index.ts'
import { createDpopStage, type DpopStage, origin, outcomeOf, requestWith } from './support/dpop-stage.ts'

let stage: DpopStage
beforeAll(async () => {
  stage = await createDpopStage()
})
afterEach(() => stage.clear())
afterAll(() => stage.close())

describe('no proof makes anything but a refusal', () => {
  let api: RequestAuthenticator
  let token: string
  beforeAll(() => {
    token = stage.token()
  })

  const options = { numRuns: 300 }
  const setUp = () => {
    api = stage.api({ nonces: 'a secret that all processes have in common' })
  }
  const send = (proof: string | readonly string[], sent = token) => outcomeOf(api, requestWith(`DPoP ${sent}`, proof))
  const refused = /^ERR_DPOP_(PROOF|NONCE)$/

  it('of any text', async () => {
    setUp()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.array(fc.string())),
        async (text) => {
          expect(await send(text)).toMatch(refused)
        },
      ),
      options,
    )
  })

  it('of any header and claims, signed by the key of the token', async () => {
    setUp()
    const names = ['typ', 'alg', 'jwk', 'kid', 'crit', 'b64', 'jku', 'x5c', 'enc']
    const claimed = ['htm', 'htu', 'iat', 'jti', 'ath', 'nonce']
    const some = (of: string[]) => fc.dictionary(fc.constantFrom(...of, '__proto__', 'toString'), fc.jsonValue())
    await fc.assert(
      fc.asyncProperty(some(names), some(claimed), async (header, claims) => {
        expect(await send(stage.proof(token, { header, claims }))).toMatch(refused)
      }),
      options,
    )
  })

  it('of a good one in which anything has been changed', async () => {
    api = stage.api()
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...'AZaz09-_.=, \0é'), async (at, character) => {
        const proof = stage.proof(token)
        const index = at % proof.length
        fc.pre(proof[index] !== character)
        expect(await send(proof.slice(0, index) + character + proof.slice(index + 1))).toMatch(refused)
      }),
      options,
    )
  })

  it('of any key that a token can be bound to', async () => {
    setUp()
    const text = fc.oneof(fc.base64String({ maxLength: 400 }), fc.string())
    const key = fc.oneof(
      fc.record({
        crv: fc.constantFrom('P-256', 'P-384', 'P-521', 'secp256k1', ''),
        kty: fc.constant('EC'),
        x: text,
        y: text,
      }),
      fc.record({ crv: fc.constantFrom('Ed25519', 'Ed448', 'X25519'), kty: fc.constant('OKP'), x: text }),
      fc.record({ e: fc.constantFrom('AQAB', 'Ag', 'AQ', 'AAAA', ''), kty: fc.constant('RSA'), n: text }),
    )
    const alg = fc.constantFrom('ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'RS256')
    await fc.assert(
      fc.asyncProperty(key, alg, async (jwk, alg) => {
        const jkt = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url')
        const bound = stage.token({ claims: { cnf: { jkt } } })
        expect(await send(stage.proof(bound, { header: { jwk, alg } }), bound)).toMatch(refused)
      }),
      options,
    )
  })

  it('of any address', async () => {
    api = stage.api()
    const part = fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.webPath(),
      fc.string({ unit: 'binary' }),
    )
    await fc.assert(
      fc.asyncProperty(part, part, async (htu, url) => {
        const proof = createDpopProof({ key: stage.key, url: origin, accessToken: token, claims: { htu } })
        expect(await outcomeOf(api, requestWith(`DPoP ${token}`, proof, { url }))).toMatch(refused)
      }),
      options,
    )
  })
})
