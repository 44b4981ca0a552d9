import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { createTestClock } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { createAuthenticator, type RevocationRequest } from '../src/index.ts'
import {
  createLogtoWebhook,
  type LogtoWebhookEvent,
  type LogtoWebhookOptions,
  type LogtoWebhookRequest,
  logto,
} from '../src/providers/logto/index.ts'
import { orders } from './support/logto-tenant.ts'

interface Captured {
  readonly signingKey: string
  readonly deliveries: readonly { readonly headers: Record<string, string>; readonly raw: string }[]
}
const captured: Captured = JSON.parse(
  readFileSync(new URL('./fixtures/logto-management/webhooks.json', import.meta.url), 'utf8'),
)
const eventOf = (raw: string) => JSON.parse(raw) as LogtoWebhookEvent
const recordedAt = Date.parse(eventOf(captured.deliveries[0]?.raw ?? '').createdAt) / 1000

/** A receiver at the time of the recording, and what it did. */
function receiver(options: Partial<LogtoWebhookOptions> = {}) {
  const clock = createTestClock(Math.floor(recordedAt))
  const revoked: RevocationRequest[] = []
  const events: LogtoWebhookEvent[] = []
  const webhook = createLogtoWebhook({
    signingKey: captured.signingKey,
    auth: async (what) => void revoked.push(what),
    onEvent: (event) => void events.push(event),
    clock,
    ...options,
  })
  return { clock, revoked, events, webhook }
}

/** A delivery of ours, signed with the key of the recording. */
function delivery(body: unknown, key = captured.signingKey): LogtoWebhookRequest & { rawBody: string } {
  const rawBody = typeof body === 'string' ? body : JSON.stringify(body)
  const signature = createHmac('sha256', key).update(rawBody).digest('hex')
  return { headers: { 'logto-signature-sha-256': signature }, rawBody }
}

const deliveryOf = ({ headers, raw }: Captured['deliveries'][number]): LogtoWebhookRequest => ({
  headers,
  rawBody: raw,
})
const suspension = (members: object = {}) => ({
  event: 'User.SuspensionStatus.Updated',
  createdAt: new Date(recordedAt * 1000).toISOString(),
  data: { id: 'alice', isSuspended: true },
  hookId: 'h',
  ...members,
})

describe('what a real Logto delivered', () => {
  it('is understood, and signs out who was suspended and who was deleted', async () => {
    const { webhook, revoked, events } = receiver()
    for (const one of captured.deliveries) expect(await webhook(deliveryOf(one))).toEqual({ status: 204 })
    const issuedBefore = (event: string) => {
      const found = captured.deliveries.map(({ raw }) => eventOf(raw)).find((one) => one.event === event)
      return Math.floor(Date.parse(found?.createdAt ?? '') / 1000) + 2
    }
    expect(revoked).toEqual([
      { subject: '5h57wrlft49y', provider: 'logto', issuedBefore: issuedBefore('User.SuspensionStatus.Updated') },
      { subject: 'lvvwhhi4gj7o', provider: 'logto', issuedBefore: issuedBefore('User.Deleted') },
    ])
    expect(events.map(({ event }) => event)).toEqual([
      'PostSignIn',
      'User.SuspensionStatus.Updated',
      'User.SuspensionStatus.Updated',
      'User.Data.Updated',
      'User.Created',
      'User.Deleted',
      'Role.Scopes.Updated',
      'Role.Scopes.Updated',
      'Organization.Membership.Updated',
      'Organization.Membership.Updated',
    ])
    expect(events.at(-2)).toMatchObject({ organizationId: '6ubjmkv8wu4c', removedUserIds: ['5h57wrlft49y'] })
    expect(events.every(Object.isFrozen)).toBe(true)
  })
})

