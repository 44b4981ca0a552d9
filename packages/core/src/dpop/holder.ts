import { refused } from '../errors.ts'
import { isObject } from '../json.ts'
import { restsOn, type Standing } from '../standing.ts'
import type { Claims } from '../types.ts'

/** Whom a token is for: whoever bears it, who has the key that it is bound to, or either. */
export type Holder = 'bearer' | 'key' | 'any'

/**
 * Refuses a token that is for another holder. Bound to anything but one key, or to more than that, it is for nobody: as a bearer token it
 * may be stolen, and of no other bond a proof is checked here.
 * @param standing - For how long nothing can come of it: so long the refusal may be remembered.
 * @throws {AuthError} `ERR_TOKEN_UNSUPPORTED`
 * @see https://www.rfc-editor.org/rfc/rfc7800#section-3
 */
export function assertHolder(claims: Claims, holder: Holder, standing: Standing): void {
  const fault = faultOf(claims, holder)
  if (fault !== undefined) throw restsOn(refused('ERR_TOKEN_UNSUPPORTED', `the token is bound to ${fault}`), standing)
}

function faultOf(claims: Claims, holder: Holder): string | undefined {
  if (claims.cnf === undefined) return holder === 'key' ? 'no key (cnf), so nothing proves whose it is' : undefined
  if (holder === 'bearer') return 'a key or a certificate (cnf), and came without a proof (option dpop)'
  return boundKeyOf(claims) === undefined ? 'something else than one key (cnf.jkt)' : undefined
}

/**
 * The thumbprint of the one key that a token is bound to.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-6.1
 */
export function boundKeyOf({ cnf }: Claims): string | undefined {
  if (!isObject(cnf) || Object.keys(cnf).length !== 1) return undefined
  return typeof cnf.jkt === 'string' && /^[\w-]{43}$/.test(cnf.jkt) ? cnf.jkt : undefined
}
