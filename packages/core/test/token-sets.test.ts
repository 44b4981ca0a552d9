import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  type AuthenticatorOptions,
  createAuthenticator,
  createRevocationList,
  type RevocationList,
  type RevocationRequest,
  type TokenSet,
} from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { type AnyFault, breakDown, faults, letRefresh } from './support/faults.ts'

let clock: TestClock
let issuer: TestIssuer
let auth: Authenticator
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  clock = createTestClock()
  issuer = await startIssuer()
  auth = authenticator()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startIssuer(): Promise<TestIssuer> {
  const started = await createTestIssuer({ clock })
  closing.push(() => started.close())
  return started
}

function providerOf(of: TestIssuer, more: Partial<OidcOptions> = {}) {
  const { clientId, clientSecret } = of
  return oidc({ issuer: of.issuer, audience: of.audience, client: { clientId, clientSecret }, ...more })
}

function authenticator(options: Partial<AuthenticatorOptions> = {}): Authenticator {
  const made = createAuthenticator({ providers: [providerOf(issuer)], clock, timeout: 3, ...options })
  closing.push(() => made.close())
  return made
}

const now = () => Math.floor(clock.now() / 1000)

/** What an app holds of a session: an access token that has ended, as most have that are refreshed, or one that has not. */
function sessionOf(subject = 'alice', { alive = false, sid }: { alive?: boolean; sid?: string } = {}) {
  const claims = sid === undefined ? {} : { claims: { sid } }
  const age = alive ? 60 : 7200
  const accessToken = issuer.tokenFor({ subject, issuedAt: now() - age, ...claims })
  return { accessToken, refreshToken: issuer.refreshTokenFor({ subject, ...claims }) } satisfies TokenSet
}

async function refreshed(tokens: TokenSet, by = auth): Promise<TokenSet> {
  const outcome = await by.refresh(tokens)
  if (outcome.outcome !== 'refreshed') throw outcome.error
  return outcome.tokens
}

const asked = () => issuer.requests('token')

describe('a refresh', () => {
  it('asks the issuer once for all who ask at once, and for those who are late', async () => {
    const tokens = sessionOf()
    const all = await Promise.all(Array.from({ length: 50 }, () => refreshed({ ...tokens })))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(all[0]?.refreshToken).not.toBe(tokens.refreshToken)
    await clock.advance(9)
    expect((await refreshed(tokens)).refreshToken).toBe(all[0]?.refreshToken)
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
  ])('does not depend on an access token that %s', async (_, accessToken) => {
    await refreshed({ accessToken: accessToken(), refreshToken: issuer.refreshTokenFor() })
    expect(asked()).toBe(1)
  })

  it('hands on when the user signed in', async () => {
    const signedInAt = now() - 86_400
    expect(await refreshed({ ...sessionOf(), signedInAt })).toMatchObject({ signedInAt })
    expect(await refreshed(sessionOf())).not.toHaveProperty('signedInAt')
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
    expect((await auth.validateTokenSet({ ...tokens, refreshToken: issuer.refreshTokenFor() })).outcome).toBe(
      'replaced',
    )
  })

  it('is unavailable when the access token cannot be verified', async () => {
    await issuer.stop()
    const result = await auth.validateTokenSet(sessionOf('alice', { alive: true }))
    expect(result).toMatchObject({ outcome: 'unavailable', error: { code: 'ERR_PROVIDER_UNAVAILABLE' } })
  })
})

