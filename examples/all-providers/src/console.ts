import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthenticator, createRoleAdministration, type HttpOptions } from '@claviger/core'
import { expressApi, koaApi } from './apps.ts'
import { createControls, frameworkOf } from './controls.ts'
import { createEventLog } from './events.ts'
import { type Bearer, startWorld } from './world.ts'

/** The page, both APIs behind it, and every provider. */
export interface RunningConsole {
  readonly url: string
  close(): Promise<void>
}

/** Starts every provider, the two APIs and the page, all on 127.0.0.1. @param port 0 for any free one */
export async function startConsole(port = 0): Promise<RunningConsole> {
  const log = createEventLog()
  let answer: RequestListener = (_request, response) => response.writeHead(503).end()
  const server = createServer((request, response) => {
    // Which request of the page an event belongs to, the page can tell by this.
    log.during(header(request, 'x-console-request'), () => answer(request, response))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const world = await startWorld(`${url}/auth/callback`)
  const auth = createAuthenticator(world.options)
  const administration = createRoleAdministration({ source: world.roles, auth, provider: 'trustauthx' })

  // One secret and one cookie: who signs in at one framework is signed in at the other.
  const http: HttpOptions = { session: { baseUrl: url, keys: randomBytes(32).toString('base64url') } }
  const apps: Readonly<Record<string, RequestListener>> = { express: expressApi(auth, http), koa: koaApi(auth, http) }
  const controls = createControls({ world, auth, administration, log, url })

  answer = (request, response) => {
    const [, first = ''] = request.url?.split(/[/?]/) ?? []
    const app = apps[first === 'auth' ? frameworkOf(request) : first]
    if (app === undefined) return controls(request, response)
    callAs(header(request, 'x-console-as'), request).then(
      () => app(request, response),
      () => response.writeHead(500).end(),
    )
  }

  // Instead of the session of the browser, for calls that have to be refused, or come from elsewhere.
  async function callAs(who: string | undefined, request: IncomingMessage): Promise<void> {
    if (who === undefined || who === 'me') return
    delete request.headers.cookie
    if (who !== 'nobody') request.headers.authorization = `Bearer ${await world.tokenOf(who as Bearer)}`
  }

  return {
    url,
    async close() {
      server.closeAllConnections()
      server.close()
      log.close()
      await auth.close()
      await world.close()
    },
  }
}

function header({ headers }: IncomingMessage, name: string): string | undefined {
  return [headers[name] ?? []].flat()[0]
}
