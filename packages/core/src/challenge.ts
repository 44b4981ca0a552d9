import type { Scheme } from './bearer.ts'
import { proofAlgorithms } from './dpop/algorithms.ts'
import type { BearerError } from './errors.ts'

/** What an app says about itself in `WWW-Authenticate`. */
export interface Challenge {
  /** The protection space; a quoted string, so no control characters. */
  realm?: string
  /** Where the RFC 9728 document of this API is. */
  resourceMetadata?: string
  /** How a token may be sent; the first is how it was. Default: `Bearer` alone. */
  schemes?: readonly Scheme[]
  /** What proofs have to carry from now on; only where they have to. */
  nonce?: () => string
}

/**
 * Writes a `WWW-Authenticate` value from fixed texts: nothing of a token or a request enters it.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 * @see https://www.rfc-editor.org/rfc/rfc9728#section-5.1
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7.1
 */
export function formatChallenge(
  challenge: Challenge,
  error: BearerError | undefined,
  scopes: readonly string[] | undefined,
): string {
  const { schemes = ['Bearer'] } = challenge
  // Neither a broken request nor a bad token is helped by scopes.
  const help = error === 'insufficient_scope' || error === undefined ? scopes : undefined
  const one = (scheme: Scheme, index: number) => formatScheme(scheme, challenge, index === 0 ? error : undefined, help)
  return schemes.map(one).join(', ')
}

function formatScheme(
  scheme: Scheme,
  challenge: Challenge,
  error: BearerError | undefined,
  scopes: readonly string[] = [],
): string {
  const parameters: string[] = []
  if (challenge.realm !== undefined) parameters.push(`realm=${quote(challenge.realm)}`)
  if (error !== undefined) parameters.push(`error=${quote(error)}`)
  if (scopes.length > 0) parameters.push(`scope=${quote(scopes.join(' '))}`)
  if (challenge.resourceMetadata !== undefined)
    parameters.push(`resource_metadata=${quote(challenge.resourceMetadata)}`)
  if (scheme === 'DPoP') parameters.push(`algs=${quote(proofAlgorithms.join(' '))}`)
  return parameters.length > 0 ? `${scheme} ${parameters.join(', ')}` : scheme
}

// RFC 9110 section 5.6.4; what a header cannot carry is dropped rather than sent.
function quote(text: string): string {
  return `"${text.replace(/[^\t\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`
}
