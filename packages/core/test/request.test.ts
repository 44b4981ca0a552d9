import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestIssuer } from '@claviger/testing'
import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { createAuthenticator } from '../src/authenticator.ts'
import type { HttpRequest } from '../src/credentials.ts'
import { AuthError, unavailable } from '../src/errors.ts'
import { createGuard } from '../src/guard.ts'
import { allOf, anyOf, authenticated, check, not, type Predicate, role, scope } from '../src/guards/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { problemOf } from '../src/refusal.ts'
import { createRequestAuthenticator, type HttpOptions, type RequestAuthenticator, userOf } from '../src/request.ts'
import { createRevocationList } from '../src/revocation.ts'
import type { VerifiedToken } from '../src/types.ts'
import { inputOf, person } from './support/people.ts'

const providers = [oidc({ issuer: 'https://id.example.com', audience: 'api' })]
const alice = inputOf(person({ roles: ['admin'] })).auth

const real = createAuthenticator({ providers })
afterAll(() => real.close())

/** An authenticator that knows one token, and whose provider is down for another. */
function known() {
  return {
    ...real,
    async verify(token: string): Promise<VerifiedToken> {
      if (token === 'good') return alice
      if (token === 'outage') throw unavailable('no answer')
      if (token === 'broken') throw new TypeError('a fault of ours')
      throw new AuthError('ERR_TOKEN_SIGNATURE', { explanation: 'the signature does not match' })
    },
  }
}

/** Whose request it is, as an app is told. */
async function callerOf(app: RequestAuthenticator, request: HttpRequest, of?: object) {
  return (await app.receive(request, of)).auth
}

function bearing(token?: string): HttpRequest {
  return { method: 'GET', url: '/', headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }
}

const twice = (token: string) => ['Authorization', `Bearer ${token}`, 'Authorization', 'Bearer other']

const invalid = (part: string) =>
  expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(part) })

