import { type AuthenticatorOptions, createRoleDirectory, type TokenSet, type WritableRoles } from '@claviger/core'
import { itsYouOnline } from '@claviger/core/itsyouonline'
import { justAuthenticateMe } from '@claviger/core/justauthenticateme'
import { logto } from '@claviger/core/logto'
import { oidc } from '@claviger/core/oidc'
import { openvCloud } from '@claviger/core/openvcloud'
import { createTrustAuthXClient, trustAuthX, trustAuthXRoles } from '@claviger/core/trustauthx'
import {
  createItsYouOnlineEmulator,
  createJustAuthenticateMeEmulator,
  createLogtoEmulator,
  createOpenvCloudEmulator,
  createTestIssuer,
  createTrustAuthXEmulator,
  type LogtoEmulator,
  type TestIssuer,
  type TrustAuthXEmulator,
} from '@claviger/testing'

/** A way to sign in at a provider, as the browser of a user would. */
export interface SignIn {
  readonly provider: string
  readonly signIn: () => TokenSet | Promise<TokenSet>
  /** Whether the provider has refresh tokens. */
  readonly refreshes: boolean
  /** How often the provider has been asked to refresh. */
  readonly refreshCalls: () => number
}

/** Every provider on loopback. */
export interface Providers {
  readonly issuer: TestIssuer
  readonly tenant: LogtoEmulator
  /** Where roles are kept, for the users of all providers. */
  readonly trust: TrustAuthXEmulator
  readonly api: string
  /** The user of TrustAuthX, and her organization's roles. */
  readonly member: { readonly uid: string; readonly roles: WritableRoles }
  readonly signIns: readonly SignIn[]
  /** What an API that trusts all of them is set up with. */
  readonly options: () => AuthenticatorOptions
  close(): Promise<void>
}

const api = 'https://orders.example.test/api'

/** Starts an OpenID Connect issuer and an emulator of each other provider. */
export async function startProviders(): Promise<Providers> {
  const issuer = await createTestIssuer({ algorithms: ['ES384'] })
  const tenant = await createLogtoEmulator({
    resources: [{ indicator: api, scopes: ['read:orders', 'write:orders'] }],
    roles: [
      { name: 'admin', scopes: { [api]: ['read:orders', 'write:orders'] } },
      { name: 'guest', scopes: {} },
    ],
    users: [
      { id: 'alice', username: 'alice', roles: ['admin'] },
      { id: 'bob', username: 'bob', roles: ['guest'] },
    ],
    customClaims: ({ context }) => ({ roles: context.user?.roles.map((role) => role.name) ?? [] }),
  })
  const web = tenant.addApp({ name: 'web', type: 'Traditional' })
  const trust = await createTrustAuthXEmulator({ roles: [{ name: 'admin', permissions: [{ machine: 'delete' }] }] })
  const uid = trust.addUser({ email: 'alice@example.test', roles: ['admin'] })
  const { apiKey, secretKey, orgId } = trust
  const roles = trustAuthXRoles(createTrustAuthXClient({ apiKey, secretKey, orgId, apiBaseUrl: trust.url }))
  const source: typeof roles = {
    ...roles,
    organizations: [undefined, orgId],
    listOf: () => orgId,
    load: async (_, options) => (await roles.load(orgId, options)).map(({ organization: _, ...role }) => role),
  }
  const online = await createItsYouOnlineEmulator()
  const me = await createJustAuthenticateMeEmulator()
  const cloud = await createOpenvCloudEmulator({ jwtKey: online.publicJwk })

  const signIns: SignIn[] = [
    {
      provider: 'Logto',
      refreshes: true,
      refreshCalls: () => tenant.requests('token'),
      async signIn() {
        const { refreshToken } = await tenant.signIn('alice')
        const accessToken = await tenant.tokenFor('alice', { resource: api })
        return { provider: tenant.issuer, accessToken, ...(refreshToken !== undefined && { refreshToken }) }
      },
    },
    {
      provider: 'TrustAuthX',
      refreshes: true,
      refreshCalls: () => trust.requests('refresh'),
      signIn: () => ({ provider: 'trustauthx', ...trust.signIn(uid) }),
    },
    {
      provider: 'ItsYou.online',
      refreshes: true,
      refreshCalls: () => online.requests(),
      // The refresh token is in the JWT.
      signIn: () => ({ provider: 'itsyouonline', accessToken: online.tokenFor('bob', { refreshable: true }) }),
    },
    {
      provider: 'JustAuthenticateMe',
      refreshes: true,
      refreshCalls: () => me.requests(),
      signIn() {
        const { idToken, refreshToken } = me.signIn('alice@example.test')
        return {
          provider: 'justauthenticateme',
          accessToken: idToken,
          ...(refreshToken !== undefined && { refreshToken }),
        }
      },
    },
    {
      provider: 'OpenvCloud',
      refreshes: false,
      refreshCalls: () => 0,
      signIn: () => ({ provider: 'openvcloud', accessToken: cloud.login('ann') }),
    },
  ]

  return {
    issuer,
    tenant,
    trust,
    api,
    member: { uid, roles },
    signIns,
    options: () => ({
      providers: [
        oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles' }),
        logto({ endpoint: tenant.endpoint, audience: api, client: { ...web, resource: api } }),
        itsYouOnline({ organization: null, keys: online.publicKey, baseUrl: online.url }),
        justAuthenticateMe({ appId: me.appId, baseUrl: me.baseUrl }),
        openvCloud({ baseUrl: cloud.url }),
        trustAuthX({ apiKey, secretKey, orgId, apiBaseUrl: trust.url }),
      ],
      roles: createRoleDirectory({ source, maxAge: 1 }),
      keys: { cooldown: 1, retry: 0.1, maxRetry: 1 }, // the story should not wait
    }),
    async close() {
      await Promise.all([issuer, tenant, trust, online, me, cloud].map((each) => each.close()))
    },
  }
}
