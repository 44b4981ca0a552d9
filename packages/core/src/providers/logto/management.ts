import type { Client } from 'openapi-fetch'
import type { Caller } from '../../client.ts'
import type { CallOptions } from '../../client-options.ts'
import { createOpenApiFetch } from '../../openapi.ts'
import { createOperations, type OpenApiOperation } from '../../openapi-operations.ts'
import type { OperationMethods } from '../../openapi-types.ts'
import { operations } from './operations.generated.ts'
import type { operations as types } from './types.generated.ts'

/** What a list holds, fetched page by page while it is read. Each reading fetches anew. */
export interface LogtoList<Item> extends AsyncIterable<Item> {
  /** Everything, for lists that are known to be short. */
  toArray(): Promise<Item[]>
}

type Methods = OperationMethods<types>
type Name = keyof types
type QueryOf<N extends Name> = types[N] extends { parameters: { query?: infer Query } } ? NonNullable<Query> : never
type IsPaged<N extends Name> = [QueryOf<N>] extends [never]
  ? false
  : 'page_size' extends keyof QueryOf<N>
    ? true
    : false
/** Items per request; from 1 to 100, default 100. */
type Paging = { pageSize?: number }
type ListParams<N extends Name> = Omit<NonNullable<Parameters<Methods[N]>[0]>, 'page' | 'page_size'> & Paging
type ItemOf<N extends Name> = Awaited<ReturnType<Methods[N]>> extends readonly (infer Item)[] ? Item : never
type ListMethod<N extends Name> =
  Partial<ListParams<N>> extends ListParams<N>
    ? (params?: ListParams<N>, options?: CallOptions) => LogtoList<ItemOf<N>>
    : (params: ListParams<N>, options?: CallOptions) => LogtoList<ItemOf<N>>

/**
 * The calls of Logto's Management API: parameters by name, then the body where there is one, then {@link CallOptions}. A list that
 * comes in pages is a {@link LogtoList}; the timeout of a call then counts for each page.
 * @throws {AuthError} `ERR_UPSTREAM_INVALID` (400, 422), `ERR_UPSTREAM_UNAUTHORIZED`, `ERR_UPSTREAM_FORBIDDEN`,
 * `ERR_UPSTREAM_NOT_FOUND`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_UPSTREAM_UNKNOWN` (the answer to a write was lost)
 */
export type LogtoManagement = {
  readonly [N in Name]: IsPaged<N> extends true ? ListMethod<N> : Methods[N]
}

// For the calls made here, by data: their types are those of ListMethod.
export interface AnyPaths {
  [path: string]: {
    get: {
      parameters: { path?: Readonly<Record<string, unknown>>; query?: Readonly<Record<string, unknown>> }
      responses: { 200: { content: { 'application/json': unknown } } }
    }
  }
}

/** Makes a method of each operation. @param caller adds the token */
export function createManagement(baseUrl: string, caller: Caller, api: Client<AnyPaths>): LogtoManagement {
  const single = createOperations<types>(operations, { baseUrl, caller })
  const paged = Object.entries<OpenApiOperation>(operations)
    .filter(([, { query }]) => query.includes('page_size'))
    .map(([name, operation]) => [name, listMethod(name, operation)])
  return { ...single, ...Object.fromEntries(paged) } as LogtoManagement

  function listMethod(name: string, { path, query, expect, schema }: OpenApiOperation) {
    const shown = `${baseUrl}${path.replace(/\{[^{}]+\}/g, '*')}`
    return (params: Readonly<Record<string, unknown>> & Paging = {}, options: CallOptions = {}) => {
      const { pageSize = 100, ...given } = params
      const filters = Object.fromEntries(query.map((one) => [one, given[one]]))
      return listOf(pageSize, async (page) => {
        const { data, response } = await api.GET(path, {
          params: { path: given, query: { ...filters, page, page_size: pageSize } },
          fetch: createOpenApiFetch(caller, { operation: name, expect, schema, shown }, options),
        })
        return { items: (data ?? []) as readonly unknown[], headers: response.headers }
      })
    }
  }
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly headers: Headers
}

/** Reads pages as they are counted: the links that Logto gives lead nowhere. */
export function listOf<Item>(pageSize: number, fetchPage: (page: number) => Promise<Page<Item>>): LogtoList<Item> {
  async function* read() {
    for (let page = 1; ; page += 1) {
      const { items, headers } = await fetchPage(page)
      yield* items
      // Without a number the list came in one piece. A capped number is a lower bound: then the list ends with an empty page.
      const total = Number(headers.get('total-number') ?? 0)
      const isCapped = headers.get('total-number-is-capped') === 'true'
      if (items.length === 0 || !(isCapped || page * pageSize < total)) return
    }
  }
  return {
    [Symbol.asyncIterator]: read,
    async toArray() {
      const all: Item[] = []
      for await (const item of read()) all.push(item)
      return all
    },
  }
}
