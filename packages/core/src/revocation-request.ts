import * as z from 'zod'
import type { Clock } from './clock.ts'
import { isAuthError } from './errors.ts'
import { lastSecond } from './fingerprint-table.ts'
import { lazily } from './lazily.ts'
import { invalidOptions, readOptions } from './options.ts'
import type { Revocation, RevocationList } from './revocation.ts'
import type { Route } from './route.ts'
import { mayPass } from './standing.ts'
import type { Seconds, VerifiedToken, Verifier } from './types.ts'
import { withoutSignature } from './without-signature.ts'

/**
 * What to revoke. `issuedBefore` is a time in seconds since the epoch; tokens issued earlier are refused. It defaults to the end
 * of the current second. A provider is named by its `name`, or by its issuer where several have one name. `upstream: false` is for a
 * token that its provider has ended already: it is refused without asking there.
 */
export type RevocationRequest =
  | { token: string; upstream?: boolean }
  | { tokenId: string; provider?: string; expiresAt?: Seconds }
  | { session: string; provider?: string; expiresAt?: Seconds }
  | { subject: string; provider: string; issuedBefore?: Seconds }
  | { provider: string; issuedBefore?: Seconds }

const requests = lazily(() => {
  const name = z.string('must be a text').min(1, 'must not be empty')
  // A count of milliseconds, or of seconds from now, would revoke for ever, or nothing.
  const time = z
    .number('must be a time in seconds since the epoch')
    .min(1e9, 'must be a time in seconds since the epoch')
    .max(1e11, 'must be a time in seconds since the epoch')
  return {
    token: z.strictObject({ token: name, upstream: z.boolean('must be true or false').optional() }),
    tokenId: z.strictObject({ tokenId: name, provider: name.optional(), expiresAt: time.optional() }),
    session: z.strictObject({ session: name, provider: name.optional(), expiresAt: time.optional() }),
    subject: z.strictObject({ subject: name, provider: name, issuedBefore: time.optional() }),
    provider: z.strictObject({ provider: name, issuedBefore: time.optional() }),
  }
})

interface RevokerOptions {
  readonly routes: readonly Route[]
  /** Tells what a token is, revoked or not. */
  readonly verify: Verifier
  /** Tells of a JWT whatever its time. */
  readonly read: Verifier
  readonly revocations: RevocationList
  readonly clock: Clock
  readonly clockTolerance: Seconds
  /** How long after its issue a token may still be accepted: so long what concerns it has to be remembered. */
  readonly acceptedFor: Seconds
}

/** Whether a token that is refused so will never be accepted: it needs no entry. */
function isHopeless(error: unknown): boolean {
  return isAuthError(error) && error.status < 500 && !mayPass(error.code)
}

/** Makes what revokes: in the list first, so that nothing keeps a token alive here, then at the provider where it can. */
export function createRevoker(options: RevokerOptions): (what: RevocationRequest) => Promise<void> {
  const { routes, verify, read, revocations, clock, clockTolerance, acceptedFor } = options
  const now = () => clock.now() / 1000
  const longest = () => now() + acceptedFor

  function issuersOf(provider: string): readonly string[] {
    const found = routes.filter((route) => route.provider.name === provider || route.provider.issuer === provider)
    if (found.length === 0) throw invalidOptions('revoke', `there is no provider ${JSON.stringify(provider)}`)
    return [...new Set(found.map((route) => route.provider.issuer))]
  }

  function revocationsOf(what: Exclude<ReturnType<typeof readRevocationRequest>, { token: string }>): Revocation[] {
    if ('tokenId' in what || 'session' in what) {
      const { provider, expiresAt } = what
      // No token that is accepted lives longer.
      const until = expiresAt === undefined ? longest() : Math.min(expiresAt + clockTolerance, longest())
      const entry =
        'tokenId' in what
          ? ({ kind: 'tokenId', id: what.tokenId, until } as const)
          : ({ kind: 'session', id: what.session, until } as const)
      return provider === undefined ? [entry] : issuersOf(provider).map((issuer) => ({ ...entry, issuer }))
    }
    const issuedBefore = what.issuedBefore ?? Math.floor(now()) + 1
    // Tokens issued up to then may live on from then.
    const until = Math.max(longest(), issuedBefore + acceptedFor)
    return issuersOf(what.provider).map((issuer) =>
      'subject' in what
        ? { kind: 'subject', subject: what.subject, issuer, issuedBefore, until }
        : { kind: 'provider', issuer, issuedBefore, until },
    )
  }

  /**
   * When a token ends that is refused today for its long life, and will not be once it has aged: one that does not tell its issue, or tells one
   * ahead of our clock.
   */
  async function lateEndOf(token: string): Promise<Seconds | undefined> {
    try {
      const { issuedAt, expiresAt } = await read(token)
      return issuedAt === undefined || issuedAt > now() ? expiresAt + clockTolerance : undefined
    } catch (error) {
      // Of one that is no JWT to us, only its provider knows.
      if (isAuthError(error) && error.code === 'ERR_TOKEN_MALFORMED') return lastSecond
      return isHopeless(error) ? undefined : longest()
    }
  }

  async function revokeToken(token: string): Promise<void> {
    const signed = withoutSignature(token)
    let verified: VerifiedToken
    try {
      verified = await verify(token)
    } catch (error) {
      const isForClaims = isAuthError(error) && error.code === 'ERR_TOKEN_CLAIMS'
      const until = isForClaims ? await lateEndOf(token) : isHopeless(error) ? undefined : longest()
      if (until !== undefined) await revocations.add({ kind: 'token', token: signed, until })
      return
    }
    const { tokenId, issuer, provider: name, expiresAt } = verified
    // What ends an opaque token is up to its provider, who may put it off.
    const until = signed === token ? longest() : expiresAt + clockTolerance
    // By its id if it has one, so that no list has to hold what a token is made of.
    const byId = tokenId !== undefined
    const revocation: Revocation = byId
      ? { kind: 'tokenId', id: tokenId, issuer, until }
      : { kind: 'token', token: signed, until }
    try {
      await revocations.add(revocation)
    } finally {
      // Also when others cannot be told yet: then it matters all the more.
      const able = routes.filter(({ provider }) => provider.issuer === issuer && provider.revoke !== undefined)
      // A server ends a token for the client that it was issued to (RFC 7009 section 2.1).
      const route = able.find(({ provider }) => provider.name === name) ?? able[0]
      await route?.provider.revoke?.({ kind: 'accessToken', token }, route.context)
    }
  }

  return async (request) => {
    const what = readRevocationRequest(request)
    if ('token' in what) {
      if (what.upstream !== false) return revokeToken(what.token)
      return revocations.add({ kind: 'token', token: withoutSignature(what.token), until: longest() })
    }
    // All at once: one that cannot be told to others must not keep the rest from being refused here.
    await Promise.all(revocationsOf(what).map((revocation) => revocations.add(revocation)))
  }
}

/**
 * Checks what is to be revoked. One name tells the kind, and every other must belong to it: a misspelt subject must not
 * revoke a whole provider.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
function readRevocationRequest(what: RevocationRequest) {
  const kinds = Object.keys(requests()) as (keyof ReturnType<typeof requests>)[]
  const kind = kinds.find((one) => typeof what === 'object' && what !== null && one in what)
  if (kind === undefined) throw invalidOptions('revoke', `must name one of ${kinds.join(', ')}`)
  return readOptions('revoke', requests()[kind], what)
}
