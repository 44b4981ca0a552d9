import { setTimeout as sleep } from 'node:timers/promises'
import { createTestIssuer } from '@claviger/testing'
import { describe, expect, it, jest } from '@jest/globals'
import type { TokenSource } from '../../src/credentials.ts'
import { oidc } from '../../src/providers/oidc.ts'
import type { HttpOptions } from '../../src/request.ts'
import { routes, type Stage } from './adapter-stage.ts'

/** The part of the contract about who calls. */
export function describeAuthentication(stage: Stage): void {
  const { start } = stage

  describe('authMiddleware', () => {
    it('says who calls', async () => {
      const app = await start()
      const { status, json } = await app.call('/me', {
        token: stage.issuer.tokenFor({ subject: 'alice', roles: ['admin'], scopes: ['read'] }),
      })
      expect(status).toBe(200)
      expect(json()).toMatchObject({
        id: 'alice',
        provider: 'oidc',
        issuer: stage.issuer.issuer,
        roles: [{ id: 'admin', name: 'admin', permissions: [] }],
        permissions: [],
        scopes: ['read'],
      })
    })

    it("gives the route the verified token, and Node's request the same user", async () => {
      const seen = jest.fn()
      const app = await start({
        routes: [
          { path: '/', handle: ({ user, auth, request }) => seen(user, auth, 'user' in request && request.user) },
        ],
      })
      await app.call('/', { token: stage.issuer.tokenFor({ subject: 'alice' }) })
      const [user, auth, other] = seen.mock.calls[0] ?? []
      expect(user).toBe(other)
      expect(auth).toMatchObject({
        user: { id: 'alice' },
        issuer: stage.issuer.issuer,
        claims: { sub: 'alice' },
        expiresAt: expect.any(Number),
      })
      expect(Object.isFrozen(auth)).toBe(true)
    })

    it('shows the authenticator it works with', async () => {
      const shown: unknown[] = []
      const auth = stage.authenticatorFor(stage.issuer)
      await start({ auth, onMiddleware: ({ authenticator }) => shown.push(authenticator) })
      expect(shown).toEqual([auth])
      await auth.close()
    })

    it('makes an authenticator of options', async () => {
      const provider = oidc({ issuer: stage.issuer.issuer, audience: stage.issuer.audience })
      const app = await start({ auth: { providers: [provider], realm: 'shop', required: false } })
      expect((await app.call('/me')).json()).toBeNull()
      expect((await app.call('/me', { token: stage.issuer.tokenFor() })).json()).toMatchObject({ id: 'alice' })
    })

    it.each<[number, string, Record<string, string>]>([
      [401, 'Bearer realm="api"', {}],
      [401, 'Bearer realm="api"', { Authorization: 'Basic YWxpY2U6c2VjcmV0' }],
      [401, 'Bearer realm="api"', { Authorization: 'bearertoken' }],
      [401, 'Bearer realm="api", error="invalid_token"', { Authorization: 'Bearer nonsense' }],
      [401, 'Bearer realm="api", error="invalid_token"', { Authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }],
      [400, 'Bearer realm="api", error="invalid_request"', { Authorization: 'Bearer' }],
      [400, 'Bearer realm="api", error="invalid_request"', { Authorization: 'Bearer a b' }],
      [400, 'Bearer realm="api", error="invalid_request"', { Authorization: 'Bearer a, Bearer b' }],
    ])('answers %i with %j to %j', async (status, challenge, headers) => {
      const answer = await (await start()).call('/me', { headers })
      expect(answer.status).toBe(status)
      expect(answer.headers.get('WWW-Authenticate')).toBe(challenge)
    })

    it('refuses tampered, expired and foreign tokens, all in the same words', async () => {
      const app = await start({ problems: true })
      const good = stage.issuer.tokenFor()
      const tokens = [
        good.replace(/.{8}$/, 'AAAAAAAA'),
        stage.issuer.tokenFor({ expiresIn: -3600 }),
        stage.issuer.tokenFor({ audience: 'another' }),
        stage.issuer.tokenFor({ claims: { iss: 'https://unknown.example' } }),
        stage.issuer.idTokenFor(),
      ]
      const answers = await Promise.all(tokens.map((token) => app.call('/me', { token })))
      expect(answers.map((answer) => answer.status)).toEqual(tokens.map(() => 401))
      expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
      expect((await app.call('/me', { token: good })).status).toBe(200)
    })

    it('refuses two tokens in one request', async () => {
      const app = await start()
      const [a, b] = [stage.issuer.tokenFor({ subject: 'alice' }), stage.issuer.tokenFor({ subject: 'bob' })]
      const both = await app.repeated('/me', ['Authorization', `Bearer ${a}`, 'Authorization', `Bearer ${b}`])
      expect(both.status).toBe(400)
      expect((await app.repeated('/me', ['Authorization', `Bearer ${a}`, 'authorization', `Bearer ${a}`])).status).toBe(
        200,
      )
    })

    it('is not passed by OPTIONS, HEAD or an unknown route', async () => {
      const handle = jest.fn()
      const app = await start({ routes: [{ path: '/me', handle }] })
      const preflight = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' }
      expect((await app.call('/me', { method: 'OPTIONS', headers: preflight })).status).toBe(401)
      expect((await app.call('/me', { method: 'HEAD' })).status).toBe(401)
      expect((await app.call('/unknown')).status).toBe(401)
      expect(handle).not.toHaveBeenCalled()
      expect((await app.call('/unknown', { token: stage.issuer.tokenFor() })).status).toBe(404)
      expect((await app.call('/me', { method: 'HEAD', token: stage.issuer.tokenFor() })).status).toBe(200)
    })

    it('keeps what a handler does to its user from the next request of the same token', async () => {
      const app = await start({
        routes: [
          ...routes,
          {
            path: '/take-over',
            handle: ({ user, auth }) => {
              const admin = { id: 'admin', name: 'admin', permissions: [] }
              const push = (lists = user) => (lists?.roles as unknown[] | undefined)?.push(admin)
              expect(() => push()).toThrow(TypeError)
              expect(() => push(auth?.user)).toThrow(TypeError)
              return Object.assign(user as object, { note: 'mine', roles: [admin], organization: 'mine' })
            },
          },
        ],
      })
      const token = stage.issuer.tokenFor()
      const before = (await app.call('/me', { token })).json()
      expect((await app.call('/take-over', { token })).json()).toMatchObject({
        note: 'mine',
        roles: [{ id: 'admin' }],
      })
      expect((await app.call('/me', { token })).json()).toEqual(before)
      expect((await app.call('/admin', { token })).status).toBe(403)
    })

    it('gives each of 50 users at once their own', async () => {
      const app = await start({
        routes: [
          { path: '/me', handle: async ({ user, auth }) => sleep(Math.random() * 20, [user?.id, auth?.user.id]) },
        ],
      })
      const names = Array.from({ length: 50 }, (_, i) => `user-${i}`)
      const answers = await Promise.all(
        names.map((subject) => app.call('/me', { token: stage.issuer.tokenFor({ subject }) })),
      )
      expect(answers.map((answer) => answer.json())).toEqual(names.map((name) => [name, name]))
    })
  })

  describe('an issuer that is down', () => {
    it.each<HttpOptions>([{}, { required: false }])('is 503 with Retry-After, and never nobody: %j', async (http) => {
      const down = await createTestIssuer()
      const auth = stage.authenticatorFor(down)
      down.fail('jwks', 'reset')
      const handle = jest.fn()
      for (const problems of [true, false]) {
        const app = await start({ auth, http, problems, routes: [{ path: '/me', handle }] })
        const answer = await app.call('/me', { token: down.tokenFor() })
        expect(answer.status).toBe(503)
        expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
        expect(answer.headers.has('WWW-Authenticate')).toBe(false)
        // Why is for logs.
        expect(answer.body).not.toContain(new URL(down.issuer).host)
      }
      expect(handle).not.toHaveBeenCalled()
      await auth.close()
      await down.close()
    })
  })

  describe('credentials that are not required', () => {
    it('may be absent, but not bad', async () => {
      const app = await start({ http: { required: false, realm: 'shop' } })
      expect((await app.call('/me')).json()).toBeNull()
      expect((await app.call('/me', { headers: { Authorization: 'Basic abc' } })).json()).toBeNull()
      expect((await app.call('/me', { token: stage.issuer.tokenFor() })).json()).toMatchObject({ id: 'alice' })
      expect((await app.call('/me', { token: 'bad' })).status).toBe(401)
      expect((await app.call('/me', { token: stage.issuer.tokenFor({ expiresIn: -3600 }) })).status).toBe(401)
      expect((await app.call('/me', { headers: { Authorization: 'Bearer' } })).status).toBe(400)
    })

    it('let no cache give what nobody got to whoever comes with a token', async () => {
      const varyOf = async (tokenFrom: TokenSource[], token?: string) => {
        const app = await start({ http: { required: false, tokenFrom } })
        return (await app.call('/me', token === undefined ? {} : { token })).headers.get('vary')
      }
      expect(await varyOf(['header'])).toBe('Authorization')
      expect(await varyOf(['header', { cookie: 'token' }])).toBe('Cookie, Authorization')
      expect(await varyOf([{ cookie: 'token' }])).toBe('Cookie')
      expect(await varyOf([{ query: 'token' }])).toBeNull()
      // Caches keep no answer to a request with a token (RFC 9111 section 3.5).
      expect(await varyOf(['header'], stage.issuer.tokenFor())).toBeNull()
    })

    it('leave 404 to routes that are not there', async () => {
      const app = await start({ http: { required: false } })
      expect((await app.call('/unknown')).status).toBe(404)
      expect((await app.call('/unknown', { token: stage.issuer.tokenFor() })).status).toBe(404)
    })

    it('are required by guards, in the name of the app and with the scopes of the route', async () => {
      const app = await start({ http: { required: false, realm: 'shop' } })
      const scopes = {
        '/signed-in': '',
        '/admin': '',
        '/scoped': ', scope="read write"',
        '/reports': ', scope="read:reports"',
      }
      for (const [path, ofRoute] of Object.entries(scopes)) {
        const answer = await app.call(path)
        expect(answer.status).toBe(401)
        expect(answer.headers.get('WWW-Authenticate')).toBe(`Bearer realm="shop"${ofRoute}`)
      }
      expect((await app.call('/signed-in', { token: stage.issuer.tokenFor() })).status).toBe(200)
    })
  })

  describe('tokenFrom', () => {
    const tokenFrom = [{ cookie: 'session' }, { query: 'access_token' }, { body: 'access_token' }] as const
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

    it('takes cookie, query and body where that is asked for', async () => {
      const app = await start({ http: { tokenFrom }, parsesBodies: true })
      const token = stage.issuer.tokenFor()
      expect((await app.call('/me', { headers: { Cookie: `a=b; session=${token}` } })).status).toBe(200)
      const query = await app.call(`/me?access_token=${token}`)
      expect([query.status, query.headers.get('Cache-Control')]).toEqual([200, 'private'])
      expect((await app.call('/echo', { method: 'POST', headers: form, body: `access_token=${token}` })).status).toBe(
        200,
      )
      expect((await app.call('/me', { token })).status).toBe(401)
      expect((await app.call(`/me?access_token=${token}`, { headers: { Cookie: 'session=other' } })).status).toBe(400)
    })

    it('takes none of them otherwise', async () => {
      const app = await start({ parsesBodies: true })
      const token = stage.issuer.tokenFor()
      const Cookie = `session=${token}`
      const answer = await app.call(`/echo?access_token=${token}`, {
        method: 'POST',
        headers: { ...form, Cookie },
        body: `access_token=${token}`,
      })
      expect(answer.status).toBe(401)
    })

    it('refuses a cookie that another site makes the browser send', async () => {
      const app = await start({ http: { tokenFrom } })
      const from = (Origin: string) =>
        app.call('/echo', { method: 'POST', headers: { Cookie: `session=${stage.issuer.tokenFor()}`, Origin } })
      expect((await from('https://evil.example')).status).toBe(403)
      expect((await from(app.origin)).status).toBe(200)
    })

    it("may be a function, whose errors are the app's own", async () => {
      const app = await start({ http: { tokenFrom: ({ headers }) => headers['x-token'] as string | undefined } })
      expect((await app.call('/me', { headers: { 'X-Token': stage.issuer.tokenFor() } })).status).toBe(200)
      expect((await app.call('/me')).status).toBe(401)
      for (const thrown of [new Error('of the app'), undefined, 'route']) {
        const tokenFrom = () => {
          throw thrown
        }
        expect((await (await start({ http: { tokenFrom, required: false } })).call('/me')).status).toBe(500)
      }
    })
  })
}
