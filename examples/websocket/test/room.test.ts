import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket } from 'ws'
import { type Running, startExample } from '../../support/start-example.ts'

describe('examples/websocket', () => {
  let issuer: TestIssuer
  let app: Running
  const clients: WebSocket[] = []

  beforeAll(async () => {
    issuer = await createTestIssuer()
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    app = await startExample(main, { ISSUER: issuer.issuer, AUDIENCE: issuer.audience })
  }, 60_000)
  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate()
  })
  afterAll(async () => {
    await app?.stop()
    await issuer?.close()
  })

  /** Enters the room, and gives what is heard there, message by message. */
  async function enter(token: string) {
    const client = new WebSocket(app.url.replace('http', 'ws'), ['bearer', token])
    clients.push(client)
    const heard: unknown[] = []
    const waiting: ((message: unknown) => void)[] = []
    client.on('message', (data) => {
      const message: unknown = JSON.parse(String(data))
      const next = waiting.shift()
      if (next === undefined) heard.push(message)
      else next(message)
    })
    await once(client, 'open')
    return {
      client,
      say: (message: object) => client.send(JSON.stringify(message)),
      hear: () =>
        heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise<unknown>((resolve) => waiting.push(resolve)),
      closed: new Promise<number>((resolve) => client.once('close', resolve)),
    }
  }

  it('lets those talk who are signed in', async () => {
    const alice = await enter(issuer.tokenFor({ subject: 'alice' }))
    const bob = await enter(issuer.tokenFor({ subject: 'bob' }))
    expect([await alice.hear(), await bob.hear()]).toEqual([{ hello: 'alice' }, { hello: 'bob' }])
    expect(bob.client.protocol).toBe('bearer')
    bob.client.send('no JSON')
    bob.client.send('null')
    bob.say({ text: 'Good morning.' })
    expect(await alice.hear()).toEqual({ from: 'bob', text: 'Good morning.' })
  })

  it('refuses those who are not', async () => {
    const client = new WebSocket(app.url.replace('http', 'ws'))
    client.on('error', () => undefined)
    const [, response] = await once(client, 'unexpected-response')
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"'])
    response.destroy()
  })

  it('ends the connections of whom an administrator signs out', async () => {
    const alice = await enter(issuer.tokenFor({ subject: 'alice' }))
    const signOut = (roles: string[]) =>
      fetch(`${app.url}/users/alice/sign-out`, {
        method: 'POST',
        headers: { authorization: `Bearer ${issuer.tokenFor({ subject: 'root', roles })}` },
      })
    expect((await signOut(['guest'])).status).toBe(403)
    expect((await signOut(['admin'])).status).toBe(204)
    expect(await alice.closed).toBe(1008)
  })

  it('goes on with a newer token of the same person only', async () => {
    const carol = await enter(issuer.tokenFor({ subject: 'carol', expiresIn: 60 }))
    expect(await carol.hear()).toEqual({ hello: 'carol' })
    carol.say({ token: issuer.tokenFor({ subject: 'alice' }) })
    expect(await carol.hear()).toMatchObject({ refused: { status: 401 } })
    carol.say({ token: issuer.tokenFor({ subject: 'carol', expiresIn: 600 }) })
    expect(await carol.hear()).toEqual({ renewedUntil: expect.any(Number) })
  })
})
