import * as z from 'zod'
import type { Authenticator } from '../../authenticator.ts'
import type { CallOptions, ClientOptions } from '../../client-options.ts'
import { clientSchema } from '../../client-schema.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { isAuthError } from '../../errors.ts'
import { at } from '../../json.ts'
import { readOptions, text } from '../../options.ts'
import type { RevocationRequest } from '../../revocation-request.ts'
import { secureAddress } from '../secure-address.ts'
import { createAsk } from './calls.ts'
import { createBrowserCalls, type TrustAuthXBrowserCalls } from './client-browser.ts'
import {
  type AssignOptions,
  assignRoles,
  createRolesClient,
  listRoles,
  type RoleAssignment,
  type TrustAuthXRoles,
} from './client-roles.ts'
import { createTokenCalls, type TrustAuthXTokenCalls } from './client-tokens.ts'
import { createLoginCookie } from './login.ts'
import { createOrganizationRoles } from './roles.ts'
import { credentialsSchema, jsonOf, refusedStatusesSchema, subDomainSchema, validityOfSchema } from './schema.ts'
import { believeFor } from './upstream.ts'
import { baseOf, createCallUrl, defaultRefusedStatuses, paths, type TrustAuthXCredentials } from './wire.ts'

/** What a client is made of. Durations are seconds. */
export interface TrustAuthXClientOptions extends TrustAuthXCredentials, ClientOptions {
  /** https, or http on loopback. Default `https://api.trustauthx.com`. */
  apiBaseUrl?: string
  /** The hosted login page. Default `https://app.trustauthx.com/widget/login/`. */
  loginUrl?: string
  /** The organization's own sub-domain of the login page. Default: it has none. */
  subDomain?: string
  /** What `iss` of signed answers must be. Default: anything. */
  envelopeIssuer?: string
  /** Whose end the `exp` of signed answers is. With `envelope` nobody knows when tokens end. Default `accessToken`. */
  expiryOf?: 'accessToken' | 'envelope'
  /** The statuses that mean "this token is not valid", of 201 to 499. Default 202, 203, 401, 403. */
  refusedStatuses?: readonly number[]
  /**
   * What the body of a validation with status 200 says of the token: `true` that it is good, `false` that it is not, nothing that the
   * answer is none, which is an outage. Default: the body itself where it is `true` or `false`.
   */
  validityOf?: (body: unknown) => boolean | undefined
  /** Looks at the list of roles before a refusal is believed to be about a token and not about our own key. Default true. */
  checkCredentials?: boolean
  /** Puts the cookie of `startLogin` on http too: for development on loopback only. Default false. */
  insecureLoginCookie?: boolean
  /**
   * Enables `generateEditUserUrl`, whose address gives the end user the organization's API key and a signed key that never expires:
   * enough to call the whole API, and to assign roles to anybody. Default false.
   */
  dangerouslyAllowCredentialsInBrowser?: boolean
  /**
   * Where sessions end too that this client ends (`revokeToken`, `signOffSession`): an authenticator, or what does the same as its
   * `revoke`. Their access tokens are refused at once then, and not only when a good answer about them is too old (`cacheFor`). Default: nowhere.
   */
  auth?: Authenticator | ((what: RevocationRequest) => Promise<void>)
  /** For tests. Default: the machine's. */
  clock?: Clock
}

/**
 * The API of TrustAuthX, as an organization's server calls it. Nothing is repeated that changes something or uses something up.
 * @throws {AuthError} each call: `ERR_UPSTREAM_UNAUTHORIZED`, `ERR_UPSTREAM_FORBIDDEN`, `ERR_UPSTREAM_NOT_FOUND`, `ERR_UPSTREAM_INVALID`,
 * `ERR_PROVIDER_UNAVAILABLE`, `ERR_OPTIONS_INVALID`; and what changes something or uses something up: `ERR_UPSTREAM_UNKNOWN`
 */
export interface TrustAuthXClient extends TrustAuthXBrowserCalls, TrustAuthXTokenCalls {
  /** Gives a user roles. Tokens that are there keep the old ones, unless `signOffSession` ends them. */
  attachRole(uid: string, roleIds: string | readonly string[], options?: AssignOptions): Promise<RoleAssignment>
  /** Takes roles from a user; as `attachRole`. */
  removeRole(uid: string, roleIds: string | readonly string[], options?: AssignOptions): Promise<RoleAssignment>
  /** Gives a user roles and takes others away, in one call; as `attachRole`. */
  updateRole(
    uid: string,
    roleIds: { add?: string | readonly string[]; remove?: string | readonly string[] },
    options?: AssignOptions,
  ): Promise<RoleAssignment>
  readonly roles: TrustAuthXRoles
  /**
   * Asks whether the API is there, without credentials.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it is not, `ERR_UPSTREAM_NOT_FOUND` where another one is
   */
  ping(options?: CallOptions): Promise<void>
  /** The organization. */
  readonly orgId: string
  /** Where it calls, without slashes at the end. */
  readonly apiBaseUrl: string
}

