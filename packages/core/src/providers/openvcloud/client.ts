import * as z from 'zod'
import { type Caller, createCaller } from '../../client.ts'
import type { MachineToken } from '../../client-credentials.ts'
import type { CallOptions, ClientOptions } from '../../client-options.ts'
import { clientSchema } from '../../client-schema.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { isAuthError, type Upstream } from '../../errors.ts'
import { createOperations } from '../../openapi-operations.ts'
import { functionOf, readOptions, text } from '../../options.ts'
import { withRenewal } from '../../renewal.ts'
import type { Seconds } from '../../types.ts'
import { waitFor } from '../../wait-for.ts'
import type { ItsYouOnlineClient, ItsYouOnlineJwtRequest } from '../itsyouonline/index.ts'
import { secureAddress } from '../secure-address.ts'
import { groupOperations, type OpenvCloudApi, type OpenvCloudParameters } from './api.ts'
import type { OpenvCloudCatalogue, OpenvCloudCatalogueRequest } from './catalogue.ts'
import { catalogueParameters, catalogueSchema } from './catalogue-schema.ts'
import { asOurs } from './errors.ts'
import { needs } from './needs.generated.ts'
import { operations } from './operations.generated.ts'
import type { OpenvCloudOperation } from './rights.ts'
import { createJwtSession, createLegacySession, faultOf, loginCall, type Session, withCredential } from './session.ts'
import type { operations as types } from './types.generated.ts'
import { authenticationTimeout, readOpenvCloudError, restmachineOf } from './wire.ts'

/** Who calls. */
export type OpenvCloudCredentials =
  /** A JWT of a user of ItsYou.online, without an audience; asked for again when it ends or is refused. */
  | { getJwt: (options: CallOptions) => string | Promise<string> }
  /**
   * A client of ItsYou.online with a user's key. Without a `scope` in `jwtRequest` the portal gets a token with all rights that the key
   * has, also at ItsYou.online: ask for `user:memberof:<organization>` where that is enough.
   */
  | {
      itsYouOnline: Pick<ItsYouOnlineClient, 'getJwt'>
      jwtRequest?: Pick<ItsYouOnlineJwtRequest, 'scope' | 'validity' | 'acceptLess'>
    }
  /** A user of the environment, logged in the old way. */
  | { username: string; password: string }

/** An OpenvCloud environment, and who calls it. */
export type OpenvCloudClientOptions = OpenvCloudCredentials &
  ClientOptions & {
    /** The address of its portal, with `/restmachine` or without: https, or http on loopback. */
    baseUrl: string
    /** Holds answers to the types that the API declares. `false` for builds that answer otherwise. Default true. */
    checkAnswers?: boolean
    /** For tests. Default: the machine's. */
    clock?: Pick<Clock, 'now' | 'monotonic'>
  }

/** Whom the portal takes us for; `guest` is nobody. */
export interface OpenvCloudWhoami {
  readonly name: string
  readonly admin: boolean
}

/** What has become of an operation that was started. The portal forgets it ten minutes after its end. */
export type OpenvCloudTask =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly result: unknown }
  | { readonly state: 'failed'; readonly message: string }

/** A client of an OpenvCloud environment. A call that is refused with 401 or 419 (a JWT: or with 403 and a page) is made once more with a new one. */
export interface OpenvCloudClient {
  /** All operations of the cloud API. */
  readonly api: OpenvCloudApi
  /**
   * Logs in the old way, and gives the `authkey`. The client itself does so when it needs to.
   * @throws {AuthError} `ERR_UPSTREAM_UNAUTHORIZED` for a wrong name or password
   */
  authenticate(credentials: { username: string; password: string }, options?: CallOptions): Promise<string>
  /** Whom the portal takes us for. */
  whoami(options?: CallOptions): Promise<OpenvCloudWhoami>
  /**
   * What this environment offers, as Swagger 2.0: builds differ, and `api` is that of one. It takes a login.
   * @throws {AuthError} `ERR_UPSTREAM_INVALID` for a group that there is none of
   */
  catalogue(request?: OpenvCloudCatalogueRequest, options?: CallOptions): Promise<OpenvCloudCatalogue>
  /** Starts an operation that takes long, and gives the id of its task at once. */
  start<Name extends OpenvCloudOperation>(
    operation: Name,
    parameters: OpenvCloudParameters<Name>,
    options?: CallOptions,
  ): Promise<string>
  /** How a task does. @throws {AuthError} `ERR_UPSTREAM_NOT_FOUND` when it is unknown, or forgotten */
  task(id: string, options?: CallOptions): Promise<OpenvCloudTask>
}

