import * as z from 'zod'
import { lazily } from '../lazily.ts'
import { invalidOptions, objectWith, readOptions, seconds, text } from '../options.ts'
import { secureAddress } from '../providers/secure-address.ts'
import type { Seconds } from '../types.ts'
import type { SessionStore } from './store.ts'

/** How browsers are kept signed in. Durations are seconds. */
export interface SessionOptions {
  /** The app as browsers see it, such as `https://shop.example.com`; http on loopback only. Nothing is ever taken from a `Host` header. */
  baseUrl: string
  /**
   * Secrets of at least 32 bytes. The first seals; all of them open, so that a new one can be put before an old one and nobody is signed
   * out. Where processes are not restarted at once, put it last, then first: what is sealed with it, all must be able to open.
   */
  keys: string | readonly string[]
  /** Where `authRoutes` answers. Default `/auth`. */
  path?: string
  /** Where sessions are kept; closed by whoever made it. Default: in the cookie itself. */
  store?: SessionStore
  /** Of the cookie, without the prefix that is put before it on https. Default `claviger`. */
  cookieName?: string
  /** How long a session lives that nobody uses. From a minute to 366 days, no more than `absolute`. Default 86,400: a day. */
  rolling?: Seconds
  /** How long a session lives at most. From a minute; at most `maxTokenLifetime`, for no revocation is kept longer. Default 604,800: a week. */
  absolute?: Seconds
  /** How long before its end an access token is refreshed; never more than half its life ahead. At most 3600, default 60. */
  refreshAhead?: Seconds
  /** How many bytes of cookies a session may take. Servers refuse longer headers, many at 8 KiB. From 1024 to 65,536, default 7168. */
  maxCookieBytes?: number
  /** Sends people to the sign-in who open a page without a session; calls of an API are answered with 401 always. Default true. */
  redirect?: boolean
  /** Ends the session at the provider too when a user signs out, where it has such a thing. Default true. */
  endAtProvider?: boolean
}

const day = 86_400
const schema = lazily(() => {
  const secret = text.refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes')
  return z.strictObject({
    baseUrl: secureAddress,
    keys: z.union([secret, z.array(secret).min(1, 'must have at least one').max(8, 'must be at most 8')]),
    path: z
      .string('must be a text')
      .regex(/^(\/[\w-]+)+$/, 'must be a path such as /auth')
      .optional(),
    store: objectWith<SessionStore>('a SessionStore', 'read', 'write', 'end').optional(),
    cookieName: z
      .string('must be a text')
      .regex(/^[\w-]{1,40}$/, 'must be at most 40 letters, digits, _ and -')
      .optional(),
    rolling: seconds(60, 366 * day).optional(),
    absolute: seconds(60, 366 * day).optional(),
    refreshAhead: seconds(0, 3600).optional(),
    maxCookieBytes: z.int().min(1024, 'must be at least 1024').max(65_536, 'must be at most 65536').optional(),
    redirect: z.boolean('must be true or false').optional(),
    endAtProvider: z.boolean('must be true or false').optional(),
  })
})

/** The options of a session, checked and completed. */
export interface SessionSettings extends Required<Omit<SessionOptions, 'keys' | 'store' | 'baseUrl'>> {
  readonly keys: readonly string[]
  readonly store: SessionStore | undefined
  /** Scheme, host and port. */
  readonly origin: string
  readonly isSecure: boolean
}

/** @throws {AuthError} `ERR_OPTIONS_INVALID` */
export function readSessionOptions(options: unknown, maxTokenLifetime: Seconds): SessionSettings {
  const where = 'session'
  const { baseUrl, keys, store, ...checked } = readOptions(where, schema(), options)
  const url = new URL(baseUrl)
  if (url.pathname !== '/') throw invalidOptions(where, 'option baseUrl: must be without a path')
  const { rolling = Math.min(day, checked.absolute ?? day), absolute = 7 * day } = checked
  if (rolling > absolute) throw invalidOptions(where, 'option rolling: must not be more than absolute')
  if (absolute > maxTokenLifetime)
    throw invalidOptions(where, `option absolute: must not be more than maxTokenLifetime (${maxTokenLifetime} s)`)
  return {
    keys: [keys].flat(),
    store,
    origin: url.origin,
    isSecure: url.protocol === 'https:',
    path: checked.path ?? '/auth',
    cookieName: checked.cookieName ?? 'claviger',
    rolling,
    absolute,
    refreshAhead: checked.refreshAhead ?? 60,
    maxCookieBytes: checked.maxCookieBytes ?? 7168,
    redirect: checked.redirect ?? true,
    endAtProvider: checked.endAtProvider ?? true,
  }
}
