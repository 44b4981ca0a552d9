// What the page asks its server.

let calls = 0

/** Marks what the page asks for itself. */
export const quiet = 'quiet'

/** Calls a route of an API. `id` is in the events that belong to the call. */
export async function callApi(framework, { method, path }, who, id = `${Date.now().toString(36)}-${++calls}`) {
  const response = await fetch(`/${framework}${path}`, {
    method,
    headers: { Accept: 'application/json', 'X-Console-Request': id, 'X-Console-As': who },
  })
  const body = await response.json().catch(() => ({}))
  return { id, status: response.status, body, retryAfter: response.headers.get('Retry-After') }
}

/** Does something to a provider, a role or a session. Throws what the server says. */
export async function act(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const response = await fetch(`/console/${path}`, { method, headers, body: JSON.stringify(body) })
  if (response.ok) return
  const { explanation } = await response.json().catch(() => ({}))
  throw new Error(explanation ?? `The console answered with ${response.status}.`)
}

export async function readState() {
  const response = await fetch('/console/state')
  return response.json()
}

/** Follows the events of the library. The browser connects again by itself, and misses nothing. */
export function followEvents(listener, connected) {
  const source = new EventSource('/console/events')
  source.onmessage = ({ data }) => listener(JSON.parse(data))
  source.onopen = () => connected(true)
  source.onerror = () => connected(false)
}
