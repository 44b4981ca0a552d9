import { unavailable } from './errors.ts'
import { type Fetch, origin } from './http.ts'
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
    // Servers may send what is no status of HTTP, which no Response can have.
    if (status > 599) throw unavailable(`${origin(url)} answered with status ${status}`)
    return new Response(withoutBody.includes(status) ? null : text, { status, headers: answer.headers })
  }
}
