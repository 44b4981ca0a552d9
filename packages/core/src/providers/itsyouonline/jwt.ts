import * as z from 'zod'
import type { Caller } from '../../client.ts'
import type { CallOptions } from '../../client-options.ts'
import { AuthError, unavailable } from '../../errors.ts'
import type { JsonResponse } from '../../http.ts'
import { isObject } from '../../json.ts'
import { invalidOptions, readOptions, text } from '../../options.ts'
import type { Claims, Seconds } from '../../types.ts'
import { isOfSame, refreshUrl } from './refresh.ts'
import { hasGrants, readPrincipal } from './user.ts'
import { readToken } from './wire.ts'

/** What a JWT is to say. */
export interface ItsYouOnlineJwtRequest {
  /** Whole seconds. Default, and at most: 86400. */
  validity?: Seconds
  /** Default: everything that the credentials allow. */
  scope?: string | readonly string[]
  /** Becomes `aud`. Default: none. */
  audience?: string | readonly string[]
  /** Makes a JWT that can be refreshed, by whoever gets to see it; the scope `offline_access` does the same. Default false. */
  refreshable?: boolean
  /** Puts name and addresses of the user among the scopes, as far as scopes for them are granted. Default false. */
  storeInfo?: boolean
  /** Adds the grants that the client gave the user, as `grant:<name>`. Default false. */
  addGrants?: boolean
  /**
   * The provider leaves out memberships that the user does not have, without a word. That is an error here, unless this is true.
   * Default false.
   */
  acceptLess?: boolean
}

/** What a refreshed JWT is to say; all else stays. */
export type ItsYouOnlineRefreshRequest = Pick<ItsYouOnlineJwtRequest, 'validity' | 'addGrants'>

/** A machine or an organization that signs in with a key of its own. */
export interface KeyCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

const scopeText = text.refine((value) => !value.includes(','), 'must have no comma: give a list')
const listOf = (one: z.ZodType<string>) => z.union([one, z.array(one).min(1)]).transform((value) => [value].flat())
const schema = z.strictObject({
  validity: z
    .int('must be whole seconds')
    .min(1, 'must be at least 1 s')
    .max(86_400, 'must be at most 86400 s')
    .optional(),
  scope: listOf(scopeText).optional(),
  audience: listOf(scopeText).optional(),
  refreshable: z.boolean().optional(),
  storeInfo: z.boolean().optional(),
  addGrants: z.boolean().optional(),
  acceptLess: z.boolean().optional(),
})

const refreshSchema = schema.pick({ validity: true, addGrants: true })

/** A request that has been checked. */
export interface CheckedRequest extends Omit<ItsYouOnlineJwtRequest, 'scope' | 'audience'> {
  scope?: readonly string[]
  audience?: readonly string[]
}

/** The provider ignores what it does not understand, and gives a day: so it is refused here. @throws {AuthError} `ERR_OPTIONS_INVALID` */
export function readJwtRequest(operation: string, request: ItsYouOnlineJwtRequest): CheckedRequest {
  const checked = readOptions(operation, schema, request) as CheckedRequest
  // By another name: no JWT has it among its scopes.
  if (checked.scope?.includes(offline) !== true) return checked
  const { scope, ...rest } = checked
  const others = scope.filter((one) => one !== offline)
  return { ...rest, refreshable: true, ...(others.length > 0 && { scope: others }) }
}

const offline = 'offline_access'

