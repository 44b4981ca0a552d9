import type { TestClock, TestIssuer } from '@claviger/testing'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  createBackchannelLogout,
  createRevocationList,
  type FormRequest,
  type Provider,
  type ReplayStore,
  type RevocationList,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { accepted, form, refusal } from './support/logout-request.ts'
import { clientId, isGood, send, stageLogout } from './support/logout-stage.ts'

const { authenticator, begin, logoutToken } = stageLogout()
let clock: TestClock
let issuer: TestIssuer
let other: TestIssuer
let auth: Authenticator
beforeAll(async () => {
  ;({ clock, issuer, other } = await begin())
})
beforeEach(() => {
  auth = authenticator()
})

describe('the answer is 503, and the same token is taken later,', () => {
  const unavailable = (retryAfter: string) => ({
    status: 503,
    headers: { 'Cache-Control': 'no-store', 'Content-Type': 'application/json', 'Retry-After': retryAfter },
    body: JSON.stringify({ error: 'temporarily_unavailable', error_description: 'Send it again later.' }),
  })

  it('when the revocation cannot be stored', async () => {
    const list = createRevocationList({ clock })
    let fails = true
    const add: RevocationList['add'] = (revocation) =>
      fails ? Promise.reject(new AuthError('ERR_REVOCATION_UNAVAILABLE', { retryAfter: 3 })) : list.add(revocation)
    const by = authenticator({ revocations: { ...list, add } })
    const receive = createBackchannelLogout(by)
    const token = logoutToken({ sid: 'session-5' })
    expect(await receive(form(`logout_token=${token}`))).toEqual(unavailable('3'))
    fails = false
    expect(await receive(form(`logout_token=${token}`))).toEqual(accepted)
    expect(await isGood(issuer.tokenFor({ claims: { sid: 'session-5' } }), by)).toBe('ERR_TOKEN_REVOKED')
  })

  it('when nobody knows whether it has been here before', async () => {
    let fails = true
    const replays: ReplayStore = {
      once: () => (fails ? Promise.reject(new AuthError('ERR_STORE_UNAVAILABLE')) : Promise.resolve(true)),
      close: async () => {},
    }
    const receive = createBackchannelLogout(auth, { replays })
    const token = logoutToken({ sid: 'session-6' })
    expect(await receive(form(`logout_token=${token}`))).toEqual(unavailable('5'))
    expect(await isGood(issuer.tokenFor({ claims: { sid: 'session-6' } }), auth)).toBe('ERR_TOKEN_REVOKED')
    fails = false
    expect(await receive(form(`logout_token=${token}`))).toEqual(accepted)
  })

  it('when the keys cannot be had', async () => {
    issuer.fail('jwks', { status: 503 })
    const receive = createBackchannelLogout(authenticator({ keys: { retry: 0.1, maxRetry: 1 } }))
    const token = logoutToken()
    expect((await receive(form(`logout_token=${token}`))).status).toBe(503)
    issuer.heal()
    await clock.advance(1)
    expect(await receive(form(`logout_token=${token}`))).toEqual(accepted)
  })
})

describe('a request', () => {
  it.each<[string, FormRequest]>([
    ['without a body', form('')],
    ['with an empty token', form('logout_token=')],
    ['with two tokens', form('logout_token=a&logout_token=b')],
    ['of another type', form('{}', { headers: { 'content-type': 'application/json' } })],
    ['that is too long', form(`logout_token=${'a'.repeat(33_000)}`)],
    ['with a list from a parser', form('', { body: { logout_token: ['a', 'b'] } })],
    ['with a token in its query', form('', { url: `/backchannel-logout?logout_token=a` })],
    [
      'that breaks off',
      form('', {
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('aborted')) }),
      }),
    ],
  ])('%s is refused', async (_, request) => {
    expect(await createBackchannelLogout(auth)(request)).toEqual(refusal)
  })

  it('may come parsed', async () => {
    const body = { logout_token: logoutToken() }
    expect(await createBackchannelLogout(auth)(form('', { body }))).toEqual(accepted)
  })

  it.each(['GET', 'HEAD', 'PUT', undefined])('by %s is told to post', async (method) => {
    const answer = await createBackchannelLogout(auth)(form(`logout_token=${logoutToken()}`, { method }))
    expect(answer).toMatchObject({ status: 405, headers: { Allow: 'POST', 'Cache-Control': 'no-store' } })
  })
})

describe('the set-up', () => {
  const opaque: Provider = {
    name: 'opaque',
    issuer: 'https://opaque.example',
    opaque: { verify: async () => ({ active: false, explanation: 'nobody' }) },
  }

  it('is fine where one of several providers has an app', async () => {
    const api = { issuer: other.issuer, audience: other.audience }
    const web = { issuer: issuer.issuer, audience: issuer.audience, client: { clientId } }
    const by = authenticator({ providers: [opaque, oidc({ name: 'api', ...api }), oidc({ name: 'web', ...web })] })
    expect(await send(logoutToken(), by)).toEqual(accepted)
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'without anybody whom a token could be for',
      () => createBackchannelLogout(authenticator({ providers: [oidc({ issuer: issuer.issuer, audience: 'a' })] })),
      /set clientId/,
    ],
    ['with a copy of an authenticator', () => createBackchannelLogout({ ...auth }), /very object/],
    ['with an empty client', () => createBackchannelLogout(auth, { clientId: '' }), /clientId/],
    ['with too short an age', () => createBackchannelLogout(auth, { maxAge: 9 }), /maxAge: must be at least 10 s/],
    ['with too long an age', () => createBackchannelLogout(auth, { maxAge: 3601 }), /maxAge: must be at most 3600 s/],
    [
      'where nobody sends JWTs',
      () => createBackchannelLogout(authenticator({ providers: [opaque] }), { clientId }),
      /set clientId/,
    ],
    ['with no types', () => createBackchannelLogout(auth, { tokenTypes: [] }), /at least one/],
    ['with replays that are no store', () => createBackchannelLogout(auth, { replays: {} as never }), /ReplayStore/],
    ['with no clients', () => createBackchannelLogout(auth, { clientId: [] }), /at least one/],
    ['with a day of maxAge', () => createBackchannelLogout(auth, { maxAge: 86_400 }), /maxAge/],
    [
      'with a misspelt option',
      () => createBackchannelLogout(auth, { clientIds: 'a' } as object),
      /did you mean clientId/,
    ],
  ])('%s throws when it is made', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
    expect(make).toThrow(message)
  })
})
