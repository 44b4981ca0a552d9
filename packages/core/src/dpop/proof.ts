import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Algorithm } from '../algorithms.ts'
import type { AuthenticatorParts } from '../authenticator-parts.ts'
import type { HttpRequest } from '../credentials.ts'
import { AuthError, isAuthError } from '../errors.ts'
import { isName, isObject } from '../json.ts'
import { type CompactJws, readCompactJws } from '../jws.ts'
import { misuseOf, pick, readKey, thumbprintOf, type VerificationKey } from '../key.ts'
import type { Jwk } from '../provider.ts'
import type { ReplayStore } from '../replays.ts'
import type { Seconds } from '../types.ts'
import { proofAlgorithms } from './algorithms.ts'
import type { Nonces } from './nonces.ts'
import { normalize, targetsOf } from './target.ts'

interface ProofRules extends Pick<AuthenticatorParts, 'admit' | 'clock' | 'clockTolerance'> {
  readonly bases: readonly string[]
  readonly maxAge: Seconds
  readonly nonces: Nonces | undefined
  readonly replays: ReplayStore
}

/** What a proof has to be for. */
interface Bond {
  readonly token: string
  /** The thumbprint of the key that the token is bound to. */
  readonly jkt: string
}

const maxProofLength = 8 * 1024
const maxIdLength = 128
const maxKeys = 1000
// Remembered for so much longer than it is taken, beside what the clocks of two processes may differ.
const storeTime: Seconds = 5

/**
 * Makes what checks the proof of a request, each step of section 4.3. What costs nothing comes first, so that only who holds a token of
 * the same key has a signature verified, and only a proof that is good is remembered. Nothing that a proof says gets into a log.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.3
 */
export function createProofVerifier({ admit, clock, clockTolerance, bases, maxAge, nonces, replays }: ProofRules) {
  // By thumbprint, and only of those that a token was bound to: what else is in a JWK makes no other key of it, and to read one takes up to 1 ms.
  const keys = new LRUCache<string, VerificationKey>({ max: maxKeys })

  function keyOf(jwk: unknown, jkt: string, algorithm: Algorithm): VerificationKey {
    if (!isObject(jwk)) throw invalid('its jwk is no key')
    if (thumbprintOf(jwk as Jwk) !== jkt) throw invalid('the token is bound to another key')
    if (jwk.alg !== undefined && jwk.alg !== algorithm) throw invalid('its jwk is not for its alg')
    const misuse = misuseOf(jwk as Jwk)
    if (misuse !== undefined) throw invalid(`its jwk is ${misuse}`)
    const known = keys.get(jkt)
    if (known !== undefined) return known
    const key = readKey(pick(jwk as Jwk))
    if ('reason' in key) throw invalid(`its jwk is ${key.reason}`)
    keys.set(jkt, key)
    return key
  }

  function assertTime(iat: unknown): number {
    const now = clock.now() / 1000
    if (typeof iat !== 'number' || !Number.isFinite(iat)) throw invalid('iat is not a number')
    if (iat - clockTolerance > now) throw invalid('iat is ahead of our clock')
    const until = iat + maxAge + clockTolerance
    if (until <= now) throw invalid('it is too old (option dpop.maxAge)')
    return until
  }

  async function assertFirst(id: string, until: Seconds): Promise<void> {
    let isFirst: boolean
    try {
      isFirst = await replays.once(id, until)
    } catch (cause) {
      if (isAuthError(cause)) throw cause
      throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: 'option dpop.replays: the store has failed', cause })
    }
    if (!isFirst) throw invalid('it has been here before')
  }

  /** @throws {AuthError} `ERR_DPOP_PROOF`, `ERR_DPOP_NONCE`, `ERR_STORE_UNAVAILABLE`, `ERR_OVERLOADED` */
  return async (request: HttpRequest, { token, jkt }: Bond): Promise<{ readonly nonce?: string }> => {
    const jws = readProof(request.headers.dpop)
    const { claims, typ, offers } = jws
    if (typ !== 'dpop+jwt') throw invalid('typ is not dpop+jwt')
    const algorithm = proofAlgorithms.find((name) => name === jws.alg)
    if (algorithm === undefined) throw invalid(`alg is not one of ${proofAlgorithms.join(', ')}`)
    if (offers.length > 1) throw invalid('its header offers more than a jwk')
    const key = keyOf(jws.jwk, jkt, algorithm)
    if (!key.algorithms.includes(algorithm)) throw invalid('its jwk is not for its alg')
    if (typeof claims.htm !== 'string' || claims.htm !== request.method) throw invalid('htm is not the method')
    const uri = typeof claims.htu === 'string' ? normalize(claims.htu) : undefined
    if (uri === undefined || !targetsOf(request, bases).includes(uri))
      throw invalid(`htu is not the address of the request below ${bases.join(' or ')} (option dpop.baseUrl)`)
    assertTime(claims.iat)
    const { jti, nonce } = claims
    if (!isName(jti) || jti.length > maxIdLength)
      throw invalid(`jti is not a text of at most ${maxIdLength} characters`)
    if (claims.ath !== createHash('sha256').update(token).digest('base64url')) throw invalid('ath is of another token')
    const current = nonces?.current()
    if (nonces !== undefined && nonce !== current && nonce !== nonces.previous())
      throw new AuthError('ERR_DPOP_NONCE', { explanation: 'the proof has no nonce of ours, or an old one' })
    const verify = async () => ((await key.verify(algorithm, jws.signature, jws.signingInput)) ? key : undefined)
    if ((await admit(request, verify)) === undefined) throw invalid('the signature does not fit')
    // Once more: it may have waited for its turn until it was too old.
    const until = assertTime(claims.iat)
    await assertFirst(JSON.stringify(['dpop', jkt, jti]), until + clockTolerance + storeTime)
    return current === undefined || nonce === current ? {} : { nonce: current }
  }
}

// Node joins a repeated header with commas, of which a JWS has none.
function readProof(header: string | readonly string[] | undefined): CompactJws {
  if (header === undefined) throw invalid('there is none')
  if (typeof header !== 'string' || header.includes(',')) throw invalid('there is more than one')
  if (header.length > maxProofLength) throw invalid(`longer than ${maxProofLength} characters`)
  try {
    const jws = readCompactJws(header, true)
    if (jws !== undefined) return jws
  } catch (error) {
    if (isAuthError(error)) throw invalid(error.explanation ?? 'malformed')
    throw error
  }
  throw invalid('it is no JWT')
}

function invalid(explanation: string): AuthError {
  return new AuthError('ERR_DPOP_PROOF', { explanation: `the proof of the token: ${explanation}` })
}
