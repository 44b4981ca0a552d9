import { AsyncLocalStorage } from 'node:async_hooks'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { check, createAuthenticator, createTokenManager, isAuthError, type Provider, readBearer } from '@claviger/core'
import { type OidcOptions, oidc } from '@claviger/core/oidc'
import { type AuthMiddleware, authMiddleware, authorize, requireAuth } from '@claviger/express'
import { createTestClock, createTestIssuer, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import { allowInsecureRequests, clientCredentialsGrant, discovery } from 'openid-client'

// What docs/moving.md says of the tokens and the apps of other middleware.

// It stands still: a token that is over since 3 s is not older when it comes.
const clock = createTestClock()
let issuer: TestIssuer
let other: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer({ clock, algorithms: ['RS256'] })
  other = await createTestIssuer({ clock })
})
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(() => Promise.all([issuer.close(), other.close()]))

/** An app behind a middleware, which answers who calls. */
async function serve(...middleware: express.RequestHandler[]) {
  const app = express()
  for (const one of middleware) app.use(one)
  app.use((req, res) => res.json(req.user?.id ?? null))
  const refused: express.ErrorRequestHandler = (error, _req, res, next) => {
    if (isAuthError(error)) res.status(error.status).set(error.headers).json({ code: error.code })
    else next(error)
  }
  app.use(refused)
  const server = await new Promise<Server>((resolve) => {
    const listening: Server = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async (token?: string, { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> } = {}) => {
    const all = token === undefined ? headers : { authorization: `Bearer ${token}`, ...headers }
    const answer = await fetch(`http://127.0.0.1:${port}/`, { ...init, headers: all })
    return [answer.status, await answer.json(), answer.headers.get('www-authenticate')] as const
  }
}

function made(providers: readonly Provider[], http: Parameters<typeof authMiddleware>[1] = {}): AuthMiddleware {
  const authenticator = createAuthenticator({ providers, clock })
  closing.push(() => authenticator.close())
  return authMiddleware(authenticator, http)
}

const usual = (options: Partial<OidcOptions> = {}) =>
  oidc({ issuer: issuer.issuer, audience: issuer.audience, tokenTypes: ['at+jwt', 'JWT'], ...options })
const old = (options: TokenOptions = {}) => issuer.tokenFor({ subject: 'alice', header: { typ: 'JWT' }, ...options })

it('what would be refused is told, and passes', async () => {
  const providers = [oidc({ issuer: issuer.issuer, audience: issuer.audience })]
  const authenticator = createAuthenticator({ providers, clock })
  closing.push(() => authenticator.close())
  const told: unknown[] = []
  const call = await serve((req, _res, next) => {
    const tryIt = async () => authenticator.verify(readBearer(req.headers.authorization), req)
    tryIt().catch((error) => told.push(isAuthError(error) ? `${error.code}: ${error.explanation}` : error))
    next()
  })
  expect((await call(old()))[0]).toBe(200)
  expect((await call())[0]).toBe(200)
  expect((await call(issuer.tokenFor()))[0]).toBe(200)
  expect(told).toEqual([
    'ERR_TOKEN_TYPE: typ is "JWT", accepted: at+jwt (option tokenTypes)',
    'ERR_TOKEN_MISSING: no Bearer credentials in the Authorization header',
  ])
})

describe('what changes', () => {
  it.each<[string, TokenOptions, string]>([
    ['of another typ', { header: { typ: undefined } }, 'ERR_TOKEN_TYPE'],
    ['without exp', { claims: { exp: undefined } }, 'ERR_TOKEN_CLAIMS'],
    ['for longer than 30 days', { expiresIn: 31 * 86_400 }, 'ERR_TOKEN_CLAIMS'],
    ['without iss', { claims: { iss: undefined } }, 'ERR_TOKEN_ISSUER'],
    ['without sub', { claims: { sub: undefined } }, 'ERR_TOKEN_CLAIMS'],
  ])('a token %s is refused', async (_, options, code) => {
    const call = await serve(made([usual()]))
    expect(await call(old())).toEqual([200, 'alice', null])
    expect(await call(old({ expiresIn: -3 }))).toEqual([200, 'alice', null])
    expect(await call(old(options))).toEqual([401, { code }, 'Bearer realm="api", error="invalid_token"'])
  })

  it('a bad token is not nobody, two tokens are none, and a preflight has to be answered before', async () => {
    const call = await serve(made([usual()], { required: false, tokenFrom: ['header', { cookie: 'token' }] }))
    expect(await call()).toEqual([200, null, null])
    expect((await call(old({ expiresIn: -60 })))[0]).toBe(401)
    expect((await call(old(), { headers: { cookie: 'token=another' } }))[0]).toBe(400)
    const strict = await serve(made([usual()]))
    const preflight = { method: 'OPTIONS', headers: { 'access-control-request-headers': 'authorization' } }
    expect((await strict(undefined, preflight))[0]).toBe(401)
  })

  it('keys that cannot be had are no refusal', async () => {
    const call = await serve(made([usual({ jwksUri: `${issuer.issuer}/nowhere` })]))
    expect(await call(old())).toEqual([503, { code: 'ERR_PROVIDER_UNAVAILABLE' }, null])
  })

  it('what is said of a refusal belongs to the request', async () => {
    const requests = new AsyncLocalStorage<string>()
    const told: unknown[] = []
    const listen = () => told.push(requests.getStore())
    subscribe('claviger:refusal', listen)
    closing.push(() => unsubscribe('claviger:refusal', listen))
    const call = await serve((req, _res, next) => requests.run(String(req.headers['x-id']), next), made([usual()]))
    await Promise.all(['a', 'b'].map((id) => call(old({ expiresIn: -60 }), { headers: { 'x-id': id } })))
    expect(told.sort()).toEqual(['a', 'b'])
  })
})

describe('keys of other kinds', () => {
  const shop = { issuer: 'shop', audience: 'shop', tokenTypes: ['JWT'] }
  const claims = () => {
    const iat = clock.now() / 1000
    return { iss: 'shop', aud: 'shop', sub: '5', iat, exp: iat + 60 }
  }

  it('a PEM becomes a key set', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    const jwks = { keys: [createPublicKey(pem).export({ format: 'jwk' })] }
    const call = await serve(made([oidc({ ...shop, jwks, jwksUri: null })]))
    const signer = { kid: '', alg: 'RS256', signer: privateKey } as const
    expect(await call(issuer.sign({ alg: 'RS256', typ: 'JWT' }, claims(), signer))).toEqual([200, '5', null])
  })

  it('a secret may be bytes, and is changed by a second provider', async () => {
    const secrets = ['an older secret of thirty-two bytes', 'a newer secret of thirty-two bytes']
    const call = await serve(made(secrets.map((secret) => oidc({ ...shop, secret: Buffer.from(secret) }))))
    for (const secret of secrets) {
      const signer = { kid: '', alg: 'HS256', signer: secret } as const
      expect(await call(issuer.sign({ alg: 'HS256', typ: 'JWT' }, claims(), signer))).toEqual([200, '5', null])
    }
  })
})

it('tokens are found in headers of other names and schemes', async () => {
  const named = await serve(made([usual()], { tokenFrom: ({ headers }) => headers['x-auth'] }))
  expect(await named(undefined, { headers: { 'x-auth': old() } })).toEqual([200, 'alice', null])
  expect((await named(old()))[0]).toBe(401)
  const scheme = await serve(
    made([usual()], { tokenFrom: ({ headers }) => /^JWT (.+)$/.exec(headers.authorization?.toString() ?? '')?.[1] }),
  )
  expect(await scheme(undefined, { headers: { authorization: `JWT ${old()}` } })).toEqual([200, 'alice', null])
})

it('claims that a route asks for are a guard', async () => {
  const paid = authorize(check(({ auth }) => auth.claims.plan === 'paid', 'paid'))
  const call = await serve(made([usual()]), paid)
  expect((await call(old({ claims: { plan: 'paid' } })))[0]).toBe(200)
  expect((await call(old()))[0]).toBe(403)
})

it('access tokens of Cognito are taken from our clients, and its ID tokens from nobody', async () => {
  const clientIds: unknown[] = ['ours']
  const cognito = usual({
    audience: null,
    tokenTypes: [null],
    requiredClaims: ['sub', 'iat', 'client_id'],
    rolesFrom: 'cognito:groups',
    validate: ({ token_use, client_id }) =>
      token_use === 'access' && clientIds.includes(client_id) ? undefined : 'no access token of our clients',
  })
  const auth = made([cognito])
  const call = await serve(auth)
  const token = (claims: Record<string, unknown>) =>
    old({ header: { typ: undefined }, claims: { aud: undefined, token_use: 'access', client_id: 'ours', ...claims } })
  const good = token({ 'cognito:groups': ['staff'] })
  expect(await call(good)).toEqual([200, 'alice', null])
  expect((await auth.authenticator.verify(good)).user.roles).toMatchObject([{ name: 'staff' }])
  for (const [claims, code] of [
    [{ client_id: 'theirs' }, 'ERR_TOKEN_REFUSED'],
    [{ client_id: undefined }, 'ERR_TOKEN_CLAIMS'],
    [{ token_use: 'id' }, 'ERR_TOKEN_TYPE'],
    [{ token_use: 'refresh' }, 'ERR_TOKEN_REFUSED'],
  ] as const) {
    expect((await call(token(claims)))[1]).toEqual({ code })
  }
})

it('tenants that are found at runtime keep to themselves', async () => {
  const issuers: Record<string, string> = { a: issuer.issuer, b: other.issuer }
  const tenants = new Map<string, AuthMiddleware>()
  const of = (address: string) => {
    const auth = tenants.get(address) ?? made([oidc({ issuer: address, audience: issuer.audience })])
    tenants.set(address, auth)
    return auth
  }
  const call = await serve(async (req, res, next) => {
    const found = issuers[String(req.headers['x-tenant'])]
    if (found === undefined) res.status(404).json(null)
    else of(found)(req, res, next)
  }, requireAuth())
  const at = (tenant: string) => ({ headers: { 'x-tenant': tenant } })
  const theirs = other.tokenFor({ subject: 'bob' })
  expect((await call(issuer.tokenFor(), at('a')))[0]).toBe(200)
  expect(await call(theirs, at('b'))).toEqual([200, 'bob', null])
  expect((await call(theirs, at('a')))[1]).toEqual({ code: 'ERR_TOKEN_ISSUER' })
  expect((await call(theirs, at('c')))[0]).toBe(404)
  expect(tenants.size).toBe(2)
})

it('openid-client asks for tokens of machines, once for all who wait', async () => {
  const server = await discovery(new URL(issuer.issuer), issuer.clientId, issuer.clientSecret, undefined, {
    execute: [allowInsecureRequests],
  })
  const asked = issuer.requests('token')
  const tokens = createTokenManager<{ scope: string }>({
    async request({ scope }) {
      const { access_token, expires_in = 300 } = await clientCredentialsGrant(server, { scope })
      return { accessToken: access_token, expiresIn: expires_in, scopes: scope.split(' ') }
    },
  })
  const got = await Promise.all([tokens.get({ scope: 'read' }), tokens.get({ scope: 'read' })])
  expect(issuer.requests('token') - asked).toBe(1)
  const auth = made([oidc({ issuer: issuer.issuer, audience: issuer.audience })])
  expect((await auth.authenticator.verify(got[1].accessToken)).user.scopes).toEqual(['read'])
})
