import { STATUS_CODES } from 'node:http'
import type { Reply } from '../../server/routes.ts'

const plainText = { 'content-type': 'text/plain; charset=utf-8' }

/** Ends the handling of a request with an answer. */
export class Answer extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super(`answered with ${reply.status}`)
    this.reply = reply
  }
}

/** The first shape of errors, and the most frequent: the words of the status. */
export function textError(status: number, body = STATUS_CODES[status]): Answer {
  return new Answer({ status, headers: { ...plainText, 'x-content-type-options': 'nosniff' }, body: `${body}\n` })
}

/** The second: JSON that is not called so, because the status is written before the headers. */
export function codeError(status: number, error: string): Answer {
  return new Answer({ status, headers: plainText, body: `${goJson({ error })}\n` })
}

/** The third: nothing. A handler that panics answers so, with 500. */
export function emptyError(status: number): Answer {
  return new Answer({ status })
}

/** @param isSniffed for handlers that write the status first */
export function jsonReply(status: number, body: unknown, isSniffed = false): Reply {
  const headers = isSniffed ? plainText : { 'content-type': 'application/json' }
  return { status, headers, body: `${goJson(body)}\n` }
}

/** JSON as Go writes it, with what could end a script tag escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
