import type { LoopbackRequest, Reply, Route } from '../../server/routes.ts'
import { jsonReply, textError } from './answers.ts'
import { authorized, type Caller } from './authorization.ts'
import { documentHandlers } from './documents.ts'
import { listHandlers } from './lists.ts'
import { answered } from './oauth.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.generated.ts'
import { organizationDataHandlers } from './organization-data.ts'
import { organizationHandlers } from './organizations.ts'
import type { Item, ItsYouOnlineState } from './state.ts'
import type { Host } from './tokens.ts'
import { userHandlers } from './users.ts'

/** One request to the API, past the checks that stand before its handler. */
export interface Call {
  readonly state: ItsYouOnlineState
  readonly origin: string
  readonly operation: Operation
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The JSON body, of the right shape; empty for operations without. */
  readonly body: Item
  /** The body as it came. */
  readonly text: string
  /** Absent where nobody has to say who calls. */
  readonly caller: Caller | undefined
  readonly now: Date
}

/** Answers one operation. */
export type Handler = (call: Call) => Reply

/** By the names of the operations; what has none is answered with an example. */
export type Handlers = Readonly<Record<string, Handler>>

const handlers: Handlers = {
  ...listHandlers,
  ...userHandlers,
  ...organizationHandlers,
  ...organizationDataHandlers,
  ...documentHandlers,
}

/** The routes of all operations, below `/api`. */
export function apiRoutes(host: Host, origin: string): Route<'api'>[] {
  // What is fixed comes before what is not: `/users/identifiers/:identifier` before `/users/:username/…`.
  const fixedFirst = operations.toSorted((a, b) => variables(a) - variables(b))
  return fixedFirst.map((operation) => ({
    endpoint: 'api',
    method: operation.method,
    path: operation.path,
    handle: (request) => answered(() => answer(host, origin, operation, request)),
  }))
}

const variables = ({ path }: Operation) => path.split(':').length

function answer(host: Host, origin: string, operation: Operation, request: LoopbackRequest): Reply {
  const caller = authorized(host, operation, request)
  const body = operation.needs === undefined ? {} : bodyOf(request.body, operation.needs)
  const call: Call = {
    state: host.state,
    origin,
    operation,
    params: request.params,
    query: request.url.searchParams,
    body,
    text: request.body,
    caller,
    now: new Date(host.now() * 1000),
  }
  return (handlers[operation.id] ?? example)(call)
}

// Go takes what is missing for empty; here it is refused, so that a test finds out.
function bodyOf(text: string, needs: NonNullable<Operation['needs']>): Item {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw textError(400)
  }
  if (kindOf(body) !== 'object') throw textError(400)
  for (const [name, kind] of Object.entries(needs)) {
    const isOptional = name.endsWith('?')
    const value = (body as Item)[isOptional ? name.slice(0, -1) : name]
    if (value === undefined ? !isOptional : value !== null && kindOf(value) !== kind) throw textError(400)
  }
  return body as Item
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  return Number.isInteger(value) ? 'integer' : typeof value
}

// Plausible, and with what was sent.
function example({ operation, params, body }: Call): Reply {
  const { status, answer } = operation
  if (answer === undefined) return { status }
  return jsonReply(
    status,
    Array.isArray(answer) ? answer.map((one) => told(one, params, body)) : told(answer, params, body),
  )
}

function told(sample: unknown, params: Item, body: Item): unknown {
  if (kindOf(sample) !== 'object') return sample
  const known = { ...params, ...body }
  return Object.fromEntries(
    Object.entries(sample as Item).map(([name, value]) => [
      name,
      kindOf(known[name]) === kindOf(value) ? known[name] : value,
    ]),
  )
}
