import { createCaller, type ErrorReader, type Schema } from '../../client.ts'
import type { CallOptions, ClientOptions } from '../../client-options.ts'
import { AuthError } from '../../errors.ts'
import { type Fetch, isPage, type JsonResponse } from '../../http.ts'
import { isObject } from '../../json.ts'
import { createCallUrl, paths, type TrustAuthXCredentials } from './wire.ts'

/** One call of the client. */
export interface Call<T> {
  /** The name of our method. */
  readonly operation: string
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly parameters?: Readonly<Record<string, string>>
  /** Sent without credentials. Default false. */
  readonly isOpen?: boolean
  readonly body?: object
  /** Whether it may be repeated. Default: a GET may; one that uses a code or a refresh token up may not. */
  readonly safe?: boolean
  readonly expect?: readonly number[]
  readonly read?: (response: JsonResponse) => unknown
  readonly schema: Schema<T>
}

/** Makes a call. @throws {AuthError} as `Caller` of `client.ts` says */
export type Ask = <T>(call: Call<T>, options?: CallOptions) => Promise<T>

interface Options extends TrustAuthXCredentials {
  readonly base: string
  /** Told the `X-EDGE` header of all answers but the list of roles. */
  readonly onEdge: (edge: string | null) => void
}

/** Makes the function that all calls of the client go through. */
export function createAsk(options: Options & { [Name in keyof ClientOptions]: ClientOptions[Name] | undefined }): Ask {
  const { base, secretKey, onEdge } = options
  const url = createCallUrl(base, options)
  const inner: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))

  return (
    { operation, method = 'GET', path, parameters = {}, isOpen = false, body, expect = [200], ...call },
    given,
  ) => {
    const fetch: Fetch = async (url, init) => {
      const response = await inner(url, init)
      if (path !== paths.role || method !== 'GET') onEdge(response.headers.get('x-edge'))
      return response
    }
    const ask = createCaller('trustauthx', { ...options, fetch }, readDetail)
    return ask(
      {
        ...call,
        operation,
        method,
        url: isOpen ? `${base}${path}` : url(path, parameters),
        shown: `${base}${path}`,
        expect,
        secrets: [secretKey],
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      },
      given,
    )
  }
}

/** What FastAPI says: a text, or a list of what is wrong with the parameters. */
const readDetail: ErrorReader = (response) => {
  if (isPage(response)) return undefined
  const { body } = response
  if (!isObject(body)) return {}
  const { detail } = body
  if (typeof detail === 'string') return { message: detail }
  const first: unknown = Array.isArray(detail) ? detail[0] : undefined
  if (!isObject(first)) return {}
  const { loc, msg, type } = first
  const message = [...(Array.isArray(loc) ? [loc.join('.')] : []), ...(typeof msg === 'string' ? [msg] : [])].join(': ')
  return { ...(typeof type === 'string' && { code: type }), message }
}

/** Whether it is a text that fits into an address. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 8 * 1024
}

/** @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a text that fits into an address */
export function assertText(what: string, value: string): string {
  if (isText(value)) return value
  throw new AuthError('ERR_OPTIONS_INVALID', { explanation: `${what} must be a text of 1 to 8192 characters` })
}
