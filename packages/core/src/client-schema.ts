import * as z from 'zod'
import type { RequestEvent, ResponseEvent } from './client-options.ts'
import type { Fetch } from './http.ts'
import { functionOf, seconds } from './options.ts'

/** The members of {@link ClientOptions} for the options schema of a client. */
export const clientSchema = {
  fetch: functionOf<Fetch>().optional(),
  timeout: seconds(0.01, 120).optional(),
  retries: z.int().min(0).max(5).optional(),
  onRequest: functionOf<(event: RequestEvent) => void>().optional(),
  onResponse: functionOf<(event: ResponseEvent) => void>().optional(),
}
