import { createTestClock } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { JsonResponse } from '../src/http.ts'
import { firstDifference, loadMetadata } from '../src/metadata.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, outcomeOf, sendJson, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

const issuer = 'https://id.example.com/tenant'
const proper = { issuer, jwks_uri: 'https://id.example.com/tenant/jwks' }

/** A server that answers each address as told, and with 404 otherwise. */
function serverWith(answers: Record<string, { status?: number; body?: unknown; headers?: Record<string, string> }>) {
  const asked: string[] = []
  return {
    asked,
    async request(url: string): Promise<JsonResponse> {
      asked.push(url)
      const { status = 200, body = '', headers = {} } = answers[url] ?? { status: 404 }
      return { status, headers: new Headers(headers), body, json: true, text: '' }
    },
  }
}

const openid = 'https://id.example.com/tenant/.well-known/openid-configuration'
const oauth = 'https://id.example.com/.well-known/oauth-authorization-server/tenant'

describe('the metadata of an issuer', () => {
  it.each([
    ['https://id.example.com', '', ''],
    ['https://id.example.com/', '', ''],
    ['https://id.example.com/tenant', '/tenant', '/tenant'],
    ['https://id.example.com/tenant/', '/tenant', '/tenant'],
    ['https://id.example.com/a/b', '/a/b', '/a/b'],
  ])('is looked for at the two places of the standards: %s', async (name, before, after) => {
    const { request, asked } = serverWith({})
    await expect(loadMetadata(name, undefined, request)).rejects.toMatchObject({ status: 503 })
    expect(asked).toEqual([
      `https://id.example.com${before}/.well-known/openid-configuration`,
      `https://id.example.com/.well-known/oauth-authorization-server${after}`,
    ])
  })

  it('is read at the first place that has it', async () => {
    const first = serverWith({ [openid]: { body: proper }, [oauth]: { body: { ...proper, second: true } } })
    expect((await loadMetadata(issuer, undefined, first.request)).value).toEqual(proper)
    expect(first.asked).toEqual([openid])
  })

  it.each([400, 401, 403, 404, 405, 410])(
    'is looked for at the second place when the first answers %i',
    async (status) => {
      const { request } = serverWith({ [openid]: { status }, [oauth]: { body: proper } })
      expect((await loadMetadata(issuer, undefined, request)).value).toEqual(proper)
    },
  )

  it.each([204, 302, 429, 500, 503])('is not looked for elsewhere when the first place answers %i', async (status) => {
    const { request, asked } = serverWith({
      [openid]: { status, headers: { 'retry-after': '17' } },
      [oauth]: { body: proper },
    })
    await expect(loadMetadata(issuer, undefined, request)).rejects.toMatchObject({
      status: 503,
      explanation: `the metadata of "${issuer}" answered with status ${status}`,
      retryAfter: 17,
    })
    expect(asked).toEqual([openid])
  })

  it('is read at the one address given, and at no other', async () => {
    const address = 'https://elsewhere.example.com/metadata.json'
    const { request, asked } = serverWith({ [address]: { body: proper } })
    expect((await loadMetadata(issuer, address, request)).value).toEqual(proper)
    await expect(loadMetadata(issuer, `${address}x`, request)).rejects.toMatchObject({ status: 503 })
    expect(asked).toEqual([address, `${address}x`])
  })

  it.each([
    'petshop',
    'urn:example:issuer',
    'ftp://id.example.com',
    'https.x://id.example.com',
    'x-https://id.example.com',
  ])('cannot be found for an issuer that is no address: %s', async (name) => {
    const { request, asked } = serverWith({})
    await expect(loadMetadata(name, undefined, request)).rejects.toMatchObject({
      status: 503,
      explanation: `the issuer "${name}" is no http(s) URL: its metadata cannot be found, set jwksUri`,
    })
    expect(asked).toEqual([])
  })

  it('is good for as long as the server says', async () => {
    const { request } = serverWith({ [openid]: { body: proper, headers: { 'cache-control': 'max-age=77' } } })
    expect(await loadMetadata(issuer, undefined, request)).toMatchObject({ maxAge: 77 })
  })

  it('passes on what we do not know, and cannot be changed by whoever gets it', async () => {
    const { request } = serverWith({ [openid]: { body: { ...proper, vendor: { x: 1 }, scopes_supported: ['a'] } } })
    const { value } = await loadMetadata(issuer, undefined, request)
    expect(value).toMatchObject({ vendor: { x: 1 }, scopes_supported: ['a'] })
    expect(Object.isFrozen(value)).toBe(true)
    expect(Object.isFrozen(value.vendor)).toBe(true)
  })

  it('leaves out what is null', async () => {
    const { request } = serverWith({ [openid]: { body: { ...proper, userinfo_endpoint: null } } })
    expect((await loadMetadata(issuer, undefined, request)).value).toEqual(proper)
  })
})

