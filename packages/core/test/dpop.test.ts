import { createTestKey, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  createAuthenticator,
  createRequestAuthenticator,
  createRoleDirectory,
  type HttpRequest,
  type TokenSource,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import {
  createDpopStage,
  type DpopStage,
  origin,
  outcomeOf,
  providerOf,
  refusalHeadersOf,
  requestWith,
  verdictOf,
} from './support/dpop-stage.ts'

let stage: DpopStage
beforeAll(async () => {
  stage = await createDpopStage()
})
afterEach(() => stage.clear())
afterAll(() => stage.close())

const proven = (token: string, more: Partial<HttpRequest> = {}) =>
  requestWith(`DPoP ${token}`, stage.proof(token), more)

describe('a token that is bound to a key', () => {
  it('is taken from who proves to have the key, and says who it is', async () => {
    const { auth, headers } = await stage.api().receive(proven(stage.token()))
    expect(auth).toMatchObject({ user: { id: 'alice' }, claims: { cnf: { jkt: expect.any(String) } } })
    expect(headers).toEqual({})
  })

  it.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256'] as const)(
    'goes with a proof of %s',
    async (alg) => {
      const key = await createTestKey(alg)
      const token = stage.token({ boundTo: key })
      expect(await outcomeOf(stage.api(), requestWith(`DPoP ${token}`, stage.proof(token, { key })))).toBe('alice')
    },
  )

  it('is refused from who only bears it, before and after it is known', async () => {
    const api = stage.api()
    const token = stage.token()
    const borne = () => verdictOf(api, requestWith(`Bearer ${token}`, stage.proof(token)))
    const refusal =
      'ERR_TOKEN_UNSUPPORTED: the token is bound to a key or a certificate (cnf), and came without a proof (option dpop)'
    expect(await borne()).toBe(refusal)
    expect(await outcomeOf(api, proven(token))).toBe('alice')
    expect(api.recognize(requestWith(`Bearer ${token}`))).toBeUndefined()
    expect(api.recognize(proven(token))).toBeUndefined()
    expect(await borne()).toBe(refusal)
  })

  it('is refused by all that knows of no proof, also where it is known', async () => {
    const api = stage.api()
    const token = stage.token()
    await api.receive(proven(token))
    const refusal = { code: 'ERR_TOKEN_UNSUPPORTED' }
    await expect(api.authenticator.verify(token)).rejects.toMatchObject(refusal)
    await expect(api.authenticator.watch(token)).rejects.toMatchObject(refusal)
    const without = createRequestAuthenticator(api.authenticator)
    expect(await outcomeOf(without, requestWith(`Bearer ${token}`))).toBe('ERR_TOKEN_UNSUPPORTED')
    expect(await outcomeOf(without, proven(token))).toBe('ERR_TOKEN_MISSING')
  })

  it.each<[string, TokenSource, (token: string) => Partial<HttpRequest>]>([
    ['the query', { query: 'token' }, (token) => ({ url: `/orders?token=${token}` })],
    ['a cookie', { cookie: 'token' }, (token) => ({ headers: { cookie: `token=${token}`, dpop: stage.proof(token) } })],
    ['a function', ({ headers }) => String(headers.authorization).slice('DPoP '.length), () => ({})],
  ])('is taken from the header alone: not from %s', async (_, source, more) => {
    const token = stage.token()
    const api = stage.api({}, { tokenFrom: ['header', source] })
    const request = { ...requestWith(undefined, stage.proof(token)), ...more(token) }
    if (typeof source === 'function') request.headers = { authorization: `Other ${token}` }
    expect(await outcomeOf(api, request)).toMatch(/^ERR_(TOKEN_UNSUPPORTED|TOKEN_MALFORMED|REQUEST_MALFORMED)$/)
  })

  it('may be sent twice, but not beside another', async () => {
    const api = stage.api({}, { tokenFrom: ['header', { query: 'token' }] })
    const token = stage.token()
    expect(await outcomeOf(api, proven(token, { url: `/orders?token=${token}` }))).toBe('alice')
    const other = stage.issuer.tokenFor()
    expect(await outcomeOf(api, proven(token, { url: `/orders?token=${other}` }))).toBe('ERR_REQUEST_MALFORMED')
    const rawHeaders = ['Authorization', `DPoP ${token}`, 'Authorization', `Bearer ${other}`]
    expect(await outcomeOf(api, proven(token, { rawHeaders }))).toBe('ERR_REQUEST_MALFORMED')
  })

  it.each(['DPoP', 'DPoP ', 'DPoP a b', 'dpop ä'])('is one well-formed text: %s', async (authorization) => {
    const request = requestWith(authorization, stage.proof('a'))
    expect(await outcomeOf(stage.api({}, { required: false }), request)).toBe('ERR_REQUEST_MALFORMED')
  })

  it('is checked as a bearer token is, before its proof is', async () => {
    const expired = stage.token({ expiresIn: -60 })
    expect(await outcomeOf(stage.api(), requestWith(`DPoP ${expired}`))).toBe('ERR_TOKEN_EXPIRED')
    const foreign = stage.token({ audience: 'https://elsewhere.example' })
    expect(await outcomeOf(stage.api(), proven(foreign))).toBe('ERR_TOKEN_AUDIENCE')
  })

  it('costs one verification, however often it comes', async () => {
    const requests = stage.issuer.requests('introspection')
    const api = stage.api()
    const token = stage.issuer.opaqueTokenFor({ boundTo: stage.key })
    for (const _ of [1, 2, 3]) expect(await outcomeOf(api, proven(token))).toBe('alice')
    expect(stage.issuer.requests('introspection')).toBe(requests + 1)
  })

  it('is as good where the provider has to be asked about it, and is refused as a bearer token there', async () => {
    const token = stage.issuer.opaqueTokenFor({ boundTo: stage.key })
    expect(await outcomeOf(stage.api(), proven(token))).toBe('alice')
    expect(await outcomeOf(stage.api(), requestWith(`Bearer ${token}`))).toBe('ERR_TOKEN_UNSUPPORTED')
    const unbound = stage.issuer.opaqueTokenFor()
    expect(await outcomeOf(stage.api(), proven(unbound))).toBe('ERR_TOKEN_UNSUPPORTED')
    const nameless = stage.issuer.opaqueTokenFor({ claims: { token_type: 'DPoP' } })
    expect(await outcomeOf(stage.api(), proven(nameless))).toBe('ERR_TOKEN_INACTIVE')
  })

  it('is judged without a cache, too', async () => {
    const api = stage.api({}, {}, { cache: false })
    const token = stage.token()
    for (const _ of [1, 2]) expect(await outcomeOf(api, proven(token))).toBe('alice')
    expect(await outcomeOf(api, requestWith(`Bearer ${token}`))).toBe('ERR_TOKEN_UNSUPPORTED')
  })

  it('has the roles of the moment', async () => {
    const roles = createRoleDirectory({ source: async () => [{ name: 'keeper', permissions: ['keys:turn'] }] })
    const providers = [oidc({ issuer: stage.issuer.issuer, audience: stage.issuer.audience, rolesFrom: 'roles' })]
    const { auth } = await stage.api({}, {}, { roles, providers }).receive(proven(stage.token({ roles: ['keeper'] })))
    expect(auth?.user.permissions).toEqual(['keys:turn'])
  })

  it('dies with the key of its issuer', async () => {
    const api = stage.api()
    const token = stage.token()
    expect(await outcomeOf(api, proven(token))).toBe('alice')
    api.authenticator.purge(stage.issuer.issuer)
    expect(await outcomeOf(api, proven(token))).toBe('ERR_TOKEN_KEY')
  })
})

