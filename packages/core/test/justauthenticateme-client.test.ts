import {
  createJustAuthenticateMeEmulator,
  createTestClock,
  type Fault,
  type JustAuthenticateMeEmulator,
  type JustAuthenticateMeEndpoint,
} from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { RequestEvent, ResponseEvent } from '../src/index.ts'
import {
  createJustAuthenticateMeClient,
  type JustAuthenticateMeClient,
  type JustAuthenticateMeClientOptions,
} from '../src/providers/justauthenticateme/index.ts'
import { documented } from './support/documented.ts'

const alice = 'alice+news@example.com'
const clock = createTestClock()
let jam: JustAuthenticateMeEmulator
let client: JustAuthenticateMeClient
const clients: JustAuthenticateMeClient[] = []

function clientOf(options: Partial<JustAuthenticateMeClientOptions> = {}): JustAuthenticateMeClient {
  const { appId, baseUrl } = jam
  const made = createJustAuthenticateMeClient({ appId, baseUrl, clock, timeout: 2, retries: 0, ...options })
  clients.push(made)
  return made
}

beforeEach(async () => {
  jam = await createJustAuthenticateMeEmulator({
    clock,
    apps: [{ name: 'Petshop', redirectUrl: 'https://pets.example/in' }],
  })
  client = clientOf()
})
afterEach(async () => {
  await Promise.all([jam.close(), ...clients.splice(0).map((one) => one.close())])
})

interface Operation {
  readonly theirs: string
  readonly ours: keyof JustAuthenticateMeClient
  readonly endpoint: JustAuthenticateMeEndpoint
  readonly call: (
    client: JustAuthenticateMeClient,
    tokens: { idToken: string; refreshToken: string },
  ) => Promise<unknown>
  readonly result: unknown
}

const operations: readonly Operation[] = [
  {
    theirs: 'authenticate',
    ours: 'authenticate',
    endpoint: 'authenticate',
    call: (one) => one.authenticate(alice),
    result: undefined,
  },
  {
    theirs: 'verify_token',
    ours: 'verifyToken',
    endpoint: 'jwks',
    call: (one, { idToken }) => one.verifyToken(idToken),
    result: expect.objectContaining({
      user: expect.objectContaining({ id: alice, email: alice }),
      claims: expect.objectContaining({ email: alice, token_use: 'id' }),
      header: { alg: 'ES512', typ: 'JWT', kid: expect.any(String) },
    }),
  },
  {
    theirs: 'refresh',
    ours: 'refresh',
    endpoint: 'refresh',
    call: (one, { refreshToken }) => one.refresh(refreshToken),
    result: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]{176}$/),
  },
  {
    theirs: 'verify_remote',
    ours: 'verifyRemote',
    endpoint: 'verify',
    call: (one, { idToken }) => one.verifyRemote(idToken),
    result: expect.objectContaining({ email: alice }),
  },
  {
    theirs: 'delete_refresh_token',
    ours: 'deleteRefreshToken',
    endpoint: 'deleteRefreshToken',
    call: (one, { idToken, refreshToken }) => one.deleteRefreshToken(idToken, refreshToken),
    result: undefined,
  },
  {
    theirs: 'delete_all_refresh_tokens',
    ours: 'deleteAllRefreshTokens',
    endpoint: 'deleteAllRefreshTokens',
    call: (one, { idToken }) => one.deleteAllRefreshTokens(idToken),
    result: undefined,
  },
]

function signIn() {
  const { idToken, refreshToken = '' } = jam.signIn(alice)
  return { idToken, refreshToken }
}

