import { getEventListeners } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type AuthError, isAuthError } from '../src/errors.ts'
import { createRequest, type Fetch, type FetchInit } from '../src/http.ts'
import { createCleanup, sendJson, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

const request = createRequest(fetch, 5)
const never = new Promise<never>(() => {})

async function failureOf(promise: Promise<unknown>): Promise<AuthError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  )
  if (!isAuthError(error)) throw error
  expect([error.status, error.code]).toEqual([503, 'ERR_PROVIDER_UNAVAILABLE'])
  return error
}

/** All that an error says, to whoever. */
function textOf(error: AuthError): string {
  const { cause } = error
  const inner = cause instanceof Error ? [cause.message, cause.stack, String(cause.cause)] : [String(cause)]
  return [error.message, error.explanation, error.stack, JSON.stringify(error), ...inner].join('\n')
}

async function timed(promise: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await promise
  return performance.now() - started
}

describe('a request', () => {
  it('asks for JSON with GET, and gives status, headers and the parsed body', async () => {
    const seen: unknown[] = []
    const { origin } = await cleanup.stub((incoming, response) => {
      seen.push(incoming.method, incoming.headers.accept, incoming.headers['x-more'])
      sendJson(response, { a: 1 }, { 'x-answer': 'yes' }, 418)
    })
    const { status, headers, body, json, text } = await request(`${origin}/a`, { headers: { 'x-more': 'm' } })
    expect([status, headers.get('x-answer'), body, json, text]).toEqual([418, 'yes', { a: 1 }, true, '{"a":1}'])
    expect(seen).toEqual(['GET', 'application/json', 'm'])
  })

  it('sends a body with the method given', async () => {
    let received = ''
    const { origin } = await cleanup.stub(async (incoming, response) => {
      for await (const chunk of incoming) received += `${incoming.method} ${chunk}`
      response.end()
    })
    await request(origin, { method: 'POST', body: 'a=b' })
    expect(received).toBe('POST a=b')
  })

  it.each([
    ['text', '<h1>Welcome</h1>', '<h1>Welcome</h1>', false],
    ['nothing', '', '', false],
    ['half a JSON', '{"keys":[', '{"keys":[', false],
    ['a byte order mark before the JSON', '\ufeff{"a":1}', { a: 1 }, true],
    ['no body at all', undefined, '', false],
    ['JSON that is packed', gzipSync('{"a":1}'), { a: 1 }, true],
  ])('gives what is not JSON as it is: %s', async (_, sent, body, json) => {
    const { origin } = await cleanup.stub((_, response) => {
      if (sent === undefined) response.writeHead(204).end()
      else response.writeHead(200, typeof sent === 'string' ? {} : { 'content-encoding': 'gzip' }).end(sent)
    })
    expect(await request(origin)).toMatchObject({ body, json })
  })
})

describe('the deadline', () => {
  const hangs: readonly (readonly [string, Fetch])[] = [
    ['connecting or waiting for the headers', () => never],
    ['reading the body', async () => new Response(new ReadableStream({ pull: () => never }))],
    [
      'reading the body',
      // A byte now and then, so that no pause is long.
      async () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await new Promise((resolve) => setTimeout(resolve, 20))
              controller.enqueue(Buffer.from(' '))
            },
          }),
        ),
    ],
  ]
  it.each(hangs)('holds while %s, also for a fetch that ignores its signal', async (phase, fetch) => {
    const took = timed(
      failureOf(createRequest(fetch, 0.1)('https://id.example.com/jwks')).then((error) =>
        expect(error.explanation).toBe(
          `https://id.example.com did not answer within 0.1 s (timed out ${phase}; option timeout)`,
        ),
      ),
    )
    expect(await took).toBeLessThan(2000)
  })

  it('can be set for one request', async () => {
    const patient = createRequest(() => never, 60)
    const { explanation } = await failureOf(patient('https://id.example.com', { timeout: 0.05 }))
    expect(explanation).toContain('within 0.05 s')
  })

  it('ends the connection', async () => {
    let ended = false
    const { origin } = await cleanup.stub((incoming) => {
      incoming.socket.once('close', () => {
        ended = true
      })
    })
    await failureOf(request(origin, { timeout: 0.05 }))
    await until(() => ended)
  })

  it('throws away what a fetch that ignores its signal brings too late', async () => {
    let cancelled = false
    let answer = (_: Response) => {}
    const late = createRequest(() => new Promise((resolve) => (answer = resolve)), 0.05)
    await failureOf(late('https://id.example.com'))
    const cancel = () => {
      cancelled = true
    }
    answer(new Response(new ReadableStream({ cancel })))
    await until(() => cancelled)
  })

  it('leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const { origin } = await cleanup.stub((_, response) => response.end('{}'))
    await request(origin)
    const before = timers()
    const slow = createRequest(async () => new Response('{}'), 60)
    await Promise.all(Array.from({ length: 20 }, () => slow('https://id.example.com')))
    expect(timers()).toBeLessThan(before + 10)
  })
})

