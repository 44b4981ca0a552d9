import { createTestClock } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from '../src/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { api, createKeys, type OidcServer, resources, startOidcServer } from './support/oidc-provider.ts'

let server: OidcServer
const made: Authenticator[] = []

beforeAll(async () => {
  server = await startOidcServer(await createKeys())
})
afterEach(async () => {
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})
afterAll(() => server.kill())

function authenticator(options: AuthenticatorOptions): Authenticator {
  const auth = createAuthenticator(options)
  made.push(auth)
  return auth
}

describe('opaque tokens of a real authorization server, by introspection', () => {
  const introspecting = (options: Partial<OidcOptions> = {}, asking = {}) =>
    oidc({
      issuer: server.issuer,
      audience: resources.opaque,
      introspection: { ...api, ...asking },
      ...options,
    })

  it('stand for the user who signed in', async () => {
    const auth = authenticator({ providers: [introspecting({ rolesFrom: ['realm_access', 'roles'] })] })
    const { access_token } = await server.signIn('alice', resources.opaque)
    const { user, expiresAt, issuedAt } = await auth.verify(access_token)
    expect(user).toMatchObject({
      id: 'alice',
      roles: [{ name: 'admin' }, { name: 'auditor' }],
      scopes: ['read:orders'],
    })
    expect(expiresAt).toBe(Number(issuedAt) + 3600)
  })

  it('are as good after a refresh', async () => {
    const auth = authenticator({ providers: [introspecting()] })
    const { refresh_token } = await server.signIn('alice', resources.opaque)
    const { access_token } = await server.refresh(String(refresh_token), resources.opaque)
    await expect(auth.verify(access_token)).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it('stand for a client that asked for itself', async () => {
    const auth = authenticator({ providers: [introspecting()] })
    const { access_token } = await server.clientToken(resources.opaque, 'write:orders')
    const { user, claims } = await auth.verify(access_token)
    expect(user).toMatchObject({ id: 'web-app', scopes: ['write:orders'] })
    expect(claims.sub).toBeUndefined()
  })

  it('are verified beside the signed ones of the same issuer', async () => {
    const auth = authenticator({ providers: [introspecting({ audience: [resources.opaque, resources.ES256] })] })
    const opaque = await server.signIn('alice', resources.opaque)
    const signed = await server.signIn('bob', resources.ES256)
    await expect(auth.verify(opaque.access_token)).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(auth.verify(signed.access_token)).resolves.toMatchObject({ user: { id: 'bob' } })
  })

  it.each([
    ['is not for this API', { audience: resources.ES256 }],
    ['names no API', { audience: resources.opaque }],
  ])('are refused when the token %s', async (_, { audience }) => {
    const auth = authenticator({ providers: [introspecting({ audience })] })
    const { access_token } = await server.signIn('alice', audience === resources.ES256 ? resources.opaque : undefined)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE', status: 401 })
  })

  it('are taken without an audience where null says so', async () => {
    const auth = authenticator({ providers: [introspecting({}, { audience: null })] })
    const { access_token } = await server.signIn('alice')
    await expect(auth.verify(access_token)).resolves.toMatchObject({
      user: { id: 'alice', scopes: ['openid', 'profile', 'email', 'roles'] },
    })
  })

  it.each([
    ['the audience is checked', {}],
    ['any audience is taken', { audience: null }],
  ])('are not to be confused with refresh tokens, which are active too, when %s', async (_, asking) => {
    const auth = authenticator({ providers: [introspecting({}, asking)] })
    const { refresh_token } = await server.signIn('alice', resources.opaque)
    await expect(auth.verify(String(refresh_token))).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it('are refused after their revocation as soon as the last good answer is forgotten', async () => {
    const { access_token } = await server.signIn('alice', resources.opaque)
    const clock = createTestClock()
    const auth = authenticator({ providers: [introspecting({}, { cacheFor: 60 })], clock })
    await auth.verify(access_token)
    await server.revoke(access_token)
    await clock.advance(59)
    await expect(auth.verify(access_token)).resolves.toMatchObject({ user: { id: 'alice' } })
    await clock.advance(1)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it('are refused at once after their revocation when nothing is remembered', async () => {
    const auth = authenticator({ providers: [introspecting({}, { cacheFor: 0 })] })
    const { access_token } = await server.signIn('alice', resources.opaque)
    await auth.verify(access_token)
    await server.revoke(access_token)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it('cost a 503, and no verdict, when our own client is refused', async () => {
    const auth = authenticator({ providers: [introspecting({}, { clientSecret: 'not the secret of this client' })] })
    const { access_token } = await server.signIn('alice', resources.opaque)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
  })
})

// Logto is made of the same server: the paths and answers of the two are the same.
describe('opaque tokens of a real authorization server, at its userinfo endpoint', () => {
  const asking = (cacheFor: number) =>
    logto({
      endpoint: server.endpoint,
      audience: resources.ES256,
      algorithms: ['ES256'],
      opaque: { userinfo: true, cacheFor },
    })

  it('stand for the user, with name and roles', async () => {
    const auth = authenticator({ providers: [asking(30)] })
    const { access_token } = await server.signIn('alice')
    const { user } = await auth.verify(access_token)
    expect(user).toMatchObject({
      id: 'alice',
      name: 'Alice Example',
      email: 'alice@example.test',
      roles: [{ name: 'admin' }, { name: 'auditor' }],
    })
  })

  it('leave signed tokens to their signature', async () => {
    const auth = authenticator({ providers: [asking(30)] })
    const { access_token, refresh_token, id_token } = await server.signIn('bob', resources.ES256)
    await expect(auth.verify(access_token)).resolves.toMatchObject({ user: { id: 'bob', roles: [] } })
    await expect(auth.verify(String(refresh_token))).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
    await expect(auth.verify(String(id_token))).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
  })

  it('are refused after their revocation', async () => {
    const auth = authenticator({ providers: [asking(0)] })
    const { access_token } = await server.signIn('alice')
    await auth.verify(access_token)
    await server.revoke(access_token)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })
})