describe('createRequestAuthenticator', () => {
  it('says whose request it is', async () => {
    await expect(callerOf(createRequestAuthenticator(known()), bearing('good'))).resolves.toBe(alice)
  })

  it.each([
    [undefined, 'ERR_TOKEN_MISSING', { 'WWW-Authenticate': 'Bearer realm="api"' }],
    ['bad', 'ERR_TOKEN_SIGNATURE', { 'WWW-Authenticate': 'Bearer realm="api", error="invalid_token"' }],
    ['a b', 'ERR_REQUEST_MALFORMED', { 'WWW-Authenticate': 'Bearer realm="api", error="invalid_request"' }],
    ['outage', 'ERR_PROVIDER_UNAVAILABLE', { 'Retry-After': '5' }],
  ])('refuses the token %j', async (token, code, headers) => {
    await expect(callerOf(createRequestAuthenticator(known()), bearing(token))).rejects.toMatchObject({
      code,
      headers,
    })
  })

  it('tells at once of a known token in the header, and of nothing else', async () => {
    const issuer = await createTestIssuer()
    try {
      const ofIssuer = [oidc({ issuer: issuer.issuer, audience: issuer.audience })]
      const authenticator = createAuthenticator({ providers: ofIssuer })
      const plain = createRequestAuthenticator(authenticator)
      const token = issuer.tokenFor({ subject: 'alice' })
      expect(plain.recognize(bearing(token))).toBeUndefined()

      const auth = await authenticator.verify(token)
      expect(plain.recognize(bearing(token))).toBe(auth)
      const others = [
        bearing(),
        bearing('a b'),
        { ...bearing(token), rawHeaders: twice(token) },
        { headers: { authorization: `Basic   ${token}` } },
      ]
      for (const request of others) expect(plain.recognize(request)).toBeUndefined()
      // Where a token may be in other places too, all of them have to be looked at.
      const anywhere = createRequestAuthenticator(authenticator, { tokenFrom: ['header', { query: 'token' }] })
      expect(anywhere.recognize(bearing(token))).toBeUndefined()
      // What is no authenticator of ours, but looks like one, has the say over its tokens.
      expect(createRequestAuthenticator({ ...authenticator }).recognize(bearing(token))).toBeUndefined()

      await authenticator.revoke({ token })
      expect(plain.recognize(bearing(token))).toBeUndefined()
      await authenticator.close()
    } finally {
      await issuer.close()
    }
  })

  it('leaves it to the slow way to say that revocations cannot be told of', async () => {
    const issuer = await createTestIssuer()
    try {
      const list = createRevocationList()
      const revocations = {
        ...list,
        isRevoked: (): boolean => {
          throw new AuthError('ERR_REVOCATION_UNAVAILABLE')
        },
      }
      const ofIssuer = [oidc({ issuer: issuer.issuer, audience: issuer.audience })]
      const stale = createRequestAuthenticator({ providers: ofIssuer, revocations })
      const token = issuer.tokenFor({ subject: 'alice' })
      const unavailable = { code: 'ERR_REVOCATION_UNAVAILABLE', status: 503 }
      await expect(stale.receive(bearing(token))).rejects.toMatchObject(unavailable)
      expect(stale.recognize(bearing(token))).toBeUndefined()
      await stale.authenticator.close()
    } finally {
      await issuer.close()
    }
  })

  it('tells the log of an Authorization header without its scheme, and not what is in it', async () => {
    const explanation = 'no source of tokenFrom found a token; the Authorization header does not begin with Bearer'
    const app = createRequestAuthenticator(known())
    for (const authorization of ['good', 'JWT good', 'Basic Z29vZA==']) {
      await expect(callerOf(app, { headers: { authorization } })).rejects.toMatchObject({ explanation })
    }
    const elsewhere = createRequestAuthenticator(known(), { tokenFrom: { cookie: 'token' } })
    for (const [other, request] of [
      [app, bearing()],
      [elsewhere, { headers: { authorization: 'good' } }],
    ] as const) {
      await expect(callerOf(other, request)).rejects.toMatchObject({
        explanation: 'no source of tokenFrom found a token',
      })
    }
  })

  it('puts realm and metadata of the app into challenges', async () => {
    const http = { realm: 'my "api"', resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource' }
    await expect(callerOf(createRequestAuthenticator(known(), http), bearing())).rejects.toMatchObject({
      headers: { 'WWW-Authenticate': `Bearer realm="my \\"api\\"", resource_metadata="${http.resourceMetadata}"` },
    })
  })

  it('lets only absent credentials pass where they are not required', async () => {
    const optional = createRequestAuthenticator(known(), { required: false })
    await expect(callerOf(optional, bearing())).resolves.toBeUndefined()
    await expect(callerOf(optional, { headers: { authorization: 'Basic abc' } })).resolves.toBeUndefined()
    await expect(callerOf(optional, bearing('good'))).resolves.toBe(alice)
    await expect(callerOf(optional, bearing('bad'))).rejects.toMatchObject({ status: 401 })
    await expect(callerOf(optional, bearing(''))).rejects.toMatchObject({ status: 400 })
    await expect(callerOf(optional, bearing('outage'))).rejects.toMatchObject({ status: 503 })
  })

  it('does not take a missing token that somebody else complains of for an absent one', async () => {
    const verify = () => Promise.reject(new AuthError('ERR_TOKEN_MISSING'))
    const optional = createRequestAuthenticator({ ...known(), verify }, { required: false })
    await expect(callerOf(optional, bearing('good'))).rejects.toMatchObject({ code: 'ERR_TOKEN_MISSING' })
  })

  it('leaves errors that are not refusals as they are', async () => {
    await expect(callerOf(createRequestAuthenticator(known()), bearing('broken'))).rejects.toThrow(TypeError)
    const tokenFrom = () => {
      throw new RangeError('of the app')
    }
    await expect(callerOf(createRequestAuthenticator(known(), { tokenFrom }), bearing())).rejects.toThrow(RangeError)
  })

  it.each([
    ['that brings a token', async () => 'good'],
    ['that brings none', () => Promise.resolve(undefined)],
    ['that fails', () => Promise.reject(new Error('of the app'))],
  ])('takes no promise of tokenFrom for nothing: one %s', async (_, give) => {
    const tokenFrom = (() => give()) as never
    for (const required of [true, false]) {
      const app = createRequestAuthenticator(known(), { tokenFrom: ['header', tokenFrom], required })
      await expect(callerOf(app, bearing())).rejects.toThrow(
        invalid('authMiddleware: option tokenFrom: must answer at once: it cannot be async, or give a promise'),
      )
    }
  })

  it.each([undefined, null, 0, '', 'route', 'router'])(
    'makes an error of %j where it is thrown, for Express would take it for none',
    async (odd) => {
      const tokenFrom = () => {
        throw odd
      }
      const app = createRequestAuthenticator(known(), { tokenFrom, required: false })
      const error = await callerOf(app, bearing()).catch((e) => e)
      expect(error).toEqual(expect.objectContaining({ message: expect.any(String), cause: odd }))
      expect(() => createGuard(check(tokenFrom))({ user: alice.user, auth: alice, request: {} })).toThrow(
        'something other than an error',
      )
    },
  )

  it('reads the token where the options say', async () => {
    const { receive } = createRequestAuthenticator(known(), {
      tokenFrom: ['header', { query: 'token' }],
    })
    const private_ = { 'Cache-Control': 'private' }
    expect(await receive({ headers: {}, url: '/?token=good' })).toEqual({ auth: alice, headers: private_, cookies: [] })
    expect(await receive(bearing('good'))).toEqual({ auth: alice, headers: {}, cookies: [] })
  })

  it('takes all options in one, or an authenticator and its own', async () => {
    const { authenticator } = createRequestAuthenticator({
      providers,
      clockTolerance: 10,
      required: false,
      realm: 'x',
      tokenFrom: 'header',
    })
    expect(authenticator.health().providers).toHaveLength(1)
    expect(createRequestAuthenticator(authenticator, { realm: 'x' }).authenticator).toBe(authenticator)
    await authenticator.close()
  })

  it.each<[object, string]>([
    [{ required: 'false' }, 'required'],
    [{ required: null }, 'required'],
    [{ realm: '' }, 'realm'],
    [{ realm: 'a\r\nb' }, 'realm'],
    [{ realm: 5 }, 'realm'],
    [{ resourceMetadata: '/metadata' }, 'resourceMetadata'],
    [{ resourceMetadata: 'javascript:alert(1)' }, 'resourceMetadata'],
    [{ tokenFrom: 'cookie' }, 'tokenFrom'],
    [{ tokenFrom: async () => 'good' }, 'a function that is not async'],
    [{ tokenFrom: ['header', async () => 'good'] }, 'a function that is not async'],
    [{ requird: false }, 'authMiddleware: unknown option requird, did you mean required?'],
  ])('refuses %j when built', (options, part) => {
    expect(() => createRequestAuthenticator({ providers, ...options })).toThrow(invalid(part))
    expect(() => createRequestAuthenticator(known(), options as HttpOptions)).toThrow(invalid(part))
  })

  it('refuses to be the middleware that it makes', () => {
    expect(() => createRequestAuthenticator(bearing('good') as never)).toThrow(
      invalid('app.use(authMiddleware({ … }))'),
    )
  })

  it.each([undefined, null, 'options', () => undefined])('refuses %p in place of options', (nothing) => {
    expect(() => createRequestAuthenticator(nothing as never)).toThrow(invalid('authMiddleware'))
  })
})

describe('userOf', () => {
  it('gives each request a user of its own, with the lists of the token', () => {
    const [one, other] = [userOf(alice), userOf(alice)]
    expect(one).toEqual(alice.user)
    expect(one).not.toBe(other)
    one.name = 'changed'
    expect(other).not.toHaveProperty('name')
    expect(alice.user).not.toHaveProperty('name')
    expect(() => (one.roles as unknown[]).push('admin')).toThrow(TypeError)
  })
})

describe('createGuard', () => {
  it('answers in the name of the app that the request came through', async () => {
    const app = createRequestAuthenticator(known(), { realm: 'shop', required: false })
    const [request, context] = [bearing(), {}]
    await callerOf(app, request, context)
    const nobody = { user: undefined, auth: undefined }
    expect(() => createGuard(authenticated)({ ...nobody, request: context })).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_MISSING', headers: { 'WWW-Authenticate': 'Bearer realm="shop"' } }),
    )
    expect(() => createGuard(scope('write'))({ user: alice.user, auth: alice, request: context })).toThrow(
      expect.objectContaining({
        status: 403,
        headers: { 'WWW-Authenticate': 'Bearer realm="shop", error="insufficient_scope", scope="write"' },
      }),
    )
    const input = { user: alice.user, auth: alice, request: context }
    expect(createGuard(role('admin'))(input)).toBeUndefined()
    expect(createGuard(authenticated)(input)).toBeUndefined()
  })

  it.each<[Predicate, string]>([
    [scope('read', 'write'), ', scope="read write"'],
    [allOf(scope('read'), role('admin'), scope('write', 'read')), ', scope="read write"'],
    [anyOf(role('admin'), scope('write'), scope('send')), ', scope="write"'],
    [allOf(anyOf(role('admin'), scope('write')), not(scope('banned'))), ', scope="write"'],
    [not(scope('banned')), ''],
    [allOf(role('admin'), authenticated), ''],
  ])('tells who comes without a token which scopes to ask for: %#', async (predicate, scopes) => {
    const app = createRequestAuthenticator(known(), { realm: 'shop', required: false })
    const request = {}
    await callerOf(app, { headers: {} }, request)
    expect(() => createGuard(predicate)({ user: undefined, auth: undefined, request })).toThrow(
      expect.objectContaining({
        code: 'ERR_TOKEN_MISSING',
        headers: { 'WWW-Authenticate': `Bearer realm="shop"${scopes}` },
      }),
    )
  })

  it.each([undefined, null, 'admin', () => true, [role('admin')]])(
    'refuses %p in place of a predicate when built',
    (other) => {
      expect(() => createGuard(other as never)).toThrow(invalid('check(…)'))
    },
  )

  it('leaves errors of checks as they are', () => {
    const thrown = new Error('of the app')
    const guard = createGuard(
      check(() => {
        throw thrown
      }),
    )
    expect(() => guard({ user: alice.user, auth: alice, request: {} })).toThrow(thrown)
  })

  it('refuses without a middleware before it, and warns once', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue()
    const guard = createGuard(role('nobody-before-me'))
    for (let i = 0; i < 3; i++) {
      expect(() => guard({ user: alice.user, auth: undefined, request: {} })).toThrow(
        expect.objectContaining({ code: 'ERR_TOKEN_MISSING', headers: { 'WWW-Authenticate': 'Bearer realm="api"' } }),
      )
    }
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('role("nobody-before-me")'), expect.objectContaining({ code: 'CLAVIGER_GUARD_ALONE' })],
    ])
    warn.mockRestore()
  })
})

