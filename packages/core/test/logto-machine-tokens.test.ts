import { createTestClock, type LogtoEmulator } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { type AuthError, isAuthError } from '../src/errors.ts'
import { createLogtoClient, type LogtoClientOptions, type LogtoTokenRequest } from '../src/providers/logto/index.ts'
import { managementResourceOf } from '../src/providers/logto/wire.ts'
import { createCleanup, sendJson, until } from './support/faults.ts'
import { clientOf, createTenants, orders, tenant } from './support/logto-tenant.ts'

const tenants = createTenants()
const cleanup = createCleanup()
afterEach(async () => {
  await tenants.close()
  await cleanup.close()
})

async function errorOf(promise: Promise<unknown>): Promise<AuthError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  )
  if (!isAuthError(error)) throw error
  return error
}

/** A tenant and a client on one clock; nothing is asked again unless a test says so. */
async function start(options: Partial<LogtoClientOptions> = {}) {
  const clock = createTestClock()
  const emulator = await tenants.start({ clock })
  return { clock, emulator, logto: clientOf(emulator, { clock, ...options }) }
}

describe('machine tokens', () => {
  it('are asked for once by all who need one, and held', async () => {
    const { emulator, logto } = await start()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => logto.tokens.get()))
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(tokens[0]).toMatchObject({ expiresIn: 3600, scopes: ['all'] })
    await logto.getUser({ userId: 'alice' })
    expect(emulator.requests('token')).toBe(1)
  })

  it.each<[string, LogtoTokenRequest, Record<string, unknown>]>([
    ['an API', { resource: orders, scopes: ['read:orders'] }, { aud: orders, scope: 'read:orders' }],
    ['an API without a scope', { resource: orders }, { aud: orders }],
    [
      'an API in an organization',
      { resource: orders, organization: 'acme', scopes: ['write:orders'] },
      { aud: orders, organization_id: 'acme', scope: 'write:orders' },
    ],
    [
      'an organization',
      { organization: 'acme', scopes: ['manage:members'] },
      { aud: 'urn:logto:organization:acme', scope: 'manage:members' },
    ],
  ])('are had for %s', async (_, request, claims) => {
    const { logto } = await start()
    expect(decodeJwt((await logto.tokens.get(request)).accessToken)).toMatchObject(claims)
  })

  it('are held for each API, organization and set of scopes, in whatever order those are', async () => {
    const { emulator, logto } = await start()
    emulator.addRole({ name: 'order-writer', scopes: { [orders]: ['write:orders'] } })
    emulator.assignRole('m2m', 'order-writer')
    const get = async (request?: LogtoTokenRequest) => (await logto.tokens.get(request)).accessToken
    const requests: (LogtoTokenRequest | undefined)[] = [
      undefined,
      { resource: orders },
      { resource: orders, organization: 'acme' },
      { resource: orders, scopes: ['read:orders', 'write:orders'] },
    ]
    const first = await Promise.all(requests.map(get))
    expect(new Set(first).size).toBe(4)
    expect(await Promise.all(requests.map(get))).toEqual(first)
    expect(await get({ resource: orders, scopes: ['write:orders', 'read:orders', 'read:orders'] })).toBe(first[3])
    expect(emulator.requests('token')).toBe(4)
  })

  it('are renewed in the background a minute before they end', async () => {
    const { clock, emulator, logto } = await start()
    const first = await logto.tokens.get()
    await clock.advance(3539)
    expect(await logto.tokens.get()).toBe(first)
    await clock.advance(1)
    expect(await logto.tokens.get()).toBe(first)
    await until(() => emulator.requests('token') === 2)
    const held = async () => (await logto.tokens.get()).accessToken
    while ((await held()) === first.accessToken) await new Promise(setImmediate)
    expect(emulator.requests('token')).toBe(2)
  })

  it('that live for seconds are renewed half-way, and not sooner', async () => {
    const clock = createTestClock()
    const resources = [{ indicator: orders, scopes: ['read:orders', 'write:orders'], accessTokenTtl: 4 }]
    const emulator = await tenants.start({ clock, resources })
    const logto = clientOf(emulator, { clock })
    const first = await logto.tokens.get({ resource: orders })
    await clock.advance(1.9)
    expect(await logto.tokens.get({ resource: orders })).toBe(first)
    expect(emulator.requests('token')).toBe(1)
    await clock.advance(0.2)
    expect(await logto.tokens.get({ resource: orders })).toBe(first)
    await until(() => emulator.requests('token') === 2)
  })

  it('are used until their end while Logto is down, and asked for again when it is back', async () => {
    const { clock, emulator, logto } = await start()
    const { accessToken } = await logto.tokens.get()
    emulator.fail('token', { status: 503 })
    await clock.advance(3590)
    for (let call = 0; call < 5; call += 1) {
      expect((await logto.getUser({ userId: 'alice' })).id).toBe('alice')
      await clock.advance(1)
    }
    expect((await logto.tokens.get()).accessToken).toBe(accessToken)
    await clock.advance(10)
    await expect(logto.tokens.get()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
    emulator.heal()
    expect((await logto.tokens.get()).accessToken).not.toBe(accessToken)
  })

  it('show new rights after invalidate(), of one request or of all', async () => {
    const { emulator, logto } = await start()
    const request = { resource: orders, scopes: ['write:orders'] }
    await expect(logto.tokens.get(request)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
    emulator.addRole({ name: 'order-writer', scopes: { [orders]: ['write:orders'] } })
    emulator.assignRole('m2m', 'order-writer')
    const management = await logto.tokens.get()
    const writer = await logto.tokens.get(request)
    logto.tokens.invalidate(request)
    expect((await logto.tokens.get(request)).accessToken).not.toBe(writer.accessToken)
    expect(await logto.tokens.get()).toBe(management)
    logto.tokens.invalidate()
    expect((await logto.tokens.get()).accessToken).not.toBe(management.accessToken)
  })

  it('are renewed once after the API refused them, for all who held them; then the refusal counts', async () => {
    const { emulator, logto } = await start()
    await logto.tokens.get()
    await emulator.rotate()
    await emulator.rotate()
    const users = await Promise.all(Array.from({ length: 5 }, () => logto.getUser({ userId: 'alice' })))
    expect(users).toHaveLength(5)
    expect(emulator.requests('token')).toBe(2)

    emulator.fail('management', { status: 401, body: '{"code":"auth.unauthorized","message":"no"}' })
    emulator.resetCounts()
    await expect(logto.getUser({ userId: 'alice' })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNAUTHORIZED',
      upstream: { operation: 'getUser', status: 401, code: 'auth.unauthorized' },
    })
    expect([emulator.requests('management'), emulator.requests('token')]).toEqual([2, 1])
  })

  it('can be renewed by whoever calls another API with them', async () => {
    const { emulator, logto } = await start()
    const request = { resource: orders }
    const { accessToken } = await logto.tokens.get(request)
    const [one, two] = await Promise.all([
      logto.tokens.renew(accessToken, request),
      logto.tokens.renew(accessToken, request),
    ])
    expect([one.accessToken === two.accessToken, one.accessToken === accessToken]).toEqual([true, false])
    expect(await logto.tokens.renew(accessToken, request)).toBe(one)
    expect(emulator.requests('token')).toBe(2)
  })

  it('are not waited for longer than a call wants to wait, while others go on', async () => {
    const { emulator, logto } = await start()
    emulator.fail('token', { delay: 0.3 })
    const patient = logto.getUser({ userId: 'alice' })
    await expect(logto.getUser({ userId: 'alice' }, { timeout: 0.05 })).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
    const reason = new Error('enough')
    const abort = new AbortController()
    const impatient = logto.tokens.get(undefined, { signal: abort.signal })
    abort.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    await expect(logto.tokens.get(undefined, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect((await patient).id).toBe('alice')
    expect(emulator.requests('token')).toBe(1)
  })
})

describe('a client that is not set up', () => {
  type Case = [string, (emulator: LogtoEmulator) => Partial<LogtoClientOptions>, object, RegExp]
  it.each<Case>([
    [
      'with the scope all',
      () => ({ clientId: 'weak', clientSecret: 'weak-secret' }),
      { code: 'ERR_UPSTREAM_FORBIDDEN', upstream: { operation: 'clientCredentials' } },
      /gave no all: does the client have a role with it/,
    ],
    [
      'with the right secret',
      () => ({ clientSecret: 'wrong' }),
      { code: 'ERR_UPSTREAM_UNAUTHORIZED', upstream: { status: 401, code: 'invalid_client' } },
      /status 401 "invalid_client"/,
    ],
    [
      'at Logto',
      () => ({ clientId: 'nope' }),
      {
        code: 'ERR_UPSTREAM_INVALID',
        upstream: { status: 400, code: 'invalid_client', message: 'invalid client nope' },
      },
      /status 400 "invalid_client"/,
    ],
    [
      'with the resource of the Management API',
      ({ endpoint }) => ({ managementResource: `${endpoint}/api` }),
      { code: 'ERR_UPSTREAM_INVALID', upstream: { status: 400, code: 'invalid_target' } },
      /is not the indicator of an API resource there \(option managementResource\)/,
    ],
    [
      'as an app for machines',
      () => ({ clientId: 'web', clientSecret: 'web-secret' }),
      { code: 'ERR_UPSTREAM_INVALID', upstream: { status: 400, code: 'invalid_request' } },
      /invalid_request/,
    ],
  ])('%s says so', async (_, options, expected, explanation) => {
    const emulator = await tenants.start()
    const error = await errorOf(clientOf(emulator, options(emulator)).listRoles().toArray())
    expect(error).toMatchObject(expected)
    expect(error.explanation).toMatch(explanation)
    expect(emulator.requests('management')).toBe(0)
  })

  it('for an organization says so', async () => {
    const { emulator, logto } = await start()
    emulator.addOrganization({ id: 'other', name: 'Other' })
    await expect(logto.tokens.get({ organization: 'other' })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_FORBIDDEN',
      upstream: { status: 403, code: 'access_denied' },
    })
  })

  it('keeps no token that lacks a right, so that the next call finds it', async () => {
    const emulator = await tenants.start()
    const logto = clientOf(emulator, { clientId: 'weak', clientSecret: 'weak-secret' })
    await expect(logto.getUser({ userId: 'alice' })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
    emulator.assignRole('weak', 'Logto Management API access')
    expect((await logto.getUser({ userId: 'alice' })).id).toBe('alice')
  })
})

describe('a quota that is used up', () => {
  it('is an outage with the code of its own shape, and is asked again after a while', async () => {
    const { emulator, logto } = await start()
    emulator.useUpTokenQuota()
    const error = await errorOf(logto.tokens.get())
    expect(error).toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      upstream: { status: 429, code: 'auth.exceed_token_limit', requestId: expect.stringMatching(/^[\w-]{16}$/) },
    })
    const again = clientOf(emulator, { retries: 1 }).tokens.get()
    await until(() => emulator.requests('token') === 2)
    emulator.useUpTokenQuota(false)
    expect((await again).scopes).toEqual(['all'])
  })

  it('is not asked again for what Logto refuses otherwise', async () => {
    const emulator = await tenants.start()
    const logto = clientOf(emulator, { clientSecret: 'wrong', retries: 3 })
    await expect(logto.tokens.get()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    expect(emulator.requests('token')).toBe(1)
  })
})

