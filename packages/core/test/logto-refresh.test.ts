import { inspect } from 'node:util'
import type { LogtoEmulator, LogtoVersion, SignedIn } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { partsOf } from '../src/authenticator-parts.ts'
import { systemClock } from '../src/clock.ts'
import { createRequest } from '../src/http.ts'
import { createAuthenticator, type ProviderContext, type RefreshOutcome, type TokenSet } from '../src/index.ts'
import { type LogtoAppOptions, type LogtoOptions, logto } from '../src/providers/logto/index.ts'
import type { Route } from '../src/route.ts'
import { type AnyFault, faults } from './support/faults.ts'
import { createTenants, orders } from './support/logto-tenant.ts'

const tenants = createTenants()
afterEach(tenants.close)

const web = { clientId: 'web', clientSecret: 'web-secret' }

function providerOf({ endpoint }: LogtoEmulator, client: LogtoAppOptions = web, options: Partial<LogtoOptions> = {}) {
  return logto({ endpoint, audience: orders, client, ...options })
}

function contextOf({ issuer }: LogtoEmulator): ProviderContext {
  return {
    issuer,
    clock: systemClock,
    request: createRequest(fetch, 1),
    metadata: async () => {
      throw new Error('it is not needed')
    },
  }
}

async function refresh(
  emulator: LogtoEmulator,
  tokens: Parameters<NonNullable<ReturnType<typeof logto>['refresh']>>[0],
  client?: LogtoAppOptions,
): Promise<RefreshOutcome> {
  const outcome = await providerOf(emulator, client).refresh?.(tokens, contextOf(emulator))
  if (outcome === undefined) throw new Error('the provider cannot refresh')
  return outcome
}

async function refreshed(...args: Parameters<typeof refresh>): Promise<TokenSet> {
  const outcome = await refresh(...args)
  if (outcome.outcome !== 'refreshed') throw outcome.error
  return outcome.tokens
}

const revoke = (
  emulator: LogtoEmulator,
  kind: 'accessToken' | 'refreshToken' | 'allOfUser',
  token = '',
  client = web,
) => providerOf(emulator, client).revoke?.({ kind, token }, contextOf(emulator))

