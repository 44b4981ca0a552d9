import type { LoopbackRequest, Reply, Route } from '../../server/routes.ts'
import { entityNotFound, ManagementError, readManagementToken } from './management-answers.ts'
import type { AppState, UserState } from './state.ts'
import type { Tenant } from './tenant.ts'

/** What a webhook says of a change besides how it was made. Without `data` it has the answer's body. */
export interface EventDetails {
  [member: string]: unknown
}

/** Answers a call; what it puts into `details` goes to webhooks. */
export type Handler = (tenant: Tenant, request: LoopbackRequest, details: EventDetails) => Reply

/** One call: method, path without `/api`, handler, and the event that its success is. */
export type Call = readonly [method: string, path: string, handle: Handler, event?: string]

/** Makes the routes of calls, which check the token and trigger webhooks. */
export function managementRoutesOf(tenant: Tenant, calls: readonly Call[]): Route<'management'>[] {
  return calls.map(([method, path, handle, event]) => ({
    endpoint: 'management',
    method,
    path: `/api${path}`,
    handle(request) {
      try {
        readManagementToken(tenant, request.headers.authorization)
        const details: EventDetails = {}
        const reply = handle(tenant, request, details)
        if (event !== undefined) trigger(tenant, event, { matchedRoute: path, request, reply, details })
        return reply
      } catch (error) {
        if (error instanceof ManagementError) return error.reply
        throw error
      }
    },
  }))
}

function trigger(
  { webhooks }: Tenant,
  event: string,
  made: { matchedRoute: string; request: LoopbackRequest; reply: Reply; details: EventDetails },
): void {
  const { matchedRoute, request, reply, details } = made
  const isJson = reply.headers?.['content-type']?.startsWith('application/json') ?? false
  webhooks.trigger(event, {
    userAgent: request.headers['user-agent'],
    ip: '127.0.0.1',
    path: request.url.pathname.replace(/^\/api/, ''),
    method: request.method,
    status: reply.status ?? 200,
    params: request.params,
    matchedRoute,
    ...(isJson && { data: JSON.parse(String(reply.body)) }),
    ...details,
  })
}

/** The user that the path names. @throws {ManagementError} */
export function userOf({ state }: Tenant, { params }: LoopbackRequest): UserState {
  return found(state.users.get(params.userId ?? ''))
}

/** The app that the path names. @throws {ManagementError} */
export function appOf({ state }: Tenant, { params }: LoopbackRequest): AppState {
  return found(state.apps.get(params.applicationId ?? ''))
}

/** @throws {ManagementError} `entity.not_found` */
export function found<T>(entity: T | undefined): T {
  if (entity === undefined) throw entityNotFound()
  return entity
}

/** Items whose texts hold what the query asks for: `%text%` in `search`, `text` in `q`. */
export function searched<T>(
  { url }: LoopbackRequest,
  items: readonly T[],
  texts: (item: T) => readonly unknown[],
): T[] {
  const asked = url.searchParams.get('search') ?? url.searchParams.get('q') ?? ''
  const part = asked.replaceAll('%', '').toLowerCase()
  return items.filter((item) => texts(item).some((text) => String(text).toLowerCase().includes(part)))
}
