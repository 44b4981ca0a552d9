import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What a handler of a loopback server sees of a request. */
export interface LoopbackRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  /** The parts of the path that the route names, as in `/users/:id`, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly body: string
  /** The body read as `application/x-www-form-urlencoded`. */
  readonly form: URLSearchParams
}

/** An answer. An `etag` among the headers is enough for conditional requests: the server answers 304 by itself. */
export interface Reply {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** One method and path of a loopback server. */
export interface Route<Endpoint extends string = string> {
  /** The name that faults and counts go by; several routes may share one. */
  readonly endpoint: Endpoint
  readonly method: string | readonly string[]
  /** `/users/:id`; each `:name` matches one segment. */
  readonly path: string
  readonly handle: (request: LoopbackRequest) => Reply | Promise<Reply>
}

/** A JSON answer, never stored unless the headers say so. */
export function json(body: unknown, options: Omit<Reply, 'body'> = {}): Reply {
  return {
    ...options,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...options.headers },
    body: JSON.stringify(body),
  }
}

/** A route that answers a request, with the parts of its path. */
export interface Match<Endpoint extends string> {
  readonly route: Route<Endpoint>
  readonly params: Record<string, string>
}

/** Finds the first route for a method and path. */
export function createRouter<Endpoint extends string>(routes: readonly Route<Endpoint>[]) {
  const compiled = routes.map((route) => ({
    route,
    methods: [route.method].flat(),
    pattern: new RegExp(
      `^${route.path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:(\w+)/g, (_, name) => `(?<${name}>[^/]+)`)}$`,
    ),
  }))
  return (method: string, path: string): Match<Endpoint> | undefined => {
    for (const { route, methods, pattern } of compiled) {
      const found = methods.includes(method) ? pattern.exec(path) : null
      if (!found) continue
      const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decode(value)])
      return { route, params: Object.fromEntries(params) }
    }
    return undefined
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

const maxBody = 1_048_576

/** Reads a body of at most 1 MiB; `undefined` for a longer one. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
