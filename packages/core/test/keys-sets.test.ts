import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock, createTestKey, type TestKey, type TokenOptions } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { AuthenticatorOptions, Events, Jwk } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, keysOf, letRefresh, outcomeOf, sendJson, tally, until } from './support/faults.ts'
import { refusalOf } from './support/tokens.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

async function set(more: Partial<AuthenticatorOptions> = {}) {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const auth = cleanup.authenticator({
    providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })],
    clock,
    ...more,
  })
  const ask = (options?: TokenOptions) => outcomeOf(auth.verify(issuer.tokenFor(options)))
  const publishOnly = (...keys: unknown[]) => {
    issuer.jwksText = JSON.stringify({ keys })
  }
  const refresh = () => letRefresh(auth, clock)
  return { clock, issuer, auth, ask, refresh, publishOnly }
}

const nameless = ({ kid: _, ...jwk }: Jwk): Jwk => jwk

describe('a key set', () => {
  it('may have several keys of one name, and each of them counts', async () => {
    const { issuer, ask } = await set()
    const [first, second] = [issuer.current, await createTestKey('ES256', { kid: issuer.current.kid })]
    const third = await createTestKey('ES384', { kid: issuer.current.kid })
    issuer.publish(second.publicJwk)
    issuer.publish(third.publicJwk)
    for (const key of [first, second, third]) expect(await ask({ key })).toBe('alice')
    expect(await ask({ key: await createTestKey('ES256', { kid: first.kid }) })).toBe('401 ERR_TOKEN_SIGNATURE')
    expect(issuer.requests('jwks')).toBe(1)
  })

  it('may have one key several times', async () => {
    const { issuer, ask, auth, refresh } = await set()
    issuer.publish(issuer.current.publicJwk)
    const known = issuer.tokenFor()
    await auth.verify(known)
    await refresh()
    expect([await ask(), await outcomeOf(auth.verify(known))]).toEqual(['alice', 'alice'])
  })

  it('may have keys of no use beside the good one: they are left out, and told', async () => {
    const { issuer, ask, auth, publishOnly } = await set()
    const other = await createTestKey('ES256', { kid: 'other' })
    const weak = await createTestKey('RS256', { kid: 'weak', modulusLength: 1024 })
    publishOnly(
      { kty: 'oct', k: 'AAAA', kid: 'secret' },
      other.privateJwk,
      weak.publicJwk,
      { kty: 'future', kid: 'unknown' },
      { ...other.publicJwk, y: other.publicJwk.x, kid: 'off curve' },
      { ...other.publicJwk, use: 'enc', kid: 'encryption' },
      null,
      'key',
      [],
      42,
      issuer.current.publicJwk,
    )
    expect([await ask(), await ask({ key: other }), await ask({ key: weak })]).toEqual([
      'alice',
      '401 ERR_TOKEN_KEY',
      '401 ERR_TOKEN_KEY',
    ])
    expect(keysOf(auth).keys).toBe(1)
    expect(keysOf(auth).ignored.map(({ kid, reason }) => `${kid}: ${reason}`)).toEqual([
      'secret: a symmetric key',
      'other: a private key',
      'weak: an RSA key of 1024 bits',
      'unknown: an unknown or broken key type',
      'off curve: a broken key',
      'encryption: not for signatures (use)',
      'undefined: not a JSON object',
      'undefined: not a JSON object',
      'undefined: not a JSON object',
      'undefined: not a JSON object',
    ])
  })

  it('is read as far as it may be long, and no further', async () => {
    const { issuer, ask, auth } = await set({ keys: { maxKeys: 3 } })
    const [second, third, fourth] = [
      await issuer.addKey('ES256'),
      await issuer.addKey('ES256'),
      await issuer.addKey('ES256'),
    ]
    expect([await ask(), await ask({ key: second }), await ask({ key: third })]).toEqual(['alice', 'alice', 'alice'])
    expect(await ask({ key: fourth })).toBe('401 ERR_TOKEN_KEY')
    expect(keysOf(auth)).toMatchObject({ keys: 3, ignored: [{ kid: undefined, reason: '1 keys over the limit of 3' }] })
  })

  it('does not make us try all its keys for one token that names none', async () => {
    const { issuer, ask, publishOnly } = await set()
    const others = await Promise.all(Array.from({ length: 20 }, () => createTestKey('ES256')))
    const keys = others.map((key) => nameless(key.publicJwk))
    publishOnly(...keys)
    expect(await ask({ key: others[7] as TestKey })).toBe('alice')
    expect(await ask({ key: others[8] as TestKey })).toBe('401 ERR_TOKEN_SIGNATURE')
    expect(issuer.requests('jwks')).toBe(2)
  })

  const symmetric = { kty: 'oct', k: 'AAAA' }
  it.each<[string, unknown[], string]>([
    ['that is empty', [], 'it is empty'],
    ['of keys for other things', [symmetric, 'key'], 'a symmetric key, not a JSON object'],
    ['of many of them', ['key', ...new Array(5).fill(symmetric)], `not a JSON object${', a symmetric key'.repeat(4)}`],
  ])('%s is an outage, in which the old one is kept', async (_, keys, reasons) => {
    const { issuer, ask, auth, publishOnly, refresh } = await set()
    const known = issuer.tokenFor()
    await auth.verify(known)
    publishOnly(...keys)
    await refresh()
    expect(keysOf(auth)).toMatchObject({
      keys: 1,
      lastError: `the key set of ${issuer.issuer} has no usable key (${reasons})`,
    })
    expect([await ask(), await outcomeOf(auth.verify(known)), await ask({ header: { kid: 'nobody' } })]).toEqual([
      'alice',
      'alice',
      '503',
    ])

    const fresh = await set()
    fresh.publishOnly(...keys)
    expect(await fresh.ask()).toBe('503')
  })

  it.each<[string, number, string]>([
    ['with an error', 500, 'answered with status 500'],
    ['with a redirect', 302, 'answered with status 302'],
    ['that is none', 200, 'the key set is not a JSON object with keys'],
  ])('is not taken from an answer %s', async (_, status, expected) => {
    const { issuer, auth, ask } = await set()
    const body = JSON.stringify(status === 200 ? { keys: { 0: issuer.current.publicJwk } } : issuer.jwks())
    issuer.fail('jwks', { status, body })
    expect(await ask()).toBe('503')
    expect(keysOf(auth).lastError).toContain(expected)
  })

  it('is asked for as what it is', async () => {
    const issuer = await cleanup.issuer()
    const accepted: unknown[] = []
    const { origin } = await cleanup.stub((request, response) => {
      accepted.push(request.headers.accept)
      sendJson(response, issuer.jwks())
    })
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwksUri: `${origin}/jwks` })],
    })
    await auth.ready()
    expect(accepted).toEqual(['application/jwk-set+json, application/json'])
  })

  it('that cannot be fetched is named to whoever waits for it', async () => {
    const { issuer, auth } = await set()
    issuer.fail('jwks', { status: 500 })
    const fault = `the key set at ${issuer.issuer} answered with status 500`
    expect(await refusalOf(auth, issuer.tokenFor())).toMatchObject({ explanation: fault })
    expect(await refusalOf(auth, issuer.tokenFor())).toMatchObject({
      explanation: `the key set of ${issuer.issuer}: waiting after a failure (${fault})`,
    })
  })

  it('may give a key another name', async () => {
    const { issuer, ask, publishOnly, refresh } = await set()
    const { kid, publicJwk } = issuer.current
    await ask()
    publishOnly({ ...publicJwk, kid: 'renamed' })
    await refresh()
    expect([await ask({ header: { kid: 'renamed' } }), await ask({ header: { kid } })]).toEqual([
      'alice',
      '401 ERR_TOKEN_KEY',
    ])
  })

  it('in another order is the same set', async () => {
    const { issuer, auth, ask, publishOnly, refresh } = await set()
    const second = await issuer.addKey('ES256')
    const [known, other] = [issuer.tokenFor(), issuer.tokenFor({ key: second })]
    await Promise.all([auth.verify(known), auth.verify(other)])
    const outcomes = await heard(async () => {
      publishOnly(second.publicJwk, issuer.current.publicJwk)
      await refresh()
    })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unchanged'])
    expect(await tally([auth.verify(known), auth.verify(other)])).toEqual({ alice: 2 })
    expect(await ask()).toBe('alice')
  })

  it('may change what a key is for', async () => {
    const { issuer, ask, publishOnly, refresh } = await set()
    const key = await createTestKey('RS256', { kid: 'rsa' })
    publishOnly(issuer.current.publicJwk, key.publicJwk)
    const asPs = { key: { ...key, alg: 'PS256' as const } }
    expect([await ask({ key }), await ask(asPs)]).toEqual(['alice', '401 ERR_TOKEN_KEY'])
    publishOnly(issuer.current.publicJwk, { ...key.publicJwk, alg: 'PS256' })
    await refresh()
    expect([await ask({ key }), await ask(asPs)]).toEqual(['401 ERR_TOKEN_KEY', 'alice'])
  })
})

