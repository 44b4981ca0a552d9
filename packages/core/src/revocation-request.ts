import * as z from 'zod'
import { invalidOptions, readOptions } from './options.ts'
import type { Seconds } from './types.ts'

/**
 * What to revoke. `issuedBefore` is a time in seconds since the epoch; tokens issued earlier are refused. It defaults to the end
 * of the current second. A provider is named by its `name`, or by its issuer where several have one name.
 */
export type RevocationRequest =
  | { token: string }
  | { tokenId: string; provider?: string; expiresAt?: Seconds }
  | { session: string; provider?: string; expiresAt?: Seconds }
  | { subject: string; provider: string; issuedBefore?: Seconds }
  | { provider: string; issuedBefore?: Seconds }

const name = z.string('must be a text').min(1, 'must not be empty')
// A count of milliseconds, or of seconds from now, would revoke for ever, or nothing.
const time = z
  .number('must be a time in seconds since the epoch')
  .min(1e9, 'must be a time in seconds since the epoch')
  .max(1e11, 'must be a time in seconds since the epoch')
const requests = {
  token: z.strictObject({ token: name }),
  tokenId: z.strictObject({ tokenId: name, provider: name.optional(), expiresAt: time.optional() }),
  session: z.strictObject({ session: name, provider: name.optional(), expiresAt: time.optional() }),
  subject: z.strictObject({ subject: name, provider: name, issuedBefore: time.optional() }),
  provider: z.strictObject({ provider: name, issuedBefore: time.optional() }),
}

/**
 * Checks what is to be revoked. One name tells the kind, and every other must belong to it: a misspelt subject must not
 * revoke a whole provider.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function readRevocationRequest(what: RevocationRequest) {
  const kinds = Object.keys(requests) as (keyof typeof requests)[]
  const kind = kinds.find((one) => typeof what === 'object' && what !== null && one in what)
  if (kind === undefined) throw invalidOptions('revoke', `must name one of ${kinds.join(', ')}`)
  return readOptions('revoke', requests[kind], what)
}
