import { createServer, type Server } from 'node:http'
import { type AuthenticatorOptions, isAuthError, type Upgrade } from '@claviger/core'
import { type AuthMiddleware, authMiddleware, problemDetails, requireRole } from '@claviger/koa'
import Koa from 'koa'
import { type WebSocket, WebSocketServer } from 'ws'

// RFC 6455 section 7.4.1: the policy says no. Clients that see it sign in again instead of connecting again.
const policyViolation = 1008

/** A room in which everybody who is signed in hears what the others say, and an HTTP request that signs somebody out. */
export function createApp(options: AuthenticatorOptions): Server {
  const auth = authMiddleware({ ...options, tokenFrom: ['header', { subprotocol: 'bearer' }] })
  const server = createServer(signOutApp(auth).callback())
  const room = new WebSocketServer({ noServer: true, maxPayload: 16 * 1024 })

  server.on('upgrade', async (request, socket, head) => {
    const upgrade = await auth.authenticateUpgrade(request)
    if (upgrade === undefined) return // refused, and answered
    room.handleUpgrade(request, socket, head, (connection) => join(room, connection, upgrade))
  })
  return server
}

function join(room: WebSocketServer, connection: WebSocket, upgrade: Upgrade): void {
  const say = (message: object, to: Iterable<WebSocket> = [connection]) => {
    for (const one of to) one.send(JSON.stringify(message))
  }
  upgrade.signal.addEventListener('abort', () => connection.close(policyViolation, 'signed out'))
  connection.on('error', () => connection.terminate())
  connection.on('message', async (data) => {
    const { text, token } = read(String(data))
    if (typeof text === 'string') say({ from: upgrade.user.id, text }, room.clients)
    if (typeof token !== 'string') return
    try {
      await upgrade.renew(token)
      say({ renewedUntil: upgrade.auth.expiresAt })
    } catch (error) {
      if (!isAuthError(error)) throw error
      say({ refused: error.toJSON() })
    }
  })
  say({ hello: upgrade.user.id })
}

function read(data: string): { text?: unknown; token?: unknown } {
  try {
    return Object(JSON.parse(data))
  } catch {
    return {}
  }
}

function signOutApp(auth: AuthMiddleware): Koa {
  const app = new Koa()
  app.use(problemDetails())
  app.use(auth)
  app.use(requireRole('admin'))
  app.use(async (ctx) => {
    const [, user] = /^\/users\/([\w-]+)\/sign-out$/.exec(ctx.path) ?? []
    if (user === undefined || ctx.method !== 'POST') return
    await auth.authenticator.revoke({ subject: user, provider: 'oidc' })
    ctx.status = 204
  })
  return app
}
