import { createLogtoEmulator, createTestClock, type LogtoEmulator, type LogtoEmulatorOptions } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { assertAllowed, organization, type Predicate, role, scope } from '../src/guards/index.ts'
import { type Authenticator, type Clock, createAuthenticator, type VerifiedToken } from '../src/index.ts'
import { type LogtoOptions, logto } from '../src/providers/logto/index.ts'

const orders = 'https://orders.example.test/api'
const management = 'https://default.logto.app/api'
const client = { clientId: 'web', clientSecret: 'web-secret' }

const tenant: LogtoEmulatorOptions = {
  resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'] }],
  roles: [{ name: 'order-viewer', scopes: { [orders]: ['read:orders'] } }],
  organizationRoles: [{ name: 'org-admin', scopes: ['read:billing'], resourceScopes: { [orders]: ['write:orders'] } }],
  organizations: [
    { id: 'acme', name: 'Acme' },
    { id: 'other', name: 'Other' },
  ],
  users: [
    {
      id: 'alice',
      username: 'alice',
      name: 'Alice',
      email: 'alice@example.test',
      roles: ['order-viewer'],
      organizations: { acme: ['org-admin'] },
    },
    { id: 'bob', username: 'bob', organizations: { acme: ['org-admin'], other: [] } },
  ],
  apps: [
    { id: 'web', type: 'Traditional', secret: 'web-secret' },
    {
      id: 'm2m',
      type: 'MachineToMachine',
      secret: 'm2m-secret',
      roles: ['order-viewer', 'Logto Management API access'],
    },
  ],
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(options: LogtoEmulatorOptions = {}): Promise<LogtoEmulator> {
  const emulator = await createLogtoEmulator({ ...tenant, ...options })
  ends.push(() => emulator.close())
  return emulator
}

function authenticator({ endpoint }: LogtoEmulator, options: Partial<LogtoOptions> = {}, clock?: Clock): Authenticator {
  const auth = createAuthenticator({
    providers: [logto({ endpoint, audience: orders, ...options })],
    clockTolerance: 60,
    ...(clock && { clock }),
  })
  ends.push(() => auth.close())
  return auth
}

async function clientToken({ issuer }: LogtoEmulator, form: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'm2m',
    client_secret: 'm2m-secret',
    ...form,
  })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  return ((await response.json()) as { access_token: string }).access_token
}

function isAllowed(auth: VerifiedToken, ...guards: Predicate[]): boolean {
  const request = {}
  try {
    for (const guard of guards) assertAllowed(guard, { user: auth.user, auth, request })
    return true
  } catch {
    return false
  }
}

