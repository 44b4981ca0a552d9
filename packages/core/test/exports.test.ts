import { describe, expect, it } from '@jest/globals'
import type { Permission, Role, Seconds, User, VerifiedToken } from '../src/index.ts'

// Names are API: whoever takes one away, or adds one, does so here too.
describe('what can be imported', () => {
  it.each([
    [
      'index',
      `AuthError addHeaders allOf anyOf assertAllowed assertMaker authenticated check checkRoles createAuthenticator
      createBackchannelLogout createGuard createProtectedResource createReplayStore createRequestAuthenticator
      createRevocationList createRoleAdministration createRoleDirectory createTokenManager explain isAuthError mapUser not
      organization own permission problemOf readBearer readCredentials role roleMatrix rolesByScope scope userOf`,
    ],
    ['providers/oidc', 'oidc'],
    ['providers/logto/index', 'createLogtoClient createLogtoWebhook logto logtoRoles'],
    ['providers/trustauthx/index', 'createTrustAuthXClient readUserEnvelope trustAuthX trustAuthXRoles'],
    ['providers/itsyouonline/index', 'createItsYouOnlineClient itsYouOnline'],
    ['providers/justauthenticateme/index', 'createJustAuthenticateMeClient justAuthenticateMe'],
    [
      'providers/openvcloud/index',
      `createOpenvCloudAccess createOpenvCloudClient openvCloud openvCloudAccess openvCloudNeeds openvCloudRights
      readOpenvCloudAccess`,
    ],
    ['redis/index', 'createRedisRefreshes createRedisReplayStore createRedisRevocationList createRedisSessionStore'],
  ])('from %s is this, and nothing else', async (file, names) => {
    const module: object = await import(`../src/${file}.ts`)
    expect(Object.keys(module).sort()).toEqual(names.split(/\s+/))
  })

  it('says who calls in these members', () => {
    const permission: Required<Permission> = { resource: 'machine', action: 'delete' }
    const role: Required<Role> = { id: 'rol_1', name: 'admin', organization: 'petshop', permissions: [permission] }
    const user: Required<User> = {
      id: 'alice',
      provider: 'oidc',
      issuer: 'https://id.example.com',
      email: 'alice@example.com',
      name: 'Alice',
      organization: 'petshop',
      roles: [role],
      permissions: ['machine:delete'],
      scopes: ['read'],
    }
    const times: { issuedAt: Seconds; expiresAt: Seconds } = { issuedAt: 1_795_303_000, expiresAt: 1_795_306_600 }
    const { provider, issuer } = user
    const ids = { tokenId: 'jti', session: 'sid', boundTo: 'petshop' }
    const auth: Required<VerifiedToken> = { user, claims: { sub: 'alice' }, provider, issuer, ...ids, ...times }
    expect(Object.keys(auth)).toHaveLength(9)
    // @ts-expect-error What it holds is frozen, and not to be written.
    const write = () => user.roles.push(role)
    expect(write).toBeInstanceOf(Function)
  })
})
