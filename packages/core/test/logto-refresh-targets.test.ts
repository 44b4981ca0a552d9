import { createTestClock, type LogtoEmulator, type TestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createClient } from 'redis'
import { AuthError, unavailable } from '../src/errors.ts'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator, type TokenSet } from '../src/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import { createRedisRefreshes } from '../src/redis/index.ts'
import { createRefreshOnce } from '../src/refresh.ts'
import type { Route } from '../src/route.ts'
import type { Refresh } from '../src/token-set.ts'
import { createTenants, orders } from './support/logto-tenant.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { refreshed } from './support/token-sets.ts'

const tenants = createTenants()
const closing: (() => Promise<unknown>)[] = []
let clock: TestClock
let emulator: LogtoEmulator
/** The refresh tokens that Logto was shown, and how many at once at the most. */
let shown: string[] = []
let most = 0

beforeEach(async () => {
  clock = createTestClock()
  emulator = await tenants.start({
    clock,
    organizations: ['acme', 'bakery', 'circus'].map((id) => ({ id, name: id })),
    users: [{ id: 'alice', organizations: { acme: ['org-admin'], bakery: ['org-admin'], circus: ['org-admin'] } }],
  })
  shown = []
  most = 0
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await tenants.close()
})

/** One process. A public client's refresh token is another after each use, one of a web app stays. */
function authenticator(clientId: 'spa' | 'web' = 'spa', more: Partial<AuthenticatorOptions> = {}): Authenticator {
  let running = 0
  const client = { clientId, ...(clientId === 'web' && { clientSecret: 'web-secret' }) }
  const auth = createAuthenticator({
    providers: [logto({ endpoint: emulator.endpoint, audience: orders, organizations: true, client })],
    clock,
    async fetch(url, init) {
      if (!String(url).endsWith('/token')) return fetch(url, init as RequestInit)
      shown.push(new URLSearchParams(String(init.body)).get('refresh_token') ?? '')
      running += 1
      most = Math.max(most, running)
      try {
        return await fetch(url, init as RequestInit)
      } finally {
        running -= 1
      }
    },
    ...more,
  })
  closing.push(() => auth.close())
  return auth
}

/** What an app holds of alice's sign-in, once for each organization. */
async function sessions(app: 'spa' | 'web' = 'spa') {
  const { refreshToken = '' } = await emulator.signIn('alice', { app })
  const of = async (organization?: string): Promise<TokenSet & { refreshToken: string }> => {
    const target = organization === undefined ? {} : { organization }
    return { accessToken: await emulator.tokenFor('alice', { app, resource: orders, ...target }), refreshToken }
  }
  return { none: await of(), acme: await of('acme'), bakery: await of('bakery'), circus: await of('circus') }
}

const organizationOf = ({ accessToken }: TokenSet) => decodeJwt(accessToken).organization_id