describe('the size cap', () => {
  it('lets a body through that is as long as it may be, and not one byte more', async () => {
    const { origin } = await cleanup.stub((incoming, response) =>
      response.end('x'.repeat(Number(incoming.url?.slice(1)))),
    )
    expect((await request(`${origin}/1000`, { maxBytes: 1000 })).text.length).toBe(1000)
    const { explanation } = await failureOf(request(`${origin}/1001`, { maxBytes: 1000 }))
    expect(explanation).toBe(`${origin} failed reading the body: the body is longer than 1000 bytes`)
  })

  it('is 1 MiB unless told otherwise', async () => {
    const { origin } = await cleanup.stub((incoming, response) =>
      response.end('x'.repeat(Number(incoming.url?.slice(1)))),
    )
    expect((await request(`${origin}/1048576`)).text.length).toBe(1_048_576)
    await failureOf(request(`${origin}/1048577`))
  })

  it('stops reading while the body arrives, and ends the connection', async () => {
    let ended = false
    const stub = await cleanup.stub((_, response) => {
      const chunk = Buffer.alloc(65_536, ' ')
      const write = () => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', write)
      }
      response.once('close', () => {
        ended = true
      })
      write()
    })
    await failureOf(request(stub.origin))
    await until(() => ended)
    // The body has no end; what was sent beyond the cap had been in buffers.
    expect(stub.written()).toBeLessThan(16 * 1_048_576)
  })

  it('ends a body also where the fetch ignores its signal', async () => {
    let cancelled = false
    const body = () =>
      new ReadableStream({
        pull: (controller) => controller.enqueue(Buffer.alloc(65_536)),
        cancel() {
          cancelled = true
        },
      })
    await failureOf(createRequest(async () => new Response(body()), 5)('https://id.example.com'))
    expect(cancelled).toBe(true)
  })

  it('counts what comes out of a packed body: 256 MiB of blanks are never held', async () => {
    const packed = Buffer.concat(new Array<Buffer>(256).fill(gzipSync(Buffer.alloc(1_048_576, ' '))))
    const { origin } = await cleanup.stub((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
    })
    await request(origin, { maxBytes: 10 }).catch(() => {})
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 1)
    await failureOf(request(origin))
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    clearInterval(watch)
    expect(most).toBeLessThan(20 * 1_048_576)
  })
})

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('comes back as it is and is not followed: %i', async (code) => {
    const stub = await cleanup.stub((incoming, response) => {
      if (incoming.url === '/target') return sendJson(response, { keys: [] })
      response.writeHead(code, { location: '/target' }).end()
    })
    const { status, headers } = await request(`${stub.origin}/jwks`)
    expect([status, headers.get('location'), stub.asked]).toEqual([code, '/target', ['/jwks']])
  })

  it('is refused when the injected fetch has followed it all the same', async () => {
    let ended = false
    const stub = await cleanup.stub((incoming, response) => {
      if (incoming.url === '/target') return response.once('close', () => (ended = true)).write('{')
      response.writeHead(302, { location: '/target' }).end()
    })
    const following = createRequest((url, init) => fetch(url, { ...init, redirect: 'follow' }), 5)
    const { explanation } = await failureOf(following(`${stub.origin}/jwks`))
    expect(explanation).toContain('the injected fetch has followed a redirect')
    await until(() => ended)
  })
})

