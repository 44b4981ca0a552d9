import { refused } from '../errors.ts'
import { isObject } from '../json.ts'
import type { Claims } from '../types.ts'

/** Whom a token is for: whoever bears it, or who has the key that it is bound to. */
export type Holder = 'bearer' | 'key' | 'any'

/**
 * Refuses a token that is for another holder. Bound to anything but one key, or to more than that, it is for nobody: as a bearer token it
 * may be stolen, and of no other bond a proof is checked here.
 * @throws {AuthError} `ERR_TOKEN_UNSUPPORTED`
 * @see https://www.rfc-editor.org/rfc/rfc7800#section-3
 */
export function assertHolder(claims: Claims, holder: Holder): void {
  const isBound = claims.cnf !== undefined
  if (!isBound && holder === 'key')
    throw refused('ERR_TOKEN_UNSUPPORTED', 'the token is bound to no key (cnf), so nothing proves whose it is')
  if (isBound && holder === 'bearer')
    throw refused(
      'ERR_TOKEN_UNSUPPORTED',
      'the token is bound to a key or a certificate (cnf), and came without a proof (option dpop)',
    )
  if (isBound && holder === 'key' && boundKeyOf(claims) === undefined)
    throw refused('ERR_TOKEN_UNSUPPORTED', 'the token is bound (cnf) to something else than one key (jkt)')
}

/**
 * The thumbprint of the one key that a token is bound to.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-6.1
 */
export function boundKeyOf({ cnf }: Claims): string | undefined {
  if (!isObject(cnf) || Object.keys(cnf).length !== 1) return undefined
  return typeof cnf.jkt === 'string' && /^[\w-]{43}$/.test(cnf.jkt) ? cnf.jkt : undefined
}
