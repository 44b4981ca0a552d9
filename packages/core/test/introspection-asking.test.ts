import type { TestIssuer } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { introspection } from '../src/introspection.ts'
import { oidc } from '../src/providers/oidc.ts'
import { basicAuthorization } from '../src/token-endpoint.ts'
import { outcomeOf, sendJson, until } from './support/faults.ts'
import { providerOf, stageIntrospection } from './support/introspection-stage.ts'

const { cleanup, set } = stageIntrospection()

describe('asking', () => {
  it('is done once for all who come with one token at the same time', async () => {
    const { auth, issuer } = await set({ cacheFor: 0 })
    const token = issuer.opaqueTokenFor()
    const users = await Promise.all(Array.from({ length: 100 }, () => auth.verify(token)))
    expect([new Set(users.map(({ user }) => user.id)), issuer.requests('introspection')]).toEqual([
      new Set(['alice']),
      1,
    ])
  })

  it.each<[string, (token: string, issuer: TestIssuer) => void, string]>([
    ['a bad one', () => {}, '401 ERR_TOKEN_INACTIVE'],
    ['none', (_, issuer) => issuer.fail('introspection', { status: 500 }, { times: 1 }), '503'],
  ])('is done again right after an answer that was not good: %s', async (_, prepare, outcome) => {
    const { auth, issuer } = await set({ cacheFor: 300 })
    const claims: Record<string, unknown> = { aud: 'not yet' }
    const token = issuer.opaqueTokenFor({ claims })
    prepare(token, issuer)
    expect(await outcomeOf(auth.verify(token))).toBe(outcome)
    expect(issuer.requests('introspection')).toBe(1)
    await outcomeOf(auth.verify(token))
    expect(issuer.requests('introspection')).toBe(2)
  })

  it('is done about 256 tokens at once, and nobody else waits', async () => {
    const held: (() => void)[] = []
    const { origin } = await cleanup.stub((_, response) => {
      held.push(() => sendJson(response, { active: true, sub: 'alice', aud: 'api' }))
    })
    const introspection = { clientId: 'us', clientSecret: 's', endpoint: origin }
    const provider = oidc({ issuer: 'https://id.example.com', audience: 'api', introspection })
    const auth = cleanup.authenticator({ providers: [provider], timeout: 60 })
    const asking = Array.from({ length: 256 }, (_, index) => outcomeOf(auth.verify(`token-${index}`)))
    await expect(auth.verify('one-more')).rejects.toMatchObject({
      status: 503,
      explanation: 'oidc is being asked about 256 opaque tokens already',
      headers: { 'Retry-After': '1' },
    })
    await until(() => held.length === 256)
    for (const answer of held) answer()
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['alice']))

    const next = outcomeOf(auth.verify('one-more'))
    await until(() => held.length === 257)
    held.at(-1)?.()
    expect(await next).toBe('alice')
  })

  it('leaves signed tokens to their signature', async () => {
    const { auth, issuer } = await set()
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('alice')
    expect(issuer.requests('introspection')).toBe(0)
  })
})

describe('several providers of opaque tokens', () => {
  async function two(second: (issuer: TestIssuer) => void) {
    const [first, other] = [await cleanup.issuer(), await cleanup.issuer()]
    second(other)
    const make = (cacheFor: number) =>
      cleanup.authenticator({
        providers: [
          providerOf(first, { cacheFor }, { name: 'first' }),
          providerOf(other, { cacheFor }, { name: 'other' }),
        ],
      })
    return { first, other, auth: make(0) }
  }

  it('are asked in their order, until one knows the token', async () => {
    const { first, other, auth } = await two(() => {})
    await expect(auth.verify(first.opaqueTokenFor())).resolves.toMatchObject({
      provider: 'first',
      issuer: first.issuer,
    })
    expect(other.requests('introspection')).toBe(0)
    await expect(auth.verify(other.opaqueTokenFor())).resolves.toMatchObject({
      provider: 'other',
      issuer: other.issuer,
    })
    expect(await outcomeOf(auth.verify('nobody-knows-this-token'))).toBe('401 ERR_TOKEN_INACTIVE')
  })

  it.each([
    ['first', 'other'],
    ['other', 'first'],
  ] as const)('each have their own verdict: the %s is down', async (down, up) => {
    const { auth, ...issuers } = await two(() => {})
    issuers[down].fail('introspection', { status: 500 })
    expect(await outcomeOf(auth.verify(issuers[up].opaqueTokenFor()))).toBe('alice')
    // The one that is down might have known it.
    expect(await outcomeOf(auth.verify('nobody-knows-this-token'))).toBe('503')
    expect(await outcomeOf(auth.verify(issuers[down].opaqueTokenFor()))).toBe('503')
  })
})

it('encodes both parts of the credentials of a client first', () => {
  const [scheme, encoded = ''] = basicAuthorization('a:b c', 'ü&=%+').split(' ')
  expect([scheme, Buffer.from(encoded, 'base64').toString()]).toEqual(['Basic', 'a%3Ab+c:%C3%BC%26%3D%25%2B'])
})

it('lets a provider refuse, never accept', async () => {
  const stub = await cleanup.stub((_, response) => sendJson(response, { active: false, sub: 'alice' }))
  const asked: unknown[] = []
  const verify = introspection({
    clientId: 'us',
    clientSecret: 's',
    endpoint: stub.origin,
    user: () => ({ id: 'alice' }),
    refuse(claims) {
      asked.push(claims)
      return undefined
    },
  })
  const auth = cleanup.authenticator({
    providers: [{ name: 'p', issuer: 'https://id.example.com', opaque: { verify } }],
  })
  expect(await outcomeOf(auth.verify('opaque'))).toBe('401 ERR_TOKEN_INACTIVE')
  expect(asked).toEqual([])
})
