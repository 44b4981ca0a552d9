import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { readAuthenticatorOptions } from '../src/authenticator-options.ts'
import { createAuthenticator, createRevocationList, type JwtProfile, type Provider } from '../src/index.ts'
import { address, functionOf, readOptions, seconds, text } from '../src/options.ts'
import { oidc } from '../src/providers/oidc.ts'

const issuer = 'https://id.example.com'
const provider = oidc({ issuer, audience: 'api' })

/** The fault that is told of options, without the name of what was to be made. */
function faultOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    expect(error).toMatchObject({
      name: 'AuthError',
      code: 'ERR_OPTIONS_INVALID',
      status: 500,
      headers: {},
      expose: false,
    })
    return (error as Error).message.replace(/^\w+: /, '')
  }
  throw new Error('The options were taken.')
}

const faultOfText = (value: unknown) => faultOf(() => readOptions('make', z.strictObject({ a: text }), { a: value }))

describe('a text', () => {
  it.each([
    [undefined, 'option a: is missing (an unset environment variable?)'],
    ['', 'option a: must not be empty'],
    [null, 'option a: must be a text'],
    [5, 'option a: must be a text'],
    [['a'], 'option a: must be a text'],
    [' a', 'option a: must not begin or end with white space'],
    ['a\n', 'option a: must not begin or end with white space'],
    ['\ufeffa', 'option a: must not begin or end with white space'],
    // What templates, and people who have not filled them in yet, leave where a value belongs.
    ...[
      ...[
        'undefined',
        'null',
        'Todo',
        'placeholder',
        'example',
        'xxx',
        'XXXXXX',
        '...',
        'changeme',
        'change-me',
        'Replace_me',
      ],
      ...['your-api-key', 'YOUR_CLIENT_SECRET', 'your secret', 'api-key-here', 'YOUR_API_KEY_HERE', 'tenant id here'],
      ...['<client-secret>', '[api key]', '{clientSecret}', '\u0024{CLIENT_SECRET}', '%CLIENT_SECRET%'],
    ].map((value) => [value, 'option a: is a placeholder'] as const),
  ])('of %j is refused: %s', (value, fault) => {
    expect(faultOfText(value)).toBe(fault)
  })

  it.each(['a', 'api', 'examples', 'nullable', 'https://api.example.com', 'k3y{}x', 'todo-api', 'yours', '0', 'xx'])(
    'of %j is taken',
    (value) => expect(readOptions('make', z.strictObject({ a: text }), { a: value })).toEqual({ a: value }),
  )
})

describe('the names of options', () => {
  const nested = z.strictObject({ maxTokens: z.number(), maxBytes: z.number() }).partial()
  const schema = z.strictObject({
    audience: text.optional(),
    tokenTypes: z.array(text).optional(),
    cache: z.union([z.literal(false), nested]).optional(),
    keys: nested.optional(),
  })

  it.each([
    [{ audiance: 'x' }, 'unknown option audiance, did you mean audience?'],
    [{ Audience: 'x' }, 'unknown option Audience, did you mean audience?'],
    [{ aud: 'x' }, 'unknown option aud, did you mean audience?'],
    [{ token_types: [] }, 'unknown option token_types, did you mean tokenTypes?'],
    [{ somethingElse: 1 }, 'unknown option somethingElse'],
    [{ skew: 1 }, 'unknown option skew'],
    [{ constructor: 1 }, 'unknown option constructor'],
    [{ keys: { maxToken: 1 } }, 'unknown option keys.maxToken, did you mean maxTokens?'],
    [{ cache: { maxByte: 1 } }, 'unknown option cache.maxByte, did you mean maxBytes?'],
    [{ audiance: 'x', other: 1 }, 'unknown option audiance, did you mean audience?; unknown option other'],
  ])('%j is refused: %s', (options, fault) => {
    expect(faultOf(() => readOptions('make', schema, options))).toBe(fault)
  })

  it('are checked in an object from JSON too', () => {
    const options = JSON.parse('{"__proto__":{"audience":"api"}}')
    expect(faultOf(() => readOptions('make', schema, options))).toBe('unknown option __proto__')
  })
})

