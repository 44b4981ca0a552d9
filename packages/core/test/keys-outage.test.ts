import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock, type TokenOptions } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { AuthenticatorOptions } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { createCleanup, keysOf, outcomeOf, tally, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

const day = 86_400

async function set(more: Partial<AuthenticatorOptions> = {}, provider: Partial<OidcOptions> = {}) {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const auth = cleanup.authenticator({
    providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, ...provider })],
    clock,
    ...more,
  })
  const ask = (options?: TokenOptions) => outcomeOf(auth.verify(issuer.tokenFor(options)))
  return { clock, issuer, auth, ask }
}

const forged = (count: number): TokenOptions[] =>
  Array.from({ length: count }, (_, index) => ({ header: { kid: `nobody-${index}` } }))

describe('a flood of unknown keys', () => {
  it.each([50, 1000])('costs one fetch: %i at once', async (count) => {
    const { issuer, auth, ask } = await set()
    await ask()
    const tokens = forged(count).map((options) => issuer.tokenFor(options))
    expect(await tally(tokens.map((token) => auth.verify(token)))).toEqual({ '401 ERR_TOKEN_KEY': count })
    expect(issuer.requests('jwks')).toBe(2)
  })

  it('costs one fetch for each cool-down, and evicts nothing', async () => {
    const { issuer, auth, ask, clock } = await set({ keys: { cooldown: 10 } })
    const known = issuer.tokenFor()
    await auth.verify(known)
    for (let second = 0; second < 30; second += 1) {
      for (const options of forged(30)) expect(await ask(options)).toBe('401 ERR_TOKEN_KEY')
      expect([await ask(), await outcomeOf(auth.verify(known))]).toEqual(['alice', 'alice'])
      await clock.advance(1)
    }
    expect(issuer.requests('jwks')).toBe(1 + 3)
    expect(keysOf(auth).keys).toBe(1)
  })

  it('costs one fetch of each document on a cold start', async () => {
    const { issuer, auth } = await set()
    const tokens = forged(1000).map((options) => issuer.tokenFor(options))
    expect(await tally(tokens.map((token) => auth.verify(token)))).toEqual({ '401 ERR_TOKEN_KEY': 1000 })
    expect([issuer.requests('discovery'), issuer.requests('jwks')]).toEqual([1, 1])
  })

  it('delays nobody whose key is known, however long the look takes', async () => {
    const { issuer, auth, ask } = await set({ timeout: 60 })
    await ask()
    issuer.fail('jwks', 'hang')
    let answered = 0
    const waiting = forged(200).map((options) =>
      outcomeOf(auth.verify(issuer.tokenFor(options))).finally(() => (answered += 1)),
    )
    await until(() => issuer.requests('jwks') === 2)
    expect(await tally(Array.from({ length: 50 }, () => auth.verify(issuer.tokenFor())))).toEqual({ alice: 50 })
    expect([answered, issuer.requests('jwks')]).toEqual([0, 2])
    await issuer.stop()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['503']))
  })

  it('is no match for the keys of another issuer', async () => {
    const clock = createTestClock()
    const [one, other] = [await cleanup.issuer({ clock }), await cleanup.issuer({ clock })]
    const providers = [one, other].map(({ issuer, audience }, index) => oidc({ issuer, audience, name: `p${index}` }))
    const auth = cleanup.authenticator({ providers, clock })
    await Promise.all([auth.verify(one.tokenFor()), auth.verify(other.tokenFor())])
    await tally(forged(100).map((options) => auth.verify(one.tokenFor(options))))
    await other.rotate()
    expect(await outcomeOf(auth.verify(other.tokenFor()))).toBe('alice')
    expect([one.requests('jwks'), other.requests('jwks')]).toEqual([2, 2])
  })
})

describe('a cold start', () => {
  it('of 200 at once costs one fetch of each document', async () => {
    const { issuer, auth } = await set()
    expect(await tally(Array.from({ length: 200 }, () => auth.verify(issuer.tokenFor())))).toEqual({ alice: 200 })
    expect([issuer.requests('discovery'), issuer.requests('jwks')]).toEqual([1, 1])
  })

  it('without the issuer costs little, and ends when it comes up', async () => {
    const { issuer, auth, ask, clock } = await set()
    await issuer.stop()
    expect(await tally(Array.from({ length: 500 }, () => auth.verify(issuer.tokenFor())))).toEqual({ '503': 500 })
    expect(auth.health()).toMatchObject({
      ok: false,
      providers: [{ keys: { state: 'empty', age: undefined, lastError: expect.stringContaining('ECONNREFUSED') } }],
    })
    await issuer.start()
    for (let second = 0; second < 60 && !auth.health().ok; second += 1) {
      await clock.advance(1)
      await until(() => auth.health().ok || (keysOf(auth).nextRetry ?? 0) > 0)
    }
    expect(await ask()).toBe('alice')
  })
})

