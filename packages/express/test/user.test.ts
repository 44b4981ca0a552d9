import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { oidc } from '@claviger/core/oidc'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import express, { type Request, type RequestHandler } from 'express'
import express4 from 'express4'
import { serve } from '../../core/test/support/adapter-app.ts'
import { type AuthMiddleware, authMiddleware } from '../src/index.ts'

let issuer: TestIssuer
let auth: AuthMiddleware
let token: string
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  issuer = await createTestIssuer()
  auth = authMiddleware({ providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })], required: false })
  // A known token takes the quick way, on which nothing is awaited.
  token = issuer.tokenFor({ subject: 'alice' })
  await auth.authenticator.verify(token)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(async () => {
  await auth.authenticator.close()
  await issuer.close()
})

/** What an app answers to a request with a token, or without. */
async function answer(listener: unknown, authorization: string | undefined = `Bearer ${token}`): Promise<unknown> {
  const { call, close } = await serve(listener as RequestListener)
  closing.push(close)
  return JSON.parse((await call('/', { headers: authorization === undefined ? {} : { authorization } })).body)
}

const tell: RequestHandler = (req, res) => {
  res.json([req.user?.id, req.auth?.user.id])
}

describe.each([
  ['4', express4],
  ['5', express],
])('req.user and req.auth, with Express %s', (_, framework) => {
  function app(...handlers: RequestHandler[]) {
    return framework().use(...handlers, tell)
  }

  it('are of each request its own', async () => {
    const seen = new Set<unknown>()
    const { call, close } = await serve(
      app(auth as RequestHandler, (req, _res, next) => {
        seen.add(req.user)
        if (req.user !== undefined) req.user.name = `${req.user.name ?? ''}x`
        next()
      }) as never,
    )
    closing.push(close)
    const headers = { authorization: `Bearer ${token}` }
    for (const _ of [1, 2, 3]) expect(JSON.parse((await call('/', { headers })).body)).toEqual(['alice', 'alice'])
    expect(JSON.parse((await call('/')).body)).toEqual([null, null])
    expect([...seen].map((user) => (user as { name?: string } | undefined)?.name)).toEqual(['x', 'x', 'x', undefined])
  })

  it('are what the middleware says, whatever was there before', async () => {
    const before: RequestHandler = (req, _res, next) => {
      Object.assign(req, { user: { id: 'mallory' }, auth: { user: { id: 'mallory' } } })
      next()
    }
    for (const _ of [1, 2]) expect(await answer(app(before, auth as RequestHandler))).toEqual(['alice', 'alice'])
  })

  it.each(['user', 'auth'] as const)(
    'are what the middleware says, when only some requests have their own %s',
    async (name) => {
      const before: RequestHandler = (req, _res, next) => {
        if (req.headers['x-before'] === 'own') own(name).call(req, { id: 'mallory', user: { id: 'mallory' } })
        if (req.headers['x-before'] === 'assigned') req[name] = { id: 'mallory', user: { id: 'mallory' } } as never
        next()
      }
      const { call, close } = await serve(app(before, auth as RequestHandler) as never)
      closing.push(close)
      for (const kind of ['none', 'none', 'own', 'assigned', 'none', 'own']) {
        const headers = { authorization: `Bearer ${token}`, 'x-before': kind }
        expect(JSON.parse((await call('/', { headers })).body)).toEqual(['alice', 'alice'])
      }
    },
  )

  it.each([[['user']], [['auth']], [['user', 'auth']]] as const)(
    'are what the middleware says, also where an app has accessors called %s',
    async (names) => {
      const instance = app(auth as RequestHandler)
      const mallory = () => ({ id: 'mallory', user: { id: 'mallory' } })
      for (const name of names)
        Object.defineProperty(instance.request, name, { get: mallory, set: own(name), configurable: true })
      for (const _ of [1, 2]) expect(await answer(instance)).toEqual(['alice', 'alice'])
    },
  )

  it('can be assigned to, as other properties can', async () => {
    const act: RequestHandler = (req, _res, next) => {
      const { user, auth } = req
      req.user = { ...(user as NonNullable<typeof user>), id: 'bob' }
      req.auth = undefined
      expect([Object.keys(req).includes('user'), auth?.user.id]).toEqual([true, 'alice'])
      next()
    }
    expect(await answer(app(auth as RequestHandler, act))).toEqual(['bob', null])
  })

  it('are seen by what is made of the request, and by the app around the one that asked', async () => {
    const inner = framework().use(auth as RequestHandler)
    const derive: RequestHandler = (req, res) => {
      const derived = Object.create(req) as Request
      res.json([derived.user?.id, derived.auth?.user.id])
    }
    expect(await answer(framework().use(inner, derive))).toEqual(['alice', 'alice'])
  })
})

it('are there without Express, too', async () => {
  const server = createServer((req: IncomingMessage & { user?: { id: string }; auth?: unknown }, res) =>
    auth(req as never, res, () =>
      res
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify([req.user?.id, Object.keys(req).includes('auth')])),
    ),
  )
  expect(await answer(server.listeners('request')[0])).toEqual(['alice', true])
})

function own(name: string) {
  return function define(this: object, value: unknown): void {
    Object.defineProperty(this, name, { value, configurable: true, writable: true })
  }
}
