import type { BearerError } from './errors.ts'

/** What an app says about itself in `WWW-Authenticate`. */
export interface Challenge {
  /** The protection space; a quoted string, so no control characters. */
  realm?: string
  /** Where the RFC 9728 document of this API is. */
  resourceMetadata?: string
}

/**
 * Writes a `WWW-Authenticate` value from fixed texts: nothing of a token or a request enters it.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 * @see https://www.rfc-editor.org/rfc/rfc9728#section-5.1
 */
export function formatChallenge(
  challenge: Challenge,
  error: BearerError | undefined,
  scopes: readonly string[] | undefined,
): string {
  const parameters: string[] = []
  if (challenge.realm !== undefined) parameters.push(`realm=${quote(challenge.realm)}`)
  if (error !== undefined) parameters.push(`error=${quote(error)}`)
  // Neither a broken request nor a bad token is helped by them.
  const isHelp = error === 'insufficient_scope' || error === undefined
  if (isHelp && scopes !== undefined && scopes.length > 0) {
    parameters.push(`scope=${quote(scopes.join(' '))}`)
  }
  if (challenge.resourceMetadata !== undefined)
    parameters.push(`resource_metadata=${quote(challenge.resourceMetadata)}`)
  return parameters.length > 0 ? `Bearer ${parameters.join(', ')}` : 'Bearer'
}

// RFC 9110 section 5.6.4; what a header cannot carry is dropped rather than sent.
function quote(text: string): string {
  return `"${text.replace(/[^\t\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`
}
