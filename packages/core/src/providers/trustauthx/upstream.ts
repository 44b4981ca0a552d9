import { type AuthError, unavailable } from '../../errors.ts'
import { isPage, type JsonResponse } from '../../http.ts'
import type { ProviderContext } from '../../provider.ts'
import { retryAfter } from '../../response-headers.ts'
import type { RoleFreshness } from '../../roles/set.ts'
import type { Seconds } from '../../types.ts'
import { createOrganizationRoles, type OrganizationRoles } from './roles.ts'
import { createCallUrl, defaultRefusedStatuses, paths, type TrustAuthXCredentials } from './wire.ts'

/** TrustAuthX as one authenticator reaches it. */
export interface Upstream {
  /** One call, not repeated. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` without an answer */
  ask(path: string, parameters: Readonly<Record<string, string>>, method?: 'GET' | 'DELETE'): Promise<JsonResponse>
  readonly roles: OrganizationRoles
  /**
   * Whether an answer says that a token is not valid; a page never does. It may be about our own key instead, so it is believed
   * only where the roles, which take no token, have just not been refused in the same way.
   * @param within for how many seconds that counts
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it is our key that is refused
   */
  isRefusal(response: JsonResponse, within: Seconds): Promise<boolean>
  /**
   * Makes sure that it is not our own key that is refused with this status.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it is
   */
  assertKey(status: number, within: Seconds): Promise<void>
}

/** For so many seconds after our own key has worked, a refusal is about the token. */
export const believeFor: Seconds = 10

interface UpstreamOptions extends TrustAuthXCredentials {
  readonly base: string
  readonly roles?: RoleFreshness | undefined
  readonly refusedStatuses?: readonly number[] | undefined
  readonly checkCredentials?: boolean | undefined
}

/** Makes what one authenticator asks TrustAuthX with. */
export function createUpstream(options: UpstreamOptions, { request, clock }: ProviderContext): Upstream {
  const { base, orgId, refusedStatuses = defaultRefusedStatuses, checkCredentials = true } = options
  const url = createCallUrl(base, options)
  let keyStatus: number | undefined

  const roles = createOrganizationRoles({
    ...options.roles,
    clock,
    base,
    orgId,
    async load() {
      const response = await request(url(paths.role, { org_id: orgId }))
      const { status } = response
      // Any other status says nothing about our key.
      if (status === 200 || (refusedStatuses.includes(status) && !isPage(response))) keyStatus = status
      if (response.status !== 200) throw unexpected(base, 'the list of roles', response)
      if (!Array.isArray(response.body)) throw nonsense(base, 'the list of roles')
      return response.body
    },
  })

  async function assertKey(status: number, within: Seconds): Promise<void> {
    if (!checkCredentials || !refusedStatuses.includes(status)) return
    await roles.confirm(within)
    if (keyStatus === status) throw unavailable(`${base} refuses our own key (options apiKey, secretKey, orgId)`)
  }

  return {
    async ask(path, parameters, method = 'GET') {
      const response = await request(url(path, parameters), { method })
      roles.hint(response.headers.get('x-edge'))
      return response
    },
    roles,
    async isRefusal(response, within) {
      const { status } = response
      if (!refusedStatuses.includes(status) || isPage(response)) return false
      await assertKey(status, within)
      return true
    },
    assertKey,
  }
}

/** An answer with a status that says nothing about a token. */
export function unexpected(base: string, what: string, { status, headers }: JsonResponse): AuthError {
  return unavailable(`${base}: ${what} was answered with status ${status}`, retryAfter(headers))
}

/** An answer that is not what it should be. */
export function nonsense(base: string, what: string, cause?: unknown): AuthError {
  return unavailable(`${base}: ${what} was not answered as it should be`, cause === undefined ? {} : { cause })
}
