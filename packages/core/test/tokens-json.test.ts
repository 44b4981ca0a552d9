import { expect } from '@jest/globals'
import { accepts, encode, type Forge, type HostileToken, refuses, useForge } from './support/tokens.ts'

const forge = useForge()

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
/** The members of an object, with more behind them as text. */
const plus = (object: object, more: string) => `${JSON.stringify(object).slice(0, -1)},${more}}`
/** Bytes between two texts. */
const wrapped = (before: string, bytes: number[], behind: string) =>
  Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(behind)])

const notJson: Record<string, string | Uint8Array> = {
  'a text': 'alice',
  'a JSON string': '"alice"',
  'a number': '42',
  null: 'null',
  true: 'true',
  'an array': '[]',
  'an array with an object': '[{"iss":"x"}]',
  'two objects': '{}{}',
  'an object with text behind it': '{}x',
  'an object with a null byte behind it': '{}\u0000',
  'an object cut off': '{"iss":',
  'single quotes': "{'iss':'x'}",
  'a comma too many': '{"iss":"x",}',
  'a comment': '{/**/}',
  NaN: '{"exp":NaN}',
  Infinity: '{"exp":Infinity}',
  'a hexadecimal number': '{"exp":0xffff}',
  'a line break in a string': '{"sub":"a\nb"}',
  'a control character in a string': '{"sub":"a\u001fb"}',
  'a byte-order mark': '\ufeff{}',
  'a byte that is not UTF-8': Buffer.from([0x7b, 0x7d, 0xff]),
  'an overlong slash': wrapped('{"sub":"', [0xc0, 0xaf], '"}'),
  'an overlong null byte (modified UTF-8)': wrapped('{"sub":"', [0xc0, 0x80], '"}'),
  'a surrogate in UTF-8': wrapped('{"sub":"', [0xed, 0xa0, 0x80], '"}'),
  'half a character': wrapped('{"sub":"', [0xe2, 0x82], '"}'),
  'UTF-16': Buffer.from('{"sub":"alice"}', 'utf16le'),
  'Latin-1': wrapped('{"sub":"Andr', [0xe9], '"}'),
  XML: '<claims/>',
  '33 levels': `{"a":${nested(33)}}`,
  '10,000 levels of arrays': nested(5000),
  '10,000 levels of arrays in an object': `{"a":${nested(5000)}}`,
  '2,000 levels of objects': nestedObjects(2000),
}

refuses('a payload that is no JSON object', forge, [
  ...Object.entries(notJson).map(
    ([name, payload]): HostileToken => ({
      name,
      token: ({ raw, header }) => raw(JSON.stringify(header()), payload),
      code: 'ERR_TOKEN_MALFORMED',
    }),
  ),
])

refuses('a header that is no JSON object', forge, [
  ...Object.entries(notJson).map(
    ([name, header]): HostileToken => ({
      name,
      token: ({ raw, claims }) => raw(header, JSON.stringify(claims())),
      code: 'ERR_TOKEN_MALFORMED',
    }),
  ),
  {
    name: 'good members nested too deep',
    token: ({ raw, header, claims }) => raw(plus(header(), `"a":${nested(40)}`), JSON.stringify(claims())),
    code: 'ERR_TOKEN_MALFORMED',
  },
  { name: 'no members', token: ({ raw, claims }) => raw('{}', JSON.stringify(claims())), code: 'ERR_TOKEN_MALFORMED' },
])

/** A good header and these claims as text. */
function payload(text: (forge: Forge) => string) {
  return (forge: Forge) => forge.raw(JSON.stringify(forge.header()), text(forge))
}

refuses('a member twice: the last one counts, by RFC 7519 section 4', forge, [
  {
    name: 'an exp in the past behind a good one',
    token: payload(({ claims }) => plus(claims(), '"exp":1')),
    code: 'ERR_TOKEN_EXPIRED',
  },
  {
    name: 'another issuer behind the good one',
    token: payload(({ claims, attacker }) => plus(claims(), `"iss":"${attacker.issuer}"`)),
    code: 'ERR_TOKEN_ISSUER',
  },
  {
    name: 'another audience behind the good one',
    token: payload(({ claims }) => plus(claims(), '"aud":"https://other.example"')),
    code: 'ERR_TOKEN_AUDIENCE',
  },
  {
    name: 'an escaped spelling of sub that is no text',
    token: payload(({ claims }) => plus(claims(), '"\\u0073ub":null')),
    code: 'ERR_TOKEN_CLAIMS',
  },
  {
    name: 'alg none behind a good alg',
    token: ({ raw, header, claims }) => raw(plus(header(), '"alg":"none"'), JSON.stringify(claims())),
    code: 'ERR_TOKEN_ALGORITHM',
  },
])

