import { describe, expect, it } from '@jest/globals'
import {
  credentialHeaders,
  type HttpRequest,
  likelyToken,
  readCredentials,
  type TokenSource,
  tokenSources,
} from '../src/credentials.ts'

function get(parts: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url: '/', headers: {}, ...parts }
}

function read(request: HttpRequest, ...tokenFrom: TokenSource[]): string | undefined {
  return readCredentials(request, tokenSources(tokenFrom.length > 0 ? tokenFrom : undefined))
}

const malformed = expect.objectContaining({ code: 'ERR_REQUEST_MALFORMED', status: 400 })
const crossSite = expect.objectContaining({ code: 'ERR_REQUEST_CROSS_SITE', status: 403 })
const everywhere: TokenSource[] = ['header', { cookie: 'session' }, { query: 'access_token' }, { body: 'access_token' }]

describe('readCredentials', () => {
  it('looks at the Authorization header alone, unless told otherwise', () => {
    const request = get({ url: '/?access_token=q', headers: { cookie: 'access_token=c' }, body: { access_token: 'b' } })
    expect(read(request)).toBeUndefined()
    expect(read(get({ headers: { authorization: 'Bearer abc' } }))).toBe('abc')
    expect(read(get({ headers: { authorization: 'Basic abc' } }))).toBeUndefined()
  })

  it.each<[string, HttpRequest]>([
    ['the header', get({ headers: { authorization: 'Bearer abc' } })],
    ['a cookie', get({ headers: { cookie: 'a=b; session=abc; c=d' } })],
    ['one of several cookie headers', get({ headers: { cookie: ['a=b', 'session=abc', 'c=d'] } })],
    ['the query', get({ url: '/path?x=y&access_token=abc' })],
    ['the body', get({ body: { access_token: 'abc' } })],
    [
      'all of them at once',
      get({
        url: '/?access_token=abc',
        headers: { cookie: 'session=abc', authorization: 'Bearer abc' },
        body: { access_token: 'abc' },
      }),
    ],
  ])('reads the token from %s', (_, request) => {
    expect(read(request, ...everywhere)).toBe('abc')
  })

  it.each<[string, HttpRequest]>([
    ['nothing at all', get()],
    ['no URL', { headers: {} }],
    ['an empty cookie', get({ headers: { cookie: 'session=' } })],
    ['a cookie of a longer name', get({ headers: { cookie: 'xsession=abc; session2=abc' } })],
    ['an empty parameter', get({ url: '/?access_token=' })],
    ['a body that is a text', get({ body: 'access_token=abc' })],
    ['a body that is null', get({ body: null })],
    ['a number in the body', get({ body: { access_token: 5 } })],
    ['an inherited member of the body', get({ body: Object.create({ access_token: 'abc' }) })],
  ])('finds no token in %s', (_, request) => {
    expect(read(request, ...everywhere)).toBeUndefined()
  })

  it('does not take a member of Object.prototype for a token', () => {
    expect(read(get({ body: {} }), { body: 'constructor' }, { body: '__proto__' })).toBeUndefined()
    expect(
      read(get({ headers: { cookie: 'a=b' } }), { cookie: 'constructor' }, { cookie: '__proto__' }),
    ).toBeUndefined()
  })

  it.each<[string, HttpRequest]>([
    ['header and cookie', get({ headers: { authorization: 'Bearer abc', cookie: 'session=xyz' } })],
    ['cookie and query', get({ url: '/?access_token=abc', headers: { cookie: 'session=xyz' } })],
    ['query and body', get({ url: '/?access_token=abc', body: { access_token: 'xyz' } })],
    ['two cookies of one name', get({ headers: { cookie: 'session=abc; session=xyz' } })],
  ])('refuses two different tokens: %s', (_, request) => {
    expect(() => read(request, ...everywhere)).toThrow(malformed)
  })

  it.each<[string, HttpRequest]>([
    ['a cookie', get({ headers: { cookie: 'session=a%20b' } })],
    ['the query', get({ url: '/?access_token=a%00b' })],
    ['the query, with spaces around it', get({ url: '/?access_token=%20abc' })],
    ['the body', get({ body: { access_token: 'abc\n' } })],
    ['the header', get({ headers: { authorization: 'Bearer a b' } })],
  ])('refuses what cannot be a token in %s, and trims nothing', (_, request) => {
    expect(() => read(request, ...everywhere)).toThrow(malformed)
  })

  it.each<[string, HttpRequest]>([
    ['parameter', get({ url: '/?access_token=abc&access_token=abc' })],
    ['parameter, once empty', get({ url: '/?access_token=abc&access_token=' })],
    ['member of the body', get({ body: { access_token: ['abc', 'abc'] } })],
  ])('refuses a repeated %s', (_, request) => {
    expect(() => read(request, ...everywhere)).toThrow(malformed)
  })

  it('refuses Authorization headers that differ, though Node shows only the first', () => {
    const headers = { authorization: 'Bearer abc' }
    const rawHeaders = (second: string) => ['Host', 'localhost', 'Authorization', 'Bearer abc', 'authorization', second]
    expect(() => read(get({ headers, rawHeaders: rawHeaders('Bearer xyz') }))).toThrow(malformed)
    expect(() => read(get({ headers, rawHeaders: rawHeaders('Basic xyz') }))).toThrow(malformed)
    expect(read(get({ headers, rawHeaders: rawHeaders('Bearer abc') }))).toBe('abc')
    expect(() => read(get({ headers: { authorization: ['Bearer abc', 'Bearer xyz'] } }))).toThrow(malformed)
    expect(read(get({ headers: { authorization: ['Bearer abc', 'Bearer abc'] } }))).toBe('abc')
  })

  it('does not take another header of as many letters for it', () => {
    const rawHeaders = ['If-None-Match', '"abc"', 'Authorization', 'Bearer abc', 'If-None-Match', '"xyz"']
    expect(read(get({ headers: { authorization: 'Bearer abc' }, rawHeaders }))).toBe('abc')
  })

  it('does not take a header value for a header name', () => {
    expect(
      read(
        get({
          headers: { authorization: 'Bearer abc' },
          rawHeaders: ['Authorization', 'Bearer abc', 'X-Next', 'authorization', 'X-Last', 'z'],
        }),
      ),
    ).toBe('abc')
  })

  it('asks a function, and takes no text for no token', () => {
    const custom = (value: unknown) => (() => value) as () => string | undefined
    expect(read(get(), custom('abc'))).toBe('abc')
    for (const nothing of ['', undefined, null, 5, {}, [], [5, '']]) {
      expect(read(get(), custom(nothing))).toBeUndefined()
    }
    const ofHeader: TokenSource = ({ headers }) => headers['x-auth-token'] ?? null
    const inHeader = (value: string | string[]) => get({ headers: { 'x-auth-token': value } })
    expect(read(inHeader('abc'), ofHeader)).toBe('abc')
    expect(read(inHeader(['abc', 'abc']), ofHeader)).toBe('abc')
    expect(read(get(), ofHeader)).toBeUndefined()
    expect(() => read(inHeader(['abc', 'xyz']), ofHeader)).toThrow(malformed)
    expect(() => read(get(), custom(Promise.resolve('abc')))).toThrow('option tokenFrom: must answer at once')
    expect(() => read(get(), custom('a b'))).toThrow(malformed)
    expect(() => read(get({ headers: { authorization: 'Bearer abc' } }), 'header', custom('xyz'))).toThrow(malformed)
    const thrown = new Error('of the app')
    expect(() =>
      read(get(), () => {
        throw thrown
      }),
    ).toThrow(thrown)
  })
})

