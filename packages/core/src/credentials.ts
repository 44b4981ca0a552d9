import { parseCookie } from 'cookie'
import { assertToken, type Scheme, tokenOfScheme } from './bearer.ts'
import { AuthError } from './errors.ts'
import { atOnce, isAsync } from './options.ts'
import { urlOf } from './url.ts'

/** What is looked at of an HTTP request; an `IncomingMessage` of Node, and so a request of Express or Koa, is one. */
export interface HttpRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** The address as it came in, where a router has shortened `url`. */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** As received; Node drops a repeated `Authorization` from `headers`. */
  readonly rawHeaders?: readonly string[] | undefined
  /** Already parsed. */
  readonly body?: unknown
  /**
   * The client's address as the framework tells it, which looks at `X-Forwarded-For` if the app says that it may. An upgrade has none: no
   * framework has seen it.
   */
  readonly ip?: string | undefined
  /** The connection. */
  readonly socket?:
    | { readonly remoteAddress?: string | undefined; readonly destroyed?: boolean | undefined }
    | undefined
}

/**
 * A place where a request may carry its access token: the `Authorization` header, a cookie, a query parameter, a member
 * of a parsed body, the WebSocket subprotocol that is offered after one of this name (a page can set no other header of an
 * upgrade), or what a function finds, such as `(request) => request.headers['x-auth-token']`. A function that gives `''`, `null` or no text has
 * found nothing; of a list each text is a token. One that is async cannot be waited for, and is `ERR_OPTIONS_INVALID`.
 */
export type TokenSource =
  | 'header'
  | { readonly cookie: string }
  | { readonly query: string }
  | { readonly body: string }
  | { readonly subprotocol: string }
  | ((request: HttpRequest) => string | readonly string[] | null | undefined)

/**
 * Checks the option `tokenFrom` and gives its sources as a list.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function tokenSources(tokenFrom: TokenSource | readonly TokenSource[] = 'header'): readonly TokenSource[] {
  const sources = [tokenFrom].flat()
  if (sources.length > 0 && sources.every(isTokenSource)) return sources
  throw new AuthError('ERR_OPTIONS_INVALID', {
    explanation: `tokenFrom must be 'header', { cookie: name }, { query: name }, { body: name }, { subprotocol: name }, a function that is not async, or a list of these`,
  })
}

function isTokenSource(source: unknown): boolean {
  if (source === 'header' || typeof source === 'function') return !isAsync(source)
  if (typeof source !== 'object' || source === null) return false
  const [member, ...more] = Object.entries(source)
  if (member === undefined || more.length > 0) return false
  const [kind, name] = member
  return /^(cookie|query|body|subprotocol)$/.test(kind) && isText(name)
}

/** Which pages may make a browser send a request with its cookies. */
export interface SiteRules {
  /** Scheme, host and port of this app, where they are known. Default: the `Host` header tells the host. */
  readonly ownOrigin?: string
  /** Origins of pages beside those of the app itself, such as `https://www.example.com`. */
  readonly allowedOrigins?: readonly string[]
  /** True for an upgrade: a GET, but one that opens a way to change things, for a page of any origin. */
  readonly upgrade?: boolean
}

/**
 * Reads the one access token of a request. All sources are looked at: the same token twice is one token.
 * @throws {AuthError} `ERR_REQUEST_MALFORMED` for two different tokens, or a text that cannot be a token;
 * `ERR_REQUEST_CROSS_SITE` when only a cookie carries the token of an unsafe request from another site.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2
 */
export function readCredentials(
  request: HttpRequest,
  sources: readonly TokenSource[],
  site: SiteRules = {},
): string | undefined {
  // The way of nearly every request, which makes nothing but the token.
  if (sources.length === 1 && sources[0] === 'header') return header(request)
  const found = sources.flatMap((source) =>
    read(request, source).map((token) => ({ token, ambient: isCookie(source) })),
  )
  const token = found[0]?.token
  if (found.some((other) => other.token !== token)) throw malformed('the request carries two different tokens')
  // A browser adds cookies by itself, also for another site. Any other way to send a token needs to know the token.
  if (found.length > 0 && found.every(({ ambient }) => ambient)) assertSameSite(request, site)
  return token
}

/**
 * The access token that a proof goes with: it is nowhere but in the `Authorization` header.
 * @throws {AuthError} `ERR_REQUEST_MALFORMED`
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7.1
 */
export function readDpopToken(request: HttpRequest): string | undefined {
  return header(request, 'DPoP')
}

/**
 * The token of an `Authorization` header as nearly every client writes it. Nothing tells whether it could be one: it is for those who
 * look for it among tokens that have been checked.
 */
export function likelyToken({ headers, rawHeaders }: HttpRequest): string | undefined {
  const value = headers[authorization]
  if (typeof value !== 'string' || !value.startsWith(usualScheme)) return undefined
  return rawHeaders === undefined || isSentOnce(rawHeaders) ? value.slice(usualScheme.length) : undefined
}

/**
 * Takes the token out of the offered subprotocols, so that no server answers with it. The name before it stays where there is
 * no other: a page takes an answer that selects none of what it offered for a failure.
 */
export function hideSubprotocol(headers: Record<string, unknown>, sources: readonly TokenSource[]): void {
  for (const source of sources) {
    if (typeof source !== 'object' || !('subprotocol' in source)) continue
    const { token, others } = subprotocols({ headers } as HttpRequest, source.subprotocol)
    if (token.length > 0) headers[protocolHeader] = (others.length > 0 ? others : [source.subprotocol]).join(', ')
  }
}

