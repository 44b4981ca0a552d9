import { createTestClock } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, keysOf, letRefresh, outcomeOf, sendJson, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

describe('Cache-Control', () => {
  it.each<[string | undefined, number]>([
    [undefined, 600],
    ['max-age=120', 120],
    ['no-store', 60],
    ['max-age=99999999999999999999', 3600],
    ['rubbish', 600],
  ])('%j of a key set decides how long it is fresh', async (cacheControl, seconds) => {
    const clock = createTestClock()
    const issuer = await cleanup.issuer({ clock })
    issuer.cacheControl = cacheControl
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwksUri: issuer.jwksUri })],
      clock,
    })
    await auth.ready()
    issuer.fail('jwks', { status: 500 })
    await clock.advance(seconds - 1)
    expect(keysOf(auth).state).toBe('fresh')
    await clock.advance(1)
    expect(keysOf(auth).state).toBe('stale')
  })
})

describe('an ETag', () => {
  it('saves the body while nothing changes, and nobody whose token was remembered notices', async () => {
    const clock = createTestClock()
    const issuer = await cleanup.issuer({ clock })
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })],
      clock,
    })
    const known = issuer.tokenFor()
    await auth.verify(known)
    for (let round = 1; round <= 3; round += 1) {
      await letRefresh(auth, clock)
      expect([issuer.requests('jwks'), issuer.notModified('jwks')]).toEqual([1 + round, round])
    }
    expect([await outcomeOf(auth.verify(known)), keysOf(auth).state]).toEqual(['alice', 'fresh'])
    await issuer.rotate({ keepPrevious: false })
    await letRefresh(auth, clock)
    expect([issuer.requests('jwks'), issuer.notModified('jwks')]).toEqual([5, 3])
    expect(await outcomeOf(auth.verify(known))).toBe('401 ERR_TOKEN_KEY')
  })

  /** Addresses that each answer as told, and what If-None-Match they were asked with. */
  async function addresses(
    ...answers: ((tag: string | undefined) => { status?: number; etag?: string; body?: unknown })[]
  ) {
    const seen: string[] = []
    const clock = createTestClock()
    const stub = await cleanup.stub((request, response) => {
      const tag = request.headers['if-none-match']
      seen.push(`${request.url} ${tag}`)
      const { status = 200, etag, body = {} } = answers[Number(request.url?.slice(1))]?.(tag) ?? {}
      if (status === 304) response.writeHead(304).end()
      else sendJson(response, body, etag === undefined ? {} : { etag }, status)
    })
    const jwksUri = answers.map((_, index) => `${stub.origin}/${index}`)
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: 'https://id.example.com', audience: 'api', jwksUri })],
      clock,
    })
    return { auth, clock, seen }
  }

  it('is sent to the address that gave it, and to no other', async () => {
    const { keys } = (await cleanup.issuer()).jwks()
    let down = false
    const { auth, clock, seen } = await addresses(
      () => (down ? { status: 500 } : { etag: '"first"', body: { keys } }),
      () => ({ etag: '"second"', body: { keys } }),
    )
    await auth.ready()
    down = true
    await letRefresh(auth, clock, 600)
    await letRefresh(auth, clock, 600)
    expect(seen).toEqual(['/0 undefined', '/0 "first"', '/1 undefined', '/1 "second"'])
  })

  it('is forgotten with the next answer that has none', async () => {
    const { keys } = (await cleanup.issuer()).jwks()
    let turn = 0
    const { auth, clock, seen } = await addresses(() => ({ ...(turn++ === 0 && { etag: '"first"' }), body: { keys } }))
    await auth.ready()
    await letRefresh(auth, clock, 600)
    await letRefresh(auth, clock, 600)
    expect(seen).toEqual(['/0 undefined', '/0 "first"', '/0 undefined'])
  })

  it('that is absurdly long is not sent', async () => {
    const { keys } = (await cleanup.issuer()).jwks()
    const [longest, longer] = [`"${'x'.repeat(254)}"`, `"${'x'.repeat(255)}"`]
    let etag = longest
    const { auth, clock, seen } = await addresses(() => ({ etag, body: { keys } }))
    await auth.ready()
    etag = longer
    await letRefresh(auth, clock, 600)
    await letRefresh(auth, clock, 600)
    expect(seen).toEqual(['/0 undefined', `/0 ${longest}`, '/0 undefined'])
  })

  it('is not believed to have matched when none was sent', async () => {
    const { auth } = await addresses(() => ({ status: 304 }))
    await expect(auth.ready()).rejects.toMatchObject({
      status: 503,
      explanation: expect.stringContaining('answered with status 304'),
    })
  })

  it('is not sent once the keys it stands for are dead', async () => {
    const { keys } = (await cleanup.issuer()).jwks()
    let down = false
    const { auth, clock, seen } = await addresses((tag) => {
      if (down) return { status: 500 }
      return tag === undefined ? { etag: '"first"', body: { keys } } : { status: 304 }
    })
    await auth.ready()
    down = true
    await clock.advance(600)
    await until(() => keysOf(auth).lastError !== undefined)
    await clock.advance(7 * 86_400)
    await until(() => keysOf(auth).state === 'dead' && (keysOf(auth).nextRetry ?? 0) > 0)
    down = false
    const before = seen.length
    await clock.advance(30)
    await until(() => auth.health().ok)
    expect([seen[before], keysOf(auth).keys]).toEqual(['/0 undefined', 1])
  })
})
