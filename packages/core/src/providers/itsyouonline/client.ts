import * as z from 'zod'
import { createCaller } from '../../client.ts'
import type { CallOptions, ClientOptions } from '../../client-options.ts'
import { clientSchema } from '../../client-schema.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { createOperations, withBytes } from '../../openapi-operations.ts'
import { invalidOptions, readOptions, text } from '../../options.ts'
import type { Jwk } from '../../provider.ts'
import { withRenewal } from '../../renewal.ts'
import type { VerifiedToken } from '../../types.ts'
import { secureAddress } from '../secure-address.ts'
import { createIdTokenVerifier } from './id-token.ts'
import { createJwtCalls, type ItsYouOnlineJwtRequest, type ItsYouOnlineRefreshRequest, readJwtRequest } from './jwt.ts'
import { createJwtCache } from './jwt-cache.ts'
import { hosts, type ItsYouOnlineEnvironment, readPinnedKeys } from './keys.ts'
import {
  createOAuthCalls,
  type ItsYouOnlineAccessToken,
  type ItsYouOnlineAuthorizationRequest,
  type ItsYouOnlineCode,
} from './oauth.ts'
import {
  accountOf,
  type ItsYouOnlineAccount,
  type ItsYouOnlineApi,
  type ItsYouOnlineOrganizationAccount,
  organizationOf,
} from './objects.ts'
import { operations } from './operations.generated.ts'
import { pinnedKeys } from './schema.ts'
import type { operations as types } from './types.generated.ts'
import { readPrincipal } from './user.ts'
import { baseOf, readItsYouOnlineError, readToken } from './wire.ts'

/** Who calls: a key of a user or an organization, a JWT, or an access token. */
export type ItsYouOnlineCredentials =
  /** The application id of a user's API key, or the global id of an organization, with the secret of its key. */
  { clientId: string; clientSecret: string } | { jwt: string } | { accessToken: string }

/** Where ItsYou.online is, and who calls it. Durations are seconds. */
export type ItsYouOnlineClientOptions = ItsYouOnlineCredentials &
  ClientOptions & {
    /** Default `production`. */
    environment?: ItsYouOnlineEnvironment
    /** The address of another host, with `/api` or without: https, or http on loopback. Default: that of `environment`. */
    baseUrl?: string
    /** The keys that ID tokens may be signed with, as in `itsYouOnline()`. Default: that of `environment`. */
    keys?: string | Jwk | readonly (string | Jwk)[]
    /** Accepts the key in the provider's repository among `keys`, with which anybody can sign anything. Not outside of a test. */
    dangerouslyAcceptDevelopmentKey?: boolean
    /** For tests. Default: the machine's. */
    clock?: Pick<Clock, 'now' | 'monotonic'>
  }

