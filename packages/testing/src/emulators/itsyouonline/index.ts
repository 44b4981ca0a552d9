import { createPublicKey } from 'node:crypto'
import type { Clock, Jwk, Seconds } from '@claviger/core'
import { realClock } from '../../clock.ts'
import { createTestKey } from '../../keys.ts'
import { createLoopbackServer, type LoopbackControls } from '../../server/loopback.ts'
import type { Reply, Route } from '../../server/routes.ts'
import { jsonReply, textError } from './answers.ts'
import { apiRoutes } from './api.ts'
import { sessionCookie, sessionOf } from './browser-session.ts'
import { type OAuthEndpoint, oauthRoutes } from './oauth.ts'
import { addOrganizationKey } from './organization-data.ts'
import { type PageEndpoint, pageRoutes } from './pages.ts'
import {
  type Grant,
  type ItsYouOnlineOrganization,
  ItsYouOnlineState,
  type ItsYouOnlineUser,
  listOf,
  random,
} from './state.ts'
import { type Host, makeJwt, sign } from './tokens.ts'
import { addApiKey, emptyAuthorization } from './users.ts'

export type { ItsYouOnlineOrganization, ItsYouOnlineUser } from './state.ts'

/** Where the emulator can be made to fail. `api` is all of `/api`. */
export type ItsYouOnlineEndpoint = OAuthEndpoint | PageEndpoint | 'api' | 'about'

/** What the emulator is started with. */
export interface ItsYouOnlineEmulatorOptions {
  /** Default 0: one that is free. */
  readonly port?: number
  /** Where the time of its tokens comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
  /** Besides those that are there from the start. Default: none. */
  readonly users?: readonly ItsYouOnlineUser[]
  /** Besides `petshop`; parents before their children. Default: none. */
  readonly organizations?: readonly ItsYouOnlineOrganization[]
}

/** What a program signs in with: the key of a user, or of an organization. */
export interface ItsYouOnlineKey {
  readonly clientId: string
  readonly clientSecret: string
}

/** What a JWT made at once says. */
export interface ItsYouOnlineTokenOptions {
  /** Default: all that the grant allows. */
  readonly scopes?: readonly string[]
  /** Becomes `aud`. Default: none. */
  readonly audience?: readonly string[]
  /** Default, and at most: 86400. */
  readonly validity?: Seconds
  /** Puts a refresh token into it. Default false. */
  readonly refreshable?: boolean
  /** Puts name and addresses of the user among the scopes. Default false. */
  readonly storeInfo?: boolean
  /** Adds the grants that the client gave the user. Default false. */
  readonly addGrants?: boolean
  /** For a user: which client the token is given to. Default: an API key of the user. */
  readonly clientId?: string
}

/** An identity server on loopback. From the start, `ann` owns the organization `petshop`, and `bob` is a member of it. */
export interface ItsYouOnlineEmulator extends LoopbackControls<ItsYouOnlineEndpoint> {
  /** The host; the API is below `/api`. */
  readonly url: string
  readonly port: number
  /** What tokens are verified with: as PEM, as JWK. */
  readonly publicKey: string
  readonly publicJwk: Jwk
  /** What `ann` and `petshop` sign in with. */
  readonly user: ItsYouOnlineKey
  readonly organization: ItsYouOnlineKey
  /** Adds a user. @throws {Error} for a name of other than 2 to 30 small letters and digits */
  addUser(user: ItsYouOnlineUser): void
  /** @throws {Error} for owners, members or a parent that do not exist */
  addOrganization(organization: ItsYouOnlineOrganization): void
  /** A key that its user signs in with, with all rights of the user. */
  addUserKey(username: string, label?: string): ItsYouOnlineKey
  /** @param options without `clientCredentialsGrantType`, the default, it is for codes only */
  addOrganizationKey(
    globalid: string,
    options?: { readonly label?: string; readonly callbackURL?: string; readonly clientCredentialsGrantType?: boolean },
  ): ItsYouOnlineKey
  /** Makes a user a member of an organization. */
  addMember(globalid: string, username: string): void
  /** Neither member nor owner any more. */
  removeFrom(globalid: string, username: string): void
  /** What a user allows a client to see and to do. */
  consent(username: string, clientId: string, scopes: readonly string[]): void
  /** A browser in which the user is logged in: its `Cookie` header. */
  browserOf(username: string): string
  /** A JWT, as the server would give it to whoever has the rights. @throws {Error} for a user or organization that does not exist */
  tokenFor(who: string, options?: ItsYouOnlineTokenOptions): string
  /** A signed JWT with any claims. */
  sign(claims: Record<string, unknown>): string
  /** Changes the signing key, which the real server cannot: `publicKey` is another after that. */
  rotate(): Promise<void>
  /** Ends all refresh tokens. */
  forgetRefreshTokens(): void
}

