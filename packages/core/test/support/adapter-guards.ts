import { setTimeout as sleep } from 'node:timers/promises'
import type { TestIssuer } from '@claviger/testing'
import { describe, expect, it, jest } from '@jest/globals'
import { AuthError } from '../../src/errors.ts'
import { check, not, type Predicate, role, type Verdict } from '../../src/guards/index.ts'
import { pending } from '../../src/guards/pending.ts'
import { granted, predicate, refused } from '../../src/guards/predicate.ts'
import type { Call, Guards } from './adapter-app.ts'
import type { Stage } from './adapter-stage.ts'
import { inputOf, person } from './people.ts'

/** The part of the contract about what callers may do, and how refusals and other errors leave. */
export function describeGuards(stage: Stage): void {
  const { start, verifying } = stage

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
      expect((await app.call(path, { method, token: stage.issuer.tokenFor(options) })).status).toBe(status)
    })

    it('that were not called answer all the same, and say so to the app', async () => {
      const [onError, handle] = [jest.fn(), jest.fn()]
      const uncalled = <M>({ requireAuth }: Guards<M>) => [requireAuth as unknown as M]
      const app = await start({ problems: false, routes: [{ path: '/', guards: uncalled, handle }], onError })
      expect((await app.call('/', { token: stage.issuer.tokenFor() })).status).toBe(500)
      expect(handle).not.toHaveBeenCalled()
      const message = 'requireAuth: makes a middleware, and takes nothing: write requireAuth()'
      expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message }))
    })

    it('name the scopes that would help', async () => {
      const app = await start()
      const challenge = async (path: string) =>
        (await app.call(path, { token: stage.issuer.tokenFor() })).headers.get('WWW-Authenticate')
      expect(await challenge('/scoped')).toBe('Bearer realm="api", error="insufficient_scope", scope="read write"')
      expect(await challenge('/admin')).toBe('Bearer realm="api", error="insufficient_scope"')
    })

    it('wait for a predicate that has to ask somebody, and pass only what it grants then', async () => {
      const handle = jest.fn(() => ({ passed: true }))
      const slow = (end: () => Promise<unknown>, verdict: Verdict) => {
        let known = false
        return predicate('slow()', () => {
          if (known) return verdict
          throw pending(
            'slow()',
            sleep(5)
              .then(end)
              .then(() => {
                known = true
              }),
          )
        })
      }
      const down = () => Promise.reject(new AuthError('ERR_PROVIDER_UNAVAILABLE', { retryAfter: 7 }))
      const cases: [number, Predicate<object>][] = [
        [200, slow(async () => {}, granted)],
        [403, slow(async () => {}, refused('ERR_PERMISSION_REQUIRED', 'no'))],
        [503, slow(down, granted)],
        [500, slow(() => Promise.reject(new Error('a slip of the app')), granted)],
      ]
      for (const [status, each] of cases) {
        const app = await start({ routes: [{ path: '/', guards: (g) => [g.authorize(each)], handle }] })
        expect((await app.call('/', { token: stage.issuer.tokenFor() })).status).toBe(status)
      }
      expect(handle).toHaveBeenCalledTimes(1)
    })

    it('refuse without a middleware before them, and say so once', async () => {
      const warn = jest.spyOn(process, 'emitWarning').mockReturnValue()
      const handle = jest.fn()
      const app = await start({
        auth: undefined,
        routes: [{ path: '/', guards: (g) => [g.authorize(not(role('lonely')))], handle }],
      })
      for (const token of [undefined, stage.issuer.tokenFor()]) {
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
        expect((await app.call('/', { token: stage.issuer.tokenFor() })).status).toBe(500)
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
    it('ends a session beside the cookies that the app has set', async () => {
      const app = await start({
        auth: undefined,
        problems: true,
        routes: [
          {
            path: '/',
            handle({ response }) {
              response.setHeader('Set-Cookie', 'theirs=1')
              throw new AuthError('ERR_TOKEN_EXPIRED', { cookies: ['session=; Max-Age=0'] })
            },
          },
        ],
      })
      const answer = await app.call('/')
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, ['theirs=1', 'session=; Max-Age=0']])
    })

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

    it('does not answer twice', async () => {
      const late = new AuthError('ERR_FORBIDDEN')
      const onError = jest.fn()
      const handle = ({ response }: Call) => {
        response.writeHead(200).end('answered')
        throw late
      }
      const app = await start({ problems: true, onError, routes: [{ path: '/', handle }] })
      const answer = await app.call('/', { token: stage.issuer.tokenFor() })
      expect([answer.status, answer.body]).toEqual([200, 'answered'])
      expect(onError.mock.calls).toEqual([[late]])
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
        const answer = await app.call('/', { token: stage.issuer.tokenFor() })
        expect(answer.status).toBe(status)
        expect(answer.headers.get('Content-Type')).not.toContain('problem')
        expect(onError.mock.calls).toEqual([[error]])
      }
    })
  })
}