describe('what happens to a key set is told', () => {
  it('from the first fetch to its death', async () => {
    const { issuer, ask, auth, clock, refresh } = await set({ keys: { retry: 60, maxRetry: 600, staleIfError: 3600 } })
    const told = await heard(async () => {
      await ask()
      await refresh()
      await issuer.rotate()
      await refresh()
      auth.purge(issuer.issuer, issuer.current.kid)
      issuer.fail('jwks', { status: 500 })
      await refresh()
      await clock.advance(4000)
      await until(() => keysOf(auth).state === 'dead')
    })
    const usual = { issuer: issuer.issuer, ignored: [], error: undefined, retryIn: undefined }
    expect(told.filter(({ outcome }, index) => outcome !== 'failed' || told[index - 1]?.outcome === 'purged')).toEqual([
      { ...usual, outcome: 'replaced', keys: 1 },
      { ...usual, outcome: 'unchanged', keys: 1 },
      { ...usual, outcome: 'replaced', keys: 2 },
      { ...usual, outcome: 'purged', keys: 1 },
      {
        ...usual,
        outcome: 'failed',
        keys: 1,
        error: `the key set at ${issuer.issuer} answered with status 500`,
        retryIn: expect.any(Number),
      },
      { ...usual, outcome: 'died', keys: 0 },
    ])
  })

  it('with the keys that are not used, and why', async () => {
    const { issuer, ask, refresh } = await set()
    const weak = await createTestKey('RS256', { kid: 'weak', modulusLength: 1024 })
    const told = await heard(async () => {
      issuer.publish(weak.publicJwk)
      await ask()
      issuer.fail('jwks', { status: 500 })
      await refresh()
    })
    const ignored = [{ kid: 'weak', reason: 'an RSA key of 1024 bits' }]
    expect(told.slice(0, 2)).toMatchObject([
      { outcome: 'replaced', keys: 1, ignored },
      { outcome: 'failed', keys: 1, ignored },
    ])
  })
})

/** What is told of key sets while something is done. */
async function heard(act: () => Promise<unknown>): Promise<Events['claviger:keys'][]> {
  const told: Events['claviger:keys'][] = []
  const listen = (message: unknown) => told.push(message as Events['claviger:keys'])
  subscribe('claviger:keys', listen)
  try {
    await act()
  } finally {
    unsubscribe('claviger:keys', listen)
  }
  return told
}