/** Starts an identity server of ItsYou.online on 127.0.0.1, with a key of its own. */
export async function createItsYouOnlineEmulator(
  options: ItsYouOnlineEmulatorOptions = {},
): Promise<ItsYouOnlineEmulator> {
  const { clock = realClock } = options
  const state = new ItsYouOnlineState()
  const host: Host = { state, key: await createTestKey('ES384'), now: () => Math.floor(clock.now() / 1000) }
  state.addUser({
    username: 'ann',
    firstname: 'Ann',
    lastname: 'Example',
    emails: ['ann@example.com'],
    phones: ['+3212345678'],
  })
  state.addUser({ username: 'bob', emails: ['bob@example.com'] })
  state.addOrganization({ globalid: 'petshop', owners: ['ann'], members: ['bob'] })
  for (const user of options.users ?? []) state.addUser(user)
  for (const organization of options.organizations ?? []) state.addOrganization(organization)

  const server = await createLoopbackServer<ItsYouOnlineEndpoint>({
    ...(options.port !== undefined && { port: options.port }),
    routes: (origin) => [...oauthRoutes(host), ...pageRoutes(state), ...apiRoutes(host, origin), ...about],
    notFound: ({ url }) => notFound(url),
    headers: ({ cookie }) => ({ 'set-cookie': sessionCookie(sessionOf(cookie) ?? random()) }),
  })

  const publicJwk = (): Jwk => {
    const { kid, alg, use, ...jwk } = host.key.publicJwk
    return jwk
  }

  function addUserKey(username: string, label = `key ${random(6)}`): ItsYouOnlineKey {
    const key = addApiKey(state.user(username), label)
    return { clientId: String(key.applicationid), clientSecret: String(key.apikey) }
  }

  const emulator: ItsYouOnlineEmulator = {
    ...server,
    url: server.origin,
    get publicKey() {
      return createPublicKey({ key: publicJwk() as Record<string, string>, format: 'jwk' }).export({
        type: 'spki',
        format: 'pem',
      }) as string
    },
    get publicJwk() {
      return publicJwk()
    },
    user: addUserKey('ann', 'main'),
    organization: {
      clientId: 'petshop',
      clientSecret: addOrganizationKey(state.organization('petshop'), 'main', { clientCredentialsGrantType: true })
        .secret,
    },
    addUser: (user) => void state.addUser(user),
    addOrganization: (organization) => void state.addOrganization(organization),
    addUserKey,
    addOrganizationKey(globalid, { label = `key ${random(6)}`, ...rest } = {}) {
      return { clientId: globalid, clientSecret: addOrganizationKey(state.organization(globalid), label, rest).secret }
    },
    addMember: (globalid, username) => void state.organization(globalid).members.add(state.user(username).username),
    removeFrom(globalid, username) {
      const { owners, members } = state.organization(globalid)
      owners.delete(username)
      members.delete(username)
      state.user(username).authorizations.delete(globalid)
    },
    consent(username, clientId, scopes) {
      const { authorizations } = state.user(username)
      authorizations.set(clientId, { ...emptyAuthorization(username, clientId), scopes: [...scopes] })
    },
    browserOf(username) {
      const session = random()
      state.sessions.set(session, state.user(username).username)
      return `authenticatedsession=${session}`
    },
    tokenFor(who, { scopes = [], audience = [], validity, clientId, ...more } = {}) {
      const { refreshable = false, storeInfo = false, addGrants = false } = more
      const grant = state.users.has(who) ? grantOfUser(who, clientId) : grantOfOrganization(who)
      const parameters = new URLSearchParams({
        scope: [...scopes, ...(refreshable ? ['offline_access'] : [])].join(','),
        aud: audience.join(','),
        store_info: String(storeInfo),
        add_grants: String(addGrants),
        ...(validity !== undefined && { validity: String(validity) }),
      })
      return makeJwt(host, grant, parameters, host.now() + 86_400)
    },
    sign: (claims) => sign(host, claims),
    async rotate() {
      host.key = await createTestKey('ES384')
    },
    forgetRefreshTokens: () => state.refreshTokens.clear(),
  }

  function grantOfUser(username: string, clientId: string | undefined): Grant {
    const own = listOf(state.user(username), 'apikeys')[0]?.applicationid
    return { username, clientId: clientId ?? String(own ?? addUserKey(username).clientId), scopes: ['user:admin'] }
  }

  function grantOfOrganization(globalid: string): Grant {
    return { globalid: state.organization(globalid).globalid, clientId: globalid, scopes: ['organization:owner'] }
  }

  return emulator
}

const about: Route<ItsYouOnlineEndpoint>[] = [
  { endpoint: 'about', method: 'GET', path: '/version', handle: () => jsonReply(200, { Version: 'emulated' }) },
  {
    endpoint: 'about',
    method: 'GET',
    path: '/apidocumentation/raml/itsyouonline.raml',
    handle: () => ({
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: '#%RAML 1.0\ntitle: ItsYou.online\n',
    }),
  },
]

// Also for a wrong method. Paths are tidied up by a redirect.
function notFound({ pathname, search }: URL): Reply {
  const tidy = pathname.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')
  if (tidy !== pathname) return { status: 301, headers: { location: `${tidy}${search}` } }
  return textError(404, '404 page not found').reply
}
