import {
  createItsYouOnlineEmulator,
  createJustAuthenticateMeEmulator,
  createLogtoEmulator,
  createOpenvCloudEmulator,
  createTestClock,
  createTestIssuer,
  createTrustAuthXEmulator,
  type Fault,
  type TestClock,
} from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator, type Provider, type TokenSet } from '../src/index.ts'
import { itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import { justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { openvCloud } from '../src/providers/openvcloud/index.ts'
import { trustAuthX } from '../src/providers/trustauthx/index.ts'
import { createKeys, app as realApp, resources, startOidcServer } from './support/oidc-provider.ts'

/** A provider on loopback, at which a user has signed in. */
interface Staged {
  readonly provider: Provider
  readonly tokens: TokenSet
  /** Makes the access token one that is not good any more. */
  age(): unknown
  /** The tokens, of which the refreshing part is worth nothing at the provider. */
  readonly dead: TokenSet
  /** Makes refreshing fail, until told otherwise. */
  fail(fault: Fault): void
  heal(): void
  close(): Promise<unknown>
}

const api = 'https://orders.example.test/api'

const stages: Record<string, (clock: TestClock) => Promise<Staged>> = {
  async oidc(clock) {
    const issuer = await createTestIssuer({ clock })
    const { clientId, clientSecret, audience } = issuer
    const tokens = { accessToken: issuer.tokenFor(), refreshToken: issuer.refreshTokenFor() }
    return {
      provider: oidc({ issuer: issuer.issuer, audience, client: { clientId, clientSecret } }),
      tokens,
      age: () => clock.advance(3700),
      dead: { ...tokens, refreshToken: 'unknown' },
      fail: (fault) => issuer.fail('token', fault),
      heal: () => issuer.heal(),
      close: () => issuer.close(),
    }
  },
  async logto(clock) {
    const tenant = await createLogtoEmulator({
      clock,
      resources: [{ indicator: api, scopes: [] }],
      users: [{ id: 'alice', username: 'alice' }],
      apps: [{ id: 'spa', type: 'SPA' }],
    })
    const { refreshToken = '' } = await tenant.signIn('alice', { app: 'spa' })
    const tokens = { accessToken: await tenant.tokenFor('alice', { app: 'spa', resource: api }), refreshToken }
    return {
      provider: logto({ endpoint: tenant.endpoint, audience: api, client: { clientId: 'spa' } }),
      tokens,
      age: () => clock.advance(3700),
      dead: { ...tokens, refreshToken: 'unknown' },
      fail: (fault) => tenant.fail('token', fault),
      heal: () => tenant.heal(),
      close: () => tenant.close(),
    }
  },
  async trustauthx(clock) {
    const emulator = await createTrustAuthXEmulator({ clock, users: [{ uid: 'alice', email: 'alice@example.com' }] })
    const { apiKey, secretKey, orgId, url } = emulator
    const tokens = emulator.signIn('alice')
    return {
      provider: trustAuthX({ apiKey, secretKey, orgId, apiBaseUrl: url, cacheFor: 0 }),
      tokens,
      age: () => emulator.expire(tokens.accessToken),
      dead: { ...tokens, refreshToken: 'unknown' },
      fail: (fault) => emulator.fail('refresh', fault),
      heal: () => emulator.heal(),
      close: () => emulator.close(),
    }
  },
  async itsyouonline(clock) {
    const emulator = await createItsYouOnlineEmulator({ clock })
    const accessToken = emulator.tokenFor('bob', { refreshable: true })
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    return {
      provider: itsYouOnline({ organization: null, keys: emulator.publicKey, baseUrl: emulator.url }),
      tokens: { accessToken },
      age: () => clock.advance(86_500),
      dead: { accessToken: emulator.sign({ ...claims, refresh_token: 'unknown' }) },
      fail: (fault) => emulator.fail('all', fault),
      heal: () => emulator.heal(),
      close: () => emulator.close(),
    }
  },
  async justauthenticateme(clock) {
    const emulator = await createJustAuthenticateMeEmulator({ clock })
    const { idToken, refreshToken = '' } = emulator.signIn('alice@example.test')
    const tokens = { accessToken: idToken, refreshToken }
    return {
      provider: justAuthenticateMe({ appId: emulator.appId, baseUrl: emulator.baseUrl }),
      tokens,
      age: () => clock.advance(1900),
      dead: { ...tokens, refreshToken: 'unknown' },
      fail: (fault) => emulator.fail('refresh', fault),
      heal: () => emulator.heal(),
      close: () => emulator.close(),
    }
  },
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe.each(Object.keys(stages))('a token set of %s', (name) => {
  async function start(): Promise<Staged & { auth: Authenticator; clock: TestClock }> {
    const clock = createTestClock()
    const staged = await (stages[name] as (clock: TestClock) => Promise<Staged>)(clock)
    closing.push(() => staged.close())
    const auth = createAuthenticator({ providers: [staged.provider], clock, timeout: 5 })
    closing.push(() => auth.close())
    expect(await auth.validateTokenSet(staged.tokens)).toMatchObject({ outcome: 'valid', tokens: staged.tokens })
    await staged.age()
    return { ...staged, auth, clock }
  }

  it('is valid at first, and is replaced later, by one that is valid', async () => {
    const { auth, tokens } = await start()
    const result = await auth.validateTokenSet(tokens)
    expect(result).toMatchObject({ outcome: 'replaced', auth: { user: { id: expect.any(String) } } })
    if (result.outcome !== 'replaced') return
    expect(result.tokens.accessToken).not.toBe(tokens.accessToken)
    expect((await auth.validateTokenSet(result.tokens)).outcome).toBe('valid')
  })

  it('is rejected when the provider says that it is worth nothing', async () => {
    const { auth, dead } = await start()
    expect(await auth.validateTokenSet(dead)).toMatchObject({ outcome: 'rejected', error: { status: 401 } })
  })

  it.each<Fault>(['reset', { status: 500 }, { status: 429 }, 'html'])(
    'is not rejected by an outage: %j',
    async (fault) => {
      const { auth, clock, tokens, fail, heal } = await start()
      fail(fault)
      expect(await auth.validateTokenSet(tokens)).toMatchObject({ outcome: 'unavailable', error: { status: 503 } })
      heal()
      if (fault === 'reset') {
        const explanation = expect.stringContaining('has left a call without an answer')
        expect(await auth.validateTokenSet(tokens)).toMatchObject({ outcome: 'unavailable', error: { explanation } })
      }
      await clock.advance(2)
      expect((await auth.validateTokenSet(tokens)).outcome).toBe('replaced')
    },
  )
})

describe('a token set of OpenvCloud', () => {
  it('is valid as long as its token, and over then, for there is nothing to refresh it with', async () => {
    const clock = createTestClock()
    const online = await createItsYouOnlineEmulator({ clock })
    const cloud = await createOpenvCloudEmulator({ clock, jwtKey: online.publicJwk })
    closing.push(() => Promise.all([online.close(), cloud.close()]))
    const providers = [openvCloud({ baseUrl: cloud.url }), itsYouOnline({ organization: null, keys: online.publicKey })]
    const auth = createAuthenticator({ providers, clock, timeout: 5 })
    closing.push(() => auth.close())
    const tokens = { provider: 'openvcloud', accessToken: cloud.login('ann') }
    expect((await auth.validateTokenSet(tokens)).outcome).toBe('valid')
    await clock.advance(6 * 86_400)
    expect((await auth.validateTokenSet(tokens)).outcome).toBe('rejected')
  })
})

describe('a token set of a real authorization server', () => {
  it('is replaced, once for all who ask, and rejected when it is used again', async () => {
    const server = await startOidcServer(await createKeys())
    closing.push(() => server.kill())
    const audience = resources.ES256
    const clock = createTestClock()
    const client = { ...realApp, resource: audience }
    const auth = createAuthenticator({ providers: [oidc({ issuer: server.issuer, audience, client })], clock })
    closing.push(() => auth.close())
    const { access_token: accessToken, refresh_token: refreshToken = '' } = await server.signIn('alice', audience)
    const tokens = { accessToken, refreshToken }
    const all = await Promise.all(Array.from({ length: 10 }, () => auth.refresh(tokens)))
    expect(
      new Set(all.map((one) => (one.outcome === 'refreshed' ? one.tokens.accessToken : one.error.code))).size,
    ).toBe(1)
    expect(all[0]).toMatchObject({ outcome: 'refreshed', tokens: { idToken: expect.any(String) } })
    await server.revoke(refreshToken)
    await clock.advance(11)
    expect((await auth.refresh(tokens)).outcome).toBe('rejected')
    await expect(auth.verify(accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})