describe('a refresh', () => {
  it('gives tokens for the API, though the sign-in gave an opaque one', async () => {
    const emulator = await tenants.start()
    const { accessToken, refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
    const tokens = await refreshed(emulator, { accessToken, refreshToken })
    expect(tokens).toMatchObject({ refreshToken, idToken: expect.any(String), scopes: ['read:orders', 'write:orders'] })
    expect(Math.abs((tokens.expiresAt ?? 0) - Date.now() / 1000 - 3600)).toBeLessThan(30)
    const auth = createAuthenticator({ providers: [providerOf(emulator)] })
    expect((await auth.verify(tokens.accessToken)).user).toMatchObject({ id: 'alice', scopes: tokens.scopes })
    await auth.close()
    expect(emulator.requests('discovery')).toBe(0)
  })

  it.each<[string, Partial<LogtoAppOptions>, { resource?: string; organization?: string } | undefined, object]>([
    ['the first audience', {}, undefined, { aud: orders }],
    ['the API of the token before', {}, { resource: orders }, { aud: orders }],
    [
      'the organization of the token before',
      {},
      { resource: orders, organization: 'acme' },
      { aud: orders, organization_id: 'acme' },
    ],
    ['the organization alone', {}, { organization: 'acme' }, { aud: 'urn:logto:organization:acme' }],
    ['an organization by option', { organization: 'acme' }, undefined, { aud: orders, organization_id: 'acme' }],
    [
      'an organization alone by option',
      { organization: 'acme', resource: null },
      undefined,
      { aud: 'urn:logto:organization:acme' },
    ],
    ['an API by option', { resource: orders }, { organization: 'acme' }, { aud: orders, organization_id: 'acme' }],
  ])('asks for %s', async (_, client, before, claims) => {
    const emulator = await tenants.start()
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
    const accessToken = before === undefined ? 'opaque' : await emulator.tokenFor('alice', { app: 'web', ...before })
    const tokens = await refreshed(emulator, { accessToken, refreshToken }, { ...web, ...client })
    const { aud, organization_id } = decodeJwt(tokens.accessToken)
    expect({ aud, organization_id }).toEqual({ organization_id: undefined, ...claims })
  })

  it('keeps to the API of the token before, where there are several', async () => {
    const emulator = await tenants.start()
    const provider = providerOf(emulator, web, { audience: ['https://default.logto.app/api', orders] })
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
    const accessToken = await emulator.tokenFor('alice', { app: 'web', resource: orders })
    const audienceAfter = async (tokens: object) => {
      const outcome = await provider.refresh?.({ refreshToken, ...tokens }, contextOf(emulator))
      return outcome?.outcome === 'refreshed' ? decodeJwt(outcome.tokens.accessToken).aud : outcome
    }
    expect(await audienceAfter({ accessToken })).toBe(orders)
    expect(await audienceAfter({})).toBe('https://default.logto.app/api')
  })

  it('gives an opaque token where none is asked for an API', async () => {
    const emulator = await tenants.start()
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
    const { accessToken } = await refreshed(emulator, { refreshToken }, { ...web, resource: null })
    expect(accessToken).toMatch(/^[\w-]{43}$/)
  })

  it.each(['e30.e30', 'eyJhbGciOiJub25lIn0.bm90IEpTT04.', '..', ''])(
    'asks for the first audience when the token before is %j',
    async (accessToken) => {
      const emulator = await tenants.start()
      const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
      expect(decodeJwt((await refreshed(emulator, { accessToken, refreshToken })).accessToken).aud).toBe(orders)
    },
  )

  it('of a public client needs no secret, and gives another refresh token each time', async () => {
    const emulator = await tenants.start()
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'spa' })
    const first = await refreshed(emulator, { refreshToken }, { clientId: 'spa' })
    expect(first.refreshToken).not.toBe(refreshToken)
    expect(decodeJwt(first.accessToken).client_id).toBe('spa')
    const { refreshToken: next = '' } = first
    expect((await refreshed(emulator, { refreshToken: next }, { clientId: 'spa' })).refreshToken).not.toBe(next)
  })

  it.each<[string, (emulator: LogtoEmulator, tokens: SignedIn) => unknown]>([
    ['unknown', () => ({ refreshToken: 'unknown' })],
    ['revoked', (emulator, { refreshToken }) => revoke(emulator, 'refreshToken', refreshToken)],
    ['of a suspended user', (emulator) => emulator.suspend('alice')],
    ['of a deleted user', (emulator) => emulator.deleteUser('alice')],
    [
      'of another app',
      async (emulator) => ({ refreshToken: (await emulator.signIn('alice', { app: 'spa' })).refreshToken }),
    ],
  ])('is rejected for a token that is %s', async (_, spoil) => {
    const emulator = await tenants.start()
    const signedIn = await emulator.signIn('alice', { app: 'web' })
    const given = await spoil(emulator, signedIn)
    const { refreshToken = '' } = { ...signedIn, ...(typeof given === 'object' ? given : {}) }
    const outcome = await refresh(emulator, { refreshToken })
    expect(outcome).toMatchObject({ outcome: 'rejected', error: { code: 'ERR_TOKEN_INACTIVE', status: 401 } })
  })

  it('is rejected without a refresh token, without asking', async () => {
    const emulator = await tenants.start()
    expect(await refresh(emulator, { accessToken: 'x' })).toMatchObject({ outcome: 'rejected' })
    expect(emulator.requests()).toBe(0)
  })

  type Case = [string, Partial<LogtoAppOptions>, (emulator: LogtoEmulator) => unknown, RegExp]
  it.each<Case>([
    ['an API that was not asked for', { resource: 'https://default.logto.app/api' }, () => {}, /400 invalid_target/],
    ['an unknown API', { resource: 'https://unknown.test' }, () => {}, /400 invalid_target/],
    ['no member any more', { organization: 'acme' }, (of) => of.removeMembership('alice', 'acme'), /403 access_denied/],
    ['a wrong secret', { clientSecret: 'wrong' }, () => {}, /401 invalid_client/],
    ['an app that is gone', {}, (of) => of.deleteApp('web'), /400 invalid_client/],
    ['a quota that is used up', {}, (of) => of.useUpTokenQuota(), /status 429/],
  ])('does not end the session for %s', async (_, client, spoil, explanation) => {
    const emulator = await tenants.start()
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web', resources: [orders] })
    await spoil(emulator)
    const outcome = await refresh(emulator, { refreshToken }, { ...web, ...client })
    if (outcome.outcome !== 'unavailable') throw new Error(outcome.outcome)
    expect(outcome.error).toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
    expect(outcome.error.explanation).toMatch(explanation)
  })

  it('does not end the session where organizations were not asked for at sign-in', async () => {
    const emulator = await tenants.start()
    const { refreshToken = '' } = await emulator.signIn('alice', { app: 'web', organizations: false })
    const outcome = await refresh(emulator, { refreshToken }, { ...web, organization: 'acme' })
    expect(outcome).toMatchObject({
      outcome: 'unavailable',
      error: { explanation: expect.stringContaining('403 insufficient_scope') },
    })
  })

  it.each<readonly [string, AnyFault]>(faults)(
    'does not end the session when Logto %s, and tells no secret',
    async (_, fault) => {
      const emulator = await tenants.start()
      const { refreshToken = '', accessToken } = await emulator.signIn('alice', { app: 'web' })
      const { refreshToken: another = '' } = await emulator.signIn('alice', { app: 'web' })
      if (fault === 'refuse') await emulator.stop()
      else emulator.fail('all', fault)
      const outcome = await refresh(emulator, { refreshToken, accessToken })
      expect(outcome).toMatchObject({ outcome: 'unavailable', error: { status: 503 } })
      const revocation = await revoke(emulator, 'refreshToken', another)?.catch((error: unknown) => error)
      const text = inspect([outcome, revocation], { depth: 9 })
      for (const secret of [refreshToken, another, accessToken, 'web-secret']) expect(text).not.toContain(secret)
      if (fault === 'refuse') await emulator.start()
      emulator.heal()
      expect((await refresh(emulator, { refreshToken })).outcome).toBe('refreshed')
    },
  )
})

