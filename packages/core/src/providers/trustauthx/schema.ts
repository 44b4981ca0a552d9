import * as z from 'zod'
import type { JsonResponse } from '../../http.ts'
import { at } from '../../json.ts'
import { functionOf, text } from '../../options.ts'
import type { ValidityOf } from './wire.ts'

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

/** An answer with status 200 that confirms: nobody has described it, but neither `false` nor an error, which has a `detail`, is one. */
export const confirmation = anyJson.refine(
  (body) => body !== false && at(body, ['detail']) === undefined,
  'is no confirmation',
)

const isItself: ValidityOf = (body) => (typeof body === 'boolean' ? body : undefined)

/** The option `validityOf`. What is neither `true` nor `false` comes from something else than the API. */
export const validityOfSchema = functionOf<ValidityOf>().default(() => isItself)

/** The answer to a validation with status 200. */
export function validityBy(validityOf: ValidityOf) {
  return anyJson.transform((body, context) => {
    const said = readValidity(validityOf, body)
    if (typeof said === 'boolean') return said
    context.addIssue({ code: 'custom', message: 'is neither true nor false (option validityOf)' })
    return z.NEVER
  })
}

// Whatever goes wrong in a function of the app is no verdict on a token.
function readValidity(validityOf: ValidityOf, body: unknown): boolean | undefined {
  try {
    return validityOf(body)
  } catch {
    return undefined
  }
}