describe('a delivery is refused', () => {
  const good = captured.deliveries[1] as Captured['deliveries'][number]
  const signature = good.headers['logto-signature-sha-256'] as string

  it.each<[string, LogtoWebhookRequest]>([
    ['without a signature', { headers: {}, rawBody: good.raw }],
    ['with an empty signature', { headers: { 'logto-signature-sha-256': '' }, rawBody: good.raw }],
    ['with two signatures', { headers: { 'logto-signature-sha-256': [signature, signature] }, rawBody: good.raw }],
    ['with half a signature', { headers: { 'logto-signature-sha-256': signature.slice(0, 32) }, rawBody: good.raw }],
    ['with more than a signature', { headers: { 'logto-signature-sha-256': `${signature}00` }, rawBody: good.raw }],
    ['with the signature of another key', delivery(good.raw, 'another-key')],
    ['with the signature of another body', { ...deliveryOf(good), rawBody: good.raw.replace('true', 'false') }],
    ['with a blank more', { ...deliveryOf(good), rawBody: `${good.raw} ` }],
    [
      'that breaks off',
      {
        ...deliveryOf(good),
        rawBody: {
          [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('aborted')) }),
        },
      },
    ],
  ])('%s', async (_, request) => {
    const { webhook, revoked, events } = receiver()
    expect(await webhook(request)).toEqual({ status: 401, body: 'The signature is missing or wrong.' })
    expect([revoked, events]).toEqual([[], []])
  })

  it.each<[string, unknown]>([
    ['that is no JSON', 'x'],
    ['that is nothing', ''],
    ['that is a list', []],
    ['that is nested too deep', `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`],
    ['without an event', suspension({ event: undefined })],
    ['without a time', suspension({ createdAt: undefined })],
    ['with a time that is none', suspension({ createdAt: 'yesterday' })],
    ['without the id of its hook', suspension({ hookId: undefined })],
    ['that does not tell whom it suspends', suspension({ data: { isSuspended: true } })],
    ['with an odd id', suspension({ data: { id: 7, isSuspended: true } })],
    ['that does not tell whether it suspends', suspension({ data: { id: 'alice' } })],
    ['with an odd isSuspended', suspension({ data: { id: 'alice', isSuspended: 'true' } })],
    ['that deletes nobody', suspension({ event: 'User.Deleted', data: null, params: {} })],
  ])('%s', async (_, body) => {
    const { webhook, revoked, events } = receiver()
    expect(await webhook(delivery(body))).toMatchObject({ status: 400 })
    expect([revoked, events]).toEqual([[], []])
  })

  it.each([
    [-301, 400],
    [-299, 204],
    [299, 204],
    [301, 400],
  ])('or not, when our clock is %i seconds off: %i', async (seconds, status) => {
    const { webhook, clock } = receiver()
    clock.set(Math.floor(recordedAt) + seconds)
    expect(
      (await webhook(delivery(suspension({ createdAt: new Date(Math.floor(recordedAt) * 1000).toISOString() }))))
        .status,
    ).toBe(status)
  })

  it('when it has more than 1 MiB, unless told otherwise', async () => {
    const { webhook } = receiver()
    const statuses = [1024 * 1024, 1024 * 1024 + 1].map(async (length) => {
      const body = JSON.stringify(suspension()).padEnd(length)
      return (await webhook({ headers: delivery(body).headers, rawBody: body })).status
    })
    expect(await Promise.all(statuses)).toEqual([204, 413])
  })

  it.each<[string, (bytes: Buffer) => LogtoWebhookRequest['rawBody']]>([
    ['as bytes', (bytes) => bytes],
    ['as a text', (bytes) => bytes.toString()],
    ['while it arrives', (bytes) => Readable.from([bytes.subarray(0, 900), bytes.subarray(900)])],
  ])('when it is too long, %s', async (_, form) => {
    const { webhook, revoked } = receiver({ maxBytes: 1024 })
    const body = JSON.stringify(suspension({ more: 'x'.repeat(1024) }))
    const { headers } = delivery(body)
    expect(await webhook({ headers, rawBody: form(Buffer.from(body)) })).toMatchObject({ status: 413 })
    expect(revoked).toEqual([])
    const short = JSON.stringify(suspension())
    expect(await webhook({ headers: delivery(short).headers, rawBody: form(Buffer.from(short)) })).toEqual({
      status: 204,
    })
  })

  it('loudly when somebody has parsed its body', async () => {
    const { webhook } = receiver()
    const { headers, rawBody } = delivery(suspension())
    const request = { headers, rawBody: JSON.parse(rawBody) } as LogtoWebhookRequest
    await expect(webhook(request)).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
      message: expect.stringContaining('is there a body parser before the receiver?'),
    })
  })
})

