import { createPublicKey } from 'node:crypto'
import { cpus } from 'node:os'
import { createAuthenticator } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { createTestIssuer } from '@claviger/testing'
import { createVerifier } from 'fast-jwt'

/** What one warm verification costs, in microseconds: the median of the rounds. */
export interface WarmFigures {
  readonly algorithm: string
  readonly tokens: number
  readonly claviger: number
  readonly fastJwt: number
  /** Ours, of fast-jwt's. */
  readonly ratio: number
}

/** Verifies known tokens with Claviger and with fast-jwt's cache, in turns, in one process. */
export async function warm(algorithm: 'ES384' | 'RS256', tokens: number, rounds: number): Promise<WarmFigures> {
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
  const claviger = median(ours)
  const fast = median(theirs)
  return { algorithm, tokens, claviger, fastJwt: fast, ratio: claviger / fast }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** What the figures were measured on. */
export function machine(): string {
  return `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
}
