import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { quoted, redact } from '../src/redact.ts'

const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
const pretty = 'ew0KICJhbGciOiAiRVMyNTYiDQp9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'

describe('redact', () => {
  it.each([
    ['a JWS', `got ${token}!`, 'got [redacted]!'],
    ['a JWS with a line break in its header', `got ${pretty}!`, 'got [redacted]!'],
    ['a JWS behind a name with dots', `api.examples.com.${token}`, 'api.[redacted]'],
    ['a short one of that kind', 'ew0KIHt9.e30.AA', '[redacted]'],
    ['a long text with dots, whatever it is', Array(16).fill('abcdefgh').join('.'), '[redacted]'],
    ['a JWE', `${token}.AAAA.BBBB`, '[redacted]'],
    ['an unsigned JWS', token.slice(0, token.lastIndexOf('.') + 1), '[redacted]'],
    ['Bearer credentials', 'authorization: Bearer s3cret', 'authorization: Bearer [redacted]'],
    ['Basic credentials', 'BASIC YTpi', 'BASIC [redacted]'],
    ['a DPoP token', 'DPoP Kz~8mXK1.2', 'DPoP [redacted]'],
    ['a token by its name', 'token 0123456789abcdefghij', 'token [redacted]'],
    ['a query parameter', '/cb?code=abc&access_token=abc&x=1', '/cb?code=[redacted]&access_token=[redacted]&x=1'],
    ['a form', 'client_secret=abc refresh_token=def', 'client_secret=[redacted] refresh_token=[redacted]'],
    ['a parameter with a longer name', 'my_api_key=abc', 'my_api_key=[redacted]'],
    ['JSON', '{"client_secret":"abc","password" : "def"}', '{"client_secret":"[redacted]","password" : "[redacted]"}'],
    ['user and password in a URL', 'https://user:pass@id.example.com/x', 'https://[redacted]@id.example.com/x'],
    ['a password with an @ in a URL', 'https://user:p@ss@id.example.com/x', 'https://[redacted]@id.example.com/x'],
    ['a long random text', `id ${'a1'.repeat(20)}`, 'id [redacted]'],
    ['a long random text with padding', `${'A1'.repeat(22)}==`, '[redacted]'],
  ])('cuts out %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  it.each([
    'the token has not three segments',
    'the token is encrypted (JWE)',
    'no Bearer credentials in the Authorization header',
    'the Token v2 is not issued any more',
    'typ is "JWT", accepted: at+jwt (option tokenTypes)',
    'no provider has the issuer "https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/v2.0"',
    'https://eyeglasses.example.com failed connecting: ECONNREFUSED',
    'the key set of https://keycloak.example.com/realms/shop answered with status 500',
  ])('leaves %j as it is', (text) => {
    expect(redact(text)).toBe(text)
  })

  it.each([
    ['a line break', 'a\nb', 'a\\u000ab'],
    ['an escape sequence', '\u001b[31mred', '\\u001b[31mred'],
    ['a null byte', 'a\0b', 'a\\u0000b'],
    ['a turn of direction', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['what is not seen', 'a\u200bb\ufeffc\u00add\u2060e', 'a\\u200bb\\ufeffc\\u00add\\u2060e'],
    ['tags', 'a\u{e0061}b', 'a\\ue0061b'],
    ['a lone surrogate', 'a\ud800b', 'a\\ud800b'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ])('escapes %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  it('leaves letters of any script', () => {
    expect(redact('Ünïcödé алиса アリス \u{1f600}')).toBe('Ünïcödé алиса アリス \u{1f600}')
  })

  it('gives at most 300 characters and a sign that there was more', () => {
    expect(redact('ab '.repeat(1000))).toHaveLength(301)
    expect(redact('ab '.repeat(1000)).endsWith('…')).toBe(true)
  })

  const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
  const base64url = (minLength: number) =>
    fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength: 120 }).filter((text) => /[\d_-]/.test(text))
  const places: ((secret: string) => string)[] = [
    (secret) => `Bearer ${secret}`,
    (secret) => `authorization: basic ${secret}==`,
    (secret) => `dpop   ${secret}`,
    (secret) => `the token ${secret} is bad`,
    (secret) => `?access_token=${secret}&state=1`,
    (secret) => `client_secret=${secret}`,
    (secret) => `{"refresh_token": "${secret}"}`,
    (secret) => `https://client:${secret}@id.example.com/`,
    (secret) => `eyJhbGciOiJub25lIn0.${secret}.${secret}`,
    (secret) => `eyJhbGciOiJkaXIifQ..${secret}.${secret}.${secret}`,
    (secret) => `host.example.com.eyJhbGciOiJub25lIn0.${secret}.`,
    (secret) => `long-host.a.b.c.example.com.eyJhbGciOiJub25lIn0.${secret}.${secret}`,
  ]
  const around = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => `${text} `)

  it('never leaks a secret that stands where secrets stand', () => {
    const planted = fc.property(
      around,
      fc.constantFrom(...places),
      base64url(20),
      around,
      (before, place, secret, behind) => {
        expect(redact(before + place(secret) + behind)).not.toContain(secret)
      },
    )
    fc.assert(planted, { numRuns: 1000 })
  })

  it('never leaks a long random text, wherever it stands', () => {
    const planted = fc.property(around, base64url(40), around, (before, secret, behind) => {
      expect(redact(before + secret + behind)).not.toContain(secret)
    })
    fc.assert(planted, { numRuns: 1000 })
  })

  it.each(['a', '-', 'client_', 'a.', '.', ' ', 'token ', 'token=', '//', '"', 'ey', '\0', '@', '://a'])(
    'takes linear time for a text of %j',
    (unit) => {
      const text = unit.repeat(Math.floor(4096 / unit.length))
      const started = performance.now()
      for (let i = 0; i < 20; i += 1) redact(text)
      // A look at each character for each character took 60 ms for one text.
      expect(performance.now() - started).toBeLessThan(600)
    },
  )
})

describe('quoted', () => {
  it.each([
    ['a', '"a"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['x'.repeat(50), '"[redacted]"'],
    [`${'ab '.repeat(40)}cut`, `"${'ab '.repeat(33)}a"`],
    [undefined, 'a undefined'],
    [null, 'a null'],
    [1, 'a number'],
    [{ secret: 'x' }, 'a object'],
    [['x'], 'a object'],
  ])('shows %j as %s', (value, expected) => {
    expect(quoted(value)).toBe(expected)
  })
})
