import { readBody, type UnreadBody } from '../body.ts'
import type { HttpRequest } from '../credentials.ts'
import { AuthError } from '../errors.ts'
import { isObject } from '../json.ts'

/** A request whose body may have been parsed, or not; an `IncomingMessage` of Node is one. */
export interface FormRequest extends HttpRequest, Partial<AsyncIterable<Uint8Array | string>> {
  /** Whether somebody has read the body. */
  readonly readableDidRead?: boolean
}

// Our forms are short.
const shortForm = 8 * 1024

/**
 * The fields of a form, from the parser of the app where there is one.
 * @throws {AuthError} `ERR_REQUEST_MALFORMED` for a body that is no form, too long a one, or one that ends half-way
 */
export async function readForm(request: FormRequest, maxBytes = shortForm): Promise<URLSearchParams> {
  const { body, headers } = request
  // Parsers of other types leave an empty object behind, and the body unread.
  const isLeftOver = isObject(body) && request.readableDidRead === false && Object.keys(body).length === 0
  if (isObject(body) && !isLeftOver) return new URLSearchParams(Object.entries(body).filter(isField))
  const type = [headers['content-type'] ?? ''].flat().join()
  if (type !== '' && !/^application\/x-www-form-urlencoded\b/i.test(type)) throw malformed('the body is no form')
  if (request[Symbol.asyncIterator] === undefined) return new URLSearchParams()
  const bytes = await readBody(request as UnreadBody, maxBytes).catch((cause: unknown) => {
    throw malformed('the body could not be read', cause)
  })
  if (bytes === undefined) throw malformed('the form is too long')
  return new URLSearchParams(bytes.toString('utf8'))
}

function isField(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}

function malformed(explanation: string, cause?: unknown): AuthError {
  return new AuthError('ERR_REQUEST_MALFORMED', { explanation, cause })
}
