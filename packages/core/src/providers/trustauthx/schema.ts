import * as z from 'zod'
import type { JsonResponse } from '../../http.ts'
import { text } from '../../options.ts'

/** The options that every part has. */
export const credentialsSchema = { apiKey: text, secretKey: text, orgId: text }

/** The organization's own sub-domain of the login page. */
export const subDomainSchema = text.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'must be one part of a host name')

/** Which statuses mean that a token is not valid. */
export const refusedStatusesSchema = z.array(z.int().min(201).max(499)).min(1, 'must name at least one').optional()

/** The body of an answer if it is JSON, for schemas that take a text for what it is. */
export const jsonOf = ({ json, body }: JsonResponse): unknown => (json ? body : undefined)

/** Any JSON at all, for an answer that nobody has described. */
export const anyJson = z.unknown().refine((body) => body !== undefined, 'is no JSON')

/** The answer to a validation with status 200: nobody has described it, but `detail` is what errors have. */
export const validity = z
  .union([z.boolean(), z.null(), z.looseObject({ detail: z.never().optional() })])
  .transform((body) => body !== false)
