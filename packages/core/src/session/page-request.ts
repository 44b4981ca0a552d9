import type { HttpRequest } from '../credentials.ts'

/** An answer, for a framework to send as it is. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string
}

/**
 * Whether somebody opens a page, so that an answer may lead them to the sign-in. A program, or a script of a page, gets a status instead.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function isPageRequest({ method, headers }: HttpRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (headers.authorization !== undefined || headers['x-requested-with'] !== undefined) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return [headers.accept ?? []].flat().some((value) => /\btext\/html\b/i.test(value))
}
