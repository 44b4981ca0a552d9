import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRequestAuthenticator, type HttpOptions } from '../src/index.ts'
import { createDpopStage, type DpopStage, origin, providerOf } from './support/dpop-stage.ts'

describe('the option dpop', () => {
  let stage: DpopStage
  beforeAll(async () => {
    stage = await createDpopStage()
  })
  afterAll(async () => {
    await stage.clear()
    await stage.close()
  })

  it.each<[unknown, string]>([
    [true, 'option dpop: must be an object'],
    [{}, 'option dpop.origin: is missing'],
    [{ origin: 'api.example.com' }, 'option dpop.origin: must be an origin such as'],
    [{ origin: `${origin}/v1` }, 'option dpop.origin: must be an origin such as'],
    [{ origin: `${origin}/` }, 'option dpop.origin: must be an origin such as'],
    [{ origin: [] }, 'option dpop.origin: must name at least one'],
    [{ origin: [origin, 'wss://api.example.test'] }, 'option dpop.origin.1: must be one of http(s)'],
    [{ origin, replays: {} }, 'option dpop.replays: must be a ReplayStore'],
    [{ origin, maxAge: 0.5 }, 'option dpop.maxAge: must be at least 1 s'],
    [{ origin, maxAge: 3601 }, 'option dpop.maxAge: must be at most 3600 s'],
    [{ origin, nonces: 'a'.repeat(31) }, 'option dpop.nonces: must have at least 32 bytes'],
    [{ origin, required: 'yes' }, 'option dpop.required: must be true or false'],
    [{ origin, replay: {} }, 'unknown option dpop.replay, did you mean replays?'],
  ])('is refused as %j', (dpop, reason) => {
    const http = { dpop } as HttpOptions
    const refusal = expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(reason) })
    expect(() => createRequestAuthenticator({ providers: [providerOf(stage.issuer)] }, http)).toThrow(refusal as never)
  })

  it('needs the header, and the very object that createAuthenticator returned', () => {
    expect(() => stage.api({}, { tokenFrom: { cookie: 'token' } })).toThrow(
      "option dpop: needs 'header' among tokenFrom",
    )
    const copy = { ...stage.api().authenticator }
    expect(() => createRequestAuthenticator(copy, { dpop: { origin } })).toThrow('option dpop: needs the very object')
  })

  it('takes what is at the bounds, and what stands among all options', async () => {
    stage.api({ maxAge: 1 })
    stage.api({ maxAge: 3600, nonces: 'ä'.repeat(16), origin: [origin, 'http://127.0.0.1:3000'] })
    const { authenticator } = createRequestAuthenticator({ providers: [providerOf(stage.issuer)], dpop: { origin } })
    await authenticator.close()
  })
})