describe('a refusal', () => {
  it('is told once, with what the client does not see', async () => {
    const told: unknown[] = []
    const note = (message: unknown) => told.push(message)
    subscribe('claviger:refusal', note)
    await callerOf(createRequestAuthenticator(known()), bearing('bad')).catch(() => undefined)
    const guard = createGuard(role('auditor'))
    expect(() => guard({ user: alice.user, auth: alice, request: {} })).toThrow()
    unsubscribe('claviger:refusal', note)
    expect(told).toEqual([
      { code: 'ERR_TOKEN_SIGNATURE', status: 401, explanation: 'the signature does not match', provider: undefined },
      { code: 'ERR_ROLE_REQUIRED', status: 403, explanation: 'the user lacks role("auditor")', provider: 'oidc' },
    ])
  })

  it('is a problem, and nothing else is', () => {
    expect(problemOf(new AuthError('ERR_TOKEN_EXPIRED', { explanation: 'a second ago' }))).toEqual({
      status: 401,
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"', 'Content-Type': 'application/problem+json' },
      body: {
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        detail: expect.any(String),
        error: 'invalid_token',
      },
    })
    for (const other of [
      undefined,
      null,
      'text',
      new Error('of the app'),
      Object.assign(new Error(), { status: 401 }),
    ]) {
      expect(problemOf(other)).toBeUndefined()
    }
  })
})