const schema = z.strictObject({
  ...credentialsSchema,
  ...clientSchema,
  apiBaseUrl: secureAddress.optional(),
  loginUrl: secureAddress.optional(),
  subDomain: subDomainSchema.optional(),
  envelopeIssuer: text.optional(),
  expiryOf: z.enum(['accessToken', 'envelope']).optional(),
  refusedStatuses: refusedStatusesSchema,
  validityOf: validityOfSchema,
  checkCredentials: z.boolean().optional(),
  insecureLoginCookie: z.boolean().optional(),
  dangerouslyAllowCredentialsInBrowser: z.boolean().optional(),
  auth: z
    .custom<NonNullable<TrustAuthXClientOptions['auth']>>(
      (value) => typeof value === 'function' || typeof at(value, ['revoke']) === 'function',
      'must be an authenticator or a function',
    )
    .optional(),
  clock: z
    .custom<Clock>((value) => typeof value === 'object' && value !== null && 'monotonic' in value, 'must be a Clock')
    .optional(),
})

type Checked = z.output<typeof schema>

const truth = z.unknown().refine(Boolean, 'is not true')

/**
 * Makes a client for one organization. Nothing is fetched before the first call.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://docs.trustauthx.com
 */
export function createTrustAuthXClient(options: TrustAuthXClientOptions): TrustAuthXClient {
  const checked = readOptions('createTrustAuthXClient', schema, options)
  const { secretKey, orgId, clock = systemClock, refusedStatuses = defaultRefusedStatuses } = checked
  const base = baseOf(checked.apiBaseUrl)
  const now = () => clock.now() / 1000
  const ask = createAsk({ ...checked, base, onEdge: (edge) => directory.hint(edge) })
  let keyStatus: number | undefined

  const directory = createOrganizationRoles({
    clock,
    base,
    orgId,
    async load() {
      try {
        const list = await listRoles(ask, orgId)
        keyStatus = 200
        return list
      } catch (error) {
        const status = isAuthError(error) ? error.upstream?.status : undefined
        // Any other failure says nothing about our key.
        if (status !== undefined && refusedStatuses.includes(status)) keyStatus = status
        throw error
      }
    },
  })

  async function isOurKey(status: number): Promise<boolean> {
    if (checked.checkCredentials === false || !refusedStatuses.includes(status)) return false
    await directory.confirm(believeFor)
    return keyStatus === status
  }

  async function isRefusal(error: unknown): Promise<boolean> {
    const status = isAuthError(error) ? error.upstream?.status : undefined
    return status !== undefined && refusedStatuses.includes(status) && !(await isOurKey(status))
  }

  const tokens = createTokenCalls({
    ask,
    clock,
    isRefusal,
    validityOf: checked.validityOf,
    expiryOf: checked.expiryOf ?? 'accessToken',
    checks: () => ({ secretKey, issuer: checked.envelopeIssuer, now: now() }),
  })
  const browser = createBrowserCalls({
    ...checked,
    ask,
    base,
    tokens,
    now,
    callUrl: createCallUrl(base, checked),
    isOurKey,
    loginPage: loginPageOf(checked, orgId),
    cookie: createLoginCookie(secretKey, orgId, checked.insecureLoginCookie !== true),
    isEditUrlAllowed: checked.dangerouslyAllowCredentialsInBrowser === true,
  })
  const { auth } = checked
  const revoke = typeof auth === 'object' ? (what: RevocationRequest) => auth.revoke(what) : auth
  const endHere = async (token: string) => revoke?.({ token, upstream: false })

  async function assign(operation: string, uid: string, roleIds: Assignment, given?: AssignOptions) {
    const ids = { add: listOf(roleIds.add), remove: listOf(roleIds.remove) }
    const assignment = await assignRoles(ask, orgId, operation, uid, ids, given)
    const ended = given?.signOffSession?.accessToken
    // Whoever cannot be told now is told later, and the provider refuses the token by itself: the new tokens must not be lost for it.
    if (ended !== undefined) await endHere(ended).catch(() => {})
    return assignment
  }

  return {
    ...browser,
    ...tokens,
    async revokeToken(what, given) {
      try {
        if (what.accessToken !== undefined && what.refreshToken === undefined) await endHere(what.accessToken)
      } finally {
        await tokens.revokeToken(what, given)
      }
    },
    attachRole: async (uid, roleIds, given) => assign('attachRole', uid, { add: roleIds }, given),
    removeRole: async (uid, roleIds, given) => assign('removeRole', uid, { remove: roleIds }, given),
    updateRole: async (uid, roleIds, given) => assign('updateRole', uid, roleIds, given),
    roles: createRolesClient(ask, base, orgId, directory),
    async ping(given) {
      await ask({ operation: 'ping', path: paths.ping, isOpen: true, read: jsonOf, schema: truth }, given)
    },
    orgId,
    apiBaseUrl: base,
  }
}

type Assignment = Parameters<TrustAuthXClient['updateRole']>[1]

function listOf(ids: string | readonly string[] | undefined): readonly string[] {
  return ids === undefined ? [] : [ids].flat()
}

function loginPageOf({ loginUrl, subDomain }: Pick<Checked, 'loginUrl' | 'subDomain'>, orgId: string): string {
  const page = new URL(loginUrl ?? 'https://app.trustauthx.com/widget/login/')
  if (subDomain !== undefined) page.hostname = `${subDomain}.${page.hostname}`
  page.searchParams.set('org_id', orgId)
  return page.href
}