describe.each(['1.42', '1.41'] as const)('a Logto %s of one’s own', (version) => {
  it('gives machines tokens with the scopes they asked for', async () => {
    const emulator = await start({ version })
    const auth = authenticator(emulator, { audience: [orders, management] })
    const token = await clientToken(emulator, { resource: management, scope: 'all' })
    await expect(auth.verify(token)).resolves.toMatchObject({ user: { id: 'm2m', scopes: ['all'], roles: [] } })
    const without = await clientToken(emulator, { resource: orders })
    await expect(auth.verify(without)).resolves.toMatchObject({ user: { id: 'm2m', scopes: [] } })
  })

  it('gives users tokens for an API, and for it alone', async () => {
    const emulator = await start({ version })
    const token = await emulator.tokenFor('alice', { resource: orders })
    const { user, boundTo, tokenId } = await authenticator(emulator).verify(token)
    expect(user).toMatchObject({ id: 'alice', provider: 'logto', issuer: emulator.issuer })
    expect(user.scopes).toContain('read:orders')
    expect(boundTo).toBeUndefined()
    expect(tokenId).toHaveLength(version === '1.41' ? 21 : 43)
    await expect(authenticator(emulator, { audience: management }).verify(token)).rejects.toMatchObject({
      code: 'ERR_TOKEN_AUDIENCE',
    })
  })

  it('gives ID and refresh tokens that no API takes', async () => {
    const emulator = await start({ version })
    const { idToken, refreshToken } = await emulator.signIn('alice')
    const auth = authenticator(emulator, { audience: [orders, 'web'], opaque: client })
    await expect(auth.verify(String(idToken))).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE', status: 401 })
    await expect(auth.verify(String(refreshToken))).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE', status: 401 })
  })

  it('gives tokens of an organization, which count where the route names it', async () => {
    const emulator = await start({ version })
    const token = await emulator.tokenFor('alice', { organization: 'acme' })
    await expect(authenticator(emulator).verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    const verified = await authenticator(emulator, { organizations: ['acme'] }).verify(token)
    expect(verified).toMatchObject({
      boundTo: 'acme',
      user: { id: 'alice', organization: 'acme', scopes: ['read:billing'] },
    })
    expect(isAllowed(verified, organization('acme'), scope('read:billing'))).toBe(true)
    expect(isAllowed(verified, scope('read:billing'))).toBe(false)
    expect(isAllowed(verified, organization('other'), scope('read:billing'))).toBe(false)
  })

  it('gives tokens for an API in an organization, which are bound likewise', async () => {
    const emulator = await start({ version })
    const verified = await authenticator(emulator).verify(
      await emulator.tokenFor('bob', { resource: orders, organization: 'acme' }),
    )
    expect(verified).toMatchObject({ boundTo: 'acme', user: { organization: 'acme', scopes: ['write:orders'] } })
    expect(isAllowed(verified, organization('acme'), scope('write:orders'))).toBe(true)
    expect(isAllowed(verified, scope('write:orders'))).toBe(false)
  })

  // The trap that docs/providers/logto.md tells of: nothing in the token shows that this is an organization's permission.
  it('gives users without an organization the permissions they have in any', async () => {
    const emulator = await start({ version })
    const verified = await authenticator(emulator).verify(await emulator.tokenFor('bob', { resource: orders }))
    expect(verified.boundTo).toBeUndefined()
    expect(verified.user.scopes).toEqual(['write:orders'])
    expect(isAllowed(verified, scope('write:orders'))).toBe(true)
  })

  it('gives roles by a script, those of an organization for its tokens alone', async () => {
    const emulator = await start({
      version,
      customClaims: ({ context: { user } }) => ({
        roles: user?.roles.map(({ name }) => name) ?? [],
        organization_roles: user?.organizationRoles.map((one) => `${one.organizationId}:${one.roleName}`) ?? [],
      }),
    })
    const auth = authenticator(emulator)
    const outside = await auth.verify(await emulator.tokenFor('alice', { resource: orders }))
    expect(isAllowed(outside, role('order-viewer'))).toBe(true)
    expect(isAllowed(outside, role('org-admin'))).toBe(false)
    const inside = await auth.verify(await emulator.tokenFor('alice', { resource: orders, organization: 'acme' }))
    expect(isAllowed(inside, role('org-admin'))).toBe(false)
    expect(isAllowed(inside, organization('acme'), role('org-admin'))).toBe(true)
  })

  it('gives opaque tokens where no API is asked for: by introspection', async () => {
    const emulator = await start({ version })
    const clock = createTestClock()
    const auth = authenticator(emulator, { opaque: client }, clock)
    const { accessToken } = await emulator.signIn('alice')
    await expect(authenticator(emulator).verify(accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED' })
    const { user, session } = await auth.verify(accessToken)
    expect(user).toMatchObject({ id: 'alice', roles: [] })
    expect(session).toHaveLength(version === '1.41' ? 21 : 43)
    emulator.suspend('alice')
    await clock.advance(29)
    await expect(auth.verify(accessToken)).resolves.toMatchObject({ user: { id: 'alice' } })
    await clock.advance(1)
    await expect(auth.verify(accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it('gives opaque tokens where no API is asked for: by userinfo', async () => {
    const emulator = await start({ version })
    const auth = authenticator(emulator, { opaque: { userinfo: true, cacheFor: 0 } })
    const { accessToken } = await emulator.signIn('alice')
    const verified = await auth.verify(accessToken)
    expect(verified.user).toMatchObject({ id: 'alice', name: 'Alice', email: 'alice@example.test' })
    expect(isAllowed(verified, role('order-viewer'))).toBe(true)
    expect(isAllowed(verified, role('org-admin'))).toBe(false)
    emulator.suspend('alice')
    await expect(auth.verify(accessToken)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
    const { accessToken: without } = await emulator.signIn('bob', { scopes: ['profile'] })
    await expect(auth.verify(without)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  // 1.41 says of every JWT that it is not active, 1.42 that it cannot say.
  it('is not asked about signed tokens, which it would deny', async () => {
    const emulator = await start({ version })
    const token = await emulator.tokenFor('alice', { resource: orders })
    for (const opaque of [client, { userinfo: true } as const]) {
      await expect(authenticator(emulator, { opaque }).verify(token)).resolves.toMatchObject({ user: { id: 'alice' } })
    }
    expect(emulator.requests('introspection') + emulator.requests('userinfo')).toBe(0)
  })

  it('may rotate its keys, to RSA and back', async () => {
    const emulator = await start({ version })
    const clock = createTestClock()
    const auth = authenticator(emulator, {}, clock)
    const token = () => emulator.tokenFor('alice', { resource: orders })
    const first = await token()
    await auth.verify(first)

    await emulator.rotate('RSA')
    const second = await token()
    await expect(auth.verify(second)).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(first)).resolves.toMatchObject({ user: { id: 'alice' } })

    await clock.advance(11)
    await emulator.rotate('EC')
    await expect(auth.verify(await token())).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(second)).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(first)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY', status: 401 })
  })

  it('may be down: its users keep working, and nobody is refused for it', async () => {
    const emulator = await start({ version })
    const known = await emulator.tokenFor('alice', { resource: orders })
    const stranger = await emulator.tokenFor('bob', { resource: orders })
    const { accessToken } = await emulator.signIn('alice')
    const auth = authenticator(emulator, { opaque: client })
    await auth.verify(known)
    for (const endpoint of ['jwks', 'introspection'] as const) emulator.fail(endpoint, 'reset')
    await expect(auth.verify(known)).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(stranger)).resolves.toMatchObject({ user: { id: 'bob' } })
    await expect(auth.verify(accessToken)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
    await expect(authenticator(emulator).verify(known)).rejects.toMatchObject({ status: 503 })
  })
})
