import { setTimeout as sleep } from 'node:timers/promises'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import { AuthError } from '../../src/errors.ts'
import { allOf, anyOf, check, not, organization, role, scope } from '../../src/guards/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import type { HttpOptions } from '../../src/request.ts'
import type { VerifiedToken } from '../../src/types.ts'
import { type AppSetup, type BuildApp, type RouteSetup, type RunningApp, serve } from './adapter-app.ts'
import { describeHostileRequests } from './adapter-hostility.ts'
import { inputOf, person } from './people.ts'

const ok = () => ({ ok: true })

const routes: RouteSetup[] = [
  { path: '/me', handle: ({ user }) => user ?? null },
  { path: '/signed-in', guards: (g) => [g.requireAuth()], handle: ok },
  { path: '/admin', guards: (g) => [g.requireRole('admin', 'root')], handle: ok },
  { method: 'delete', path: '/machines/:id', guards: (g) => [g.requirePermission('machine:delete')], handle: ok },
  {
    method: 'post',
    path: '/machines/:id',
    guards: (g) => [g.requirePermission({ machine: 'start', disk: 'read' })],
    handle: ok,
  },
  { path: '/scoped', guards: (g) => [g.requireScope('read', 'write')], handle: ok },
  {
    path: '/reports',
    guards: (g) => [g.authorize(anyOf(role('auditor'), allOf(scope('read:reports'), not(role('banned')))))],
    handle: ok,
  },
  { path: '/stacked', guards: (g) => [g.requireRole('admin'), g.requireScope('read')], handle: ok },
  {
    path: '/organizations/:organization/admin',
    guards: (g) => [
      g.authorize(organization((request: { params?: { organization: string } }) => request.params?.organization)),
      g.requireRole('admin'),
    ],
    handle: ok,
  },
  { method: 'post', path: '/echo', handle: ok },
]

