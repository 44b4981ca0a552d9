import { STATUS_CODES } from 'node:http'
import { type Challenge, formatChallenge } from './challenge.ts'
import { nonceHeaders } from './dpop/nonces.ts'
import { redact } from './redact.ts'

/** The error codes of RFC 6750 section 3.1, and RFC 9449 sections 7.1 and 9, that a challenge may carry. */
export type BearerError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'

/**
 * The one table of how a refusal is answered: code → HTTP status, OAuth error.
 * A new way to fail is a new row, not a new class. `docs/errors.md` lists the same rows; a test compares the two.
 */
export const answers = {
  // The request: 400, or 401 without an error code when it carries no credentials (RFC 6750 section 3.1).
  ERR_TOKEN_MISSING: [401, undefined],
  ERR_REQUEST_MALFORMED: [400, 'invalid_request'],
  ERR_REQUEST_CROSS_SITE: [403, undefined],
  // The token: always the same 401 outside, a precise code inside.
  ERR_TOKEN_TOO_LARGE: [401, 'invalid_token'],
  ERR_TOKEN_MALFORMED: [401, 'invalid_token'],
  ERR_TOKEN_UNSUPPORTED: [401, 'invalid_token'],
  ERR_TOKEN_TYPE: [401, 'invalid_token'],
  ERR_TOKEN_ALGORITHM: [401, 'invalid_token'],
  ERR_TOKEN_ISSUER: [401, 'invalid_token'],
  ERR_TOKEN_AUDIENCE: [401, 'invalid_token'],
  ERR_TOKEN_CLAIMS: [401, 'invalid_token'],
  ERR_TOKEN_EXPIRED: [401, 'invalid_token'],
  ERR_TOKEN_NOT_YET_VALID: [401, 'invalid_token'],
  ERR_TOKEN_KEY: [401, 'invalid_token'],
  ERR_TOKEN_SIGNATURE: [401, 'invalid_token'],
  ERR_TOKEN_INACTIVE: [401, 'invalid_token'],
  ERR_TOKEN_REVOKED: [401, 'invalid_token'],
  ERR_TOKEN_REFUSED: [401, 'invalid_token'],
  // The proof that a token was sent by whom it is for.
  ERR_DPOP_PROOF: [401, 'invalid_dpop_proof'],
  ERR_DPOP_NONCE: [401, 'use_dpop_nonce'],
  // A browser signing in: the provider has said no, or the browser comes back for ever.
  ERR_SIGN_IN_REFUSED: [403, undefined],
  ERR_SIGN_IN_LOOP: [508, undefined],
  // The user: known, but not allowed.
  ERR_ROLE_REQUIRED: [403, 'insufficient_scope'],
  ERR_PERMISSION_REQUIRED: [403, 'insufficient_scope'],
  ERR_SCOPE_REQUIRED: [403, 'insufficient_scope'],
  ERR_ORGANIZATION_REQUIRED: [403, 'insufficient_scope'],
  ERR_FORBIDDEN: [403, 'insufficient_scope'],
  // The provider: never the caller's fault, so no challenge, and a Retry-After.
  ERR_PROVIDER_UNAVAILABLE: [503, undefined],
  ERR_REVOCATION_UNAVAILABLE: [503, undefined],
  ERR_STORE_UNAVAILABLE: [503, undefined],
  // Ourselves: more tokens are waiting to be verified than we let wait.
  ERR_OVERLOADED: [503, undefined],
  // A provider's API: it answered our client's call with a refusal. `upstream` tells its status and code.
  ERR_UPSTREAM_INVALID: [502, undefined],
  ERR_UPSTREAM_UNAUTHORIZED: [502, undefined],
  ERR_UPSTREAM_FORBIDDEN: [502, undefined],
  ERR_UPSTREAM_NOT_FOUND: [502, undefined],
  ERR_UPSTREAM_CONFLICT: [502, undefined],
  // The answer to a write was lost: it may have been applied, or not.
  ERR_UPSTREAM_UNKNOWN: [502, undefined],
  // Our own set-up: thrown when something is built, before the first request.
  ERR_OPTIONS_INVALID: [500, undefined],
  // Found only when somebody signs in.
  ERR_SESSION_TOO_LARGE: [500, undefined],
} as const satisfies Record<string, readonly [number, BearerError | undefined]>

