import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { answers } from '../src/errors.ts'
import { AuthError, type AuthErrorCode, isAuthError } from '../src/index.ts'

const codes = Object.keys(answers) as AuthErrorCode[]
const of = (status: number, error?: string) =>
  codes.filter((code) => answers[code][0] === status && answers[code][1] === error)

describe('the table of errors', () => {
  it('is that of docs/errors.md, row by row', () => {
    const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
    const cells = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    const rows = cells.filter(([, code]) => code?.startsWith('ERR_'))
    expect(rows.map(([, code, status, error]) => [code, Number(status), error])).toEqual(
      Object.entries(answers).map(([code, [status, error]]) => [code, status, error ?? '–']),
    )
    for (const [, code, , , meaning = '', remedy = ''] of rows) {
      expect([code, meaning, remedy]).toEqual([code, expect.stringMatching(/^.{10,}\.$/), expect.stringMatching(/\.$/)])
    }
  })

  it('blames the caller, the provider or our own set-up, and nobody else', () => {
    expect(new Set(codes.map((code) => answers[code][0]))).toEqual(new Set([400, 401, 403, 500, 502, 503, 508]))
    expect(of(401, 'invalid_token').every((code) => code.startsWith('ERR_TOKEN_'))).toBe(true)
    expect(of(401)).toEqual(['ERR_TOKEN_MISSING'])
    expect(of(503)).toEqual([
      'ERR_PROVIDER_UNAVAILABLE',
      'ERR_REVOCATION_UNAVAILABLE',
      'ERR_STORE_UNAVAILABLE',
      'ERR_OVERLOADED',
    ])
  })
})

describe('what the client sees', () => {
  const details = { explanation: 'the reason', cause: new Error('the cause') }

  it.each(codes.filter((code) => answers[code][1] === 'invalid_token'))('is the same for %s', (code) => {
    const error = new AuthError(code, details)
    expect(error).toMatchObject({
      status: 401,
      statusCode: 401,
      expose: true,
      message: 'The access token is not valid here, or not any more.',
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    })
    expect(error.toJSON()).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      detail: 'The access token is not valid here, or not any more.',
      error: 'invalid_token',
    })
  })

  it.each([
    ['ERR_TOKEN_MISSING', { 'WWW-Authenticate': 'Bearer' }],
    ['ERR_REQUEST_MALFORMED', { 'WWW-Authenticate': 'Bearer error="invalid_request"' }],
    ['ERR_DPOP_PROOF', { 'WWW-Authenticate': 'Bearer error="invalid_dpop_proof"' }],
    ['ERR_REQUEST_CROSS_SITE', {}],
    ['ERR_ROLE_REQUIRED', { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' }],
    ['ERR_PROVIDER_UNAVAILABLE', { 'Retry-After': '5' }],
    ['ERR_REVOCATION_UNAVAILABLE', { 'Retry-After': '5' }],
    ['ERR_STORE_UNAVAILABLE', { 'Retry-After': '5' }],
    ['ERR_UPSTREAM_CONFLICT', {}],
    ['ERR_OPTIONS_INVALID', {}],
  ] as const)('has these headers for %s: %j', (code, headers) => {
    expect(new AuthError(code, details).headers).toEqual(headers)
  })

  it.each(codes)('never tells the explanation or the cause of %s', (code) => {
    const error = new AuthError(code, details)
    const shown = JSON.stringify([error.headers, error, ...(error.expose ? [error.message] : [])])
    expect(shown).not.toMatch(/the reason|the cause/)
    expect(error.toJSON()).toMatchObject({ status: error.status, title: STATUS_CODES[error.status] })
  })

  it('names the scopes that are needed, where they help: in a 403, and in a 401 without a token', () => {
    const scopes = ['read:a', 'write"b\n']
    expect(new AuthError('ERR_SCOPE_REQUIRED', { scopes }).headers).toEqual({
      'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="read:a write\\"b"',
    })
    expect(new AuthError('ERR_TOKEN_MISSING', { scopes }).headers).toEqual({
      'WWW-Authenticate': 'Bearer scope="read:a write\\"b"',
    })
    expect(new AuthError('ERR_REQUEST_MALFORMED', { scopes }).headers).toEqual({
      'WWW-Authenticate': 'Bearer error="invalid_request"',
    })
    expect(new AuthError('ERR_TOKEN_EXPIRED', { scopes }).headers).toEqual({
      'WWW-Authenticate': 'Bearer error="invalid_token"',
    })
  })

  it.each([
    [undefined, '5'],
    [0, '1'],
    [-3, '1'],
    [0.2, '1'],
    [7.1, '8'],
    [3600, '3600'],
  ])('waits %j seconds as Retry-After: %s', (retryAfter, header) => {
    const details = retryAfter === undefined ? {} : { retryAfter }
    expect(new AuthError('ERR_PROVIDER_UNAVAILABLE', details).headers).toEqual({ 'Retry-After': header })
  })
})

