import { expect } from '@jest/globals'
import type { AuthErrorCode } from '../src/index.ts'
import { accepts, type Forge, type HostileToken, type OddToken, refuses, useForge } from './support/tokens.ts'

const forge = useForge()

// Written as JSON, since 1e400 and -0 cannot be said in another way.
const texts = ['"NaN"', '"9999999999"', '""', '" "', '"undefined"', '"null"', '"Infinity"']
const numbers = ['0', '-0', '-1', '1.5', '1e400', '-1e400', '9999999999']
const others = ['null', 'true', 'false', '[]', '{}', '[null]', '{"toString":"alice"}', '[["alice"]]']

/** A good token whose claim is this piece of JSON. */
function saying(claim: string, json: string) {
  return ({ raw, header, claims }: Forge) =>
    raw(JSON.stringify(header()), `${JSON.stringify(claims({ [claim]: undefined })).slice(0, -1)},"${claim}":${json}}`)
}

function rows(claim: string, values: readonly string[], code: AuthErrorCode): HostileToken[] {
  return values.map((json) => ({ name: `${claim} ${json}`, token: saying(claim, json), code }))
}

refuses('a registered claim of a wrong type', forge, [
  ...rows('iss', [...texts, ...numbers, ...others], 'ERR_TOKEN_ISSUER'),
  ...rows('sub', ['""', ...numbers, ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('aud', [...numbers, 'null', 'true', 'false', '{}', '[null]', '[["alice"]]', '[1]'], 'ERR_TOKEN_CLAIMS'),
  ...rows('aud', [...texts, '[]', '[""]'], 'ERR_TOKEN_AUDIENCE'),
  ...rows('exp', [...texts, '1e400', '-1e400', ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('exp', ['0', '-0', '-1', '1.5', '-1e308'], 'ERR_TOKEN_EXPIRED'),
  ...rows('nbf', [...texts, '1e400', '-1e400', ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('nbf', ['9999999999', '1e308'], 'ERR_TOKEN_NOT_YET_VALID'),
  ...rows('iat', [...texts, '1e400', '-1e400', ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('iat', ['9999999999', '1e308'], 'ERR_TOKEN_NOT_YET_VALID'),
  ...rows('auth_time', [...texts, '1e400', ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('jti', ['""', ...numbers, ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('client_id', ['""', ...numbers, ...others], 'ERR_TOKEN_CLAIMS'),
  ...rows('sid', ['""', ...numbers, ...others], 'ERR_TOKEN_CLAIMS'),
])

refuses('a name that is no text in any encoding', forge, [
  // Written to a database or a log, each lone surrogate becomes the same character: two users would be one.
  ...['sub', 'jti', 'sid', 'client_id'].flatMap((claim) =>
    rows(claim, ['"\\ud800"', '"alice\\udfff"', '"\\udc00\\ud800"'], 'ERR_TOKEN_CLAIMS'),
  ),
])

refuses('a claim of RFC 9068 that is missing', forge, [
  { name: 'iss', token: ({ token }) => token({ iss: undefined }), code: 'ERR_TOKEN_ISSUER' },
  ...['exp', 'sub', 'aud', 'client_id', 'iat', 'jti'].map(
    (claim): HostileToken => ({
      name: claim,
      token: ({ token }) => token({ [claim]: undefined }),
      code: 'ERR_TOKEN_CLAIMS',
    }),
  ),
  {
    name: 'exp, for a provider of older tokens',
    token: ({ token }) => token({ exp: undefined }, { typ: 'JWT' }),
    code: 'ERR_TOKEN_CLAIMS',
    profile: 'JWT',
  },
  {
    name: 'sub, for a provider of older tokens',
    token: ({ token }) => token({ sub: undefined }, { typ: 'JWT' }),
    code: 'ERR_TOKEN_CLAIMS',
    profile: 'JWT',
  },
  {
    name: 'aud, for a provider of older tokens',
    token: ({ token }) => token({ aud: undefined }, { typ: 'JWT' }),
    code: 'ERR_TOKEN_AUDIENCE',
    profile: 'JWT',
  },
  { name: 'all of them', token: ({ raw, header }) => raw(JSON.stringify(header()), '{}'), code: 'ERR_TOKEN_ISSUER' },
  {
    name: 'all but iss',
    token: ({ raw, header, issuer }) => raw(JSON.stringify(header()), JSON.stringify({ iss: issuer.issuer })),
    code: 'ERR_TOKEN_CLAIMS',
  },
])

/** A claim that may hold anything, and then means nothing. */
function harmless(claim: string, check: NonNullable<OddToken['check']>, values: readonly string[]): OddToken[] {
  return values.map((json) => ({ name: `${claim} ${json}`, token: saying(claim, json), check }))
}

const odd = [...numbers, ...others, '["admin",1]', '[{"name":"admin"}]']

accepts('an odd claim that grants nothing', forge, [
  ...harmless('scope', ({ user }) => expect(user.scopes).toEqual([]), ['""', '" "', ...odd]),
  ...harmless('scp', ({ user }) => expect(user.scopes).toEqual([]), ['""', '" "', ...odd]),
  ...harmless('roles', ({ user }) => expect(user.roles).toEqual([]), [
    '"admin"',
    '"admin user"',
    '{"admin":true}',
    ...odd,
  ]),
  ...harmless('permissions', ({ user }) => expect(user.permissions).toEqual([]), ['"machine:delete"', ...odd]),
  ...harmless('email', ({ user }) => expect(user).not.toHaveProperty('email'), ['""', ...odd]),
  ...harmless('name', ({ user }) => expect(user).not.toHaveProperty('name'), ['""', ...odd]),
])

accepts('claims at the edge of their type', forge, [
  { name: 'nbf of zero', token: saying('nbf', '0') },
  { name: 'nbf below zero', token: saying('nbf', '-1e308') },
  { name: 'iat with a fraction', token: ({ token, clock }) => token({ iat: clock.now() / 1000 - 0.5 }) },
  { name: 'exp with a fraction', token: ({ token, clock }) => token({ exp: clock.now() / 1000 + 0.5 }) },
  {
    name: 'sub with white space, which is part of it',
    token: saying('sub', '" alice"'),
    check: ({ user }) => expect(user.id).toBe(' alice'),
  },
  {
    name: 'sub with a null byte, which is part of it',
    token: saying('sub', '"alice\\u0000admin"'),
    check: ({ user }) => expect(user.id).toBe('alice\u0000admin'),
  },
  {
    name: 'sub of another script, which is not the same letter',
    token: saying('sub', '"\\u0430lice"'),
    check: ({ user }) => expect(user.id).not.toBe('alice'),
  },
])
