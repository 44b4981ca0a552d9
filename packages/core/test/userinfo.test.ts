import { createTestClock } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Provider } from '../src/index.ts'
import { userinfo } from '../src/userinfo.ts'
import { createCleanup, outcomeOf, sendJson } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

function providerOf(issuer: string, endpoint?: string, cacheFor = 30): Provider {
  const verify = userinfo({
    ...(endpoint !== undefined && { endpoint }),
    user: ({ sub, name }) => ({ id: sub as string, ...(typeof name === 'string' && { name }) }),
  })
  return { name: 'userinfo', issuer, opaque: { verify, cacheFor } }
}

async function set(cacheFor?: number) {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const auth = cleanup.authenticator({ providers: [providerOf(issuer.issuer, undefined, cacheFor)], clock })
  return { clock, issuer, auth }
}

/** An endpoint that answers what the test says. */
async function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  const seen: (string | undefined)[] = []
  const stub = await cleanup.stub((request, response) => {
    seen.push(request.method, request.headers.authorization)
    sendJson(response, body, headers, status)
  })
  const provider = providerOf('https://id.example.com', `${stub.origin}/me`)
  return { auth: cleanup.authenticator({ providers: [provider] }), seen, stub }
}

describe('a token that the userinfo endpoint knows', () => {
  it('is whose the endpoint says', async () => {
    const { auth, issuer } = await set()
    const { user, claims } = await auth.verify(issuer.opaqueTokenFor({ subject: 'bob', name: 'Bob' }))
    expect(user).toMatchObject({ id: 'bob', name: 'Bob', provider: 'userinfo', issuer: issuer.issuer })
    expect(claims).toMatchObject({ sub: 'bob', name: 'Bob' })
    expect(Object.isFrozen(claims)).toBe(true)
  })

  it('is sent in the header, to the endpoint given', async () => {
    const { auth, seen, stub } = await answering(200, { sub: 'alice' })
    await auth.verify('opaque~token+/==')
    expect([stub.asked, seen]).toEqual([['/me'], ['GET', 'Bearer opaque~token+/==']])
  })

  it('is remembered for a while, and dies with its revocation', async () => {
    const { auth, issuer, clock } = await set(60)
    const token = issuer.opaqueTokenFor()
    for (const wait of [0, 59, 2]) {
      await clock.advance(wait)
      await auth.verify(token)
    }
    expect(issuer.requests('userinfo')).toBe(2)
    await auth.revoke({ token })
    expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_REVOKED')
  })

  it('is asked about once by all who come at the same time', async () => {
    const { auth, issuer } = await set(0)
    const token = issuer.opaqueTokenFor()
    await Promise.all(Array.from({ length: 100 }, () => auth.verify(token)))
    expect(issuer.requests('userinfo')).toBe(1)
  })
})

describe('the userinfo endpoint', () => {
  const refused = '401 ERR_TOKEN_INACTIVE'

  it.each<[string, number, Record<string, string>, string]>([
    ['does not know the token', 401, { 'www-authenticate': 'Bearer error="invalid_token"' }, refused],
    ['does not know the token, without a challenge', 401, {}, refused],
    [
      'finds that the token is for other things',
      403,
      { 'www-authenticate': 'Bearer error="insufficient_scope"' },
      refused,
    ],
    ['is behind a firewall that refuses us', 403, {}, '503'],
    ['is behind a proxy that refuses us', 403, { 'www-authenticate': 'Basic realm="proxy"' }, '503'],
    ['wants us to slow down', 429, { 'retry-after': '9' }, '503'],
    ['has moved', 308, { location: '/elsewhere' }, '503'],
    ['is not there', 404, {}, '503'],
    ['fails', 500, {}, '503'],
  ])('%s', async (_, status, headers, outcome) => {
    const { auth } = await answering(status, {}, headers)
    expect(await outcomeOf(auth.verify('opaque'))).toBe(outcome)
  })

  it('is behind a proxy that wants somebody to sign in, with a page', async () => {
    const stub = await cleanup.stub((_, response) => {
      response.writeHead(401, { 'content-type': 'text/html' }).end('<h1>Sign in to the proxy</h1>')
    })
    const auth = cleanup.authenticator({ providers: [providerOf('https://id.example.com', `${stub.origin}/me`)] })
    expect(await outcomeOf(auth.verify('opaque'))).toBe('503')
  })

  it('does not know the token, and says so on a page', async () => {
    const stub = await cleanup.stub((_, response) => {
      response.writeHead(401, { 'content-type': 'text/html', 'www-authenticate': 'Bearer' }).end('<h1>No</h1>')
    })
    const auth = cleanup.authenticator({ providers: [providerOf('https://id.example.com', `${stub.origin}/me`)] })
    expect(await outcomeOf(auth.verify('opaque'))).toBe(refused)
  })

  it('passes on how long to wait', async () => {
    const { auth } = await answering(429, {}, { 'retry-after': '9' })
    await expect(auth.verify('opaque')).rejects.toMatchObject({ headers: { 'Retry-After': '9' } })
  })

  it.each([
    ['a list', [{ sub: 'alice' }]],
    ['a text', 'alice'],
    ['null', null],
    ['nobody', {}],
    ['nobody, in a text', { sub: '' }],
    ['a number', { sub: 42 }],
    ['a list of users', { sub: ['alice'] }],
  ])('answers nonsense when it answers %s', async (_, body) => {
    const { auth } = await answering(200, body)
    await expect(auth.verify('opaque')).rejects.toMatchObject({
      status: 503,
      explanation: 'the userinfo endpoint of https://id.example.com did not answer with a sub',
    })
  })

  it('answers nonsense when it answers something nested without end', async () => {
    const { auth } = await answering(200, { sub: 'alice', deep: JSON.parse(`${'['.repeat(99)}${']'.repeat(99)}`) })
    await expect(auth.verify('opaque')).rejects.toMatchObject({
      status: 503,
      explanation: 'the userinfo endpoint of https://id.example.com answered with something nested too deep',
    })
  })

  it('that the metadata does not name is an outage', async () => {
    const issuer = await cleanup.issuer({ metadata: { userinfo_endpoint: undefined } })
    const auth = cleanup.authenticator({ providers: [providerOf(issuer.issuer)] })
    await expect(auth.verify('opaque')).rejects.toMatchObject({
      status: 503,
      explanation: `the metadata of ${issuer.issuer} names no userinfo_endpoint`,
    })
  })

  it.each(['to ken', 'to\r\nken', 'tök€n', 'to"ken', '=', 'to=ken'])(
    'is not asked about %j, which no header can carry',
    async (token) => {
      const { auth, stub } = await answering(200, { sub: 'alice' })
      expect(await outcomeOf(auth.verify(token))).toBe(refused)
      expect(stub.asked).toEqual([])
    },
  )
})
