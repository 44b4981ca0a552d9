import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { createTestKey, type TestClock, type TestIssuer } from '@claviger/testing'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  type Authenticator,
  type BackchannelLogoutOptions,
  createBackchannelLogout,
  createReplayStore,
  type Events,
  type ReplayStore,
} from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { accepted, form, refusal } from './support/logout-request.ts'
import { clientId, event, isGood, send, stageLogout } from './support/logout-stage.ts'

const { authenticator, begin, logoutToken, now } = stageLogout()
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

describe('a logout token', () => {
  it('with a sid ends the tokens of that session, and no others of its user', async () => {
    const mine = issuer.tokenFor({ claims: { sid: 'session-1' } })
    const others = issuer.tokenFor({ claims: { sid: 'session-2' } })
    expect(await send(logoutToken({ sid: 'session-1' }), auth)).toEqual(accepted)
    expect([await isGood(mine, auth), await isGood(others, auth)]).toEqual(['ERR_TOKEN_REVOKED', true])
  })

  it('with a sid alone ends that session', async () => {
    const mine = issuer.tokenFor({ claims: { sid: 'session-3' } })
    expect(await send(logoutToken({ sid: 'session-3', sub: undefined }), auth)).toEqual(accepted)
    expect(await isGood(mine, auth)).toBe('ERR_TOKEN_REVOKED')
  })

  it('with a sub alone ends what was issued before, and no later sign-in', async () => {
    const before = issuer.tokenFor({ issuedAt: now() - 1 })
    expect(await send(logoutToken(), auth)).toEqual(accepted)
    const later = issuer.tokenFor()
    const bob = issuer.tokenFor({ subject: 'bob', issuedAt: now() - 1 })
    expect([await isGood(before, auth), await isGood(later, auth), await isGood(bob, auth)]).toEqual([
      'ERR_TOKEN_REVOKED',
      true,
      true,
    ])
  })

  it('ends only what is of its issuer', async () => {
    const by = authenticator({
      providers: [issuer, other].map((one, index) =>
        oidc({ name: `p${index}`, issuer: one.issuer, audience: one.audience, client: { clientId } }),
      ),
    })
    const foreign = other.tokenFor({ claims: { sid: 'session-1' }, issuedAt: now() - 1 })
    await send(logoutToken({ sid: 'session-1' }), by)
    await send(logoutToken(), by)
    expect(await isGood(foreign, by)).toBe(true)
  })

  it.each<[string, () => string, BackchannelLogoutOptions?]>([
    ['for several apps, of which one is ours', () => logoutToken({ aud: ['another', clientId] })],
    ['without exp, as a real Logto sends', () => logoutToken({ exp: undefined })],
    ['of an age within maxAge', () => logoutToken({ iat: now() - 299, exp: now() + 1 })],
    ['of a typ that is allowed', () => logoutToken({}, { typ: 'JWT' }), { tokenTypes: ['logout+jwt', 'JWT'] }],
    ['with the long name of its typ', () => logoutToken({}, { typ: 'application/logout+jwt' })],
    ['without a typ, where that is allowed', () => logoutToken({}, { typ: undefined }), { tokenTypes: [null] }],
    ['for a client that the option names', () => logoutToken({ aud: 'cli' }), { clientId: ['cli'] }],
    ['for one of several clients', () => logoutToken({ aud: 'cli' }), { clientId: ['web', 'cli'] }],
    ['as old as it may be', () => logoutToken({ iat: now() - 304 })],
    ['as late as it may be', () => logoutToken({ exp: now() - 4 })],
    ['as far ahead as clocks may differ', () => logoutToken({ iat: now() + 5 })],
    ['with an event that says more', () => logoutToken({ events: { [event]: { a: 1 }, more: {} } })],
  ])('is taken %s', async (...[, make, options]) => {
    expect(await send(make(), auth, options)).toEqual(accepted)
  })

  it.each<[string, string, () => string, BackchannelLogoutOptions?]>([
    ['no JWT', 'ERR_TOKEN_MALFORMED', () => 'opaque'],
    ['of no form', 'ERR_TOKEN_MALFORMED', () => 'e30.e30.e30'],
    ['too long', 'ERR_TOKEN_TOO_LARGE', () => logoutToken({ more: 'a'.repeat(17_000) })],
    ['encrypted', 'ERR_TOKEN_UNSUPPORTED', () => 'eyJhbGciOiJkaXIifQ.a.a.a.a'],
    ['of typ JWT', 'ERR_TOKEN_TYPE', () => logoutToken({}, { typ: 'JWT' })],
    ['without typ', 'ERR_TOKEN_TYPE', () => logoutToken({}, { typ: undefined })],
    ['an access token', 'ERR_TOKEN_TYPE', () => issuer.tokenFor()],
    ['an ID token', 'ERR_TOKEN_CLAIMS', () => issuer.idTokenFor({ audience: clientId }), { tokenTypes: ['JWT'] }],
    ['of an unknown issuer', 'ERR_TOKEN_ISSUER', () => logoutToken({ iss: other.issuer })],
    ['without iss', 'ERR_TOKEN_ISSUER', () => logoutToken({ iss: undefined })],
    ['for another app', 'ERR_TOKEN_AUDIENCE', () => logoutToken({ aud: 'another' })],
    ['for the API', 'ERR_TOKEN_AUDIENCE', () => logoutToken({ aud: issuer.audience })],
    ['without aud', 'ERR_TOKEN_AUDIENCE', () => logoutToken({ aud: undefined })],
    ['for nobody that could be', 'ERR_TOKEN_AUDIENCE', () => logoutToken({ aud: [[clientId]] })],
    [
      'for a client of the provider, where the option names another',
      'ERR_TOKEN_AUDIENCE',
      () => logoutToken(),
      { clientId: 'cli' },
    ],
    ['without alg', 'ERR_TOKEN_MALFORMED', () => logoutToken({}, { alg: undefined })],
    ['of alg none', 'ERR_TOKEN_ALGORITHM', () => logoutToken({}, { alg: 'none' })],
    ['of a symmetric alg', 'ERR_TOKEN_ALGORITHM', () => logoutToken({}, { alg: 'HS256' })],
    ['without iat', 'ERR_TOKEN_CLAIMS', () => logoutToken({ iat: undefined })],
    ['of an iat that is a text', 'ERR_TOKEN_CLAIMS', () => logoutToken({ iat: String(now()) })],
    ['of the future', 'ERR_TOKEN_NOT_YET_VALID', () => logoutToken({ iat: now() + 60 })],
    ['ahead by a second too much', 'ERR_TOKEN_NOT_YET_VALID', () => logoutToken({ iat: now() + 6 })],
    ['too old', 'ERR_TOKEN_EXPIRED', () => logoutToken({ iat: now() - 305 })],
    ['late', 'ERR_TOKEN_EXPIRED', () => logoutToken({ exp: now() - 5 })],
    ['older than the option says', 'ERR_TOKEN_EXPIRED', () => logoutToken({ iat: now() - 40 }), { maxAge: 30 }],
    ['too old, without exp', 'ERR_TOKEN_EXPIRED', () => logoutToken({ iat: now() - 310, exp: undefined })],
    ['that has ended', 'ERR_TOKEN_EXPIRED', () => logoutToken({ iat: now() - 60, exp: now() - 10 })],
    ['of an exp that is a text', 'ERR_TOKEN_CLAIMS', () => logoutToken({ exp: 'never' })],
    ['without jti', 'ERR_TOKEN_CLAIMS', () => logoutToken({ jti: undefined })],
    ['of an empty jti', 'ERR_TOKEN_CLAIMS', () => logoutToken({ jti: '' })],
    ['with neither sub nor sid', 'ERR_TOKEN_CLAIMS', () => logoutToken({ sub: undefined })],
    ['of a sub that is no text', 'ERR_TOKEN_CLAIMS', () => logoutToken({ sub: 42 })],
    ['of an empty sid', 'ERR_TOKEN_CLAIMS', () => logoutToken({ sid: '' })],
    ['without events', 'ERR_TOKEN_CLAIMS', () => logoutToken({ events: undefined })],
    ['of another event', 'ERR_TOKEN_CLAIMS', () => logoutToken({ events: { other: {} } })],
    ['whose event is no object', 'ERR_TOKEN_CLAIMS', () => logoutToken({ events: { [event]: 'yes' } })],
    ['whose events are a list', 'ERR_TOKEN_CLAIMS', () => logoutToken({ events: [event] })],
    ['with a nonce', 'ERR_TOKEN_CLAIMS', () => logoutToken({ nonce: 'n' })],
    ['with a nonce of null', 'ERR_TOKEN_CLAIMS', () => logoutToken({ nonce: null })],
    ['of an unknown key', 'ERR_TOKEN_KEY', () => logoutToken({}, { kid: 'unknown' })],
    [
      'with another signature',
      'ERR_TOKEN_SIGNATURE',
      () => `${logoutToken().split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
    ],
  ])('is refused when it is %s: %s', async (...[, code, make, options]) => {
    const refusals: Events['claviger:refusal'][] = []
    const note = (message: unknown) => void refusals.push(message as Events['claviger:refusal'])
    subscribe('claviger:refusal', note)
    const token = make()
    const mine = issuer.tokenFor({ issuedAt: now() - 1 })
    expect(await send(token, auth, options)).toEqual(refusal)
    unsubscribe('claviger:refusal', note)
    expect(refusals.map((one) => one.code)).toEqual([code])
    if (token.length > 30) expect(inspect(refusals)).not.toContain(token.slice(-30))
    expect(await isGood(mine, auth)).toBe(true)
  })

  it.each<[string, unknown]>([
    ['an object that is no text either', { toString: 1, valueOf: 1 }],
    ['a list of it', ['https://alias.example']],
  ])('is refused when its iss is %s, where the issuer has other spellings', async (_, iss) => {
    const aliased = {
      issuer: issuer.issuer,
      issuerAliases: ['https://alias.example'],
      audience: 'api',
      client: { clientId },
    }
    const by = authenticator({ providers: [oidc(aliased)] })
    expect(await send(logoutToken({ iss }), by)).toEqual(refusal)
    expect(await send(logoutToken({ iss: 'https://alias.example' }), by)).toEqual(accepted)
  })

  it('for very many apps costs no more than one for three: what nobody has signed is cheap', async () => {
    const told: unknown[] = []
    const note = (message: unknown) => void told.push((message as Events['claviger:refusal']).explanation)
    subscribe('claviger:refusal', note)
    expect(await send(logoutToken({ aud: Array(2000).fill('a') }), auth)).toEqual(refusal)
    unsubscribe('claviger:refusal', note)
    expect(told).toEqual(['aud is "a", "a", "a" (option clientId)'])
  })

  describe('of an issuer that several providers of one app are of', () => {
    const client = { clientId }
    const of = (more: Partial<OidcOptions>) =>
      oidc({ issuer: issuer.issuer, audience: issuer.audience, client, ...more })
    const rotated = async () => ({ jwksUri: null, jwks: { keys: [(await createTestKey('ES256')).publicJwk] } })

    it.each<[string, () => Promise<Partial<OidcOptions>>]>([
      ['knows other keys', async () => ({ name: 'first', ...(await rotated()), audience: 'old' })],
      ['takes other algorithms', async () => ({ name: 'first', algorithms: ['RS512'], audience: 'old' })],
      ['cannot get its keys', async () => ({ name: 'first', jwksUri: `${issuer.issuer}/nowhere`, audience: 'old' })],
    ])('is taken by the second where the first %s, and the other way round', async (_, first) => {
      const both = [of(await first()), of({ name: 'second' })]
      for (const providers of [both, both.toReversed()]) {
        const by = authenticator({ providers })
        const token = issuer.tokenFor({ claims: { sid: 's' } })
        expect(await send(logoutToken({ sid: 's' }), by)).toEqual(accepted)
        expect(await isGood(token, by)).toBe('ERR_TOKEN_REVOKED')
      }
    })

    it('is refused when none of them takes it, and can be sent again when one could not be asked', async () => {
      const forged = logoutToken({}, { kid: 'other' })
      const first = of({ name: 'first', ...(await rotated()), audience: 'old' })
      const by = authenticator({ providers: [first, of({ name: 'second' })] })
      expect(await send(forged, by)).toEqual(refusal)
      const down = of({ name: 'down', jwksUri: `${issuer.issuer}/nowhere`, audience: 'down' })
      expect((await send(logoutToken(), authenticator({ providers: [first, down] }))).status).toBe(503)
    })
  })

  it('when the set-up is found to be wrong, is not to blame for it', async () => {
    const by = authenticator({ admission: { sourceOf: () => Promise.resolve('one') as never } })
    await expect(send(logoutToken(), by)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
  })

  it('is refused when another issuer has signed it', async () => {
    const key = await createTestKey('ES256')
    const { kid } = issuer.current
    const claims = {
      iss: issuer.issuer,
      aud: clientId,
      iat: now(),
      exp: now() + 60,
      jti: 'j',
      sub: 'alice',
      events: { [event]: {} },
    }
    expect(await send(issuer.sign({ alg: 'ES256', kid, typ: 'logout+jwt' }, claims, key), auth)).toEqual(refusal)
  })

  it('is taken once', async () => {
    const receive = createBackchannelLogout(auth)
    const token = logoutToken({ sid: 'session-4' })
    expect((await receive(form(`logout_token=${token}`))).status).toBe(200)
    await clock.advance(200)
    expect(await receive(form(`logout_token=${token}`))).toEqual(refusal)
    expect((await receive(form(`logout_token=${logoutToken({ sid: 'session-4' })}`))).status).toBe(200)
  })

  it('is remembered for as long as it could be taken again, however clocks differ', async () => {
    const kept: unknown[] = []
    const replays: ReplayStore = {
      async once(_, until) {
        kept.push(until)
        return true
      },
      close: async () => {},
    }
    const iat = now()
    expect(await send(logoutToken({ iat }), auth, { replays, maxAge: 60 })).toEqual(accepted)
    expect(kept).toEqual([iat + 60 + 2 * 5])
  })

  it('is taken once by all who share a store, and the same id of another issuer is another', async () => {
    const replays = createReplayStore({ clock })
    const by = authenticator({
      providers: [issuer, other].map((one, index) =>
        oidc({ name: `p${index}`, issuer: one.issuer, audience: one.audience, client: { clientId } }),
      ),
    })
    const claims = { jti: 'same', sid: 'x' }
    const foreign = other.sign(
      { alg: 'ES256', kid: other.current.kid, typ: 'logout+jwt' },
      { iss: other.issuer, aud: clientId, iat: now(), exp: now() + 60, events: { [event]: {} }, ...claims },
    )
    const statuses = []
    for (const token of [logoutToken(claims), logoutToken(claims), foreign])
      statuses.push((await send(token, by, { replays })).status)
    expect(statuses).toEqual([200, 400, 200])
  })
})
