import { sign as signBytes } from 'node:crypto'
import { inspect } from 'node:util'
import {
  createTestClock,
  createTestIssuer,
  createTestKey,
  type SigningKey,
  type TestClock,
  type TestIssuer,
  type TestKey,
} from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Algorithm,
  type AuthError,
  type AuthErrorCode,
  type Authenticator,
  createAuthenticator,
} from '../../src/index.ts'
import { type OidcOptions, oidc } from '../../src/providers/oidc.ts'
import type { VerifiedToken } from '../../src/types.ts'

/** How strictly the issuer's tokens are taken. */
const profiles = {
  /** The defaults: RFC 9068. */
  'at+jwt': {},
  /** For issuers older than RFC 9068. */
  JWT: { tokenTypes: ['at+jwt', 'JWT'] },
  untyped: { tokenTypes: ['at+jwt', 'JWT', null] },
  'RS256 only': { algorithms: ['RS256'] },
  'any audience': { audience: null },
} as const satisfies Record<string, Partial<OidcOptions>>

/** The name of a way to configure the issuer; `secret` verifies HS256 with the secret shared with it. */
export type Profile = keyof typeof profiles | 'secret'

/** One row: a token, how it is made, and what becomes of it. */
export interface HostileToken {
  readonly name: string
  readonly token: (forge: Forge) => string | Promise<string>
  readonly code: AuthErrorCode
  /** Default `at+jwt`. */
  readonly profile?: Profile
}

/** An odd token that is right all the same. */
export interface OddToken extends Omit<HostileToken, 'code'> {
  readonly check?: (verified: VerifiedToken, forge: Forge) => void
}

/** An issuer, authenticators that trust it, and an attacker's host that nobody may call. */
export interface Forge {
  readonly issuer: TestIssuer
  /** Published keys; the last two do not say which algorithm they are for. */
  readonly keys: Readonly<Record<'ES256' | 'RS256' | 'ES384' | 'EdDSA' | 'openRSA' | 'openEC', TestKey>>
  readonly attacker: TestIssuer
  readonly clock: TestClock
  /** Every address that was fetched. */
  readonly fetched: string[]
  authenticator(profile?: Profile): Authenticator
  /** A good header; `undefined` takes a member away. */
  header(more?: object): Record<string, unknown>
  /** Good claims; `undefined` takes one away. */
  claims(more?: object): Record<string, unknown>
  /** A good token but for these. */
  token(claims?: object, header?: object): string
  /** A good token whose header names this key and `says`, but signed with the key by another algorithm or key. */
  misnamed(key: TestKey, says: string, signs?: Algorithm, by?: SigningKey): string
  /** Signs any texts or bytes as header and payload with the issuer's ES256 key. */
  raw(header: string | Uint8Array, payload: string | Uint8Array): string
}

export function encode(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64url')
}

/** A token's three segments. */
export function split(token: string): [header: string, payload: string, signature: string] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return [header, payload, signature]
}

/** The same token with other bytes as its signature. */
export function resigned(token: string, change: (signature: Buffer) => Uint8Array): string {
  const [header, payload, signature] = split(token)
  return `${header}.${payload}.${encode(change(Buffer.from(signature, 'base64url')))}`
}