refuses('members with the names of every object', forge, [
  {
    name: 'claims under __proto__ alone',
    token: payload(({ claims }) => `{"__proto__":${JSON.stringify(claims())}}`),
    code: 'ERR_TOKEN_ISSUER',
  },
  {
    name: 'an exp under __proto__',
    token: payload(({ claims }) => plus(claims({ exp: undefined }), '"__proto__":{"exp":9999999999}')),
    code: 'ERR_TOKEN_CLAIMS',
  },
  {
    name: 'alg under __proto__',
    token: ({ raw, header, claims }) =>
      raw(plus(header({ alg: undefined }), '"__proto__":{"alg":"ES256"}'), JSON.stringify(claims())),
    code: 'ERR_TOKEN_MALFORMED',
  },
  {
    name: 'a toString that is the issuer, in the place of the issuer',
    token: payload(({ claims, issuer }) => plus(claims(), `"iss":{"toString":"${issuer.issuer}"}`)),
    code: 'ERR_TOKEN_ISSUER',
  },
  {
    name: 'a list that prints as the issuer',
    token: payload(({ claims, issuer }) => plus(claims(), `"iss":["${issuer.issuer}"]`)),
    code: 'ERR_TOKEN_ISSUER',
  },
])

const lies =
  '"constructor":{"prototype":{"admin":true}},"toString":"x","valueOf":1,"hasOwnProperty":null,"then":"x","length":9'

accepts('claims that are odd, and hurt nobody', forge, [
  {
    name: '__proto__, which is left out',
    token: payload(({ claims }) => plus(claims(), '"__proto__":{"admin":true,"roles":["admin"]}')),
    check({ claims, user }) {
      expect(Object.hasOwn(claims, '__proto__')).toBe(false)
      expect(Object.getPrototypeOf(claims)).toBe(Object.prototype)
      expect(claims.admin).toBeUndefined()
      expect(user.roles).toEqual([])
    },
  },
  {
    name: '__proto__ further down, which is left out too',
    token: payload(({ claims }) => plus(claims(), '"a":[{"b":{"__proto__":{"admin":true}}}]')),
    check: ({ claims }) => expect(JSON.stringify(claims.a)).toBe('[{"b":{}}]'),
  },
  {
    name: 'constructor, toString, then and their like, as claims',
    token: payload(({ claims }) => plus(claims(), lies)),
    check({ claims }) {
      expect(claims.toString).toBe('x')
      expect(({} as Record<string, unknown>).admin).toBeUndefined()
      expect(typeof Object.prototype.toString).toBe('function')
    },
  },
  {
    name: '32 levels',
    token: payload(({ claims }) => plus(claims(), `"a":${nested(31)}`)),
  },
  {
    name: '5 KB of keys',
    token: payload(({ claims }) => plus(claims(), Array.from({ length: 700 }, (_, i) => `"${i}":0`).join())),
    check: ({ claims }) => expect(claims[699]).toBe(0),
  },
  {
    name: '11 KB of keys, which is too long for the cache',
    token: payload(({ claims }) => plus(claims(), Array.from({ length: 1200 }, (_, i) => `"k${i}":0`).join())),
  },
  {
    name: 'a member twice, the good one last',
    token: ({ raw, header, claims }) =>
      raw(`{"alg":"none",${JSON.stringify(header()).slice(1)}`, `{"exp":1,${JSON.stringify(claims()).slice(1)}`),
  },
  {
    name: 'emoji, escapes and right-to-left letters in a name',
    token: payload(({ claims }) => plus(claims(), '"name":"\\u0041\\ud83d\\ude00 \u05d0\u05dc\u05d9\u05e1"')),
    check: ({ user }) => expect(user.name).toBe('A\u{1f600} \u05d0\u05dc\u05d9\u05e1'),
  },
  {
    name: 'white space around the objects',
    token: ({ raw, header, claims }) => raw(`${JSON.stringify(header())} `, ` ${JSON.stringify(claims())}\r\n`),
  },
])

refuses('too much', forge, [
  {
    name: '16 KiB and a little, well signed',
    token: ({ token }) => token({ note: 'x'.repeat(12_000) }),
    code: 'ERR_TOKEN_TOO_LARGE',
  },
  { name: 'a megabyte', token: ({ token }) => token({ note: 'x'.repeat(750_000) }), code: 'ERR_TOKEN_TOO_LARGE' },
  { name: 'a megabyte of nothing', token: () => encode('x'.repeat(750_000)), code: 'ERR_TOKEN_TOO_LARGE' },
])
