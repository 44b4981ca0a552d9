import { inspect } from 'node:util'
import { createTestClock, type LogtoEmulator, type TestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { RequestEvent } from '../src/index.ts'
import type { LogtoClientOptions, LogtoExchange, LogtoSubject } from '../src/providers/logto/index.ts'
import { clientOf, createTenants, orders } from './support/logto-tenant.ts'

const tenants = createTenants()
let clock: TestClock
let emulator: LogtoEmulator

beforeEach(async () => {
  clock = createTestClock()
  emulator = await tenants.start({ clock })
})
afterEach(tenants.close)

/** Of an app that may exchange. */
const app = (more: Partial<LogtoClientOptions> = {}) =>
  clientOf(emulator, { clientId: 'web2', clientSecret: 'web2-secret', ...more })

const subjects: [string, () => Promise<LogtoSubject>][] = [
  [
    'a subject token',
    async () => ({ subjectToken: (await clientOf(emulator).createSubjectToken({ userId: 'alice' })).subjectToken }),
  ],
  [
    'a personal access token',
    async () => {
      const { value } = await clientOf(emulator).createPersonalAccessToken({ userId: 'alice' }, { name: 'laptop' })
      return { personalAccessToken: value }
    },
  ],
  [
    'an access token for another API',
    async () => ({ accessToken: await emulator.tokenFor('alice', { app: 'web2', organization: 'acme' }) }),
  ],
  [
    'an opaque access token',
    async () => ({ accessToken: (await emulator.signIn('alice', { app: 'web2' })).accessToken }),
  ],
]

describe('an exchange', () => {
  it.each(subjects)('gives an access token of the user for %s', async (_, subject) => {
    const request = { ...(await subject()), resource: orders, scopes: ['read:orders'] }
    const token = await app().tokens.exchange(request)
    expect(token).toEqual({ accessToken: expect.any(String), expiresIn: 3600, scopes: ['read:orders'] })
    expect(decodeJwt(token.accessToken)).toMatchObject({
      sub: 'alice',
      aud: orders,
      client_id: 'web2',
      scope: 'read:orders',
    })
  })

  it.each<[string, Partial<LogtoExchange>, object]>([
    ['an organization', { organization: 'acme' }, { aud: 'urn:logto:organization:acme' }],
    [
      'an API in an organization',
      { resource: orders, organization: 'acme', scopes: ['write:orders'] },
      { aud: orders, organization_id: 'acme', scope: 'write:orders' },
    ],
  ])('gives one for %s', async (_, target, claims) => {
    const subjectToken = emulator.subjectTokenFor('alice')
    const { accessToken } = await app().tokens.exchange({ subjectToken, ...target })
    expect(decodeJwt(accessToken)).toMatchObject({ sub: 'alice', ...claims })
  })

  it('gives an opaque one for no API, and says who acts', async () => {
    const opaque = await app().tokens.exchange({ subjectToken: emulator.subjectTokenFor('alice') })
    expect(opaque.accessToken).not.toContain('.')
    const { accessToken: actorToken } = await emulator.signIn('bob', { app: 'web2' })
    const subjectToken = emulator.subjectTokenFor('alice')
    const { accessToken } = await app().tokens.exchange({ subjectToken, resource: orders, actorToken })
    expect(decodeJwt(accessToken)).toMatchObject({ sub: 'alice', act: { sub: 'bob' } })
  })

  it('takes a personal token again and again, a subject token once and in its time', async () => {
    const [, personal] = subjects[1] as (typeof subjects)[number]
    const token = await personal()
    for (const _ of [1, 2]) await app().tokens.exchange({ ...token, resource: orders })
    const subjectToken = emulator.subjectTokenFor('alice')
    await app().tokens.exchange({ subjectToken, resource: orders })
    const dead = { code: 'ERR_UPSTREAM_INVALID', upstream: { status: 400, code: 'invalid_grant' } }
    await expect(app().tokens.exchange({ subjectToken, resource: orders })).rejects.toMatchObject(dead)
    const late = emulator.subjectTokenFor('alice')
    await clock.advance(601)
    await expect(app().tokens.exchange({ subjectToken: late, resource: orders })).rejects.toMatchObject(dead)
  })

  it.each<[string, Partial<LogtoExchange>, object]>([
    ['a scope that the user does not have', { scopes: ['write:everything'] }, { code: 'ERR_UPSTREAM_FORBIDDEN' }],
    ['an organization of others', { organization: 'other' }, { code: 'ERR_UPSTREAM_FORBIDDEN' }],
    [
      'an unknown API',
      { resource: 'https://unknown.test' },
      {
        upstream: { code: 'invalid_target' },
        explanation: expect.stringMatching(/is not the indicator of an API resource there$/),
      },
    ],
  ])('is refused for %s', async (_, more, error) => {
    const request = { subjectToken: emulator.subjectTokenFor('alice'), resource: orders, ...more }
    await expect(app().tokens.exchange(request)).rejects.toMatchObject(error)
  })

  it('blames no API where none was asked for', async () => {
    emulator.fail('token', { status: 400, body: '{"error":"invalid_target"}' }, { times: 1 })
    await expect(app().tokens.exchange({ subjectToken: emulator.subjectTokenFor('alice') })).rejects.toMatchObject({
      upstream: { code: 'invalid_target' },
      explanation: expect.not.stringContaining('indicator'),
    })
  })

  it('is refused to an app that may not, and for a user who is suspended', async () => {
    const request = { subjectToken: emulator.subjectTokenFor('alice'), resource: orders }
    await expect(clientOf(emulator).tokens.exchange(request)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_INVALID' })
    await emulator.suspend('alice')
    await expect(app().tokens.exchange(request)).rejects.toMatchObject({ upstream: { code: 'invalid_grant' } })
  })

  it('is repeated unless the token may be used up by it, and tells none', async () => {
    const events: RequestEvent[] = []
    const client = app({ retries: 1, onRequest: (event) => events.push(event) })
    const secrets = ['pat_not-to-be-shown', emulator.subjectTokenFor('alice')] as const
    const [personalAccessToken, subjectToken] = secrets
    const errors: unknown[] = []
    const failed = async (subject: LogtoSubject) => {
      emulator.resetCounts()
      emulator.fail('token', 'reset')
      errors.push(await client.tokens.exchange({ ...subject, resource: orders }).catch((error: unknown) => error))
      return [emulator.requests('token'), (errors.at(-1) as { code: string }).code]
    }
    expect(await failed({ personalAccessToken })).toEqual([2, 'ERR_PROVIDER_UNAVAILABLE'])
    expect(await failed({ subjectToken })).toEqual([1, 'ERR_UPSTREAM_UNKNOWN'])
    emulator.fail('token', {
      status: 400,
      body: JSON.stringify({ error: 'invalid_grant', error_description: subjectToken }),
    })
    errors.push(await client.tokens.exchange({ subjectToken }).catch((error: unknown) => error))
    expect(events.map(({ operation }) => operation)).toEqual(Array(4).fill('tokenExchange'))
    for (const secret of secrets) expect(inspect([events, errors], { depth: 9 })).not.toContain(secret)
  })

  it.each(['undefined', ' pat_x', 'your-token', '<pat>'])(
    'with what somebody calls a token (%j) is refused by Logto, and no fault of the set-up',
    async (token) => {
      for (const subject of [{ personalAccessToken: token }, { accessToken: token }, { subjectToken: token }]) {
        await expect(app().tokens.exchange({ ...subject, resource: orders })).rejects.toMatchObject({
          code: 'ERR_UPSTREAM_INVALID',
          upstream: { code: 'invalid_grant' },
        })
      }
      const subjectToken = emulator.subjectTokenFor('alice')
      await expect(app().tokens.exchange({ subjectToken, actorToken: token })).rejects.toMatchObject({
        code: 'ERR_UPSTREAM_INVALID',
      })
    },
  )

  it.each([
    ['nobody', { resource: orders }],
    ['two', { subjectToken: 'a', accessToken: 'b' }],
    ['an empty token', { subjectToken: '' }],
    ['a misspelt name', { subjectToken: 'a', organisation: 'acme' }],
    ['nothing', undefined],
  ])('is not made for %s', async (_, request) => {
    await expect(app().tokens.exchange(request as never)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(emulator.requests('token')).toBe(0)
  })
})