const shared = {
  ...clientSchema,
  baseUrl: secureAddress,
  checkAnswers: z.boolean().optional(),
  clock: z
    .custom<Pick<Clock, 'now' | 'monotonic'>>(
      (value) => typeof value === 'object' && value !== null && 'now' in value && 'monotonic' in value,
      'must be a Clock',
    )
    .optional(),
}
const jwtRequest = z.strictObject({
  scope: z.union([text, z.array(text).min(1)]).optional(),
  validity: z.int().min(1).max(86_400).optional(),
  acceptLess: z.boolean().optional(),
})
const isClient = (value: unknown) => typeof value === 'object' && value !== null && 'getJwt' in value
const schemas = {
  getJwt: z.strictObject({
    ...shared,
    getJwt: functionOf<(options: CallOptions) => string | Promise<string>>(),
  }),
  itsYouOnline: z.strictObject({
    ...shared,
    itsYouOnline: z.custom<Pick<ItsYouOnlineClient, 'getJwt'>>(isClient, 'must be a client of ItsYou.online'),
    jwtRequest: jwtRequest.optional(),
  }),
  login: z.strictObject({ ...shared, username: text, password: z.string().min(1, 'must not be empty') }),
}

const whoami = z.looseObject({ name: z.string().min(1), admin: z.boolean() })
const task = z.union([
  z.tuple([z.literal(true), z.unknown()]).transform(([, result]): OpenvCloudTask => ({ state: 'done', result })),
  z.tuple([z.literal(false), z.string()]).transform(([, message]): OpenvCloudTask => ({ state: 'failed', message })),
  z.null().transform((): OpenvCloudTask => ({ state: 'running' })),
])