describe('a bond', () => {
  it.each<[string, TokenOptions]>([
    ['to nothing', { boundTo: undefined as never, claims: { cnf: undefined } }],
    ['to a certificate', { claims: { cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } } }],
    ['in no way', { claims: { cnf: {} } }],
    ['that is a text', { claims: { cnf: 'key' } }],
    ['that is null', { claims: { cnf: null } }],
    ['that is a list', { claims: { cnf: ['jkt'] } }],
    ['to a number', { claims: { cnf: { jkt: 7 } } }],
    ['to an empty text', { claims: { cnf: { jkt: '' } } }],
    ['to a short text', { claims: { cnf: { jkt: 'abc' } } }],
  ])('%s makes no token that goes with a proof', async (_, options) => {
    const token = stage.token(options)
    expect(await outcomeOf(stage.api(), proven(token))).toBe('ERR_TOKEN_UNSUPPORTED')
  })

  it('to a key and to something else is refused, for nothing proves the other', async () => {
    const { auth } = await stage.api().receive(proven(stage.token()))
    const token = stage.token({
      claims: { cnf: { ...(auth?.claims.cnf as object), 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } },
    })
    expect(await verdictOf(stage.api(), proven(token))).toBe(
      'ERR_TOKEN_UNSUPPORTED: the token is bound to something else than one key (cnf.jkt)',
    )
  })
})

describe('a bearer token', () => {
  it('passes as ever, known or not', async () => {
    const api = stage.api()
    const token = stage.issuer.tokenFor()
    const request = requestWith(`Bearer ${token}`)
    expect(await outcomeOf(api, request)).toBe('alice')
    expect(api.recognize(request)?.user.id).toBe('alice')
  })

  it('is no bound one because a proof comes with it', async () => {
    const token = stage.issuer.tokenFor()
    expect(await verdictOf(stage.api(), proven(token))).toBe(
      'ERR_TOKEN_UNSUPPORTED: the token is bound to no key (cnf), so nothing proves whose it is',
    )
  })

  it('is refused where only bound ones are taken, also when it is known', async () => {
    const api = stage.api({ required: true })
    const token = stage.issuer.tokenFor()
    await api.authenticator.verify(token)
    expect(api.recognize(requestWith(`Bearer ${token}`))).toBeUndefined()
    expect(await verdictOf(api, requestWith(`Bearer ${token}`))).toBe(
      'ERR_TOKEN_UNSUPPORTED: the token came without a proof (option dpop.required)',
    )
    expect(await outcomeOf(api, proven(stage.token()))).toBe('alice')
  })

  it('is nobody that credentials are not asked of', async () => {
    const api = stage.api({}, { required: false })
    expect(await outcomeOf(api, requestWith(undefined))).toBe('nobody')
    expect(await outcomeOf(api, requestWith(`DPoP ${stage.token()}`))).toBe('ERR_DPOP_PROOF')
  })
})

