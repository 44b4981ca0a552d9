import * as z from 'zod'
import type { Caller } from '../../client.ts'
import { assertScopes, createTokenManager, type MachineToken } from '../../client-credentials.ts'
import type { CallOptions } from '../../client-options.ts'
import type { Clock } from '../../clock.ts'
import { AuthError, isAuthError } from '../../errors.ts'
import { quoted } from '../../redact.ts'
import { basicAuthorization } from '../../token-endpoint.ts'
import type { Seconds } from '../../types.ts'
import { waitFor } from '../../wait-for.ts'
import { type LogtoExchange, readExchange, type TokenTarget } from './token-exchange.ts'

/** What a machine-to-machine token is for: an API, an organization, or an API within an organization. */
export type LogtoTokenRequest =
  | { readonly resource: string; readonly organization?: string; readonly scopes?: readonly string[] }
  | { readonly organization: string; readonly resource?: undefined; readonly scopes?: readonly string[] }

/** A machine-to-machine token. */
export type LogtoMachineToken = MachineToken

/**
 * Tokens of a machine-to-machine application, one held for each API, organization and set of scopes. A token is renewed in the
 * background a minute before it ends (half-way, when it lives less than two), by one request for all who wait, and is used until
 * its end while Logto is down.
 */
export interface LogtoTokens {
  /**
   * A token that is good for now. Without a request: one for the Management API.
   * @throws {AuthError} `ERR_UPSTREAM_FORBIDDEN` when the application has no role with all scopes asked for, which Logto itself
   * says by leaving them out; `ERR_UPSTREAM_INVALID`, `ERR_UPSTREAM_UNAUTHORIZED`, `ERR_PROVIDER_UNAVAILABLE`
   */
  get(request?: LogtoTokenRequest, options?: CallOptions): Promise<LogtoMachineToken>
  /**
   * For a token that an API has refused with 401, as happens when Logto's keys were changed twice: a new one, asked for once for
   * all who held it.
   * @param refused - The access token that was refused.
   * @throws {AuthError} as `get` does
   */
  renew(refused: string, request?: LogtoTokenRequest, options?: CallOptions): Promise<LogtoMachineToken>
  /**
   * A user's access token without the user: for another token that stands for them. The application needs `allowTokenExchange`. Nothing is
   * held; there is no refresh token, ask again.
   * @throws {AuthError} `ERR_OPTIONS_INVALID`; `ERR_UPSTREAM_INVALID` for a token that is dead, used up or unknown (`invalid_grant`), for an
   * API that Logto does not know, and for an application that may not; `ERR_UPSTREAM_FORBIDDEN` for who is no member of the organization,
   * and for scopes that the user does not have; `ERR_UPSTREAM_UNAUTHORIZED`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_UPSTREAM_UNKNOWN`
   */
  exchange(request: LogtoExchange, options?: CallOptions): Promise<LogtoMachineToken>
  /** Forgets tokens, of this request or all: rights that an application gained or lost show in new tokens only. */
  invalidate(request?: LogtoTokenRequest): void
}

interface MachineTokenOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly managementResource: string
  readonly caller: Caller
  /** For calls that say nothing else. */
  readonly timeout: Seconds
  readonly clock: Pick<Clock, 'monotonic'>
}

const answer = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  token_type: z.string().regex(/^bearer$/i),
  // Missing when nothing was granted.
  scope: z.string().optional(),
})

/** Makes the token manager of a client. @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
export function createMachineTokens(options: MachineTokenOptions): LogtoTokens {
  const { issuer, clientId, clientSecret, caller, timeout } = options
  const management: LogtoTokenRequest = { resource: options.managementResource, scopes: ['all'] }
  const headers = {
    authorization: basicAuthorization(clientId, clientSecret),
    'content-type': 'application/x-www-form-urlencoded',
  }

  async function call(
    operation: string,
    form: Readonly<Record<string, string>>,
    { resource, organization, scopes = [] }: TokenTarget,
    safe: boolean,
    how?: CallOptions,
  ): Promise<LogtoMachineToken> {
    const body = new URLSearchParams({
      ...form,
      ...(resource !== undefined && { resource }),
      ...(organization !== undefined && { organization_id: organization }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    })
    const url = `${issuer}/token`
    const sent = { operation, method: 'POST', url, shown: url, headers, body: body.toString() } as const
    const {
      access_token,
      expires_in,
      scope = '',
    } = await caller({ ...sent, expect: [200], schema: answer, safe }, how).catch((error: unknown) => {
      throw withHint(error, resource, options.managementResource)
    })
    const granted = scope.split(' ').filter((one) => one !== '')
    return assertScopes('logto', { accessToken: access_token, expiresIn: expires_in, scopes: granted }, scopes)
  }

  // A token more does no harm.
  const request = (asked: LogtoTokenRequest) =>
    call('clientCredentials', { grant_type: 'client_credentials' }, asked, true)

  const manager = createTokenManager({ clock: options.clock, request, keyOf })
  const wait = (token: Promise<LogtoMachineToken>, how: CallOptions) =>
    waitFor(token, { ...how, timeout: how.timeout ?? timeout }, 'logto gave no token')

  return {
    get: (asked = management, how = {}) => wait(manager.get(asked), how),
    renew: (refused, asked = management, how = {}) => wait(manager.renew(asked, refused), how),
    async exchange(given, how) {
      const { form, target, isUsedUp } = readExchange(given)
      return call('tokenExchange', form, target, !isUsedUp, { timeout, ...how })
    },
    invalidate: (asked) => manager.invalidate(asked),
  }
}

function keyOf({ resource, organization, scopes = [] }: LogtoTokenRequest): string {
  return JSON.stringify([resource, organization, [...new Set(scopes)].sort()])
}

// The usual mistake on a server of one's own: the resource is an identifier, not the server's address.
function withHint(error: unknown, resource: string | undefined, managementResource: string): unknown {
  if (!isAuthError(error) || error.upstream?.code !== 'invalid_target' || resource === undefined) return error
  const option = resource === managementResource ? ' (option managementResource)' : ''
  return new AuthError(error.code, {
    explanation: `${error.explanation}: ${quoted(resource)} is not the indicator of an API resource there${option}`,
    cause: error,
    upstream: error.upstream,
  })
}
