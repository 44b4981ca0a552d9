import { afterEach, describe, expect, it } from '@jest/globals'
import {
  type Answer,
  accessToken,
  createLogtoApis,
  isJwt,
  orders,
  recorded,
  recordedAt,
  tokenNames,
  tokensOf,
} from './support/logto-capture.ts'

const apis = createLogtoApis()
afterEach(apis.close)

const client = { clientId: 'an-api', clientSecret: 'its-secret' }
const introspection = '/oidc/token/introspection'
const userinfo = '/oidc/me'

describe.each(['1.42', '1.41'] as const)('opaque tokens of Logto %s, by introspection', (version) => {
  const answers = recorded<Record<string, Answer>>(version, 'introspection')
  const name = 'user-authorization-code-token'
  const token = accessToken(version, name)

  /** An API whose Logto answers as it did. */
  async function open(answered: string, options = {}) {
    const api = await apis.open({ opaque: { ...client, ...options } }, version)
    const answer = answers[answered]
    if (answer === undefined) throw new Error(`${answered} was not recorded`)
    api.stub.answers.set(introspection, answer)
    return api
  }

  it.each(['opaque_access_token', 'opaque_access_token_other_client'])(
    'stand for their user (%s)',
    async (answered) => {
      const { auth } = await open(answered)
      const { user, boundTo, session, issuedAt, expiresAt } = await auth.verify(token)
      expect(user).toMatchObject({
        id: answers.opaque_access_token && (answers.opaque_access_token.body as { sub: string }).sub,
        provider: 'logto',
        roles: [],
        permissions: [],
      })
      expect(user.scopes).toEqual(expect.arrayContaining(['openid', 'roles', 'urn:logto:scope:organizations']))
      // They are bound to no API, and so say nothing about the permissions at this one.
      expect(user.scopes).not.toContain('read:orders')
      expect(boundTo).toBeUndefined()
      expect(user.organization).toBeUndefined()
      expect(session).toEqual(expect.any(String))
      expect(expiresAt).toBe(Number(issuedAt) + 3600)
    },
  )

  it.each([
    ['is not active', 'garbage', 'ERR_TOKEN_INACTIVE', 401],
    ['is asked about by a public client', 'spa_public_client', 'ERR_TOKEN_INACTIVE', 401],
    ['is a refresh token', 'refresh_token', 'ERR_TOKEN_INACTIVE', 401],
    ['is asked about with a wrong secret', 'bad_client', 'ERR_PROVIDER_UNAVAILABLE', 503],
    ['is asked about without a client', 'no_client', 'ERR_PROVIDER_UNAVAILABLE', 503],
  ])('are refused when the token %s', async (_, answered, code, status) => {
    const { auth } = await open(answered)
    await expect(auth.verify(token)).rejects.toMatchObject({ code, status })
  })

  it('are asked about with our client and nothing else', async () => {
    const { auth, stub } = await open('opaque_access_token')
    let asked = ''
    stub.answers.set(introspection, (about) => {
      asked = about
      return answers.opaque_access_token as Answer
    })
    await auth.verify(token)
    expect(asked).toBe(token)
    expect(stub.asked).toEqual([introspection])
  })

  it('are asked about again after 30 seconds, and then an end is seen', async () => {
    const { auth, stub, clock } = await open('opaque_access_token')
    await auth.verify(token)
    stub.answers.set(introspection, answers.garbage as Answer)
    await clock.advance(29)
    await expect(auth.verify(token)).resolves.toMatchObject({ provider: 'logto' })
    await clock.advance(1)
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it('end at their time, whatever is remembered', async () => {
    const { auth, stub, clock } = await open('opaque_access_token', { cacheFor: 300 })
    const { expiresAt } = await auth.verify(token)
    await clock.advance(expiresAt - recordedAt + 6)
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(stub.asked).toEqual([introspection, introspection])
  })

  // 1.42 answers 400 `unsupported_token_type` about them, 1.41 `active: false`: a verdict on neither.
  it('are another matter than signed ones, which are never asked about', async () => {
    const { auth, stub } = await open('jwt_access_token_own')
    const signed = accessToken(version, 'user-refresh-api-resource-token')
    await expect(auth.verify(signed)).resolves.toMatchObject({ user: { scopes: ['read:orders', 'write:orders'] } })
    const { id_token } = tokensOf(version, name)
    await expect(auth.verify(String(id_token))).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' })
    expect(stub.asked).toEqual(['/oidc/jwks'])
  })

  it('cannot be known when Logto answers something else', async () => {
    const { auth, stub } = await open('opaque_access_token')
    for (const answer of [
      { status: 200, body: {} },
      { status: 200, body: { active: 'true' } },
      { status: 200, body: 'true' },
      { status: 302, body: {}, headers: { location: '/elsewhere' } },
      { status: 400, body: { error: 'unsupported_token_type' } },
      { status: 500, body: { active: true } },
    ]) {
      stub.answers.set(introspection, answer)
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
    }
  })
})

describe('opaque tokens of Logto, at the userinfo endpoint', () => {
  const good = recorded<Answer>('1.42', 'userinfo')
  const bad = recorded<Record<string, Answer>>('1.42', 'userinfo-errors')
  const token = accessToken('1.42', 'user-authorization-code-token')
  const opaque = { userinfo: true } as const

  it('stand for their user, with name, address and roles', async () => {
    const { auth, stub } = await apis.open({ opaque })
    stub.answers.set(userinfo, (about) => (about === token ? good : (bad.garbage as Answer)))
    const { user, claims, boundTo } = await auth.verify(token)
    expect(user).toEqual({
      id: '5h57wrlft49y',
      provider: 'logto',
      issuer: 'http://localhost:3311/oidc',
      name: 'Alice Example',
      email: 'alice@example.test',
      roles: [{ id: 'order-viewer', name: 'order-viewer', permissions: [] }],
      permissions: [],
      scopes: [],
    })
    expect(boundTo).toBeUndefined()
    expect(claims).toMatchObject({ organizations: ['6ubjmkv8wu4c'], organization_roles: ['6ubjmkv8wu4c:org-admin'] })
    expect(stub.asked).toEqual([userinfo])
    await expect(auth.verify(accessToken('1.42', 'user-refresh-opaque'))).rejects.toMatchObject({
      code: 'ERR_TOKEN_INACTIVE',
    })
  })

  it.each(Object.keys(bad))('are refused when Logto answers as it did to %s', async (answered) => {
    const { auth, stub } = await apis.open({ opaque })
    stub.answers.set(userinfo, bad[answered] as Answer)
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE', status: 401 })
  })

  it('are another matter than signed ones, which are never sent there', async () => {
    const { auth, stub } = await apis.open({ opaque, organizations: true })
    stub.answers.set(userinfo, bad.jwt_access_token as Answer)
    for (const name of ['user-refresh-api-resource-token', 'user-refresh-organization-token']) {
      await expect(auth.verify(accessToken('1.42', name))).resolves.toMatchObject({ user: { id: '5h57wrlft49y' } })
    }
    expect(stub.asked).toEqual(['/oidc/jwks'])
  })

  it('are not known at once when they have ended, as nobody tells when that will be', async () => {
    const { auth, stub, clock } = await apis.open({ opaque: { userinfo: true, cacheFor: 10 } })
    stub.answers.set(userinfo, good)
    await auth.verify(token)
    stub.answers.set(userinfo, bad.garbage as Answer)
    await clock.advance(9)
    await expect(auth.verify(token)).resolves.toMatchObject({ user: { id: '5h57wrlft49y' } })
    await clock.advance(1)
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_INACTIVE' })
  })

  it.each([
    [{ status: 200, body: { name: 'nobody' } }],
    [{ status: 200, body: 'a page' }],
    [{ status: 500, body: {} }],
    [{ status: 404, body: {} }],
  ])('cannot be known when Logto answers %j', async (answer) => {
    const { auth, stub } = await apis.open({ opaque })
    stub.answers.set(userinfo, answer)
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
  })
})

describe('validate', () => {
  it.each([
    [client, introspection, recorded<Record<string, Answer>>('1.42', 'introspection').opaque_access_token],
    [{ userinfo: true } as const, userinfo, recorded<Answer>('1.42', 'userinfo')],
  ])('looks at opaque tokens too (%j)', async (opaque, path, answer) => {
    for (const refused of ['5h57wrlft49y', 'somebody else']) {
      const validate = ({ sub }: { readonly sub?: unknown }) => (sub === refused ? 'not this one' : undefined)
      const { auth, stub } = await apis.open({ opaque, validate })
      stub.answers.set(path, answer as Answer)
      const verifying = auth.verify(accessToken('1.42', 'user-authorization-code-token'))
      if (refused === 'somebody else') await expect(verifying).resolves.toMatchObject({ user: { id: '5h57wrlft49y' } })
      else await expect(verifying).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED', status: 401 })
    }
  })
})

describe('what cannot be a token of Logto', () => {
  it.each(['a.b', 'a.b.c', `${accessToken('1.42', 'user-refresh-opaque')}.`, 'not.a.token.at.all'])(
    'is not sent there (%s)',
    async (token) => {
      for (const opaque of [client, { userinfo: true } as const]) {
        const { auth, stub } = await apis.open({ opaque })
        await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_MALFORMED', status: 401 })
        expect(stub.asked).toEqual([])
      }
    },
  )

  it('is no opaque token of the recording', () => {
    const opaque = tokenNames('1.42')
      .map((name) => accessToken('1.42', name))
      .filter((token) => !isJwt(token))
    expect(opaque.length).toBeGreaterThan(2)
    for (const token of opaque) expect(token).toMatch(/^[\w-]{43}$/)
    expect(orders).toContain('.')
  })
})
