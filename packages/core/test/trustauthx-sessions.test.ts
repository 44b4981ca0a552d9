import type { Fault } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createRequest } from '../src/http.ts'
import { createAuthenticator, type Provider, type ProviderContext } from '../src/index.ts'
import { type TrustAuthXOptions, trustAuthX } from '../src/providers/trustauthx/index.ts'
import { createStage, type Stage } from './support/trustauthx.ts'

let stage: Stage
let tokens: { accessToken: string; refreshToken: string }
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  tokens = stage.emulator.signIn('alice')
  stage.emulator.resetCounts()
})
afterEach(() => {
  stage.emulator.heal()
  stage.emulator.configure({ invalidTokenStatus: 401, rotateRefreshTokens: true })
})

function build(more: Partial<TrustAuthXOptions> = {}, timeout = 5) {
  const provider = stage.provider(more)
  const context: ProviderContext = {
    issuer: provider.issuer,
    clock: stage.clock,
    request: createRequest((url, init) => fetch(url, init), timeout),
    metadata: () => Promise.reject(new Error('there is none')),
  }
  const { refresh, revoke, signIn } = provider as Required<Pick<Provider, 'refresh' | 'revoke' | 'signIn'>>
  const callback = (code: string) => new URL(`https://app.example/callback?code=${code}`)
  return {
    signedIn: (code: string) => signIn.finish({ url: callback(code), state: '', kept: {} }, context),
    edited: (code: string) => signIn.profile?.finish(callback(code), context),
    refresh: (refreshToken: string) => refresh({ refreshToken }, context),
    revoke: (what: Parameters<typeof revoke>[0]) => revoke(what, context),
  }
}

const outages: Fault[] = [
  'reset',
  'hang',
  'hang-body',
  'html',
  'redirect',
  'broken-json',
  'truncate',
  'empty',
  { status: 500 },
  { status: 503, retryAfter: 9 },
  { status: 429, retryAfter: 9 },
  { status: 404 },
  { status: 400, body: '{"detail":"Token Expired - token expired"}' },
]

describe('what a sign-in and the profile editor give', () => {
  it.each([
    ['accessToken', 'ends with the access token', 900],
    ['envelope', 'ends nobody knows when', undefined],
  ] as const)('of an answer whose exp is that of the %s %s', async (expiryOf, _, lifetime) => {
    const { signedIn, edited } = build({ login: true, expiryOf })
    const expiresAt = lifetime && stage.clock.now() / 1000 + lifetime
    const { tokens: first } = await signedIn(stage.emulator.mintUserToken('alice'))
    const second = await edited(stage.emulator.mintReAuthCode('alice'))
    for (const given of [first, second]) {
      expect(stage.emulator.isAlive(given?.accessToken ?? '')).toBe(true)
      expect(stage.emulator.isAlive(given?.refreshToken ?? '')).toBe(true)
      expect(given?.expiresAt).toBe(expiresAt)
    }
  })
})

describe('a code that comes back', () => {
  const code = () => stage.emulator.mintUserToken('alice')

  it.each<[string, Fault, string]>([
    ['it is refused', { status: 401 }, 'ERR_SIGN_IN_REFUSED'],
    ['it is refused, in a word of its own', { status: 202 }, 'ERR_SIGN_IN_REFUSED'],
    ['it is malformed', { status: 422 }, 'ERR_SIGN_IN_REFUSED'],
    ['there is no such path', { status: 404, body: '{"detail":"Not Found"}' }, 'ERR_UPSTREAM_NOT_FOUND'],
    ['there is no such method', { status: 405, body: '{"detail":"Method Not Allowed"}' }, 'ERR_UPSTREAM_INVALID'],
    ['there is a page', 'html', 'ERR_UPSTREAM_UNKNOWN'],
    ['there is a redirect', 'redirect', 'ERR_PROVIDER_UNAVAILABLE'],
    ['the answer is nobody whom we know', { status: 200, body: '"e30.e30.AA"' }, 'ERR_UPSTREAM_UNKNOWN'],
    ['there are too many', { status: 429 }, 'ERR_PROVIDER_UNAVAILABLE'],
    ['there is no answer', 'reset', 'ERR_UPSTREAM_UNKNOWN'],
  ])('where %s is told as it is', async (_, fault, expected) => {
    stage.emulator.fail('getUser', fault)
    await expect(build({ login: true }).signedIn(code())).rejects.toMatchObject({ code: expected })
  })
})

