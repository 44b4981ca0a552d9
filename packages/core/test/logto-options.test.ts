import { createTestIssuer, type TestIssuer, type TokenOptions } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../src/index.ts'
import { type LogtoOptions, logto } from '../src/providers/logto/index.ts'

const orders = 'https://orders.example.test/api'
const urn = (organization: string) => `urn:logto:organization:${organization}`

let issuer: TestIssuer
const made: Authenticator[] = []

beforeAll(async () => {
  issuer = await createTestIssuer({ path: '/oidc', audience: orders, algorithms: ['ES384', 'RS256', 'ES256', 'EdDSA'] })
})
afterEach(async () => {
  issuer.resetCounts()
  await Promise.all(made.splice(0).map((auth) => auth.close()))
})
afterAll(() => issuer.close())

function authenticator(options: Partial<LogtoOptions> = {}): Authenticator {
  const provider = logto({ endpoint: new URL(issuer.issuer).origin, audience: orders, ...options })
  const auth = createAuthenticator({ providers: [provider] })
  made.push(auth)
  return auth
}

const verify = (options: Partial<LogtoOptions>, token: TokenOptions) =>
  authenticator(options).verify(issuer.tokenFor(token))

describe('endpoint and otherEndpoints', () => {
  it.each(['', '/', '//', '/oidc', '/oidc/'])(
    'find the issuer and its keys whatever is at the end (%j)',
    async (end) => {
      const endpoint = new URL(issuer.issuer).origin + end
      await expect(verify({ endpoint }, {})).resolves.toMatchObject({ user: { issuer: issuer.issuer } })
      expect(issuer.requests('jwks')).toBe(1)
      expect(issuer.requests('discovery')).toBe(0)
    },
  )

  it('take tokens that were fetched through another name', async () => {
    const auth = authenticator({ otherEndpoints: ['https://login.example.test/', 'https://id.example.test'] })
    for (const iss of [issuer.issuer, 'https://login.example.test/oidc', 'https://id.example.test/oidc']) {
      const { user, claims } = await auth.verify(issuer.tokenFor({ claims: { iss } }))
      expect(user).toMatchObject({ id: 'alice', issuer: issuer.issuer })
      expect(claims.iss).toBe(iss)
    }
    await expect(auth.verify(issuer.tokenFor({ claims: { iss: 'https://login.example.test' } }))).rejects.toMatchObject(
      {
        code: 'ERR_TOKEN_ISSUER',
      },
    )
  })
})

describe('name', () => {
  it.each([
    [{}, 'logto'],
    [{ name: 'staff' }, 'staff'],
  ])('of %j is %s', async (options, provider) => {
    await expect(verify(options, {})).resolves.toMatchObject({ provider, user: { provider } })
  })
})

describe('audience', () => {
  it('is one of several resources', async () => {
    const audience = ['https://a.example.test', 'https://b.example.test']
    await expect(verify({ audience }, { audience: 'https://b.example.test' })).resolves.toBeDefined()
    await expect(verify({ audience }, { audience: orders })).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
  })

  it.each([
    ['a list, even of one', [orders]],
    ['an API and an organization', [orders, urn('acme')]],
    ['an organization and an API', [urn('acme'), orders]],
  ])('is not %s: which rights are meant would not be clear', async (_, audience) => {
    await expect(verify({ organizations: true }, { audience })).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
  })
})

describe('organizations', () => {
  it.each([
    [true, 'acme'],
    [['acme', 'other'], 'other'],
  ] as const)('of %j takes a token for %s, bound to it', async (organizations, id) => {
    await expect(verify({ organizations }, { audience: urn(id) })).resolves.toMatchObject({
      boundTo: id,
      user: { organization: id },
    })
  })

  it.each([
    ['no organization', true, ''],
    ['another', ['acme'], 'acm'],
    ['a longer one', ['acme'], 'acme:x'],
  ] as const)('refuses a token for %s', async (_, organizations, id) => {
    await expect(verify({ organizations }, { audience: urn(id) })).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
  })

  it.each(['URN:logto:organization:acme', 'urn:logto:organizations:acme', 'x urn:logto:organization:acme'])(
    'does not take %s for an organization',
    async (audience) => {
      await expect(verify({ organizations: true }, { audience })).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    },
  )

  it('bind a token to organization_id too, however they are set', async () => {
    for (const options of [{}, { organizations: true }, { organizations: ['another'] }] as const) {
      await expect(verify(options, { organization: 'acme' })).resolves.toMatchObject({
        boundTo: 'acme',
        user: { organization: 'acme' },
      })
    }
  })

  it('believe aud, which no script can write over, before organization_id', async () => {
    const token = { audience: urn('acme'), organization: 'evil' }
    await expect(verify({ organizations: true }, token)).resolves.toMatchObject({
      boundTo: 'acme',
      user: { organization: 'acme' },
    })
  })

  it.each([null, '', 0, false, ['acme'], { id: 'acme' }])(
    'leave no token unbound whose organization_id a script made %j',
    async (organization_id) => {
      await expect(verify({}, { claims: { organization_id } })).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
    },
  )
})

