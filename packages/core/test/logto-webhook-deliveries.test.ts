import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { LogtoEmulator } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../src/index.ts'
import {
  createLogtoWebhook,
  type LogtoWebhookEvent,
  type LogtoWebhookRequest,
  logto,
} from '../src/providers/logto/index.ts'
import { clientOf, createTenants, orders } from './support/logto-tenant.ts'

const tenants = createTenants()
const servers: Server[] = []
afterEach(async () => {
  await tenants.close()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve).closeAllConnections())
})

const eventOf = (raw: string) => JSON.parse(raw) as LogtoWebhookEvent
const captured: { deliveries: readonly { raw: string }[] } = JSON.parse(
  readFileSync(new URL('./fixtures/logto-management/webhooks.json', import.meta.url), 'utf8'),
)

describe('the emulator', () => {
  it('delivers what a real Logto does, member by member', async () => {
    const emulator = await tenants.start()
    const bodies: string[] = []
    const url = await listen(async (rawBody) => {
      bodies.push(rawBody.toString())
      return { status: 204 }
    })
    const wanted = captured.deliveries.map(({ raw }) => eventOf(raw)).filter(({ matchedRoute }) => matchedRoute)
    emulator.addHook({ url, events: wanted.map(({ event }) => event) })
    const client = clientOf(emulator)
    const { id } = await client.createUser({ username: 'carol' })
    await client.setUserSuspension({ userId: id }, { isSuspended: true })
    await client.addOrganizationUsers({ id: 'acme' }, { userIds: [id] })
    await client.removeOrganizationUser({ id: 'acme', userId: id })
    await client.deleteUser({ userId: id })
    const role = (await client.listRoles({ type: 'User' }).toArray())[0]?.id ?? ''
    const scopes = (await client.listResources({ includeScopes: 'true' }).toArray())[1]?.scopes ?? []
    const scopeId = scopes.find(({ name }) => name === 'write:orders')?.id ?? ''
    await client.addRoleScopes({ id: role }, { scopeIds: [scopeId] })
    await client.removeRoleScope({ id: role, scopeId })
    await emulator.deliveries()

    const shapeOf = (event: LogtoWebhookEvent) => ({
      members: Object.keys(event).sort(),
      params: Object.keys(event.params as object),
      data: Array.isArray(event.data) ? 'list' : Object.keys((event.data as object | undefined) ?? {}),
    })
    const keyOf = (event: LogtoWebhookEvent) => `${event.event} ${event.method} ${event.matchedRoute}`
    const made = new Map(bodies.map((body) => [keyOf(eventOf(body)), shapeOf(eventOf(body))]))
    expect(made.size).toBe(7)
    for (const event of wanted) {
      // Changing a user's data is not among the calls of the client.
      if (event.event !== 'User.Data.Updated') expect(made.get(keyOf(event))).toEqual(shapeOf(event))
    }
  })
})

describe('a request that nobody has read yet', () => {
  async function serve(before: (request: IncomingMessage) => Promise<unknown>) {
    const webhook = createLogtoWebhook({ signingKey: 'key', auth: async () => {}, maxBytes: 4096 })
    const server = createServer(async (request, response) => {
      await before(request)
      const answer = await webhook({ headers: request.headers, rawBody: request }).catch(({ code }) => ({
        status: 500,
        body: String(code),
      }))
      response.writeHead(answer.status).end(answer.body)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    return async (body: string) => {
      const signature = createHmac('sha256', 'key').update(body).digest('hex')
      const headers = { 'logto-signature-sha-256': signature }
      const response = await fetch(url, { method: 'POST', body, headers })
      return [response.status, await response.text()]
    }
  }

  const event = JSON.stringify({ event: 'User.Created', hookId: 'h', createdAt: new Date().toISOString() })

  it('can be given as it is', async () => {
    const send = await serve(async () => {})
    expect(await send(event)).toEqual([204, ''])
    expect(await send('')).toEqual([400, 'This is no event of Logto.'])
  })

  it('is read up to the limit only, and whoever sent it hears why', async () => {
    const send = await serve(async () => {})
    expect(await send(event + ' '.repeat(1024 * 1024))).toEqual([413, 'The body is longer than 4096 bytes.'])
    expect(await send(event)).toEqual([204, ''])
  })

  it('is missed where somebody has read it', async () => {
    const send = await serve((request) => text(request))
    expect(await send(event)).toEqual([500, 'ERR_OPTIONS_INVALID'])
  })
})

describe('together with an authenticator', () => {
  async function signedIn(emulator: LogtoEmulator) {
    const auth = createAuthenticator({ providers: [logto({ endpoint: emulator.endpoint, audience: orders })] })
    const token = await emulator.tokenFor('alice', { resource: orders })
    await auth.verify(token)
    return { auth, token }
  }

  async function hook(emulator: LogtoEmulator, auth: Authenticator): Promise<void> {
    let receive: ReturnType<typeof createLogtoWebhook> | undefined
    const url = await listen(async (rawBody, headers) => (await receive?.({ headers, rawBody })) ?? { status: 500 })
    const events = ['User.SuspensionStatus.Updated', 'User.Deleted']
    const { signingKey } = await clientOf(emulator).createHook({ name: 'h', events, config: { url } })
    receive = createLogtoWebhook({ signingKey, auth })
  }

  it.each<[string, (emulator: LogtoEmulator) => Promise<unknown>]>([
    ['suspended', (of) => clientOf(of).setUserSuspension({ userId: 'alice' }, { isSuspended: true })],
    ['deleted', (of) => clientOf(of).deleteUser({ userId: 'alice' })],
  ])('ends the signed tokens of a user who is %s at Logto', async (_, end) => {
    const emulator = await tenants.start()
    const { auth, token } = await signedIn(emulator)
    await hook(emulator, auth)
    await end(emulator)
    expect(await emulator.deliveries()).toMatchObject([{ status: 204 }])
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED', status: 401 })
    await auth.close()
  })

  it('leaves the tokens alone of a user who is let in again', async () => {
    const emulator = await tenants.start()
    const { auth, token } = await signedIn(emulator)
    await hook(emulator, auth)
    await clientOf(emulator).setUserSuspension({ userId: 'alice' }, { isSuspended: false })
    expect(await emulator.deliveries()).toMatchObject([{ status: 204 }])
    expect((await auth.verify(token)).user.id).toBe('alice')
    await auth.close()
  })
})

/** Listens for deliveries; gives the address. */
async function listen(
  answer: (rawBody: Buffer, headers: LogtoWebhookRequest['headers']) => Promise<{ status: number; body?: string }>,
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const { status, body } = await answer(Buffer.concat(chunks), request.headers)
      response.writeHead(status).end(body)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
