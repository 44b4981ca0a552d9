import type { HttpRequest } from '../credentials.ts'
import { AuthError } from '../errors.ts'
import { isObject } from '../json.ts'

/** A request whose body may have been parsed, or not; an `IncomingMessage` of Node is one. */
export interface FormRequest extends HttpRequest, Partial<AsyncIterable<Uint8Array | string>> {}

// Our forms are short.
const maxBytes = 8 * 1024

/**
 * The fields of a form of ours, from the parser of the app where there is one.
 * @throws {AuthError} `ERR_REQUEST_MALFORMED` for a body that is none of our forms
 */
export async function readForm(request: FormRequest): Promise<URLSearchParams> {
  const { body, headers } = request
  if (isObject(body)) return new URLSearchParams(Object.entries(body).filter(isField))
  const type = [headers['content-type'] ?? ''].flat().join()
  if (type !== '' && !/^application\/x-www-form-urlencoded\b/i.test(type)) throw malformed('the body is no form')
  const chunks: Uint8Array[] = []
  let size = 0
  if (request[Symbol.asyncIterator] !== undefined) {
    for await (const chunk of request as AsyncIterable<Uint8Array | string>) {
      const bytes = Buffer.from(chunk as Uint8Array)
      size += bytes.length
      if (size > maxBytes) throw malformed('the form is too long')
      chunks.push(bytes)
    }
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

function isField(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}

function malformed(explanation: string): AuthError {
  return new AuthError('ERR_REQUEST_MALFORMED', { explanation })
}
