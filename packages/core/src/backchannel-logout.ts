import * as z from 'zod'
import type { Authenticator } from './authenticator.ts'
import { partsOf } from './authenticator-parts.ts'
import { AuthError, isAuthError } from './errors.ts'
import { publishRefusal } from './events.ts'
import { lazily } from './lazily.ts'
import { clientIdsOf, type LogoutTokenRules, verifyLogoutToken } from './logout-token.ts'
import { invalidOptions, readOptions, seconds, text } from './options.ts'
import { createReplayStore, type ReplayStore } from './replays.ts'
import { type FormRequest, readForm } from './session/form.ts'
import type { HttpAnswer } from './session/page-request.ts'
import type { Seconds } from './types.ts'

/** Which logout tokens are taken. Durations are seconds. */
export interface BackchannelLogoutOptions {
  /** Whom a token has to be for (`aud`). Default: the option `client` of its provider. */
  clientId?: string | readonly string[]
  /** Accepted `typ` headers; `null` stands for none at all. Default `['logout+jwt']`; older servers need `['logout+jwt', 'JWT']`. */
  tokenTypes?: readonly (string | null)[]
  /** How old a token may be. From 10 to 3600, default 300. */
  maxAge?: Seconds
  /** Where it is remembered which tokens have been taken; closed by whoever made it. Default: in this process. */
  replays?: ReplayStore
}

/** Answers what a provider sends when a session there has ended. */
export type BackchannelLogout = (request: FormRequest) => Promise<HttpAnswer>

const schema = lazily(() =>
  z.strictObject({
    clientId: z.union([text, z.array(text).min(1, 'must name at least one')]).optional(),
    tokenTypes: z
      .array(z.union([text, z.null()]))
      .min(1, 'must name at least one')
      .optional(),
    maxAge: seconds(10, 3600).optional(),
    replays: z
      .custom<ReplayStore>(
        (value) => typeof value === 'object' && value !== null && 'once' in value,
        'must be a ReplayStore',
      )
      .optional(),
  }),
)

const maxFormBytes = 32 * 1024

/**
 * Makes what answers logout tokens: a session that has ended at its provider is revoked here, by `sid`; a token with `sub` alone ends all
 * of the user's sessions that began before it was issued. The answer is 200 when the revocation is as durable as the list promises,
 * 400 for what is no logout token of ours, and 503 when it could not be stored: then the same token can be sent again.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, also without a provider whose app is known
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
 */
export function createBackchannelLogout(
  authenticator: Authenticator,
  options: BackchannelLogoutOptions = {},
): BackchannelLogout {
  const where = 'backchannelLogout'
  const checked = readOptions(where, schema(), options)
  const parts = partsOf(authenticator, where)
  const rules: LogoutTokenRules = {
    clientIds: checked.clientId === undefined ? undefined : [checked.clientId].flat(),
    tokenTypes: checked.tokenTypes ?? ['logout+jwt'],
    maxAge: checked.maxAge ?? 300,
  }
  const { replays = createReplayStore({ clock: parts.clock }) } = checked
  if (parts.routes.every((route) => clientIdsOf(route, rules).length === 0))
    throw invalidOptions(
      where,
      'there is nobody whom a logout token could be for: set clientId, or client of a provider',
    )

  async function accept(request: FormRequest): Promise<void> {
    const form = await readForm(request, maxFormBytes)
    const [token, ...more] = form.getAll('logout_token')
    if (token === undefined || more.length > 0) throw malformed('there is not exactly one logout_token')
    const { issuer, jti, issuedAt, until, session, subject } = await verifyLogoutToken(token, request, parts, rules)
    // First of all, and the same each time: a token whose revocation could not be stored must not be used up.
    if (session !== undefined) await authenticator.revoke({ session, provider: issuer })
    else await authenticator.revoke({ subject: subject as string, provider: issuer, issuedBefore: issuedAt })
    if (await replays.once(JSON.stringify(['logout', issuer, jti]), until)) return
    throw new AuthError('ERR_TOKEN_REVOKED', { explanation: 'this logout token has been here before' })
  }

  return async (request) => {
    if (request.method !== 'POST') return answer(405, { Allow: 'POST' }, 'invalid_request', 'Use POST.')
    try {
      await accept(request)
      return answer(200)
    } catch (error) {
      if (!isAuthError(error) || error.code === 'ERR_OPTIONS_INVALID') throw error
      publishRefusal(error)
      if (error.status === 503) return answer(503, error.headers, 'temporarily_unavailable', 'Send it again later.')
      return answer(400, {}, 'invalid_request', 'This is not one valid logout token for this app.')
    }
  }
}

function answer(status: number, headers: HttpAnswer['headers'] = {}, error?: string, description?: string): HttpAnswer {
  const common = { 'Cache-Control': 'no-store', ...headers }
  if (error === undefined) return { status, headers: common, body: '' }
  const body = JSON.stringify({ error, error_description: description })
  return { status, headers: { ...common, 'Content-Type': 'application/json' }, body }
}

function malformed(explanation: string): AuthError {
  return new AuthError('ERR_REQUEST_MALFORMED', { explanation })
}