/** The calls that make a JWT. @param base the host */
export function createJwtCalls(base: string, caller: Caller) {
  async function ask(
    operation: string,
    at: string,
    form: Record<string, string>,
    request: CheckedRequest,
    headers: Record<string, string>,
    options: CallOptions,
  ) {
    const jwt = await caller(
      {
        operation,
        method: 'POST',
        url: `${base}${at}`,
        shown: `${base}${at}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        // In the body: what is in a query ends up in logs.
        body: new URLSearchParams({ ...form, ...parametersOf(request) }).toString(),
        expect: [200],
        read: jwtIn,
        schema: jwtSchema,
        safe: true,
      },
      options,
    )
    assertGranted(operation, jwt, request)
    return jwt
  }

  return {
    /** With a key. */
    issue: ({ clientId, clientSecret }: KeyCredentials, request: CheckedRequest, options: CallOptions) => {
      const form = {
        grant_type: 'client_credentials',
        response_type: 'id_token',
        client_id: clientId,
        client_secret: clientSecret,
      }
      return ask('getJwt', '/v1/oauth/access_token', form, request, { accept: 'application/jwt' }, options)
    },
    /** With an access token. */
    exchange: (accessToken: string, request: CheckedRequest, options: CallOptions) =>
      ask('exchangeAccessToken', '/v1/oauth/jwt', {}, request, { authorization: `token ${accessToken}` }, options),
    /** With another JWT, which has to be refreshable: the provider fails at any other. */
    derive(jwt: string, request: CheckedRequest, options: CallOptions) {
      const claims = readToken(jwt)
      if (typeof claims?.refresh_token !== 'string' || typeof claims.username !== 'string') {
        throw invalidOptions('exchangeJwt', 'the JWT is not one of a user with a refresh_token')
      }
      return ask('exchangeJwt', '/v1/oauth/jwt', {}, request, { authorization: `bearer ${jwt}` }, options)
    },
    /** A new JWT for an old one that carries a refresh token. */
    async refresh(jwt: string, request: ItsYouOnlineRefreshRequest, options: CallOptions): Promise<string> {
      const operation = 'refreshJwt'
      const old = readToken(jwt)
      if (typeof old?.refresh_token !== 'string') throw invalidOptions(operation, 'the JWT has no refresh_token')
      const { validity, addGrants = hasGrants(old) } = readOptions(operation, refreshSchema, request)
      const fresh = await caller(
        {
          operation,
          method: 'GET',
          url: refreshUrl(base, { validity, addGrants }),
          shown: refreshUrl(base, {}),
          headers: { authorization: `bearer ${jwt}` },
          expect: [200],
          read: jwtIn,
          schema: jwtSchema,
        },
        options,
      )
      if (isOfSame(old, readToken(fresh) as Claims)) return fresh
      throw unavailable('itsyouonline refreshJwt: the answer is a token of somebody else')
    },
  }
}

export type JwtCalls = ReturnType<typeof createJwtCalls>

function parametersOf({ validity, scope = [], audience, refreshable, storeInfo, addGrants }: CheckedRequest) {
  const scopes = refreshable === true ? [offline, ...scope] : scope
  return {
    ...(validity !== undefined && { validity: String(validity) }),
    ...(scopes.length > 0 && { scope: scopes.join(',') }),
    ...(audience !== undefined && { aud: audience.join(',') }),
    ...(storeInfo === true && { store_info: 'true' }),
    ...(addGrants === true && { add_grants: 'true' }),
  }
}

// The bare token, or JSON where the provider thinks that JSON was asked for.
function jwtIn({ json, body, text }: JsonResponse): unknown {
  return json && isObject(body) ? body.access_token : text.trim()
}

const jwtSchema = z.string().refine((value) => readToken(value) !== undefined)

// A membership in the client's own organization may come back as memberships in its children.
function assertGranted(operation: string, jwt: string, { scope = [], acceptLess }: CheckedRequest): void {
  if (acceptLess === true) return
  const granted = readPrincipal(readToken(jwt) as Claims)?.scopes ?? []
  const missing = scope.filter(
    (one) =>
      !granted.some((other) => other === one || (one.startsWith('user:memberof:') && other.startsWith(`${one}.`))),
  )
  if (missing.length === 0) return
  throw new AuthError('ERR_UPSTREAM_FORBIDDEN', {
    explanation: `itsyouonline gave no ${missing.join(', ')} (option acceptLess)`,
    upstream: { provider: 'itsyouonline', operation, status: 200 },
  })
}
