import type { Fetch } from './http.ts'
import type { ProviderContext } from './provider.ts'

// A Response with one of these must have no body.
const withoutBody = [204, 205, 304]

/** A `fetch` for libraries that want one, on the one way out: one deadline, a size cap, no redirects. */
export function fetchThrough({ request }: Pick<ProviderContext, 'request'>): Fetch {
  return async (url, { method, headers, body, signal }) => {
    const answer = await request(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      ...(signal !== undefined && signal !== null && { signal }),
    })
    const { status, text } = answer
    return new Response(withoutBody.includes(status) ? null : text, { status, headers: answer.headers })
  }
}
