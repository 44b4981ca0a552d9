import { expect, it } from '@jest/globals'
import { accepts, type HostileToken, type OddToken, refusalOf, refuses, useForge } from './support/tokens.ts'

const forge = useForge()

const idTokenSigns: Record<string, object> = {
  nonce: { nonce: 'n-1' },
  at_hash: { at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' },
  c_hash: { c_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' },
  s_hash: { s_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' },
  'token_use id (Cognito)': { token_use: 'id' },
  'typ ID (Keycloak)': { typ: 'ID' },
  'typ id in small letters': { typ: 'id' },
  'an empty nonce': { nonce: '' },
  'a nonce that is null': { nonce: null },
}

const otherSigns: Record<string, object> = {
  'a back-channel logout token': {
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    sid: 'session-1',
  },
  'a security event token': { events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} } },
  'typ Refresh (Keycloak)': { typ: 'Refresh' },
  'typ Offline (Keycloak)': { typ: 'Offline' },
  'typ Logout (Keycloak)': { typ: 'Logout' },
}

refuses('an ID token, for the API by its audience', forge, [
  {
    name: 'of a standard issuer',
    token: ({ issuer }) => issuer.idTokenFor({ audience: issuer.audience }),
    code: 'ERR_TOKEN_TYPE',
  },
  ...Object.entries(idTokenSigns).map(
    ([name, claims]): HostileToken => ({
      name: `told by ${name}`,
      token: ({ token }) => token(claims, { typ: 'JWT' }),
      code: 'ERR_TOKEN_TYPE',
      profile: 'JWT',
    }),
  ),
  {
    name: 'without typ, told by its nonce',
    token: ({ token }) => token({ nonce: 'n-1' }, { typ: undefined }),
    code: 'ERR_TOKEN_TYPE',
    profile: 'untyped',
  },
  {
    name: 'for its client alone, where older tokens are taken',
    token: ({ issuer }) => issuer.idTokenFor(),
    code: 'ERR_TOKEN_AUDIENCE',
    profile: 'JWT',
  },
])

refuses('another kind of token', forge, [
  ...Object.entries(otherSigns).map(
    ([name, claims]): HostileToken => ({
      name,
      token: ({ token }) => token(claims, { typ: 'JWT' }),
      code: 'ERR_TOKEN_TYPE',
      profile: 'JWT',
    }),
  ),
])

const wrongTypes = [
  'JWT',
  'jwt',
  'JOSE',
  'logout+jwt',
  'dpop+jwt',
  'secevent+jwt',
  'refresh+jwt',
  'id+jwt',
  'vc+sd-jwt',
  'JWE',
]
const nearTypes = [
  'at+jwt;x=1',
  'at-jwt',
  'at_jwt',
  'at jwt',
  'atjwt',
  'at+jwt ',
  ' at+jwt',
  'at+jwt\u0000',
  'at+jws',
  'bat+jwt',
  'at+jwts',
  'application/application/at+jwt',
  'text/at+jwt',
  'application/',
  '/at+jwt',
  'application%2Fat+jwt',
  'at%2Bjwt',
  'аt+jwt',
  '',
]

refuses('a typ that is not accepted', forge, [
  ...[...wrongTypes, ...nearTypes].map(
    (typ): HostileToken => ({
      name: JSON.stringify(typ),
      token: ({ token }) => token({}, { typ }),
      code: 'ERR_TOKEN_TYPE',
    }),
  ),
  { name: 'none', token: ({ token }) => token({}, { typ: undefined }), code: 'ERR_TOKEN_TYPE' },
  {
    name: 'none, where JWT is accepted',
    token: ({ token }) => token({}, { typ: undefined }),
    code: 'ERR_TOKEN_TYPE',
    profile: 'JWT',
  },
  {
    name: 'an empty one, where none is accepted',
    token: ({ token }) => token({}, { typ: '' }),
    code: 'ERR_TOKEN_TYPE',
    profile: 'untyped',
  },
  ...[null, 1, true, [], ['at+jwt'], {}].map(
    (typ): HostileToken => ({
      name: `that is no text: ${JSON.stringify(typ)}`,
      token: ({ token }) => token({}, { typ }),
      code: 'ERR_TOKEN_MALFORMED',
      profile: 'untyped',
    }),
  ),
])

it('tells in the log which option accepts a typ, and tells the client nothing', async () => {
  const error = await refusalOf(forge().authenticator(), forge().token({}, { typ: 'JWT' }))
  expect(error.explanation).toBe('typ is "JWT", accepted: at+jwt (option tokenTypes)')
  expect(JSON.stringify([error.message, error.headers, error])).not.toMatch(/typ is|tokenTypes/)
})

accepts('a typ that is accepted', forge, [
  ...['at+jwt', 'AT+JWT', 'At+Jwt', 'application/at+jwt', 'APPLICATION/AT+JWT'].map(
    (typ): OddToken => ({ name: typ, token: ({ token }) => token({}, { typ }) }),
  ),
  ...['JWT', 'jwt', 'application/jwt'].map(
    (typ): OddToken => ({ name: `${typ} by option`, token: ({ token }) => token({}, { typ }), profile: 'JWT' }),
  ),
  { name: 'none by option', token: ({ token }) => token({}, { typ: undefined }), profile: 'untyped' },
  {
    name: 'JWT by option, with the claims of a Keycloak access token',
    token: ({ token }) => token({ typ: 'Bearer', azp: 'web', sid: 'session-1' }, { typ: 'JWT' }),
    profile: 'JWT',
  },
  {
    name: 'at+jwt with claims that other kinds have too, since the typ tells',
    token: ({ token }) => token({ nonce: 'n-1', at_hash: 'x', events: {}, token_use: 'id', typ: 'ID' }),
  },
  {
    name: 'at+jwt with an authentication time, which is no sign of an ID token',
    token: ({ token, clock }) => token({ auth_time: Math.floor(clock.now() / 1000), acr: '2', amr: ['pwd'] }),
  },
])