/** What every adapter does, on every supported major of its framework. */
export function describeAdapter(name: string, buildApp: BuildApp): void {
  describe(name, () => {
    let issuer: TestIssuer
    let authenticator: Authenticator
    const running: RunningApp[] = []

    beforeAll(async () => {
      issuer = await createTestIssuer()
      authenticator = authenticatorFor(issuer)
    })
    afterEach(async () => {
      await Promise.all(running.splice(0).map((app) => app.close()))
    })
    afterAll(async () => {
      await authenticator.close()
      await issuer.close()
    })

    function authenticatorFor({ issuer, audience }: TestIssuer): Authenticator {
      return createAuthenticator({
        providers: [
          oidc({
            issuer,
            audience,
            rolesFrom: 'roles',
            permissionsFrom: 'permissions',
            organizationFrom: 'organization_id',
          }),
        ],
      })
    }

    async function start(setup: Partial<AppSetup> = {}): Promise<RunningApp> {
      const app = await serve(buildApp({ auth: authenticator, routes, ...setup }))
      running.push(app)
      return app
    }

    /** An authenticator whose verdicts the test makes up. */
    function verifying(verify: (token: string) => Promise<VerifiedToken>): Authenticator {
      return { ...authenticator, verify }
    }

    describe('authMiddleware', () => {
      it('says who calls', async () => {
        const app = await start()
        const { status, json } = await app.call('/me', {
          token: issuer.tokenFor({ subject: 'alice', roles: ['admin'], scopes: ['read'] }),
        })
        expect(status).toBe(200)
        expect(json()).toMatchObject({
          id: 'alice',
          provider: 'oidc',
          issuer: issuer.issuer,
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
        await app.call('/', { token: issuer.tokenFor({ subject: 'alice' }) })
        const [user, auth, other] = seen.mock.calls[0] ?? []
        expect(user).toBe(other)
        expect(auth).toMatchObject({
          user: { id: 'alice' },
          issuer: issuer.issuer,
          claims: { sub: 'alice' },
          expiresAt: expect.any(Number),
        })
        expect(Object.isFrozen(auth)).toBe(true)
      })

      it('has the authenticator it works with', async () => {
        const { auth } = { auth: authenticator }
        const app = await start({ auth, http: { realm: 'shop' } })
        expect((await app.call('/me')).headers.get('WWW-Authenticate')).toBe('Bearer realm="shop"')
      })

      it('makes an authenticator of options', async () => {
        const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience })
        const app = await start({ auth: { providers: [provider], realm: 'shop', required: false } })
        expect((await app.call('/me')).json()).toBeNull()
        expect((await app.call('/me', { token: issuer.tokenFor() })).json()).toMatchObject({ id: 'alice' })
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
        const good = issuer.tokenFor()
        const tokens = [
          good.replace(/.{8}$/, 'AAAAAAAA'),
          issuer.tokenFor({ expiresIn: -3600 }),
          issuer.tokenFor({ audience: 'another' }),
          issuer.tokenFor({ claims: { iss: 'https://unknown.example' } }),
          issuer.idTokenFor(),
        ]
        const answers = await Promise.all(tokens.map((token) => app.call('/me', { token })))
        expect(answers.map((answer) => answer.status)).toEqual(tokens.map(() => 401))
        expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
        expect((await app.call('/me', { token: good })).status).toBe(200)
      })

      it('refuses two tokens in one request', async () => {
        const app = await start()
        const [a, b] = [issuer.tokenFor({ subject: 'alice' }), issuer.tokenFor({ subject: 'bob' })]
        const both = await app.repeated('/me', ['Authorization', `Bearer ${a}`, 'Authorization', `Bearer ${b}`])
        expect(both.status).toBe(400)
        expect(
          (await app.repeated('/me', ['Authorization', `Bearer ${a}`, 'authorization', `Bearer ${a}`])).status,
        ).toBe(200)
      })

      it('is not passed by OPTIONS, HEAD or an unknown route', async () => {
        const handle = jest.fn()
        const app = await start({ routes: [{ path: '/me', handle }] })
        const preflight = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' }
        expect((await app.call('/me', { method: 'OPTIONS', headers: preflight })).status).toBe(401)
        expect((await app.call('/me', { method: 'HEAD' })).status).toBe(401)
        expect((await app.call('/unknown')).status).toBe(401)
        expect(handle).not.toHaveBeenCalled()
        expect((await app.call('/unknown', { token: issuer.tokenFor() })).status).toBe(404)
        expect((await app.call('/me', { method: 'HEAD', token: issuer.tokenFor() })).status).toBe(200)
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
        const token = issuer.tokenFor()
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
          names.map((subject) => app.call('/me', { token: issuer.tokenFor({ subject }) })),
        )
        expect(answers.map((answer) => answer.json())).toEqual(names.map((name) => [name, name]))
      })
    })

    describe('an issuer that is down', () => {
      it.each<HttpOptions>([{}, { required: false }])('is 503 with Retry-After, and never nobody: %j', async (http) => {
        const down = await createTestIssuer()
        const auth = authenticatorFor(down)
        down.fail('jwks', 'reset')
        const handle = jest.fn()
        for (const problems of [true, false]) {
          const app = await start({ auth, http, problems, routes: [{ path: '/me', handle }] })
          const answer = await app.call('/me', { token: down.tokenFor() })
          expect(answer.status).toBe(503)
          expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
          expect(answer.headers.has('WWW-Authenticate')).toBe(false)
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
        expect((await app.call('/me', { token: issuer.tokenFor() })).json()).toMatchObject({ id: 'alice' })
        expect((await app.call('/me', { token: 'bad' })).status).toBe(401)
        expect((await app.call('/me', { headers: { Authorization: 'Bearer' } })).status).toBe(400)
      })

      it('are required by guards, in the name of the app', async () => {
        const app = await start({ http: { required: false, realm: 'shop' } })
        for (const path of ['/signed-in', '/admin', '/scoped', '/reports']) {
          const answer = await app.call(path)
          expect(answer.status).toBe(401)
          expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="shop"')
        }
        expect((await app.call('/signed-in', { token: issuer.tokenFor() })).status).toBe(200)
      })
    })

    describe('tokenFrom', () => {
      const tokenFrom = [{ cookie: 'session' }, { query: 'access_token' }, { body: 'access_token' }] as const
      const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

      it('takes cookie, query and body where that is asked for', async () => {
        const app = await start({ http: { tokenFrom }, parsesBodies: true })
        const token = issuer.tokenFor()
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
        const token = issuer.tokenFor()
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
          app.call('/echo', { method: 'POST', headers: { Cookie: `session=${issuer.tokenFor()}`, Origin } })
        expect((await from('https://evil.example')).status).toBe(403)
        expect((await from(app.origin)).status).toBe(200)
      })

      it("may be a function, whose errors are the app's own", async () => {
        const app = await start({ http: { tokenFrom: ({ headers }) => headers['x-token'] as string | undefined } })
        expect((await app.call('/me', { headers: { 'X-Token': issuer.tokenFor() } })).status).toBe(200)
        expect((await app.call('/me')).status).toBe(401)
        for (const thrown of [new Error('of the app'), undefined, 'route']) {
          const tokenFrom = () => {
            throw thrown
          }
          expect((await (await start({ http: { tokenFrom, required: false } })).call('/me')).status).toBe(500)
        }
      })
    })

    describe('guards', () => {
      it.each<[number, string, string, Parameters<TestIssuer['tokenFor']>[0]]>([
        [200, 'GET', '/signed-in', {}],
        [200, 'GET', '/admin', { roles: ['admin'] }],
        [200, 'GET', '/admin', { roles: ['other', 'root'] }],
        [403, 'GET', '/admin', { roles: ['administrator', 'Admin'] }],
        [403, 'HEAD', '/admin', {}],
        [200, 'DELETE', '/machines/1', { permissions: ['machine:delete'] }],
        [403, 'DELETE', '/machines/1', { permissions: ['machine:start'] }],
        [200, 'POST', '/machines/1', { permissions: ['machine:start', 'disk:read'] }],
        [403, 'POST', '/machines/1', { permissions: ['machine:start'] }],
        [200, 'GET', '/scoped', { scopes: ['write', 'read'] }],
        [403, 'GET', '/scoped', { scopes: ['read'] }],
        [200, 'GET', '/reports', { roles: ['auditor'] }],
        [200, 'GET', '/reports', { scopes: ['read:reports'] }],
        [403, 'GET', '/reports', { scopes: ['read:reports'], roles: ['banned'] }],
        [200, 'GET', '/stacked', { roles: ['admin'], scopes: ['read'] }],
        [403, 'GET', '/stacked', { roles: ['admin'] }],
        [403, 'GET', '/stacked', { scopes: ['read'] }],
        [200, 'GET', '/organizations/acme/admin', { roles: ['admin'], organization: 'acme' }],
        [403, 'GET', '/organizations/other/admin', { roles: ['admin'], organization: 'acme' }],
      ])('answer %i to %s %s with %j', async (status, method, path, options) => {
        const app = await start()
        expect((await app.call(path, { method, token: issuer.tokenFor(options) })).status).toBe(status)
      })

      it('name the scopes that would help', async () => {
        const app = await start()
        const challenge = async (path: string) =>
          (await app.call(path, { token: issuer.tokenFor() })).headers.get('WWW-Authenticate')
        expect(await challenge('/scoped')).toBe('Bearer realm="api", error="insufficient_scope", scope="read write"')
        expect(await challenge('/admin')).toBe('Bearer realm="api", error="insufficient_scope"')
      })

      it('refuse without a middleware before them, and say so once', async () => {
        const warn = jest.spyOn(process, 'emitWarning').mockReturnValue()
        const handle = jest.fn()
        const app = await start({
          auth: undefined,
          routes: [{ path: '/', guards: (g) => [g.authorize(not(role('lonely')))], handle }],
        })
        for (const token of [undefined, issuer.tokenFor()]) {
          const answer = await app.call('/', { token })
          expect(answer.status).toBe(401)
          expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="api"')
        }
        expect(handle).not.toHaveBeenCalled()
        expect(warn.mock.calls).toEqual([[expect.stringContaining('not(role("lonely"))'), expect.anything()]])
        warn.mockRestore()
      })

      it('never let a check pass by what it throws', async () => {
        for (const thrown of [new Error('of the app'), undefined, null, 'route', 'router']) {
          const handle = jest.fn()
          const fails = check(() => {
            throw thrown
          })
          const app = await start({ routes: [{ path: '/', guards: (g) => [g.authorize(fails)], handle }] })
          expect((await app.call('/', { token: issuer.tokenFor() })).status).toBe(500)
          expect(handle).not.toHaveBeenCalled()
        }
      })

      it('count rights that hold in one organization only where the route names it', async () => {
        const { auth } = inputOf(person({ roles: ['admin'], organization: 'acme' }), { boundTo: 'acme' })
        const app = await start({ auth: verifying(async () => auth) })
        const status = async (path: string) => (await app.call(path, { token: 'bound' })).status
        expect(await status('/admin')).toBe(403)
        expect(await status('/organizations/acme/admin')).toBe(200)
        expect(await status('/organizations/other/admin')).toBe(403)
        expect(await status('/admin')).toBe(403)
        expect(await status('/signed-in')).toBe(200)
      })
    })

    describe('problemDetails', () => {
      it.each<[string, string | undefined, string | undefined]>([
        ['/me', undefined, undefined],
        ['/me', 'bad', 'invalid_token'],
        ['/me', 'a b', 'invalid_request'],
        ['/admin', 'good', 'insufficient_scope'],
        ['/me', 'down', undefined],
      ])('says the same as the header section: %s with %j', async (path, token, error) => {
        const { auth } = inputOf(person())
        const verify = async (token: string) => {
          if (token === 'good') return auth
          throw new AuthError(token === 'down' ? 'ERR_PROVIDER_UNAVAILABLE' : 'ERR_TOKEN_SIGNATURE', {
            explanation: 'only for logs',
          })
        }
        const app = await start({ auth: verifying(verify), problems: true })
        const answer = await app.call(path, { token })
        expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
        expect(answer.json()).toEqual({
          type: 'about:blank',
          title: expect.any(String),
          status: answer.status,
          detail: expect.any(String),
          ...(error !== undefined && { error }),
        })
        if (error !== undefined) expect(answer.headers.get('WWW-Authenticate')).toContain(`error="${error}"`)
        expect(answer.headers.has('WWW-Authenticate')).toBe(answer.status !== 503)
        expect(answer.body).not.toContain('only for logs')
        const head = await app.call(path, { token, method: 'HEAD' })
        expect([head.status, head.body, head.headers.get('Content-Type')]).toEqual([
          answer.status,
          '',
          'application/problem+json',
        ])
      })
    })

    describe("a route's own error", () => {
      const teapot = Object.assign(new Error('short and stout'), { status: 418 })
      const own = new Error('of the route')
      const cases: [string, number, unknown, () => unknown][] = [
        [
          'thrown',
          500,
          own,
          () => {
            throw own
          },
        ],
        ['rejected', 500, own, () => Promise.reject(own)],
        [
          'rejected later',
          500,
          own,
          async () => {
            await sleep(5)
            throw own
          },
        ],
        [
          'with a status of its own',
          418,
          teapot,
          () => {
            throw teapot
          },
        ],
      ]

      it.each(cases)('stays what it is: %s', async (_, status, error, handle) => {
        for (const problems of [true, false]) {
          const onError = jest.fn()
          const app = await start({
            problems,
            onError,
            routes: [{ path: '/', guards: (g) => [g.requireAuth()], handle }],
          })
          const answer = await app.call('/', { token: issuer.tokenFor() })
          expect(answer.status).toBe(status)
          expect(answer.headers.get('Content-Type')).not.toContain('problem')
          expect(onError.mock.calls).toEqual([[error]])
        }
      })
    })

    describeHostileRequests(start, () => issuer, verifying)
  })
}
