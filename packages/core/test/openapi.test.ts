import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import createClient from 'openapi-fetch'
import * as z from 'zod'
import { createCaller } from '../src/client.ts'
import type { ClientOptions, RequestEvent } from '../src/client-options.ts'
import { createOpenApiFetch, type OpenApiCall, pathSerializer } from '../src/openapi.ts'

interface Thing {
  id: string
}

interface Paths {
  '/things/{id}': {
    get: {
      parameters: { path: { id: string }; query?: { deep?: boolean } }
      responses: { 200: { content: { 'application/json': Thing } } }
    }
    put: {
      parameters: { path: { id: string } }
      requestBody: { content: { 'application/json': Thing } }
      responses: { 201: { content: { 'application/json': Thing } } }
    }
    delete: { parameters: { path: { id: string } }; responses: { 204: { content?: never } } }
  }
}

const servers: { close(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serve(
  answer: (request: IncomingMessage & { text: string }, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => answer(Object.assign(request, { text: Buffer.concat(chunks).toString() }), response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push({ close: () => server.close().closeAllConnections() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const thing: OpenApiCall = { operation: 'getThing', expect: [200, 201], schema: z.looseObject({ id: z.string() }) }

function clientFor(baseUrl: string, call: OpenApiCall = thing, options: ClientOptions = {}) {
  const caller = createCaller('test', { timeout: 5, retries: 0, ...options }, () => ({}))
  return createClient<Paths>({ baseUrl, pathSerializer, fetch: createOpenApiFetch(caller, call) })
}

describe('createOpenApiFetch', () => {
  it('sends what openapi-fetch makes and gives back its validated data and the headers', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers['content-type'], request.text])
      response.writeHead(201, { 'total-number': '7' }).end('{"id":"a/b","more":1}')
    })
    const { data, response } = await clientFor(url).PUT('/things/{id}', {
      params: { path: { id: 'a/b' } },
      body: { id: 'a/b' },
    })
    expect(data).toEqual({ id: 'a/b', more: 1 })
    expect(response.headers.get('total-number')).toBe('7')
    expect(seen).toEqual([['PUT', '/things/a%2Fb', 'application/json', '{"id":"a/b"}']])
  })

  it('gives nothing for an answer without a body', async () => {
    const url = await serve((_, response) => response.writeHead(204).end())
    const client = clientFor(url, { operation: 'deleteThing', expect: [204] })
    expect((await client.DELETE('/things/{id}', { params: { path: { id: '1' } } })).data).toBeUndefined()
  })

  it('gives a text where the call says so', async () => {
    const url = await serve((_, response) => response.end('{"id":"1"}'))
    const client = clientFor(url, { operation: 'getThing', expect: [200], schema: z.string(), text: true })
    const { data } = await client.GET('/things/{id}', { params: { path: { id: '1' } }, parseAs: 'text' })
    expect(data).toBe('{"id":"1"}')
  })

  it.each<[string, (response: ServerResponse) => void, string]>([
    ['HTML', (response) => response.end('<html>'), 'ERR_PROVIDER_UNAVAILABLE'],
    ['nothing where a body belongs', (response) => response.end(), 'ERR_PROVIDER_UNAVAILABLE'],
    ['a body of the wrong type', (response) => response.end('{"id":7}'), 'ERR_PROVIDER_UNAVAILABLE'],
    ['a redirect', (response) => response.writeHead(302, { location: '/things/2' }).end(), 'ERR_PROVIDER_UNAVAILABLE'],
    ['404', (response) => response.writeHead(404).end(), 'ERR_UPSTREAM_NOT_FOUND'],
    [
      'half a body',
      (response) => void response.writeHead(200, { 'content-length': 99 }).write('{"i', () => response.destroy()),
      'ERR_PROVIDER_UNAVAILABLE',
    ],
  ])('rejects with our error for %s', async (_, answer, code) => {
    const url = await serve((_request, response) => answer(response))
    await expect(clientFor(url).GET('/things/{id}', { params: { path: { id: '1' } } })).rejects.toMatchObject({ code })
  })

  it('refuses any text that is no JSON, also where nothing is said of the body', async () => {
    const url = await serve((_, response) => response.end('<html>'))
    const client = clientFor(url, { operation: 'getThing', expect: [200] })
    await expect(client.GET('/things/{id}', { params: { path: { id: '1' } } })).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
  })

  it('holds the deadline, and obeys a signal of the call', async () => {
    const url = await serve(() => {})
    const params = { path: { id: '1' } }
    await expect(clientFor(url, thing, { timeout: 0.05 }).GET('/things/{id}', { params })).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
    const reason = new Error('enough')
    await expect(clientFor(url).GET('/things/{id}', { params, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('tells hooks the operation, and lets a request say which it is', async () => {
    const url = await serve((_, response) => response.end('{"id":"1"}'))
    const events: RequestEvent[] = []
    const caller = createCaller('test', { onRequest: (event) => events.push(event) }, () => ({}))
    const fetch = createOpenApiFetch(caller, (request) => ({
      operation: `${request.method} thing`,
      expect: [200],
      shown: `${url}/things/*`,
    }))
    await createClient<Paths>({ baseUrl: url, fetch }).GET('/things/{id}', {
      params: { path: { id: 'secret' }, query: { deep: true } },
    })
    expect(events).toEqual([{ provider: 'test', operation: 'GET thing', method: 'GET', url: `${url}/things/*` }])
  })

  it.each(['', '.', '..'])('refuses %j as a part of a path', async (id) => {
    await expect(
      clientFor('http://127.0.0.1:9').GET('/things/{id}', { params: { path: { id } } }),
    ).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
  })
})
