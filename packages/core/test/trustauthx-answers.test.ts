import type { Fault } from '@claviger/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import type { Claims } from '../src/index.ts'
import { createStage, type Stage, verdictOf } from './support/trustauthx.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  stage.emulator.heal()
  stage.emulator.resetCounts()
})

describe('an outage is never the fault of the caller', () => {
  const faults: Fault[] = [
    'reset',
    'hang',
    'hang-body',
    'truncate',
    'html',
    'redirect',
    'broken-json',
    'wrong-types',
    'empty',
    'huge',
    { status: 500, body: '{"detail":"Internal Server Error"}' },
    { status: 503, retryAfter: 7 },
    { status: 429, retryAfter: 7 },
    { status: 404, body: '{"detail":"Not Found"}' },
    { status: 422, body: '{"detail":[{"loc":["query","x"],"msg":"field required","type":"value_error.missing"}]}' },
  ]
  const endpoints = ['validate', 'getUserData', 'listRoles'] as const
  const cases = endpoints.flatMap((endpoint) => faults.map((fault) => [endpoint, fault] as const))

  it.each(cases)('%s: %j', async (endpoint, fault) => {
    const auth = stage.authenticator({}, { timeout: 0.15 })
    stage.emulator.fail(endpoint, fault)
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe(
      '503 ERR_PROVIDER_UNAVAILABLE',
    )
    expect(stage.emulator.followedRedirects()).toBe(0)
    await auth.close()
  })

  it('when nothing listens', async () => {
    const auth = stage.authenticator({ apiBaseUrl: 'http://127.0.0.1:1' })
    expect(await verdictOf(auth.verify('some-token'))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    await auth.close()
  })

  it('tells when to come back', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('validate', { status: 503, retryAfter: 7 })
    await expect(auth.verify('some-token')).rejects.toMatchObject({ headers: { 'Retry-After': '7' } })
    await auth.close()
  })

  it('when it is our own key that is refused', async () => {
    const auth = stage.authenticator({ secretKey: 'a'.repeat(64) })
    const { accessToken } = stage.emulator.signIn('alice')
    await expect(auth.verify(accessToken)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringContaining('refuses our own key'),
    })
    await auth.close()
    const trusting = stage.authenticator({ secretKey: 'a'.repeat(64), checkCredentials: false })
    expect(await verdictOf(trusting.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await trusting.close()
  })

  it('costs many forged tokens one look at our own key in ten seconds', async () => {
    const { emulator, clock, authenticator } = await createStage()
    const auth = authenticator()
    await clock.advance(3600)
    await Promise.allSettled(Array.from({ length: 20 }, (_, i) => auth.verify(`forged-${i}`)))
    for (const [seconds, looks] of [
      [0, 1],
      [9, 1],
      [1, 2],
      [9, 2],
    ] as const) {
      await clock.advance(seconds)
      expect(await verdictOf(auth.verify(`forged-again-${looks}-${seconds}`))).toBe('401 ERR_TOKEN_INACTIVE')
      expect(emulator.requests('listRoles')).toBe(looks)
    }
    await auth.close()
    await emulator.close()
  })
})

describe('a signed answer that is not right is an outage', () => {
  it.each<[string, RegExp, () => Claims, { secret?: string; header?: object }]>([
    ['of another key', /signature/, () => ({}), { secret: 'another secret of some length' }],
    ['with another type', /typ/, () => ({}), { header: { typ: 'at+jwt' } }],
    ['with a jku', /jku/, () => ({}), { header: { jku: 'https://elsewhere.example/keys' } }],
    ['without exp', /exp/, () => ({ exp: undefined }), {}],
    ['with an exp that is a text', /exp/, () => ({ exp: '9999999999' }), {}],
    ['with an iat that is not whole', /iat/, () => ({ iat: 1.5 }), {}],
    ['without uid', /uid and email/, () => ({ uid: undefined }), {}],
    ['with a uid that is a number', /uid and email/, () => ({ uid: 7 }), {}],
    ['with an empty email', /uid and email/, () => ({ email: '' }), {}],
    ['with nbf ahead', /nbf/, () => ({ nbf: stage.seconds() + 60 }), {}],
    ['with a sub that is no JSON', /uid and email/, () => ({ uid: undefined, sub: 'alice' }), {}],
    ['with a sub that is a list', /uid and email/, () => ({ uid: undefined, sub: '["alice"]' }), {}],
  ])('%s', async (_, explanation, claims, { secret, header }) => {
    const auth = stage.authenticator()
    stage.emulator.fail('getUserData', await stage.answerWith(claims(), secret, header))
    const { accessToken } = stage.emulator.signIn('alice')
    await expect(auth.verify(accessToken)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringMatching(explanation),
    })
    await auth.close()
  })

  it('that is a signed_key', async () => {
    const auth = stage.authenticator()
    const signedKey = await stage.sign({ api_key: stage.emulator.apiKey })
    stage.emulator.fail('getUserData', { status: 200, body: JSON.stringify(signedKey) })
    await expect(auth.verify(stage.emulator.signIn('alice').accessToken)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringContaining('signed_key'),
    })
    await auth.close()
  })

  it.each(['HS384', 'HS512'])('signed with %s', async (alg) => {
    const auth = stage.authenticator()
    const token = await new SignJWT({
      uid: 'alice',
      email: 'a@example.com',
      iat: stage.seconds(),
      exp: stage.seconds() + 60,
    })
      .setProtectedHeader({ alg })
      .sign(Buffer.from(stage.emulator.secretKey))
    stage.emulator.fail('getUserData', { status: 200, body: JSON.stringify(token) })
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe(
      '503 ERR_PROVIDER_UNAVAILABLE',
    )
    await auth.close()
  })

  it('of another issuer, where one is demanded', async () => {
    const { accessToken } = stage.emulator.signIn('alice')
    const strict = stage.authenticator({ envelopeIssuer: 'https://eu.trustauthx.com' })
    expect(await verdictOf(strict.verify(accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    const right = stage.authenticator({ envelopeIssuer: 'https://api.trustauthx.com' })
    expect(await verdictOf(right.verify(accessToken))).toBe('accepted')
    stage.emulator.configure({ envelopeIssuer: 'https://eu.trustauthx.com' })
    expect(await verdictOf(strict.verify(accessToken))).toBe('accepted')
    stage.emulator.configure({ envelopeIssuer: 'https://api.trustauthx.com' })
    await Promise.all([strict.close(), right.close()])
  })

  it('takes uid and email out of sub where they are not beside it', async () => {
    const auth = stage.authenticator()
    const sub = JSON.stringify({ uid: 'alice', email: 'alice@example.com' })
    stage.emulator.fail('getUserData', await stage.answerWith({ uid: undefined, email: undefined, sub }))
    await expect(auth.verify(stage.emulator.signIn('alice').accessToken)).resolves.toMatchObject({
      user: { id: 'alice' },
    })
    await auth.close()
  })

  it.each(['', 'editor', '{"a":1}', '[1]', 'null', '["ok", null]', 7, ['list']])(
    'finds no roles in the scope %j',
    async (scope) => {
      const auth = stage.authenticator()
      stage.emulator.fail('getUserData', await stage.answerWith({ scope }))
      await expect(auth.verify(stage.emulator.signIn('alice').accessToken)).resolves.toMatchObject({
        user: { roles: [] },
      })
      await auth.close()
    },
  )
})