describe('the resource of the Management API', () => {
  it.each([
    ['https://acme.logto.app', 'https://acme.logto.app/api'],
    ['https://acme.logto.app/', 'https://acme.logto.app/api'],
    ['https://login.example.test', 'https://default.logto.app/api'],
    ['http://localhost:3001', 'https://default.logto.app/api'],
    ['https://notlogto.app', 'https://default.logto.app/api'],
  ])('of %s is %s', (endpoint, resource) => {
    expect(managementResourceOf(endpoint)).toBe(resource)
  })

  it('can be set, for a tenant in the cloud behind a domain of its own', async () => {
    const indicator = 'https://acme.logto.app/api'
    const role = { name: 'cloud', scopes: { [indicator]: ['all'] } }
    const emulator = await tenants.start({
      resources: [...(tenant.resources ?? []), { indicator, scopes: ['all'] }],
      roles: [...(tenant.roles ?? []), role],
    })
    emulator.assignRole('m2m', 'cloud')
    const { accessToken } = await clientOf(emulator, { managementResource: indicator }).tokens.get()
    expect(decodeJwt(accessToken).aud).toBe(indicator)
  })
})

it.each<[string, unknown]>([
  ['no token', { expires_in: 3600, token_type: 'Bearer', scope: 'all' }],
  ['another kind of token', { access_token: 't', expires_in: 3600, token_type: 'DPoP', scope: 'all' }],
  ['no lifetime', { access_token: 't', token_type: 'Bearer', scope: 'all' }],
  ['a lifetime that is over', { access_token: 't', expires_in: 0, token_type: 'Bearer', scope: 'all' }],
  ['a list', []],
])('takes a token endpoint that answers with %s for one that is out of order', async (_, body) => {
  const { origin } = await cleanup.stub((_request, response) => sendJson(response, body))
  const logto = createLogtoClient({ endpoint: origin, clientId: 'm2m', clientSecret: 'm2m-secret' })
  await expect(logto.tokens.get()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
})
