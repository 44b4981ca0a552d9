import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Claims } from '../src/index.ts'
import type { TrustAuthXOptions } from '../src/providers/trustauthx/index.ts'
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

describe('what nobody has documented can be set', () => {
  it('an exp that is the end of the envelope', async () => {
    const auth = stage.authenticator({ expiryOf: 'envelope', cacheFor: 0 })
    const { accessToken } = stage.emulator.signIn('bob')
    const now = stage.seconds()
    stage.emulator.fail('getUserData', await stage.answerWith({ exp: now + 30 }))
    expect((await auth.verify(accessToken)).expiresAt).toBeCloseTo(now + 30 * 86_400, 0)
    stage.emulator.fail('getUserData', await stage.answerWith({ exp: now - 30 }))
    expect(await verdictOf(auth.verify(accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    await auth.close()
  })

  it('an exp that is past is the end of the access token otherwise', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('getUserData', await stage.answerWith({ exp: stage.seconds() - 30 }))
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_EXPIRED')
    await auth.close()
  })

  it('a user revoked at once is refused until the time is up, or by issue time where lifetimes are known', async () => {
    for (const [more, afterwards] of [
      [{}, '401 ERR_TOKEN_REVOKED'],
      [{ accessTokenLifetime: 900 }, 'accepted'],
    ] as [Partial<TrustAuthXOptions>, string][]) {
      const auth = stage.authenticator({ ...more, cacheFor: 0 })
      const { accessToken } = stage.emulator.signIn('bob')
      await auth.verify(accessToken)
      await auth.revoke({ subject: 'bob', provider: 'trustauthx' })
      expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_REVOKED')
      await stage.clock.advance(10)
      expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_REVOKED')
      expect(await verdictOf(auth.verify(stage.emulator.signIn('bob').accessToken))).toBe(afterwards)
      await auth.close()
    }
  })

  it('which statuses refuse a token', async () => {
    const auth = stage.authenticator({ refusedStatuses: [418] })
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.revoke(accessToken)
    expect(await verdictOf(auth.verify(accessToken))).toBe('503 ERR_PROVIDER_UNAVAILABLE')
    stage.emulator.configure({ invalidTokenStatus: 418 })
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    stage.emulator.configure({ invalidTokenStatus: 401 })
    await auth.close()
  })

  it.each<[string, string]>([
    ['{"valid":true}', 'accepted'],
    ['{"valid":false}', '401 ERR_TOKEN_INACTIVE'],
    ['{"valid":"yes"}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['{}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['null', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['true', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['<html>', '503 ERR_PROVIDER_UNAVAILABLE'],
  ])('what says that a token is valid: 200 and %s, %s', async (body, verdict) => {
    // Fails at `null`.
    const validityOf = (said: unknown) => (said as { valid: boolean }).valid
    const auth = stage.authenticator({ validityOf })
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.fail('validate', { status: 200, body })
    expect(await verdictOf(auth.verify(accessToken))).toBe(verdict)
    await auth.close()
    stage.emulator.fail('validate', { status: 200, body })
    const asked = stage.client({ validityOf }).validateAccessToken(accessToken)
    if (verdict.startsWith('503')) expect(await verdictOf(asked)).toBe(verdict)
    else expect(await asked).toBe(verdict === 'accepted')
  })

  it('where roles are, when get_user_data does not tell', async () => {
    stage.emulator.configure({ scopeInUserData: false })
    const { accessToken } = stage.emulator.signIn('alice')
    const { viewer } = stage.emulator.roles()
    const silent = stage.authenticator()
    const rolesOf = async ({ uid }: Claims) => (uid === 'alice' && viewer !== undefined ? [viewer.id] : [])
    const told = stage.authenticator({ rolesOf })
    expect((await silent.verify(accessToken)).user.roles).toEqual([])
    expect((await told.verify(accessToken)).user.permissions).toEqual(['machine:read'])
    stage.emulator.configure({ scopeInUserData: true })
    await Promise.all([silent.close(), told.close()])
  })

  it('who a token belongs to, from the sessions of the app', async () => {
    const { accessToken } = stage.emulator.signIn('alice')
    const { editor } = stage.emulator.roles()
    const identityOf = (token: string) =>
      token === accessToken ? { uid: 'alice', email: 'alice@example.com', roleIds: [editor?.id ?? ''] } : undefined
    const auth = stage.authenticator({ identityOf })
    const { user } = await auth.verify(accessToken)
    expect(user).toMatchObject({ id: 'alice', permissions: ['machine:delete', 'machine:start'] })
    expect(stage.emulator.requests('getUserData')).toBe(0)
    await auth.verify(stage.emulator.signIn('bob').accessToken)
    expect(stage.emulator.requests('getUserData')).toBe(1)
    stage.emulator.revoke(accessToken)
    await stage.clock.advance(6)
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it.each(['rolesOf', 'identityOf'] as const)('and %s that fails is an outage', async (option) => {
    const auth = stage.authenticator({ [option]: () => Promise.reject(new Error('the database is down')) })
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe(
      '503 ERR_PROVIDER_UNAVAILABLE',
    )
    await auth.close()
  })

  it('what else a token must be', async () => {
    const auth = stage.authenticator({ validate: ({ email }) => (email === 'bob@example.com' ? 'not Bob' : undefined) })
    expect(await verdictOf(auth.verify(stage.emulator.signIn('bob').accessToken))).toBe('401 ERR_TOKEN_REFUSED')
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('accepted')
    await auth.close()
  })
})

describe('trustAuthX() refuses', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a missing key', { apiKey: undefined }, /apiKey: is missing/],
    ['an empty secret', { secretKey: '' }, /secretKey: must not be empty/],
    ['a placeholder', { orgId: 'your_org_id' }, /orgId: is a placeholder/],
    ['white space', { secretKey: ' s3cr3t' }, /secretKey: must not begin or end/],
    ['http elsewhere', { apiBaseUrl: 'http://api.trustauthx.com' }, /apiBaseUrl: must be an https URL/],
    ['a query', { apiBaseUrl: 'https://api.trustauthx.com?x=1' }, /apiBaseUrl: must have no query/],
    ['another scheme', { apiBaseUrl: 'ftp://127.0.0.1' }, /apiBaseUrl/],
    ['an unknown name', { api_key: 'k' }, /unknown option api_key, did you mean apiKey\?/],
    ['a long memory', { cacheFor: 301 }, /cacheFor: must be at most 300 s/],
    ['roles that never age', { roles: { maxAge: 86_400 } }, /roles.maxAge: must be at most 3600 s/],
    ['200 as a refusal', { refusedStatuses: [200] }, /refusedStatuses/],
    ['an outage as a refusal', { refusedStatuses: [503] }, /refusedStatuses/],
  ])('%s', (_, options, message) => {
    const build = () => stage.provider(options as Partial<TrustAuthXOptions>)
    expect(build).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringMatching(message) }),
    )
  })
})
