import createClient from 'openapi-fetch'
import * as z from 'zod'
import { type ApiCall, type Caller, path } from './client.ts'
import type { CallOptions } from './client-options.ts'
import type { JsonResponse } from './http.ts'
import { harden } from './json.ts'

/** `createClient` of openapi-fetch. To code that was bundled as CommonJS its default export is the whole module. */
export const createOpenApiClient =
  'default' in createClient ? (createClient.default as typeof createClient) : createClient

/** What is said of a call that openapi-fetch makes, beyond its request. */
export interface OpenApiCall extends Pick<ApiCall<unknown>, 'operation' | 'expect' | 'shown' | 'safe'> {
  /** What a good body looks like; no body at all is `undefined`. Default: whatever is JSON, and no body too. */
  readonly schema?: z.ZodType
  /** For `parseAs: 'text'`: takes the body as it is, instead of as JSON. */
  readonly text?: boolean
}

/**
 * A `fetch` for openapi-fetch whose requests go the way of all our calls: one deadline, no redirects, a size cap, hooks, retries
 * where safe, validation. What is not as expected rejects with an `AuthError`, so openapi-fetch never gives an `error`.
 * @param call what this one call is; or for all calls of a client, how a request tells
 * @param options of the call; its signal counts instead of one that openapi-fetch was given
 * @throws {AuthError} as `caller` does
 */
export function createOpenApiFetch(
  caller: Caller,
  call: OpenApiCall | ((request: Request) => OpenApiCall),
  options: CallOptions = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    const {
      operation,
      expect,
      shown,
      safe,
      schema = z.unknown(),
      text = false,
    } = typeof call === 'function' ? call(request) : call
    const body = await bodyOf(request)
    const answer = await caller(
      {
        operation,
        method: request.method as ApiCall<unknown>['method'],
        url: request.url,
        headers: Object.fromEntries(request.headers),
        expect,
        read: (response) => ({ ...response, body: text ? response.text : contentOf(response) }),
        schema: z.looseObject({ body: json.pipe(schema), status: z.number(), headers: z.custom<Headers>() }),
        ...(body !== undefined && { body }),
        ...(shown !== undefined && { shown }),
        ...(safe !== undefined && { safe }),
      },
      { ...options, signal: options.signal ?? request.signal },
    )
    return toResponse(answer, text)
  }
}

/** The `pathSerializer` for openapi-fetch: without it a dot segment would lead to another resource. @throws {AuthError} `ERR_OPTIONS_INVALID` */
export function pathSerializer(template: string, parts: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{([^{}]+)\}/g, (_, name: string) => path`${String(parts[name] ?? '')}`)
}

// Text stays text, for fetch functions that look at it; an upload is bytes.
async function bodyOf(request: Request): Promise<string | Uint8Array | undefined> {
  if (request.body === null) return undefined
  const isText = /json|text|urlencoded/.test(request.headers.get('content-type') ?? '')
  return isText ? request.text() : new Uint8Array(await request.arrayBuffer())
}

const notJson = Symbol('not JSON')
const json = z.custom<unknown>((value) => value !== notJson, 'is not JSON')

function contentOf({ json, body, text }: JsonResponse): unknown {
  if (!json) return text === '' ? undefined : notJson
  try {
    return harden(body)
  } catch {
    // Nested so deep that it could not be written again.
    return notJson
  }
}

function toResponse(
  { body, status, headers }: { body: unknown; status: number; headers: Headers },
  text: boolean,
): Response {
  const shown = new Headers(headers)
  // They told of the body as it was sent.
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) shown.delete(name)
  const none = body === undefined || [204, 205, 304].includes(status)
  return new Response(none ? null : text ? String(body) : JSON.stringify(body), { status, headers: shown })
}
