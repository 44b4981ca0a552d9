import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { createKeys, type OidcServer, resources, secret, startOidcServer } from './support/oidc-provider.ts'

describe('the access tokens of a real authorization server', () => {
  let server: OidcServer
  const made: Authenticator[] = []

  beforeAll(async () => {
    server = await startOidcServer(await createKeys())
  })
  afterEach(async () => {
    await Promise.all(made.splice(0).map((auth) => auth.close()))
  })
  afterAll(() => server.kill())

  function authenticator(...configured: Omit<OidcOptions, 'issuer'>[]): Authenticator {
    const auth = createAuthenticator({
      providers: configured.map((options) => oidc({ issuer: server.issuer, ...options })),
    })
    made.push(auth)
    return auth
  }

  const algorithms = ['ES256', 'RS256', 'EdDSA'] as const

  describe.each(algorithms)('signed with %s', (algorithm) => {
    const audience = resources[algorithm]

    it('stand for the user who signed in with a code and PKCE', async () => {
      const auth = authenticator({
        audience,
        rolesFrom: ['realm_access', 'roles'],
        permissionsFrom: 'authorities',
        organizationFrom: 'organization',
      })
      const { access_token } = await server.signIn('alice', audience)
      const { user, claims, issuedAt, expiresAt, tokenId } = await auth.verify(access_token)
      expect(user).toEqual({
        id: 'alice',
        provider: 'oidc',
        issuer: server.issuer,
        organization: 'acme',
        roles: [
          { id: 'admin', name: 'admin', permissions: [] },
          { id: 'auditor', name: 'auditor', permissions: [] },
        ],
        permissions: ['orders:admin', 'orders:auditor'],
        scopes: ['read:orders'],
      })
      expect(claims.client_id).toBe('web-app')
      expect(expiresAt).toBe(Number(issuedAt) + 3600)
      expect(tokenId).toBe(claims.jti)
    })

    it('are as good after a refresh', async () => {
      const auth = authenticator({ audience })
      const first = await server.signIn('bob', audience)
      const next = await server.refresh(String(first.refresh_token), audience)
      expect(next.access_token).not.toBe(first.access_token)
      await expect(auth.verify(next.access_token)).resolves.toMatchObject({ user: { id: 'bob' } })
      await expect(auth.verify(first.access_token)).resolves.toMatchObject({ user: { id: 'bob' } })
    })

    it('stand for a client that asked for itself', async () => {
      const auth = authenticator({ audience, rolesFrom: ['realm_access', 'roles'] })
      const { access_token } = await server.clientToken(audience, 'read:orders write:orders')
      const { user } = await auth.verify(access_token)
      expect(user).toMatchObject({ id: 'web-app', roles: [], scopes: ['read:orders', 'write:orders'] })
    })

    it('are refused where the algorithm is not allowed', async () => {
      const auth = authenticator({ audience, algorithms: ['ES384', 'PS256'] })
      const { access_token } = await server.clientToken(audience)
      await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
    })

    it('are refused in any other spelling of the same signature', async () => {
      const auth = authenticator({ audience })
      const { access_token } = await server.clientToken(audience)
      await auth.verify(access_token)
      const spellings = sameBytes(access_token)
      // 64 and 256 bytes leave four bits of the last character unused.
      expect(spellings).toHaveLength(15)
      for (const spelling of [...spellings, `${access_token}=`, `${access_token}==`]) {
        await expect(auth.verify(spelling)).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED' })
      }
    })
  })

  it('verify with a shared secret where the server signs with one', async () => {
    const auth = authenticator({ audience: resources.HS256, secret })
    const { access_token } = await server.signIn('alice', resources.HS256)
    await expect(auth.verify(access_token)).resolves.toMatchObject({ user: { id: 'alice', scopes: ['read:orders'] } })

    const wrong = authenticator({ audience: resources.HS256, secret: secret.toUpperCase() })
    await expect(wrong.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })

  it('are told apart by audience where one issuer is configured for several APIs', async () => {
    const auth = authenticator(
      { name: 'machines', audience: resources.ES256 },
      { name: 'legacy', audience: resources.HS256, secret },
      { name: 'files', audience: resources.EdDSA },
    )
    for (const [provider, audience] of [
      ['machines', resources.ES256],
      ['legacy', resources.HS256],
      ['files', resources.EdDSA],
    ] as const) {
      const { access_token } = await server.signIn('alice', audience)
      await expect(auth.verify(access_token)).resolves.toMatchObject({ provider, user: { provider } })
    }
    const { access_token } = await server.signIn('alice', resources.RS256)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ status: 401 })
  })

  it('are refused by an API they are not for', async () => {
    const auth = authenticator({ audience: resources.ES256 })
    const { access_token } = await server.signIn('alice', resources.RS256)
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE', status: 401 })
  })

  it('are refused when validate does not want their client', async () => {
    const ours = (wanted: string) => ({
      audience: resources.ES256,
      validate: ({ client_id }: { readonly client_id?: unknown }) =>
        client_id === wanted ? undefined : 'the client is not ours',
    })
    const { access_token } = await server.signIn('alice', resources.ES256)
    await expect(authenticator(ours('web-app')).verify(access_token)).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(authenticator(ours('mobile-app')).verify(access_token)).rejects.toMatchObject({
      code: 'ERR_TOKEN_REFUSED',
    })
  })

  it('are refused when another issuer made them', async () => {
    const other = await startOidcServer(server.keys)
    const auth = authenticator({ audience: resources.ES256 })
    const { access_token } = await other.signIn('alice', resources.ES256)
    await other.kill()
    await expect(auth.verify(access_token)).rejects.toMatchObject({ code: 'ERR_TOKEN_ISSUER' })
  })

  describe('stay apart from ID tokens', () => {
    it.each([
      ['by their type', { audience: resources.RS256 }, 'ERR_TOKEN_TYPE'],
      ['by their type, even for the client', { audience: 'web-app' }, 'ERR_TOKEN_TYPE'],
      [
        'by their nonce, where no type is asked for',
        { audience: 'web-app', tokenTypes: ['at+jwt', null] },
        'ERR_TOKEN_TYPE',
      ],
    ])('%s', async (_, options, code) => {
      const auth = authenticator(options)
      const { id_token } = await server.signIn('alice', undefined, 'a-nonce')
      expect(id_token).toContain('.')
      await expect(auth.verify(String(id_token))).rejects.toMatchObject({ code })
    })

    const untyped = { tokenTypes: ['at+jwt', null] }

    it.each([
      ['by their audience', { ...untyped, audience: resources.RS256 }, 'ERR_TOKEN_AUDIENCE'],
      ['by the claims they lack', { ...untyped, audience: null, requiredClaims: ['client_id'] }, 'ERR_TOKEN_CLAIMS'],
    ])('%s, where neither type nor nonce tells', async (_, options, code) => {
      const auth = authenticator(options)
      const { id_token } = await server.signIn('alice', resources.RS256)
      await expect(auth.verify(String(id_token))).rejects.toMatchObject({ code })
    })
  })

  it('are refused when they are opaque and nobody may be asked', async () => {
    const auth = authenticator({ audience: resources.opaque })
    const { access_token, refresh_token } = await server.signIn('alice', resources.opaque)
    for (const token of [access_token, String(refresh_token)]) {
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED', status: 401 })
    }
  })
})

/** Other texts that decode to the same signature: those that differ in the unused bits of the last character. */
function sameBytes(token: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const signature = token.slice(token.lastIndexOf('.') + 1)
  const bytes = Buffer.from(signature, 'base64url')
  return [...alphabet]
    .map((character) => `${token.slice(0, -1)}${character}`)
    .filter((other) => other !== token && Buffer.from(other.slice(-signature.length), 'base64url').equals(bytes))
}