describe('an outage', () => {
  it.each<[string, boolean]>([
    ['when nothing is held', false],
    ['when the key set is held', true],
  ])('costs the issuer 3 requests at the most, whoever comes, %s', async (_, warm) => {
    const { issuer, auth, ask } = await set()
    if (warm) await ask()
    issuer.resetCounts()
    issuer.fail('all', { status: 503 })
    for (let round = 0; round < 10; round += 1) {
      const tokens = [...forged(50), ...new Array<TokenOptions>(50).fill({})].map((options) => issuer.tokenFor(options))
      expect(await tally(tokens.map((token) => auth.verify(token)))).toEqual(
        warm ? { alice: 50, '503': 50 } : { '503': 100 },
      )
    }
    expect(issuer.requests()).toBeLessThanOrEqual(3)
  })

  it('is asked about again in the background, less and less, for as long as it takes', async () => {
    const { issuer, auth, ask, clock } = await set()
    await ask()
    issuer.fail('all', { status: 503 })
    await clock.advance(300)
    await until(() => keysOf(auth).lastError !== undefined)
    issuer.resetCounts()
    for (let minute = 0; minute < 10; minute += 1) {
      for (let second = 0; second < 60; second += 5) {
        await clock.advance(5)
        await until(() => (keysOf(auth).nextRetry ?? 0) > 0)
      }
    }
    // Every 15 to 30 seconds at the most.
    expect(issuer.requests('jwks')).toBeGreaterThan(15)
    expect(issuer.requests('jwks')).toBeLessThan(50)
    expect([await ask(), keysOf(auth).state]).toEqual(['alice', 'stale'])
  })

  it('is survived for a day, then the keys are dead and so is every token that was remembered', async () => {
    const { issuer, auth, ask, clock } = await set({ cache: { maxAge: day }, keys: { retry: 60, maxRetry: 600 } })
    const known = issuer.tokenFor({ expiresIn: 7 * day })
    await auth.verify(known)
    await issuer.stop()
    await clock.advance(300)
    await until(() => keysOf(auth).lastError !== undefined)
    await clock.advance(day - 1)
    expect([await outcomeOf(auth.verify(known)), await ask(), keysOf(auth).state]).toEqual(['alice', 'alice', 'stale'])
    await clock.advance(1)
    await until(() => keysOf(auth).state === 'dead')
    expect([await outcomeOf(auth.verify(known)), await ask()]).toEqual(['503', '503'])
    expect(auth.health()).toMatchObject({ ok: false, providers: [{ keys: { state: 'dead', keys: 0, ignored: [] } }] })

    await issuer.start()
    await clock.advance(600)
    await until(() => auth.health().ok)
    expect([await outcomeOf(auth.verify(known)), await ask()]).toEqual(['alice', 'alice'])
  })

  it('is not survived at all where that is wanted', async () => {
    const { issuer, auth, ask, clock } = await set({ keys: { staleIfError: 0 } })
    const known = issuer.tokenFor()
    await auth.verify(known)
    issuer.fail('jwks', { status: 500 })
    await clock.advance(290)
    await until(() => keysOf(auth).lastError !== undefined)
    expect([await outcomeOf(auth.verify(known)), await ask()]).toEqual(['alice', 'alice'])
    await clock.advance(10)
    expect([await outcomeOf(auth.verify(known)), await ask()]).toEqual(['503', '503'])
  })

  it('costs the issuer no more when the keys are dead: 20 requests one by one, and 50 at once', async () => {
    const { issuer, auth, ask, clock } = await set({ keys: { staleIfError: 0 } })
    await ask()
    issuer.fail('all', { status: 500 })
    await clock.advance(290)
    await until(() => keysOf(auth).lastError !== undefined)
    await clock.advance(10)
    issuer.resetCounts()
    for (let round = 0; round < 20; round += 1) expect(await ask()).toBe('503')
    expect(await tally(Array.from({ length: 50 }, () => auth.verify(issuer.tokenFor())))).toEqual({ '503': 50 })
    expect(issuer.requests()).toBeLessThanOrEqual(3)
  })

  it('leaves it open who a stranger is, also within the cool-down of a look in vain', async () => {
    const { issuer, auth, ask, clock } = await set({ keys: { cooldown: 3600 } })
    await ask()
    expect(await ask({ header: { kid: 'nobody' } })).toBe('401 ERR_TOKEN_KEY')
    issuer.fail('jwks', { status: 500 })
    await clock.advance(290)
    await until(() => keysOf(auth).lastError !== undefined)
    expect([await ask({ header: { kid: 'nobody' } }), await ask()]).toEqual(['503', 'alice'])
  })

  it('makes nobody wait while the issuer hangs', async () => {
    const { issuer, auth, ask, clock } = await set({ timeout: 60 })
    await ask()
    issuer.fail('jwks', { status: 500 })
    await clock.advance(300)
    await until(() => keysOf(auth).lastError !== undefined)
    issuer.fail('jwks', 'hang')
    issuer.resetCounts()
    await clock.advance(30)
    await until(() => issuer.requests('jwks') === 1)
    const started = performance.now()
    expect(await ask()).toBe('alice')
    expect(performance.now() - started).toBeLessThan(2000)
    await issuer.stop()
  })

  it('holds for the key set of its issuer alone', async () => {
    const [one, other] = [await cleanup.issuer(), await cleanup.issuer()]
    const providers = [one, other].map(({ issuer, audience }, index) => oidc({ issuer, audience, name: `p${index}` }))
    const auth = cleanup.authenticator({ providers })
    await one.stop()
    expect(await tally([auth.verify(one.tokenFor()), auth.verify(other.tokenFor())])).toEqual({ '503': 1, alice: 1 })
    expect(auth.health()).toMatchObject({ ok: false, providers: [{ ok: false }, { ok: true }] })
  })
})