describe('a refresh token of several organizations', () => {
  it.each(['spa', 'web'] as const)('gives each its own tokens, at once and one after the other (%s)', async (app) => {
    const auth = authenticator(app)
    const { none, acme, bakery } = await sessions(app)
    const all = await Promise.all([none, acme, bakery, acme, none].map((one) => refreshed({ ...one }, auth)))
    expect(all.map(organizationOf)).toEqual([undefined, 'acme', 'bakery', 'acme', undefined])
    expect(all[1]?.accessToken).toBe(all[3]?.accessToken)
    expect([shown.length, most]).toEqual([3, 1])
    // One that was replaced is not shown again.
    expect(new Set(shown).size).toBe(app === 'spa' ? 3 : 1)
    for (const tokens of all) expect(tokens).not.toHaveProperty('askedFor')
    // Long after Logto has stopped to forgive a second use.
    const good = all.map(({ refreshToken = '' }) => refreshToken).filter((one) => app === 'web' || !shown.includes(one))
    await clock.advance(3600)
    expect(organizationOf(await refreshed({ ...bakery, refreshToken: good[0] ?? '' }, auth))).toBe('bakery')
  })

  it('is the last one for all who asked together, in whatever order they store it', async () => {
    let calls = 0
    const once = onceWith(async ({ accessToken }) => {
      calls += 1
      return { outcome: 'refreshed', tokens: { accessToken, refreshToken: `replaced ${calls} times` } }
    })
    const all = await Promise.all(['a', 'b', 'a', 'c'].map(once))
    const refreshToken = 'replaced 3 times'
    const tokens = ['a', 'b', 'a', 'c'].map((accessToken) => ({
      accessToken,
      refreshToken,
      provider: 'https://p.test',
    }))
    expect(all).toEqual(tokens.map((one) => ({ outcome: 'refreshed', tokens: one })))
  })

  it('gives it also to one who comes late with the old refresh token', async () => {
    const auth = authenticator()
    const { acme, bakery, circus } = await sessions()
    const first = await refreshed(acme, auth)
    await clock.advance(5)
    const second = await refreshed(bakery, auth)
    await clock.advance(4)
    const third = await refreshed(circus, auth)
    expect([first, second, third].map(organizationOf)).toEqual(['acme', 'bakery', 'circus'])
    expect(shown).toEqual([acme.refreshToken, first.refreshToken, second.refreshToken])
    // The same tokens as before, with the refresh token that is good now.
    const late = await refreshed(acme, auth)
    expect(late).toEqual({ ...first, refreshToken: third.refreshToken })
    expect(shown).toHaveLength(3)
  })

  it('is over for all of them when Logto says so, which is asked once', async () => {
    const auth = authenticator()
    const { none, acme, bakery } = await sessions()
    for (const { accessToken } of [none, acme, bakery]) await auth.verify(accessToken)
    await emulator.suspend('alice')
    const all = await Promise.all([acme, bakery, acme].map((one) => auth.refresh({ ...one })))
    expect(all.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(shown).toHaveLength(1)
    // And what was left of each session.
    for (const { accessToken } of [acme, bakery])
      await expect(auth.verify(accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    expect((await auth.refresh(bakery)).outcome).toBe('rejected')
    // Also of one that comes when it has been said.
    expect((await auth.refresh(none)).outcome).toBe('rejected')
    await expect(auth.verify(none.accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    expect(shown).toHaveLength(1)
  })

  it('is none of the others’ concern where one is refused', async () => {
    const auth = authenticator()
    const { acme, bakery } = await sessions()
    emulator.removeMembership('alice', 'acme')
    const all = await Promise.all([acme, bakery].map((one) => auth.refresh(one)))
    expect(all.map(({ outcome }) => outcome)).toEqual(['unavailable', 'refreshed'])
    expect([shown.length, most]).toEqual([2, 1])
  })

  it('is asked for twice at the most in an outage, however many wait', async () => {
    const outage = unavailable('it is down')
    const asked: string[] = []
    const once = onceWith(async ({ accessToken }) => {
      asked.push(accessToken)
      return { outcome: 'unavailable', error: outage }
    })
    const all = await Promise.all(['a', 'b', 'c', 'd', 'a'].map(once))
    expect(all).toEqual(Array(5).fill({ outcome: 'unavailable', error: outage }))
    expect(asked).toEqual(['a', 'b'])
    await once('c')
    expect(asked).toEqual(['a', 'b', 'c'])
  })

  it('is none where there is none: what is rejected for one ends no other', async () => {
    const ended: string[] = []
    const error = new AuthError('ERR_TOKEN_MISSING')
    const once = onceWith(async () => ({ outcome: 'rejected', error }), { refreshToken: '', ended })
    expect(await Promise.all(['a', 'b'].map(once))).toEqual(Array(2).fill({ outcome: 'rejected', error }))
    expect(ended).toEqual([])
  })

  it('does not go round for ever with a provider that gives the old one back', async () => {
    let calls = 0
    const once = onceWith(async ({ accessToken, refreshToken }) => {
      calls += 1
      return { outcome: 'refreshed', tokens: { accessToken, refreshToken: refreshToken === 'one' ? 'two' : 'one' } }
    })
    const all = await Promise.all(['a', 'b', 'c'].map(once))
    expect(all.map(({ outcome }) => outcome)).toEqual(['refreshed', 'refreshed', 'unavailable'])
    expect(calls).toBe(2)
  })
})

it('a provider that fails to name what a refresh is for ends no session, and nothing is thrown', async () => {
  let calls = 0
  const refresh: Refresh = async () => {
    calls += 1
    return { outcome: 'unavailable', error: unavailable('nobody is asked') }
  }
  const refreshTarget = (): string => {
    throw new Error('broken')
  }
  const provider = { name: 'p', issuer: 'https://p.test', refresh, refreshTarget }
  const once = createRefreshOnce({ clock, exchange: undefined, onRejected: async () => {} })
  const outcome = await once({ provider } as unknown as Route, { accessToken: 'a', refreshToken: 'one' })
  expect(outcome).toMatchObject({
    outcome: 'unavailable',
    error: { explanation: 'p: the refresh failed', status: 503 },
  })
  expect(calls).toBe(0)
})

/** Refreshes one refresh token, for what each access token names. */
function onceWith(
  refresh: (tokens: TokenSet) => ReturnType<Refresh>,
  { refreshToken = 'one', ended = [] }: { refreshToken?: string; ended?: string[] } = {},
) {
  const provider = { name: 'p', issuer: 'https://p.test', refresh, refreshTarget: (one: TokenSet) => one.accessToken }
  const once = createRefreshOnce({
    clock,
    exchange: undefined,
    onRejected: async (_, { accessToken }) => void ended.push(accessToken),
  })
  return (accessToken: string) => once({ provider } as unknown as Route, { accessToken, refreshToken })
}

describeWithRedis('a refresh token of several organizations, across processes', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.close())

  function processOf(app: 'spa' | 'web' = 'spa'): Authenticator {
    const keys = 'a secret of the tests with 32 bytes or more'
    return authenticator(app, { refreshes: createRedisRefreshes({ client: createClient({ url: redis.url }), keys }) })
  }

  it.each(['spa', 'web'] as const)('gives each its own tokens, once (%s)', async (app) => {
    const processes = [processOf(app), processOf(app)] as const
    const { none, acme, bakery } = await sessions(app)
    const asks = processes.flatMap((auth) => [none, acme, bakery].map((one) => refreshed({ ...one }, auth)))
    const all = await Promise.all(asks)
    expect(all.map(organizationOf)).toEqual([undefined, 'acme', 'bakery', undefined, 'acme', 'bakery'])
    for (const index of [0, 1, 2]) expect(all[index]?.accessToken).toBe(all[index + 3]?.accessToken)
    expect(shown).toHaveLength(3)
    expect(new Set(shown).size).toBe(app === 'spa' ? 3 : 1)
    for (const tokens of all) expect(tokens).not.toHaveProperty('askedFor')
  })

  it('goes on with the refresh token that another process got', async () => {
    const [one, other] = [processOf(), processOf()]
    const { acme, bakery } = await sessions()
    const first = await refreshed(acme, one)
    await clock.advance(5)
    const second = await refreshed(bakery, other)
    expect(organizationOf(second)).toBe('bakery')
    expect(shown).toEqual([acme.refreshToken, first.refreshToken])
    expect((await refreshed(acme, other)).accessToken).toBe(first.accessToken)
    expect(shown).toHaveLength(2)
  })
})