/** Every code an {@link AuthError} can have. Codes are API: compare `error.code`, not `instanceof`. */
export type AuthErrorCode = keyof typeof answers

// Fixed sentences: what leaves the process never tells which check failed.
const sentences: Record<string, string> = {
  ERR_SIGN_IN_REFUSED: 'The sign-in did not succeed. Try again.',
  401: 'The request needs a valid access token.',
  invalid_token: 'The access token is not valid here, or not any more.',
  invalid_request: 'The request does not carry exactly one well-formed access token.',
  invalid_dpop_proof: 'The DPoP proof of the access token is not valid.',
  use_dpop_nonce: 'The DPoP proof has to carry the nonce of this answer.',
  insufficient_scope: 'The access token does not allow this.',
  403: 'The request is not allowed from this origin.',
  502: 'A call to the identity provider failed.',
  503: 'Authentication is not available at the moment. Try again later.',
  500: 'Authentication is not set up correctly.',
  508: 'Signing in leads back to signing in.',
}

/** What an {@link AuthError} may know besides its code. */
export interface AuthErrorDetails {
  /** For logs and events only: which check failed, and what to do about it. Redacted when it is set. */
  explanation?: string | undefined
  cause?: unknown
  /** Seconds until it is worth trying again; becomes `Retry-After` on a 503. */
  retryAfter?: number
  /** The scopes the route needs; becomes `scope` in the challenge of a 403, and of a 401 for a request without a token. */
  scopes?: readonly string[]
  /** For a call to a provider's API: what it answered. */
  upstream?: Upstream
  /** How to answer a 401 or 403. The HTTP layer sets it; a bare `Bearer` challenge otherwise. */
  challenge?: Challenge
  /** Values of `Set-Cookie`: the end of a session. The HTTP layer sets them. */
  cookies?: readonly string[]
}

/** What a provider's API answered to a call of ours. */
export interface Upstream {
  readonly provider: string
  /** The method of ours that made the call. */
  readonly operation: string
  /** The HTTP status; absent when there was no answer. */
  readonly status?: number
  /** The provider's own error code, such as `invalid_grant` or `entity.not_found`. */
  readonly code?: string
  /** The provider's own words, redacted. */
  readonly message?: string
  /** What the provider calls this request in its own logs, if it says so. */
  readonly requestId?: string
}

/** A refusal as `application/problem+json`. */
export interface ProblemDetails {
  type: string
  title: string
  status: number
  detail: string
  /** The OAuth error code of the challenge, if it has one. */
  error?: BearerError
}

const brand = Symbol.for('claviger.AuthError')

