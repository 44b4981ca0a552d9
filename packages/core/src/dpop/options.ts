import type { ReplayStore } from '../replays.ts'
import type { Seconds } from '../types.ts'

/** How senders of tokens that are bound to a key prove that they have it. Durations are seconds. */
export interface DpopOptions {
  /**
   * The app as its clients see it, such as `https://api.example.com`, with the path that a proxy takes away, if one does; or several.
   * Nothing is ever taken from a `Host` header.
   */
  baseUrl: string | readonly string[]
  /** Where it is remembered which proofs have been here; closed by whoever made it. Default: in this process. */
  replays?: ReplayStore
  /** How old a proof may be, beside `clockTolerance`. From 1 to 3600, default 60. */
  maxAge?: Seconds
  /** A secret of at least 32 bytes, the same in each process, to make nonces of, which proofs then have to carry. Default: none have to. */
  nonces?: string
  /** Whether tokens are refused that are not bound to a key. Default `false`. */
  required?: boolean
}
