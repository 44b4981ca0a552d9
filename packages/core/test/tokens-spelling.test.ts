import { describe, expect, it } from '@jest/globals'
import { readBearer } from '../src/bearer.ts'
import { isAuthError } from '../src/index.ts'
import { encode, expectSilence, type Forge, type HostileToken, refuses, split, useForge } from './support/tokens.ts'

const forge = useForge()

/** Changes one of the three segments of a good token. */
function segment(index: 0 | 1 | 2, change: (segment: string) => string) {
  return ({ token }: Forge) => {
    const segments = split(token())
    segments[index] = change(segments[index])
    return segments.join('.')
  }
}

const names = ['header', 'payload', 'signature'] as const
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes with other stray bits in the last character. */
function strayBits(text: string): string {
  const bytes = Buffer.from(text, 'base64url')
  const others = [...alphabet].map((last) => text.slice(0, -1) + last)
  const other = others.find((one) => one !== text && Buffer.from(one, 'base64url').equals(bytes))
  if (other === undefined) throw new Error('A segment of this length has no stray bits.')
  return other
}

/** A good token whose segment has stray bits, in another spelling. */
function withStrayBits(index: 0 | 1) {
  return ({ token }: Forge) => {
    const tokens = ['', 'x', 'xx'].map((note) => split(token({ note }, { note })))
    const segments = tokens.find((one) => one[index].length % 4 !== 0) ?? ['', '', '']
    segments[index] = strayBits(segments[index])
    return segments.join('.')
  }
}

const within = (text: string, inserted: string) => text.slice(0, 8) + inserted + text.slice(8)
const instead = (text: string, change: (code: number) => number) =>
  text.slice(0, 8) + String.fromCharCode(change(text.charCodeAt(8))) + text.slice(9)

/** Ways to write a segment that a careless decoder takes for the same. */
const respellings: Record<string, (segment: string) => string> = {
  'with "="': (text) => `${text}=`,
  'with "=="': (text) => `${text}==`,
  'with a blank behind': (text) => `${text} `,
  'with a line break within': (text) => within(text, '\n'),
  'with CR and LF behind': (text) => `${text}\r\n`,
  'with a tabulator within': (text) => within(text, '\t'),
  'with a null byte behind': (text) => `${text}\u0000`,
  'with a zero-width blank within': (text) => within(text, '\u200b'),
  'with a soft hyphen within': (text) => within(text, '\u00ad'),
  'with a full-width letter': (text) => instead(text, (code) => code + 0xfee0),
  'with a letter of the same low byte': (text) => instead(text, (code) => code + 0x100),
  'with a "%" escape': (text) => within(text, '%41'),
  'with a "+" within': (text) => within(text, '+'),
  'with a "/" within': (text) => within(text, '/'),
  'with a lone surrogate': (text) => within(text, '\ud800'),
  empty: () => '',
}

refuses('a segment spelt in another way', forge, [
  ...Object.entries(respellings).flatMap(([spelling, change]) =>
    ([0, 1, 2] as const).map(
      (index): HostileToken => ({
        name: `the ${names[index]} ${spelling}`,
        token: segment(index, change),
        code: 'ERR_TOKEN_MALFORMED',
      }),
    ),
  ),
  { name: 'the header with stray bits', token: withStrayBits(0), code: 'ERR_TOKEN_MALFORMED' },
  { name: 'the payload with stray bits', token: withStrayBits(1), code: 'ERR_TOKEN_MALFORMED' },
  { name: 'the signature with stray bits', token: segment(2, strayBits), code: 'ERR_TOKEN_MALFORMED' },
  {
    name: 'the signature in the alphabet of base64',
    token: ({ token }) => {
      let segments = split(token())
      while (!/[-_]/.test(segments[2])) segments = split(token())
      return segments.join('.').replaceAll('-', '+').replaceAll('_', '/')
    },
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'the signature with one character more',
    token: segment(2, (text) => `${text}A`),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'the signature without its last character',
    token: segment(2, (text) => text.slice(0, -1)),
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'the payload with a blank more behind its JSON',
    token: segment(1, (text) => encode(`${Buffer.from(text, 'base64url')} `)),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'the header with its members in another order',
    token: segment(0, (text) => {
      const members = Object.entries(JSON.parse(String(Buffer.from(text, 'base64url'))))
      return encode(JSON.stringify(Object.fromEntries(members.reverse())))
    }),
    code: 'ERR_TOKEN_SIGNATURE',
  },
])