describe('a session that has been revoked', () => {
  const sid = 'session-1'

  it.each<[string, RevocationRequest]>([
    ['by its sid', { session: sid }],
    ['with its user', { subject: 'alice', provider: 'oidc' }],
    ['with its provider', { provider: 'oidc' }],
  ])('%s is not refreshed, and the issuer is not asked', async (_, what) => {
    const tokens = sessionOf('alice', { sid })
    await auth.revoke(what)
    await clock.advance(5)
    for (const outcome of [await auth.refresh(tokens), await auth.validateTokenSet(tokens)])
      expect(outcome).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_REVOKED' } })
    expect(asked()).toBe(0)
  })

  it.each<[string, RevocationRequest]>([
    ['by its sid', { session: sid }],
    ['with its user', { subject: 'alice', provider: 'oidc' }],
  ])('%s while it is refreshed gets no new life', async (_, what) => {
    await auth.ready()
    const tokens = sessionOf('alice', { sid })
    issuer.fail('token', { delay: 0.15 })
    const running = auth.validateTokenSet(tokens)
    await clock.advance(0)
    await auth.revoke(what)
    expect(await running).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_REVOKED' } })
  })

  it('gets none by what another request has fetched for it', async () => {
    const tokens = sessionOf()
    await refreshed(tokens)
    await auth.revoke({ subject: 'alice', provider: 'oidc' })
    expect((await auth.refresh(tokens)).outcome).toBe('rejected')
  })

  it('gets none by the access token of somebody else', async () => {
    await auth.revoke({ subject: 'alice', provider: 'oidc' })
    await clock.advance(5)
    const tokens = { ...sessionOf('alice'), accessToken: issuer.tokenFor({ subject: 'bob' }) }
    expect(await auth.refresh(tokens)).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_REVOKED' } })
  })

  it('is known by an access token of 16,384 characters at the most, as those are that are accepted', async () => {
    const longOf = (subject: string, length: number): TokenSet => {
      const token = (note: string) => issuer.tokenFor({ subject, issuedAt: now() - 7200, claims: { note } })
      const about = Math.floor(((length - token('').length) * 3) / 4)
      const accessToken = [-2, -1, 0, 1, 2].map((more) => token('x'.repeat(about + more)))
      return {
        accessToken: accessToken.findLast((one) => one.length <= length) ?? '',
        refreshToken: issuer.refreshTokenFor(),
      }
    }
    await auth.revoke({ subject: 'bob', provider: 'oidc' })
    await clock.advance(5)
    const [longest, longer] = [longOf('bob', 16_384), longOf('bob', 16_387)]
    expect([longest.accessToken.length, longer.accessToken.length > 16_384]).toEqual([16_384, true])
    expect((await auth.refresh(longest)).outcome).toBe('rejected')
    expect((await auth.refresh(longer)).outcome).toBe('refreshed')
  })

  it('leaves those alone that began later', async () => {
    await auth.revoke({ subject: 'alice', provider: 'oidc' })
    await clock.advance(5)
    const accessToken = issuer.tokenFor()
    await clock.advance(7200)
    expect((await auth.refresh({ accessToken, refreshToken: issuer.refreshTokenFor() })).outcome).toBe('refreshed')
    expect((await auth.refresh(sessionOf('bob'))).outcome).toBe('refreshed')
  })

  it('is told from a later one by an access token whose header offers a key, where that is ignored', async () => {
    const by = authenticator({ providers: [providerOf(issuer, { ignoredHeaders: ['x5c'] })] })
    const session = (issuedAt: number): TokenSet => ({
      accessToken: issuer.tokenFor({ issuedAt, header: { x5c: ['MIIB'] } }),
      refreshToken: issuer.refreshTokenFor(),
    })
    await by.revoke({ subject: 'alice', provider: 'oidc' })
    await clock.advance(5)
    expect((await by.refresh(session(now() - 3600))).outcome).toBe('rejected')
    expect((await by.refresh(session(now()))).outcome).toBe('refreshed')
  })

  it('is told from a later one by when the user signed in, where the tokens do not tell', async () => {
    await auth.revoke({ subject: 'alice', provider: 'oidc' })
    await clock.advance(5)
    const opaque = (): TokenSet => ({ accessToken: 'opaque', refreshToken: issuer.refreshTokenFor() })
    expect((await auth.refresh(opaque())).outcome).toBe('rejected')
    expect((await auth.refresh({ ...opaque(), signedInAt: now() - 3600 })).outcome).toBe('rejected')
    expect((await auth.refresh({ ...opaque(), signedInAt: now() })).outcome).toBe('refreshed')
  })

  it('is told from a later one by auth_time', async () => {
    await auth.revoke({ subject: 'alice', provider: 'oidc' })
    await clock.advance(5)
    const signedIn = (authTime: number): TokenSet => ({
      accessToken: 'opaque',
      refreshToken: issuer.refreshTokenFor({ claims: { auth_time: authTime } }),
    })
    expect((await auth.refresh(signedIn(now() - 3600))).outcome).toBe('rejected')
    expect((await auth.refresh(signedIn(now()))).outcome).toBe('refreshed')
  })

  it('is not refreshed when nobody knows whether it has been', async () => {
    const revocations: RevocationList = {
      ...createRevocationList({ clock }),
      isRevoked() {
        throw new AuthError('ERR_REVOCATION_UNAVAILABLE')
      },
    }
    const by = authenticator({ revocations })
    expect(await by.refresh(sessionOf())).toMatchObject({
      outcome: 'unavailable',
      error: { code: 'ERR_REVOCATION_UNAVAILABLE' },
    })
    expect(asked()).toBe(0)
  })

  it('is not refreshed when its old access token cannot be read, and something is revoked', async () => {
    issuer.fail('jwks', { status: 503 })
    expect((await auth.refresh(sessionOf())).outcome).toBe('refreshed')
    const by = authenticator()
    await by.revoke({ session: 'another' })
    expect(await by.refresh(sessionOf())).toMatchObject({
      outcome: 'unavailable',
      error: { code: 'ERR_PROVIDER_UNAVAILABLE' },
    })
  })
})