describe('withChallenge', () => {
  const error = new AuthError('ERR_TOKEN_EXPIRED', { explanation: 'expired 9 s ago' })

  it('adds realm and metadata, to a copy', () => {
    const resourceMetadata = 'https://api.example.com/.well-known/oauth-protected-resource'
    const copy = error.withChallenge({ realm: 'shop', resourceMetadata })
    const parameters = `realm="shop", error="invalid_token", resource_metadata="${resourceMetadata}"`
    expect(copy.headers).toEqual({ 'WWW-Authenticate': `Bearer ${parameters}` })
    expect(copy).toMatchObject({ code: error.code, explanation: error.explanation, stack: error.stack })
    expect(error.headers).toEqual({ 'WWW-Authenticate': 'Bearer error="invalid_token"' })
  })

  it.each([
    ['a quote', 'a"b', 'a\\"b'],
    ['a backslash', 'a\\b', 'a\\\\b'],
    ['a line break', 'a\r\nSet-Cookie: b=c', 'aSet-Cookie: b=c'],
    ['letters that a header cannot carry', 'Käse\u0000\u{1f600}', 'Kse'],
  ])('keeps %s in a realm from breaking out', (_, realm, written) => {
    const { headers } = error.withChallenge({ realm })
    expect(headers).toEqual({ 'WWW-Authenticate': `Bearer realm="${written}", error="invalid_token"` })
    expect(() => new Headers(headers)).not.toThrow()
  })

  it('keeps everything else', () => {
    const cause = new Error('reset')
    const upstream = { provider: 'p', operation: 'getUser', status: 409 }
    const whole = new AuthError('ERR_UPSTREAM_CONFLICT', {
      explanation: 'x',
      cause,
      retryAfter: 3,
      scopes: ['a'],
      upstream,
    })
    expect(whole.withChallenge({ realm: 'r' })).toMatchObject({ cause, retryAfter: 3, scopes: ['a'], upstream })
  })
})

describe('isAuthError', () => {
  it('knows those of another copy of the package', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('claviger.AuthError'), { value: true })
    expect(isAuthError(foreign)).toBe(true)
    expect(isAuthError(new AuthError('ERR_TOKEN_MISSING'))).toBe(true)
  })

  it.each([new Error('x'), { code: 'ERR_TOKEN_MISSING', name: 'AuthError' }, null, undefined, 'x', 1])(
    'takes %p for none',
    (value) => expect(isAuthError(value)).toBe(false),
  )
})

it('redacts the explanation when it is set', () => {
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
  const error = new AuthError('ERR_TOKEN_REFUSED', { explanation: `no: ${token}\n` })
  expect(error.explanation).toBe('no: [redacted]\\u000a')
  expect(inspect(error)).not.toContain(token)
})

it('shows no cookie of a session to whoever logs it, and hands it on all the same', () => {
  const error = new AuthError('ERR_PROVIDER_UNAVAILABLE').withChallenge({}, ['claviger=a-session'])
  expect(inspect(error, { depth: 9 }) + JSON.stringify({ ...error })).not.toContain('a-session')
  expect(error.withChallenge({}).headers['Set-Cookie']).toEqual(['claviger=a-session'])
})