describe('keys that were brought along', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  })
  function fileWith(content: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'keys-'))
    folders.push(folder)
    const path = join(folder, 'jwks.json')
    writeFileSync(path, content)
    return path
  }

  it.each(['inline', 'in a file'])('serve while the issuer is down: %s', async (place) => {
    const issuer = await cleanup.issuer()
    const jwks = place === 'inline' ? issuer.jwks() : fileWith(JSON.stringify(issuer.jwks()))
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwks })],
    })
    await issuer.stop()
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('alice')
    expect(await outcomeOf(auth.verify(issuer.tokenFor({ header: { kid: 'nobody' } })))).toBe('503')
    expect(auth.health()).toMatchObject({
      ok: true,
      providers: [{ keys: { state: 'stale', age: undefined, keys: 1 } }],
    })
    await expect(auth.ready()).resolves.toBeUndefined()
  })

  it('are replaced by the first set that is fetched', async () => {
    const issuer = await cleanup.issuer()
    const [jwks, old] = [issuer.jwks(), issuer.current]
    await issuer.rotate({ keepPrevious: false })
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwks })],
    })
    expect(await outcomeOf(auth.verify(issuer.tokenFor({ key: old })))).toBe('401 ERR_TOKEN_KEY')
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('alice')
    expect([issuer.requests('jwks'), keysOf(auth).state]).toEqual([1, 'fresh'])
  })

  it('are all there is where nothing is to be fetched', async () => {
    const issuer = await cleanup.issuer()
    const [jwks, old] = [issuer.jwks(), issuer.current]
    const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, jwks, jwksUri: null })
    const auth = cleanup.authenticator({ providers: [provider] })
    await issuer.rotate()
    await auth.ready()
    expect(await outcomeOf(auth.verify(issuer.tokenFor({ key: old })))).toBe('alice')
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('401 ERR_TOKEN_KEY')
    expect(await outcomeOf(auth.verify(issuer.tokenFor({ key: old, header: { kid: undefined } })))).toBe('alice')
    expect([issuer.requests(), keysOf(auth)]).toEqual([
      0,
      { state: 'fresh', keys: 1, ignored: [], age: undefined, lastError: undefined, nextRetry: undefined },
    ])
  })

  it('need no names where they are pinned', async () => {
    const issuer = await cleanup.issuer({ algorithms: ['ES256', 'ES384'] })
    const jwks = { keys: issuer.jwks().keys.map(({ kid: _, ...jwk }) => jwk) }
    const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, jwks, jwksUri: null })
    const auth = cleanup.authenticator({ providers: [provider] })
    const tokens = [
      issuer.tokenFor(),
      issuer.tokenFor({ alg: 'ES384' }),
      issuer.tokenFor({ header: { kid: undefined } }),
    ]
    expect(await tally(tokens.map((token) => auth.verify(token)))).toEqual({ alice: 3 })
    const { tokenFor } = await cleanup.issuer()
    const forger = tokenFor({ claims: { iss: issuer.issuer } })
    expect(await outcomeOf(auth.verify(forger))).toBe('401 ERR_TOKEN_SIGNATURE')
  })

  it.each([
    ['there are none', { keys: [] }],
    ['none of them can be used', { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }],
    [
      'only the private half is there',
      {
        keys: [
          {
            kty: 'OKP',
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
          },
        ],
      },
    ],
  ])('are refused at once when %s', (_, jwks) => {
    for (const jwksUri of [null, 'https://id.example.com/jwks']) {
      const provider = oidc({ issuer: 'https://id.example.com', audience: 'api', jwks, jwksUri })
      expect(() => cleanup.authenticator({ providers: [provider] })).toThrow('none of the keys given can be used')
    }
  })

  it('are refused at once when a private key comes with its public half', async () => {
    const { publicJwk, privateJwk } = (await cleanup.issuer()).current
    for (const jwksUri of [null, 'https://id.example.com/jwks']) {
      const jwks = { keys: [publicJwk, privateJwk] }
      const provider = oidc({ issuer: 'https://id.example.com', audience: 'api', jwks, jwksUri })
      expect(() => cleanup.authenticator({ providers: [provider] })).toThrow(
        'none of the keys given can be used (a private key)',
      )
    }
  })
})