describe('a revocation', () => {
  it.each<[string, (token: string) => object]>([
    ['the token itself', (token) => ({ token })],
    ['its user', () => ({ subject: 'alice', provider: 'oidc' })],
  ])('of %s ends a bound token that is known', async (_, what) => {
    const api = stage.api()
    const token = stage.token()
    expect(await outcomeOf(api, proven(token))).toBe('alice')
    await api.authenticator.revoke(what(token) as never)
    expect(await outcomeOf(api, proven(token))).toBe('ERR_TOKEN_REVOKED')
  })

  it('of a bound token holds where no proofs are checked, for those that share it', async () => {
    const auth = createAuthenticator({ providers: [providerOf(stage.issuer)], clock: stage.clock })
    const api = createRequestAuthenticator(auth, { dpop: { baseUrl: origin } })
    const tokens = [stage.token(), stage.issuer.opaqueTokenFor({ boundTo: stage.key })]
    for (const token of tokens) {
      await auth.revoke({ token })
      expect(await outcomeOf(api, proven(token))).toBe('ERR_TOKEN_REVOKED')
    }
    await auth.close()
  })

  it('of a bound token that is refused for its long life today holds when that has become short enough', async () => {
    const { issuer, audience } = stage.issuer
    const providers = [oidc({ issuer, audience, requiredClaims: ['sub'] })]
    const api = stage.api({}, {}, { providers, maxTokenLifetime: 3600 })
    const long = () => stage.token({ expiresIn: 3900, claims: { iat: undefined } })
    const [token, other] = [long(), long()]
    expect(await outcomeOf(api, proven(token))).toBe('ERR_TOKEN_CLAIMS')
    await api.authenticator.revoke({ token })
    await stage.clock.advance(301)
    expect(await outcomeOf(api, proven(other))).toBe('alice')
    expect(await outcomeOf(api, proven(token))).toBe('ERR_TOKEN_REVOKED')
  })
})

describe('a challenge', () => {
  const algs = 'algs="ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256"'
  const challenge = async (api: ReturnType<DpopStage['api']>, request: HttpRequest) =>
    (await refusalHeadersOf(api, request))?.['WWW-Authenticate']

  it('names both ways where both are taken, and blames the one that was tried', async () => {
    const api = stage.api({}, { resourceMetadata: `${origin}/metadata` })
    const common = `realm="api", resource_metadata="${origin}/metadata"`
    expect(await challenge(api, requestWith(undefined))).toBe(`Bearer ${common}, DPoP ${common}, ${algs}`)
    const blamed = (error: string) => `realm="api", error="${error}", resource_metadata="${origin}/metadata"`
    const bound = stage.token()
    expect(await challenge(api, requestWith(`Bearer ${bound}`))).toBe(
      `Bearer ${blamed('invalid_token')}, DPoP ${common}, ${algs}`,
    )
    expect(await challenge(api, requestWith(`DPoP ${bound}`))).toBe(
      `DPoP ${blamed('invalid_dpop_proof')}, ${algs}, Bearer ${common}`,
    )
    expect(await challenge(api, proven(stage.issuer.tokenFor()))).toBe(
      `DPoP ${blamed('invalid_token')}, ${algs}, Bearer ${common}`,
    )
  })

  it('names the one way where there is no other', async () => {
    const api = stage.api({ required: true })
    expect(await challenge(api, requestWith(undefined))).toBe(`DPoP realm="api", ${algs}`)
    expect(await challenge(api, requestWith('dpop a'))).toBe(`DPoP realm="api", error="invalid_token", ${algs}`)
  })

  it('is as ever without the option', async () => {
    const api = createRequestAuthenticator(stage.api().authenticator)
    expect(await challenge(api, requestWith(undefined))).toBe('Bearer realm="api"')
    expect(await challenge(api, proven(stage.token()))).toBe('Bearer realm="api"')
  })
})

describe('no token to call others with', () => {
  it('is one that only its client can send', async () => {
    const request = proven(stage.token())
    const api = stage.api()
    await api.receive(request)
    expect(api.accessTokenOf(request)).toBeUndefined()
  })

  it('is that, also where a cookie has it too', async () => {
    const token = stage.token()
    const { headers, ...request } = proven(token)
    const both = { ...request, headers: { ...headers, cookie: `token=${token}` } }
    const api = stage.api({}, { tokenFrom: ['header', { cookie: 'token' }] })
    await api.receive(both)
    expect(api.accessTokenOf(both)).toBeUndefined()
  })
})