/** A client of ItsYou.online. */
export interface ItsYouOnlineClient {
  /** Where the specification of the API is. */
  readonly ramlSpecUrl: string
  /** Where a browser ends its session at the provider, which then shows its own page: it does not lead back. Tokens live on. */
  readonly logoutUrl: string
  /**
   * Which version runs at the host, asked for without credentials: whether it is there at all.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it is not, `ERR_UPSTREAM_NOT_FOUND` where another API is
   */
  version(options?: CallOptions): Promise<string>
  /** Each operation of the API: parameters by name, then the body, then options of the call. */
  readonly api: ItsYouOnlineApi
  /**
   * A JWT. With `useCache` the one that was asked for like this before, refreshed or asked for again in the background,
   * five minutes ahead of its end.
   * @throws {AuthError} `ERR_UPSTREAM_INVALID` for wrong credentials, `ERR_UPSTREAM_UNAUTHORIZED` for a scope that they do not cover,
   * `ERR_UPSTREAM_FORBIDDEN` for memberships that are not there
   */
  getJwt(request?: ItsYouOnlineJwtRequest & { useCache?: boolean }, options?: CallOptions): Promise<string>
  /**
   * A new JWT for one with a refresh token, expired or not.
   * @param request How long it is to be valid; a day otherwise, whatever the old one was. Whether it tells of grants; as the old one did
   * otherwise. What `storeInfo` put into the old one is lost.
   * @throws {AuthError} `ERR_UPSTREAM_UNAUTHORIZED` when it cannot be refreshed any more
   */
  refreshJwt(jwt: string, request?: ItsYouOnlineRefreshRequest, options?: CallOptions): Promise<string>
  /** A JWT for an access token, such as one of a user who signed in. It ends with the access token. */
  exchangeAccessToken(accessToken: string, request?: ItsYouOnlineJwtRequest, options?: CallOptions): Promise<string>
  /**
   * A JWT with fewer scopes or another audience, for a user's refreshable one. The provider does not check memberships in it;
   * `itsYouOnline()` does not believe them.
   */
  exchangeJwt(jwt: string, request?: ItsYouOnlineJwtRequest, options?: CallOptions): Promise<string>
  /** An access token of whoever calls. @throws {AuthError} `ERR_OPTIONS_INVALID` for credentials other than a key */
  getAccessToken(options?: CallOptions): Promise<ItsYouOnlineAccessToken>
  /** Where to send a user who is to sign in at this organization. @throws {AuthError} `ERR_OPTIONS_INVALID` */
  authorizationUrl(request: ItsYouOnlineAuthorizationRequest): string
  /** The access token of a user who came back with a code, which is good for ten seconds. @throws {AuthError} `ERR_SIGN_IN_REFUSED` without one */
  exchangeCode(code: ItsYouOnlineCode, options?: CallOptions): Promise<ItsYouOnlineAccessToken>
  /**
   * Verifies the ID token that came with an access token, by pinned keys and without a call: signature, issuer, times, and that it is for
   * this organization. Name and validated e-mail address are in `user`, all else in `claims`, under the names of the scopes. It tells who
   * signed in and allows nothing: no API takes it.
   * @throws {AuthError} `ERR_TOKEN_…`; `ERR_OPTIONS_INVALID` without `clientId`
   */
  verifyIdToken(idToken: string): Promise<VerifiedToken>
  /** The user who calls. @throws {AuthError} `ERR_OPTIONS_INVALID` for credentials of an organization */
  user(options?: CallOptions): Promise<ItsYouOnlineAccount>
  /** An organization; without a name the one that calls. @throws {AuthError} `ERR_OPTIONS_INVALID` when it is a user who calls */
  organization(globalid?: string, options?: CallOptions): Promise<ItsYouOnlineOrganizationAccount>
}

// The code spells it with a capital, the documentation without.
const version = z
  .union([z.looseObject({ Version: z.string() }), z.looseObject({ version: z.string() })])
  .transform((body) => ('Version' in body ? body.Version : body.version) as string)

const shared = {
  ...clientSchema,
  environment: z.enum(['production', 'staging']).optional(),
  baseUrl: secureAddress.optional(),
  keys: pinnedKeys.optional(),
  dangerouslyAcceptDevelopmentKey: z.boolean().optional(),
  clock: z
    .custom<Pick<Clock, 'now' | 'monotonic'>>(
      (value) => typeof value === 'object' && value !== null && 'monotonic' in value,
      'must be a Clock',
    )
    .optional(),
}
const schemas = {
  key: z.strictObject({ ...shared, clientId: text, clientSecret: text }),
  jwt: z.strictObject({
    ...shared,
    jwt: text.refine((value) => readToken(value) !== undefined, 'is no JWT of ItsYou.online'),
  }),
  accessToken: z.strictObject({ ...shared, accessToken: text }),
}

/**
 * Makes a client. Nothing is fetched before the first call. Secrets go into bodies and headers, never into addresses.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://github.com/itsyouonline/identityserver/tree/master/docs
 */
