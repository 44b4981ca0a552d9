import { type AuthenticatorOptions, createRoleDirectory, mapUser, type Provider, type RoleSource } from '@claviger/core'
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
} from '@claviger/testing'

/** A provider on this machine, and what can be done to it. */
export interface Emulated {
  readonly provider: Provider
  readonly label: string
  /** What it is, in a few words. */
  readonly note: string
  /** Where mails are read that it sends. */
  readonly mailbox?: string
  /** Absent where its tokens are not signed, or its keys never change. */
  rotate?(): Promise<unknown>
  stop(): Promise<void>
  start(): Promise<void>
  /** How often it has been called. */
  requests(): number
}

/** Tokens that somebody may try the APIs with, beside the session of a browser. */
export type Bearer = 'forged' | 'expired' | 'id-token' | 'openvcloud' | 'newcomer'

/** Every provider on this machine, and the roles that hold for the users of all of them. */
export interface World {
  readonly emulated: readonly Emulated[]
  readonly options: AuthenticatorOptions
  /** Where roles are defined, and written. */
  readonly roles: ReturnType<typeof trustAuthXRoles>
  tokenOf(bearer: Bearer): string | Promise<string>
  close(): Promise<void>
}

type RoleLike = Awaited<ReturnType<RoleSource['load']>>[number]

const api = 'https://machines.example.test'
const minutes = 60

// The same two people everywhere. Not every provider has roles, so who has which is said here for those that have none.
const rolesOf: Readonly<Record<string, string>> = { alice: 'admin', ann: 'admin' }

function withRoles(provider: Provider): Provider {
  return mapUser(provider, (user) => {
    const name = rolesOf[user.id.split('@')[0] ?? ''] ?? 'guest'
    const { organization: _, ...others } = user
    return { ...others, roles: [{ id: name, name, permissions: [] }] }
  })
}

