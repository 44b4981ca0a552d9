import { createTestClock } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { api, createKeys, type OidcServer, resources, startOidcServer } from './support/oidc-provider.ts'

const audience = resources.ES256

describe('a real authorization server', () => {
  const servers: OidcServer[] = []
  const made: Authenticator[] = []

  afterEach(async () => {
    await Promise.all(made.splice(0).map((auth) => auth.close()))
    await Promise.all(servers.splice(0).map((server) => server.kill()))
  })

  async function start(keys: OidcServer['keys'], port?: number): Promise<OidcServer> {
    const server = await startOidcServer(keys, port)
    servers.push(server)
    return server
  }

  async function restart(server: OidcServer, keys: OidcServer['keys']): Promise<OidcServer> {
    await server.kill()
    return start(keys, server.port)
  }

  function authenticator({ issuer }: OidcServer, options: Partial<AuthenticatorOptions> = {}): Authenticator {
    const auth = createAuthenticator({ providers: [oidc({ issuer, audience })], ...options })
    made.push(auth)
    return auth
  }

  const tokenOf = async (server: OidcServer) => (await server.clientToken(audience)).access_token

  it('may rotate its keys: the new one counts at once, the old one until it is taken away', async () => {
    const [old, next] = await Promise.all([createKeys(), createKeys()])
    const before = await start(old)
    const first = await tokenOf(before)
    const clock = createTestClock()
    const auth = authenticator(before, { clock, clockTolerance: 60 })
    await auth.verify(first)

    const between = await restart(before, [...next, ...old])
    const second = await tokenOf(between)
    await clock.advance(11)
    await expect(auth.verify(second)).resolves.toMatchObject({ user: { id: 'web-app' } })
    await expect(auth.verify(first)).resolves.toMatchObject({ user: { id: 'web-app' } })

    const after = await restart(between, next)
    // The default freshness of a key set whose server does not say: then the removal is seen.
    await clock.advance(600)
    await auth.ready()
    await expect(auth.verify(first)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY', status: 401 })
    await expect(auth.verify(second)).resolves.toMatchObject({ user: { id: 'web-app' } })
    await expect(auth.verify(await tokenOf(after))).resolves.toMatchObject({ user: { id: 'web-app' } })
  })

  it('may be down: users keep working, and nobody is told that a good token is bad', async () => {
    const server = await start(await createKeys())
    const [known, stranger] = [await tokenOf(server), await tokenOf(server)]
    const foreign = await tokenOf(await start(await createKeys()))
    const clock = createTestClock()
    const auth = authenticator(server, { clock, clockTolerance: 60 })
    const cold = authenticator(server, { clock, clockTolerance: 60 })
    await auth.verify(known)
    await server.kill()
    const unknownKey = withIssuer(foreign, server.issuer)

    // A user who has been here, a user who has not, and nobody could say anything about the key of the third.
    const unavailable = { code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 }
    await expect(auth.verify(known)).resolves.toMatchObject({ user: { id: 'web-app' } })
    await expect(auth.verify(stranger)).resolves.toMatchObject({ user: { id: 'web-app' } })
    await clock.advance(11)
    await expect(auth.verify(unknownKey)).rejects.toMatchObject(unavailable)
    await expect(cold.verify(known)).rejects.toMatchObject(unavailable)
    expect(cold.health()).toMatchObject({ ok: false, providers: [{ keys: { state: 'empty' } }] })

    // Long after the key set should have been fetched again.
    await clock.advance(1800)
    await expect(auth.verify(known)).resolves.toMatchObject({ user: { id: 'web-app' } })
    await expect(auth.ready()).resolves.toBeUndefined()
    expect(auth.health()).toMatchObject({ ok: true, providers: [{ keys: { state: 'stale', keys: 3 } }] })

    await restart(server, server.keys)
    for (let tries = 0; tries < 5 && !cold.health().ok; tries += 1) {
      await clock.advance(30)
      await cold.ready().catch(() => {})
    }
    await expect(cold.verify(stranger)).resolves.toMatchObject({ user: { id: 'web-app' } })
  })

  it('may be down: opaque tokens are known for as long as the last answer is remembered', async () => {
    const server = await start(await createKeys())
    const { access_token: known } = await server.clientToken(resources.opaque)
    const { access_token: stranger } = await server.clientToken(resources.opaque)
    const clock = createTestClock()
    const auth = authenticator(server, {
      clock,
      clockTolerance: 60,
      providers: [oidc({ issuer: server.issuer, audience: resources.opaque, introspection: { ...api, cacheFor: 30 } })],
    })
    await auth.verify(known)
    await server.kill()
    await expect(auth.verify(known)).resolves.toMatchObject({ user: { id: 'web-app' } })
    await expect(auth.verify(stranger)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
    await clock.advance(30)
    await expect(auth.verify(known)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
  })

  it('is asked for its keys once for many users who come at the same time', async () => {
    const server = await start(await createKeys())
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(server)))
    const asked: string[] = []
    const auth = authenticator(server, {
      fetch(url, init) {
        asked.push(new URL(url).pathname)
        return fetch(url, init)
      },
    })
    await Promise.all(tokens.map((token) => auth.verify(token)))
    expect(asked).toEqual(['/oidc/.well-known/openid-configuration', '/oidc/jwks'])
  })
})

/** The same token, as if another issuer had made it; its signature fits no more. */
function withIssuer(token: string, iss: string): string {
  const [header, payload = '', signature] = token.split('.')
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), iss }
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}
