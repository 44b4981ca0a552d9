import type { CallOptions, ClientOptions } from './client-options.ts'
import { AuthError, type AuthErrorCode, isAuthError, type Upstream, unavailable } from './errors.ts'
import { createRequest, type JsonResponse } from './http.ts'
import { isName } from './json.ts'
import { redact } from './redact.ts'
import { retryAfter } from './response-headers.ts'
import { createMask } from './secrets.ts'
import type { Seconds } from './types.ts'

/** What validates a body; a zod schema is one. */
export interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly code: string }[] }
      }
}

/** One call to a provider's API. */
export interface ApiCall<T> {
  /** The name of our method. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  /** The address as logs may show it. Default: scheme and host of `url`. */
  readonly shown?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
  /** The statuses that mean success. */
  readonly expect: readonly number[]
  /** What of a good answer `schema` looks at. Default: its body. */
  readonly read?: (response: JsonResponse) => unknown
  /** What a good body looks like; extra members are tolerated by loose objects. */
  readonly schema: Schema<T>
  /** Whether it may be repeated: true for what only reads. Default: `method` is GET. */
  readonly safe?: boolean
  /** What must not be shown and neither a header nor the name of a parameter gives away. */
  readonly secrets?: readonly string[]
}

/**
 * Reads the provider's own error code and words out of an answer, and its name for the request out of any answer; nothing out of one
 * that cannot be the API's.
 */
export type ErrorReader = (response: JsonResponse) =>
  | {
      code?: string | undefined
      message?: string | undefined
      requestId?: string | undefined
    }
  | undefined

/**
 * Makes a call and gives its validated body.
 * @throws {AuthError} `ERR_UPSTREAM_INVALID` (400, 422 and other 4xx), `ERR_UPSTREAM_UNAUTHORIZED` (401), `ERR_UPSTREAM_FORBIDDEN` (403),
 * `ERR_UPSTREAM_NOT_FOUND` (404), `ERR_UPSTREAM_CONFLICT` (409), `ERR_PROVIDER_UNAVAILABLE` (429, 5xx, network, nonsense, an answer of
 * something before the API),
 * `ERR_UPSTREAM_UNKNOWN` (the answer to a write was lost, on the way or at a gateway, or cannot be read)
 */
export type Caller = <T>(call: ApiCall<T>, options?: CallOptions) => Promise<T>

const codes: Readonly<Record<number, AuthErrorCode>> = {
  401: 'ERR_UPSTREAM_UNAUTHORIZED',
  403: 'ERR_UPSTREAM_FORBIDDEN',
  404: 'ERR_UPSTREAM_NOT_FOUND',
  409: 'ERR_UPSTREAM_CONFLICT',
}
const passing = [429, 502, 503, 504]

/** Makes the function that all calls of a provider's client go through: deadline, retries, hooks, validation, errors. */
export function createCaller(
  provider: string,
  options: { [Name in keyof ClientOptions]: ClientOptions[Name] | undefined },
  readError: ErrorReader,
): Caller {
  const request = createRequest(options.fetch ?? ((url, init) => globalThis.fetch(url, init)), options.timeout ?? 10)

  async function once<T>(call: ApiCall<T>, timeout: Seconds, signal: AbortSignal | undefined): Promise<JsonResponse> {
    const event = {
      provider,
      operation: call.operation,
      method: call.method,
      url: redact(call.shown ?? new URL(call.url).origin),
    }
    const started = performance.now()
    options.onRequest?.(event)
    let status: number | undefined
    try {
      const response = await request(call.url, {
        method: call.method,
        timeout,
        ...(call.headers !== undefined && { headers: call.headers }),
        // Bytes go to fetch as they are; the type of a request's body knows texts only.
        ...(call.body !== undefined && { body: call.body as string }),
        ...(signal !== undefined && { signal }),
      })
      status = response.status
      return response
    } finally {
      options.onResponse?.({
        ...event,
        ...(status !== undefined && { status }),
        milliseconds: performance.now() - started,
      })
    }
  }

  async function attempt<T>(call: ApiCall<T>, timeout: Seconds, signal: AbortSignal | undefined): Promise<T> {
    const upstream: Upstream = { provider, operation: call.operation }
    let response: JsonResponse
    try {
      response = await once(call, timeout, signal)
    } catch (cause) {
      if (!isAuthError(cause)) throw cause
      const { explanation = 'no answer' } = cause
      if (isSafe(call) || notSent.test(explanation))
        throw new AuthError('ERR_PROVIDER_UNAVAILABLE', { explanation, cause, upstream })
      throw new AuthError('ERR_UPSTREAM_UNKNOWN', {
        explanation: `${call.operation}: the answer was lost, ${explanation}`,
        cause,
        upstream,
      })
    }
    if (!call.expect.includes(response.status)) throw refusalOf(call, response, provider, readError)
    const result = call.schema.safeParse((call.read ?? bodyOf)(response))
    if (result.success) return result.data
    const path = result.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.') || 'the body'} ${issue.code}`)
    const { requestId } = readError(response) ?? {}
    const mask = createMask(call)
    throw new AuthError(isSafe(call) ? 'ERR_PROVIDER_UNAVAILABLE' : 'ERR_UPSTREAM_UNKNOWN', {
      explanation: `${provider} ${call.operation}: the answer is not as it should be (${mask(path.join(', '))})`,
      upstream: { ...upstream, status: response.status, ...shown({ requestId }, mask) },
    })
  }

  return async (call, { signal, timeout = options.timeout ?? 10 } = {}) => {
    const deadline = performance.now() + timeout * 1000
    for (let attempts = 0; ; attempts += 1) {
      try {
        return await attempt(call, Math.max(0.001, (deadline - performance.now()) / 1000), signal)
      } catch (error) {
        const wait = isAuthError(error) ? waitFor(error, attempts) : undefined
        const again = isSafe(call) && attempts < (options.retries ?? 2) && wait !== undefined
        if (!again || performance.now() + wait > deadline) throw error
        await pause(wait, signal)
      }
    }
  }
}

