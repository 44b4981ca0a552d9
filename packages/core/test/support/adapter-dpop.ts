import { createDpopProof, createTestIssuer, createTestKey, type TestIssuer, type TestKey } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import * as client from 'openid-client'
import type { DpopOptions } from '../../src/dpop/options.ts'
import type { Provider } from '../../src/provider.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { type BuildApp, type OnUpgrade, type RunningApp, serve } from './adapter-app.ts'
import { routes } from './adapter-stage.ts'
import { api, createKeys, type OidcServer, app as registered, resources, startOidcServer } from './oidc-provider.ts'

/** The part of the contract about tokens that are bound to a key. */
export function describeDpop(buildApp: BuildApp): void {
  describe('tokens that are bound to a key', () => {
    let issuer: TestIssuer
    let key: TestKey
    let server: OidcServer
    const running: RunningApp[] = []

    beforeAll(async () => {
      issuer = await createTestIssuer()
      key = await createTestKey('ES256')
      server = await startOidcServer(await createKeys())
    })
    afterEach(async () => {
      await Promise.all(running.splice(0).map((app) => app.close()))
    })
    afterAll(async () => {
      await issuer.close()
      await server.kill()
    })

    async function start(dpop: Partial<DpopOptions> = {}, providers?: Provider[], onUpgrade?: OnUpgrade) {
      const ours = [oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles' })]
      const at = (origin: string) =>
        buildApp({ auth: { providers: providers ?? ours, dpop: { baseUrl: origin, ...dpop } }, routes, problems: true })
      const app = await serve({ at }, onUpgrade)
      running.push(app)
      return app
    }

    function call(app: RunningApp, path: string, token: string, nonce?: string) {
      const proof = createDpopProof({ key, url: app.origin + path, accessToken: token, ...(nonce && { nonce }) })
      return app.call(path, { headers: { Authorization: `DPoP ${token}`, DPoP: proof } })
    }

    it('let in who has the key, once for each proof', async () => {
      const app = await start()
      const token = issuer.tokenFor({ boundTo: key })
      const proof = createDpopProof({ key, url: `${app.origin}/me`, accessToken: token })
      const headers = { Authorization: `DPoP ${token}`, DPoP: proof }
      expect((await app.call('/me?page=2', { headers })).json()).toMatchObject({ id: 'alice' })
      const again = await app.call('/me?page=2', { headers })
      expect([again.status, again.headers.get('WWW-Authenticate')]).toEqual([401, expect.stringMatching(/^DPoP /)])
      expect(again.json()).toMatchObject({ error: 'invalid_dpop_proof' })
      expect((await call(app, '/me', token)).status).toBe(200)
    })

    it('let in nobody who only bears one, before and after it is known', async () => {
      const app = await start()
      const token = issuer.tokenFor({ boundTo: key })
      expect((await app.call('/me', { token })).status).toBe(401)
      expect((await call(app, '/me', token)).status).toBe(200)
      const answer = await app.call('/me', { token })
      expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Bearer realm="api", error="invalid_token", DPoP realm="api", algs="ES256 /),
      ])
    })

    it('are guarded as others are, and refused by their own scheme', async () => {
      const app = await start()
      const token = issuer.tokenFor({ boundTo: key })
      expect((await call(app, '/admin', issuer.tokenFor({ boundTo: key, roles: ['admin'] }))).status).toBe(200)
      const refused = await call(app, '/admin', token)
      expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([
        403,
        expect.stringMatching(/^DPoP realm="api", error="insufficient_scope", algs="[^"]+", Bearer realm="api"$/),
      ])
    })

    it('are beside bearer tokens, unless there must be no others', async () => {
      const token = issuer.tokenFor()
      expect((await (await start()).call('/me', { token })).status).toBe(200)
      const strict = await start({ required: true })
      for (const _ of [1, 2]) {
        const answer = await strict.call('/me', { token })
        expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([
          401,
          expect.stringMatching(/^DPoP realm="api", error="invalid_token", algs="[^"]+"$/),
        ])
      }
      expect((await call(strict, '/me', issuer.tokenFor({ boundTo: key }))).status).toBe(200)
    })

    it('get a nonce where they have to carry one, which no cache keeps', async () => {
      const app = await start({ nonces: 'a secret that all processes have in common' })
      const token = issuer.tokenFor({ boundTo: key })
      const first = await call(app, '/me', token)
      expect([first.status, first.headers.get('Cache-Control')]).toEqual([401, 'no-store'])
      expect(first.headers.get('WWW-Authenticate')).toMatch(/^DPoP realm="api", error="use_dpop_nonce"/)
      const nonce = first.headers.get('DPoP-Nonce') ?? ''
      expect((await call(app, '/me', token, nonce)).status).toBe(200)
    })

    it.each(['RS256', 'opaque'] as const)(
      'come from a real authorization server to a real client, which calls with them: %s',
      async (kind) => {
        const { clientId, clientSecret } = api
        const provider = oidc({
          issuer: server.issuer,
          audience: resources[kind],
          introspection: { clientId, clientSecret },
        })
        const app = await start({ nonces: 'a secret that all processes have in common' }, [provider])
        const config = await client.discovery(
          new URL(server.issuer),
          registered.clientId,
          registered.clientSecret,
          undefined,
          { execute: [client.allowInsecureRequests] },
        )
        const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
        const tokens = await client.clientCredentialsGrant(config, { resource: resources[kind] }, { DPoP })
        expect(tokens.token_type).toBe('dpop')
        const get = (path: string) =>
          client.fetchProtectedResource(
            config,
            tokens.access_token,
            new URL(app.origin + path),
            'GET',
            undefined,
            undefined,
            { DPoP },
          )
        for (const path of ['/me', '/me?again=1']) {
          const answer = await get(path)
          expect([answer.status, await answer.json()]).toEqual([
            200,
            expect.objectContaining({ id: registered.clientId }),
          ])
        }
        expect((await app.call('/me', { token: tokens.access_token })).status).toBe(401)
      },
    )
  })
}