describe('a session that the issuer has ended', () => {
  const refusal = (token: string, by = auth) =>
    by.verify(token).then(
      () => 'accepted',
      ({ code }) => code,
    )

  it('ends here too: its access token, which would live on, is refused everywhere that the list reaches', async () => {
    const revocations = createRevocationList({ clock })
    const [one, other] = [authenticator({ revocations }), authenticator({ revocations })]
    const { accessToken } = sessionOf('alice', { alive: true })
    expect(await refusal(accessToken, other)).toBe('accepted')
    await one.refresh({ accessToken, refreshToken: 'unknown' })
    expect(await refusal(accessToken, one)).toBe('ERR_TOKEN_REVOKED')
    expect(await refusal(accessToken, other)).toBe('ERR_TOKEN_REVOKED')
    expect(await refusal(issuer.tokenFor(), other)).toBe('accepted')
  })

  it('ends with all tokens of its sid', async () => {
    const { accessToken } = sessionOf('alice', { alive: true, sid: 'session-1' })
    const sibling = issuer.tokenFor({ claims: { sid: 'session-1' } })
    await auth.refresh({ accessToken, refreshToken: 'unknown' })
    expect(await refusal(sibling)).toBe('ERR_TOKEN_REVOKED')
    expect(await refusal(issuer.tokenFor({ claims: { sid: 'session-2' } }))).toBe('accepted')
  })

  it('ends for as long as any token of its sid may be accepted', async () => {
    const one = authenticator({ maxTokenLifetime: 7200, clockTolerance: 120 })
    const { accessToken } = sessionOf('alice', { alive: true, sid: 'session-1' })
    const sibling = issuer.tokenFor({ expiresIn: 7320, claims: { sid: 'session-1' } })
    await one.refresh({ accessToken, refreshToken: 'unknown' })
    await clock.advance(7439)
    expect(await refusal(sibling, one)).toBe('ERR_TOKEN_REVOKED')
  })

  it('ends once, however many ask', async () => {
    const list = createRevocationList({ clock })
    let added = 0
    const by = authenticator({
      revocations: {
        ...list,
        get size() {
          return list.size
        },
        add(revocation) {
          added += 1
          return list.add(revocation)
        },
      },
    })
    const tokens = { ...sessionOf('alice', { alive: true }), refreshToken: 'unknown' }
    await Promise.all(Array.from({ length: 20 }, () => by.refresh(tokens)))
    await clock.advance(11)
    await by.refresh(tokens)
    expect(added).toBe(1)
  })

  it('does not end because there is no refresh token', async () => {
    const { accessToken } = sessionOf('alice', { alive: true })
    expect((await auth.refresh({ accessToken })).outcome).toBe('rejected')
    expect(await refusal(accessToken)).toBe('accepted')
  })

  it('is not said to have ended before it has, everywhere', async () => {
    const list = createRevocationList({ clock })
    let fails = true
    const add: RevocationList['add'] = (revocation) =>
      fails ? Promise.reject(new AuthError('ERR_REVOCATION_UNAVAILABLE')) : list.add(revocation)
    const by = authenticator({ revocations: { ...list, add } })
    const tokens = { ...sessionOf('alice', { alive: true }), refreshToken: 'unknown' }
    expect(await by.refresh(tokens)).toMatchObject({
      outcome: 'unavailable',
      error: { code: 'ERR_REVOCATION_UNAVAILABLE' },
    })
    fails = false
    expect((await by.refresh(tokens)).outcome).toBe('rejected')
    expect(await refusal(tokens.accessToken, by)).toBe('ERR_TOKEN_REVOKED')
  })
})