/**
 * The one error of Claviger. Express and Koa answer from `status` and `headers` by themselves; `message` and `toJSON()` are
 * fixed public texts, `code` and `explanation` are for programs and logs.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  /** The HTTP status to answer with. */
  readonly status: number
  /** Koa shows `message` to the client when this is true. Ours are made for that, but for what is wrong with the set-up. */
  readonly expose: boolean
  /** For logs: which check failed. Never holds a token, a key or a secret. */
  readonly explanation: string | undefined
  /** The OAuth error code for the client, if the answer has one. */
  readonly error: BearerError | undefined
  readonly retryAfter: number | undefined
  readonly scopes: readonly string[] | undefined
  /** For a call to a provider's API: what it answered. */
  readonly upstream: Upstream | undefined
  /** @internal */
  readonly challenge: Challenge
  // Not a member that whoever logs this error would show: it may hold a session.
  readonly #cookies: readonly string[]

  constructor(code: AuthErrorCode, details: AuthErrorDetails = {}) {
    const [status, error] = answers[code]
    const sentence = code === 'ERR_OPTIONS_INVALID' ? details.explanation : undefined
    super(
      sentence ?? sentences[code] ?? sentences[error ?? status] ?? 'Refused.',
      details.cause === undefined ? {} : { cause: details.cause },
    )
    this.code = code
    this.status = status
    this.error = error
    this.expose = code !== 'ERR_OPTIONS_INVALID'
    this.explanation = details.explanation === undefined ? undefined : redact(details.explanation)
    this.retryAfter = details.retryAfter
    this.scopes = details.scopes
    this.upstream = details.upstream === undefined ? undefined : redacted(details.upstream)
    this.challenge = details.challenge ?? {}
    this.#cookies = details.cookies ?? []
    Object.defineProperty(this, brand, { value: true })
  }

  /** @internal */
  get cookies(): readonly string[] {
    return this.#cookies
  }

  /** Koa and `http-errors` read this name. */
  get statusCode(): number {
    return this.status
  }

  /** `WWW-Authenticate` for the caller's faults, `Retry-After` for the provider's, `Set-Cookie`, for no cache to keep, where a session has ended. */
  get headers(): Record<string, string | string[]> {
    if (this.cookies.length === 0) return this.#headers()
    return { ...this.#headers(), 'Set-Cookie': [...this.cookies], 'Cache-Control': 'no-store' }
  }

  #headers(): Record<string, string> {
    if (this.status === 503) return { 'Retry-After': String(Math.max(1, Math.ceil(this.retryAfter ?? 5))) }
    if (this.status !== 400 && this.status !== 401 && this.error === undefined) return {}
    const challenge = { 'WWW-Authenticate': formatChallenge(this.challenge, this.error, this.scopes) }
    const nonce = this.error === 'use_dpop_nonce' ? this.challenge.nonce?.() : undefined
    return nonce === undefined ? challenge : { ...challenge, ...nonceHeaders(nonce) }
  }

  /** The same refusal with the realm and metadata of the app that answers it. A cached refusal is never changed in place. */
  withChallenge(challenge: Challenge, cookies = this.cookies): AuthError {
    return copyOf(this, challenge, cookies)
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9457 */
  toJSON(): ProblemDetails {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Refused',
      status: this.status,
      detail: this.code === 'ERR_OPTIONS_INVALID' ? (sentences[500] as string) : this.message,
      ...(this.error !== undefined && { error: this.error }),
    }
  }
}

// Not in the class: a bundler gives a class that names itself another name, which logs would show.
function copyOf(error: AuthError, challenge: Challenge, cookies: readonly string[]): AuthError {
  const { explanation, cause, retryAfter, scopes, upstream } = error
  const copy = new AuthError(error.code, {
    cause,
    challenge,
    cookies,
    ...(explanation !== undefined && { explanation }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(scopes !== undefined && { scopes }),
    ...(upstream !== undefined && { upstream }),
  })
  if (error.stack !== undefined) copy.stack = error.stack
  return copy
}

function redacted({ code, message, requestId, ...rest }: Upstream): Upstream {
  return {
    ...rest,
    ...(code !== undefined && { code: redact(code) }),
    ...(message !== undefined && { message: redact(message) }),
    ...(requestId !== undefined && { requestId: redact(requestId) }),
  }
}

/** True for an {@link AuthError} of any copy of this package (ESM and CommonJS may both be loaded). */
export function isAuthError(error: unknown): error is AuthError {
  return typeof error === 'object' && error !== null && brand in error
}

/** A provider that does not answer, or answers nonsense: 503, whatever the token. */
export function unavailable(explanation: string, details: { cause?: unknown; retryAfter?: number } = {}): AuthError {
  return new AuthError('ERR_PROVIDER_UNAVAILABLE', { explanation, ...details })
}

/** A token that is refused; which check failed is for logs only. */
export function refused(code: AuthErrorCode, explanation: string): AuthError {
  return new AuthError(code, { explanation })
}
