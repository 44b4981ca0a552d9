import * as z from 'zod'
import { readOptions, text } from '../../options.ts'

/** Which part of the portal's API is asked for. */
export interface OpenvCloudCatalogueRequest {
  /** The first part of the paths. Default `cloudapi`. */
  group?: string
  /** Only these, by their names within the group, such as `machines`. Default: all. */
  actors?: readonly string[]
}

/** One operation, as the catalogue tells it. */
export interface OpenvCloudCatalogueOperation {
  /** Such as `post__cloudapi_machines_list`. */
  readonly operationId: string
  readonly description?: string
  /** Absent where it takes none. */
  readonly parameters?: readonly OpenvCloudCatalogueParameter[]
  readonly [member: string]: unknown
}

/** One parameter of an operation. */
export interface OpenvCloudCatalogueParameter {
  readonly name: string
  /** `query` of a GET, `formData` of a POST. */
  readonly in: string
  readonly required: boolean
  readonly description?: string
  /** A type of Swagger; lists have a `$ref` in place of it. */
  readonly type?: string
  readonly default?: unknown
  readonly [member: string]: unknown
}

/**
 * What an environment offers, as Swagger 2.0. An actor that the portal could not load is missing; then `info.description` tells so.
 * @see https://swagger.io/specification/v2/
 */
export interface OpenvCloudCatalogue {
  readonly swagger: '2.0'
  /** What stands before the paths: `/restmachine/`. */
  readonly basePath: string
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  /** By path, such as `/cloudapi/machines/list`, and by verb. */
  readonly paths: { readonly [path: string]: { readonly [verb: string]: OpenvCloudCatalogueOperation } }
  readonly [member: string]: unknown
}

// A method without words has `null` for them in some builds.
const words = z
  .string()
  .nullish()
  .transform((said) => said ?? undefined)
const parameter = z.looseObject({
  name: z.string(),
  in: z.string(),
  required: z.boolean(),
  description: words,
  type: z.string().optional(),
})
const operation = z.looseObject({
  operationId: z.string(),
  description: words,
  parameters: z.array(parameter).optional(),
})

/** What a catalogue looks like. */
export const catalogueSchema = z.looseObject({
  swagger: z.literal('2.0'),
  basePath: z.string(),
  info: z.looseObject({ title: z.string(), version: z.string(), description: words }),
  paths: z.record(z.string(), z.record(z.string(), operation)),
}) as unknown as z.ZodType<OpenvCloudCatalogue>

// Names end up in a list with commas.
const name = text.regex(/^\w+$/, 'must be letters, digits and underscores')
const schema = z.strictObject({ group: name.optional(), actors: z.array(name).min(1).optional() })

/** The parameters of the portal's call. @throws {AuthError} `ERR_OPTIONS_INVALID` */
export function catalogueParameters(request: OpenvCloudCatalogueRequest): object {
  const { group = 'cloudapi', actors } = readOptions('catalogue', schema, request)
  return { group, ...(actors !== undefined && { actors: actors.map((one) => `${group}__${one}`).join(',') }) }
}