export function createItsYouOnlineClient(options: ItsYouOnlineClientOptions): ItsYouOnlineClient {
  const where = 'createItsYouOnlineClient'
  const kind = 'jwt' in options ? 'jwt' : 'accessToken' in options ? 'accessToken' : 'key'
  const checked = readOptions(where, schemas[kind] as z.ZodType<Checked>, options)
  const { environment = 'production', clock = systemClock } = checked
  const development = checked.dangerouslyAcceptDevelopmentKey === true
  const keys = readPinnedKeys(where, checked.keys ?? environment, { development })
  const base = baseOf(checked.baseUrl ?? hosts[environment])
  const fetch = withBytes(checked.fetch ?? ((url, init) => globalThis.fetch(url, init)))
  const caller = createCaller('itsyouonline', { ...checked, fetch }, readItsYouOnlineError)
  const oauth = createOAuthCalls(base, caller)
  const jwts = createJwtCalls(base, caller)
  const { clientId, clientSecret } = checked
  const credentials = clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret }
  const cache = credentials === undefined ? undefined : createJwtCache(clock, jwts, credentials)

  function withKey(operation: string) {
    if (credentials !== undefined) return credentials
    throw invalidOptions(operation, 'the client has no clientId and clientSecret')
  }

  // Scheme and token for the API. A refused JWT of the cache is dropped, and another one tried once.
  async function authorization(callOptions: CallOptions): Promise<string> {
    if (cache !== undefined) return `bearer ${await cache.get({}, callOptions)}`
    return checked.jwt === undefined ? `token ${checked.accessToken}` : `bearer ${checked.jwt}`
  }
  const authorized = withRenewal({
    timeout: checked.timeout ?? 10,
    get: authorization,
    renew: cache && (async (refused, how) => `bearer ${await cache.renew({}, refused.slice('bearer '.length), how)}`),
    isRefused: ({ code }) => code === 'ERR_UPSTREAM_UNAUTHORIZED',
    send: (call, value, how) => caller({ ...call, headers: { ...call.headers, authorization: value } }, how),
  })
  const api = createOperations<types>(operations, { baseUrl: `${base}/api`, caller: authorized })

  async function whoCalls(callOptions: CallOptions) {
    const jwt =
      checked.jwt ??
      (checked.accessToken === undefined
        ? await cache?.get({}, callOptions)
        : await jwts.exchange(checked.accessToken, {}, callOptions))
    return readPrincipal(readToken(jwt) ?? {})
  }

  return {
    ramlSpecUrl: `${base}/apidocumentation/raml/itsyouonline.raml`,
    logoutUrl: `${base}/logout`,
    async version(callOptions = {}) {
      const url = `${base}/version`
      const call = { operation: 'version', method: 'GET', url, shown: url, expect: [200], schema: version } as const
      return caller(call, callOptions)
    },
    api,
    async getJwt({ useCache = false, ...request } = {}, callOptions = {}) {
      const key = withKey('getJwt')
      const wanted = readJwtRequest('getJwt', request)
      return useCache && cache !== undefined ? cache.get(wanted, callOptions) : jwts.issue(key, wanted, callOptions)
    },
    refreshJwt: async (jwt, request = {}, callOptions = {}) => jwts.refresh(jwt, request, callOptions),
    exchangeAccessToken: async (accessToken, request = {}, callOptions = {}) =>
      jwts.exchange(accessToken, readJwtRequest('exchangeAccessToken', request), callOptions),
    exchangeJwt: async (jwt, request = {}, callOptions = {}) =>
      jwts.derive(jwt, readJwtRequest('exchangeJwt', request), callOptions),
    getAccessToken: async (callOptions = {}) => oauth.issue(withKey('getAccessToken'), callOptions),
    authorizationUrl: (request) => oauth.authorizationUrl(withKey('authorizationUrl').clientId, request),
    verifyIdToken: async (idToken) => createIdTokenVerifier(keys, withKey('verifyIdToken').clientId, clock)(idToken),
    exchangeCode: async (code, callOptions = {}) => oauth.redeem(withKey('exchangeCode'), code, callOptions),
    async user(callOptions = {}) {
      const principal = await whoCalls(callOptions)
      if (principal?.kind !== 'user') throw invalidOptions('user', 'the credentials are not those of a user')
      return accountOf(api, principal.id)
    },
    async organization(globalid, callOptions = {}) {
      if (globalid !== undefined) return organizationOf(api, globalid, callOptions)
      const principal = await whoCalls(callOptions)
      if (principal?.kind !== 'organization')
        throw invalidOptions('organization', 'the credentials are not those of an organization')
      return organizationOf(api, principal.id, callOptions)
    },
  }
}

/** Any of the three kinds of credentials. */
type Checked = Partial<Record<'clientId' | 'clientSecret' | 'jwt' | 'accessToken' | 'baseUrl', string>> & {
  environment?: ItsYouOnlineEnvironment
  keys?: z.output<typeof pinnedKeys>
  dangerouslyAcceptDevelopmentKey?: boolean
  clock?: Pick<Clock, 'now' | 'monotonic'>
} & ClientOptions
