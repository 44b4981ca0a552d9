import { safeClaims } from './claims.ts'
import { unavailable } from './errors.ts'
import type { JsonRequest, JsonResponse } from './http.ts'
import { isObject } from './json.ts'
import { quoted } from './redact.ts'
import type { Loaded } from './refreshed.ts'
import { freshnessOf, retryAfter } from './response-headers.ts'
import { urlOf } from './url.ts'

/** What an issuer says of itself, in the words of RFC 8414 section 2 and OpenID Connect Discovery; other members pass through. */
export interface Metadata {
  readonly issuer: string
  readonly jwks_uri?: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly introspection_endpoint?: string
  readonly revocation_endpoint?: string
  readonly end_session_endpoint?: string
  readonly [member: string]: unknown
}

/**
 * Reads an issuer's metadata: OpenID Connect Discovery first, then RFC 8414; or from the one address given.
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`, also when the document is another issuer's
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3
 */
export async function loadMetadata(
  issuer: string,
  metadataUrl: string | undefined,
  request: (url: string, init?: JsonRequest) => Promise<JsonResponse>,
): Promise<Loaded<Metadata>> {
  const addresses = metadataUrl === undefined ? wellKnown(issuer) : [metadataUrl]
  let refusal: JsonResponse | undefined
  for (const address of addresses) {
    const response = await request(address)
    const { status } = response
    refusal = response
    // Not every server says 404 of a place that it does not have. One that has had enough of us has told nothing of the place.
    if (status >= 400 && status < 500 && status !== 429) continue
    if (status !== 200) break
    return { value: check(issuer, response), ...freshnessOf(response.headers) }
  }
  throw unavailable(
    `the metadata of ${quoted(issuer)} answered with status ${refusal?.status}`,
    refusal && retryAfter(refusal.headers),
  )
}

function wellKnown(issuer: string): string[] {
  const url = urlOf(issuer)
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw unavailable(`the issuer ${quoted(issuer)} is no http(s) URL: its metadata cannot be found, set jwksUri`)
  const { origin, pathname } = url
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

function check(issuer: string, { body }: JsonResponse): Metadata {
  if (!isObject(body)) throw unavailable(`the metadata of ${quoted(issuer)} is not a JSON object`)
  if (body.issuer !== issuer) {
    throw unavailable(
      `the metadata is of ${quoted(body.issuer)}, expected ${quoted(issuer)}${firstDifference(body.issuer, issuer)}`,
    )
  }
  // Libraries copy it, which fails when it is nested without end.
  const claims = safeClaims(body, `the metadata of ${quoted(issuer)}`)
  const members = Object.entries(claims).filter(([, value]) => value !== null)
  for (const [name, value] of members) {
    if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue
    if (!isAddress(value, issuer)) throw unavailable(`the metadata of ${quoted(issuer)} has no valid URL as ${name}`)
  }
  return Object.freeze(Object.fromEntries(members)) as Metadata
}

// Plain http only where the issuer itself is plain http, which is for loopback and tests.
function isAddress(value: unknown, issuer: string): boolean {
  if (typeof value !== 'string' || urlOf(value) === undefined) return false
  return value.startsWith('https:') || (value.startsWith('http:') && issuer.startsWith('http:'))
}

/** Where two issuers differ, for the log: a trailing slash and an internal host name are the usual mistakes. */
export function firstDifference(found: unknown, expected: string): string {
  if (typeof found !== 'string') return ''
  // The end is a difference too.
  const index = [...expected.split(''), ''].findIndex((char, at) => found[at] !== char)
  const show = (text: string) => (index < text.length ? quoted(text[index]) : 'the end')
  return `: they differ at character ${index + 1}, ${show(found)} for ${show(expected)}`
}