describe('a code with which our own key is refused', () => {
  it.each(['signedIn', 'edited'] as const)('is not refused itself: %s', async (finish) => {
    const { emulator } = stage
    const code = finish === 'signedIn' ? emulator.mintUserToken('alice') : emulator.mintReAuthCode('alice')
    const wrong = { login: true, secretKey: 'b'.repeat(64) } as const
    await expect(build(wrong)[finish](code)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      explanation: expect.stringContaining('refuses our own key'),
    })
    await expect(build({ ...wrong, checkCredentials: false })[finish](code)).rejects.toMatchObject({
      code: 'ERR_SIGN_IN_REFUSED',
    })
    const used = build({ login: true })
    await used[finish](code)
    await expect(used[finish](code)).rejects.toMatchObject({ code: 'ERR_SIGN_IN_REFUSED' })
  })
})

describe('a refresh', () => {
  it('gives two new tokens, and the old refresh token is dead', async () => {
    const outcome = await build().refresh(tokens.refreshToken)
    expect(outcome).toMatchObject({ outcome: 'refreshed' })
    if (outcome.outcome !== 'refreshed') return
    expect(stage.emulator.isAlive(outcome.tokens.accessToken)).toBe(true)
    expect(outcome.tokens.refreshToken).not.toBe(tokens.refreshToken)
    expect(stage.emulator.isAlive(tokens.refreshToken)).toBe(false)
  })

  it.each(['the same refresh token', 'none'])('keeps the refresh token where the answer has %s', async (answer) => {
    stage.emulator.configure({ rotateRefreshTokens: false })
    if (answer === 'none') stage.emulator.fail('refresh', { status: 200, body: '{"access_token":"new"}' })
    const { refreshToken } = tokens
    expect(await build().refresh(refreshToken)).toMatchObject({ outcome: 'refreshed', tokens: { refreshToken } })
  })

  it.each([401, 203])('of a dead token is rejected (%i)', async (invalidTokenStatus) => {
    stage.emulator.configure({ invalidTokenStatus })
    stage.emulator.expire(tokens.refreshToken)
    const outcome = await build().refresh(tokens.refreshToken)
    expect(outcome).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_INACTIVE', status: 401 } })
  })

  it('of an access token is rejected', async () => {
    expect(await build().refresh(tokens.accessToken)).toMatchObject({ outcome: 'rejected' })
  })

  it('without a token is rejected without a call', async () => {
    expect(await build().refresh('')).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_MISSING' } })
    expect(stage.emulator.requests()).toBe(0)
  })

  it.each(outages)('that cannot be answered says nothing about the session: %j', async (fault) => {
    stage.emulator.fail('refresh', fault)
    const outcome = await build({}, 0.2).refresh(tokens.refreshToken)
    expect(outcome).toMatchObject({ outcome: 'unavailable', error: { code: 'ERR_PROVIDER_UNAVAILABLE' } })
    expect(stage.emulator.requests('refresh')).toBe(1)
    expect(stage.emulator.followedRedirects()).toBe(0)
  })

  it('says when to try again', async () => {
    stage.emulator.fail('refresh', { status: 503, retryAfter: 9 })
    expect(await build().refresh(tokens.refreshToken)).toMatchObject({ error: { retryAfter: 9 } })
  })

  it.each(['wrong-types', { status: 200, body: '{"access_token":""}' }, { status: 200, body: '[]' }] as Fault[])(
    'with nonsense for an answer is no refresh: %j',
    async (fault) => {
      stage.emulator.fail('refresh', fault)
      expect(await build().refresh(tokens.refreshToken)).toMatchObject({ outcome: 'unavailable' })
    },
  )

  it('with a key of ours that is refused ends no session', async () => {
    const outcome = await build({ secretKey: 'b'.repeat(64) }).refresh(tokens.refreshToken)
    expect(outcome).toMatchObject({
      outcome: 'unavailable',
      error: { explanation: expect.stringContaining('refuses our own key') },
    })
  })
})

// What the server says to a key that it has blocked is not known: an organization's sessions must not end for it.
describe('a key of ours', () => {
  const blocked = { status: 403, body: '{"detail":"This key is blocked"}' }

  it('that is refused as a banned user is ends no session, and refuses no token', async () => {
    stage.emulator.fail('all', blocked)
    const refused = { explanation: expect.stringContaining('refuses our own key') }
    expect(await build().refresh(tokens.refreshToken)).toMatchObject({ outcome: 'unavailable', error: refused })
    const auth = stage.authenticator({ cacheFor: 0 })
    await expect(auth.verify(tokens.accessToken)).rejects.toMatchObject({ status: 503, ...refused })
    await auth.close()
    expect(await stage.client().validateTokenSet(tokens)).toMatchObject({ outcome: 'unavailable' })
  })

  it('that may not read the roles does not hide that a token is dead', async () => {
    stage.emulator.fail('listRoles', blocked)
    stage.emulator.expire(tokens.accessToken)
    stage.emulator.expire(tokens.refreshToken)
    expect(await build().refresh(tokens.refreshToken)).toMatchObject({ outcome: 'rejected' })
    expect(await stage.client().validateTokenSet(tokens)).toMatchObject({ outcome: 'rejected' })
  })
})

