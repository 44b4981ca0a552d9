import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { RequestAuthenticator } from '../src/index.ts'
import { createDpopStage, type DpopStage, outcomeOf, refusalHeadersOf, requestWith } from './support/dpop-stage.ts'

const nonces = 'a secret that all processes have in common'

describe('a nonce', () => {
  let stage: DpopStage
  let token: string
  beforeAll(async () => {
    stage = await createDpopStage()
    token = stage.token()
  })
  afterEach(() => stage.clear())
  afterAll(() => stage.close())

  const request = (nonce?: unknown) => requestWith(`DPoP ${token}`, stage.proof(token, { claims: { nonce } }))
  const given = async (api: RequestAuthenticator, nonce?: unknown) =>
    (await refusalHeadersOf(api, request(nonce)))?.['DPoP-Nonce']

  it('is asked for, and told, where a proof has none', async () => {
    const headers = await refusalHeadersOf(stage.api({ nonces }), request())
    expect(headers).toEqual({
      'WWW-Authenticate': expect.stringMatching(/^DPoP realm="api", error="use_dpop_nonce", algs="ES256 /),
      'DPoP-Nonce': expect.stringMatching(/^[\w-]{43}$/),
      'Cache-Control': 'no-store',
    })
    expect(await outcomeOf(stage.api({ nonces }), request())).toBe('ERR_DPOP_NONCE')
  })

  it('is taken while it is new, and for as long again while the next is told; then it is refused', async () => {
    const api = stage.api({ nonces })
    const first = await given(api)
    expect((await api.receive(request(first))).headers).toEqual({})
    await stage.clock.advance(60)
    const { headers } = await api.receive(request(first))
    expect(headers).toEqual({ 'DPoP-Nonce': expect.any(String), 'Cache-Control': 'no-store' })
    expect(headers['DPoP-Nonce']).not.toBe(first)
    expect((await api.receive(request(headers['DPoP-Nonce']))).headers).toEqual({})
    await stage.clock.advance(60)
    expect(await outcomeOf(api, request(first))).toBe('ERR_DPOP_NONCE')
    expect(await outcomeOf(api, request(headers['DPoP-Nonce']))).toBe('alice')
  })

  it('is the same in each process with the same secret, and in no other', async () => {
    const nonce = await given(stage.api({ nonces }))
    expect(await given(stage.api({ nonces }))).toBe(nonce)
    expect(await outcomeOf(stage.api({ nonces }), request(nonce))).toBe('alice')
    expect(await outcomeOf(stage.api({ nonces: `another ${nonces}` }), request(nonce))).toBe('ERR_DPOP_NONCE')
  })

  it.each([null, 7, '', ['a'], 'of somebody else'])('is ours: not %j', async (nonce) => {
    expect(await outcomeOf(stage.api({ nonces }), request(nonce))).toBe('ERR_DPOP_NONCE')
  })

  it('is told to nobody whose proof is wrong otherwise, and is not asked for unless the app says so', async () => {
    const api = stage.api({ nonces })
    const wrong = requestWith(`DPoP ${token}`, stage.proof(token, { method: 'POST' }))
    expect(await refusalHeadersOf(api, wrong)).toEqual({ 'WWW-Authenticate': expect.any(String) })
    expect(await outcomeOf(stage.api(), request())).toBe('alice')
  })
})
