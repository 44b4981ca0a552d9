import {
  createItsYouOnlineEmulator,
  createJustAuthenticateMeEmulator,
  createOpenvCloudEmulator,
  createTestIssuer,
  type FixedAnswer,
  type JustAuthenticateMeEmulator,
  type TrustAuthXTokens,
} from '@claviger/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { AuthError, Fetch, Provider } from '../src/index.ts'
import { createItsYouOnlineClient, itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import { createJustAuthenticateMeClient, justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { logtoRoles } from '../src/providers/logto/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createOpenvCloudClient } from '../src/providers/openvcloud/index.ts'
import { clientOf, createTenants, orders } from './support/logto-tenant.ts'
import { contextOf } from './support/provider-context.ts'
import { createStage, type Stage } from './support/trustauthx.ts'

// As firewalls and the like answer in place of an API: with the statuses that it refuses tokens with.
const pages: readonly [string, FixedAnswer][] = [
  [
    '401',
    { status: 401, headers: { 'content-type': 'text/html' }, body: '<!doctype html><h1>Sign in to the proxy</h1>' },
  ],
  ['403', { status: 403, headers: { 'content-type': 'text/plain' }, body: 'error code: 1020' }],
  ['404', { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>This domain is parked</h1>' }],
  ['202', { status: 202, headers: { 'content-type': 'text/html' }, body: '<script>challenge()</script>' }],
]
// Those that cannot be taken for words of an API that answers in plain text too.
const markup = pages.filter(([, { body }]) => String(body).startsWith('<'))
const outage = { code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 }

function refresh(provider: Provider, tokens: { refreshToken: string }) {
  return provider.refresh?.(tokens, contextOf(provider, { timeout: 10 }))
}

describe('a page in place of TrustAuthX', () => {
  let stage: Stage
  let tokens: TrustAuthXTokens
  beforeAll(async () => {
    stage = await createStage()
  })
  beforeEach(() => {
    tokens = stage.emulator.signIn('alice')
  })
  afterEach(() => stage.emulator.heal())
  afterAll(() => stage.emulator.close())

  it.each(pages)('with status %s refuses no token', async (_, page) => {
    const auth = stage.authenticator({ cacheFor: 0 })
    for (const endpoint of ['validate', 'getUserData'] as const) {
      stage.emulator.fail(endpoint, page)
      await expect(auth.verify(tokens.accessToken)).rejects.toMatchObject(outage)
      stage.emulator.heal()
    }
    await auth.close()
  })

  it.each(pages)('with status %s ends no session', async (_, page) => {
    stage.emulator.fail('refresh', page)
    expect(await refresh(stage.provider(), tokens)).toMatchObject({ outcome: 'unavailable', error: outage })
  })

  it.each(pages)('with status %s tells the client nothing of a token, nor of its own key', async (_, page) => {
    const client = stage.client()
    stage.emulator.fail('all', page)
    await expect(client.validateAccessToken(tokens.accessToken)).rejects.toMatchObject(outage)
    await expect(client.getUserData(tokens.accessToken)).rejects.toMatchObject(outage)
    await expect(client.roles.add('editor', [])).rejects.toMatchObject(outage)
    const error: unknown = expect.objectContaining({
      ...outage,
      explanation: expect.stringContaining(`${page.status}`),
    })
    expect(await client.validateTokenSet(tokens)).toEqual({ outcome: 'unavailable', error })
  })

  it.each(pages)('with status %s does not say that a sign-in was refused', async (_, page) => {
    const provider = stage.provider({ login: true })
    stage.emulator.fail('getUser', page)
    const url = new URL(`https://app.example/callback?code=${stage.emulator.mintUserToken('alice')}`)
    const signedIn = provider.signIn?.finish({ url, state: '', kept: {} }, contextOf(provider, { timeout: 10 }))
    await expect(signedIn).rejects.toMatchObject(outage)
  })

  it('with a status of a gateway leaves it unknown what a write has done', async () => {
    stage.emulator.fail('addRole', { status: 502, body: '<h1>Bad Gateway</h1>' })
    const upstream = { status: 502 }
    await expect(stage.client().roles.add('r', [])).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN', upstream })
  })
})

describe('a page in place of Just Authenticate Me', () => {
  let jam: JustAuthenticateMeEmulator
  let provider: Provider
  beforeAll(async () => {
    jam = await createJustAuthenticateMeEmulator()
    provider = justAuthenticateMe({ appId: jam.appId, baseUrl: jam.baseUrl })
  })
  afterEach(() => jam.heal())
  afterAll(() => jam.close())

  it.each(pages)('with status %s ends no session', async (_, page) => {
    const { refreshToken = '' } = jam.signIn('alice@example.com')
    jam.fail('refresh', page)
    expect(await refresh(provider, { refreshToken })).toMatchObject({ outcome: 'unavailable', error: outage })
  })

  it.each(pages)('with status %s does not confirm that a token was ended', async (_, page) => {
    const { idToken, refreshToken = '' } = jam.signIn('alice@example.com')
    const revoke = (what: Parameters<NonNullable<Provider['revoke']>>[0]) =>
      provider.revoke?.(what, contextOf(provider, { timeout: 10 }))
    jam.fail('all', page)
    const one = revoke({ kind: 'refreshToken', token: refreshToken })
    await expect(one).rejects.toMatchObject(outage)
    await expect(revoke({ kind: 'allOfUser', token: idToken })).rejects.toMatchObject(outage)
  })

  it.each(pages)('with status %s is an outage to the client', async (_, page) => {
    const { idToken, refreshToken = '' } = jam.signIn('alice@example.com')
    const client = createJustAuthenticateMeClient({ appId: jam.appId, baseUrl: jam.baseUrl, retries: 0 })
    jam.fail('all', page)
    for (const outcome of [
      client.refresh(refreshToken),
      client.verifyRemote(idToken),
      client.authenticate('a@b.example'),
    ])
      await expect(outcome.catch((error: AuthError) => error)).resolves.toMatchObject(outage)
    await client.close()
  })

  it.each(pages)('with status %s is an outage to whoever asks for a mail', async (_, page) => {
    const { signIn } = justAuthenticateMe({ appId: jam.appId, baseUrl: jam.baseUrl, login: true })
    jam.fail('authenticate', page)
    const request = { callbackUrl: 'https://app.example/auth/callback/jam', state: '', answer: 'alice@example.com' }
    const started = signIn?.start(request as never, contextOf(provider, { timeout: 10 }))
    await expect(started).rejects.toMatchObject(outage)
  })
})

describe('a page in place of ItsYou.online, which answers in plain words itself', () => {
  it.each(markup)('with status %s ends no session', async (_, page) => {
    const iyo = await createItsYouOnlineEmulator()
    const provider = itsYouOnline({ organization: null, keys: iyo.publicJwk, baseUrl: iyo.url })
    iyo.fail('refresh', page)
    const tokens = { accessToken: iyo.tokenFor('ann', { refreshable: true }) }
    const outcome = await provider.refresh?.(tokens, contextOf(provider, { timeout: 10 }))
    await iyo.close()
    expect(outcome).toMatchObject({ outcome: 'unavailable', error: outage })
  })

  it.each(markup)('with status %s says nothing of who may do what', async (_, page) => {
    const iyo = await createItsYouOnlineEmulator()
    const client = createItsYouOnlineClient({ ...iyo.user, baseUrl: iyo.url, retries: 0 })
    await client.getJwt({ useCache: true })
    iyo.fail('api', page)
    const error = await client.api.GetUser({ username: 'ann' }).catch((thrown: AuthError) => thrown)
    await iyo.close()
    expect(error).toMatchObject(outage)
  })

  it('is known by what it is called, whatever it begins with', async () => {
    const iyo = await createItsYouOnlineEmulator()
    const provider = itsYouOnline({ organization: null, keys: iyo.publicJwk, baseUrl: iyo.url })
    iyo.fail('refresh', { status: 401, headers: { 'content-type': 'text/html; charset=utf-8' }, body: 'Sign in' })
    const tokens = { accessToken: iyo.tokenFor('ann', { refreshable: true }) }
    const outcome = await provider.refresh?.(tokens, contextOf(provider, { timeout: 10 }))
    await iyo.close()
    expect(outcome).toMatchObject({ outcome: 'unavailable' })
  })
})

describe('a page in place of Logto', () => {
  const tenants = createTenants()
  afterEach(() => tenants.close())

  // What Logto names requests with is not on what others answer in its place.
  const nameless: Fetch = async (url, init) => {
    const response = await fetch(url, init)
    const headers = new Headers(response.headers)
    headers.delete('logto-core-request-id')
    return new Response(response.body, { status: response.status, headers })
  }

  it.each(pages)('with status %s is an outage to the client', async (_, page) => {
    const logto = await tenants.start()
    const client = clientOf(logto, { fetch: nameless })
    await client.tokens.get()
    logto.fail('management', page)
    const outcomes = await Promise.all(
      [client.getUser({ userId: 'alice' }), client.deleteRole({ id: 'r' })].map((call) =>
        call.catch((thrown: AuthError) => thrown),
      ),
    )
    expect(outcomes).toMatchObject([outage, outage])
  })

  it.each<[string, FixedAnswer]>([
    ...pages,
    ['404 of a gateway, in JSON', { status: 404, body: '{"message":"no Route matched with those values"}' }],
    ['404 and nothing', { status: 404 }],
  ])('with status %s does not say that a user has a role no more', async (_, page) => {
    const logto = await tenants.start()
    const client = clientOf(logto, { fetch: nameless })
    const { write } = logtoRoles({ client, resource: orders })
    await client.tokens.get()
    logto.fail('management', page, { times: 1 })
    const taken = await write.assign('alice', { add: [], remove: ['r'] }, {}).catch((thrown: AuthError) => thrown)
    expect(taken).toBeInstanceOf(Error)
  })
})

describe('a page in place of an OpenID server', () => {
  const tokens = { kind: 'refreshToken', token: 'rt' } as const
  it.each([...markup, ['200', { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' }]])(
    'with status %s does not confirm that a token was ended',
    async (_, page) => {
      const issuer = await createTestIssuer()
      const client = { clientId: issuer.clientId, clientSecret: issuer.clientSecret }
      const { audience, revocationEndpoint } = issuer
      const provider = oidc({ issuer: issuer.issuer, audience, client: { ...client, revocationEndpoint } })
      issuer.fail('revocation', page as FixedAnswer)
      const revoked = provider.revoke?.(tokens, contextOf(provider, { timeout: 10 }))
      await expect(revoked).rejects.toMatchObject(outage)
      issuer.heal()
      expect(await provider.revoke?.(tokens, contextOf(provider, { timeout: 10 }))).toBe(true)
      await issuer.close()
    },
  )
})

describe('a page in place of OpenvCloud, which refuses tokens with pages itself', () => {
  it('is an outage where it says something else', async () => {
    const portal = await createOpenvCloudEmulator()
    const client = createOpenvCloudClient({ ...portal.user, baseUrl: portal.url, retries: 0 })
    portal.fail('cloudapi', { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Parked</h1>' })
    const error = await client.api.accounts.get({ accountId: 1 }).catch((thrown: AuthError) => thrown)
    await portal.close()
    expect(error).toMatchObject(outage)
  })
})
