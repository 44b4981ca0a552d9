import * as z from 'zod'
import { text } from '../../options.ts'

const names = z.array(text)
const domain = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'must be a domain such as example.com')
const address = z.string().regex(/^[^@].*@[^@]+$/s, 'must be an e-mail address')

/** The option `roles`. */
export const addressRolesSchema = z.strictObject({
  addresses: z.record(address, names).optional(),
  domains: z.record(domain, names).optional(),
  organization: text.optional(),
})
