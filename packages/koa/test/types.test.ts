import type { User, VerifiedToken } from '@claviger/core'
import { anyOf, check, createAuthenticator, organization, own, role } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { describe, expect, it } from '@jest/globals'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import {
  type AuthState,
  assertUser,
  authMiddleware,
  authorize,
  problemDetails,
  requireAuth,
  requirePermission,
  requireRole,
} from '../src/index.ts'

it('names the same as the other adapter, and nothing else', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toEqual(
    `assertUser authMiddleware authRoutes authorize backchannelLogout problemDetails protectedResource requireAuth
    requirePermission requireRole requireScope`.split(/\s+/),
  )
})

describe('the types', () => {
  it('fit the middleware of Koa, and say what ctx.state has', () => {
    const app = new Koa()
    const guards: Middleware[] = [
      requireAuth(),
      requireRole('a', 'b'),
      requireRole(['a']),
      requirePermission({ machine: 'delete' }, 'a:b'),
    ]
    const never = () => app.use(authMiddleware({ providers: [] }, { required: false }))

    app.use(problemDetails())
    for (const guard of guards) app.use(guard)
    app.use((ctx) => {
      const user: User | undefined = ctx.state.user
      const auth: VerifiedToken | undefined = ctx.state.auth
      ctx.body = [user?.roles, auth?.claims]
    })
    app.use(authorize(role('admin')))
    app.use(authorize(own((ctx) => ctx.params.id)))
    app.use(authorize(organization((ctx) => ctx.get('X-Organization'))))
    app.use(authorize(check(({ user, request }) => request.ip === user.id)))
    app.use(
      authorize(
        anyOf(
          own((ctx) => ctx.params.id),
          role('admin'),
        ),
      ),
    )

    const router = new Router<AuthState>()
    router.get('/users/:id', requireRole('admin'), (ctx) => {
      const user: User = ctx.state.user
      ctx.body = [user.id, ctx.state.auth.expiresAt, ctx.params.id]
    })
    app.use(router.routes())
    new Koa().use(requireAuth()).use((ctx) => {
      assertUser(ctx)
      const user: User = ctx.state.user
      ctx.body = [user.id, ctx.state.auth.expiresAt]
    })
    expect(() => assertUser({ state: {} })).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_MISSING' }))
    new Koa<{ other: string }>().use(requireAuth()).use((ctx) => void ctx.state.other.length)

    // @ts-expect-error a check must not be async
    app.use(authorize(check(async () => true)))
    // @ts-expect-error a predicate is asked for, not a function
    expect(() => authorize(() => true)).toThrow()
    const auth = authMiddleware(
      createAuthenticator({ providers: [oidc({ issuer: 'https://id.example.com', audience: 'api' })] }),
    )
    // @ts-expect-error a request of Express is no context of Koa
    expect(() => auth({ headers: {} }, never)).toThrow('this is no app of Koa')
    // @ts-expect-error it makes a middleware, and is none
    expect(() => problemDetails({}, never)).toThrow('write problemDetails()')
    expect(never).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
  })
})
