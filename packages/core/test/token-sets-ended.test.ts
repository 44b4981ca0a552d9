import type { TestClock, TestIssuer } from '@claviger/testing'
import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  createRevocationList,
  type RevocationList,
  type RevocationRequest,
  type TokenSet,
} from '../src/index.ts'
import { refreshed, stageTokenSets } from './support/token-sets.ts'

const { begin, providerOf, authenticator, now, sessionOf, asked } = stageTokenSets()
let clock: TestClock
let issuer: TestIssuer
let auth: Authenticator

beforeEach(async () => {
  ;({ clock, issuer, auth } = await begin())
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
    await refreshed(tokens, auth)
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
    // Its last access token may be of a process that had not heard of it.
    const accessToken = issuer.tokenFor()
    expect((await auth.refresh({ ...signedIn(now() - 3600), accessToken })).outcome).toBe('rejected')
    expect((await auth.refresh({ ...signedIn(now()), accessToken })).outcome).toBe('refreshed')
  })

  it('hands new tokens on also when nobody knows any more whether it has been: the old ones are used up', async () => {
    let calls = 0
    const revocations: RevocationList = {
      ...createRevocationList({ clock }),
      isRevoked() {
        calls += 1
        if (calls > 1) throw new AuthError('ERR_REVOCATION_UNAVAILABLE')
        return false
      },
    }
    const by = authenticator({ revocations })
    expect(await by.refresh(sessionOf())).toMatchObject({ outcome: 'refreshed' })
    calls = 0
    // Whether the first of them is good, is told when it is used.
    const tokens = { ...sessionOf(), accessToken: 'opaque' }
    expect(await by.validateTokenSet(tokens)).toMatchObject({ outcome: 'replaced', auth: undefined })
    expect([calls, asked()]).toEqual([2, 2])
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
    const sibling = issuer.tokenFor({ issuedAt: now() - 6, claims: { sid: 'session-1' } })
    await auth.refresh({ accessToken, refreshToken: 'unknown' })
    expect(await refusal(sibling)).toBe('ERR_TOKEN_REVOKED')
    expect(await refusal(issuer.tokenFor({ claims: { sid: 'session-2' } }))).toBe('accepted')
  })

  it('ends for as long as each token of its sid may be accepted', async () => {
    const one = authenticator({ maxTokenLifetime: 7200, clockTolerance: 120 })
    const { accessToken } = sessionOf('alice', { alive: true, sid: 'session-1' })
    const sibling = issuer.tokenFor({ issuedAt: now() - 121, expiresIn: 7320, claims: { sid: 'session-1' } })
    await one.refresh({ accessToken, refreshToken: 'unknown' })
    await clock.advance(7318)
    expect(await refusal(sibling, one)).toBe('ERR_TOKEN_REVOKED')
  })

  it('leaves its sid to whoever signs in anew, at a server that keeps it, and may be behind', async () => {
    const old = sessionOf('alice', { alive: true, sid: 'session-1' })
    const sibling = issuer.tokenFor({ issuedAt: now() - 6, claims: { sid: 'session-1' } })
    await auth.refresh({ ...old, refreshToken: 'unknown' })
    // A server tells with each token when its user proved who it is, which may have been days ago.
    const claims = { sid: 'session-1', auth_time: now() - 7200 }
    const accessToken = issuer.tokenFor({ issuedAt: now() - 5, claims })
    expect([await refusal(sibling), await refusal(accessToken)]).toEqual(['ERR_TOKEN_REVOKED', 'accepted'])
    await auth.revoke({ session: 'another' })
    const next = await refreshed({ accessToken, refreshToken: issuer.refreshTokenFor({ claims }) }, auth)
    expect(await refusal(next.accessToken)).toBe('accepted')
    expect(await auth.refresh(old)).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_REVOKED' } })
  })

  it('ends with its token, however new that is', async () => {
    const accessToken = issuer.tokenFor({ issuedAt: now() - 1, claims: { sid: 'session-1' } })
    await auth.refresh({ accessToken, refreshToken: 'unknown' })
    expect(await refusal(accessToken)).toBe('ERR_TOKEN_REVOKED')
    expect(await refusal(issuer.tokenFor({ claims: { sid: 'session-1' } }))).toBe('accepted')
  })

  it('ends with its token alone where that does not tell when it was issued', async () => {
    const one = authenticator({ providers: [providerOf(issuer, { requiredClaims: ['sub'] })] })
    const claims = { sid: 'session-1', iat: undefined }
    const [accessToken, sibling] = ['one', 'other'].map((jti) => issuer.tokenFor({ claims: { ...claims, jti } }))
    await one.refresh({ accessToken: accessToken as string, refreshToken: 'unknown' })
    expect(await refusal(accessToken as string, one)).toBe('ERR_TOKEN_REVOKED')
    expect(await refusal(sibling as string, one)).toBe('accepted')
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

  it('does not end by being refreshed before its access token does', async () => {
    const tokens = sessionOf('alice', { alive: true, sid: 'session-1' })
    const fresh = await refreshed(tokens, auth)
    expect([await refusal(tokens.accessToken), await refusal(fresh.accessToken)]).toEqual(['accepted', 'accepted'])
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