describe('algorithms', () => {
  it.each(['ES384', 'RS256'] as const)('are what Logto signs with, such as %s', async (alg) => {
    await expect(verify({}, { alg })).resolves.toMatchObject({ user: { id: 'alice' } })
  })

  it.each(['ES256', 'EdDSA', 'HS256'] as const)('are not %s', async (alg) => {
    await expect(verify({}, { alg })).rejects.toMatchObject({ code: 'ERR_TOKEN_ALGORITHM' })
  })

  it('may be others for a key of your own', async () => {
    await expect(verify({ algorithms: ['ES256'] }, { alg: 'ES256' })).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(verify({ algorithms: ['ES256'] }, { alg: 'ES384' })).rejects.toMatchObject({
      code: 'ERR_TOKEN_ALGORITHM',
    })
  })

  it('go with an RSA key that does not say its algorithm', async () => {
    const other = await createTestIssuer({ path: '/oidc', audience: orders, algorithms: ['RS256'] })
    const { alg: _, ...published } = other.current.publicJwk
    other.jwksText = JSON.stringify({ keys: [published] })
    const auth = authenticator({ endpoint: new URL(other.issuer).origin })
    await expect(auth.verify(other.tokenFor())).resolves.toMatchObject({ user: { id: 'alice' } })
    await auth.close()
    await other.close()
  })
})

describe('what Logto always writes', () => {
  it.each(['sub', 'aud', 'client_id', 'iat', 'jti', 'exp'])('has to be there: %s', async (name) => {
    await expect(verify({}, { claims: { [name]: undefined } })).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIMS' })
  })

  it.each(['JWT', undefined, 'logout+jwt'])('is typ at+jwt, not %s', async (typ) => {
    await expect(verify({}, { header: { typ } })).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' })
  })

  it.each([undefined, '', ' '])('may be no scope, or an empty one (%j)', async (scope) => {
    const { user } = await verify({}, { claims: { scope } })
    expect(user.scopes).toEqual([])
  })
})

describe('rolesFrom', () => {
  it.each([
    ['roles, by default', {}, { roles: ['admin', 'order viewer'] }, ['admin', 'order viewer']],
    ['a claim', { rolesFrom: 'https://example.test/roles' }, { 'https://example.test/roles': ['admin'] }, ['admin']],
    ['a path', { rolesFrom: ['user', 'roles'] }, { user: { roles: ['admin'] } }, ['admin']],
    ['nothing else then', { rolesFrom: 'groups' }, { roles: ['admin'] }, []],
    ['nothing odd', {}, { roles: 'admin' }, []],
    ['nothing of objects', {}, { roles: [{ name: 'admin' }] }, []],
  ])('reads %s', async (_, options, claims, names) => {
    const { user } = await verify(options, { claims })
    expect(user.roles.map(({ name }) => name)).toEqual(names)
  })
})

describe('organizationRolesFrom', () => {
  const rolesIn = async (organization: string | undefined, names: unknown, options: Partial<LogtoOptions> = {}) => {
    const claim = options.organizationRolesFrom === undefined ? 'organization_roles' : 'org_roles'
    const token = { claims: { [claim]: names }, ...(organization !== undefined && { organization }) }
    return (await verify(options, token)).user.roles
  }

  it('reads the roles in the organization of the token', async () => {
    const names = ['acme:admin', 'acme:order viewer', 'other:owner', 'acme:a:b', 'acmes:x', ':admin', 'acme:', 'admin']
    const role = (name: string) => ({ id: name, name, organization: 'acme', permissions: [] })
    expect(await rolesIn('acme', names)).toEqual([role('admin'), role('order viewer'), role('a:b')])
  })

  it('reads none where the token acts in no organization', async () => {
    expect(await rolesIn(undefined, ['acme:admin', ':admin', 'undefined:admin'])).toEqual([])
  })

  it.each([
    ['a list of texts', ['acme:admin'], 1],
    ['an object', { acme: ['admin'] }, 0],
    ['a list of objects', [{ organizationId: 'acme', roleName: 'admin' }], 0],
    ['a list that is not of texts alone', ['acme:admin', 1], 0],
    ['a text', 'acme:admin', 0],
    ['null', null, 0],
  ])('reads %s for what it is, in the claim that is named', async (_, names, expected) => {
    expect(await rolesIn('acme', names)).toHaveLength(expected)
    expect(await rolesIn('acme', names, { organizationRolesFrom: 'org_roles' })).toHaveLength(expected)
  })
})

