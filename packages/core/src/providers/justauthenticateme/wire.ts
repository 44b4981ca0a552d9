import { type ErrorReader, path } from '../../client.ts'
import { isPage } from '../../http.ts'
import { isObject } from '../../json.ts'
import { readCompactJws } from '../../jws.ts'
import { text } from '../../options.ts'
import type { Claims } from '../../types.ts'

/** An app's id: a UUID in all we have seen. It is a part of the path. */
export const appIdSchema = text.regex(/^[\w-]+$/, 'must be the id of an app, as the dashboard shows it')

/** Where an app is; its tokens name it as their issuer, without a slash at the end. */
export function issuerOf({
  baseUrl,
  appId,
}: {
  readonly baseUrl?: string | undefined
  readonly appId: string
}): string {
  return `${(baseUrl ?? 'https://api.justauthenticate.me').replace(/\/+$/, '')}/${appId}`
}

/**
 * What is asked of the service to end refresh tokens: one of them, or all of the ID token's user. Never all for one that is not there.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function deletion(issuer: string, idToken: string, which: { readonly refreshToken: string } | 'all') {
  // Base64 has "/" and "+": encoded, they are one segment and stay what they are.
  const segment = which === 'all' ? '' : path`/${which.refreshToken}`
  return {
    method: 'DELETE' as const,
    url: `${issuer}/user/refresh${segment}`,
    headers: { authorization: `Bearer ${idToken}` },
  }
}

/** What is asked of the service with a body. */
export function posting(url: string, body: Readonly<Record<string, string>>) {
  return {
    method: 'POST' as const,
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

/** Why claims are not those of an ID token, beyond what is checked of any token; nothing if they are. Told in logs only. */
export function refusalOf({ token_use, email, sub }: Claims): string | undefined {
  if (token_use !== 'id') return 'token_use is not "id"'
  if (typeof email !== 'string' || email === '') return 'email is not a text'
  if (sub !== undefined && sub !== email) return 'sub is not the e-mail address'
  return undefined
}

/** The claims of a token, unverified; nothing if it is no JWT. */
export function claimsOf(token: string | undefined): Claims | undefined {
  try {
    return token === undefined ? undefined : readCompactJws(token)?.claims
  } catch {
    return undefined
  }
}

/** `{"message": "…"}` is all that an error has. */
export const readJustAuthenticateMeError: ErrorReader = (response) => {
  if (isPage(response)) return undefined
  const { body } = response
  return { message: isObject(body) && typeof body.message === 'string' ? body.message : undefined }
}
