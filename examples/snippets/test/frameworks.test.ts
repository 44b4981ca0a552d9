import 'reflect-metadata'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuthError, type Authenticator, createAuthenticator, isAuthError } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { authMiddleware, type Middleware, problemDetails, requireRole } from '@claviger/express'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type CanActivate, Catch, Controller, Get, Module, Req, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Request, Response } from 'express'
import { type DefaultEventsMap, Server } from 'socket.io'
import { io } from 'socket.io-client'

// What docs/other-frameworks.md says, with the frameworks themselves. Decorators are called, as no compiler here writes them.

let issuer: TestIssuer
let authenticator: Authenticator
beforeAll(async () => {
  issuer = await createTestIssuer()
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles' })
  authenticator = createAuthenticator({ providers: [provider] })
})
afterAll(async () => {
  await authenticator.close()
  await issuer.close()
})

const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('NestJS', () => {
  const allows = (guard: Middleware): CanActivate => ({
    canActivate(context) {
      const http = context.switchToHttp()
      return new Promise((resolve, reject) => {
        const next = (error?: unknown) => (error === undefined ? resolve(true) : reject(error as Error))
        guard(http.getRequest<Request>(), http.getResponse<Response>(), next)
      })
    },
  })
  class Refusals {
    catch(error: AuthError, host: Parameters<CanActivate['canActivate']>[0]) {
      host.switchToHttp().getResponse<Response>().status(error.status).set(error.headers).json(error)
    }
  }
  class Cats {
    me(request: Request) {
      return request.user?.id
    }
    admin() {
      return 'in'
    }
  }
  class App {}
  const method = (name: keyof Cats) =>
    [
      Cats.prototype,
      name,
      Object.getOwnPropertyDescriptor(Cats.prototype, name) as TypedPropertyDescriptor<unknown>,
    ] as const

  it('answers refusals of the middleware and of guards with status, headers and body', async () => {
    Catch(AuthError)(Refusals)
    Get('me')(...method('me'))
    Req()(Cats.prototype, 'me', 0)
    Get('admin')(...method('admin'))
    UseGuards(allows(requireRole('admin')))(...method('admin'))
    Controller()(Cats)
    Module({ controllers: [Cats] })(App)

    const app = await NestFactory.create(App, { logger: false })
    app.use(authMiddleware(authenticator), problemDetails())
    app.useGlobalFilters(new Refusals())
    await app.listen(0, '127.0.0.1')
    const call = async (path: string, init?: RequestInit) => {
      const answer = await fetch((await app.getUrl()) + path, init)
      return [answer.status, answer.headers.get('www-authenticate'), await answer.text()]
    }
    const alice = bearing(issuer.tokenFor({ subject: 'alice', roles: ['admin'] }))
    const bob = bearing(issuer.tokenFor({ subject: 'bob' }))
    expect(await call('/me', alice)).toEqual([200, null, 'alice'])
    expect(await call('/admin', alice)).toEqual([200, null, 'in'])
    const forbidden = [403, 'Bearer realm="api", error="insufficient_scope"', expect.stringContaining('"status":403')]
    expect(await call('/admin', bob)).toEqual(forbidden)
    expect(await call('/admin')).toEqual([401, 'Bearer realm="api"', expect.stringContaining('"status":401')])
    expect((await call('/none', alice))[0]).toBe(404)
    await app.close()
  })
})

describe('Socket.IO', () => {
  let server: HttpServer
  let sockets: Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, { id: string }>
  beforeAll(async () => {
    server = createServer()
    sockets = new Server(server)
    sockets.use(async (socket, next) => {
      const { auth, headers, address } = socket.handshake
      const token = typeof auth.token === 'string' ? auth.token : ''
      try {
        const watch = await authenticator.watch(token, {
          headers,
          socket: { remoteAddress: address },
        })
        socket.data.id = watch.auth.user.id
        watch.signal.addEventListener('abort', () => socket.disconnect(true))
        socket.on('disconnect', () => watch.end())
        next()
      } catch (error) {
        next(isAuthError(error) ? error : new Error('The connection failed.'))
      }
    })
    sockets.on('connection', (socket) => {
      socket.emit('hello', socket.data.id)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => sockets.close())

  /** What a client sees: greetings, refusals, and its end. */
  async function seen(token: unknown, onHello: () => void): Promise<string[]> {
    const { port } = server.address() as AddressInfo
    const client = io(`http://127.0.0.1:${port}`, { reconnection: false, auth: { token } })
    const events: string[] = []
    client.on('hello', (id) => {
      events.push(`hello ${id}`)
      onHello()
    })
    await new Promise<void>((resolve) => {
      client.on('connect_error', ({ message }) => resolve(void events.push(message)))
      client.on('disconnect', (reason) => resolve(void events.push(reason)))
    })
    client.close()
    return events
  }

  it('lets in who has a good token, for as long as it is one', async () => {
    const token = issuer.tokenFor({ subject: 'alice' })
    const events = await seen(token, () => void authenticator.revoke({ token }))
    expect(events).toEqual(['hello alice', 'io server disconnect'])
  })

  it.each([undefined, '', 'x.y.z', { toString: 'no' }, ['a']])('refuses the token %j', async (token) => {
    const events = await seen(token, () => undefined)
    expect(events).toEqual(['The access token is not valid here, or not any more.'])
  })
})
