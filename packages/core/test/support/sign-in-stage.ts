import { randomBytes } from 'node:crypto'
import {
  createItsYouOnlineEmulator,
  createJustAuthenticateMeEmulator,
  createLogtoEmulator,
  createTrustAuthXEmulator,
  type ItsYouOnlineEmulator,
  type JustAuthenticateMeEmulator,
  type LogtoEmulator,
  type TestClock,
  type TrustAuthXEmulator,
} from '@claviger/testing'
import type { Provider } from '../../src/provider.ts'
import { itsYouOnline } from '../../src/providers/itsyouonline/index.ts'
import { justAuthenticateMe } from '../../src/providers/justauthenticateme/index.ts'
import { logto } from '../../src/providers/logto/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { trustAuthX } from '../../src/providers/trustauthx/index.ts'
import { createKeys, type OidcServer, app as oidcApp, resources, startOidcServer } from './oidc-provider.ts'

/** The API that Logto's tokens are for. */
const api = 'https://api.example.test'

/** Every provider that browsers can sign in at, each with Alice, who may more than Bob. */
export interface SignInStage {
  readonly logto: LogtoEmulator
  readonly trustAuthX: TrustAuthXEmulator
  readonly itsYouOnline: ItsYouOnlineEmulator
  readonly justAuthenticateMe: JustAuthenticateMeEmulator
  readonly oidc: OidcServer | undefined
  readonly providers: readonly Provider[]
  /** How much longer the tokens of Logto are, from now on, than they need to be. */
  padding: number
  close(): Promise<void>
}

export interface SignInStageOptions {
  /** Of the app that browsers are sent back to. */
  readonly origin: string
  readonly clock?: TestClock
  /** Whether a real OpenID server is among them. Default false. */
  readonly withOidc?: boolean
  /** How long access tokens of Logto live. */
  readonly accessTokenTtl?: number
}

/** Starts the providers for an app on loopback. */
export async function createSignInStage(options: SignInStageOptions): Promise<SignInStage> {
  const { origin, accessTokenTtl, withOidc = false } = options
  const clock = options.clock === undefined ? {} : { clock: options.clock }
  const scopes = ['read', 'write']
  const tenant = await createLogtoEmulator({
    ...clock,
    resources: [{ indicator: api, scopes, ...(accessTokenTtl !== undefined && { accessTokenTtl }) }],
    roles: [{ name: 'admin', scopes: { [api]: scopes } }],
    users: [
      { id: 'alice', name: 'Alice', email: 'alice@example.test', roles: ['admin'] },
      { id: 'bob', name: 'Bob', email: 'bob@example.test' },
    ],
    customClaims: ({ context }) => ({
      roles: context.user?.roles.map(({ name }) => name) ?? [],
      padding: randomBytes(stage.padding).toString('hex').slice(0, stage.padding),
    }),
  })
  const client = tenant.addApp({ type: 'Traditional', redirectUris: [`${origin}/auth/callback/logto`] })
  const hosted = await createTrustAuthXEmulator({
    ...clock,
    roles: [{ name: 'admin', permissions: [{ machine: 'delete' }] }],
    users: [
      { uid: 'alice', email: 'alice@example.test', name: 'Alice', roles: ['admin'] },
      { uid: 'bob', email: 'bob@example.test', name: 'Bob' },
    ],
    redirectUrl: `${origin}/auth/callback/trustauthx`,
    profilePage: true,
  })
  const identity = await createItsYouOnlineEmulator({
    ...clock,
    users: [
      { username: 'alice', firstname: 'Alice', lastname: 'Example', emails: ['alice@petshop.example'] },
      // Of no organization at all.
      { username: 'rob' },
    ],
    organizations: [{ globalid: 'petshop.admin', members: ['alice'] }],
  })
  const key = identity.addOrganizationKey('petshop', { callbackURL: `${origin}/auth/callback/` })
  const mailing = await createJustAuthenticateMeEmulator({
    ...clock,
    apps: [{ name: 'Petshop', redirectUrl: `${origin}/auth/callback/justauthenticateme` }],
  })
  const server = withOidc ? await startOidcServer(await createKeys(), 0, origin) : undefined
  const { apiKey, secretKey, orgId } = hosted
  const providers = [
    logto({ endpoint: tenant.endpoint, audience: api, client: { ...client, scopes, label: 'Logto' } }),
    trustAuthX({
      apiKey,
      secretKey,
      orgId,
      apiBaseUrl: hosted.url,
      login: { url: hosted.loginUrl, label: 'TrustAuthX' },
      // Else it would be asked of all opaque tokens there are.
      accepts: (token) => !token.includes('.'),
    }),
    itsYouOnline({
      organization: 'petshop',
      baseUrl: identity.url,
      keys: identity.publicJwk,
      client: {
        ...key,
        scopes: ['user:name', 'user:validated:email', 'user:memberof:petshop', 'user:memberof:petshop.admin'],
      },
    }),
    justAuthenticateMe({
      appId: mailing.appId,
      baseUrl: mailing.baseUrl,
      login: { label: 'a link in a mail' },
      roles: { addresses: { 'alice@example.test': ['admin'] } },
    }),
    ...(server === undefined
      ? []
      : [
          oidc({
            issuer: server.issuer,
            audience: resources.ES256,
            rolesFrom: ['realm_access', 'roles'],
            client: { ...oidcApp, resource: resources.ES256, scopes: ['read:orders'] },
          }),
        ]),
  ]
  const started = [tenant, hosted, identity, mailing]
  const stage: SignInStage = {
    padding: 0,
    logto: tenant,
    trustAuthX: hosted,
    itsYouOnline: identity,
    justAuthenticateMe: mailing,
    oidc: server,
    providers,
    async close() {
      await Promise.all([...started.map((emulator) => emulator.close()), server?.kill()])
    },
  }
  return stage
}