describe('what is expected', () => {
  const schema = z.strictObject({
    list: z.array(text).optional(),
    on: z.boolean().optional(),
    path: z.union([text, z.array(text)]).optional(),
    own: z.union([text, z.null()], 'must be a text or null').optional(),
    one: z.enum(['a', 'b']).optional(),
    url: address.optional(),
    time: seconds(1, 60).optional(),
    call: functionOf<() => void>().optional(),
  })

  it.each([
    [undefined, 'the options: is missing'],
    [null, 'the options: must be an object'],
    ['text', 'the options: must be an object'],
    [[], 'the options: must be an object'],
    [{ list: 'a' }, 'option list: must be a list'],
    [{ list: ['a', ''] }, 'option list.1: must not be empty'],
    [{ on: 1 }, 'option on: must be true or false'],
    [{ path: 5 }, 'option path: must be a text or must be a list'],
    [{ path: [''] }, 'option path.0: must not be empty'],
    [{ path: '' }, 'option path: must not be empty'],
    [{ own: 5 }, 'option own: must be a text or null'],
    [{ one: 'c' }, 'option one: must be one of a, b'],
    [{ url: 'id.example.com' }, 'option url: must be an http(s) URL'],
    [{ url: 'ftp://id.example.com' }, 'option url: must be an http(s) URL'],
    [{ url: 'javascript:alert(1)' }, 'option url: must be an http(s) URL'],
    [{ time: 0 }, 'option time: must be at least 1 s'],
    [{ time: 61 }, 'option time: must be at most 60 s'],
    [{ time: '5' }, 'option time: must be a number of seconds'],
    [{ time: Number.NaN }, 'option time: must be a number of seconds'],
    [{ time: Number.POSITIVE_INFINITY }, 'option time: must be a number of seconds'],
    [{ call: 'f' }, 'option call: must be a function'],
    [{ on: 1, time: 0 }, 'option on: must be true or false; option time: must be at least 1 s'],
  ])('%j is refused: %s', (options, fault) => {
    expect(faultOf(() => readOptions('make', schema, options))).toBe(fault)
  })
})

it.each([
  ['with words of its own', z.union([text, z.null()], 'must be a text or null'), 'is missing; must be a text or null'],
  ['without', z.union([z.string(), z.null()]), 'is missing'],
  ['with words for that', z.union([text, z.null()], 'is missing; null for none'), 'is missing; null for none'],
])('what has several forms and is missing is said to be missing, %s', (_, a, fault) => {
  expect(faultOf(() => readOptions('make', z.strictObject({ a }), {}))).toBe(`option a: ${fault}`)
})

