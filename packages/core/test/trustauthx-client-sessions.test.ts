import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createStage, outages, type Stage, signInAnew, type Tokens } from './support/trustauthx.ts'

let stage: Stage
let tokens: Tokens
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  tokens = signInAnew(stage)
})

describe("the client's revokeToken", () => {
  it('ends one token, or all', async () => {
    const client = stage.client()
    await client.revokeToken({ accessToken: tokens.accessToken })
    expect(stage.emulator.isAlive(tokens.refreshToken)).toBe(true)
    await client.revokeToken({ refreshToken: tokens.refreshToken, all: true })
    expect(stage.emulator.isAlive(tokens.refreshToken)).toBe(false)
  })

  it.each([{}, { accessToken: 'a', refreshToken: 'b' }, { accessToken: '' }])('refuses %j', async (what) => {
    const outcome = stage.client().revokeToken(what as never)
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(stage.emulator.requests()).toBe(0)
  })

  it.each([401, 203])('tells of a token that is dead (%i)', async (invalidTokenStatus) => {
    stage.emulator.configure({ invalidTokenStatus })
    stage.emulator.expire(tokens.accessToken)
    const outcome = stage.client().revokeToken({ accessToken: tokens.accessToken })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
  })

  it('does not know what came of an answer that says nothing', async () => {
    for (const body of ['false', '', '<html>', '{"detail":"Not Found"}']) {
      stage.emulator.fail('revoke', { status: 200, body })
      const outcome = stage.client().revokeToken({ accessToken: tokens.accessToken })
      await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    }
  })
})

describe('validateTokenSet', () => {
  it('is valid with the tokens that were given', async () => {
    expect(await stage.client().validateTokenSet(tokens)).toEqual({ outcome: 'valid', tokens })
    expect(stage.emulator.requests('refresh')).toBe(0)
  })

  it.each([401, 203])('replaces both when the access token is dead (%i)', async (invalidTokenStatus) => {
    stage.emulator.configure({ invalidTokenStatus })
    stage.emulator.expire(tokens.accessToken)
    const check = await stage.client().validateTokenSet(tokens)
    expect(check).toMatchObject({ outcome: 'replaced' })
    if (check.outcome !== 'replaced') return
    expect(stage.emulator.isAlive(check.tokens.accessToken) && stage.emulator.isAlive(check.tokens.refreshToken)).toBe(
      true,
    )
  })

  it.each([401, 203])('rejects when both are dead (%i)', async (invalidTokenStatus) => {
    stage.emulator.configure({ invalidTokenStatus })
    for (const token of [tokens.accessToken, tokens.refreshToken]) stage.emulator.revoke(token)
    const check = await stage.client().validateTokenSet(tokens)
    expect(check).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_INACTIVE', status: 401 } })
  })

  it.each([
    ['empty', ''],
    ['endless', 'a'.repeat(8193)],
    ['missing', undefined],
  ])('takes tokens that are %s for dead ones, without a call', async (_, token) => {
    const client = stage.client()
    const accessToken = token as string
    expect(await client.validateAccessToken(accessToken)).toBe(false)
    const nothing = { accessToken, ...(token !== undefined && { refreshToken: token }) }
    expect(await client.validateTokenSet(nothing)).toMatchObject({ outcome: 'rejected' })
    expect(stage.emulator.requests()).toBe(0)
    const { refreshToken } = tokens
    expect(await client.validateTokenSet({ accessToken, refreshToken })).toMatchObject({ outcome: 'replaced' })
  })

  it('rejects when there is nothing to refresh with', async () => {
    stage.emulator.expire(tokens.accessToken)
    const { accessToken } = tokens
    expect(await stage.client().validateTokenSet({ accessToken })).toMatchObject({ outcome: 'rejected' })
  })

  const cases = (['validate', 'refresh'] as const).flatMap((endpoint) =>
    outages.map((fault) => [endpoint, fault] as const),
  )
  it.each(cases)('never takes an outage for a rejection: %s, %j', async (endpoint, fault) => {
    stage.emulator.expire(tokens.accessToken)
    stage.emulator.fail(endpoint, fault)
    expect(await stage.client({ timeout: 0.2 }).validateTokenSet(tokens)).toMatchObject({ outcome: 'unavailable' })
  })

  it('never takes a refusal of our own key for a rejection', async () => {
    const check = await stage.client({ secretKey: 'b'.repeat(64) }).validateTokenSet(tokens)
    expect(check).toMatchObject({ outcome: 'unavailable', error: { code: 'ERR_UPSTREAM_UNAUTHORIZED' } })
    const trusting = stage.client({ secretKey: 'b'.repeat(64), checkCredentials: false })
    expect(await trusting.validateTokenSet(tokens)).toMatchObject({ outcome: 'rejected' })
  })

  it('refreshes once for fifty at the same time, who all get the same', async () => {
    const client = stage.client()
    stage.emulator.expire(tokens.accessToken)
    const checks = await Promise.all(Array.from({ length: 50 }, () => client.validateTokenSet(tokens)))
    expect(new Set(checks.map((check) => check.outcome === 'replaced' && check.tokens.accessToken)).size).toBe(1)
    expect(checks[0]?.outcome).toBe('replaced')
    expect(stage.emulator.requests('refresh')).toBe(1)
    expect(await client.validateTokenSet(tokens)).toEqual(checks[0])
    await stage.clock.advance(11)
    expect(await client.validateTokenSet(tokens)).toMatchObject({ outcome: 'rejected' })
  })

  it('is not spoiled for others by one who gives up', async () => {
    const client = stage.client()
    stage.emulator.fail('refresh', { delay: 0.1 }, { times: 1 })
    const leaver = new AbortController()
    const left = client.getAccessTokenFromRefreshToken(tokens.refreshToken, { signal: leaver.signal })
    const stayed = client.getAccessTokenFromRefreshToken(tokens.refreshToken)
    leaver.abort(new Error('gave up'))
    await expect(left).rejects.toThrow('gave up')
    await expect(stayed).resolves.toMatchObject({ accessToken: expect.any(String) })
    expect(stage.emulator.requests('refresh')).toBe(1)
  })

  it('throws what a signal says', async () => {
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(stage.client().validateTokenSet(tokens, { signal })).rejects.toThrow('stop')
  })
})

