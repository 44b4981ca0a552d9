import { json, type LoopbackRequest, type Reply } from '../../server/routes.ts'
import { managementResource } from './state.ts'
import type { Tenant } from './tenant.ts'

/** A refusal of the Management API. */
export class ManagementError extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super('refused')
    this.reply = reply
  }
}

/** The error shape of the Management API: no `error`, no `WWW-Authenticate`. */
export function managementError(status: number, code: string, message: string, more: object = {}): ManagementError {
  return new ManagementError(answer({ code, ...more, message }, status))
}

export function entityNotFound(): ManagementError {
  return managementError(404, 'entity.not_found', 'The resource does not exist.')
}

/**
 * Lets Management API tokens pass that hold the scope `all`. The scheme is compared with its case.
 * @throws {ManagementError}
 */
export function readManagementToken({ keys, issuer, now }: Tenant, header: string | undefined): void {
  if (header === undefined) {
    throw managementError(401, 'auth.authorization_header_missing', 'Authorization header is missing.')
  }
  if (!header.startsWith('Bearer ')) {
    const code = 'auth.authorization_token_type_not_supported'
    throw managementError(401, code, 'Authorization type is not supported.', { data: { supportedTypes: ['Bearer'] } })
  }
  const token = header.slice('Bearer '.length)
  const payload = payloadOf(token)
  if (payload === undefined) throw unauthorized('ERR_JWS_INVALID', 'JWSInvalid')
  if (!keys.hasSigned(token)) throw unauthorized('ERR_JWKS_NO_MATCHING_KEY', 'JWKSNoMatchingKey')
  for (const [claim, isRight] of [
    ['iss', payload.iss === issuer],
    ['aud', payload.aud === managementResource],
  ] as const) {
    const details = { claim, reason: 'check_failed', payload }
    if (!isRight) throw unauthorized('ERR_JWT_CLAIM_VALIDATION_FAILED', 'JWTClaimValidationFailed', details)
  }
  if (Number(payload.exp) <= now()) {
    throw unauthorized('ERR_JWT_EXPIRED', 'JWTExpired', { claim: 'exp', reason: 'check_failed', payload })
  }
  if (
    !String(payload.scope ?? '')
      .split(' ')
      .includes('all')
  ) {
    throw managementError(403, 'auth.forbidden', 'Forbidden. Please check your user roles and permissions.')
  }
}

/** What does not fit, in the body or the query. */
export function invalidBody(path: string, place: 'body' | 'query' = 'body'): ManagementError {
  return managementError(400, 'guard.invalid_input', `The request ${place} is invalid.`, {
    data: { issues: [{ code: 'invalid_type', path: [path] }], name: 'ZodError' },
    details: `Error in key path "${path}": (invalid_type)`,
  })
}

const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' }

/** An answer with a body, cacheable as Logto's are. */
export function answer(body: unknown, status = 200): Reply {
  return json(body, { status, headers: jsonHeaders })
}

/** Where a handler says nothing, the server writes the status in words. */
export function statusText(): Reply {
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'OK' }
}

/** The JSON of a request. */
export function bodyOf({ body }: LoopbackRequest): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (error) {
    throw new ManagementError(answer({ message: (error as Error).message }, 400))
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw invalidBody('')
}

/** The texts that a body lists under a name. */
export function textsOf(body: Readonly<Record<string, unknown>>, name: string): string[] {
  const value = body[name]
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) throw invalidBody(name)
  return value
}

export function textOf(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name]
  if (typeof value !== 'string') throw invalidBody(name)
  return value
}

/** A text that may be missing. */
export function optionalText(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return body[name] === undefined || body[name] === null ? undefined : textOf(body, name)
}

/** One page of a list, or all of it where the request asks for no page. */
export function optionallyPaged(request: LoopbackRequest, items: readonly unknown[]): Reply {
  const { searchParams } = request.url
  return searchParams.has('page') || searchParams.has('page_size') ? paged(request, items) : answer(items)
}

/** One page of a list. The links lack `/api`, as Logto's do: they lead nowhere. */
export function paged({ url }: LoopbackRequest, items: readonly unknown[]): Reply {
  const page = numberOf(url, 'page', 1)
  const size = numberOf(url, 'page_size', 20)
  if (size > 100) throw invalidPagination()
  const last = Math.max(1, Math.ceil(items.length / size))
  const link = (to: number, rel: string) => {
    const target = new URL(url)
    target.pathname = url.pathname.replace(/^\/api/, '')
    target.searchParams.set('page', String(to))
    return `<${target}>; rel="${rel}"`
  }
  const links = [
    link(1, 'first'),
    link(last, 'last'),
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next')] : []),
  ]
  return json(items.slice((page - 1) * size, page * size), {
    headers: {
      ...jsonHeaders,
      'total-number': String(items.length),
      link: links.join(', '),
    },
  })
}

function numberOf(url: URL, name: string, otherwise: number): number {
  const text = url.searchParams.get(name)
  if (text === null) return otherwise
  if (!/^[1-9]\d*$/.test(text)) throw invalidPagination()
  return Number(text)
}

function invalidPagination(): ManagementError {
  return managementError(400, 'guard.invalid_pagination', 'The request pagination value is invalid.')
}

function unauthorized(code: string, name: string, more: object = {}): ManagementError {
  const message = 'Unauthorized. Please check credentials and its scope.'
  return managementError(401, 'auth.unauthorized', message, { data: { code, name, ...more } })
}

function payloadOf(token: string): Record<string, unknown> | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    return typeof payload === 'object' && payload !== null ? { ...payload } : undefined
  } catch {
    return undefined
  }
}
