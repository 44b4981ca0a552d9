import { createTestKey } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createDpopStage, outcomeOf, requestWith } from './support/dpop-stage.ts'

describe('a token that is bound to a key', () => {
  let stage: Awaited<ReturnType<typeof createDpopStage>>
  beforeAll(async () => {
    stage = await createDpopStage()
  })
  afterAll(() => stage.close())

  const dpop = (token: string, proof: string, more = {}) => requestWith(`DPoP ${token}`, proof, more)

  it('is taken from who proves to have the key, and says who it is', async () => {
    const token = stage.token()
    const { auth, headers } = await stage.api().receive(dpop(token, stage.proof(token)))
    expect(auth).toMatchObject({ user: { id: 'alice' }, claims: { cnf: { jkt: expect.any(String) } } })
    expect(headers).toEqual({})
  })

  it('is refused from who only bears it, also when it is known', async () => {
    const api = stage.api()
    const token = stage.token()
    expect(await outcomeOf(api, dpop(token, stage.proof(token)))).toBe('alice')
    expect(api.recognize(requestWith(`Bearer ${token}`))).toBeUndefined()
    expect(api.recognize(dpop(token, stage.proof(token)))).toBeUndefined()
    expect(await outcomeOf(api, requestWith(`Bearer ${token}`, stage.proof(token)))).toBe('ERR_TOKEN_UNSUPPORTED')
    await expect(api.authenticator.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_UNSUPPORTED' })
    await expect(api.authenticator.watch(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_UNSUPPORTED' })
  })

  it.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256'] as const)(
    'goes with a proof of %s',
    async (alg) => {
      const key = await createTestKey(alg)
      const token = stage.token({ boundTo: key })
      expect(await outcomeOf(stage.api(), dpop(token, stage.proof(token, { key })))).toBe('alice')
    },
  )
})