describe('the cookie of an unsafe request', () => {
  const host = 'api.example.com'
  const post = (headers: HttpRequest['headers'], method = 'POST') =>
    get({ method, headers: { host, cookie: 'session=abc', ...headers } })

  it.each<HttpRequest['headers']>([
    {},
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://public.example.com' },
    { origin: 'https://api.example.com' },
    { origin: 'https://API.example.com:443' },
    { origin: 'http://api.example.com:8080', host: 'api.example.com:8080' },
    { origin: 'https://api.example.com', host: 'API.example.com:443' },
    { origin: 'https://api.example.com', host: undefined, ':authority': host },
  ])('is taken with %j', (headers) => {
    expect(read(post(headers), { cookie: 'session' })).toBe('abc')
  })

  it.each<HttpRequest['headers']>([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': '' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://api.example.com' },
    { origin: 'https://evil.example' },
    { origin: 'https://api.example.com.evil.example' },
    { origin: 'https://evil.example/api.example.com' },
    { origin: 'https://api.example.com:8443' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'file://', host: '' },
    { origin: 'https://api.example.com', host: undefined },
  ])('is refused with %j', (headers) => {
    expect(() => read(post(headers), { cookie: 'session' })).toThrow(crossSite)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND'])('is what %s is', (method) => {
    expect(() => read(post({ 'sec-fetch-site': 'cross-site' }, method), { cookie: 'session' })).toThrow(crossSite)
  })

  it.each(['GET', 'HEAD', 'OPTIONS'])('is not what %s is', (method) => {
    expect(read(post({ 'sec-fetch-site': 'cross-site' }, method), { cookie: 'session' })).toBe('abc')
  })

  it('does not matter where another source shows that the sender knows the token, or no cookie has one', () => {
    const site = { 'sec-fetch-site': 'cross-site' }
    expect(read(post({ ...site, authorization: 'Bearer abc' }), ...everywhere)).toBe('abc')
    expect(read(post({ ...site, cookie: '', authorization: 'Bearer abc' }), ...everywhere)).toBe('abc')
    expect(read(post({ ...site, cookie: '' }), ...everywhere)).toBeUndefined()
  })
})

