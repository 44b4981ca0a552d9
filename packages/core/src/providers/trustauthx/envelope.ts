import { createHmac, timingSafeEqual } from 'node:crypto'
import { refused } from '../../errors.ts'
import { harden, isObject } from '../../json.ts'
import { readCompactJws } from '../../jws.ts'
import { quoted } from '../../redact.ts'
import type { TokenSet } from '../../token-set.ts'
import type { Claims, Seconds } from '../../types.ts'
import { roleIdsIn } from './wire.ts'

/** Who a user is, as TrustAuthX has signed it. */
export interface TrustAuthXProfile {
  readonly uid: string
  readonly email: string
  readonly name?: string
  /** The address of a picture. */
  readonly img?: string
  /** The ids of the user's roles. Absent where the answer does not speak of roles. */
  readonly roleIds?: readonly string[]
  /** Since the epoch: when the access token ends, or the answer (option `expiryOf`). */
  readonly expiresAt: Seconds
  /** What was signed, as received. It may hold tokens. */
  readonly claims: Claims
}

/** A user who has signed in, with the tokens to store. */
export interface TrustAuthXSession extends TrustAuthXProfile {
  readonly roleIds: readonly string[]
  /** Store both: the next refresh or re-authentication replaces both. */
  readonly tokens: TokenSet & { readonly refreshToken: string }
}

/** How an envelope is checked. */
export interface EnvelopeOptions {
  secretKey: string
  /** What `iss` must be. Default: anything, for nobody has documented its value. */
  issuer?: string | undefined
  /** For `exp` and `nbf`, in seconds. Default 5. */
  clockTolerance?: Seconds | undefined
  /** The present time since the epoch. Default: that of the machine. */
  now?: Seconds | undefined
}

/**
 * Verifies what `get_user` and `re_auth` answer: a JWT signed with the organization's secret.
 * @throws {AuthError} `ERR_TOKEN_MALFORMED`, `ERR_TOKEN_UNSUPPORTED`, `ERR_TOKEN_ALGORITHM`, `ERR_TOKEN_TYPE`, `ERR_TOKEN_SIGNATURE`,
 * `ERR_TOKEN_CLAIMS`, `ERR_TOKEN_ISSUER`, `ERR_TOKEN_EXPIRED`, `ERR_TOKEN_NOT_YET_VALID`
 */
export function readUserEnvelope(envelope: string, options: EnvelopeOptions): TrustAuthXSession {
  const claims = verifyEnvelope(envelope, options)
  assertCurrent(claims, options)
  const { access_token, refresh_token, refresh_exp } = claims
  if (!isText(access_token) || !isText(refresh_token)) throw refused('ERR_TOKEN_CLAIMS', 'the envelope holds no tokens')
  const profile = profileOf(claims, subjectOf(claims))
  return {
    ...profile,
    roleIds: profile.roleIds ?? [],
    tokens: {
      accessToken: access_token,
      refreshToken: refresh_token,
      expiresAt: profile.expiresAt,
      ...(typeof refresh_exp === 'number' && Number.isFinite(refresh_exp) && { refreshExpiresAt: refresh_exp }),
    },
  }
}

/** Verifies what `get_user_data` answers. Its `exp` is left to the caller. @throws {AuthError} as {@link readUserEnvelope} */
export function readDataEnvelope(envelope: string, options: EnvelopeOptions): TrustAuthXProfile {
  const claims = verifyEnvelope(envelope, options)
  const { uid, email } = claims
  return profileOf(claims, isText(uid) && isText(email) ? { uid, email } : subjectOf(claims))
}

/** @throws {AuthError} `ERR_TOKEN_EXPIRED` */
export function assertCurrent({ exp }: Claims, options: EnvelopeOptions): void {
  if ((exp as Seconds) + toleranceOf(options) <= nowOf(options))
    throw refused('ERR_TOKEN_EXPIRED', 'the envelope has expired')
}

/** Whether a JWT was signed with the organization's secret: access tokens are not, envelopes and the `signed_key` are. */
export function isSignedWith(secretKey: string, token: string): boolean {
  const end = token.lastIndexOf('.')
  return isMac(secretKey, token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url'))
}

function verifyEnvelope(envelope: string, options: EnvelopeOptions): Claims {
  const { secretKey, issuer } = options
  const jws = readCompactJws(envelope)
  if (jws === undefined) throw refused('ERR_TOKEN_MALFORMED', 'the envelope is no JWT')
  const { alg, typ, claims, signingInput, signature } = jws
  if (alg !== 'HS256') throw refused('ERR_TOKEN_ALGORITHM', `the alg of the envelope is ${quoted(alg)}, not HS256`)
  if (typ !== undefined && typ !== 'JWT') throw refused('ERR_TOKEN_TYPE', `the typ of the envelope is ${quoted(typ)}`)
  if (!isMac(secretKey, signingInput, signature))
    throw refused('ERR_TOKEN_SIGNATURE', 'the signature of the envelope does not fit')
  assertEnvelope(claims, options)
  if (issuer !== undefined && claims.iss !== issuer) {
    throw refused('ERR_TOKEN_ISSUER', `the iss of the envelope is ${quoted(claims.iss)}`)
  }
  return claims
}

function isMac(secretKey: string, input: string | Uint8Array, signature: Uint8Array): boolean {
  const expected = createHmac('sha256', secretKey).update(input).digest()
  return signature.length === expected.length && timingSafeEqual(signature, expected)
}

// The signed_key has the same key and algorithm, so only the claims tell the two apart.
function assertEnvelope({ exp, iat, nbf, ...others }: Claims, options: EnvelopeOptions): void {
  const names = Object.keys(others)
  if (names.length === 1 && names[0] === 'api_key')
    throw refused('ERR_TOKEN_TYPE', 'this is a signed_key, not an envelope')
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw refused('ERR_TOKEN_CLAIMS', 'the envelope has no exp')
  if (!Number.isInteger(iat)) throw refused('ERR_TOKEN_CLAIMS', 'the envelope has no iat that is a whole number')
  if (nbf !== undefined && typeof nbf !== 'number')
    throw refused('ERR_TOKEN_CLAIMS', 'the nbf of the envelope is no number')
  if (nbf !== undefined && nbf - toleranceOf(options) > nowOf(options)) {
    throw refused('ERR_TOKEN_NOT_YET_VALID', 'the nbf of the envelope is ahead: is a clock wrong?')
  }
}

const toleranceOf = ({ clockTolerance = 5 }: EnvelopeOptions) => clockTolerance
const nowOf = ({ now = Date.now() / 1000 }: EnvelopeOptions) => now

// `sub` is a text that holds JSON.
function subjectOf({ sub }: Claims): { uid: string; email: string } {
  let subject: unknown
  try {
    subject = typeof sub === 'string' ? harden(JSON.parse(sub)) : undefined
  } catch {
    subject = undefined
  }
  if (isObject(subject) && isText(subject.uid) && isText(subject.email))
    return { uid: subject.uid, email: subject.email }
  throw refused('ERR_TOKEN_CLAIMS', 'the envelope names no uid and email')
}

function profileOf(claims: Claims, { uid, email }: { uid: string; email: string }): TrustAuthXProfile {
  const { name, img, scope, exp } = claims
  return {
    uid,
    email,
    ...(isText(name) && { name }),
    ...(isText(img) && { img }),
    ...(scope !== undefined && { roleIds: roleIdsIn(scope) }),
    expiresAt: exp as Seconds,
    claims,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