describe('operations of JustAuthenticateMe', () => {
  it('are all there, and no other calls', () => {
    expect(operations.map(({ theirs }) => theirs)).toEqual(documented.JustAuthenticateMe)
    expect(new Set(operations.map(({ ours }) => ours)).size).toBe(6)
    const others = ['close', 'readCallback']
    expect(Object.keys(client).sort()).toEqual([...operations.map(({ ours }) => ours), ...others].sort())
  })

  it.each(operations)('$theirs is $ours', async ({ endpoint, call, result }) => {
    const tokens = signIn()
    jam.resetCounts()
    expect(await call(client, tokens)).toEqual(result)
    expect([jam.requests(), jam.requests(endpoint)]).toEqual([1, 1])
  })

  // A cookie that is not there must not end all sessions, nor a dot segment lead to another resource.
  it.each([undefined, '', '.', '..', '\ud800'])('deleteRefreshToken ends nothing for %j', async (refreshToken) => {
    const tokens = signIn()
    const deleted = client.deleteRefreshToken(tokens.idToken, refreshToken as string)
    await expect(deleted).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(jam.requests('deleteRefreshToken') + jam.requests('deleteAllRefreshTokens')).toBe(0)
    expect(await client.refresh(tokens.refreshToken)).toEqual(expect.any(String))
  })

  it.each(operations)('$theirs fails in our own way when the service does', async ({ ours, endpoint, call }) => {
    const tokens = signIn()
    const lost = ['authenticate', 'deleteRefreshToken', 'deleteAllRefreshTokens'].includes(ours)
    for (const fault of ['reset', 'hang', 'hang-body', 'truncate'] satisfies Fault[]) {
      jam.fail(endpoint, fault)
      const code = lost ? 'ERR_UPSTREAM_UNKNOWN' : 'ERR_PROVIDER_UNAVAILABLE'
      await expect(call(clientOf(), tokens)).rejects.toMatchObject({ code })
    }
    for (const fault of [
      { status: 500 },
      { status: 503 },
      { status: 429 },
      { status: 201 },
      'redirect',
    ] satisfies Fault[]) {
      jam.fail(endpoint, fault)
      await expect(call(clientOf(), tokens)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    }
  })

  it.each(operations.filter(({ ours }) => ours !== 'verifyToken'))(
    '$theirs can be aborted',
    async ({ endpoint, call }) => {
      const tokens = signIn()
      jam.fail(endpoint, 'hang')
      const reason = new Error('enough')
      const aborting = new AbortController()
      const withSignal: JustAuthenticateMeClient = {
        ...client,
        authenticate: (email) => client.authenticate(email, aborting),
        refresh: (token) => client.refresh(token, aborting),
        verifyRemote: (token) => client.verifyRemote(token, aborting),
        deleteRefreshToken: (id, token) => client.deleteRefreshToken(id, token, aborting),
        deleteAllRefreshTokens: (id) => client.deleteAllRefreshTokens(id, aborting),
      }
      const started = performance.now()
      setTimeout(() => aborting.abort(reason), 20)
      await expect(call(withSignal, tokens)).rejects.toBeDefined()
      expect(performance.now() - started).toBeLessThan(280)
    },
  )
})

describe('what the service refuses', () => {
  const wrongApp = () => clientOf({ appId: 'no-such-app' })
  const cases: readonly [string, () => Promise<unknown>, string, number, string][] = [
    ['a bad address', () => client.authenticate('not an address'), 'ERR_UPSTREAM_INVALID', 400, 'invalid email'],
    ['an unknown app', () => wrongApp().authenticate(alice), 'ERR_UPSTREAM_NOT_FOUND', 404, 'App not found'],
    ['a dead refresh token', () => client.refresh('dead'), 'ERR_UPSTREAM_UNAUTHORIZED', 401, 'not found'],
    [
      'a refresh by an app that may not',
      () => {
        jam.allowRefresh(false)
        return client.refresh('any')
      },
      'ERR_UPSTREAM_INVALID',
      400,
      'refresh is not allowed',
    ],
    ['a refresh of an unknown app', () => wrongApp().refresh('any'), 'ERR_UPSTREAM_NOT_FOUND', 404, 'App not found'],
    [
      'an ID token that has expired, remotely',
      () => client.verifyRemote(jam.tokenFor(alice, { expiresIn: -1 })),
      'ERR_TOKEN_INACTIVE',
      401,
      'ID token is invalid',
    ],
    [
      'a logout with a bad ID token',
      () => client.deleteRefreshToken(jam.tokenFor(alice, { expiresIn: -1 }), 'any'),
      'ERR_UPSTREAM_UNAUTHORIZED',
      401,
      'ID token is invalid',
    ],
    [
      'a logout of what is not there',
      () => client.deleteRefreshToken(signIn().idToken, 'any'),
      'ERR_UPSTREAM_NOT_FOUND',
      404,
      'not found',
    ],
    [
      'a logout everywhere with a bad ID token',
      () => client.deleteAllRefreshTokens('bad'),
      'ERR_UPSTREAM_UNAUTHORIZED',
      401,
      'ID token is invalid',
    ],
  ]

  it.each(cases)('is told: %s', async (_, call, code, status, message) => {
    await expect(call()).rejects.toMatchObject({ name: 'AuthError', code, upstream: { status, message } })
  })

  it('is told where the address has had enough mails', async () => {
    jam.configure({ mailLimit: 1 })
    await client.authenticate(alice)
    await expect(client.authenticate(alice)).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      upstream: { status: 429 },
    })
  })

  it('is told in any shape of an error', async () => {
    for (const body of ['', '[]', '{"message":7}', '{"other":"shape"}']) {
      jam.fail('refresh', { status: 400, body })
      await expect(client.refresh('any')).rejects.toMatchObject({
        code: 'ERR_UPSTREAM_INVALID',
        upstream: { status: 400 },
      })
    }
  })
})