describe('credentialHeaders', () => {
  it('keeps the answer to a URL with a token out of shared caches', () => {
    const sources = tokenSources({ query: 'access_token' })
    expect(credentialHeaders(get({ url: '/?access_token=abc' }), sources)).toEqual({ 'Cache-Control': 'private' })
    expect(credentialHeaders(get({ url: '/?other=abc' }), sources)).toEqual({})
    expect(credentialHeaders(get({ url: '/?access_token=abc' }), tokenSources())).toEqual({})
    expect(credentialHeaders(get({ url: '/chat' }), tokenSources({ query: 't' }))).toEqual({})
    expect(credentialHeaders({ headers: {} }, sources)).toEqual({})
  })

  it('keeps what one browser gets by a cookie from the next', () => {
    const sources = tokenSources(['header', { cookie: 'token' }, { query: 't' }])
    expect(credentialHeaders(get({ url: '/' }), sources)).toEqual({ Vary: 'Cookie' })
    expect(credentialHeaders(get({ url: '/?t=abc' }), sources)).toEqual({ Vary: 'Cookie', 'Cache-Control': 'private' })
  })
})

describe('likelyToken', () => {
  it.each<[unknown, string | undefined]>([
    ['Bearer abc', 'abc'],
    ['Bearer a b', 'a b'],
    ['bearer abc', undefined],
    ['Bearerabc', undefined],
    ['abc Bearer ', undefined],
    [['Bearer abc'], undefined],
    [undefined, undefined],
  ])('finds in the header %j what is left of it: %j', (authorization, token) => {
    expect(likelyToken(get({ headers: { authorization } as HttpRequest['headers'] }))).toBe(token)
  })

  it('finds nothing where the header came twice, in two ways', () => {
    const headers = { authorization: 'Bearer abc' }
    const twice = (second: string) =>
      get({ headers, rawHeaders: ['Authorization', 'Bearer abc', 'Authorization', second] })
    expect([likelyToken(twice('Bearer abc')), likelyToken(twice('Bearer xyz'))]).toEqual(['abc', undefined])
  })
})

describe('tokenSources', () => {
  it.each<unknown>(
    [
      [],
      null,
      '',
      'cookie',
      'Header',
      {},
      { cookie: '' },
      { cookie: 5 },
      { header: 'x-token' },
      { cookie: 'a', query: 'b' },
      ['header', undefined],
      ['header', 'authorization'],
    ].map((value) => [value]),
  )('refuses %j when built', (tokenFrom) => {
    expect(() => tokenSources(tokenFrom as TokenSource)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining('tokenFrom') }),
    )
  })

  it('keeps the order', () => {
    expect(tokenSources([{ cookie: 'a' }, 'header'])).toEqual([{ cookie: 'a' }, 'header'])
  })
})