/**
 * Makes a client. Nothing is fetched before the first call. It keeps no cookies, and nothing goes into addresses.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createOpenvCloudClient(options: OpenvCloudClientOptions): OpenvCloudClient {
  const kind = 'getJwt' in options ? 'getJwt' : 'itsYouOnline' in options ? 'itsYouOnline' : 'login'
  const checked = readOptions('createOpenvCloudClient', schemas[kind] as z.ZodType<Checked>, options)
  const { clock = systemClock, timeout = 10, checkAnswers = true } = checked
  const base = restmachineOf(checked.baseUrl)
  const plain = createCaller('openvcloud', checked, readOpenvCloudError)

  const anonymous: Caller = async (call, how) => {
    try {
      return await plain(call, how)
    } catch (error) {
      throw isAuthError(error) ? asOurs(error) : error
    }
  }
  const authorized = withSession(anonymous, sessionOf(checked, anonymous, base, clock), timeout)
  const caller: Caller = (call, how) => {
    const name = call.operation as OpenvCloudOperation
    return (needs[name].login ? authorized : anonymous)({ ...call, safe: reads.test(name) }, how)
  }
  const all = checkAnswers ? operations : unchecked
  const flat = createOperations<types>(all, { baseUrl: base, caller })

  function post<T>(operation: string, path: string, parameters: object, schema: z.ZodType<T>, expect = [200]) {
    const url = `${base}${path}`
    const headers = { 'content-type': 'application/json' }
    return {
      operation,
      method: 'POST',
      url,
      shown: url,
      headers,
      body: JSON.stringify(parameters),
      expect,
      schema,
    } as const
  }

  return Object.freeze({
    api: groupOperations(flat, (name) => operations[name as OpenvCloudOperation].body !== undefined),
    authenticate: ({ username, password }: { username: string; password: string }, how?: CallOptions) =>
      anonymous(loginCall(base, username, password), how),
    whoami: (how?: CallOptions) =>
      authorized({ ...post('whoami', '/system/usermanager/whoami', {}, whoami), safe: true }, how),
    async catalogue(request: OpenvCloudCatalogueRequest = {}, how?: CallOptions) {
      const path = '/system/docgenerator/prepareCatalog'
      return authorized({ ...post('catalogue', path, catalogueParameters(request), catalogueSchema), safe: true }, how)
    },
    start: (operation: OpenvCloudOperation, parameters: unknown, how?: CallOptions) =>
      authorized(
        post(operation, operations[operation].path, { ...Object(parameters), _async: true }, z.string().min(1)),
        how,
      ),
    task(id: string, how?: CallOptions) {
      const call = post('task', '/system/task/get', { taskguid: id }, task, [200, 202])
      // Running tasks have no body, or `null`.
      const read = ({ json, body }: { json: boolean; body: unknown }) => (json ? body : body === '' ? null : body)
      return authorized({ ...call, read, safe: true }, how)
    },
  })
}

/** Any of the three kinds of credentials. */
type Checked = z.output<(typeof schemas)['getJwt']> &
  Partial<Omit<z.output<(typeof schemas)['itsYouOnline']> & z.output<(typeof schemas)['login']>, keyof typeof shared>>

// What changes nothing.
const reads = /\.(list|get|isValid)/

const unchecked = Object.fromEntries(
  Object.entries(operations).map(([name, operation]) => [name, { ...operation, schema: z.unknown() }]),
) as unknown as typeof operations

function sessionOf(options: Checked, caller: Caller, base: string, clock: Pick<Clock, 'now' | 'monotonic'>): Session {
  const { getJwt, itsYouOnline, jwtRequest = {}, username = '', password = '' } = options
  if (itsYouOnline !== undefined) {
    const request = Object.fromEntries(Object.entries(jwtRequest).filter(([, value]) => value !== undefined))
    return createJwtSession((how) => itsYouOnline.getJwt(request, how), clock)
  }
  if (getJwt !== undefined) return createJwtSession(getJwt, clock)
  return createLegacySession(() => caller(loginCall(base, username, password)), clock)
}

/** Makes calls in a session, and once more in a new one when it is refused. */
function withSession(caller: Caller, { kind, tokens }: Session, timeout: Seconds): Caller {
  const tokenOf = async (token: Promise<MachineToken>, how: CallOptions) =>
    (await waitFor(token, how, 'openvcloud: no session')).accessToken
  return withRenewal({
    timeout,
    get: (how) => tokenOf(tokens.get(undefined), how),
    renew: (refused, how) => tokenOf(tokens.renew(undefined, refused), how),
    isRefused: ({ upstream }) => isRefusal(kind, upstream),
    async send(call, credential, how) {
      try {
        return await caller(withCredential(call, kind, credential), how)
      } catch (error) {
        const hint = isAuthError(error) && kind === 'jwt' && isAboutUs(error.upstream) ? faultOf(credential) : undefined
        throw isAuthError(error) ? asOurs(error, hint) : error
      }
    },
  })
}

// A portal may refuse a bad JWT with a page and 403; what a user may not do, it says in words.
const isRefusal = (kind: Session['kind'], { status, message }: Partial<Upstream> = {}) =>
  status === 401 || status === authenticationTimeout || (kind === 'jwt' && status === 403 && message === undefined)
// A portal fails with 500 where it does not expect a token.
const isAboutUs = (upstream: Partial<Upstream> | undefined) => upstream?.status === 500 || isRefusal('jwt', upstream)
