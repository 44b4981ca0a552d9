import type { Fetch } from './http.ts'
import type { Seconds } from './types.ts'

/** What every API client of a provider takes. Durations are seconds. */
export interface ClientOptions {
  /** For a private CA or a proxy. Default: the global `fetch`. */
  fetch?: Fetch
  /** One deadline over a whole call, its retries included. From 0.01 to 120, default 10. */
  timeout?: Seconds
  /** How often a call that only reads is repeated when the provider cannot be reached or says 429, 502, 503 or 504. Default 2, at most 5. */
  retries?: number
  /** Told before each request; every value is redacted. Default: nobody is. */
  onRequest?: (event: RequestEvent) => void
  /** Told after each answer, or failure; every value is redacted. Default: nobody is. */
  onResponse?: (event: ResponseEvent) => void
}

/** What each single call takes. */
export interface CallOptions {
  /** Ends the call, with its own reason. Default: none. */
  signal?: AbortSignal
  /** One deadline for this call, in seconds. Default: that of the client. */
  timeout?: Seconds
}

/** A request that a client is about to send. */
export interface RequestEvent {
  readonly provider: string
  readonly operation: string
  readonly method: string
  /** Without query and fragment; parts of the path that are not fixed are shown as `*`. */
  readonly url: string
}

/** What came of a request. */
export interface ResponseEvent extends RequestEvent {
  /** Absent when there was no answer. */
  readonly status?: number
  readonly milliseconds: number
}
