import type { User, VerifiedToken } from '@claviger/core'
import { allOf, anyOf, check, not, organization, own, role } from '@claviger/core'
import { describe, expect, it } from '@jest/globals'
import express, { type ErrorRequestHandler, type RequestHandler, Router } from 'express'
import {
  assertUser,
  authMiddleware,
  authorize,
  problemDetails,
  requireAuth,
  requirePermission,
  requireRole,
} from '../src/index.ts'

// As Passport's types have it: both may be in one program.
declare global {
  namespace Express {
    interface User {}
    interface Request {
      user?: User | undefined
    }
  }
}

it('names the same as the other adapter, and nothing else', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toEqual(
    `assertUser authMiddleware authRoutes authorize backchannelLogout problemDetails protectedResource requireAuth
    requirePermission requireRole requireScope`.split(/\s+/),
  )
})

describe('the types', () => {
  it('fit the routes of Express, and say what req has', () => {
    const app = express()
    const router = Router()
    const guards: RequestHandler[] = [
      requireAuth(),
      requireRole('a', 'b'),
      requireRole(['a']),
      requirePermission({ machine: 'delete' }, 'a:b'),
    ]
    const last: ErrorRequestHandler = problemDetails()
    const never = () => app.use(authMiddleware({ providers: [] }, { required: false }))

    app.use(guards)
    app.get('/users/:id', requireAuth(), requireRole('admin'), (req, res) => {
      const user: User | undefined = req.user
      const auth: VerifiedToken | undefined = req.auth
      const { id } = req.params satisfies { id: string }
      res.json([user?.roles, auth?.claims, id])
    })
    app.get('/account/:id', requireAuth(), (req, res) => {
      assertUser(req)
      const user: User = req.user
      res.json([user.id, req.auth.expiresAt, req.params.id satisfies string])
    })
    expect(() => assertUser({} as express.Request)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_MISSING' }))
    router.use(
      authorize(role('admin')),
      authorize(own((req) => req.params.id)),
      authorize(organization((req) => req.get('X-Organization'))),
      authorize(check(({ user, request }) => request.ip === user.id)),
      authorize(
        anyOf(
          own((req) => req.params.id),
          role('admin'),
        ),
      ),
      authorize(allOf(not(own((req) => req.ip)), anyOf([organization((req) => req.params.org), role('admin')]))),
      authorize(
        anyOf(
          own((req: express.Request) => req.params.id),
          role('admin'),
        ),
      ),
    )
    const ofAnother = own((req: { owner: string }) => req.owner)
    // @ts-expect-error that is no request of Express
    router.use(authorize(anyOf(ofAnother, role('admin'))))
    app.use(router, last)
    // @ts-expect-error a check must not be async
    app.use(authorize(check(async () => true)))
    // @ts-expect-error a predicate is asked for, not a function
    expect(() => authorize(() => true)).toThrow()
    // @ts-expect-error it makes a middleware, and is none
    expect(() => problemDetails(new Error('x'), {}, {}, never)).toThrow('write problemDetails()')
    expect(never).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
  })
})
