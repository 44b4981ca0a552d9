import { unavailable } from './errors.ts'
import { isObject } from './json.ts'
import type { Seconds } from './types.ts'
import { urlOf } from './url.ts'

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

/**
 * True for an answer in prose. Where an API answers in JSON it is none of the API's: something before it, such as a firewall, has
 * answered instead, and knows nothing of tokens.
 */
export function isPage({ json, text }: JsonResponse): boolean {
  return !json && text !== ''
}

/** True for a page made for browsers, where an API may answer in plain words of its own too. */
export function isMarkup({ json, text, headers }: JsonResponse): boolean {
  return !json && (/\bx?html\b/i.test(headers.get('content-type') ?? '') || /^\s*</.test(text))
}

const defaultMaxBytes = 1024 * 1024
// Leaves a byte order mark out, which some servers put before their JSON.
const utf8 = new TextDecoder()

/**
 * Makes the function through which every outgoing call of this package goes: one deadline over connect, headers and body;
 * a size cap that cuts the body while it arrives; redirects come back as they are and are never followed.
 * @param timeout default deadline, in seconds
 */
export function createRequest(
  fetch: Fetch,
  timeout: Seconds,
): (url: string, init?: JsonRequest) => Promise<JsonResponse> {
  return async (url, init = {}) => {
    init.signal?.throwIfAborted()
    const seconds = init.timeout ?? timeout
    const ending = new AbortController()
    const { signal } = ending
    const end = () => ending.abort()
    let late = false
    const timer = setTimeout(() => {
      late = true
      end()
    }, seconds * 1000)
    // Not AbortSignal.any: it leaves something behind in a signal that lives on, with each call.
    init.signal?.addEventListener('abort', end, { once: true })
    let phase = 'connecting or waiting for the headers'
    try {
      const sent = fetch(url, {
        method: init.method ?? 'GET',
        headers: { accept: 'application/json', ...init.headers },
        redirect: 'manual',
        signal,
        ...(init.body !== undefined && { body: init.body }),
      })
      // An injected fetch may not obey its signal: nobody waits for what it brings later.
      sent.then((response) => (signal.aborted ? response.body?.cancel() : undefined)).catch(() => {})
      const response = await within(signal, sent)
      phase = 'reading the body'
      if (response.redirected) throw new Refused('the injected fetch has followed a redirect')
      const text = await readText(response, init.maxBytes ?? defaultMaxBytes, signal)
      return { status: response.status, headers: response.headers, text, ...parse(text) }
    } catch (cause) {
      end()
      init.signal?.throwIfAborted()
      const what = late
        ? `did not answer within ${seconds} s (timed out ${phase}; option timeout)`
        : `failed ${phase}: ${describe(cause)}`
      const error = unavailable(`${origin(url)} ${what}`, { cause: new Error(describe(cause)) })
      if (!(cause instanceof Refused)) unanswered.add(error)
      throw error
    } finally {
      clearTimeout(timer)
      init.signal?.removeEventListener('abort', end)
    }
  }
}

const unanswered = new WeakSet<object>()

/** Whether an error tells of a call that was left without an answer: it timed out, or its connection failed. */
export function isUnanswered(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unanswered.has(error)
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
      if (done) return utf8.decode(Buffer.concat(chunks, size))
      size += value.byteLength
      if (size > maxBytes) throw new Refused(`the body is longer than ${maxBytes} bytes`)
      chunks.push(value)
    }
  } finally {
    reader.cancel().catch(() => {})
  }
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
  return urlOf(url)?.origin ?? 'the given address'
}

/** Our own complaint about an answer; its message may be shown. */
class Refused extends Error {}

// The message of a foreign error may quote the URL with its secrets; its kind is all we keep. undici says "fetch failed" and has the
// reason in `cause`.
function describe(error: unknown): string {
  if (error instanceof Refused) return error.message
  const inner = isObject(error) && isObject(error.cause) ? error.cause : error
  const { code, name } = isObject(inner) ? inner : {}
  return [code, name].find((word) => typeof word === 'string') ?? 'unknown error'
}
