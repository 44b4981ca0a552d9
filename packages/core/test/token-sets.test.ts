import type { TestClock, TestIssuer } from '@claviger/testing'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Authenticator, TokenSet } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { type AnyFault, breakDown, faults, letRefresh } from './support/faults.ts'
import { refreshed, stageTokenSets } from './support/token-sets.ts'

const { begin, startIssuer, providerOf, authenticator, now, sessionOf, asked } = stageTokenSets()
let clock: TestClock
let issuer: TestIssuer
let auth: Authenticator

beforeEach(async () => {
  ;({ clock, issuer, auth } = await begin())
})

describe('a refresh', () => {
  it('asks the issuer once for all who ask at once, and for those who are late', async () => {
    const tokens = sessionOf()
    const all = await Promise.all(Array.from({ length: 50 }, () => refreshed({ ...tokens }, auth)))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(all[0]?.refreshToken).not.toBe(tokens.refreshToken)
    await clock.advance(9)
    expect((await refreshed(tokens, auth)).refreshToken).toBe(all[0]?.refreshToken)
    expect(asked()).toBe(1)
    await clock.advance(2)
    expect((await auth.refresh(tokens)).outcome).toBe('rejected')
    expect(asked()).toBe(2)
  })

  it('asks the issuer once about a token that it rejects', async () => {
    const tokens = { ...sessionOf(), refreshToken: 'unknown' }
    for (const _ of [1, 2, 3]) expect((await auth.refresh(tokens)).outcome).toBe('rejected')
    expect(asked()).toBe(1)
  })

  it.each(['""', '7', 'null', '["a"]'])('takes an answer whose access token is %s for no answer', async (token) => {
    issuer.fail('token', { status: 200, body: `{"access_token":${token},"token_type":"Bearer"}` })
    const error = { code: 'ERR_PROVIDER_UNAVAILABLE' }
    expect(await auth.refresh(sessionOf())).toMatchObject({ outcome: 'unavailable', error })
    issuer.heal()
  })

  it.each([
    ['60', 60],
    ['0', undefined],
    ['-1', undefined],
    ['1e400', undefined],
    ['"60"', undefined],
  ])('takes expires_in of %s for a lifetime of %s', async (said, lifetime) => {
    issuer.fail('token', { status: 200, body: `{"access_token":"a","token_type":"Bearer","expires_in":${said}}` })
    const expected = lifetime === undefined ? {} : { expiresAt: clock.now() / 1000 + lifetime }
    const { accessToken, expiresAt } = await refreshed(sessionOf(), auth)
    expect({ accessToken, ...(expiresAt !== undefined && { expiresAt }) }).toEqual({ accessToken: 'a', ...expected })
    issuer.heal()
  })

  it('asks for tokens for an API, where the provider is told so', async () => {
    const resource = 'https://api.example.test/other'
    const bodies: string[] = []
    const { clientId, clientSecret } = issuer
    const by = authenticator({
      providers: [providerOf(issuer, { client: { clientId, clientSecret, resource } })],
      fetch(url, init) {
        if (url === issuer.tokenEndpoint) bodies.push(init.body ?? '')
        return fetch(url, init)
      },
    })
    await refreshed(sessionOf(), by)
    expect(new URLSearchParams(bodies[0]).get('resource')).toBe(resource)
  })

  it.each<[string, () => string]>([
    ['is opaque', () => 'opaque'],
    ['is of an issuer that nobody knows', () => issuer.tokenFor({ claims: { iss: 'https://other.example.test' } })],
    ['is of no issuer', () => issuer.tokenFor({ claims: { iss: undefined } })],
    ['is broken', () => `${issuer.tokenFor()}=`],
    ['is no text', () => ({ toString: 1 }) as never],
    ['is not there', () => undefined as never],
  ])('does not depend on an access token that %s', async (_, accessToken) => {
    await refreshed({ accessToken: accessToken(), refreshToken: issuer.refreshTokenFor() }, auth)
    expect(asked()).toBe(1)
  })

  it('hands on when the user signed in', async () => {
    const signedInAt = now() - 86_400
    expect(await refreshed({ ...sessionOf(), signedInAt }, auth)).toMatchObject({ signedInAt })
    expect(await refreshed(sessionOf(), auth)).not.toHaveProperty('signedInAt')
  })

  it('goes to the provider that the access token is of', async () => {
    const other = await startIssuer()
    const by = authenticator({ providers: [providerOf(other, { name: 'other' }), providerOf(issuer)] })
    expect(await refreshed(sessionOf(), by)).toMatchObject({ provider: issuer.issuer })
    expect(other.requests('token')).toBe(0)
    const opaque = { ...sessionOf(), accessToken: 'opaque' }
    await expect(by.refresh(opaque)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(await refreshed({ ...opaque, provider: 'oidc' }, by)).toMatchObject({ provider: 'oidc' })
  })

  it('goes to the same provider the next time, where several are of one issuer', async () => {
    const client = { clientId: 'another', clientSecret: 'another secret of the issuer' }
    const other = providerOf(issuer, { name: 'other', audience: 'https://other.example.test', client })
    const by = authenticator({ providers: [other, providerOf(issuer)] })
    const opaque = { accessToken: 'opaque', refreshToken: issuer.refreshTokenFor() }
    await expect(by.refresh({ ...opaque, provider: issuer.issuer })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
    const first = await refreshed({ ...opaque, provider: 'oidc' }, by)
    await clock.advance(11)
    expect(await refreshed({ ...first, accessToken: 'opaque' }, by)).toMatchObject({ provider: 'oidc' })
  })

  it('never sends a refresh token to another provider than its own', async () => {
    const other = await startIssuer()
    const own = oidc({ issuer: issuer.issuer, audience: issuer.audience })
    const by = authenticator({ providers: [own, providerOf(other, { name: 'other' })] })
    await expect(by.refresh(sessionOf())).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(await by.validateTokenSet(sessionOf())).toMatchObject({
      outcome: 'rejected',
      error: { code: 'ERR_TOKEN_EXPIRED' },
    })
    expect(other.requests('token')).toBe(0)
  })
})

describe('a token set', () => {
  it('is valid while its access token is', async () => {
    const tokens = sessionOf('alice', { alive: true })
    expect(await auth.validateTokenSet(tokens)).toMatchObject({
      outcome: 'valid',
      tokens,
      auth: { user: { id: 'alice' } },
    })
    expect(asked()).toBe(0)
  })

  it.each<[string, (tokens: TokenSet) => TokenSet | Promise<TokenSet>]>([
    ['has ended', (tokens) => tokens],
    [
      'was signed with a key that is gone',
      async (tokens) => {
        const accessToken = issuer.tokenFor()
        await auth.verify(accessToken)
        const { kid } = issuer.current
        await issuer.rotate()
        issuer.removeKey(kid)
        await letRefresh(auth, clock)
        return { ...tokens, accessToken }
      },
    ],
    ['is an opaque one, which nobody takes', (tokens) => ({ ...tokens, accessToken: 'opaque' })],
    [
      'was revoked, itself alone',
      async (tokens) => {
        const accessToken = issuer.tokenFor()
        await auth.revoke({ token: accessToken })
        return { ...tokens, accessToken }
      },
    ],
  ])('is replaced when its access token %s', async (_, spoil) => {
    const tokens = await spoil(sessionOf())
    const result = await auth.validateTokenSet(tokens)
    expect(result).toMatchObject({ outcome: 'replaced', auth: { user: { id: 'alice' } } })
    if (result.outcome !== 'replaced') return
    expect(result.tokens.refreshToken).not.toBe(tokens.refreshToken)
    await auth.verify(result.tokens.accessToken)
  })

  it('is replaced when its opaque access token is not active any more', async () => {
    const { clientId, clientSecret } = issuer
    const by = authenticator({ providers: [providerOf(issuer, { introspection: { clientId, clientSecret } })] })
    const tokens = { accessToken: issuer.opaqueTokenFor(), refreshToken: issuer.refreshTokenFor() }
    expect(await by.validateTokenSet(tokens)).toMatchObject({ outcome: 'valid' })
    await clock.advance(31)
    issuer.revoke(tokens.accessToken)
    expect(await by.validateTokenSet(tokens)).toMatchObject({ outcome: 'replaced', auth: { user: { id: 'alice' } } })
  })

  it('is replaced also when the new access token is not for this API, and says so', async () => {
    const refreshToken = issuer.refreshTokenFor({ audience: 'https://other.example.test' })
    const result = await auth.validateTokenSet({ ...sessionOf(), refreshToken })
    expect(result).toMatchObject({ outcome: 'replaced', auth: undefined, tokens: { accessToken: expect.any(String) } })
  })

  it.each<[string, () => string, string]>([
    ['another API', () => issuer.tokenFor({ audience: 'https://other.example.test' }), 'ERR_TOKEN_AUDIENCE'],
    [
      'another API, and expired, too',
      () => issuer.tokenFor({ audience: 'https://other.example.test', expiresIn: -3600 }),
      'ERR_TOKEN_AUDIENCE',
    ],
    ['a client, an ID token', () => issuer.idTokenFor(), 'ERR_TOKEN_TYPE'],
    ['nobody, being forged', () => `${issuer.tokenFor().slice(0, -8)}AAAAAAAA`, 'ERR_TOKEN_SIGNATURE'],
  ])('is rejected, and not refreshed, when its access token is for %s', async (_, make, code) => {
    const result = await auth.validateTokenSet({ ...sessionOf(), accessToken: make() })
    expect(result).toMatchObject({ outcome: 'rejected', error: { code } })
    expect(asked()).toBe(0)
  })

  it('is rejected when there is no refresh token, or the issuer says that it is worth nothing', async () => {
    const { accessToken } = sessionOf()
    expect(await auth.validateTokenSet({ accessToken })).toMatchObject({
      outcome: 'rejected',
      error: { code: 'ERR_TOKEN_MISSING' },
    })
    expect(asked()).toBe(0)
    expect(await auth.validateTokenSet({ accessToken, refreshToken: 'unknown' })).toMatchObject({
      outcome: 'rejected',
      error: { code: 'ERR_TOKEN_INACTIVE', status: 401 },
    })
  })

  it.each(faults)('is never rejected when the issuer %s', async (_, fault: AnyFault) => {
    await auth.ready()
    const tokens = sessionOf()
    await breakDown(issuer, 'token', fault)
    const result = await auth.validateTokenSet(tokens)
    expect(result).toMatchObject({ outcome: 'unavailable', error: { status: 503 } })
    if (fault === 'refuse') await issuer.start()
    // Its answer was lost, or it was never asked: the session goes on as far as the issuer is concerned.
    issuer.heal()
    await clock.advance(2)
    expect((await auth.validateTokenSet({ ...tokens, refreshToken: issuer.refreshTokenFor() })).outcome).toBe(
      'replaced',
    )
  })

  it.each([
    ['invalid_request', 400],
    ['invalid_client', 401],
    ['unauthorized_client', 400],
    ['unsupported_grant_type', 400],
    ['invalid_scope', 400],
    ['access_denied', 403],
    ['invalid_target', 400],
    ['invalid_grant_type', 400],
    [undefined, 400],
  ])('is not rejected by the code %s, whatever the text says: invalid_grant alone does', async (error, status) => {
    const body = JSON.stringify({ error, error_description: 'invalid_grant' })
    issuer.fail('token', { status, headers: { 'content-type': 'application/json' }, body })
    const result = await auth.validateTokenSet(sessionOf())
    issuer.heal()
    expect(result).toMatchObject({ outcome: 'unavailable', error: { status: 503 } })
  })

  it('is unavailable when the access token cannot be verified', async () => {
    await issuer.stop()
    const result = await auth.validateTokenSet(sessionOf('alice', { alive: true }))
    expect(result).toMatchObject({ outcome: 'unavailable', error: { code: 'ERR_PROVIDER_UNAVAILABLE' } })
  })
})