describe('a key of ours that was refused', () => {
  it('still counts as refused while nobody can tell', async () => {
    const { refresh } = build({ secretKey: 'b'.repeat(64) })
    expect(await refresh(tokens.refreshToken)).toMatchObject({ outcome: 'unavailable' })
    stage.emulator.fail('listRoles', { status: 500 })
    await stage.clock.advance(5)
    expect(await refresh(tokens.refreshToken)).toMatchObject({ outcome: 'unavailable' })
  })
})

describe('a revocation', () => {
  it('of an access token leaves the refresh token alive', async () => {
    expect(await build().revoke({ kind: 'accessToken', token: tokens.accessToken })).toBe(true)
    expect(stage.emulator.isAlive(tokens.accessToken)).toBe(false)
    expect(stage.emulator.isAlive(tokens.refreshToken)).toBe(true)
  })

  it('of a refresh token leaves the access token alive', async () => {
    expect(await build().revoke({ kind: 'refreshToken', token: tokens.refreshToken })).toBe(true)
    expect(stage.emulator.isAlive(tokens.refreshToken)).toBe(false)
    expect(stage.emulator.isAlive(tokens.accessToken)).toBe(true)
  })

  it.each(['accessToken', 'refreshToken'] as const)('of all tokens of a user takes the %s', async (which) => {
    const elsewhere = stage.emulator.signIn('alice')
    const other = stage.emulator.signIn('bob')
    expect(await build().revoke({ kind: 'allOfUser', token: tokens[which] })).toBe(true)
    const dead = [tokens.accessToken, tokens.refreshToken, elsewhere.accessToken, elsewhere.refreshToken]
    expect(dead.map((token) => stage.emulator.isAlive(token))).toEqual([false, false, false, false])
    expect(stage.emulator.isAlive(other.accessToken)).toBe(true)
  })

  it('of a token that is dead already is done', async () => {
    stage.emulator.expire(tokens.accessToken)
    expect(await build().revoke({ kind: 'accessToken', token: tokens.accessToken })).toBe(true)
  })

  it('of all tokens by one that is dead is refused', async () => {
    stage.emulator.expire(tokens.accessToken)
    const outcome = build().revoke({ kind: 'allOfUser', token: tokens.accessToken })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    expect(stage.emulator.isAlive(tokens.refreshToken)).toBe(true)
  })

  it.each(outages)('that cannot be answered is an error: %j', async (fault) => {
    stage.emulator.fail('revoke', fault)
    const outcome = build({}, 0.2).revoke({ kind: 'accessToken', token: tokens.accessToken })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })

  it.each(['false', '{"detail":"Not Found"}', '<html>'])('that is answered %s is an error', async (body) => {
    stage.emulator.fail('revoke', { status: 200, body })
    const outcome = build().revoke({ kind: 'accessToken', token: tokens.accessToken })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })

  it('with a key of ours that is refused is an error', async () => {
    const outcome = build({ secretKey: 'b'.repeat(64) }).revoke({ kind: 'accessToken', token: tokens.accessToken })
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })
})

describe('an authenticator', () => {
  it('refreshes once for all, and ends a token here and there', async () => {
    const auth = stage.authenticator()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => auth.refresh(tokens)))
    expect(stage.emulator.requests('refresh')).toBe(1)
    const [first] = outcomes
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1)
    if (first?.outcome !== 'refreshed') throw new Error('it was not refreshed')
    const { accessToken } = first.tokens
    await auth.verify(accessToken)
    await auth.revoke({ token: accessToken })
    expect(stage.emulator.isAlive(accessToken)).toBe(false)
    await expect(auth.verify(accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    await auth.close()
  })

  it('keeps two organizations apart', async () => {
    const other = stage.emulator.addOrganization()
    stage.emulator.addUser({ uid: 'carol', email: 'carol@example.com' }, other)
    const theirs = trustAuthX({ ...other, apiBaseUrl: stage.emulator.url })
    const auth = createAuthenticator({ providers: [stage.provider(), theirs], clock: stage.clock })
    const { accessToken, refreshToken } = stage.emulator.signIn('carol')
    const { user } = await auth.verify(accessToken)
    expect(user).toMatchObject({ id: 'carol', organization: other.orgId, issuer: theirs.issuer })
    await auth.revoke({ token: accessToken })
    expect(stage.emulator.isAlive(accessToken)).toBe(false)
    const refreshed = await auth.refresh({ accessToken, refreshToken, provider: theirs.issuer })
    expect(refreshed).toMatchObject({ outcome: 'refreshed' })
    await auth.close()
  })
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