/**
 * What an answer to this request must say, whatever the answer: one to a URL that holds a token is not for shared caches, and where a
 * cookie may hold it, what one browser gets is not for another.
 */
export function credentialHeaders(request: HttpRequest, sources: readonly TokenSource[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const source of sources) {
    if (isCookie(source)) headers.Vary = 'Cookie'
    if (typeof source !== 'object' || !('query' in source)) continue
    if (query(request, source.query).length > 0) headers['Cache-Control'] = 'private'
  }
  return headers
}

function read(request: HttpRequest, source: TokenSource): string[] {
  if (source === 'header') return [header(request)].filter(isText)
  if (typeof source === 'function')
    return tokens([found(source(request))].flat().filter(isText), 'a tokenFrom function')
  if ('cookie' in source) return tokens(cookies(request, source.cookie), 'the cookie')
  if ('subprotocol' in source) return tokens(subprotocols(request, source.subprotocol).token, 'the subprotocols')
  if ('query' in source) return tokens(once(query(request, source.query)), 'the query')
  return tokens(body(request, source.body), 'the body')
}

const found = (answer: unknown) => atOnce(answer, 'authMiddleware', 'tokenFrom')

const authorization = 'authorization'
const usualScheme = 'Bearer '

function header({ headers, rawHeaders }: HttpRequest, scheme: Scheme = 'Bearer'): string | undefined {
  const value = single(headers[authorization])
  if (rawHeaders !== undefined && !isSentOnce(rawHeaders)) throw repeated()
  return tokenOfScheme(scheme, value)
}

function single(value: string | readonly string[] | undefined): string | undefined {
  if (typeof value !== 'object') return value
  if (value.some((other) => other !== value[0])) throw repeated()
  return value[0]
}

// Names and values in turns. The same twice is once.
function isSentOnce(rawHeaders: readonly string[]): boolean {
  let sent: string | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length !== authorization.length || name.toLowerCase() !== authorization) continue
    if (sent !== undefined && sent !== rawHeaders[at + 1]) return false
    sent = rawHeaders[at + 1]
  }
  return true
}

function repeated(): AuthError {
  return malformed('the request has more than one Authorization header')
}

function cookies(request: HttpRequest, name: string): string[] {
  // Pair by pair: a subdomain can set a second cookie of the same name, and which of them comes first is up to the browser.
  const pairs = [request.headers.cookie ?? []].flat().join(';').split(';')
  return pairs.map((pair) => parseCookie(pair)[name]).filter(isText)
}

const protocolHeader = 'sec-websocket-protocol'

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4 */
function subprotocols({ headers }: HttpRequest, name: string): { token: string[]; others: string[] } {
  const offered = [headers[protocolHeader] ?? []].flat().join(',').split(',')
  const names = offered.map((one) => one.trim())
  const at = names.indexOf(name)
  if (at < 0) return { token: [], others: names }
  return { token: names.slice(at + 1, at + 2).filter(isText), others: names.toSpliced(at, 2) }
}

function query(request: HttpRequest, name: string): string[] {
  const url = request.url ?? ''
  const start = url.indexOf('?')
  return start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll(name)
}

function once(values: string[]): string[] {
  if (values.length > 1) throw malformed('the query parameter of the token is repeated')
  return values.filter(isText)
}

function body({ body }: HttpRequest, name: string): string[] {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return []
  const value = (body as Record<string, unknown>)[name]
  if (Array.isArray(value)) throw malformed('the body holds a list of tokens')
  return [value].filter(isText)
}

function tokens(texts: string[], place: string): string[] {
  return texts.map((text) => assertToken(text, place))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isCookie(source: TokenSource): boolean {
  return typeof source === 'object' && 'cookie' in source
}

/**
 * Refuses a request that changes something and that another site made the browser send.
 * @throws {AuthError} `ERR_REQUEST_CROSS_SITE`
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function assertSameSite(
  { method, headers }: HttpRequest,
  { ownOrigin, allowedOrigins = [], upgrade = false }: SiteRules = {},
): void {
  if (!upgrade && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')) return
  const { 'sec-fetch-site': site, origin, host = headers[':authority'] } = headers
  if (typeof origin === 'string' && allowedOrigins.includes(origin)) return
  const isSame = () => (ownOrigin === undefined ? isOwn(origin, host) : origin === ownOrigin)
  // Whoever sends neither is not a browser, and sent the cookie on purpose. An upgrade always has an origin (RFC 6455 section 4.1).
  const own =
    upgrade || site === undefined ? origin === undefined || isSame() : site === 'same-origin' || site === 'none'
  if (own) return
  throw new AuthError('ERR_REQUEST_CROSS_SITE', {
    explanation:
      'another site made the browser send this request with its cookie; send the token in the Authorization header',
  })
}

// The Host header leaves out the default port of the scheme, or does not: both sides are read as URLs.
function isOwn(origin: unknown, host: unknown): boolean {
  const url = urlOf(String(origin))
  return url !== undefined && url.host !== '' && urlOf(`${url.protocol}//${host}`)?.host === url.host
}

function malformed(explanation: string): AuthError {
  return new AuthError('ERR_REQUEST_MALFORMED', { explanation })
}