describe('tokens that are not of this app', () => {
  it.each<[string, () => string, string]>([
    ['no JWT', () => 'a.b.c', 'ERR_TOKEN_MALFORMED'],
    ['one of another issuer', () => jam.tokenFor(alice, { claims: { iss: 'other' } }), 'ERR_TOKEN_ISSUER'],
    ['one of another audience', () => jam.tokenFor(alice, { claims: { aud: 'other' } }), 'ERR_TOKEN_AUDIENCE'],
    ['another kind of token', () => jam.tokenFor(alice, { claims: { token_use: 'refresh' } }), 'ERR_TOKEN_REFUSED'],
  ])('are not sent to be verified, nor verified here: %s', async (_, token, code) => {
    await expect(client.verifyRemote(token())).rejects.toMatchObject({ code, status: 401 })
    expect(jam.requests('verify')).toBe(0)
    await expect(client.verifyToken(token())).rejects.toMatchObject({ code, status: 401 })
  })
})

describe('a login', () => {
  it('goes by mail, link and callback', async () => {
    await client.authenticate(alice)
    const [mail] = jam.outbox
    expect(mail).toMatchObject({ to: alice, from: 'no-reply@justauthenticate.me', subject: 'Log in to Petshop' })
    const followed = await fetch(mail?.link ?? '', { redirect: 'manual' })
    const callback = followed.headers.get('location') ?? ''
    expect([followed.status, callback]).toEqual([
      302,
      expect.stringMatching(/^https:\/\/pets\.example\/in\?idToken=ey/),
    ])
    const { token, tokens } = await client.readCallback(new URL(callback))
    expect(token.user.email).toBe(alice)
    expect(tokens).toEqual({
      accessToken: tokens.idToken,
      idToken: expect.stringMatching(/^ey/),
      refreshToken: expect.stringMatching(/^[\w+/=]{190,}$/),
      expiresAt: token.expiresAt,
    })
    expect(
      Buffer.from(tokens.refreshToken ?? '', 'base64')
        .subarray(128)
        .toString(),
    ).toBe(alice)
    expect((await fetch(mail?.link ?? '')).status).toBe(400)
  })

  it('has no refresh token where the app does not allow it, and keeps the query of the app', async () => {
    const appId = await jam.addApp({ allowRefresh: false, redirectUrl: 'https://pets.example/in?lang=nl' })
    const { callbackUrl } = jam.signIn(alice, { appId })
    expect(callbackUrl).toMatch(/\?lang=nl&idToken=/)
    const { pathname, search } = new URL(callbackUrl)
    const { tokens } = await clientOf({ appId }).readCallback(pathname + search)
    expect(tokens.refreshToken).toBeUndefined()
  })

  it.each<[string, () => string, string]>([
    ['nothing', () => '/in', 'ERR_TOKEN_MISSING'],
    ['no ID token', () => '/in?refreshToken=a', 'ERR_TOKEN_MISSING'],
    ['no address', () => '//[?idToken=a', 'ERR_REQUEST_MALFORMED'],
    ['two ID tokens', () => `/in?idToken=${signIn().idToken}&idToken=${signIn().idToken}`, 'ERR_REQUEST_MALFORMED'],
    [
      'two refresh tokens',
      () => `/in?idToken=${signIn().idToken}&refreshToken=a&refreshToken=b`,
      'ERR_REQUEST_MALFORMED',
    ],
    [
      'a forged ID token',
      () => `/in?idToken=${signIn().idToken.slice(0, -8)}AAAAAAAA&refreshToken=a`,
      'ERR_TOKEN_SIGNATURE',
    ],
  ])('is refused when the callback has %s', async (_, url, code) => {
    await expect(client.readCallback(url())).rejects.toMatchObject({ code })
  })
})

