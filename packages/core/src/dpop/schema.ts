import * as z from 'zod'
import { lazily } from '../lazily.ts'
import { address, objectWith, seconds, text } from '../options.ts'
import type { ReplayStore } from '../replays.ts'

const baseUrl = address.refine(
  (value) => !/[?#@]/.test(value),
  'must be an address without a query, a fragment or a user',
)

/** What each option has to be. */
export const dpopSchema = lazily(() =>
  z.strictObject({
    baseUrl: z.union([baseUrl, z.array(baseUrl).min(1, 'must name at least one')]),
    replays: objectWith<ReplayStore>('a ReplayStore', 'once').optional(),
    maxAge: seconds(1, 3600).optional(),
    nonces: text.refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes').optional(),
    required: z.boolean('must be true or false').optional(),
  }),
)
