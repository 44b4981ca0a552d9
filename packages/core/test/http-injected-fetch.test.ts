import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { generate } from 'selfsigned'
import { Agent, EnvHttpProxyAgent, fetch as undiciFetch } from 'undici'
import { AuthError } from '../src/errors.ts'
import { createRequest, type Fetch } from '../src/http.ts'
import { createCleanup, sendJson } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

describe('an injected fetch', () => {
  it('of undici brings a private certificate authority along', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
      keyType: 'ec',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    })
    const server = createTlsServer({ key, cert }, (_, response) => sendJson(response, { secure: true }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const dispatcher = new Agent({ connect: { ca: cert } })
    cleanup.add(async () => {
      await dispatcher.close()
      await new Promise((resolve) => server.close(resolve))
    })
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

    const failure = await createRequest(fetch, 5)(url).catch((error) => error)
    expect(failure).toBeInstanceOf(AuthError)
    expect([failure.status, failure.code]).toEqual([503, 'ERR_PROVIDER_UNAVAILABLE'])
    expect(failure.explanation).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')

    const trusting: Fetch = (url, init) => undiciFetch(url, { ...init, dispatcher }) as unknown as Promise<Response>
    expect((await createRequest(trusting, 5)(url)).body).toEqual({ secure: true })
  })

  it('of undici goes through the proxy of the environment', async () => {
    const { origin: url } = await cleanup.stub((_, response) => sendJson(response, { reached: true }))
    const tunnels: string[] = []
    const proxy = createServer().on('connect', ({ url: target = '' }, socket, head) => {
      tunnels.push(target)
      const [host, port] = target.split(':')
      const there = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        there.write(head)
        there.pipe(socket).pipe(there)
      })
      for (const end of [there, socket]) end.on('error', () => {})
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const httpProxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const dispatcher = new EnvHttpProxyAgent({ httpProxy, noProxy: '' })
    cleanup.add(async () => {
      await dispatcher.close()
      await new Promise((resolve) => proxy.close(resolve))
    })
    const proxied: Fetch = (url, init) => undiciFetch(url, { ...init, dispatcher }) as unknown as Promise<Response>
    expect((await createRequest(proxied, 5)(url)).body).toEqual({ reached: true })
    expect(tunnels).toEqual([new URL(url).host])
  })
})
