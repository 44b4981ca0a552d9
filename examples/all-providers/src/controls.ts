import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Authenticator, RoleAdministration } from '@claviger/core'
import { parseCookie } from 'cookie'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { routes } from './apps.ts'
import type { EventLog } from './events.ts'
import type { Emulated, World } from './world.ts'

interface Parts {
  readonly world: World
  readonly auth: Authenticator
  readonly administration: RoleAdministration
  readonly log: EventLog
  readonly url: string
}

// Nothing from elsewhere, no inline script or style; forms and redirects may lead to the emulated providers.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  'form-action http://127.0.0.1:*',
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page itself, what it shows of the providers, and what its buttons do to them. */
export function createControls({ world, auth, administration, log, url }: Parts): Express {
  const app = express().disable('x-powered-by')
  const down = new Set<string>()

  app.use(onlyFrom(url))
  app.use((_req, res, next) => {
    res.set({
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    })
    next()
  })

  app.get('/console/state', async (req, res) => {
    const roles = await auth.roles?.all().catch(() => undefined)
    const health = auth.health().providers
    res.json({
      routes,
      framework: frameworkOf(req),
      providers: world.emulated.map(({ provider, label, note, mailbox, rotate, requests }) => {
        const keys = health.find(({ issuer }) => issuer === provider.issuer)?.keys
        return {
          name: provider.name,
          label,
          note,
          mailbox,
          up: !down.has(provider.name),
          requests: requests(),
          canSignIn: provider.signIn !== undefined,
          canEdit: provider.signIn?.profile !== undefined,
          canRotate: rotate !== undefined,
          ...(keys !== undefined && { keys: { state: keys.state, count: keys.keys } }),
        }
      }),
      roles: roles?.map(({ id, name, permissions }) => ({
        id,
        name,
        permissions: permissions.map(({ resource, action }) => `${resource}:${action}`),
      })),
    })
  })

  app.get('/console/events', (req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    res.write('retry: 1000\n\n')
    const end = log.follow(Number(req.get('Last-Event-ID') ?? 0), (told) => {
      res.write(`id: ${told.id}\ndata: ${JSON.stringify(told)}\n\n`)
    })
    res.on('close', end)
  })

  app.post('/console/providers/:name/:action', async (req, res) => {
    const { name, action } = req.params
    const found = world.emulated.find(({ provider }) => provider.name === name)
    const done = found === undefined ? undefined : actions(found)[action]
    if (done === undefined) return void res.sendStatus(404)
    await done()
    res.sendStatus(204)
  })

  function actions(emulated: Emulated): Readonly<Record<string, (() => Promise<unknown>) | undefined>> {
    const { name } = emulated.provider
    return {
      rotate: emulated.rotate,
      async stop() {
        if (down.has(name)) return
        down.add(name)
        await emulated.stop()
      },
      async start() {
        if (!down.has(name)) return
        await emulated.start()
        down.delete(name)
      },
    }
  }

  app.put('/console/roles/:id/:permission', async (req, res) => {
    await administration.addPermissions(req.params.id, req.params.permission)
    res.sendStatus(204)
  })
  app.delete('/console/roles/:id/:permission', async (req, res) => {
    await administration.deletePermissions(req.params.id, req.params.permission)
    res.sendStatus(204)
  })

  app.put('/console/framework/:name', (req, res) => {
    res.cookie('framework', req.params.name, { httpOnly: true, sameSite: 'lax' }).sendStatus(204)
  })

  app.post('/console/revoke', express.json({ limit: '4kb' }), async (req, res) => {
    await auth.revoke({ subject: String(req.body?.subject), provider: String(req.body?.provider) })
    res.sendStatus(204)
  })

  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
  const failed: ErrorRequestHandler = (error, _req, res, _next) => {
    const status = Number(error?.status ?? 500)
    res.status(status).json({ code: error?.code, explanation: error?.explanation ?? 'The console failed.' })
  }
  return app.use(failed)
}

/** Which of the two signs in: both can, at the same addresses. */
export function frameworkOf({ headers }: IncomingMessage): 'express' | 'koa' {
  return parseCookie(headers.cookie ?? '').framework === 'koa' ? 'koa' : 'express'
}

// Other pages of this browser must not press our buttons, under whatever name they reach this address.
function onlyFrom(url: string): RequestHandler {
  return (req, res, next) => {
    const site = req.get('Sec-Fetch-Site')
    const isRead = req.method === 'GET'
    const isOwn = site === undefined || site === 'same-origin' || (isRead && (site === 'none' || req.path === '/'))
    if (isOwn && req.get('Host') === new URL(url).host) next()
    else res.sendStatus(403)
  }
}
