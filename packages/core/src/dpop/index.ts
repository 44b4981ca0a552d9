import type { Authenticator } from '../authenticator.ts'
import { partsOf } from '../authenticator-parts.ts'
import type { Scheme } from '../bearer.ts'
import type { Challenge } from '../challenge.ts'
import type { HttpRequest } from '../credentials.ts'
import { refused } from '../errors.ts'
import { createReplayStore } from '../replays.ts'
import type { VerifiedToken, Verifier } from '../types.ts'
import type { Watch } from '../watch.ts'
import { boundKeyOf } from './holder.ts'
import { createNonces, nonceHeaders } from './nonces.ts'
import type { DpopOptions } from './options.ts'
import { createProofVerifier } from './proof.ts'
import { baseOf } from './target.ts'

/** Takes tokens that are bound to a key from who proves to have it. */
export interface Dpop {
  readonly required: boolean
  /** How those are answered who come without a proof. */
  readonly challenge: Challenge
  /** The same, or another one for those who come with one. */
  challengeOf(request: HttpRequest): Challenge
  /**
   * Whose request it is, and what the answer must have in its header section.
   * @throws {AuthError} as `Verifier`; `ERR_DPOP_PROOF`, `ERR_DPOP_NONCE`, `ERR_STORE_UNAVAILABLE`
   */
  verify(token: string, request: HttpRequest): Promise<{ auth: VerifiedToken; headers: Record<string, string> }>
  /** Goes on verifying what has been let in; a newer token must be of the same key. @throws {AuthError} as `verify` */
  watch(token: string, request: HttpRequest): Promise<Watch>
}

/**
 * Makes what checks proofs of possession.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for what `createAuthenticator` has not made
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7
 */
export function createDpop(authenticator: Authenticator, challenge: Challenge, options: DpopOptions): Dpop {
  const parts = partsOf(authenticator, 'option dpop')
  const { clock } = parts
  const { maxAge = 60, required = false, replays = createReplayStore({ clock }) } = options
  const nonces = options.nonces === undefined ? undefined : createNonces(options.nonces, clock, maxAge)
  const bases = [options.baseUrl].flat().map(baseOf)
  const verifyProof = createProofVerifier({ ...parts, bases, maxAge, nonces, replays })
  const verifyBound = parts.verifyBound()
  const inWords = (...schemes: Scheme[]): Challenge => ({ ...challenge, schemes: required ? ['DPoP'] : schemes })
  const ofOthers = inWords('Bearer', 'DPoP')
  const ofProofs = { ...inWords('DPoP', 'Bearer'), ...(nonces !== undefined && { nonce: nonces.current }) }

  async function verify(token: string, request: HttpRequest) {
    const auth = await verifyBound(token, request)
    const { nonce } = await verifyProof(request, { token, jkt: boundKeyOf(auth.claims) as string })
    return { auth, headers: nonce === undefined ? {} : nonceHeaders(nonce) }
  }

  return {
    required,
    challenge: ofOthers,
    challengeOf: ({ headers }) => (/^dpop\b/i.test(String(headers.authorization)) ? ofProofs : ofOthers),
    verify,
    async watch(token, request) {
      const jkt = boundKeyOf((await verify(token, request)).auth.claims)
      const verifySame: Verifier = async (newer) => {
        const auth = await verifyBound(newer, request)
        if (boundKeyOf(auth.claims) === jkt) return auth
        throw refused('ERR_TOKEN_REFUSED', 'a watch is renewed with a token that is bound to the same key only')
      }
      return parts.watch(token, request, undefined, verifySame)
    },
  }
}
