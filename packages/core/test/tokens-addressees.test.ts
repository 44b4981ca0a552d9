import { expect } from '@jest/globals'
import { accepts, type Forge, type HostileToken, type OddToken, refuses, useForge } from './support/tokens.ts'

const forge = useForge()

/** Ways to write an issuer that look, or resolve, like it. */
const issuers: Record<string, (issuer: string, forge: Forge) => string> = {
  'with a slash behind': (issuer) => `${issuer}/`,
  'with a path behind': (issuer) => `${issuer}/realms/other`,
  'with a query behind': (issuer) => `${issuer}?`,
  'with a fragment behind': (issuer) => `${issuer}#`,
  'with a blank behind': (issuer) => `${issuer} `,
  'with a null byte behind': (issuer) => `${issuer}\u0000`,
  'with a null byte and a lie behind': (issuer) => `${issuer}\u0000.attacker.example`,
  'with a host behind': (issuer) => `${issuer}.attacker.example`,
  'with a line break behind': (issuer) => `${issuer}\n`,
  'with a zero-width blank within': (issuer) => issuer.replace('127', '127\u200b'),
  'in capitals': (issuer) => issuer.toUpperCase(),
  'with its scheme in capitals': (issuer) => issuer.replace('http', 'HTTP'),
  'with https for http': (issuer) => issuer.replace('http', 'https'),
  'without scheme': (issuer) => issuer.replace('http:', ''),
  'as its host alone': (issuer) => new URL(issuer).host,
  'with another port': (issuer) => issuer.replace(/\d+$/, '1'),
  'without port': (issuer) => issuer.replace(/:\d+$/, ''),
  'with a user before the host': (issuer) => issuer.replace('//', '//user@'),
  'as the user of an attacker’s host': (issuer) => `${issuer}@attacker.example`,
  'with its host as a number': (issuer) => issuer.replace('127.0.0.1', '2130706433'),
  'with its host in IPv6': (issuer) => issuer.replace('127.0.0.1', '[::ffff:127.0.0.1]'),
  'with another name of its host': (issuer) => issuer.replace('127.0.0.1', 'localhost'),
  'with a full-width digit': (issuer) => issuer.replace('1', '\uff11'),
  'with an ideographic full stop': (issuer) => issuer.replace('.', '\u3002'),
  'with a dot segment': (issuer) => `${issuer}/.`,
  'cut by a character': (issuer) => issuer.slice(0, -1),
  twice: (issuer) => `${issuer}${issuer}`,
  'as an attacker’s issuer': (_, { attacker }) => attacker.issuer,
  'as the name of the provider': () => 'oidc',
  'as __proto__': () => '__proto__',
  'as constructor': () => 'constructor',
  'as nothing': () => '',
  'as 4 KiB of letters': () => 'x'.repeat(4096),
}

refuses('an issuer that is only like a configured one', forge, [
  ...Object.entries(issuers).map(
    ([name, change]): HostileToken => ({
      name,
      token: (forge) => forge.token({ iss: change(forge.issuer.issuer, forge) }),
      code: 'ERR_TOKEN_ISSUER',
    }),
  ),
  {
    name: 'an attacker’s issuer with the attacker’s key, which nobody asks for',
    token: ({ attacker }) => attacker.tokenFor(),
    code: 'ERR_TOKEN_ISSUER',
  },
  {
    name: 'the issuer, signed by another issuer',
    token: ({ issuer, attacker }) => attacker.tokenFor({ audience: issuer.audience, claims: { iss: issuer.issuer } }),
    code: 'ERR_TOKEN_KEY',
  },
])

