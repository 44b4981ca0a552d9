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
    [{}, 'option dpop.baseUrl: is missing'],
    [{ baseUrl: 'api.example.com' }, 'option dpop.baseUrl: must be an http(s) URL'],
    ...['?page=2', '#top', '/?', '/#'].map((end): [unknown, string] => [
      { baseUrl: origin + end },
      'option dpop.baseUrl: must be an address without a query',
    ]),
    [{ baseUrl: 'https://user@api.example.test' }, 'option dpop.baseUrl: must be an address without a query'],
    [{ baseUrl: [] }, 'option dpop.baseUrl: must name at least one'],
    [{ baseUrl: [origin, 'wss://api.example.test'] }, 'option dpop.baseUrl.1: must be an http(s) URL'],
    [{ baseUrl: origin, replays: {} }, 'option dpop.replays: must be a ReplayStore'],
    [{ baseUrl: origin, maxAge: 0.5 }, 'option dpop.maxAge: must be at least 1 s'],
    [{ baseUrl: origin, maxAge: 3601 }, 'option dpop.maxAge: must be at most 3600 s'],
    [{ baseUrl: origin, nonces: 'a'.repeat(31) }, 'option dpop.nonces: must have at least 32 bytes'],
    [{ baseUrl: origin, required: 'yes' }, 'option dpop.required: must be true or false'],
    [{ baseUrl: origin, replay: {} }, 'unknown option dpop.replay, did you mean replays?'],
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
    expect(() => createRequestAuthenticator(copy, { dpop: { baseUrl: origin } })).toThrow(
      'option dpop: needs the very object',
    )
  })

  it('takes what is at the bounds, and what stands among all options', async () => {
    stage.api({ maxAge: 1 })
    stage.api({ maxAge: 3600, nonces: 'ä'.repeat(16), baseUrl: [origin, 'http://127.0.0.1:3000'] })
    const { authenticator } = createRequestAuthenticator({
      providers: [providerOf(stage.issuer)],
      dpop: { baseUrl: origin },
    })
    await authenticator.close()
  })
})