describe('an ID token that fits into no header', () => {
  it.each(['', 'a\nb', 'a b', 'ä', 'a\u0000', undefined])('is refused, and is no outage: %j', async (given) => {
    const idToken = given as string
    const { refreshToken } = signIn()
    jam.resetCounts()
    const malformed = { code: 'ERR_TOKEN_MALFORMED', status: 401 }
    await expect(client.deleteRefreshToken(idToken, refreshToken)).rejects.toMatchObject(malformed)
    await expect(client.deleteAllRefreshTokens(idToken)).rejects.toMatchObject(malformed)
    expect(jam.requests()).toBe(0)
  })
})

describe('a client', () => {
  it('sends refresh tokens as one segment, whatever is in them', async () => {
    for (let at = 0; at < 8; at += 1) {
      const { idToken, refreshToken } = signIn()
      await client.deleteRefreshToken(idToken, refreshToken)
    }
    expect(jam.requests('deleteRefreshToken')).toBe(8)
  })

  it('repeats what is safe, and never a mail or a logout', async () => {
    const tokens = signIn()
    const patient = clientOf({ retries: 2, timeout: 5 })
    for (const { ours, endpoint, call } of operations.filter(({ ours }) => ours !== 'verifyToken')) {
      jam.resetCounts()
      jam.fail(endpoint, { status: 503 }, { times: 1 })
      const outcome = await call(patient, tokens).then(
        () => 'done',
        () => 'failed',
      )
      const isSafe = ['refresh', 'verifyRemote'].includes(ours)
      expect([ours, outcome, jam.requests(endpoint)]).toEqual([ours, isSafe ? 'done' : 'failed', isSafe ? 2 : 1])
    }
  })

  it('tells hooks what it does, without a token', async () => {
    const events: (RequestEvent | ResponseEvent)[] = []
    const { idToken, refreshToken } = signIn()
    const told = clientOf({ onRequest: (event) => events.push(event), onResponse: (event) => events.push(event) })
    await told.deleteRefreshToken(idToken, refreshToken)
    const event = {
      provider: 'justauthenticateme',
      operation: 'deleteRefreshToken',
      method: 'DELETE',
      url: `${jam.issuer}/user/refresh/*`,
    }
    expect(events).toEqual([event, { ...event, status: 204, milliseconds: expect.any(Number) }])
  })

  it('uses the fetch it is given, also for keys', async () => {
    const urls: string[] = []
    const fetch: JustAuthenticateMeClientOptions['fetch'] = (url, init) => {
      urls.push(url)
      return globalThis.fetch(url, init)
    }
    const custom = clientOf({ fetch })
    const { idToken } = signIn()
    await custom.verifyToken(idToken)
    await custom.verifyRemote(idToken)
    expect(urls).toEqual([`${jam.issuer}/.well-known/jwks.json`, `${jam.issuer}/verify`])
  })

  it.each<[string, object, RegExp]>([
    ['no app', { appId: undefined }, /appId/],
    ['a secret, which the service does not have', { apiKey: 'key' }, /unknown option apiKey/],
    ['an address without TLS', { baseUrl: 'http://api.example.com/' }, /baseUrl/],
    ['too much tolerance', { clockTolerance: 301 }, /clockTolerance/],
    ['no clock', { clock: 7 }, /clock/],
    ['too many retries', { retries: 6 }, /retries/],
  ])('is not made with %s', (_, options, message) => {
    const all = { appId: 'app', ...options } as JustAuthenticateMeClientOptions
    expect(() => createJustAuthenticateMeClient(all)).toThrow(message)
  })
})
