import * as z from 'zod'
import { type Clock, systemClock } from './clock.ts'
import { AuthError, isAuthError, unavailable } from './errors.ts'
import { lazily } from './lazily.ts'
import { functionOf, readOptions, seconds } from './options.ts'
import type { Seconds } from './types.ts'

/** A token for a machine, as an issuer gave it. */
export interface MachineToken {
  readonly accessToken: string
  /** Lifetime in seconds, counted from before it was asked for. */
  readonly expiresIn: Seconds
  readonly scopes: readonly string[]
}

/** Keeps one machine token fresh for each set of parameters (scopes, resource, organization). */
export interface TokenManager<Parameters> {
  /** A token that is good for now: at once if one is held, else after one shared request. @throws {AuthError} as the request does */
  get(parameters: Parameters): Promise<MachineToken>
  /**
   * For a token that the API refused with 401: forgets it and gets another, once for all who hold the same one.
   * @param refused the access token that was refused
   */
  renew(parameters: Parameters, refused: string): Promise<MachineToken>
  /** Forgets tokens, of these parameters or all, those that are being asked for too, so that new rights show. */
  invalidate(parameters?: Parameters): void
}

/** What a token manager is made of. */
export interface TokenManagerOptions<Parameters> {
  /**
   * Asks the issuer. What it throws that is no `AuthError` becomes `ERR_PROVIDER_UNAVAILABLE`.
   * @param previous the token whose place the new one takes, ended or not; absent for the first, and after a refusal
   */
  request: (parameters: Parameters, previous: MachineToken | undefined) => Promise<MachineToken>
  /** Tells sets of parameters apart; the order of scopes should not matter. Default: their JSON. */
  keyOf?: (parameters: Parameters) => string
  /** How long before its end a token is renewed, in seconds; never more than half its life. Default 60, at most 86400. */
  renewAhead?: Seconds
  /** For tests. Default: the machine's. */
  clock?: Pick<Clock, 'monotonic'>
}

interface Held {
  readonly token: MachineToken
  renewAt: number
  readonly endsAt: number
}

const schema = lazily(() =>
  z.strictObject({
    request: functionOf<TokenManagerOptions<unknown>['request']>(),
    keyOf: functionOf<NonNullable<TokenManagerOptions<unknown>['keyOf']>>().optional(),
    renewAhead: seconds(0, 86_400).optional(),
    clock: z
      .custom<Pick<Clock, 'monotonic'>>(
        (value) => typeof value === 'object' && value !== null && 'monotonic' in value,
        'must be a Clock',
      )
      .optional(),
  }),
)

// After a background renewal has failed.
const pauseAfterFailure: Seconds = 5
const maxHeld = 1000

/**
 * Keeps tokens of the client-credentials grant, or of any other that needs no user: one for each set of parameters, renewed ahead of
 * its end in the background, by one request at a time, and used until its end while the issuer is down.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export function createTokenManager<Parameters>(options: TokenManagerOptions<Parameters>): TokenManager<Parameters> {
  const {
    request,
    keyOf = JSON.stringify,
    renewAhead = 60,
    clock = systemClock,
  } = readOptions('createTokenManager', schema(), options) as TokenManagerOptions<Parameters>
  const held = new Map<string, Held>()
  const underWay = new Map<string, Promise<MachineToken>>()

  function fetch(key: string, parameters: Parameters): Promise<MachineToken> {
    let running = underWay.get(key)
    if (running === undefined) {
      // What was asked for before the rights changed is for those who wait for it, and is not kept.
      const isCurrent = () => underWay.get(key) === running
      running = obtain(key, parameters, isCurrent).finally(() => {
        if (isCurrent()) underWay.delete(key)
      })
      underWay.set(key, running)
    }
    return running
  }

  async function obtain(key: string, parameters: Parameters, isCurrent: () => boolean): Promise<MachineToken> {
    const started = clock.monotonic()
    let token: MachineToken
    try {
      token = await request(parameters, held.get(key)?.token)
    } catch (error) {
      throw isAuthError(error) ? error : unavailable('no machine token could be had', { cause: error })
    }
    // What ends at no time would be held for ever. RFC 6749 section 5.1: a server need not tell.
    if (!Number.isFinite(token?.expiresIn))
      throw unavailable('a machine token came without its lifetime: give expiresIn, as the server documents it')
    if (!isCurrent()) return token
    // Never later than half its life: a lifetime may be seconds.
    const ahead = Math.min(renewAhead, token.expiresIn / 2)
    if (held.size >= maxHeld) held.delete(held.keys().next().value as string)
    held.set(key, {
      token,
      renewAt: started + (token.expiresIn - ahead) * 1000,
      endsAt: started + token.expiresIn * 1000,
    })
    return token
  }

  return {
    async get(parameters) {
      const key = keyOf(parameters)
      const entry = held.get(key)
      const now = clock.monotonic()
      if (entry === undefined || now >= entry.endsAt) return fetch(key, parameters)
      if (now >= entry.renewAt) {
        // The old one is good until its end, whatever comes of this.
        entry.renewAt = now + pauseAfterFailure * 1000
        fetch(key, parameters).catch(() => {})
      }
      return entry.token
    },
    async renew(parameters, refused) {
      const key = keyOf(parameters)
      const entry = held.get(key)
      if (entry !== undefined && entry.token.accessToken !== refused) return entry.token
      held.delete(key)
      return fetch(key, parameters)
    },
    invalidate(parameters) {
      for (const one of [held, underWay]) {
        if (parameters === undefined) one.clear()
        else one.delete(keyOf(parameters))
      }
    },
  }
}

/** @throws {AuthError} `ERR_UPSTREAM_FORBIDDEN` when the issuer gave less than was asked for, which it does without an error */
export function assertScopes(provider: string, token: MachineToken, wanted: readonly string[]): MachineToken {
  const missing = wanted.filter((scope) => !token.scopes.includes(scope))
  if (missing.length === 0) return token
  throw new AuthError('ERR_UPSTREAM_FORBIDDEN', {
    explanation: `${provider} gave no ${missing.join(', ')}: does the client have a role with it?`,
    upstream: { provider, operation: 'clientCredentials' },
  })
}
