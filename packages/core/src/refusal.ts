import type { Challenge } from './challenge.ts'
import { isAuthError, type ProblemDetails } from './errors.ts'
import { publishRefusal } from './events.ts'

/** What is thrown where a request is refused: the one place where a refusal leaves for the client, and is told to those who watch. */
export function refusal(error: unknown, challenge: Challenge, provider?: string): unknown {
  // `throw undefined` and `throw 'route'` are no errors to Express: it would go on to the route.
  if (typeof error !== 'object' || error === null)
    return new Error('something other than an error was thrown', { cause: error })
  if (!isAuthError(error)) return error
  publishRefusal(error, provider)
  return error.withChallenge(challenge)
}

/** An answer that says why a request was refused, as far as the client may know. */
export interface Problem {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: ProblemDetails
}

/**
 * The answer for a refusal of ours; nothing for any other error.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function problemOf(error: unknown): Problem | undefined {
  if (!isAuthError(error)) return undefined
  const headers = { ...error.headers, 'Content-Type': 'application/problem+json' }
  return { status: error.status, headers, body: error.toJSON() }
}
