import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createLogtoEmulator, type LogtoEmulator } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import { createLogtoClient, createLogtoWebhook, logto } from '../../src/providers/logto/index.ts'
import { type BuildApp, type RunningApp, serve } from './adapter-app.ts'

const api = 'https://orders.example.test/api'
const path = '/backchannel-logout'
const formType = 'application/x-www-form-urlencoded'

/** What every adapter does with logout tokens. What is in them is the business of core. */
export function describeLogout(buildApp: BuildApp): void {
  describe('logout tokens', () => {
    let tenant: LogtoEmulator
    let authenticator: Authenticator
    let app: RunningApp

    beforeEach(async () => {
      tenant = await createLogtoEmulator({
        resources: [{ indicator: api, scopes: [] }],
        users: [{ id: 'alice', username: 'alice' }],
      })
    })
    afterEach(async () => {
      await authenticator.close()
      await Promise.all([app.close(), tenant.close()])
    })

    async function start(setup: { parsesBodies?: boolean; parsesJson?: boolean } = {}): Promise<void> {
      let listener: ReturnType<BuildApp> | undefined
      app = await serve((request, response) => listener?.(request, response))
      const { clientId, clientSecret = '' } = tenant.addApp({
        type: 'Traditional',
        name: 'web',
        backchannelLogoutUri: app.origin + path,
      })
      const provider = logto({ endpoint: tenant.endpoint, audience: api, client: { clientId, clientSecret } })
      authenticator = createAuthenticator({ providers: [provider] })
      const me = { path: '/me', handle: () => ({ ok: true }) }
      listener = buildApp({ auth: authenticator, logout: { authenticator }, routes: [me], ...setup })
    }

    it.each([
      ['in an app without a parser', {}],
      ['in an app that parses forms', { parsesBodies: true }],
      ['in an app that parses JSON alone', { parsesJson: true }],
    ])('end what was issued before, and nothing else, %s', async (_, setup) => {
      await start(setup)
      await tenant.signIn('alice')
      const token = await tenant.tokenFor('alice', { resource: api })
      expect((await app.call('/me', { token })).status).toBe(200)
      // What was issued within the same second may be of a later sign-in.
      await new Promise((resolve) => setTimeout(resolve, 1001))
      tenant.signOut('alice')
      expect((await tenant.deliveries()).map(({ status }) => status)).toEqual([200])
      expect((await app.call('/me', { token })).status).toBe(401)
      const later = await tenant.tokenFor('alice', { resource: api })
      expect((await app.call('/me', { token: later })).status).toBe(200)
    })

    it('and webhooks end what they tell of', async () => {
      let listener: ReturnType<BuildApp> | undefined
      app = await serve((request, response) => listener?.(request, response))
      authenticator = createAuthenticator({ providers: [logto({ endpoint: tenant.endpoint, audience: api })] })
      const { signingKey } = tenant.addHook({ url: `${app.origin}/hooks`, events: ['User.Deleted'] })
      const webhook = createLogtoWebhook({ signingKey, auth: authenticator })
      listener = buildApp({
        auth: { providers: [logto({ endpoint: tenant.endpoint, audience: api })] },
        http: { required: false },
        routes: [
          {
            method: 'post',
            path: '/hooks',
            handle: ({ request }) => webhook({ headers: request.headers, rawBody: request }),
          },
        ],
      })
      const role = 'Logto Management API access'
      const admin = tenant.addApp({ type: 'MachineToMachine', name: 'admin', roles: [role] })
      const { clientId, clientSecret = '' } = admin
      const token = await tenant.tokenFor('alice', { resource: api })
      await authenticator.verify(token)
      await createLogtoClient({ endpoint: tenant.endpoint, clientId, clientSecret }).deleteUser({ userId: 'alice' })
      expect((await tenant.deliveries()).map(({ status }) => status)).toEqual([200])
      await expect(authenticator.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    })

    it('are asked for where there are none, in words for a program', async () => {
      await start()
      const answer = await app.call(path, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ error: 'invalid_request' })
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
      expect((await app.call(path)).status).toBe(405)
    })

    it('that are too long are refused, and the refusal gets through', async () => {
      await start()
      const body = new URLSearchParams({ logout_token: 'a'.repeat(100_000) })
      expect((await app.call(path, { method: 'POST', body })).status).toBe(400)
    })

    it('that are too long keep nobody from the next request on the same connection', async () => {
      await start()
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const ports: (number | undefined)[] = []
      async function post(body: string): Promise<number | undefined> {
        const sent = request(app.origin + path, { method: 'POST', agent, headers: { 'content-type': formType } })
        sent.end(body)
        const [response] = await once(sent, 'response')
        ports.push(sent.socket?.localPort)
        await once(response.resume(), 'end')
        return response.statusCode
      }
      const long = `logout_token=${'a'.repeat(5_000_000)}`
      expect([await post(long), await post('a=b'), await post(long)]).toEqual([400, 400, 400])
      expect(new Set(ports).size).toBe(1)
      agent.destroy()
    })
  })
}
