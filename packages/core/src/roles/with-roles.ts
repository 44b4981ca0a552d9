import type { CachingVerifier, Known } from '../cache.ts'
import type { HttpRequest } from '../credentials.ts'
import type { VerifiedToken, Verifier } from '../types.ts'
import type { Judgement, RoleDirectory } from './directory.ts'

interface Judged {
  readonly judgement: Judgement
  /** The same as the cache gives, with the user of the moment. */
  readonly known: Known
}

/**
 * Gives each user the roles of the moment, also when the token has been known for long. What a token says itself about permissions does
 * not count. Stands outside the cache, and inside of revocation.
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` for a user with roles while nobody can tell what they allow
 */
export function withRoles(verify: Verifier | CachingVerifier, directory: RoleDirectory): CachingVerifier {
  // By what the cache holds: a judgement ends with its token.
  const judged = new WeakMap<VerifiedToken, Judged>()

  function known(token: string): Known | undefined {
    const entry = 'known' in verify ? verify.known(token) : undefined
    if (entry === undefined) return undefined
    const before = judged.get(entry.verified)
    if (before?.judgement.alive) return before.known
    const judgement = directory.peek(entry.verified)
    if (judgement === undefined) return undefined
    const { verified } = judgement
    const now = { ...entry, verified, answer: Promise.resolve(verified) }
    judged.set(entry.verified, { judgement, known: now })
    return now
  }

  async function verifyAndJudge(token: string, request: HttpRequest | undefined): Promise<VerifiedToken> {
    return judge(directory, await verify(token, request))
  }

  return Object.assign(
    (token: string, request?: HttpRequest) => known(token)?.answer ?? verifyAndJudge(token, request),
    { known },
  )
}

/** The same token, with the roles of the moment. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
export async function judge(directory: RoleDirectory, verified: VerifiedToken): Promise<VerifiedToken> {
  return (directory.peek(verified) ?? (await directory.judge(verified))).verified
}
