import * as z from 'zod'
import { readOptions, text } from '../../options.ts'
import type { OpenvCloudCatalogue, OpenvCloudCatalogueRequest } from './catalogue.ts'

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