const bodyOf = ({ json, body, text }: JsonResponse) => (json ? body : text)
const isSafe = ({ safe, method }: ApiCall<unknown>) => safe ?? method === 'GET'
// A gateway has lost the answer, or never got one.
const lost = [502, 504]
// The connection was never made, so nothing was sent.
const notSent = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|CERT|TLS/

function refusalOf(
  call: ApiCall<unknown>,
  response: JsonResponse,
  provider: string,
  readError: ErrorReader,
): AuthError {
  const { status } = response
  const said = readError(response)
  if (said === undefined && status < 500) {
    // No status of the API's, so that nobody takes it for one.
    return new AuthError('ERR_PROVIDER_UNAVAILABLE', {
      explanation: `${provider} ${call.operation}: something before the API has answered, with status ${status}`,
      upstream: { provider, operation: call.operation },
      ...retryAfter(response.headers),
    })
  }
  const { code, message, requestId } = said ?? {}
  const mask = createMask(call)
  const upstream: Upstream = {
    provider,
    operation: call.operation,
    status,
    ...shown({ code, message, requestId }, mask),
  }
  const explanation = `${provider} ${call.operation}: answered with status ${status}${code === undefined ? '' : ` ${JSON.stringify(mask(code).slice(0, 100))}`}`
  if (!isSafe(call) && lost.includes(status)) return new AuthError('ERR_UPSTREAM_UNKNOWN', { explanation, upstream })
  if (status === 429 || status >= 500 || status < 400) {
    return new AuthError('ERR_PROVIDER_UNAVAILABLE', { explanation, upstream, ...retryAfter(response.headers) })
  }
  return new AuthError(codes[status] ?? 'ERR_UPSTREAM_INVALID', { explanation, upstream })
}

// What is there, fit to be shown.
function shown(
  texts: Readonly<Record<string, string | undefined>>,
  mask: (text: string) => string,
): Record<string, string> {
  const said = Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, mask(text)]]))
  return Object.fromEntries(said)
}

// Milliseconds until it is worth trying again; nothing if it is not.
function waitFor({ code, upstream, retryAfter }: AuthError, attempts: number): number | undefined {
  if (code !== 'ERR_PROVIDER_UNAVAILABLE') return undefined
  if (upstream?.status !== undefined && !passing.includes(upstream.status)) return undefined
  return retryAfter === undefined ? 100 * 2 ** attempts * (0.5 + Math.random()) : retryAfter * 1000
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds)
    function done() {
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    function abort() {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}

/** A path with its variable parts percent-encoded: path`/users/${id}/roles`. */
export function path(template: TemplateStringsArray, ...parts: readonly string[]): string {
  return template.reduce((made, text, index) => made + encodeURIComponent(part(parts[index - 1])) + text)
}

// A dot segment would lead to another resource.
function part(value: string | undefined): string {
  if (value === undefined || value === '.' || value === '..' || !isName(value)) {
    throw new AuthError('ERR_OPTIONS_INVALID', {
      explanation: 'a part of the path is empty, a dot segment, or half a character',
    })
  }
  return value
}

/** Turns an outage of any kind into an error of ours; for functions that must not throw what a provider did. */
export function asUnavailable(error: unknown): AuthError {
  return isAuthError(error) ? error : unavailable('the provider could not be asked', { cause: error })
}
