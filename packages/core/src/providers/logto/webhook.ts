import { createHmac, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import type { Authenticator } from '../../authenticator.ts'
import { readBody } from '../../body.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { at, harden } from '../../json.ts'
import { functionOf, invalidOptions, readOptions, seconds, text } from '../../options.ts'
import type { RevocationRequest } from '../../revocation-request.ts'
import type { RoleDirectory } from '../../roles/directory.ts'
import type { Seconds } from '../../types.ts'
import { isRoleEvent } from './role-source.ts'

/** A delivery, as every framework has it. */
export interface LogtoWebhookRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body as it arrived: bytes, a text, or the request itself where nobody has read it yet. A parsed body has no signature. */
  readonly rawBody: Uint8Array | string | AsyncIterable<Uint8Array>
}

/** How to answer a delivery. */
export interface LogtoWebhookAnswer {
  readonly status: 204 | 400 | 401 | 413 | 503
  /** Plain text. */
  readonly body?: string
}

/** What Logto tells. Frozen; members beyond these are as Logto sends them. */
export interface LogtoWebhookEvent {
  /** `User.Data.Updated`, `Role.Scopes.Updated`, `Organization.Membership.Updated`, … */
  readonly event: string
  readonly hookId: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly data?: unknown
  readonly [member: string]: unknown
}

/** What a webhook receiver is made of. Durations are seconds. */
export interface LogtoWebhookOptions {
  /** The `signingKey` of the webhook; several while one takes the place of another. */
  signingKey: string | readonly string[]
  /** Whose users are signed out: an authenticator, or what does the same as its `revoke`. */
  auth: Authenticator | ((what: RevocationRequest) => Promise<void>)
  /** The name of the provider in the authenticator. Default `logto`. */
  provider?: string
  /**
   * How old a delivery may be, and how far ahead of our clock; within that time each is acted on once. From 10 to 86400, default 300.
   */
  replayWindow?: Seconds
  /** The longest body, in bytes. At least 1024, default 1 MiB. */
  maxBytes?: number
  /** Whose roles are read anew when Logto tells that a role or a scope has changed. Default: the directory of `auth`, if it has one. */
  roles?: Pick<RoleDirectory, 'invalidate'>
  /** Told each event, once, after what it revokes has been revoked. When it throws, the delivery is answered with 503. Default: nobody is. */
  onEvent?: (event: LogtoWebhookEvent) => void | Promise<void>
  /** Told why a delivery was answered with 503. Default: nobody is. */
  onError?: (error: unknown, event: LogtoWebhookEvent) => void
  /** For tests. Default: the machine's. */
  clock?: Pick<Clock, 'now'>
}

/** Answers deliveries. @throws {AuthError} `ERR_OPTIONS_INVALID` for a body that somebody has parsed already */
export type LogtoWebhook = (request: LogtoWebhookRequest) => Promise<LogtoWebhookAnswer>

const schema = z.strictObject({
  signingKey: z.union([text, z.array(text).min(1, 'must name at least one')], 'must be a text or several'),
  auth: z.custom<LogtoWebhookOptions['auth']>(
    (value) => typeof value === 'function' || typeof at(value, ['revoke']) === 'function',
    'must be an authenticator or a function',
  ),
  provider: text.optional(),
  replayWindow: seconds(10, 86_400).optional(),
  maxBytes: z.int().min(1024, 'must be at least 1024').optional(),
  roles: z
    .custom<Pick<RoleDirectory, 'invalidate'>>(
      (value) => typeof at(value, ['invalidate']) === 'function',
      'must be what createRoleDirectory returns',
    )
    .optional(),
  onEvent: functionOf<NonNullable<LogtoWebhookOptions['onEvent']>>().optional(),
  onError: functionOf<NonNullable<LogtoWebhookOptions['onError']>>().optional(),
  clock: z
    .custom<Pick<Clock, 'now'>>((value) => typeof at(value, ['now']) === 'function', 'must be a Clock')
    .optional(),
})

const eventShape = z.looseObject({ event: z.string(), hookId: z.string(), createdAt: z.iso.datetime() })
const maxRemembered = 10_000
const done: LogtoWebhookAnswer = { status: 204 }

/**
 * Makes a receiver for Logto's webhooks: it signs out who is suspended or deleted there, which Logto's signed tokens would outlive.
 * The webhook needs the events `User.SuspensionStatus.Updated` and `User.Deleted`. With those of roles and scopes, such as
 * `Role.Scopes.Updated`, a directory of roles hears of changes at once.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, also for a provider that the authenticator does not have
 * @see https://docs.logto.io/developers/webhooks/secure-webhooks
 */
