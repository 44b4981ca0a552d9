import * as z from 'zod'
import type { Authenticator } from './authenticator.ts'
import { partsOf } from './authenticator-parts.ts'
import { proofAlgorithms } from './dpop/algorithms.ts'
import { lazily } from './lazily.ts'
import { address, readOptions, text } from './options.ts'
import type { HttpAnswer } from './session/page-request.ts'

/** What an API tells clients that do not know it yet. */
export interface ProtectedResourceOptions {
  /** The address of the API, which clients ask for tokens for: an audience of its providers. Without a fragment. */
  resource: string
  /** Who gives out tokens for it. Default: the issuers of all providers, as far as they are URLs. */
  authorizationServers?: readonly string[]
  /** Scopes that its guards ask for. Default: not told. */
  scopesSupported?: readonly string[]
  /** What people call it. Default: not told. */
  resourceName?: string
  /** Whether it takes tokens alone that are bound to a key: `dpop.required` of the middleware. Default: that it takes any is not told. */
  dpopBoundAccessTokensRequired?: boolean
}

const schema = lazily(() =>
  z.strictObject({
    resource: address.refine((value) => !value.includes('#'), 'must not have a fragment'),
    authorizationServers: z.array(address).min(1, 'must name at least one').optional(),
    scopesSupported: z.array(text).min(1, 'must name at least one').optional(),
    resourceName: text.optional(),
    dpopBoundAccessTokensRequired: z.boolean('must be true or false').optional(),
  }),
)

/**
 * Makes what answers with the metadata of an API, so that clients find out where to get a token for it. The answer is for everybody,
 * pages of other origins too.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc9728#section-3
 */
export function createProtectedResource(
  authenticator: Authenticator,
  options: ProtectedResourceOptions,
): (method: string | undefined) => HttpAnswer {
  const where = 'protectedResource'
  const checked = readOptions(where, schema(), options)
  const issuers = partsOf(authenticator, where).routes.map(({ provider }) => provider.issuer)
  const servers = checked.authorizationServers ?? issuers.filter((issuer) => address.safeParse(issuer).success)
  const body = JSON.stringify({
    resource: checked.resource,
    // What has no entries must be left out.
    ...(servers.length > 0 && { authorization_servers: [...new Set(servers)] }),
    scopes_supported: checked.scopesSupported,
    resource_name: checked.resourceName,
    ...(checked.dpopBoundAccessTokensRequired !== undefined && {
      dpop_signing_alg_values_supported: proofAlgorithms,
      dpop_bound_access_tokens_required: checked.dpopBoundAccessTokensRequired,
    }),
  })
  const open = { 'Access-Control-Allow-Origin': '*' }
  const methods = 'GET, HEAD, OPTIONS'
  return (method) => {
    if (method === 'GET' || method === 'HEAD')
      return { status: 200, headers: { ...open, 'Content-Type': 'application/json' }, body }
    if (method !== 'OPTIONS') return { status: 405, headers: { ...open, Allow: methods }, body: '' }
    const preflight = { 'Access-Control-Allow-Methods': methods, 'Access-Control-Allow-Headers': '*' }
    return { status: 204, headers: { ...open, ...preflight }, body: '' }
  }
}
