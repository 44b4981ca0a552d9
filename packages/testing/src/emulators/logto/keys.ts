import { createHash } from 'node:crypto'
import type { Jwk, Jwks } from '@claviger/core'
import { createTestKey, isSignedWith, signToken, type TestKey } from '../../keys.ts'

/** What an administrator of Logto chooses between. `EC` signs ES384, `RSA` signs RS256. */
export type LogtoKeyType = 'EC' | 'RSA'

/** The signing keys of a tenant: one that signs, and at most one that signed before. */
export interface LogtoKeys {
  /** Makes a new key sign, at once. The one before stays published; the one before that is gone. */
  rotate(type?: LogtoKeyType): Promise<void>
  jwks(): Jwks
  sign(header: Readonly<Record<string, string>>, claims: object): string
  /** True for a token that a published key has signed. */
  hasSigned(token: string): boolean
  /** What `id_token_signing_alg_values_supported` says. */
  idTokenAlgorithms(): string[]
  /** `at_hash` of an access token. @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken */
  hash(accessToken: string): string
}

/** Makes the first key, of the type EC. */
export async function createLogtoKeys(): Promise<LogtoKeys> {
  let current = await createKey('EC')
  let previous: TestKey | undefined

  const published = () => (previous === undefined ? [current] : [current, previous])

  return {
    async rotate(type = 'EC') {
      const next = await createKey(type)
      previous = current
      current = next
    },
    jwks: () => ({ keys: published().map(({ publicJwk }) => publicJwk) }),
    sign: (header, claims) => signToken({ alg: current.alg, ...header, kid: current.kid }, claims, current),
    hasSigned: (token) => published().some((key) => isSignedWith(token, key)),
    idTokenAlgorithms() {
      const types = published().map(({ publicJwk }) => publicJwk.kty)
      return [...(types.includes('RSA') ? ['PS256', 'RS256'] : []), ...(types.includes('EC') ? ['ES384'] : [])]
    },
    hash(accessToken) {
      const digest = createHash(current.alg === 'RS256' ? 'sha256' : 'sha384')
        .update(accessToken)
        .digest()
      return digest.subarray(0, digest.length / 2).toString('base64url')
    },
  }
}

async function createKey(type: LogtoKeyType): Promise<TestKey> {
  const key = await createTestKey(type === 'EC' ? 'ES384' : 'RS256')
  const { crv, x, y, e, n } = key.publicJwk
  // RFC 7638: the members a thumbprint is made of, in the order of their names.
  const members = type === 'EC' ? { crv, kty: type, x, y } : { e, kty: type, n }
  const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
  const common = { kty: type, use: 'sig', kid }
  // Logto gives no `alg` for RSA keys.
  const publicJwk: Jwk = type === 'EC' ? { ...common, alg: 'ES384', crv, x, y } : { ...common, e, n }
  return { ...key, kid, publicJwk }
}
