import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestKey } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import type { RequestAuthenticator, Upgrade } from '../src/index.ts'
import { createDpopStage, type DpopStage, requestWith } from './support/dpop-stage.ts'

describe('a WebSocket that a bound token opens', () => {
  let stage: DpopStage
  const sockets: WebSocketServer[] = []
  const clients: WebSocket[] = []
  beforeAll(async () => {
    stage = await createDpopStage()
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate()
    for (const server of sockets.splice(0)) server.close()
    await stage.clear()
  })
  afterAll(() => stage.close())

  /** Who opened it, or the answer. */
  async function open(api: RequestAuthenticator, authorization: string, dpop?: string) {
    const server = createServer()
    const webSockets = new WebSocketServer({ noServer: true })
    sockets.push(webSockets)
    let upgrade: Upgrade | undefined
    server.on('upgrade', async (request, socket, head) => {
      upgrade = await api.authenticateUpgrade(request)
      if (upgrade !== undefined) webSockets.handleUpgrade(request, socket, head, () => {})
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const headers = { authorization, ...(dpop !== undefined && { dpop }) }
    const client = new WebSocket(`ws://127.0.0.1:${port}/orders?page=2`, { headers })
    clients.push(client)
    const answer = await new Promise<{ status: number; challenge: string | undefined }>((resolve) => {
      client.on('open', () => resolve({ status: 101, challenge: undefined }))
      client.on('error', () => {})
      client.on('unexpected-response', (_, response) => {
        response.resume()
        resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'] })
      })
    })
    server.close()
    return { ...answer, upgrade }
  }

  it.each(['https://api.example.test/orders', 'wss://api.example.test/orders'])('is proved for %s', async (htu) => {
    const api = stage.api()
    const token = stage.token()
    const proof = stage.proof(token, { claims: { htu } })
    const { status, upgrade } = await open(api, `DPoP ${token}`, proof)
    expect([status, upgrade?.user.id]).toEqual([101, 'alice'])
    expect(await open(api, `DPoP ${token}`, proof)).toMatchObject({ status: 401 })
  })

  it('is refused by its own scheme without a proof, and as one of a bearer', async () => {
    const api = stage.api()
    const token = stage.token()
    expect(await open(api, `DPoP ${token}`)).toMatchObject({
      status: 401,
      challenge: expect.stringMatching(/^DPoP realm="api", error="invalid_dpop_proof"/),
    })
    await api.receive(requestWith(`DPoP ${token}`, stage.proof(token)))
    expect(await open(api, `Bearer ${token}`, stage.proof(token))).toMatchObject({
      status: 401,
      challenge: expect.stringMatching(/^Bearer realm="api", error="invalid_token", DPoP /),
    })
  })

  it('is refused to a bearer where only bound tokens are taken', async () => {
    const token = stage.issuer.tokenFor()
    expect((await open(stage.api(), `Bearer ${token}`)).status).toBe(101)
    expect((await open(stage.api({ required: true }), `Bearer ${token}`)).status).toBe(401)
  })

  it('ends with the token, and goes on with a newer one of the same key alone', async () => {
    const api = stage.api()
    const token = stage.token()
    const { upgrade } = await open(api, `DPoP ${token}`, stage.proof(token))
    const of = (boundTo: TestKey) => stage.token({ boundTo })
    const refusals: [string, string][] = [
      [stage.issuer.tokenFor(), 'ERR_TOKEN_UNSUPPORTED'],
      [of(await stage.anotherKey()), 'ERR_TOKEN_REFUSED'],
      [stage.token({ subject: 'bob' }), 'ERR_TOKEN_REFUSED'],
    ]
    for (const [newer, code] of refusals) await expect(upgrade?.renew(newer)).rejects.toMatchObject({ code })
    const newer = stage.token({ expiresIn: 7200 })
    await upgrade?.renew(newer)
    await stage.clock.advance(3700)
    expect(upgrade?.signal.aborted).toBe(false)
    await api.authenticator.revoke({ token: newer })
    await stage.clock.advance(1)
    expect(upgrade?.signal.reason).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})