async function createForge(): Promise<Forge & { close(): Promise<void> }> {
  const clock = createTestClock()
  const issuer = await createTestIssuer({ clock })
  const attacker = await createTestIssuer({ clock })
  const keys = {
    ES256: issuer.current,
    RS256: await issuer.addKey('RS256'),
    ES384: await issuer.addKey('ES384'),
    EdDSA: await issuer.addKey('EdDSA'),
    openRSA: await createTestKey('RS256'),
    openEC: await createTestKey('ES256'),
  }
  for (const { publicJwk } of [keys.openRSA, keys.openEC]) issuer.publish({ ...publicJwk, alg: undefined })
  const fetched: string[] = []
  const common = {
    issuer: issuer.issuer,
    audience: issuer.audience,
    rolesFrom: 'roles',
    permissionsFrom: 'permissions',
  }
  const make = (options: Partial<OidcOptions>) =>
    createAuthenticator({
      providers: [oidc({ ...common, ...options })],
      clock,
      fetch(url, init) {
        fetched.push(url)
        return fetch(url, init)
      },
    })
  const authenticators = new Map<Profile, Authenticator>([['secret', make({ secret: issuer.secret })]])
  for (const [name, options] of Object.entries(profiles)) authenticators.set(name as Profile, make(options))

  const forge: Forge = {
    issuer,
    keys,
    attacker,
    clock,
    fetched,
    authenticator: (profile = 'at+jwt') => authenticators.get(profile) as Authenticator,
    header: (more = {}) => ({ alg: 'ES256', typ: 'at+jwt', kid: issuer.current.kid, ...more }),
    claims(more = {}) {
      const now = Math.floor(clock.now() / 1000)
      const good = { iss: issuer.issuer, sub: 'alice', aud: issuer.audience, client_id: issuer.clientId, jti: 'id-1' }
      return { ...good, iat: now, exp: now + 3600, ...more }
    },
    token: (claims, header) => issuer.sign(forge.header(header), forge.claims(claims)),
    misnamed: (key, says, signs = key.alg, by = key) =>
      issuer.sign(forge.header({ alg: says, kid: key.kid }), forge.claims(), { ...by, alg: signs }),
    raw(header, payload) {
      const input = `${encode(header)}.${encode(payload)}`
      const key = { key: issuer.current.signer as never, dsaEncoding: 'ieee-p1363' as const }
      return `${input}.${signBytes('sha256', Buffer.from(input), key).toString('base64url')}`
    },
  }
  await Promise.all([...authenticators.values()].map((one) => one.ready()))
  fetched.length = 0
  return {
    ...forge,
    async close() {
      for (const one of authenticators.values()) await one.close()
      await Promise.all([issuer.close(), attacker.close()])
    },
  }
}

/** One forge for the tests of a file. */
export function useForge(): () => Forge {
  let forge: Awaited<ReturnType<typeof createForge>> | undefined
  beforeAll(async () => {
    forge = await createForge()
  })
  afterAll(() => forge?.close())
  return () => forge as Forge
}

/** Each row is refused with its code, says nothing of itself to anybody, and makes us call nobody. */
export function refuses(title: string, forge: () => Forge, rows: readonly HostileToken[]): void {
  describe(title, () => {
    it.each(rows)('$name: $code', async ({ token: make, code, profile }) => {
      const token = await make(forge())
      const error = await refusalOf(forge().authenticator(profile), token)
      expect({ code: error.code, status: error.status }).toEqual({ code, status: 401 })
      expect(error.headers).toEqual({ 'WWW-Authenticate': 'Bearer error="invalid_token"' })
      expectSilence(error, token)
      expectNoCalls(forge())
    })
  })
}

/** Each row is verified: what is odd about it is allowed. */
export function accepts(title: string, forge: () => Forge, rows: readonly OddToken[]): void {
  describe(title, () => {
    it.each(rows)('$name', async ({ token: make, profile, check }) => {
      const verified = await forge()
        .authenticator(profile)
        .verify(await make(forge()))
      expect(verified.issuer).toBe(forge().issuer.issuer)
      check?.(verified, forge())
      expectNoCalls(forge())
    })
  })
}

/** The refusal of a token; fails the test when there is none, or when it is no `AuthError`. */
export async function refusalOf(authenticator: Pick<Authenticator, 'verify'>, token: string): Promise<AuthError> {
  const error: unknown = await authenticator.verify(token).then(
    () => 'the token was verified',
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'AuthError' })
  return error as AuthError
}

/** Nothing that is sent or logged holds the token, a part of it, or characters that could forge a log line. */
export function expectSilence(error: AuthError, token: string): void {
  const shown = inspect(error, { depth: 10, showHidden: true })
  const said = [error.message, error.explanation ?? '', JSON.stringify(error.headers), JSON.stringify(error), shown]
  const parts = [token, ...token.split('.')].filter((part) => part.length >= 12)
  for (const text of said) {
    for (const part of parts) expect(text).not.toContain(part)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u)
  }
  expect(error.explanation).not.toContain('\n')
  expect(error.explanation).not.toBe('')
}

function expectNoCalls({ fetched, issuer, attacker }: Forge): void {
  expect(fetched.filter((url) => url !== issuer.jwksUri)).toEqual([])
  expect(attacker.requests()).toBe(0)
}