describe('an error', () => {
  const secret = 's3cr3t'
  const url = `https://id.example.com:8443/${secret}/path?api_key=${secret}#${secret}`

  it.each<[string, string, Fetch, string]>([
    [
      'of the network',
      url,
      () => Promise.reject(new TypeError('fetch failed', { cause: coded('ECONNREFUSED') })),
      'ECONNREFUSED',
    ],
    ['with a code of its own', url, () => Promise.reject(coded('ETIMEDOUT')), 'ETIMEDOUT'],
    ['without any code', url, () => Promise.reject(new Error(`cannot get ${url}`)), 'Error'],
    ['with another inside', url, () => Promise.reject(new Error(secret, { cause: new RangeError(url) })), 'RangeError'],
    [
      'that is thrown at once',
      url,
      () => {
        throw new SyntaxError(url)
      },
      'SyntaxError',
    ],
    ['that is no error', url, () => Promise.reject(url), 'unknown error'],
    [
      'in the body',
      url,
      async () =>
        new Response(
          new ReadableStream({
            pull() {
              throw new Error(url)
            },
          }),
        ),
      'reading the body: Error',
    ],
    ['of a URL with a password', `https://user:${secret}@127.0.0.1:1/`, fetch, 'https://127.0.0.1:1 failed'],
    ['of a URL that is none', `http://${secret}:port/`, fetch, 'the given address failed'],
    ['of a deadline', url, () => never, 'https://id.example.com:8443 did not answer'],
  ])('%s says where and what, and nothing that may be secret', async (_, address, fetch, expected) => {
    const error = await failureOf(
      createRequest(fetch, 0.05)(address, { headers: { authorization: `Bearer ${secret}` } }),
    )
    expect(error.explanation).toContain(expected)
    expect(textOf(error)).not.toContain(secret)
  })

  it('of a real connection that is refused names its code', async () => {
    const stub = await cleanup.stub(() => {})
    await cleanup.close()
    expect((await failureOf(request(`${stub.origin}/${secret}`))).explanation).toBe(
      `${stub.origin} failed connecting or waiting for the headers: ECONNREFUSED`,
    )
  })

  function coded(code: string): Error {
    return Object.assign(new Error(`${code} at ${url}`), { code })
  }
})

describe('the signal of the caller', () => {
  const reason = new Error('the caller has gone')

  it('ends what has begun, with its own reason', async () => {
    for (const fetch of [() => never, async () => new Response(new ReadableStream({ pull: () => never }))]) {
      const controller = new AbortController()
      const waiting = createRequest(fetch, 5)('https://id.example.com', { signal: controller.signal })
      setTimeout(() => controller.abort(reason), 10)
      expect(await timed(expect(waiting).rejects.toBe(reason))).toBeLessThan(2000)
    }
  })

  it('reaches the fetch', async () => {
    const controller = new AbortController()
    let seen: FetchInit | undefined
    const waiting = createRequest((_, init) => {
      seen = init
      return never
    }, 5)('https://id.example.com', { signal: controller.signal })
    expect(seen?.signal.aborted).toBe(false)
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(seen?.signal.aborted).toBe(true)
  })

  it('may end in the very moment of an answer', async () => {
    const controller = new AbortController()
    const racing = createRequest(async () => {
      controller.abort(reason)
      return new Response(new ReadableStream({ pull: () => never }))
    }, 5)
    const waiting = racing('https://id.example.com', { signal: controller.signal })
    expect(await timed(expect(waiting).rejects.toBe(reason))).toBeLessThan(2000)
  })

  it('that has ended already sends nothing', async () => {
    let sent = 0
    const counting = createRequest(() => {
      sent += 1
      return never
    }, 5)
    await expect(counting('https://id.example.com', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(sent).toBe(0)
  })

  it('keeps nothing of a request that is over', async () => {
    const { signal } = new AbortController()
    const quick = createRequest(async () => new Response('{}'), 5)
    for (let count = 0; count < 20; count += 1) await quick('https://id.example.com', { signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
