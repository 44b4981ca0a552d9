import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createTestIssuer, type Fault, type TestIssuer } from '../src/index.ts'

let issuer: TestIssuer

beforeEach(async () => {
  issuer = await createTestIssuer()
})

afterEach(() => issuer.close())

// Each request has its own: one signal for all would end them when the file has run for so long.
const patience = () => ({ signal: AbortSignal.timeout(60_000), redirect: 'manual' }) as const

async function get(url = issuer.jwksUri, init: RequestInit = {}) {
  const response = await fetch(url, { ...patience(), ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const outcome = (promise: Promise<unknown>, milliseconds: number) =>
  Promise.race([promise, sleep(milliseconds, 'still waiting')])

describe('an endpoint with a fault', () => {
  it.each<[string, Fault, number, (text: string) => unknown]>([
    ['a page of HTML', 'html', 200, (text) => text.startsWith('<!doctype html>')],
    ['nothing', 'empty', 200, (text) => text === ''],
    ['half of its JSON', 'broken-json', 200, (text) => /^\{"keys":\[\{"kty":"EC".*[^}]$/.test(text)],
    ['JSON of another shape', 'wrong-types', 200, (text) => text === '{"keys":"no"}'],
    ['a status', { status: 403 }, 403, (text) => text === ''],
    ['its own body', { status: 200, body: '[]' }, 200, (text) => text === '[]'],
    [
      'the proper body after a flood',
      'huge',
      200,
      (text) => text.length > 60_000_000 && JSON.parse(text).keys.length === 1,
    ],
  ])('answers with %s', async (_, fault, status, isAsExpected) => {
    issuer.fail('jwks', fault)
    const answer = await get()
    expect([answer.status, isAsExpected(answer.text)]).toEqual([status, true])
    issuer.heal()
    expect(JSON.parse((await get()).text)).toEqual(issuer.jwks())
  })

  it('answers 429 with Retry-After and headers of the test', async () => {
    issuer.fail('jwks', { status: 429, retryAfter: 7, headers: { 'x-limit': '3' } })
    const { status, headers } = await get()
    expect([status, headers.get('retry-after'), headers.get('x-limit')]).toEqual([429, '7', '3'])
  })

  it('sends active as a word when types are wrong', async () => {
    issuer.fail('introspection', 'wrong-types')
    const body = new URLSearchParams({ token: issuer.opaqueTokenFor() })
    const authorization = `Basic ${Buffer.from(`${issuer.clientId}:${issuer.clientSecret}`).toString('base64')}`
    const { text } = await get(issuer.introspectionEndpoint, { method: 'POST', body, headers: { authorization } })
    expect(JSON.parse(text)).toMatchObject({ active: 'yes', exp: 'soon', sub: [42] })
  })

  it('redirects, answers properly there, and counts who comes', async () => {
    issuer.fail('jwks', 'redirect')
    const { status, headers } = await get()
    expect([status, headers.get('location')]).toEqual([302, '/followed/jwks'])
    expect(issuer.followedRedirects()).toBe(0)
    const { status: followed, text } = await get(issuer.jwksUri, { redirect: 'follow' })
    expect([followed, JSON.parse(text), issuer.followedRedirects()]).toEqual([200, issuer.jwks(), 1])
  })

  it('sends a small body that expands to more than 200 MB', async () => {
    issuer.fail('jwks', 'gzip-bomb')
    const response = await fetch(issuer.jwksUri, patience())
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(Number(response.headers.get('content-length'))).toBeLessThan(1_000_000)
    let size = 0
    for await (const chunk of response.body as ReadableStream<Uint8Array>) size += chunk.length
    expect(size).toBeGreaterThan(200_000_000)
  })

  it('cuts the connection at once, or before the promised end', async () => {
    issuer.fail('jwks', 'reset')
    await expect(get()).rejects.toThrow('fetch failed')
    issuer.fail('jwks', 'truncate')
    const response = await fetch(issuer.jwksUri, patience())
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  it('hangs before the headers, or in the middle of the body', async () => {
    issuer.fail('jwks', 'hang')
    expect(
      await outcome(
        fetch(issuer.jwksUri).catch(() => 'cut'),
        200,
      ),
    ).toBe('still waiting')
    issuer.fail('jwks', 'hang-body')
    const response = await fetch(issuer.jwksUri)
    expect(
      await outcome(
        response.text().catch(() => 'cut'),
        200,
      ),
    ).toBe('still waiting')
  })

  it('drips a byte at a time', async () => {
    issuer.fail('jwks', 'drip')
    const response = await fetch(issuer.jwksUri)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let received = ''
    const end = Date.now() + 1000
    while (Date.now() < end) received += Buffer.from((await reader.read()).value ?? []).toString()
    expect('{"keys":[{"kty":"EC"').toContain(received)
    expect(received.length).toBeGreaterThan(3)
    await reader.cancel()
  })

  it('answers properly but late', async () => {
    issuer.fail('jwks', { delay: 0.3 })
    const started = performance.now()
    expect((await get()).status).toBe(200)
    expect(performance.now() - started).toBeGreaterThan(290)
  })

  it('is alone with it, heals by itself after so many times, and is counted', async () => {
    issuer.fail('jwks', { status: 500 }, { times: 2 })
    const statuses = [
      (await get()).status,
      (await get(issuer.discoveryUrl)).status,
      (await get()).status,
      (await get()).status,
    ]
    expect(statuses).toEqual([500, 200, 500, 200])
    expect([
      issuer.requests('jwks'),
      issuer.requests('discovery'),
      issuer.requests('token'),
      issuer.requests(),
    ]).toEqual([3, 1, 0, 4])
  })

  it('can be every endpoint, and healing one leaves the others ill', async () => {
    issuer.fail('all', { status: 503 })
    expect([(await get()).status, (await get(issuer.discoveryUrl)).status]).toEqual([503, 503])
    issuer.heal()
    issuer.fail('jwks', { status: 500 })
    issuer.fail('discovery', { status: 502 })
    issuer.heal('jwks')
    expect([(await get()).status, (await get(issuer.discoveryUrl)).status]).toEqual([200, 502])
  })

  it('must exist, and so must the fault', () => {
    expect(() => issuer.fail('keys' as 'jwks', 'hang')).toThrow(
      'There is no endpoint keys; there are discovery, jwks, authorization, token,',
    )
    expect(() => issuer.fail('jwks', 'explode' as 'hang')).toThrow('Not a fault: "explode". Use one of reset, hang,')
    expect(() => issuer.fail('jwks', { status: 99 })).toThrow('Not a fault')
    expect(() => issuer.fail('jwks', { delay: -1 })).toThrow('Not a fault')
  })

  it('is what the README says, and nothing else', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const said = (setWrong: () => void) => {
      try {
        setWrong()
      } catch (error) {
        return (error as Error).message
      }
      throw new Error('it was taken')
    }
    const rows = readme.split('\n').filter((line) => line.startsWith('| `'))
    const told = rows.flatMap((row) => row.split('|')[1]?.match(/(?<=`')[\w-]+(?='`)/g) ?? [])
    const faults = /Use one of (.*), \{ status \}/.exec(said(() => issuer.fail('jwks', 'x' as 'hang')))?.[1]
    expect(told.sort()).toEqual(faults?.split(', ').sort())
    const [, endpoints = ''] = /^Endpoints are (.*)\.$/m.exec(readme) ?? []
    expect(said(() => issuer.fail('x' as 'jwks', 'hang'))).toBe(
      `There is no endpoint x; there are ${endpoints.replaceAll('`', '')}.`,
    )
  })
})

describe('a server', () => {
  it('refuses connections while it is stopped, and comes back on the same port with the same keys', async () => {
    const token = issuer.opaqueTokenFor()
    await get()
    await issuer.stop()
    await expect(get()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await issuer.start()
    expect(JSON.parse((await get()).text)).toEqual(issuer.jwks())
    expect((await get(issuer.userinfoEndpoint, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  })

  it.each<Fault>(['hang', 'hang-body', 'drip', { delay: 60 }])(
    'closes at once with a request under way: %j',
    async (fault) => {
      issuer.fail('jwks', fault)
      const request = get().catch(() => 'cut')
      while (issuer.requests('jwks') === 0) await sleep(5)
      const started = performance.now()
      await issuer.close()
      await issuer.close()
      expect(await request).toBe('cut')
      expect(performance.now() - started).toBeLessThan(500)
    },
  )

  it('answers 404 to what it does not know', async () => {
    expect((await get(`${issuer.issuer}/nothing`)).status).toBe(404)
    expect((await get(issuer.jwksUri, { method: 'DELETE' })).status).toBe(404)
    expect([issuer.requests('jwks'), issuer.requests()]).toEqual([0, 2])
  })
})
