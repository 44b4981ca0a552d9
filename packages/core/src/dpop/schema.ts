import * as z from 'zod'
import { lazily } from '../lazily.ts'
import { objectWith, origin, seconds, text } from '../options.ts'
import type { ReplayStore } from '../replays.ts'

const ownOrigin = origin.refine((value) => /^https?:/.test(value), 'must be one of http(s)')

/** What each option has to be. */
export const dpopSchema = lazily(() =>
  z.strictObject({
    origin: z.union([ownOrigin, z.array(ownOrigin).min(1, 'must name at least one')]),
    replays: objectWith<ReplayStore>('a ReplayStore', 'once').optional(),
    maxAge: seconds(1, 3600).optional(),
    nonces: text.refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes').optional(),
    required: z.boolean('must be true or false').optional(),
  }),
)
