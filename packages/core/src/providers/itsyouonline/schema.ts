import * as z from 'zod'
import { isObject } from '../../json.ts'
import type { Jwk } from '../../provider.ts'

const key = z.union([z.string().min(1), z.custom<Jwk>(isObject, 'must be a key')])

/** The option `keys`. */
export const pinnedKeys = z.union([key, z.array(key).min(1, 'must have at least one').max(8, 'must be at most 8')])