describe('a delivery', () => {
  it('is acted on once within the window, also when it comes twice at a time', async () => {
    const { webhook, clock, revoked, events } = receiver()
    const request = delivery(suspension())
    const answers = await Promise.all([webhook(request), webhook(request), webhook(request)])
    expect(answers).toEqual([{ status: 204 }, { status: 204 }, { status: 204 }])
    const shouted = {
      ...request,
      headers: { 'Logto-Signature-SHA-256': String(request.headers['logto-signature-sha-256']).toUpperCase() },
    }
    expect(await webhook(shouted)).toEqual({ status: 204 })
    expect([revoked.length, events.length]).toEqual([1, 1])
    await clock.advance(299)
    expect(await webhook(request)).toEqual({ status: 204 })
    await clock.advance(2)
    expect(await webhook(request)).toMatchObject({ status: 400 })
    expect([revoked.length, events.length]).toEqual([1, 1])
  })

  it('is another one when its time or its hook is', async () => {
    const { webhook, revoked } = receiver()
    const later = new Date(recordedAt * 1000 + 1).toISOString()
    for (const members of [{}, { createdAt: later }, { hookId: 'other' }]) await webhook(delivery(suspension(members)))
    expect(revoked).toHaveLength(3)
  })

  it('takes several keys while one takes the place of another', async () => {
    const { webhook } = receiver({ signingKey: ['new-key', captured.signingKey] })
    expect(await webhook(delivery(suspension()))).toEqual({ status: 204 })
    expect(await webhook(delivery(suspension({ hookId: 'b' }), 'new-key'))).toEqual({ status: 204 })
  })

  it('finds whom it deletes in its path where its data is empty', async () => {
    const { webhook, revoked } = receiver()
    await webhook(delivery(suspension({ event: 'User.Deleted', data: null, params: { userId: 'bob' } })))
    expect(revoked).toMatchObject([{ subject: 'bob' }])
  })

  it.each<[string, Partial<LogtoWebhookOptions>]>([
    ['the revocation could not be stored', { auth: failing() }],
    ['the app could not follow it', { onEvent: failing() }],
  ])('is answered with 503 when %s, and heard when it is sent again', async (_, options) => {
    const errors: unknown[] = []
    const { webhook } = receiver({ ...options, onError: (error, { event }) => errors.push([event, error]) })
    const request = delivery(suspension())
    expect(await webhook(request)).toEqual({ status: 503, body: 'The event could not be acted on. Send it again.' })
    expect(errors).toEqual([['User.SuspensionStatus.Updated', new Error('the store is down')]])
    expect(await webhook(request)).toEqual({ status: 204 })
    expect(await webhook(request)).toEqual({ status: 204 })
  })

  it('does not shadow who was let in again since', async () => {
    const { webhook, revoked } = receiver()
    await webhook(delivery(suspension()))
    const issuedBefore = Number((revoked[0] as { issuedBefore: number }).issuedBefore)
    expect([issuedBefore > recordedAt, issuedBefore <= recordedAt + 2]).toEqual([true, true])
  })

  it('puts no secret into what it answers or throws', async () => {
    const { webhook } = receiver({ signingKey: 'canary-signing-key' })
    const seen = await Promise.all([
      webhook(delivery('x', 'canary-signing-key')),
      webhook(delivery(suspension(), 'canary')),
      webhook({ headers: {}, rawBody: 7 as never }).catch((error: unknown) => error),
    ])
    expect(inspect(seen, { depth: 9 })).not.toContain('canary')
  })
})

function failing(): () => Promise<void> {
  let isDown = true
  return async () => {
    if (!isDown) return
    isDown = false
    throw new Error('the store is down')
  }
}

describe('options', () => {
  const good = { signingKey: 'k', auth: async () => {} }

  it.each<[string, object, RegExp]>([
    ['nothing', {}, /signingKey.*auth: must be an authenticator or a function/],
    ['no key', { ...good, signingKey: [] }, /option signingKey: must name at least one/],
    ['a placeholder', { ...good, signingKey: '<signing key>' }, /option signingKey: is a placeholder/],
    ['a window in milliseconds', { ...good, replayWindow: 300_000 }, /option replayWindow: must be at most 86400 s/],
    ['no window', { ...good, replayWindow: 0 }, /option replayWindow: must be at least 10 s/],
    ['a misspelt name', { ...good, signingkeys: 'k' }, /unknown option signingkeys, did you mean signingKey/],
  ])('with %s are refused at once', (_, options, message) => {
    expect(() => createLogtoWebhook(options as LogtoWebhookOptions)).toThrow(message)
  })

  it('with a provider that the authenticator does not have are refused at once', async () => {
    const provider = logto({ endpoint: 'https://id.example.test', audience: orders, name: 'staff' })
    const auth = createAuthenticator({ providers: [provider] })
    expect(() => createLogtoWebhook({ signingKey: 'k', auth })).toThrow('the authenticator has no provider "logto"')
    expect(createLogtoWebhook({ signingKey: 'k', auth, provider: 'staff' })).toBeInstanceOf(Function)
    expect(createLogtoWebhook({ signingKey: 'k', auth, provider: provider.issuer })).toBeInstanceOf(Function)
    await auth.close()
  })
})