describe('a revocation', () => {
  const isAlive = async (emulator: LogtoEmulator, token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${emulator.issuer}/me`, { headers })).status === 200
  }

  it.each<[LogtoVersion, boolean]>([
    ['1.41', true],
    ['1.42', false],
  ])('in %s ends an opaque token, and the sign-in with it or not', async (version, lives) => {
    const emulator = await tenants.start({ version })
    const { accessToken, refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
    expect(await revoke(emulator, 'accessToken', accessToken)).toBe(true)
    expect(await isAlive(emulator, accessToken)).toBe(false)
    expect((await refresh(emulator, { refreshToken })).outcome).toBe(lives ? 'refreshed' : 'rejected')
  })

  it.each<LogtoVersion>(['1.41', '1.42'])(
    'in %s ends a refresh token and the opaque ones beside it',
    async (version) => {
      const emulator = await tenants.start({ version })
      const { accessToken, refreshToken = '' } = await emulator.signIn('alice', { app: 'web' })
      expect(await revoke(emulator, 'refreshToken', refreshToken)).toBe(true)
      expect(await isAlive(emulator, accessToken)).toBe(false)
      expect((await refresh(emulator, { refreshToken })).outcome).toBe('rejected')
      expect(await revoke(emulator, 'refreshToken', 'unknown')).toBe(true)
    },
  )

  it.each<LogtoVersion>(['1.41', '1.42'])(
    'in %s is not to be had for signed tokens, nor for all of a user',
    async (version) => {
      const emulator = await tenants.start({ version })
      const token = await emulator.tokenFor('alice', { resource: orders })
      expect(await revoke(emulator, 'accessToken', token)).toBe(false)
      expect(await revoke(emulator, 'allOfUser', token)).toBe(false)
      expect(emulator.requests()).toBe(0)
    },
  )

  it.each<[string, typeof web, object]>([
    ['of a token of another app', { clientId: 'web2', clientSecret: 'web2-secret' }, { code: 'ERR_UPSTREAM_INVALID' }],
    ['with a wrong secret', { ...web, clientSecret: 'wrong' }, { code: 'ERR_UPSTREAM_UNAUTHORIZED' }],
  ])('%s is an error', async (_, client, expected) => {
    const emulator = await tenants.start()
    const { refreshToken } = await emulator.signIn('alice', { app: 'web' })
    await expect(revoke(emulator, 'refreshToken', refreshToken, client)).rejects.toMatchObject(expected)
  })

  it.each<AnyFault>([{ status: 503 }, { status: 429 }, { status: 302, body: '' }, 'redirect', 'hang', 'reset'])(
    'is not said to be done for %j',
    async (fault) => {
      const emulator = await tenants.start()
      const { refreshToken } = await emulator.signIn('alice', { app: 'web' })
      if (fault !== 'refuse') emulator.fail('revocation', fault)
      await expect(revoke(emulator, 'refreshToken', refreshToken)).rejects.toMatchObject({
        code: 'ERR_PROVIDER_UNAVAILABLE',
      })
    },
  )
})

describe('the option client', () => {
  it('is what refresh and revocation need', () => {
    const provider = logto({ endpoint: 'https://id.example.test', audience: orders })
    expect(provider).not.toHaveProperty('refresh')
    expect(provider).not.toHaveProperty('revoke')
  })

  it.each<[string, object, RegExp]>([
    ['no id', {}, /option client.clientId: is missing/],
    ['an empty secret', { clientId: 'web', clientSecret: '' }, /option client.clientSecret: must not be empty/],
    ['a misspelt name', { clientId: 'web', resourse: orders }, /unknown option client.resourse, did you mean resource/],
  ])('with %s is refused', (_, client, message) => {
    const options = { endpoint: 'https://id.example.test', audience: orders, client }
    expect(() => logto(options as LogtoOptions)).toThrow(message)
  })
})

describe('a sign-in with a browser', () => {
  async function signIn(client: Partial<LogtoAppOptions>) {
    const emulator = await tenants.start()
    const provider = providerOf(emulator, { ...web, ...client }, { organizations: true })
    const auth = createAuthenticator({ providers: [provider] })
    const { context } = partsOf(auth).routes[0] as Route
    const state = 'not-to-be-guessed'
    const step = await provider.signIn?.start({ callbackUrl: 'http://127.0.0.1/in', state, fresh: false }, context)
    const { location = '', keep: kept = {} } = step as { location?: string; keep?: Record<string, string> }
    const page = await fetch(location, { redirect: 'manual' })
    const interaction = new URL(page.headers.get('location') ?? '', location).searchParams.get('interaction') ?? ''
    const body = new URLSearchParams({ interaction, user: 'alice' })
    const back = await fetch(new URL('/sign-in', location), { method: 'POST', body, redirect: 'manual' })
    const url = new URL(back.headers.get('location') ?? '')
    const signedIn = await provider.signIn?.finish({ url, state, kept }, context)
    const outcome = await provider.refresh?.(signedIn?.tokens ?? { accessToken: '' }, context)
    await auth.close()
    return outcome?.outcome === 'refreshed' ? outcome.tokens.scopes : outcome
  }

  it('for an organization has the permissions there, at the API or of its own, with the next refresh', async () => {
    const scopes = ['manage:members', 'write:orders']
    expect(await signIn({ organization: 'acme', scopes })).toEqual(['write:orders'])
    expect(await signIn({ organization: 'acme', resource: null, scopes })).toEqual(['manage:members'])
    const asked = ['urn:logto:scope:organizations', ...scopes]
    expect(await signIn({ organization: 'acme', resource: null, scopes: asked })).toEqual(['manage:members'])
  })
})