describe('metadata is refused', () => {
  const refusalOf = async (body: unknown, name = issuer) => {
    const { origin, pathname } = new URL(name)
    const address = `${origin}${pathname.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { request } = serverWith({ [address]: { body } })
    const error = await loadMetadata(name, undefined, request).catch((thrown) => thrown)
    return [error.status, error.explanation]
  }

  it.each<[string, unknown, string]>([
    [
      'of a longer name',
      `${issuer}/`,
      `"${issuer}/", expected "${issuer}": they differ at character 30, "/" for the end`,
    ],
    [
      'of a shorter name',
      'https://id.example.com',
      `"https://id.example.com", expected "${issuer}": they differ at character 23, the end for "/"`,
    ],
    [
      'of an internal host',
      'https://id.internal/tenant',
      `"https://id.internal/tenant", expected "${issuer}": they differ at character 12, "i" for "e"`,
    ],
    [
      'in another case',
      'https://ID.example.com/tenant',
      `"https://ID.example.com/tenant", expected "${issuer}": they differ at character 9, "I" for "i"`,
    ],
    [
      'of another scheme',
      'http://id.example.com/tenant',
      `"http://id.example.com/tenant", expected "${issuer}": they differ at character 5, ":" for "s"`,
    ],
    ['of nobody', undefined, `a undefined, expected "${issuer}"`],
    ['of a number', 42, `a number, expected "${issuer}"`],
    ['of several', [issuer], `a object, expected "${issuer}"`],
  ])('when it is of another issuer, with both names and where they differ: %s', async (_, found, shown) => {
    expect(await refusalOf({ ...proper, issuer: found })).toEqual([503, `the metadata is of ${shown}`])
  })

  it.each([
    ['a text', 'hello'],
    ['a list', [proper]],
    ['null', null],
    ['nothing', ''],
  ])('when it is no object but %s', async (_, body) => {
    expect(await refusalOf(body)).toEqual([503, `the metadata of "${issuer}" is not a JSON object`])
  })

  it('when it is nested so deep that a library which copies it would fail', async () => {
    const vendor = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    const explanation = `the metadata of "${issuer}" answered with something nested too deep`
    expect(await refusalOf({ ...proper, vendor })).toEqual([503, explanation])
  })

  it.each([
    ['jwks_uri', 'http://id.example.com/jwks'],
    ['jwks_uri', 'file:///etc/passwd'],
    ['jwks_uri', '/jwks'],
    ['jwks_uri', 'https://'],
    ['jwks_uri', ''],
    ['jwks_uri', 42],
    ['jwks_uri', ['https://id.example.com/jwks']],
    ['introspection_endpoint', 'http://id.example.com/introspect'],
    ['userinfo_endpoint', 'javascript:alert(1)'],
    ['vendor_endpoint', {}],
  ])('when its %s is %j, which is no https address', async (name, value) => {
    expect(await refusalOf({ ...proper, [name]: value })).toEqual([
      503,
      `the metadata of "${issuer}" has no valid URL as ${name}`,
    ])
  })

  it('unless the issuer itself is plain http, which is for loopback and tests', async () => {
    const plain = 'http://127.0.0.1:8080'
    const { request } = serverWith({
      [`${plain}/.well-known/openid-configuration`]: {
        body: { issuer: plain, jwks_uri: `${plain}/jwks`, token_endpoint: 'https://a.example.com' },
      },
    })
    await expect(loadMetadata(plain, undefined, request)).resolves.toMatchObject({
      value: { jwks_uri: `${plain}/jwks` },
    })
    expect(await refusalOf({ issuer: plain, jwks_uri: 'file:///etc/passwd' }, plain)).toMatchObject([
      503,
      expect.stringContaining('jwks_uri'),
    ])
  })
})

it.each<[unknown, string, string]>([
  ['abc', 'abd', ': they differ at character 3, "c" for "d"'],
  ['ab', 'abc', ': they differ at character 3, the end for "c"'],
  ['abc', 'ab', ': they differ at character 3, "c" for the end'],
  ['', 'a', ': they differ at character 1, the end for "a"'],
  [undefined, 'a', ''],
])('tells where %j and %j differ', (found, expected, shown) => {
  expect(firstDifference(found, expected)).toBe(shown)
})

describe('discovery', () => {
  it.each(['', '/', '/tenant', '/tenant/'])('works for an issuer whose path is %j', async (path) => {
    const server = await cleanup.issuer({ path })
    const auth = cleanup.authenticator({ providers: [oidc({ issuer: server.issuer, audience: server.audience })] })
    expect(await outcomeOf(auth.verify(server.tokenFor()))).toBe('alice')
  })

  it('works at an address of its own', async () => {
    const server = await cleanup.issuer({ path: '/tenant' })
    const { origin } = new URL(server.issuer)
    const metadataUrl = `${origin}/tenant/.well-known/oauth-authorization-server`
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: server.issuer, audience: server.audience, metadataUrl })],
    })
    expect(await outcomeOf(auth.verify(server.tokenFor()))).toBe('alice')
    expect(server.requests('discovery')).toBe(1)
  })

  it('says in health() that the document is of another issuer, and nothing to the caller', async () => {
    const server = await cleanup.issuer({ metadata: { issuer: 'https://other.example.com' } })
    const auth = cleanup.authenticator({ providers: [oidc({ issuer: server.issuer, audience: server.audience })] })
    const error = await auth.verify(server.tokenFor()).catch((thrown) => thrown)
    expect([error.status, error.message]).toEqual([
      503,
      'Authentication is not available at the moment. Try again later.',
    ])
    expect(auth.health().providers[0]?.keys?.lastError).toBe(
      `the metadata is of "https://other.example.com", expected "${server.issuer}": they differ at character 5, "s" for ":"`,
    )
  })

  it('is done again when the key set has moved, while known users keep working', async () => {
    const server = await cleanup.issuer()
    const paths = { jwks: '/old' }
    const stub = await cleanup.stub((request, response) => {
      const { origin } = stub
      if (request.url?.startsWith('/.well-known/'))
        return sendJson(response, { issuer: origin, jwks_uri: origin + paths.jwks })
      if (request.url === paths.jwks) return sendJson(response, server.jwks())
      sendJson(response, {}, {}, 404)
    })
    const clock = createTestClock()
    const auth = cleanup.authenticator({ providers: [oidc({ issuer: stub.origin, audience: server.audience })], clock })
    const token = () => server.tokenFor({ claims: { iss: stub.origin } })
    expect(await outcomeOf(auth.verify(token()))).toBe('alice')

    const known = server.current
    paths.jwks = '/new'
    await server.rotate()
    expect(await outcomeOf(auth.verify(token()))).toBe('503')
    expect(await outcomeOf(auth.verify(server.tokenFor({ key: known, claims: { iss: stub.origin } })))).toBe('alice')

    await clock.advance(2)
    await until(() => auth.health().providers[0]?.keys?.lastError === undefined)
    expect(await outcomeOf(auth.verify(token()))).toBe('alice')
    expect(stub.asked).toEqual([
      '/.well-known/openid-configuration',
      '/old',
      '/old',
      '/.well-known/openid-configuration',
      '/new',
    ])
  })

  it('that fails leaves the address of the key set as it was', async () => {
    const server = await cleanup.issuer()
    const clock = createTestClock()
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: server.issuer, audience: server.audience })],
      clock,
    })
    await auth.ready()
    server.fail('all', { status: 500 })
    expect(await outcomeOf(auth.verify(server.tokenFor({ header: { kid: 'nobody' } })))).toBe('503')
    server.heal('all')
    server.fail('discovery', { status: 500 })
    await clock.advance(2)
    await until(() => auth.health().providers[0]?.keys?.lastError === undefined)
    expect(server.requests('discovery')).toBe(2)
  })

  it('does not keep a key set waiting that was asked for in vain, longer than it must wait itself', async () => {
    const server = await cleanup.issuer()
    server.fail('discovery', { status: 503, retryAfter: 30 })
    const clock = createTestClock()
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: server.issuer, audience: server.audience })],
      clock,
      keys: { maxRetry: 5 },
    })
    expect(await outcomeOf(auth.verify(server.tokenFor()))).toBe('503')
    server.heal()
    await clock.advance(5)
    await until(() => auth.health().ok)
    expect(await outcomeOf(auth.verify(server.tokenFor()))).toBe('alice')
  })

  it('that names no key set is an outage, told in the log', async () => {
    const server = await cleanup.issuer({ metadata: { jwks_uri: undefined } })
    const auth = cleanup.authenticator({ providers: [oidc({ issuer: server.issuer, audience: server.audience })] })
    await expect(auth.verify(server.tokenFor())).rejects.toMatchObject({
      status: 503,
      explanation: `the metadata of ${server.issuer} names no jwks_uri`,
    })
  })

  it('is asked once by all that need it', async () => {
    const server = await cleanup.issuer()
    const { issuer: name, audience, clientId, clientSecret } = server
    const introspection = { clientId, clientSecret }
    const auth = cleanup.authenticator({
      providers: [
        oidc({ issuer: name, audience, introspection }),
        oidc({ issuer: name, audience: 'other', name: 'b' }),
      ],
    })
    const tokens = Array.from({ length: 20 }, () => [server.tokenFor(), server.opaqueTokenFor()]).flat()
    await Promise.all(tokens.map((token) => auth.verify(token)))
    expect([server.requests('discovery'), server.requests('jwks')]).toEqual([1, 1])
  })
})
