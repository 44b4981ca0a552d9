import { createPublicKey } from 'node:crypto'
import { createAuthenticator } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { createTestIssuer } from '@claviger/testing'
import { createVerifier } from 'fast-jwt'
import { atMost, type Claim, type Result, type Row, type RunOptions } from '../scenario.ts'
import { median } from '../statistics.ts'

/** Verifies known tokens with Claviger and with fast-jwt's cache, in turns, in one process. */
export async function warm({ quick, rounds = 30 }: RunOptions): Promise<Result> {
  const rows: Row[] = []
  const claims: Claim[] = []
  for (const algorithm of ['ES384', 'RS256'] as const) {
    const { claviger, fastJwt } = await measure(algorithm, quick ? 200 : 10_000, quick ? 3 : rounds)
    const ratio = claviger / fastJwt
    rows.push(
      { setting: algorithm, subject: 'claviger', values: { 'µs per verification': claviger, 'of fast-jwt': ratio } },
      { setting: algorithm, subject: 'fast-jwt (cache)', values: { 'µs per verification': fastJwt, 'of fast-jwt': 1 } },
    )
    claims.push(
      atMost(`${algorithm}: a warm verify takes at most 1 µs`, claviger, 1),
      atMost(`${algorithm}: at most a fifth of fast-jwt's cached one`, ratio, 0.2),
    )
  }
  return { rows, claims }
}

async function measure(algorithm: 'ES384' | 'RS256', tokens: number, rounds: number) {
  const issuer = await createTestIssuer({ algorithms: [algorithm] })
  const auth = createAuthenticator({ providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })] })
  const known = Array.from({ length: tokens }, (_, index) =>
    issuer.tokenFor({ subject: `user-${index}`, scopes: ['read', 'write'], roles: ['admin'] }),
  )
  const [jwk] = issuer.jwks().keys
  if (jwk === undefined) throw new Error('the issuer has no key')
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const fastJwt = createVerifier({ key, cache: tokens, allowedIss: issuer.issuer, allowedAud: issuer.audience })

  const ours: number[] = []
  const theirs: number[] = []
  for (let round = -2; round < rounds; round += 1) {
    const first = performance.now()
    for (const token of known) await auth.verify(token)
    const second = performance.now()
    for (const token of known) fastJwt(token)
    const third = performance.now()
    if (round < 0) continue // the first rounds verify, and warm up
    ours.push(((second - first) / tokens) * 1000)
    theirs.push(((third - second) / tokens) * 1000)
  }
  await auth.close()
  await issuer.close()
  return { claviger: median(ours), fastJwt: median(theirs) }
}