describe('getUserData', () => {
  it('tells whose a token is, and refuses that of another', async () => {
    const client = stage.client()
    const { editor } = stage.emulator.roles()
    expect(await client.getUserData(tokens.accessToken, { uid: 'alice' })).toMatchObject({
      uid: 'alice',
      email: 'alice@example.com',
      roleIds: [editor?.id],
    })
    const outcome = client.getUserData(tokens.accessToken, { uid: 'bob' })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
  })

  it.each([
    ['accessToken', 'ERR_TOKEN_EXPIRED'],
    ['envelope', 'ERR_PROVIDER_UNAVAILABLE'],
  ] as const)('of an answer whose exp, that of the %s, is past is %s', async (expiryOf, code) => {
    stage.emulator.fail('getUserData', await stage.answerWith({ exp: stage.seconds() - 30 }))
    await expect(stage.client({ expiryOf }).getUserData(tokens.accessToken)).rejects.toMatchObject({ code })
  })

  it('does not speak of roles where the answer does not', async () => {
    stage.emulator.configure({ scopeInUserData: false })
    expect(await stage.client().getUserData(tokens.accessToken)).not.toHaveProperty('roleIds')
    stage.emulator.configure({ scopeInUserData: true })
  })
})

describe('a session of the client', () => {
  it.each([
    ['accessToken', 900],
    ['envelope', undefined],
  ] as const)('of an answer whose exp is that of the %s', async (expiryOf, lifetime) => {
    const client = stage.client({ expiryOf })
    const ending = lifetime && Math.floor(stage.clock.now() / 1000) + lifetime
    const { tokens: given } = await client.getUser(stage.emulator.mintUserToken('alice'))
    expect(given.expiresAt).toBe(ending)
    const { tokens: again } = await client.reAuth(stage.emulator.mintReAuthCode('alice'))
    expect(again.expiresAt).toBe(ending)
  })
})
