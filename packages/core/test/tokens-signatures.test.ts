import { sign as signBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { type Forge, type HostileToken, refusalOf, refuses, resigned, split, useForge } from './support/tokens.ts'

const forge = useForge()

// The orders of P-256 and of the Ed25519 group.
const p256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const ed25519 = 2n ** 252n + 27742317777372353535851937790883648493n

const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytes = (value: bigint, length: number) => Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
const halves = (signature: Buffer) => [signature.subarray(0, 32), signature.subarray(32)] as const
const join = (...parts: Uint8Array[]) => Buffer.concat(parts)

/** r and s, as ES256 has them, changed. */
function scalars(change: (r: bigint, s: bigint) => readonly [bigint, bigint]) {
  return (signature: Buffer) => {
    const [r, s] = halves(signature)
    return join(...change(number(r), number(s)).map((value) => bytes(value, 32)))
  }
}

const negated = scalars((r, s) => [r, p256 - s])

const es256: Record<string, (signature: Buffer) => Uint8Array> = {
  'zeros (CVE-2022-21449)': () => Buffer.alloc(64),
  'r of zero': scalars((_, s) => [0n, s]),
  's of zero': scalars((r) => [r, 0n]),
  'r and s of one': scalars(() => [1n, 1n]),
  'r and s of the order': scalars(() => [p256, p256]),
  'r plus the order': scalars((r, s) => [(r + p256) % 2n ** 256n, s]),
  'r and s swapped': scalars((r, s) => [s, r]),
  'r negated': scalars((r, s) => [p256 - r, s]),
  'both negated': scalars((r, s) => [p256 - r, p256 - s]),
  'ones all over': () => Buffer.alloc(64, 0xff),
  'one bit flipped': (signature) => join(Buffer.from([(signature[0] ?? 0) ^ 1]), signature.subarray(1)),
  'one byte': (signature) => signature.subarray(0, 1),
  'its first half': (signature) => halves(signature)[0],
  'its last byte missing': (signature) => signature.subarray(0, 63),
  'a byte more': (signature) => join(signature, Buffer.from([0])),
  'a byte before': (signature) => join(Buffer.from([0]), signature),
  'each half a byte longer': (signature) => join(...halves(signature).flatMap((half) => [Buffer.from([0]), half])),
  'itself twice': (signature) => join(signature, signature),
  'the size of a P-384 signature': (signature) =>
    join(...halves(signature).flatMap((half) => [Buffer.alloc(16), half])),
  '12 KiB': () => Buffer.alloc(9 * 1024, 1),
}

/** The signature of another key kind, changed. */
function resign(key: 'RS256' | 'EdDSA', change: (signature: Buffer, forge: Forge) => Uint8Array) {
  return (forge: Forge) => resigned(forge.misnamed(forge.keys[key], key), (signature) => change(signature, forge))
}

refuses('a signature that is not the one', forge, [
  ...Object.entries(es256).map(
    ([name, change]): HostileToken => ({
      name: `ES256, ${name}`,
      token: ({ token }) => resigned(token(), change),
      code: 'ERR_TOKEN_SIGNATURE',
    }),
  ),
  {
    name: 'ES256, a good signature in DER',
    token: ({ token, keys }) => {
      const input = split(token()).slice(0, 2).join('.')
      return `${input}.${signBytes('sha256', Buffer.from(input), keys.ES256.signer as never).toString('base64url')}`
    },
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'ES256, a good signature of the payload alone',
    token: ({ token, keys }) => {
      const [header, payload] = split(token())
      const key = { key: keys.ES256.signer as never, dsaEncoding: 'ieee-p1363' as const }
      return `${header}.${payload}.${signBytes('sha256', Buffer.from(payload), key).toString('base64url')}`
    },
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'ES256, the good signature of another token',
    token: ({ token }) =>
      `${split(token({ sub: 'root' }))
        .slice(0, 2)
        .join('.')}.${split(token())[2]}`,
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'ES256, the payload of another token in between',
    token: ({ token }) => [split(token())[0], split(token({ sub: 'root' }))[1], split(token())[2]].join('.'),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  { name: 'RS256, zeros', token: resign('RS256', () => Buffer.alloc(256)), code: 'ERR_TOKEN_SIGNATURE' },
  { name: 'RS256, one', token: resign('RS256', () => bytes(1n, 256)), code: 'ERR_TOKEN_SIGNATURE' },
  { name: 'RS256, a byte short', token: resign('RS256', (one) => one.subarray(1)), code: 'ERR_TOKEN_SIGNATURE' },
  {
    name: 'RS256, a zero byte before',
    token: resign('RS256', (one) => join(Buffer.from([0]), one)),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'RS256, plus the modulus',
    token: resign('RS256', (one, { keys }) => {
      const sum = number(one) + number(Buffer.from(String(keys.RS256.publicJwk.n), 'base64url'))
      return bytes(sum, sum >= 2n ** 2048n ? 257 : 256)
    }),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'RS256, the modulus less it',
    token: resign('RS256', (one, { keys }) =>
      bytes(number(Buffer.from(String(keys.RS256.publicJwk.n), 'base64url')) - number(one), 256),
    ),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  { name: 'EdDSA, zeros', token: resign('EdDSA', () => Buffer.alloc(64)), code: 'ERR_TOKEN_SIGNATURE' },
  {
    name: 'EdDSA, the identity as R and zero as S',
    token: resign('EdDSA', () => join(Buffer.from([1]), Buffer.alloc(63))),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  { name: 'EdDSA, a byte short', token: resign('EdDSA', (one) => one.subarray(1)), code: 'ERR_TOKEN_SIGNATURE' },
  {
    name: 'EdDSA, S plus the order',
    token: resign('EdDSA', (one) => {
      const s = number(Uint8Array.from(one.subarray(32)).reverse())
      return join(one.subarray(0, 32), bytes(s + ed25519, 32).reverse())
    }),
    code: 'ERR_TOKEN_SIGNATURE',
  },
  {
    name: 'HS256, half of it',
    token: ({ issuer }) => resigned(issuer.tokenFor({ alg: 'HS256' }), (one) => one.subarray(0, 16)),
    code: 'ERR_TOKEN_SIGNATURE',
    profile: 'secret',
  },
  {
    name: 'HS256, twice',
    token: ({ issuer }) => resigned(issuer.tokenFor({ alg: 'HS256' }), (one) => join(one, one)),
    code: 'ERR_TOKEN_SIGNATURE',
    profile: 'secret',
  },
])

// An ECDSA signature (r, s) can be turned into (r, n - s) by anybody, and both are signatures by FIPS 186. Half of all issuers'
// signatures have the larger s, so refusing it would refuse good tokens. It says the same of the same user until the same
// time; all that differs is the text. So nothing that is meant to hold for a token may hang on its signature's text:
// the cache then holds it twice, which is harmless, but a revocation has to reach both.
describe('an ES256 token with its signature negated', () => {
  const authenticator = (options = {}) => {
    const { issuer, clock } = forge()
    return createAuthenticator({
      providers: [
        oidc({ issuer: issuer.issuer, audience: issuer.audience, tokenTypes: ['at+jwt', 'JWT'], ...options }),
      ],
      clock,
    })
  }

  it('says what the token says', async () => {
    const auth = authenticator()
    const token = forge().token()
    const twin = resigned(token, negated)
    expect(twin).not.toBe(token)
    expect((await auth.verify(twin)).claims).toEqual((await auth.verify(token)).claims)
    await auth.close()
  })

  it.each([
    ['with a jti', { jti: 'id-of-twins' }],
    ['without a jti', { jti: undefined }],
  ])('is revoked with it, %s', async (_, claims) => {
    const auth = authenticator()
    const token = forge().token(claims)
    const twin = resigned(token, negated)
    await auth.verify(twin)
    await auth.revoke({ token })
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED', status: 401 })
    expect(await refusalOf(auth, twin)).toMatchObject({ code: 'ERR_TOKEN_REVOKED', status: 401 })
    await auth.close()
  })

  it('is revoked with it while nothing can be verified', async () => {
    const { issuer } = forge()
    const auth = authenticator()
    const token = forge().token({ jti: 'id-in-an-outage' })
    issuer.fail('all', 'reset')
    await auth.revoke({ token })
    issuer.heal()
    await forge().clock.advance(10)
    expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    expect(await refusalOf(auth, resigned(token, negated))).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
    await auth.close()
  })
})
