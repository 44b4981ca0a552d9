import type * as z from 'zod'
import type { Caller } from './client.ts'
import type { CallOptions } from './client-options.ts'
import type { Fetch } from './http.ts'
import { createOpenApiClient, createOpenApiFetch, pathSerializer } from './openapi.ts'
import type { OperationMethods } from './openapi-types.ts'

/** One operation of an API, as generated from its OpenAPI document. */
export interface OpenApiOperation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its parts in braces. */
  readonly path: string
  /** Whether the path or the query has parameters. */
  readonly params: boolean
  /** The parameters that go into the query; the others are parts of the path. */
  readonly query: readonly string[]
  /** The content type of the body, where there is one. */
  readonly body?: string
  /** The statuses that mean success. */
  readonly expect: readonly number[]
  /** What a good answer looks like. */
  readonly schema: z.ZodType
  /** For an answer that is not JSON. A `blob` needs {@link withBytes}. */
  readonly text?: 'text' | 'blob'
}

// For the calls made here, by data: their types are those of OperationMethod.
interface AnyOperation {
  parameters: { path?: Readonly<Record<string, unknown>>; query?: Readonly<Record<string, unknown>> }
  requestBody?: { content: { 'application/json': unknown } }
  responses: { 200: { content: { 'application/json': unknown } } }
}

interface OperationsOptions {
  readonly baseUrl: string
  /** Sends the requests, with whatever each of them needs, such as a token. */
  readonly caller: Caller
}

const upload = 'multipart/form-data'

/**
 * Makes a method of each operation of an API; openapi-fetch writes the requests, `caller` sends them.
 * @param operations as generated
 */
export function createOperations<Operations>(
  operations: { readonly [Name in keyof Operations]: OpenApiOperation },
  { baseUrl, caller }: OperationsOptions,
): OperationMethods<Operations> {
  const client = createOpenApiClient<Record<string, { get: AnyOperation }>>({ baseUrl, pathSerializer })

  function methodOf(name: string, operation: OpenApiOperation) {
    const { method, path, params: hasParams, query, body: type, expect, schema, text } = operation
    return async (...args: unknown[]): Promise<unknown> => {
      const params = (hasParams ? args.shift() : undefined) as Readonly<Record<string, unknown>> | undefined
      const body = type === undefined ? undefined : args.shift()
      const options = (args[0] ?? {}) as CallOptions
      const shown = `${baseUrl}${path.replace(/\{[^{}]+\}/g, '*')}`
      const call = { operation: name, expect, schema, shown, text: text !== undefined }
      const { data, response } = await client.request(method.toLowerCase() as 'get', path, {
        params: { path: params ?? {}, query: Object.fromEntries(query.map((one) => [one, params?.[one]])) },
        // The type of an upload is written with its boundary.
        ...(type !== undefined && type !== upload && { headers: { 'content-type': type } }),
        parseAs: text === undefined ? 'json' : 'text',
        fetch: createOpenApiFetch(caller, call, options),
        ...(body !== undefined && { body: type === upload ? formOf(body as object) : body }),
      })
      return text === 'blob' ? blobOf(String(data), response.headers.get('content-type')) : data
    }
  }

  const methods = Object.entries<OpenApiOperation>(operations).map(([name, operation]) => [
    name,
    methodOf(name, operation),
  ])
  return Object.freeze(Object.fromEntries(methods)) as OperationMethods<Operations>
}

function formOf(body: object): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(body)) {
    if (value instanceof Blob) form.append(name, value)
    else form.append(name, String(value))
  }
  return form
}

function blobOf(text: string, type: string | null): Blob {
  return new Blob([Buffer.from(text, 'latin1')], { type: type ?? 'application/octet-stream' })
}

/**
 * Lets bytes through a client that reads texts: each byte of an answer that is neither JSON nor text becomes one character. The size
 * cap counts bytes above 127 twice.
 */
export function withBytes(fetch: Fetch): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init)
    if (response.body === null || !response.ok || /json|text/.test(response.headers.get('content-type') ?? 'text'))
      return response
    const widen = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => controller.enqueue(Buffer.from(Buffer.from(chunk).toString('latin1'))),
    })
    return new Response(response.body.pipeThrough(widen), { status: response.status, headers: response.headers })
  }
}
