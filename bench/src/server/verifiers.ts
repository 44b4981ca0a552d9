import { createPublicKey } from 'node:crypto'
import { type Algorithm, createAuthenticator, type Jwks } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { JwtVerifier } from 'aws-jwt-verify'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import { createVerifier } from 'fast-jwt'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'

/** Whose tokens are verified. */
export interface IssuerFacts {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly algorithm: Extract<Algorithm, 'ES256' | 'ES384' | 'ES512' | 'RS256'>
}

/** Gives the subject of a good token, and throws for any other. */
export type Verify = (token: string) => string | undefined | Promise<string | undefined>

/** Libraries that verify a token and know no framework, each set up as its README has it and ready to go. */
export const verifiers = {
  async claviger({ issuer, audience, algorithm }) {
    const auth = createAuthenticator({ providers: [oidc({ issuer, audience, algorithms: [algorithm] })] })
    await auth.ready()
    return async (token) => (await auth.verify(token)).user.id
  },
  async jose({ issuer, audience, jwksUri, algorithm }) {
    const keys = createRemoteJWKSet(new URL(jwksUri))
    const checks = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt' }
    return async (token) => (await jwtVerify(token, keys, checks)).payload.sub
  },
  async 'aws-jwt-verify'({ issuer, audience, jwksUri }) {
    // Its own fetcher speaks HTTPS only.
    const fetcher = { fetch: async (uri: string) => await (await fetch(uri)).arrayBuffer() }
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache: new SimpleJwksCache({ fetcher }) })
    await verifier.hydrate()
    return async (token) => (await verifier.verify(token)).sub
  },
  async 'fast-jwt (cache)'({ issuer, audience, jwksUri, algorithm }) {
    const verify = createVerifier({
      key: await publicKeyAt(jwksUri),
      cache: 50_000,
      algorithms: [algorithm],
      allowedIss: issuer,
      allowedAud: audience,
    })
    return (token) => (verify(token) as { sub?: string }).sub
  },
  async jsonwebtoken({ issuer, audience, jwksUri, algorithm }) {
    const key = await publicKeyAt(jwksUri)
    return (token) => {
      const claims = jsonwebtoken.verify(token, key, { issuer, audience, algorithms: [algorithm] })
      return typeof claims === 'string' ? undefined : claims.sub
    }
  },
} satisfies Record<string, (issuer: IssuerFacts) => Promise<Verify>>

export type VerifierName = keyof typeof verifiers

async function publicKeyAt(jwksUri: string): Promise<string> {
  const { keys } = (await (await fetch(jwksUri)).json()) as Jwks
  return createPublicKey({ key: { ...keys[0] }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
}