/** Starts an emulator of every provider. @param callback Where they send browsers back to; the name of the provider is put behind it. */
export async function startWorld(callback: string): Promise<World> {
  const issuer = await createTestIssuer({
    users: [
      { subject: 'alice', name: 'Alice', email: 'alice@example.test', roles: ['admin'], expiresIn: 2 * minutes },
      { subject: 'bob', name: 'Bob', email: 'bob@example.test', roles: ['guest'], expiresIn: 2 * minutes },
    ],
    redirectUris: [`${callback}/oidc`],
  })
  const tenant = await createLogtoEmulator({
    resources: [{ indicator: api, scopes: ['read:machines'], accessTokenTtl: 2 * minutes }],
    roles: [
      { name: 'admin', scopes: { [api]: ['read:machines'] } },
      { name: 'guest', scopes: {} },
    ],
    users: [
      { id: 'alice', name: 'Alice', email: 'alice@example.test', roles: ['admin'] },
      { id: 'bob', name: 'Bob', email: 'bob@example.test', roles: ['guest'] },
    ],
    customClaims: ({ context }) => ({ roles: context.user?.roles.map(({ name }) => name) ?? [] }),
  })
  const web = tenant.addApp({ name: 'console', type: 'Traditional' })
  const trust = await createTrustAuthXEmulator({
    accessTokenLifetime: 2 * minutes,
    redirectUrl: `${callback}/trustauthx`,
    profilePage: true,
    roles: [
      { name: 'admin', permissions: [{ machine: 'read' }, { machine: 'delete' }, { report: 'read' }] },
      { name: 'operator', permissions: [{ machine: 'read' }] },
      { name: 'guest', permissions: [] },
    ],
    users: [
      { uid: 'alice', name: 'Alice', email: 'alice@example.test', roles: ['admin'] },
      { uid: 'bob', name: 'Bob', email: 'bob@example.test', roles: ['guest'] },
    ],
  })
  const online = await createItsYouOnlineEmulator({
    users: [{ username: 'alice', firstname: 'Alice', lastname: 'Example', emails: ['alice@example.test'] }],
    organizations: [{ globalid: 'petshop.admin', members: ['alice'] }],
  })
  online.addMember('petshop', 'alice')
  const petshop = online.addOrganizationKey('petshop', { callbackURL: `${callback}/` })
  const me = await createJustAuthenticateMeEmulator({
    apps: [{ name: 'Console', redirectUrl: `${callback}/justauthenticateme` }],
  })
  const cloud = await createOpenvCloudEmulator({ jwtKey: online.publicJwk })
  const servers = [issuer, tenant, trust, online, me, cloud]

  const { apiKey, secretKey, orgId } = trust
  const roles = trustAuthXRoles(createTrustAuthXClient({ apiKey, secretKey, orgId, apiBaseUrl: trust.url }))

  const emulated: Emulated[] = [
    {
      provider: logto({ endpoint: tenant.endpoint, audience: api, client: { ...web, resource: api } }),
      label: 'Logto',
      note: 'OpenID Connect',
      rotate: () => tenant.rotate(),
      ...controls(tenant),
    },
    {
      provider: trustAuthX({
        apiKey,
        secretKey,
        orgId,
        apiBaseUrl: trust.url,
        login: { url: trust.loginUrl },
        // OpenvCloud has opaque tokens too.
        accepts: (token) => !/^[0-9a-f]{32}$/.test(token),
      }),
      label: 'TrustAuthX',
      note: 'Hosted login, opaque tokens',
      ...controls(trust),
    },
    {
      provider: withRoles(
        itsYouOnline({
          organization: 'petshop',
          keys: online.publicKey,
          baseUrl: online.url,
          client: { ...petshop, scopes: ['user:name', 'user:memberof:petshop'] },
        }),
      ),
      label: 'ItsYou.online',
      note: 'OAuth 2, one pinned key',
      ...controls(online),
    },
    {
      provider: withRoles(justAuthenticateMe({ appId: me.appId, baseUrl: me.baseUrl, login: {} })),
      label: 'Just Authenticate Me',
      mailbox: me.mailboxOf(),
      note: 'A link by mail, no password',
      rotate: () => me.rotate(),
      ...controls(me),
    },
    {
      provider: withRoles(openvCloud({ baseUrl: cloud.url })),
      label: 'OpenvCloud',
      note: 'Sessions of a cloud portal',
      ...controls(cloud),
    },
    {
      provider: oidc({
        issuer: issuer.issuer,
        audience: issuer.audience,
        rolesFrom: 'roles',
        client: { clientId: issuer.clientId, clientSecret: issuer.clientSecret },
      }),
      label: 'Any OpenID server',
      note: 'Keycloak, Auth0, Entra …',
      rotate: () => issuer.rotate(),
      ...controls(issuer),
    },
  ]

  // Signed with a key that nobody has seen yet: whoever wants to know has to ask. Calls at once are of the same token.
  let arriving: { readonly at: number; readonly token: Promise<string> } | undefined
  function newcomer(): Promise<string> {
    if (arriving === undefined || Date.now() - arriving.at > 1000) {
      const rotated = issuer.rotate({ keepPrevious: false })
      const token = rotated.then(() => issuer.tokenFor({ subject: 'carla', roles: ['operator'] }))
      arriving = { at: Date.now(), token }
    }
    return arriving.token
  }

  return {
    emulated,
    roles,
    options: {
      providers: emulated.map(({ provider }) => provider),
      // Roles are defined in one place, and hold for the users of every provider.
      roles: createRoleDirectory({
        source: {
          ...roles,
          organizations: [undefined, orgId],
          listOf: () => orgId,
          load: async (_, options) => (await roles.load(orgId, options)).map(anywhere),
        },
      }),
      keys: { cooldown: 1, retry: 0.5, maxRetry: 2 }, // nobody should have to wait for the effect of a button
    },
    async tokenOf(bearer) {
      if (bearer === 'openvcloud') return cloud.login('ann')
      if (bearer === 'newcomer') return newcomer()
      if (bearer === 'id-token') return issuer.idTokenFor({ subject: 'alice' })
      if (bearer === 'expired') return issuer.tokenFor({ subject: 'alice', roles: ['admin'], expiresIn: -minutes })
      const good = issuer.tokenFor({ subject: 'alice', roles: ['admin'] })
      const at = good.length - 20
      return good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1)
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()))
    },
  }
}

function anywhere({ organization: _, ...role }: RoleLike): RoleLike {
  return role
}

interface Controls {
  stop(): Promise<void>
  start(): Promise<void>
  requests(): number
}

function controls({ stop, start, requests }: Controls): Controls {
  return { stop, start, requests: () => requests() }
}
