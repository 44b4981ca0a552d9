import { STATUS_CODES } from 'node:http'
import type { ErrorReader } from '../../client.ts'
import { isPage, type JsonResponse } from '../../http.ts'
import { at, isObject } from '../../json.ts'
import { invalidOptions } from '../../options.ts'
import { isSecure } from '../secure-address.ts'

/** The resource of the Management API on a server of one's own, whatever the server's address. */
const ownManagementResource = 'https://default.logto.app/api'

/** Where a tenant's OpenID Connect endpoints are; its tokens name it as their issuer. */
export function issuerOf(endpoint: string): string {
  return `${originOf(endpoint)}/oidc`
}

/** An address without a slash at its end, and without the `/oidc` of what Logto's console shows as the issuer. */
export function originOf(endpoint: string): string {
  return endpoint.replace(/\/+$/, '').replace(/\/oidc$/, '')
}

/**
 * Secrets and tokens travel there, and the keys that tokens are believed by come from there.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for http to another machine, unless that is spelled out
 */
export function assertSecure(
  where: string,
  { endpoint, dangerouslyAllowHttp }: { endpoint: string; dangerouslyAllowHttp?: boolean | undefined },
): void {
  if (dangerouslyAllowHttp === true || isSecure(new URL(endpoint))) return
  throw invalidOptions(where, 'endpoint: must be an https URL (http on loopback only; option dangerouslyAllowHttp)')
}

/** The indicator of a tenant's Management API, as far as its address tells. */
export function managementResourceOf(endpoint: string): string {
  const { hostname } = new URL(endpoint)
  return hostname.endsWith('.logto.app') ? `https://${hostname}/api` : ownManagementResource
}

/**
 * Reads both error shapes of Logto: RFC 6749 with `error` at the OpenID Connect endpoints, `code` and `message` at the Management
 * API, which a quota of the token endpoint has too. Of `data` only names are read: it may hold a refused token's claims. What is in
 * prose, and has neither Logto's name for the request nor the status in words alone, is not Logto's.
 */
export const readLogtoError: ErrorReader = (response) => {
  const { body, headers } = response
  const requestId = textOf(headers.get('logto-core-request-id'))
  if (requestId === undefined && isPage(withoutStatusText(response))) return undefined
  if (!isObject(body)) return { requestId }
  const what = [at(body, ['data', 'code']), at(body, ['data', 'claim'])].filter(isWord).join(' ')
  const words = [textOf(body.error_description) ?? textOf(body.message), textOf(body.details), what]
  return {
    code: textOf(body.error) ?? textOf(body.code),
    message: words.filter((one) => one !== undefined && one !== '').join(' ') || undefined,
    requestId,
  }
}

/** Where Logto has nothing to say it says `OK` or `Created` in plain text: then there is no body. */
export function withoutStatusText(response: JsonResponse): JsonResponse {
  const { json, text, status } = response
  return !json && text === STATUS_CODES[status] ? { ...response, text: '', body: '' } : response
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,60}$/.test(value)
}