describe('validate', () => {
  it('may refuse', async () => {
    const validate: LogtoOptions['validate'] = ({ sub, client_id }) => (sub === client_id ? 'no machines' : undefined)
    await expect(verify({ validate }, { subject: 'alice' })).resolves.toMatchObject({ user: { id: 'alice' } })
    await expect(verify({ validate }, { subject: issuer.clientId })).rejects.toMatchObject({
      code: 'ERR_TOKEN_REFUSED',
      explanation: 'logto: no machines',
    })
  })

  it('cannot accept', async () => {
    const validate = () => undefined
    for (const token of [{ audience: [orders] }, { claims: { organization_id: null } }, { expiresIn: -60 }]) {
      await expect(verify({ validate }, token)).rejects.toMatchObject({ status: 401 })
    }
  })

  it('fails as itself', async () => {
    const validate = async () => {
      throw new RangeError('the list is away')
    }
    await expect(verify({ validate }, {})).rejects.toThrow(new RangeError('the list is away'))
  })
})

describe('logto', () => {
  const good = { endpoint: 'https://tenant.logto.app', audience: orders }
  const client = { clientId: 'an-app', clientSecret: 'its-secret' }

  it.each([
    ['no endpoint', { audience: orders }, 'option endpoint: is missing'],
    ['an endpoint that is no URL', { ...good, endpoint: 'tenant.logto.app' }, 'http(s) URL'],
    ['plain http to another machine', { ...good, endpoint: 'http://logto:3001' }, 'option dangerouslyAllowHttp'],
    ['what only begins like loopback', { ...good, endpoint: 'http://127.0.0.1.example.test' }, 'https URL'],
    ['an endpoint from an example', { ...good, endpoint: '<your endpoint>' }, 'placeholder'],
    ['another endpoint that is no URL', { ...good, otherEndpoints: ['login'] }, 'otherEndpoints.0'],
    ['no audience', { endpoint: good.endpoint }, 'option audience: is missing'],
    ['any audience', { ...good, audience: null }, 'option audience'],
    ['an empty list of audiences', { ...good, audience: [] }, 'must name at least one'],
    ['no organization', { ...good, organizations: [] }, 'option organizations'],
    ['organizations switched off by false', { ...good, organizations: false }, 'option organizations'],
    ['an algorithm with a secret', { ...good, algorithms: ['HS256'] }, 'option algorithms'],
    ['an algorithm that is none', { ...good, algorithms: ['none'] }, 'option algorithms'],
    ['opaque tokens without a way', { ...good, opaque: {} }, 'option opaque'],
    ['opaque tokens with two ways', { ...good, opaque: { ...client, userinfo: true } }, 'opaque.userinfo'],
    ['opaque tokens without a secret', { ...good, opaque: { clientId: 'an-app' } }, 'opaque.clientSecret'],
    ['a cacheFor that is too long', { ...good, opaque: { ...client, cacheFor: 301 } }, 'at most 300 s'],
    ['the same at userinfo', { ...good, opaque: { userinfo: true, cacheFor: 301 } }, 'at most 300 s'],
    ['an unknown option', { ...good, otherEndpoint: [] }, 'did you mean otherEndpoints?'],
    ['an option of oidc()', { ...good, issuer: 'https://tenant.logto.app/oidc' }, 'unknown option issuer'],
  ])('is not made of %s', (_, options, text) => {
    expect(() => logto(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', message: expect.stringContaining(text) }),
    )
  })

  it.each([
    { endpoint: 'http://localhost:3001' },
    { endpoint: 'http://[::1]:3001' },
    { endpoint: 'http://logto:3001', dangerouslyAllowHttp: true },
    // Never called: it is a name in tokens.
    { endpoint: 'https://logto.example.test', otherEndpoints: ['http://logto:3001'] },
  ])('is made of %j', (options) => {
    expect(logto({ ...good, ...options }).issuer).toBe(`${options.endpoint}/oidc`)
  })
})