const frames: Record<string, (token: string) => string> = {
  'a dot before it': (token) => `.${token}`,
  'a dot behind it': (token) => `${token}.`,
  'two dots for one': (token) => token.replace('.', '..'),
  'a comma for a dot': (token) => token.replace('.', ','),
  'an ideographic full stop for a dot': (token) => token.replace('.', '\u3002'),
  'a one-dot leader for a dot': (token) => token.replace('.', '\u2024'),
  'a blank before it': (token) => ` ${token}`,
  'a line break behind it': (token) => `${token}\n`,
  'a null byte behind it': (token) => `${token}\u0000`,
  'a byte-order mark before it': (token) => `\ufeff${token}`,
  'quotes around it': (token) => `"${token}"`,
  '"Bearer" before it': (token) => `Bearer ${token}`,
  'its header alone': (token) => split(token)[0],
  'its header and payload alone': (token) => split(token).slice(0, 2).join('.'),
  'a fourth segment': (token) => `${token}.${split(token)[2]}`,
  'each letter in capitals': (token) => token.toUpperCase(),
  'base64url around it': (token) => encode(token),
  'its segments in another order': (token) => split(token).reverse().join('.'),
  'its UTF-16 bytes read as Latin-1': (token) => Buffer.from(token, 'utf16le').toString('latin1'),
}

refuses('a token with something around it', forge, [
  ...Object.entries(frames).map(
    ([name, change]): HostileToken => ({ name, token: ({ token }) => change(token()), code: 'ERR_TOKEN_MALFORMED' }),
  ),
  // Five segments: taken for encrypted.
  { name: 'itself behind it', token: ({ token }) => token() + token(), code: 'ERR_TOKEN_UNSUPPORTED' },
  { name: 'another behind a comma', token: ({ token }) => `${token()},${token()}`, code: 'ERR_TOKEN_UNSUPPORTED' },
  { name: 'all dots doubled', token: ({ token }) => token().replaceAll('.', '..'), code: 'ERR_TOKEN_UNSUPPORTED' },
  ...['', '.', '..', '...', '....', 'ey', 'ey.', 'ey..', 'eyJ9.eyJ9.eyJ9', 'undefined', 'null', '[object Object]'].map(
    (text): HostileToken => ({ name: JSON.stringify(text), token: () => text, code: 'ERR_TOKEN_MALFORMED' }),
  ),
  { name: '16 KiB of dots', token: () => '.'.repeat(16 * 1024), code: 'ERR_TOKEN_MALFORMED' },
  { name: '16 KiB of "ey."', token: () => 'ey.'.repeat(5461), code: 'ERR_TOKEN_MALFORMED' },
  { name: '16 KiB and one character', token: () => 'e'.repeat(16 * 1024 + 1), code: 'ERR_TOKEN_TOO_LARGE' },
])

const senseless = [
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\0',
  '\u001b[31m',
  '\u200b',
  '\u202e',
  '\ufeff',
  'é',
  '%20',
  ',',
  ';',
  '"',
  '\ud800',
  '=x',
]

describe('what no token can look like is 400, before it is looked at', () => {
  it.each(senseless)('a token with %j within', (inserted) => {
    const token = within(forge().token(), inserted)
    let error: unknown
    try {
      readBearer(`Bearer ${token}`)
    } catch (thrown) {
      error = thrown
    }
    if (!isAuthError(error)) throw new Error('It was let through.')
    expect({ code: error.code, status: error.status }).toEqual({ code: 'ERR_REQUEST_MALFORMED', status: 400 })
    expect(error.headers).toEqual({ 'WWW-Authenticate': 'Bearer error="invalid_request"' })
    expectSilence(error, token)
  })
})
