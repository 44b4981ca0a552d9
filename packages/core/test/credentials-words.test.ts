import { describe, expect, it } from '@jest/globals'
import {
  assertSameSite,
  type HttpRequest,
  hideSubprotocol,
  readCredentials,
  type SiteRules,
  type TokenSource,
  tokenSources,
} from '../src/credentials.ts'
import { isAuthError } from '../src/errors.ts'

function whatIsThrown(fn: () => unknown): unknown {
  try {
    return fn()
  } catch (error) {
    return isAuthError(error) ? error.explanation : error
  }
}

const read = (request: Partial<HttpRequest>, ...sources: TokenSource[]) =>
  whatIsThrown(() => readCredentials({ method: 'GET', url: '/', headers: {}, ...request }, sources))

describe('the log says of credentials', () => {
  const odd = 'does not hold exactly one well-formed token'
  it.each<[string, Partial<HttpRequest>, readonly TokenSource[], string]>([
    [
      'a cookie that is no token',
      { headers: { cookie: 'session=a%20b' } },
      [{ cookie: 'session' }],
      `the cookie ${odd}`,
    ],
    ['a parameter', { url: '/?t=a,b' }, [{ query: 't' }], `the query ${odd}`],
    ['a member of the body', { body: { t: 'a b' } }, [{ body: 't' }], `the body ${odd}`],
    [
      'a subprotocol',
      { headers: { 'sec-websocket-protocol': 'bearer, a"b' } },
      [{ subprotocol: 'bearer' }],
      `the subprotocols ${odd}`,
    ],
    ['what a function found', {}, [() => 'a b'], `a tokenFrom function ${odd}`],
    [
      'a parameter that is there twice',
      { url: '/?t=a&t=a' },
      [{ query: 't' }],
      'the query parameter of the token is repeated',
    ],
    ['a list in the body', { body: { t: ['a'] } }, [{ body: 't' }], 'the body holds a list of tokens'],
    [
      'two tokens',
      { url: '/?t=a', body: { t: 'b' } },
      [{ query: 't' }, { body: 't' }],
      'the request carries two different tokens',
    ],
    [
      'two headers',
      {
        headers: { authorization: 'Bearer a' },
        rawHeaders: ['Authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b'],
      },
      ['header'],
      'the request has more than one Authorization header',
    ],
  ])('%s', (_, request, sources, explanation) => {
    expect(read(request, ...sources)).toBe(explanation)
  })

  it('that were sent by another site', () => {
    expect(read({ method: 'POST', headers: { cookie: 's=a', origin: 'https://evil.example' } }, { cookie: 's' })).toBe(
      'another site made the browser send this request with its cookie; send the token in the Authorization header',
    )
  })

  it.each<[unknown]>([
    [[]],
    [null],
    ['cookie'],
    [{}],
    [{ cookie: '' }],
    [{ cookies: 'a' }],
    [{ mycookie: 'a' }],
    [{ cookie: 'a', query: 'b' }],
    [{ body: 1 }],
  ])('tokenFrom cannot be %j', (tokenFrom) => {
    expect(whatIsThrown(() => tokenSources(tokenFrom as TokenSource))).toMatch(
      /^tokenFrom must be 'header', \{ cookie: name \}/,
    )
  })
})

describe('a token among the offered subprotocols', () => {
  const sources: TokenSource[] = ['header', { cookie: 'c' }, { subprotocol: 'bearer' }]
  it.each<[string, string | string[] | undefined, string | undefined, string | undefined]>([
    ['stands after its name', 'chat, bearer, abc, log', 'abc', 'chat, log'],
    ['may be alone, and then the name stays', 'bearer,abc', 'abc', 'bearer'],
    ['may be first', 'bearer, abc, chat', 'abc', 'chat'],
    ['is not there without the name', 'chat, abc', undefined, 'chat, abc'],
    ['is not there with the name at the end', 'chat, bearer', undefined, 'chat, bearer'],
    ['is not there where nothing comes after the name', 'chat, bearer, ', undefined, 'chat, bearer, '],
    ['is not there where nothing is offered', undefined, undefined, undefined],
    ['may be offered in several headers', ['chat', 'bearer', 'abc'], 'abc', 'chat'],
  ])('%s', (_, offered, token, left) => {
    const headers: Record<string, string | string[]> = {
      ...(offered !== undefined && { 'sec-websocket-protocol': offered }),
    }
    expect(read({ headers }, { subprotocol: 'bearer' })).toBe(token)
    hideSubprotocol(headers, sources)
    expect(headers['sec-websocket-protocol']).toBe(left)
  })
})

describe('a request that a browser sends with its cookies', () => {
  const own = 'https://app.example'
  const rules = { ownOrigin: own, allowedOrigins: ['https://friend.example'] }
  it.each<[string, boolean, Partial<HttpRequest>, SiteRules?]>([
    ['from the same host', true, { headers: { origin: 'https://app.example', host: 'app.example' } }],
    [
      'from the same host, with its default port',
      true,
      { headers: { origin: 'https://app.example', host: 'app.example:443' } },
    ],
    [
      'from the same authority of HTTP/2',
      true,
      { headers: { origin: 'https://app.example', ':authority': 'app.example' } },
    ],
    ['from another port', false, { headers: { origin: 'https://app.example:8443', host: 'app.example' } }],
    ['from nowhere', false, { headers: { origin: 'null', host: 'app.example' } }],
    ['from a place without a host', false, { headers: { origin: 'file:///x', host: '' } }],
    ['from a host that cannot be', false, { headers: { origin: 'https://app.example', host: '[' } }],
    ['from its own origin, whatever the host', true, { headers: { origin: own, host: 'internal:8080' } }, rules],
    [
      'from another origin, whatever the host',
      false,
      { headers: { origin: 'http://app.example', host: 'app.example' } },
      rules,
    ],
    ['from a friend', true, { headers: { origin: 'https://friend.example', 'sec-fetch-site': 'cross-site' } }, rules],
    ['from the same origin, as the browser says', true, { headers: { 'sec-fetch-site': 'same-origin' } }],
    ['by the user’s own hand', true, { headers: { 'sec-fetch-site': 'none' } }],
    ['from the same site only', false, { headers: { 'sec-fetch-site': 'same-site' } }],
    ['to read', true, { method: 'GET', headers: { origin: 'https://evil.example' } }],
    ['to read the head', true, { method: 'HEAD', headers: { origin: 'https://evil.example' } }],
    ['to ask what it may', true, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }],
    [
      'to read by an upgrade, from elsewhere',
      false,
      { method: 'GET', headers: { origin: 'https://evil.example' } },
      { upgrade: true },
    ],
    ['to upgrade, without an origin', true, { method: 'GET', headers: {} }, { upgrade: true }],
    [
      'to upgrade, as the same site says of itself',
      false,
      { method: 'GET', headers: { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' } },
      { upgrade: true },
    ],
  ])('%s passes: %p', (...[, passes, request, site]) => {
    const refusal = whatIsThrown(() => assertSameSite({ method: 'POST', url: '/', headers: {}, ...request }, site))
    expect(refusal === undefined).toBe(passes)
  })
})
