import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestIssuer } from '@claviger/testing'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { createAuthenticator } from '../../src/authenticator.ts'
import { check, own, type Predicate, role } from '../../src/guards/index.ts'
import { pending } from '../../src/guards/pending.ts'
import { granted, predicate } from '../../src/guards/predicate.ts'
import { oidc } from '../../src/providers/oidc.ts'
import type { AuthenticateUpgrade, Upgrade } from '../../src/upgrade.ts'
import type { AppSetup } from './adapter-app.ts'
import type { Stage } from './adapter-stage.ts'
import { until } from './faults.ts'
import { inputOf, person } from './people.ts'

type Mine = Predicate<{ url?: string | undefined }>

/** The part of the contract about WebSockets, with `ws`. */
export function describeUpgrades(stage: Stage): void {
  const clients: WebSocket[] = []
  const servers: WebSocketServer[] = []

  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate()
    for (const server of servers.splice(0)) {
      for (const client of server.clients) client.terminate()
      server.close()
    }
  })

  /** An app with a WebSocket that says who opened it, and is closed with the signal. */
  async function start(setup: Partial<AppSetup> = {}, predicate?: Mine) {
    const server = new WebSocketServer({ noServer: true })
    servers.push(server)
    const upgrades: (Upgrade | undefined)[] = []
    let authenticateUpgrade: AuthenticateUpgrade | undefined
    const app = await stage.start(
      { ...setup, onMiddleware: (middleware) => ({ authenticateUpgrade } = middleware) },
      async (request, socket, head) => {
        const upgrade = await authenticateUpgrade?.(request, predicate)
        upgrades.push(upgrade)
        if (upgrade === undefined) return
        server.handleUpgrade(request, socket, head, (connection) => {
          connection.send(JSON.stringify({ user: upgrade.user, expiresAt: upgrade.auth.expiresAt }))
          upgrade.signal.addEventListener('abort', () => connection.close(1008, 'signed out'))
        })
      },
    )
    const address = app.origin.replace('http', 'ws')
    return { app, upgrades, address, port: Number(new URL(address).port) }
  }

  interface Opened {
    readonly client: WebSocket
    /** The first message. */
    readonly said: { user: { id: string } }
    readonly closed: Promise<number>
  }

  async function open(
    address: string,
    options: ClientOptions & { token?: string; protocols?: string[] } = {},
  ): Promise<Opened> {
    const { token, protocols = [], ...more } = options
    const headers = { ...more.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) }
    const client = new WebSocket(address, protocols, { ...more, headers })
    clients.push(client)
    const closed = new Promise<number>((resolve) => client.once('close', resolve))
    const [message] = await once(client, 'message')
    return { client, said: JSON.parse(String(message)), closed }
  }

  interface Refused {
    readonly status: number | undefined
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: string
  }

  /** What a client gets that must not come in. */
  function refused(address: string, options: Parameters<typeof open>[1] = {}): Promise<Refused> {
    const { token, protocols = [], ...more } = options
    const headers = { ...more.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) }
    const client = new WebSocket(address, protocols, { ...more, headers })
    clients.push(client)
    return new Promise((resolve, reject) => {
      client.once('open', () => reject(new Error('it was let in')))
      client.once('error', reject)
      client.once('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
      })
    })
  }

  /** Sends an upgrade that `ws` would not send. */
  async function raw(port: number, ...lines: string[]): Promise<Socket> {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    const request = ['GET / HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', ...lines]
    socket.write(`${request.join('\r\n')}\r\n\r\n`)
    return socket
  }

  describe('an upgrade', () => {
    it('says who opens the connection', async () => {
      const { address } = await start()
      const { said } = await open(address, { token: stage.issuer.tokenFor({ subject: 'alice', roles: ['admin'] }) })
      expect(said).toMatchObject({ user: { id: 'alice', roles: [{ id: 'admin' }] }, expiresAt: expect.any(Number) })
    })

    it.each<[number, string, Record<string, string>]>([
      [401, 'Bearer realm="shop"', {}],
      [401, 'Bearer realm="shop", error="invalid_token"', { Authorization: 'Bearer nonsense' }],
      [400, 'Bearer realm="shop", error="invalid_request"', { Authorization: 'Bearer a b' }],
    ])('is answered %i with %j to %j', async (status, challenge, headers) => {
      // Also where requests may come from nobody.
      const { address } = await start({ http: { realm: 'shop', required: false } })
      const answer = await refused(address, { headers })
      expect(answer).toMatchObject({
        status,
        headers: { 'www-authenticate': challenge, 'content-type': 'application/problem+json', connection: 'close' },
      })
      expect(JSON.parse(answer.body)).toMatchObject({ status, type: 'about:blank' })
      expect(answer.body).not.toMatch(/ERR_/)
    })

    it('is answered 503 with Retry-After by an issuer that is down', async () => {
      const down = await createTestIssuer()
      const auth = stage.authenticatorFor(down)
      down.fail('jwks', 'reset')
      const { address } = await start({ auth })
      const answer = await refused(address, { token: down.tokenFor() })
      expect(answer.status).toBe(503)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(answer.headers).not.toHaveProperty('www-authenticate')
      await auth.close()
      await down.close()
    })

    it('is for those whom the predicate grants to', async () => {
      const admins = await start({}, role('admin'))
      const token = stage.issuer.tokenFor({ roles: ['guest'] })
      const answer = await refused(admins.address, { token })
      expect(answer).toMatchObject({
        status: 403,
        headers: { 'www-authenticate': 'Bearer realm="api", error="insufficient_scope"' },
      })
      await open(admins.address, { token: stage.issuer.tokenFor({ roles: ['admin'] }) })
      const mine = await start(
        {},
        own((request) => request.url?.slice(1)),
      )
      await open(`${mine.address}/alice`, { token: stage.issuer.tokenFor({ subject: 'alice' }) })
      expect(
        await refused(`${mine.address}/bob`, { token: stage.issuer.tokenFor({ subject: 'alice' }) }),
      ).toMatchObject({
        status: 403,
      })
    })

    it('is refused when its user is revoked while the predicate waits', async () => {
      const auth = stage.authenticatorFor(stage.issuer)
      let isKnown = false
      const slow = predicate<{ url?: string | undefined }>('slow', () => {
        if (isKnown) return granted
        isKnown = true
        // Long enough for the revocation to be noticed.
        throw pending(
          'slow',
          auth.revoke({ subject: 'alice', provider: 'oidc' }).then(() => sleep(300)),
        )
      })
      const { address, upgrades } = await start({ auth }, slow)
      const answer = await refused(address, { token: stage.issuer.tokenFor({ subject: 'alice' }) })
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' },
      })
      expect(upgrades).toEqual([undefined])
      await open(address, { token: stage.issuer.tokenFor({ subject: 'bob' }) })
      await auth.close()
    })
  })

  describe('an upgrade with its token in a subprotocol', () => {
    const http = { tokenFrom: ['header', { subprotocol: 'bearer' }] } as const

    it('is taken where that is asked for, and the token never comes back', async () => {
      const { address } = await start({ http })
      const token = stage.issuer.tokenFor()
      expect((await open(address, { protocols: ['bearer', token] })).client.protocol).toBe('bearer')
      expect((await open(address, { protocols: ['bearer', token, 'chat'] })).client.protocol).toBe('chat')
      expect((await open(address, { protocols: ['chat', 'bearer', token] })).client.protocol).toBe('chat')
      expect((await open(address, { protocols: ['chat'], token })).client.protocol).toBe('chat')
    })

    it('is refused otherwise', async () => {
      const token = stage.issuer.tokenFor()
      const without = await start()
      expect((await refused(without.address, { protocols: ['bearer', token] })).status).toBe(401)
      const { address } = await start({ http })
      expect((await refused(address, { protocols: [token, 'bearer'] })).status).toBe(401)
      expect((await refused(address, { protocols: ['bearer', 'nonsense'] })).status).toBe(401)
      expect((await refused(address, { protocols: ['bearer', token], token: stage.issuer.tokenFor() })).status).toBe(
        400,
      )
    })
  })

  describe('an upgrade with its token in a cookie', () => {
    const tokenFrom = ['header', { cookie: 'session' }] as const

    it('is taken from a page of the app, or of an allowed origin, only', async () => {
      const allowedOrigins = ['https://www.example.com']
      const { app, address } = await start({ http: { tokenFrom, allowedOrigins } })
      const Cookie = `session=${stage.issuer.tokenFor()}`
      const from = (origin?: string, more = {}) => ({ headers: { Cookie, ...more }, ...(origin && { origin }) })
      await open(address, from(app.origin))
      await open(address, from('https://www.example.com'))
      await open(address, from()) // no browser
      for (const origin of ['https://evil.example', 'https://www.example.com.evil.example', 'null', `${app.origin}0`]) {
        expect(await refused(address, from(origin, { 'Sec-Fetch-Site': 'same-origin' }))).toMatchObject({ status: 403 })
      }
      // Whoever has the token itself is not asked for an origin.
      await open(address, { origin: 'https://elsewhere.example', token: stage.issuer.tokenFor() })
    })

    it('and allowed origins may send requests that change something, too', async () => {
      const { app } = await start({ http: { tokenFrom, allowedOrigins: ['https://www.example.com'] } })
      const from = (Origin: string) => ({
        method: 'POST',
        headers: { Cookie: `session=${stage.issuer.tokenFor()}`, Origin, 'Sec-Fetch-Site': 'cross-site' },
      })
      expect((await app.call('/echo', from('https://www.example.com'))).status).toBe(200)
      expect((await app.call('/echo', from('https://www.example.org'))).status).toBe(403)
    })

    it.each(['www.example.com', 'https://www.example.com/', 'https://www.example.com/path', '*'])(
      'is not set up with %j for an origin',
      async (origin) => {
        await expect(start({ http: { tokenFrom, allowedOrigins: [origin] } })).rejects.toMatchObject({
          code: 'ERR_OPTIONS_INVALID',
          message: expect.stringContaining('allowedOrigins'),
        })
      },
    )
  })

  describe('a connection', () => {
    it('ends when its user is revoked, and no other does', async () => {
      const auth = stage.authenticatorFor(stage.issuer)
      const { address } = await start({ auth })
      const alice = await open(address, { token: stage.issuer.tokenFor({ subject: 'alice' }) })
      const bob = await open(address, { token: stage.issuer.tokenFor({ subject: 'bob' }) })
      await auth.revoke({ subject: 'alice', provider: 'oidc' })
      expect(await alice.closed).toBe(1008)
      expect(bob.client.readyState).toBe(WebSocket.OPEN)
      await auth.close()
    })

    it('ends when its token expires, unless it is renewed', async () => {
      const { issuer, audience } = stage.issuer
      const providers = [oidc({ issuer, audience, rolesFrom: 'roles' })]
      const auth = createAuthenticator({ providers, clockTolerance: 0 })
      const { address, upgrades } = await start({ auth })
      const short = () => stage.issuer.tokenFor({ subject: 'alice', expiresIn: 2 })
      const [ends, goesOn] = [await open(address, { token: short() }), await open(address, { token: short() })]
      const [, upgrade] = upgrades
      const renewed = await upgrade?.renew(stage.issuer.tokenFor({ subject: 'alice', roles: ['admin'] }))
      expect(renewed).toBe(upgrade?.auth)
      expect(upgrade?.user.roles).toMatchObject([{ id: 'admin' }])
      expect(await ends.closed).toBe(1008)
      expect(upgrades[0]?.signal.reason).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
      expect(goesOn.client.readyState).toBe(WebSocket.OPEN)
      await auth.close()
    })

    it('that is closed is not watched any more', async () => {
      const auth = stage.authenticatorFor(stage.issuer)
      const { address, upgrades } = await start({ auth })
      const { client, closed } = await open(address, { token: stage.issuer.tokenFor({ subject: 'alice' }) })
      const waiting = await open(address, { token: stage.issuer.tokenFor({ subject: 'alice' }) })
      client.close()
      await closed
      await sleep(50)
      await auth.revoke({ subject: 'alice', provider: 'oidc' })
      await waiting.closed
      expect(upgrades.map((upgrade) => upgrade?.signal.aborted)).toEqual([false, true])
      await auth.close()
    })
  })

  describe('an upgrade that means no good, or goes wrong half-way,', () => {
    it('leaves nothing when its client goes away, and ends nothing', async () => {
      let begun = 0
      let ended = 0
      let answer = () => {}
      const gate = new Promise<void>((resolve) => {
        answer = resolve
      })
      const verifying = stage.verifying(async () => inputOf(person()).auth)
      const auth = {
        ...verifying,
        async watch() {
          begun++
          await gate
          const { auth } = inputOf(person())
          const { signal } = new AbortController()
          return { auth, signal, renew: async () => auth, end: () => void ended++ }
        },
      }
      const { port, upgrades } = await start({ auth })
      const sockets = await Promise.all(
        Array.from({ length: 20 }, () =>
          raw(
            port,
            'Authorization: Bearer good',
            'Sec-WebSocket-Version: 13',
            `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
          ),
        ),
      )
      await until(() => begun === 20)
      for (const socket of sockets) socket.resetAndDestroy()
      await sleep(50)
      answer()
      await until(() => upgrades.length === 20 && ended === 20)
      expect(upgrades.filter(Boolean)).toEqual([])
    })

    it('is refused and cut off, also if the client keeps its side open', async () => {
      const { app, port } = await start()
      const socket = await raw(port, 'Authorization: Bearer nonsense')
      socket.allowHalfOpen = true
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      await once(socket, 'end')
      expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
      for (let left = 1; left > 0; left = await app.connections()) await sleep(5)
      socket.destroy()
    })

    it('is answered 500 when a function of the app throws, and the process lives', async () => {
      const warn = jest.spyOn(process, 'emitWarning').mockReturnValue()
      const secret = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
      for (const thrown of [new Error(`cannot read ${secret}`), undefined, 'a text']) {
        const tokenFrom = () => {
          throw thrown
        }
        const { address } = await start({ http: { tokenFrom } })
        const answer = await refused(address)
        expect(answer.status).toBe(500)
        expect(answer.body).not.toContain('cannot read')
      }
      const { address } = await start({ http: { tokenFrom: () => Promise.reject(new Error('later')) as never } })
      expect(await refused(address)).toMatchObject({
        status: 500,
        body: expect.stringContaining('not set up correctly'),
      })
      const throwing = await start(
        {},
        check(() => {
          throw new Error('in a check')
        }),
      )
      expect((await refused(throwing.address, { token: stage.issuer.tokenFor() })).status).toBe(500)
      const warnings = warn.mock.calls.map(([warning]) => String(warning))
      warn.mockRestore()
      expect(warnings).toHaveLength(5)
      expect(warnings[3]).toContain('option tokenFrom: must answer at once')
      expect(warnings[0]).toContain('cannot read')
      expect(warnings.join()).not.toContain(secret)
    })
  })
}
