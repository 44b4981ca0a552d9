import { createTestClock, type TestIssuer } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { AuthenticatorOptions } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, keysOf, letRefresh, outcomeOf, tally } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

/** An issuer whose key set is at two addresses. */
async function set(more: Partial<AuthenticatorOptions> = {}) {
  const clock = createTestClock()
  const [first, second] = [await cleanup.issuer({ clock }), await cleanup.issuer()]
  const publish = () => {
    second.jwksText = JSON.stringify(first.jwks())
  }
  publish()
  const auth = cleanup.authenticator({
    providers: [oidc({ issuer: first.issuer, audience: first.audience, jwksUri: [first.jwksUri, second.jwksUri] })],
    clock,
    ...more,
  })
  const refresh = () => letRefresh(auth, clock)
  const requests = () => [first.requests('jwks'), second.requests('jwks')]
  return { clock, first, second, auth, publish, refresh, requests }
}

describe('two addresses of a key set', () => {
  it('are asked one after the other, the second only when it is needed', async () => {
    const { auth, first, requests } = await set()
    expect(await outcomeOf(auth.verify(first.tokenFor()))).toBe('alice')
    expect(requests()).toEqual([1, 0])
  })

  it('are asked in the order that worked last', async () => {
    const { auth, first, second, refresh, requests } = await set()
    first.fail('jwks', { status: 500 })
    await auth.ready()
    expect(requests()).toEqual([1, 1])
    first.heal()
    await refresh()
    expect(requests()).toEqual([1, 2])
    second.fail('jwks', { status: 500 })
    await refresh()
    expect(requests()).toEqual([2, 3])
    second.heal()
    await refresh()
    expect(requests()).toEqual([3, 3])
  })

  it.each<[string, (first: TestIssuer) => void]>([
    ['of keys that nobody can use', (first) => (first.jwksText = '{"keys":[{"kty":"oct","k":"AAAA"}]}')],
    ['that is empty', (first) => (first.jwksText = '{"keys":[]}')],
    ['that is none', (first) => (first.jwksText = '{"keys":{}}')],
    [
      'that is a private key',
      (first) => (first.jwksText = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', d: 'AA', x: 'AA', y: 'AA' }] })),
    ],
  ])('stand in for each other when the first gives a set %s', async (_, lie) => {
    const { auth, first, requests } = await set()
    lie(first)
    expect(await tally([auth.verify(first.tokenFor()), auth.verify(first.tokenFor())])).toEqual({ alice: 2 })
    expect(requests()).toEqual([1, 1])
  })

  it('share one deadline, so that a slow one leaves time for the other', async () => {
    const { auth, first, second, requests } = await set({ timeout: 2 })
    first.fail('jwks', 'hang')
    expect(await outcomeOf(auth.verify(first.tokenFor()))).toBe('alice')
    expect(requests()).toEqual([1, 1])
    second.fail('jwks', 'hang')
    expect(await outcomeOf(auth.verify(first.tokenFor({ header: { kid: 'nobody' } })))).toBe('503')
    expect(keysOf(auth).lastError).toContain('did not answer within 1 s')
  })

  it('are both asked for a new key, when the one that worked last is down', async () => {
    const { auth, first, publish, requests } = await set()
    await auth.verify(first.tokenFor())
    await first.rotate()
    publish()
    first.fail('jwks', { status: 503 })
    expect(await outcomeOf(auth.verify(first.tokenFor()))).toBe('alice')
    expect(requests()).toEqual([2, 1])
  })

  it('that are both down are one outage, told by the last', async () => {
    const { auth, first, second, requests } = await set()
    first.fail('jwks', { status: 500 })
    second.fail('jwks', { status: 502, retryAfter: 20 })
    expect(await tally(Array.from({ length: 50 }, () => auth.verify(first.tokenFor())))).toEqual({ '503': 50 })
    expect(requests()).toEqual([1, 1])
    expect(keysOf(auth)).toMatchObject({
      lastError: `the key set at ${new URL(second.issuer).origin} answered with status 502`,
      nextRetry: 20,
    })
  })
})

describe('providers of one issuer', () => {
  it('share its key set when they read it at the same place', async () => {
    const issuer = await cleanup.issuer()
    const providers = ['a', 'b', 'c'].map((audience) => oidc({ issuer: issuer.issuer, audience, name: audience }))
    const auth = cleanup.authenticator({ providers })
    const tokens = ['a', 'b', 'c'].flatMap((audience) =>
      Array.from({ length: 10 }, () => issuer.tokenFor({ audience })),
    )
    expect(await tally(tokens.map((token) => auth.verify(token)))).toEqual({ alice: 30 })
    expect([issuer.requests('discovery'), issuer.requests('jwks')]).toEqual([1, 1])
    auth.purge(issuer.issuer)
    expect(await tally(tokens.map((token) => auth.verify(token)))).toEqual({ '401 ERR_TOKEN_KEY': 30 })
  })

  it('have key sets of their own when they read them elsewhere, and one purge for all', async () => {
    const [issuer, other] = [await cleanup.issuer(), await cleanup.issuer()]
    const auth = cleanup.authenticator({
      providers: [
        oidc({ issuer: issuer.issuer, audience: 'a', name: 'a' }),
        oidc({ issuer: issuer.issuer, audience: 'b', name: 'b', jwksUri: other.jwksUri }),
      ],
    })
    const a = issuer.tokenFor({ audience: 'a' })
    const b = other.tokenFor({ audience: 'b', claims: { iss: issuer.issuer } })
    expect(await tally([auth.verify(a), auth.verify(b)])).toEqual({ alice: 2 })
    // The key of one is not the key of the other.
    const crossed = other.tokenFor({ audience: 'a', claims: { iss: issuer.issuer } })
    expect(await outcomeOf(auth.verify(crossed))).toBe('401 ERR_TOKEN_KEY')
    auth.purge(issuer.issuer)
    expect(await tally([auth.verify(a), auth.verify(b)])).toEqual({ '401 ERR_TOKEN_KEY': 2 })
  })

  it('share a secret, each with its own algorithms', async () => {
    const { issuer, secret, tokenFor } = await cleanup.issuer()
    const auth = cleanup.authenticator({
      providers: [
        oidc({ issuer, audience: 'a', name: 'a', secret, algorithms: ['HS256'] }),
        oidc({ issuer, audience: 'b', name: 'b', secret, algorithms: ['HS384'] }),
      ],
    })
    const verify = (audience: string, alg: 'HS256' | 'HS384') => outcomeOf(auth.verify(tokenFor({ audience, alg })))
    expect([await verify('a', 'HS256'), await verify('b', 'HS384')]).toEqual(['alice', 'alice'])
    expect(await verify('a', 'HS384')).toBe('401 ERR_TOKEN_ALGORITHM')
    expect(await verify('b', 'HS256')).toBe('401 ERR_TOKEN_ALGORITHM')
  })
})