export function createLogtoWebhook(options: LogtoWebhookOptions): LogtoWebhook {
  const where = 'createLogtoWebhook'
  const checked = readOptions(where, schema, options)
  const { provider = 'logto', replayWindow = 300, maxBytes = 1024 * 1024, onEvent, onError } = checked
  const { auth, clock = systemClock } = checked
  const keys = [checked.signingKey].flat()
  if (typeof auth !== 'function') assertKnown(auth, provider, where)
  const roles = checked.roles ?? (typeof auth === 'function' ? undefined : auth.roles)
  const revoke = typeof auth === 'function' ? auth : (what: RevocationRequest) => auth.revoke(what)

  // What is being done, or was: by delivery, until it is too old to be accepted anyway.
  const remembered = new Map<string, { readonly answer: Promise<LogtoWebhookAnswer>; readonly until: number }>()

  async function act(event: LogtoWebhookEvent, subject: string | undefined): Promise<LogtoWebhookAnswer> {
    try {
      // Up to when it was told, not until now: who is let in again meanwhile stays in. A second more, as `iat` has no fractions.
      const issuedBefore = Math.floor(Date.parse(event.createdAt) / 1000) + 2
      if (subject !== undefined) await revoke({ subject, provider, issuedBefore })
      if (isRoleEvent(event.event)) roles?.invalidate()
      await onEvent?.(event)
      return done
    } catch (error) {
      onError?.(error, event)
      return { status: 503, body: 'The event could not be acted on. Send it again.' }
    }
  }

  return async ({ headers, rawBody }) => {
    const body = await read(rawBody, maxBytes, where)
    if (body === undefined) return { status: 413, body: `The body is longer than ${maxBytes} bytes.` }
    const signature = headerOf(headers, 'logto-signature-sha-256')
    if (signature === undefined || !keys.some((key) => isSigned(body, key, signature))) {
      return { status: 401, body: 'The signature is missing or wrong.' }
    }
    const event = parse(body)
    if (event === undefined) return { status: 400, body: 'This is no event of Logto.' }
    const createdAt = Date.parse(event.createdAt)
    const now = clock.now()
    if (Math.abs(now - createdAt) > replayWindow * 1000) {
      return { status: 400, body: 'The event is too old, or the clocks differ.' }
    }
    const subject = subjectOf(event)
    if (subject === null) return { status: 400, body: 'The event does not tell whom it is about.' }

    const name = JSON.stringify([event.hookId, event.event, event.createdAt, signature.toLowerCase()])
    for (const [key, { until }] of remembered)
      if (until < now || remembered.size > maxRemembered) remembered.delete(key)
    const before = remembered.get(name)
    if (before !== undefined) return before.answer
    const answer = act(event, subject)
    remembered.set(name, { answer, until: createdAt + replayWindow * 1000 })
    const failed = await answer.then(
      ({ status }) => status === 503,
      () => true,
    )
    // Whoever sends it again is heard.
    if (failed) remembered.delete(name)
    return answer
  }
}

function assertKnown(auth: Authenticator, name: string, where: string): void {
  const { providers } = auth.health()
  if (providers.some(({ provider, issuer }) => provider === name || issuer === name)) return
  throw invalidOptions(where, `the authenticator has no provider ${JSON.stringify(name)}`)
}

async function read(
  rawBody: LogtoWebhookRequest['rawBody'],
  maxBytes: number,
  where: string,
): Promise<Uint8Array | undefined> {
  if (typeof rawBody === 'string') return read(Buffer.from(rawBody), maxBytes, where)
  if (rawBody instanceof Uint8Array) return rawBody.byteLength > maxBytes ? undefined : rawBody
  const isStream = typeof rawBody === 'object' && rawBody !== null && Symbol.asyncIterator in rawBody
  if (!isStream || ('readableDidRead' in rawBody && rawBody.readableDidRead === true)) {
    throw invalidOptions(where, 'rawBody must be the body as it arrived; is there a body parser before the receiver?')
  }
  // One that breaks off is signed by nobody.
  return readBody(rawBody, maxBytes).catch(() => new Uint8Array())
}

function headerOf(headers: LogtoWebhookRequest['headers'], name: string): string | undefined {
  const values = Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? [value].flat() : []))
  return values.length === 1 ? values[0] : undefined
}

function isSigned(body: Uint8Array, key: string, signature: string): boolean {
  const given = Buffer.from(/^[0-9a-f]{64}$/i.test(signature) ? signature : '', 'hex')
  const expected = createHmac('sha256', key).update(body).digest()
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function parse(body: Uint8Array): LogtoWebhookEvent | undefined {
  try {
    return harden(eventShape.parse(JSON.parse(new TextDecoder().decode(body))))
  } catch {
    return undefined
  }
}

/** Whose tokens end with this event; `null` where it should say so and does not. */
function subjectOf(event: LogtoWebhookEvent): string | undefined | null {
  if (event.event === 'User.Deleted') return idAt(event, ['data', 'id']) ?? idAt(event, ['params', 'userId']) ?? null
  if (event.event !== 'User.SuspensionStatus.Updated') return undefined
  const isSuspended = at(event, ['data', 'isSuspended'])
  if (isSuspended === false) return undefined
  return isSuspended === true ? (idAt(event, ['data', 'id']) ?? null) : null
}

function idAt(event: LogtoWebhookEvent, path: readonly string[]): string | undefined {
  const id = at(event, path)
  return typeof id === 'string' && id !== '' ? id : undefined
}