describe('createAuthenticator', () => {
  const fixed = { providers: [provider] }

  it.each([
    [{}, /option providers: is missing: \[oidc\(\{ issuer, audience \}\)\]/],
    [{ providers: [] }, /option providers: must name at least one/],
    [{ providers: provider }, /option providers: must be a list/],
    [{ providers: [{ issuer, audience: 'api' }] }, /option providers\.0: must be what a provider factory such as oidc/],
    [{ providers: [provider, undefined] }, /option providers\.1: must be what a provider factory/],
    [{ ...fixed, provider }, /unknown option provider, did you mean providers\?/],
    [{ ...fixed, clockTolerence: 5 }, /unknown option clockTolerence, did you mean clockTolerance\?/],
    [{ ...fixed, clockTolerance: -1 }, /clockTolerance: must be at least 0 s/],
    [{ ...fixed, clockTolerance: 301 }, /clockTolerance: must be at most 300 s/],
    [{ ...fixed, clockTolerance: '5' }, /clockTolerance: must be a number of seconds/],
    [{ ...fixed, maxTokenLifetime: 59 }, /maxTokenLifetime: must be at least 60 s/],
    [{ ...fixed, timeout: 0 }, /timeout: must be at least 0\.01 s/],
    [{ ...fixed, timeout: 61 }, /timeout: must be at most 60 s/],
    [{ ...fixed, cache: true }, /option cache: must be false or must be an object/],
    [{ ...fixed, cache: { maxTokens: 0 } }, /cache\.maxTokens: must be at least 1/],
    [{ ...fixed, cache: { maxTokens: 1.5 } }, /cache\.maxTokens: must be a whole number/],
    [{ ...fixed, cache: { maxAge: 0 } }, /cache\.maxAge: must be at least 1 s/],
    [{ ...fixed, cache: { maxToken: 5 } }, /unknown option cache\.maxToken, did you mean maxTokens\?/],
    [{ ...fixed, keys: { cooldwn: 5 } }, /unknown option keys\.cooldwn, did you mean cooldown\?/],
    [{ ...fixed, keys: { cooldown: 0 } }, /keys\.cooldown: must be at least 1 s/],
    [{ ...fixed, keys: { staleIfError: -1 } }, /keys\.staleIfError: must be at least 0 s/],
    [{ ...fixed, fetch: 'fetch' }, /option fetch: must be a function/],
    [{ ...fixed, clock: Date }, /option clock: must be a Clock/],
    [{ ...fixed, revocations: [] }, /option revocations: must be a RevocationList/],
    [{ ...fixed, revocations: { isRevoked() {}, close() {} } }, /option revocations: must be a RevocationList/],
    [{ ...fixed, revocations: { isRevoked() {}, add() {} } }, /option revocations: must be a RevocationList/],
  ])('refuses %j', (options, fault) => {
    expect(faultOf(() => createAuthenticator(options as never))).toMatch(fault)
  })

  it('takes all its options at once', async () => {
    const clock = { now: Date.now, monotonic: () => performance.now(), after: () => () => {} }
    const revocations = createRevocationList({ clock })
    const cache = { maxTokens: 1, maxBytes: 1, maxAge: 1 }
    const keys = { cooldown: 1, staleIfError: 0 }
    const times = { clockTolerance: 300, maxTokenLifetime: 60, timeout: 1 }
    await createAuthenticator({ ...fixed, cache, keys, revocations, clock, fetch, ...times }).close()
  })

  const made = (name: string, more: object) => oidc({ issuer, audience: 'api', name, ...more })
  it.each<[string, Provider, Provider, string]>([
    ['for the same audience', made('a', {}), made('b', {}), 'api'],
    ['where the first takes any', made('a', { audience: null }), made('b', {}), 'any audience'],
    ['where the second takes any', made('a', {}), made('b', { audience: null }), 'any audience'],
    ['for an audience of several', made('a', { audience: ['x', 'y'] }), made('b', { audience: ['y', 'z'] }), 'y'],
    [
      'by an alias',
      made('a', { jwksUri: issuer }),
      made('b', { issuer: 'https://b', issuerAliases: [issuer], jwksUri: issuer }),
      'api',
    ],
  ])('refuses two providers of one issuer %s: one would never be asked', (_, first, second, audience) => {
    expect(faultOf(() => createAuthenticator({ providers: [first, second] }))).toBe(
      `providers a and b both take tokens of ${issuer} for ${audience}: the second would never be asked`,
    )
  })

  const opaque: Provider = {
    name: 'opaque',
    issuer,
    opaque: { verify: async () => ({ active: false, explanation: 'never heard of it' }) },
  }
  const choosy: Provider = {
    ...made('choosy', {}),
    jwt: { ...(made('choosy', {}).jwt as JwtProfile), audience: (audience) => audience.startsWith('urn:') },
  }
  it.each<[string, Provider, Provider]>([
    ['for other audiences', made('a', {}), made('b', { audience: 'other' })],
    ['with other keys', made('a', {}), made('b', { jwksUri: 'https://id.example.com/other' })],
    ['where the first may refuse by a rule of its own', made('a', { validate: () => undefined }), made('b', {})],
    ['of another issuer', made('a', {}), made('b', { issuer: 'https://other.example.com' })],
    ['of which the first takes no JWT', opaque, made('b', {})],
    ['of which the second takes no JWT', made('a', {}), opaque],
    ['of which the first looks at each audience', choosy, made('b', {})],
    ['of which the second looks at each audience', made('a', {}), choosy],
  ])('takes two providers %s', async (_, first, second) => {
    await createAuthenticator({ providers: [first, second] }).close()
  })

  it('takes a limit that is undefined, as of a variable that is not set, for one that is not given', () => {
    const { keys, cache, admission } = readAuthenticatorOptions({ providers: [provider] })
    const unset = (limits: object = {}) => Object.fromEntries(Object.keys(limits).map((name) => [name, undefined]))
    const options = { keys: unset(keys), cache: unset(cache), admission: unset(admission) }
    const read = readAuthenticatorOptions({ providers: [provider], ...options })
    expect([read.keys, read.cache]).toEqual([keys, cache])
    expect({ ...read.admission, sourceOf: 'the address' }).toEqual({ ...admission, sourceOf: 'the address' })
  })

  it('never repeats a secret', () => {
    const secret = 'hunter2-hunter2'
    for (const options of [{ secret }, { secret, algorithms: ['RS256'] }, { secret: ` ${secret}`, jwks: secret }]) {
      expect(faultOf(() => oidc({ issuer, audience: 'api', ...options } as never))).not.toContain('hunter2')
    }
  })
})
