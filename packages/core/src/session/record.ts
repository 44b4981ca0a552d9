import { isObject } from '../json.ts'
import type { SignedIn } from '../sign-in.ts'
import type { TokenSet } from '../token-set.ts'
import type { Seconds, User, VerifiedToken } from '../types.ts'

/** What is kept of a session: no more than it takes to go on. */
export interface SessionRecord {
  readonly id: string
  /** 1 when it begins; grows with each refresh. */
  readonly version: number
  /** Of the provider. */
  readonly issuer: string
  /** The provider's name: several may be of one issuer. */
  readonly provider?: string
  readonly subject: string
  /** The provider's name for it. */
  readonly sid?: string
  /** What the provider said of the user at the sign-in; an access token may not say it. */
  readonly profile?: Pick<User, 'email' | 'name'>
  readonly signedInAt: Seconds
  /** When the access token was given. */
  readonly issuedAt: Seconds
  readonly tokens: Pick<TokenSet, 'accessToken' | 'refreshToken' | 'expiresAt' | 'refreshExpiresAt'>
}

/** Whether what was opened is a session. It was sealed by us, maybe by an older release. */
export function isRecord(value: unknown): value is SessionRecord {
  if (!isObject(value) || !isObject(value.tokens)) return false
  const { id, version, issuer, subject, signedInAt, issuedAt, tokens } = value
  return (
    [id, issuer, subject, tokens.accessToken].every((one) => typeof one === 'string' && one !== '') &&
    [version, signedInAt, issuedAt].every(Number.isFinite)
  )
}

/** What of the tokens is kept: nothing that is not needed again. */
export function keptTokens({
  accessToken,
  refreshToken,
  expiresAt,
  refreshExpiresAt,
}: TokenSet): SessionRecord['tokens'] {
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
  }
}

/** A token with what is known of its session. */
export function inSession(verified: VerifiedToken, { id, profile }: SessionRecord): VerifiedToken {
  const user = profile === undefined ? verified.user : Object.freeze({ ...profile, ...verified.user })
  return Object.freeze({ ...verified, user, session: verified.session ?? id })
}

// An address has no more (RFC 5321 section 4.5.3.1). A longer name must not fill the cookie: without it one can sign in.
const longest = 320

/** What of the profile is kept. */
export function keptProfile({ email, name }: NonNullable<SignedIn['profile']>): NonNullable<SessionRecord['profile']> {
  return {
    ...(email !== undefined && email.length <= longest && { email }),
    ...(name !== undefined && name.length <= longest && { name }),
  }
}
