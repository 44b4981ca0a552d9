import { afterEach, describe, expect, it } from '@jest/globals'
import { allOf, assertAllowed, organization, type Predicate, role, scope } from '../src/guards/index.ts'
import type { VerifiedToken } from '../src/index.ts'
import type { LogtoOptions } from '../src/providers/logto/index.ts'
import { type Answer, accessToken, acme, createLogtoApis, orders, recorded } from './support/logto-capture.ts'

const apis = createLogtoApis()
afterEach(apis.close)

const ofOrganization = ['user-refresh-organization-token', 'm2m-organization-token']
const ofApiInOrganization = ['user-refresh-organization-api-resource-token', 'm2m-organization-api-resource-token']

async function verify(name: string, options: Partial<LogtoOptions> = {}): Promise<VerifiedToken> {
  const { auth } = await apis.open(options)
  return auth.verify(accessToken('1.42', name))
}

/** The code of the refusal by the guards of a route, asked one after another. */
function refusal(auth: VerifiedToken, ...guards: Predicate<Request>[]): string | undefined {
  const request: Request = { params: { organization: acme } }
  try {
    for (const guard of guards) assertAllowed(guard, { user: auth.user, auth, request })
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

interface Request {
  readonly params: { readonly organization: string }
}

const named = organization((request: Request) => request.params.organization)

describe('the tokens of an organization', () => {
  it.each(ofOrganization)('are refused unless organizations says otherwise (%s)', async (name) => {
    await expect(verify(name)).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE', status: 401 })
    await expect(verify(name, { organizations: ['another'] })).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    await expect(
      verify(name, { organizations: [acme.slice(0, -1), `${acme}x`, ''.padEnd(12, '*')] }),
    ).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    await expect(verify(name, { organizations: true })).resolves.toMatchObject({ boundTo: acme })
    await expect(verify(name, { organizations: ['another', acme] })).resolves.toMatchObject({ boundTo: acme })
  })

  it.each(ofOrganization)('are bound to it (%s)', async (name) => {
    const { user, boundTo, claims } = await verify(name, { organizations: true })
    expect(user.organization).toBe(acme)
    expect(boundTo).toBe(acme)
    expect(claims.organization_id).toBeUndefined()
  })

  it.each(ofApiInOrganization)('for an API are for the API, and bound to the organization (%s)', async (name) => {
    const { user, boundTo, claims } = await verify(name)
    expect(claims.aud).toBe(orders)
    expect(user.organization).toBe(acme)
    expect(boundTo).toBe(acme)
  })
})

describe('a route', () => {
  const billing = scope('read:billing')
  const reading = scope('read:orders')

  it.each([
    ...ofOrganization.map((name) => [name, billing] as const),
    ...ofApiInOrganization.map((name) => [name, reading] as const),
  ])('that names the organization takes the scopes of %s', async (name, wanted) => {
    const auth = await verify(name, { organizations: true })
    expect(refusal(auth, named, wanted)).toBeUndefined()
    expect(refusal(auth, allOf(named, wanted))).toBeUndefined()
    expect(refusal(auth, allOf(wanted, organization(acme)))).toBeUndefined()
    expect(refusal(auth, named, scope('delete:orders'))).toBe('ERR_SCOPE_REQUIRED')
  })

  it.each([
    ...ofOrganization.map((name) => [name, billing] as const),
    ...ofApiInOrganization.map((name) => [name, reading] as const),
  ])('that names no organization, or another, does not take them (%s)', async (name, wanted) => {
    const auth = await verify(name, { organizations: true })
    for (const guards of [[wanted], [organization('another'), wanted], [allOf(organization('another'), wanted)]]) {
      expect(refusal(auth, ...guards)).toBe('ERR_ORGANIZATION_REQUIRED')
    }
  })

  it('that names an organization does not take a token that acts in none', async () => {
    const auth = await verify('user-refresh-api-resource-token')
    expect(refusal(auth, reading)).toBeUndefined()
    expect(refusal(auth, named, reading)).toBe('ERR_ORGANIZATION_REQUIRED')
  })

  it('does not take a role in one organization for a role of the tenant', async () => {
    const { auth, stub } = await apis.open({ opaque: { userinfo: true } })
    stub.answers.set('/oidc/me', recorded<Answer>('1.42', 'userinfo'))
    const verified = await auth.verify(accessToken('1.42', 'user-authorization-code-token'))
    expect(verified.claims.organization_roles).toEqual([`${acme}:org-admin`])
    expect(refusal(verified, role('order-viewer'))).toBeUndefined()
    expect(refusal(verified, role('org-admin'))).toBe('ERR_ROLE_REQUIRED')
    expect(refusal(verified, role(`${acme}:org-admin`))).toBe('ERR_ROLE_REQUIRED')
  })
})
