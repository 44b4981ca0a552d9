import { unavailable } from './errors.ts'
import type { Seconds } from './types.ts'

/** The part of `fetch` that Claviger calls; inject one for a private CA or a proxy. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

/** What is passed to a {@link Fetch}. */
export interface FetchInit {
  method: string
  headers: Record<string, string>
  redirect: 'manual'
  signal: AbortSignal
  body?: string
}

/** One request of ours. */
export interface JsonRequest {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** One deadline over connect, headers and body. Default: that of the client. */
  timeout?: Seconds
  /** Bytes of body, after decompression. Default 1 MiB. */
  maxBytes?: number
  signal?: AbortSignal
}

/** An answer of any status; `body` is the parsed JSON, or the text where it is not JSON. */
export interface JsonResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  /** Whether `body` was JSON. */
  readonly json: boolean
  /** The body as it arrived. */
  readonly text: string
}

const defaultMaxBytes = 1024 * 1024

/**
 * Makes the function through which every outgoing call of this package goes: one deadline over connect, headers and body;
 * a size cap that cuts the body while it arrives; redirects come back as they are and are never followed.
 * @param timeout default deadline, in seconds
 */
export function createRequest(fetch: Fetch, timeout: Seconds): (url: string, init?: JsonRequest) => Promise<JsonResponse> {
  return async (url, init = {}) => {
    const seconds = init.timeout ?? timeout
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), seconds * 1000)
    const signal = init.signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, init.signal])
    let phase = 'connecting or waiting for the headers'
    try {
      const response = await within(
        signal,
        fetch(url, {
          method: init.method ?? 'GET',
          headers: { accept: 'application/json', ...init.headers },
          redirect: 'manual',
          signal,
          ...(init.body !== undefined && { body: init.body }),
        }),
      )
      phase = 'reading the body'
      const text = await readText(response, init.maxBytes ?? defaultMaxBytes, signal)
      return { status: response.status, headers: response.headers, text, ...parse(text) }
    } catch (cause) {
      init.signal?.throwIfAborted()
      const where = origin(url)
      if (deadline.signal.aborted) {
        throw unavailable(`${where} did not answer within ${seconds} s (timed out ${phase}; option timeout)`, { cause: reason(cause) })
      }
      throw unavailable(`${where} failed ${phase}: ${describe(cause)}`, { cause: reason(cause) })
    } finally {
      clearTimeout(timer)
    }
  }
}

// An injected fetch may not obey its signal: the deadline holds all the same.
function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

async function readText(response: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await within(signal, reader.read())
      if (done) break
      size += value.byteLength
      if (size > maxBytes) throw new Error(`the body is longer than ${maxBytes} bytes`)
      chunks.push(value)
    }
  } catch (error) {
    reader.cancel().catch(() => {})
    throw error
  }
  return Buffer.concat(chunks, size).toString('utf8')
}

function parse(text: string): { body: unknown; json: boolean } {
  try {
    return { body: JSON.parse(text), json: true }
  } catch {
    return { body: text, json: false }
  }
}

/** A URL as it may be shown: without user, path, query and fragment, where secrets and tokens travel. */
export function origin(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'the given address'
}

// undici says "fetch failed" and keeps the reason in `cause`.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  return error.name === 'Error' ? error.message : error.name
}

// The message of a foreign error may quote the URL with its secrets; its kind is all we keep.
function reason(error: unknown): Error {
  return new Error(describe(error))
}
