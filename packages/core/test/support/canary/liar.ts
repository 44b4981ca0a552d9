import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How a provider fails. Each way that answers tells all that it was asked with, as often as it can. */
export const lies = [
  'refuses connections',
  'resets',
  'hangs',
  'hangs in the body',
  'sends half a body',
  'sends HTML',
  'sends broken JSON',
  'sends wrong types',
  'sends a list',
  'sends a nest',
  'sends a list of nests',
  'sends what is no text',
  'redirects',
  'says 200',
  'says 201',
  'says 400',
  'says 401',
  'says 403',
  'says 404',
  'says 409',
  'says 419',
  'says 422',
  'says 429',
  'says 500',
  'says 503',
  'says 999',
  'says 400 in plain text',
  'says 401 in an OAuth error',
] as const
export type Lie = (typeof lies)[number]

/** What a first step is answered with, where the second one is to fail: path → body. */
export type Truths = (path: string) => { readonly type?: string; readonly body: string } | undefined

/** A server that every provider can be, on loopback. */
export interface Liar {
  readonly url: string
  /** The paths and queries it was asked for. */
  readonly asked: readonly string[]
  lie(lie: Lie, truths?: Truths): Promise<void>
  close(): Promise<void>
}

export async function startLiar(): Promise<Liar> {
  let lie: Lie = 'says 500'
  let truths: Truths | undefined
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    asked.push(request.url ?? '')
    const heard = await hear(request)
    const truth = truths?.(new URL(request.url ?? '', 'http://liar').pathname)
    if (truth === undefined) return answer(lie, heard, request, response)
    response.setHeader('content-type', truth.type ?? 'application/json')
    response.end(truth.body)
  })
  await listen(server, 0)
  const { port } = server.address() as AddressInfo
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections())

  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async lie(next, prepared) {
      truths = prepared
      lie = next
      if (next === 'refuses connections') await stop()
      else if (!server.listening) await listen(server, port)
    },
    close: async () => {
      if (server.listening) await stop()
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
}

/** All that a request says, as it stands and decoded. */
async function hear(request: IncomingMessage): Promise<readonly string[]> {
  let body = ''
  for await (const chunk of request.setEncoding('latin1')) body += chunk
  const address = request.url ?? ''
  const basic = Buffer.from(/^basic (.*)/i.exec(request.headers.authorization ?? '')?.[1] ?? '', 'base64').toString()
  const isForm = request.headers['content-type']?.includes('urlencoded')
  const form = new URLSearchParams(isForm ? body : '')
  const values = [...new URL(address, 'http://liar').searchParams.values(), ...form.values()]
  const said = [
    address,
    body,
    ...values,
    ...Object.values(request.headers).flat().map(String),
    basic,
    ...basic.split(':'),
  ]
  return [...new Set(said.flatMap((text) => [text, decoded(text)]))].filter((text) => text !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function answer(lie: Lie, heard: readonly string[], request: IncomingMessage, response: ServerResponse): void {
  const all = heard.join(' ')
  const each = Object.fromEntries(heard.map((text) => [text, text]))
  const names = [
    'error',
    'error_description',
    'error_uri',
    'message',
    'detail',
    'code',
    'name',
    'scope',
    'data',
    'details',
  ]
  const telling = { ...each, ...Object.fromEntries(names.map((name) => [name, all])), keys: [{ kid: all, kty: all }] }
  const send = (status: number, body: string, type = 'application/json') => {
    response.writeHead(status, {
      'content-type': type,
      'www-authenticate': `Bearer error="${printable(all)}"`,
      'x-request-id': printable(all),
      'logto-core-request-id': printable(all),
      'retry-after': '1',
    })
    response.end(body)
  }
  switch (lie) {
    case 'refuses connections':
    case 'resets':
      request.socket.resetAndDestroy()
      return
    case 'hangs':
      return
    case 'hangs in the body':
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"message":')
      return
    case 'sends half a body':
      response.writeHead(400, { 'content-type': 'application/json', 'content-length': 1e6 })
      response.write(JSON.stringify(telling), () => request.socket.destroy())
      return
    case 'sends HTML':
      send(200, `<!doctype html><title>${all}</title>`, 'text/html')
      return
    case 'sends broken JSON':
      send(200, `{"${all}": `)
      return
    case 'sends wrong types':
      send(200, JSON.stringify(Object.fromEntries(Object.keys(telling).map((name) => [name, [heard]]))))
      return
    case 'sends a list':
      send(200, JSON.stringify([...heard, telling]))
      return
    case 'sends a nest':
      send(200, nest)
      return
    case 'sends a list of nests':
      send(200, `[{"id":"1","a":${nest}}]`)
      return
    case 'sends what is no text':
      send(200, JSON.stringify(Object.fromEntries(Object.keys(telling).map((name) => [name, { toString: 1 }]))))
      return
    case 'redirects':
      response.writeHead(302, { location: `http://127.0.0.1:9/?told=${encodeURIComponent(all)}` }).end(all)
      return
    case 'says 400 in plain text':
      send(400, all, 'text/plain')
      return
    case 'says 401 in an OAuth error':
      send(401, JSON.stringify({ error: 'invalid_token', error_description: all }))
      return
    default:
      send(Number(lie.slice(-3)), JSON.stringify(telling))
  }
}

// Deeper than what is written recursively can be followed.
const nest = `${'{"keys":['.repeat(20_000)}${']}'.repeat(20_000)}`
const printable = (text: string) => text.replace(/[^\x20-\x7e]|"/g, '').slice(0, 2000)