/** Ways to write an audience that look like it. */
const audiences: Record<string, (audience: string) => unknown> = {
  'with a slash behind': (audience) => `${audience}/`,
  'with more behind': (audience) => `${audience}.attacker.example`,
  'with something before': (audience) => `x${audience}`,
  'cut by a character': (audience) => audience.slice(0, -1),
  'in capitals': (audience) => audience.toUpperCase(),
  'with a blank behind': (audience) => `${audience} `,
  'with a null byte behind': (audience) => `${audience}\u0000`,
  'in a text with another': (audience) => `https://other.example ${audience}`,
  'in a text with a comma': (audience) => `${audience},https://other.example`,
  'as JSON in a text': (audience) => JSON.stringify([audience]),
  'as the wild card': () => '*',
  'as its host': (audience) => new URL(audience).host,
  'as a list of near misses': (audience) => [`${audience}/`, audience.slice(0, -1), audience.toUpperCase(), ''],
  'as a list of a hundred others': () => Array.from({ length: 100 }, (_, i) => `https://api-${i}.example`),
  'as an empty list': () => [],
  'as nothing': () => '',
}

refuses('an audience that is only like this API', forge, [
  ...Object.entries(audiences).map(
    ([name, change]): HostileToken => ({
      name,
      token: ({ token, issuer }) => token({ aud: change(issuer.audience) }),
      code: 'ERR_TOKEN_AUDIENCE',
    }),
  ),
  {
    name: 'as the client that got the token',
    token: ({ token, issuer }) => token({ aud: issuer.clientId }),
    code: 'ERR_TOKEN_AUDIENCE',
  },
  {
    name: 'as the issuer',
    token: ({ token, issuer }) => token({ aud: issuer.issuer }),
    code: 'ERR_TOKEN_AUDIENCE',
  },
])

accepts('an audience that names this API', forge, [
  { name: 'among others', token: ({ token, issuer }) => token({ aud: ['https://other.example', issuer.audience] }) },
  { name: 'twice', token: ({ token, issuer }) => token({ aud: [issuer.audience, issuer.audience] }) },
  {
    name: 'or another, where null is written',
    token: ({ token }) => token({ aud: 'https://other.example' }),
    profile: 'any audience',
  },
  { name: 'or none, where null is written', token: ({ token }) => token({ aud: undefined }), profile: 'any audience' },
])

const lookalikes = [
  'Admin',
  'ADMIN',
  'admin ',
  ' admin',
  'administrator',
  'adminx',
  'xadmin',
  'adm',
  'admin\u0000',
  '\u0430dmin',
  'ad\u00admin',
]

// None of them is refused: the user simply does not have the role, the permission or the scope.
accepts('names of rights that are only like "admin"', forge, [
  ...[...lookalikes, 'admin,user', 'admin user'].map(
    (name): OddToken => ({
      name: `the role ${JSON.stringify(name)}`,
      token: ({ token }) => token({ roles: [name] }),
      check({ user }) {
        expect(user.roles.map((role) => role.name)).toEqual([name])
        expect(user.roles.some((role) => role.name === 'admin' || role.id === 'admin')).toBe(false)
      },
    }),
  ),
  ...['machine:deleted', 'machine:*', '*', 'machine', 'Machine:delete', 'machine:delete '].map(
    (name): OddToken => ({
      name: `the permission ${JSON.stringify(name)}`,
      token: ({ token }) => token({ permissions: [name] }),
      check: ({ user }) => expect(user.permissions).toEqual([name]),
    }),
  ),
  ...lookalikes
    .filter((name) => name.trim() === name)
    .map(
      (name): OddToken => ({
        name: `the scope ${JSON.stringify(name)}`,
        token: ({ token }) => token({ scope: `read ${name}` }),
        check: ({ user }) => expect(user.scopes).toEqual(['read', name]),
      }),
    ),
  ...['\t', '\n', '\u00a0', ',', '+'].map(
    (mark): OddToken => ({
      name: `the scopes read and admin with ${JSON.stringify(mark)} between, which are one`,
      token: ({ token }) => token({ scope: `read${mark}admin` }),
      check: ({ user }) => expect(user.scopes).toEqual([`read${mark}admin`]),
    }),
  ),
])
