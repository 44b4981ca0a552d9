import type { LoopbackRequest } from '../../server/routes.ts'
import { crash, PortalError } from './answers.ts'
import type { Operation } from './operation.ts'

export type Params = Readonly<Record<string, unknown>>

/**
 * The parameters of a request: from the query, then from the body, which wins. One value is itself, several are a list.
 * @throws {PortalError}
 */
export async function readParams({ url, headers, body }: LoopbackRequest): Promise<Params> {
  const query = collected(url.searchParams)
  const type = headers['content-type'] ?? ''
  if (body === '') return query
  if (type.startsWith('application/json')) return { ...query, ...parseObject(body) }
  const form = type.startsWith('multipart/form-data') ? await multipart(body, type) : new URLSearchParams(body)
  // The portal stumbles over a blank value in the query when there is a form too.
  if ([...url.searchParams.values()].includes('')) throw crash()
  return { ...query, ...collected(form) }
}

function collected(entries: URLSearchParams): Params {
  return Object.fromEntries(
    [...new Set(entries.keys())].map((name) => {
      const values = entries.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}

async function multipart(body: string, type: string): Promise<URLSearchParams> {
  try {
    const form = await new Response(body, { headers: { 'content-type': type } }).formData()
    return new URLSearchParams([...form].map(([name, value]): [string, string] => [name, String(value)]))
  } catch {
    throw crash()
  }
}

function parseObject(body: string): Params {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {}
  throw crash()
}

/** The parameters of an operation as it takes them. What it does not know is passed over. @throws {PortalError} 400 */
export function convertParams({ params }: Operation, given: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([name, { type, optional, default: otherwise }]) => {
      const value = Object.hasOwn(given, name) ? given[name] : otherwise
      if (value === undefined) {
        if (optional === true) return [name, undefined]
        throw new PortalError(400, `Param with name:${name} is missing.`, 'json', true)
      }
      const converted = convert(type, value)
      if (converted !== undefined) return [name, converted]
      throw new PortalError(400, `Value of param ${name} not correct needs to be of type ${type}`, 'json', true)
    }),
  )
}

/** Nothing where it cannot be done. */
function convert(type: string, value: unknown): unknown {
  const [, item] = /^list\((\w+)\)$/.exec(type) ?? []
  if (item !== undefined) {
    const items = listOf(value).map((one) => convert(item, one))
    return items.includes(undefined) ? undefined : items
  }
  if (value === '' && type !== 'str') return null
  switch (type) {
    case 'int':
      return /^-?\d+$/.test(String(value)) ? Number(value) : undefined
    case 'float':
      return typeof value !== 'boolean' && Number.isFinite(Number(value)) ? Number(value) : undefined
    case 'bool':
      return /^(true|1)$/i.test(String(value)) ? true : /^(false|0)$/i.test(String(value)) ? false : undefined
    case 'obj':
      return typeof value === 'string' ? parsed(value) : value
    default:
      return typeof value === 'object' ? undefined : String(value)
  }
}

function listOf(value: unknown): readonly unknown[] {
  const list = typeof value === 'string' && value.startsWith('[') ? parsed(value) : value
  return Array.isArray(list) ? list : [list]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
