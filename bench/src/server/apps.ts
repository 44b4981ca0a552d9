import type { RequestListener } from 'node:http'
import { type Authenticator, createAuthenticator } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { authMiddleware } from '@claviger/express'
import { authMiddleware as koaAuthMiddleware } from '@claviger/koa'
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import jwksRsa from 'jwks-rsa'
import Koa, { type Middleware } from 'koa'
import koaJwt from 'koa-jwt'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { shareShapes } from '../../../packages/express/src/shape.ts'
import { type IssuerFacts, type Verify, verifiers } from './verifiers.ts'

/** Apps that answer who calls: the bare framework, Claviger, and what else is there for the framework. */
export const apps = {
  Express: {
    bare: async () =>
      expressApp(
        (_req, _res, next) => next(),
        () => 'nobody',
      ),
    // What Claviger does for Express, and nothing of what it does for the app.
    'bare, one shape': async () =>
      expressApp(
        (req, res, next) => {
          shareShapes(req, res)
          next()
        },
        () => 'nobody',
      ),
    claviger: async (facts) => protectedApp(createAuthenticator(providersOf(facts))),
    'express-oauth2-jwt-bearer': async ({ issuer, audience, jwksUri, algorithm }) =>
      expressApp(auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm }), (req) =>
        subjectOf(req.auth, 'payload'),
      ),
    'express-jwt': async (facts) => {
      const secret = jwksRsa.expressJwtSecret(keysOf(facts)) as never
      return expressApp(expressjwt({ secret, ...checksOf(facts) }), (req) => subjectOf(req.auth))
    },
    'passport-jwt': async (facts) => {
      const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
      const secretOrKeyProvider = jwksRsa.passportJwtSecret(keysOf(facts))
      passport.use(
        new Strategy({ jwtFromRequest, secretOrKeyProvider, ...checksOf(facts) }, (claims, done) =>
          done(null, { id: claims.sub }),
        ),
      )
      const middleware = passport.authenticate('jwt', { session: false })
      return expressApp(middleware, (req) => req.user?.id)
    },
    'aws-jwt-verify': async (facts) => withVerifier(await verifiers['aws-jwt-verify'](facts)),
    'fast-jwt (cache)': async (facts) => withVerifier(await verifiers['fast-jwt (cache)'](facts)),
    jose: async (facts) => withVerifier(await verifiers.jose(facts)),
  },
  Koa: {
    bare: async () =>
      koaApp(
        (_ctx, next) => next(),
        () => 'nobody',
      ),
    claviger: async (facts) => koaApp(koaAuthMiddleware(providersOf(facts)) as Middleware, (state) => state.user?.id),
    'koa-jwt': async (facts) => {
      const secret = jwksRsa.koaJwtSecret(keysOf(facts)) as never
      return koaApp(koaJwt({ secret, ...checksOf(facts) }) as Middleware, (state) => subjectOf(state.user))
    },
  },
} satisfies Record<string, Record<string, (facts: IssuerFacts) => Promise<RequestListener>>>

export type Framework = keyof typeof apps

function expressApp(authenticate: RequestHandler, whoCalls: (req: Request) => string | undefined): RequestListener {
  const app = express()
  app.use(authenticate)
  app.get('/', (req, res) => {
    res.json({ id: whoCalls(req) })
  })
  app.use(((error, _req, res, _next) => {
    const { status = 500, headers = {} } = error as { status?: number; headers?: Record<string, string> }
    res.status(status).set(headers).json({ error: status })
  }) satisfies ErrorRequestHandler)
  return app as unknown as RequestListener
}

/** An Express app that Claviger protects. */
export function protectedApp(authenticator: Authenticator): RequestListener {
  return expressApp(authMiddleware(authenticator) as RequestHandler, (req) => req.user?.id)
}

/** For a library without a middleware: the one that its users write. */
function withVerifier(verify: Verify): RequestListener {
  const subjects = new WeakMap<Request, string | undefined>()
  return expressApp(
    async (req, res, next) => {
      try {
        subjects.set(req, await verify(req.headers.authorization?.slice('Bearer '.length) ?? ''))
      } catch {
        res.status(401).json({ error: 401 })
        return
      }
      next()
    },
    (req) => subjects.get(req),
  )
}

function koaApp(authenticate: Middleware, whoCalls: (state: Koa.DefaultState) => string | undefined): RequestListener {
  const app = new Koa()
  app.silent = true
  app.use(authenticate)
  app.use((ctx) => {
    ctx.body = { id: whoCalls(ctx.state) }
  })
  return app.callback()
}

function providersOf({ issuer, audience, algorithm }: IssuerFacts) {
  return { providers: [oidc({ issuer, audience, algorithms: [algorithm] })] }
}

// Without its rate limit, which would let an attacker lock users out; what it caches by default.
function keysOf({ jwksUri }: IssuerFacts) {
  return { jwksUri, cache: true }
}

function checksOf({ issuer, audience, algorithm }: IssuerFacts) {
  return { issuer, audience, algorithms: [algorithm] }
}

function subjectOf(value: unknown, member?: string): string | undefined {
  const claims = (member === undefined ? value : (value as Record<string, unknown> | undefined)?.[member]) as
    | { sub?: string }
    | undefined
  return claims?.sub
}
