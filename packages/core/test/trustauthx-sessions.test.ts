import type { Fault } from '@claviger/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createRequest } from '../src/http.ts'
import { createAuthenticator, type Provider, type ProviderContext } from '../src/index.ts'
import { type TrustAuthXOptions, trustAuthX } from '../src/providers/trustauthx/index.ts'
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
