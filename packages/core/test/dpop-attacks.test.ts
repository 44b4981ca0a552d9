import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestKey, type DpopProofOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { HttpRequest } from '../src/index.ts'
import { createDpopStage, type DpopStage, outcomeOf, requestWith, verdictOf } from './support/dpop-stage.ts'

let stage: DpopStage
beforeAll(async () => {
  stage = await createDpopStage()
})
afterEach(() => stage.clear())
afterAll(() => stage.close())

describe('whoever sends proofs', () => {
  const from = (remoteAddress: string): Partial<HttpRequest> => ({ socket: { remoteAddress } })

  it('has none of their signatures looked at without a token of the same key', async () => {
    const api = stage.api()
    const token = stage.token()
    const stranger = await stage.anotherKey()
    const forged = stage.proof(token, { key: { ...stage.key, publicJwk: stranger.publicJwk } })
    for (const proof of [forged, stage.proof(token, { key: stranger })])
      expect(await verdictOf(api, requestWith(`DPoP ${token}`, proof, from('192.0.2.1')))).toBe(
        'ERR_DPOP_PROOF: the proof of the token: the token is bound to another key',
      )
    expect(api.authenticator.health().admission).toMatchObject({ suspects: 0 })
  })

  it.each<[string, Partial<DpopProofOptions>]>([
    ['of another method', { method: 'PUT' }],
    ['of another address', { url: 'https://elsewhere.example/' }],
    ['that are too old', { issuedAt: 1 }],
    ['without an id', { claims: { jti: undefined } }],
    ['of another token', { accessToken: 'a' }],
  ])('has none of the signatures looked at of proofs %s', async (_, options) => {
    const api = stage.api()
    const token = stage.token()
    const proof = `${stage.proof(token, options).slice(0, -4)}AAAA`
    expect(await outcomeOf(api, requestWith(`DPoP ${token}`, proof, from('192.0.2.1')))).toBe('ERR_DPOP_PROOF')
    expect(api.authenticator.health().admission).toMatchObject({ suspects: 0 })
  })

  it('is suspected for a bad signature, as of a token', async () => {
    const api = stage.api()
    const token = stage.token()
    const proof = `${stage.proof(token).slice(0, -4)}AAAA`
    expect(await outcomeOf(api, requestWith(`DPoP ${token}`, proof, from('192.0.2.1')))).toBe('ERR_DPOP_PROOF')
    expect(api.authenticator.health().admission).toMatchObject({ suspects: 1 })
  })

  it('waits for a turn as whoever sends unknown tokens, and is turned away where too many wait', async () => {
    const api = stage.api({}, {}, { admission: { concurrency: 1, maxWaiting: 1 } })
    const token = stage.token()
    await api.receive(requestWith(`DPoP ${token}`, stage.proof(token)))
    const many = [1, 2, 3, 4].map(() => outcomeOf(api, requestWith(`DPoP ${token}`, stage.proof(token))))
    expect((await Promise.all(many)).sort()).toEqual(['ERR_OVERLOADED', 'ERR_OVERLOADED', 'alice', 'alice'])
  })

  it('makes nobody look twice at a token that is for another holder', async () => {
    const api = stage.api()
    const { issuer, key } = stage
    const outcomes: string[] = []
    const note = (message: unknown) => outcomes.push((message as { outcome: string }).outcome)
    subscribe('claviger:cache', note)
    const asked = issuer.requests('introspection')
    const [bound, unbound] = [{ boundTo: key }, {}]
    for (const make of [issuer.tokenFor, issuer.opaqueTokenFor]) {
      const requests = [`Bearer ${make(bound)}`, `DPoP ${make(unbound)}`].map((sent) => requestWith(sent))
      for (const _ of [1, 2, 3])
        for (const request of requests) expect(await outcomeOf(api, request)).toBe('ERR_TOKEN_UNSUPPORTED')
    }
    unsubscribe('claviger:cache', note)
    expect(issuer.requests('introspection')).toBe(asked + 2)
    const first = ['miss', 'miss', 'refused', 'refused', 'refused', 'refused']
    expect(outcomes).toEqual([...first, ...first])
  })

  it('has a key read once, however the rest of its JWK is spelled', async () => {
    const large = await createTestKey('ES512')
    const api = stage.api()
    const token = stage.token({ boundTo: large })
    const proofs = (more: (at: number) => object) =>
      Array.from({ length: 40 }, (_, at) => {
        const header = { jwk: { ...large.publicJwk, ...more(at) } }
        return stage.proof(token, { key: large, header, method: 'POST' })
      })
    const same = proofs(() => ({ ext: true }))
    const timeOf = async (all: string[]) => {
      const began = performance.now()
      for (const proof of all) expect(await outcomeOf(api, requestWith(`DPoP ${token}`, proof))).toBe('ERR_DPOP_PROOF')
      return performance.now() - began
    }
    // The least of several rounds: whatever else the machine does only adds to it.
    const [alike, varied] = [[] as number[], [] as number[]]
    for (let round = 0; round < 5; round += 1) {
      alike.push(await timeOf(same))
      varied.push(await timeOf(proofs((at) => ({ ext: round * 100 + at }))))
    }
    expect(Math.min(...varied)).toBeLessThan(3 * Math.min(...alike))
  })

  it('may have a large key', async () => {
    const large = await createTestKey('PS512', { modulusLength: 4096 })
    const sent = stage.token({ boundTo: large })
    expect(await outcomeOf(stage.api(), requestWith(`DPoP ${sent}`, stage.proof(sent, { key: large })))).toBe('alice')
  })
})
