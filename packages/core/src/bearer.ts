import { AuthError } from './errors.ts'

// The charset of b64token: what any token must be made of, wherever it came from.
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Reads the access token from an `Authorization` header value.
 * @throws {AuthError} `ERR_TOKEN_MISSING` without Bearer credentials, `ERR_REQUEST_MALFORMED` if they are not exactly one token.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function readBearer(header: string | undefined): string {
  const token = tokenOfScheme('Bearer', header)
  if (token !== undefined) return token
  throw new AuthError('ERR_TOKEN_MISSING', { explanation: 'no Bearer credentials in the Authorization header' })
}

/** How a request says that it carries an access token. */
export type Scheme = 'Bearer' | 'DPoP'

// Neither these nor the one above can backtrack, so a hostile header costs no more than its length.
const credentialsOf: Record<Scheme, RegExp> = { Bearer: /^bearer(?: +(.*))?$/is, DPoP: /^dpop(?: +(.*))?$/is }

/**
 * The access token of an `Authorization` header value; nothing where it is of another scheme.
 * @throws {AuthError} `ERR_REQUEST_MALFORMED` if it is not exactly one token.
 */
export function tokenOfScheme(scheme: Scheme, header: string | undefined): string | undefined {
  const credentials = credentialsOf[scheme].exec(header ?? '')
  return credentials === null ? undefined : assertToken(credentials[1] ?? '', 'the Authorization header')
}

/** Whether it fits into the header, as every access token does. @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
export function isBearerToken(token: unknown): token is string {
  return typeof token === 'string' && b64token.test(token)
}

/**
 * Gives back a text that may be an access token.
 * @param place - Where it was found, for the log.
 * @throws {AuthError} `ERR_REQUEST_MALFORMED` if no access token could look like that.
 */
export function assertToken(text: string, place: string): string {
  if (!isBearerToken(text)) {
    throw new AuthError('ERR_REQUEST_MALFORMED', {
      explanation: `${place} does not hold exactly one well-formed token`,
    })
  }
  return text
}
