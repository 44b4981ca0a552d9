import type { Client } from 'openapi-fetch'
import * as z from 'zod'
import { type Caller, createCaller } from '../../client.ts'
import type { ClientOptions } from '../../client-options.ts'
import { clientSchema } from '../../client-schema.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { createOpenApiClient, createOpenApiFetch, pathSerializer } from '../../openapi.ts'
import { address, readOptions, text } from '../../options.ts'
import { withRenewal } from '../../renewal.ts'
import { noteWrite } from '../../roles/signals.ts'
import type { Seconds } from '../../types.ts'
import { createMachineTokens, type LogtoTokens } from './machine-tokens.ts'
import { type AnyPaths, createManagement, type LogtoManagement } from './management.ts'
import { isAboutRoles, ownerOf } from './role-source.ts'
import type { paths } from './types.generated.ts'
import { assertSecure, issuerOf, managementResourceOf, originOf, readLogtoError, withoutStatusText } from './wire.ts'

/** A machine-to-machine application of a Logto tenant. */
export interface LogtoClientOptions extends ClientOptions {
  /** `https://<tenant>.logto.app`, a custom domain, or the address of your own server, with `/oidc` or without: https, or http on loopback. */
  endpoint: string
  /** Lets `endpoint` be plain http on another machine: whoever is on the way reads the secret. Default false. */
  dangerouslyAllowHttp?: boolean
  clientId: string
  clientSecret: string
  /**
   * The indicator of the tenant's Management API. Default: `https://<tenant>.logto.app/api` at that address, and
   * `https://default.logto.app/api` at any other, as a server of one's own has it. Behind a custom domain of the cloud it has to
   * be set.
   */
  managementResource?: string
  /** For tests. Default: the machine's. */
  clock?: Pick<Clock, 'monotonic'>
}

/**
 * A client of a Logto tenant. The methods are the calls that sessions, roles and their administration need.
 * @typeParam Paths - What `api` knows. Default: the same calls. For everything your server has, the `paths` that
 * openapi-typescript makes of its `/api/.well-known/management.openapi.json`.
 */
export interface LogtoClient<Paths extends {} = paths> extends LogtoManagement {
  /** Tokens of the application, for the Management API and any other. */
  readonly tokens: LogtoTokens
  /**
   * Any call of the Management API, by openapi-fetch: `api.GET('/api/users/{userId}', { params: { path: { userId } } })`. What is
   * not 2xx rejects with an `AuthError`, so `error` is never there. Bodies are not validated.
   */
  readonly api: Client<Paths>
  /** The tenant's address, without slashes or `/oidc` at the end. */
  readonly endpoint: string
}

const schema = z.strictObject({
  ...clientSchema,
  endpoint: address,
  dangerouslyAllowHttp: z.boolean().optional(),
  clientId: text,
  clientSecret: text,
  managementResource: text.optional(),
  clock: z
    .custom<Pick<Clock, 'monotonic'>>(
      (value) => typeof value === 'object' && value !== null && 'monotonic' in value,
      'must be a Clock',
    )
    .optional(),
})

const defaultTimeout: Seconds = 10

/**
 * Makes a client. Nothing is fetched before the first call.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://docs.logto.io/integrate-logto/interact-with-management-api
 */
export function createLogtoClient<Paths extends {} = paths>(options: LogtoClientOptions): LogtoClient<Paths> {
  const checked = readOptions('createLogtoClient', schema, options)
  assertSecure('createLogtoClient', checked)
  const { endpoint, clientId, clientSecret, managementResource, clock, ...calls } = checked
  const timeout = calls.timeout ?? defaultTimeout
  const baseUrl = originOf(endpoint)
  const caller = createCaller('logto', calls, readLogtoError)
  const tokens = createMachineTokens({
    issuer: issuerOf(endpoint),
    clientId,
    clientSecret,
    managementResource: managementResource ?? managementResourceOf(endpoint),
    caller,
    timeout,
    clock: clock ?? systemClock,
  })
  const authorized = notingRoleWrites(withToken(caller, tokens, timeout), baseUrl)

  // How a request says which call it is; its URL holds ids, which do not belong into logs.
  const templates = new WeakMap<Request, string>()
  const api = createOpenApiClient<AnyPaths>({
    baseUrl,
    pathSerializer,
    fetch: createOpenApiFetch(authorized, (request) => {
      const template = templates.get(request) ?? ''
      return {
        operation: `${request.method} ${template}`,
        expect: [200, 201, 202, 204],
        shown: `${baseUrl}${template.replace(/\{[^{}]+\}/g, '*')}`,
      }
    }),
  })
  api.use({ onRequest: ({ request, schemaPath }) => void templates.set(request, schemaPath) })

  return Object.freeze({
    ...createManagement(baseUrl, authorized, api),
    tokens: Object.freeze(tokens),
    api: api as unknown as Client<Paths>,
    endpoint: baseUrl,
  })
}

// Also after a failure: what looks like one may have been applied.
function notingRoleWrites(caller: Caller, baseUrl: string): Caller {
  return async (call, options) => {
    try {
      return await caller(call, options)
    } finally {
      if (call.method !== 'GET' && isAboutRoles(new URL(call.url).pathname)) noteWrite(ownerOf(baseUrl))
    }
  }
}

/** Puts the token on a call, and another one when it is refused, once. */
function withToken(caller: Caller, tokens: LogtoTokens, timeout: Seconds): Caller {
  return withRenewal({
    timeout,
    get: async (how) => (await tokens.get(undefined, how)).accessToken,
    renew: async (refused, how) => (await tokens.renew(refused, undefined, how)).accessToken,
    isRefused: ({ code }) => code === 'ERR_UPSTREAM_UNAUTHORIZED',
    send: (call, accessToken, how) =>
      caller(
        {
          ...call,
          // Logto compares the scheme with its case.
          headers: { ...call.headers, authorization: `Bearer ${accessToken}` },
          read: (response) => call.read?.(withoutStatusText(response)),
        },
        how,
      ),
  })
}
