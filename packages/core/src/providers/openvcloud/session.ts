import * as z from 'zod'
import type { ApiCall, Caller } from '../../client.ts'
import { createTokenManager, type MachineToken, type TokenManager } from '../../client-credentials.ts'
import type { CallOptions } from '../../client-options.ts'
import type { Clock } from '../../clock.ts'
import { unavailable } from '../../errors.ts'
import { readCompactJws } from '../../jws.ts'
import type { Claims, Seconds } from '../../types.ts'

/** What calls are made with: a JWT in a header, or a legacy session id in the body. */
export interface Session {
  readonly kind: 'jwt' | 'authkey'
  readonly tokens: TokenManager<undefined>
}

// A session lives for five days from when it was last written, and reading does not renew it.
const sessionLife: Seconds = 4 * 86_400
// A JWT that does not say when it ends.
const unknownLife: Seconds = 300

/** Keeps a JWT, one request for all who wait. */
export function createJwtSession(
  getJwt: (options: CallOptions) => string | Promise<string>,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): Session {
  const request = async (): Promise<MachineToken> => {
    const accessToken = await getJwt({})
    const claims = claimsOf(accessToken)
    if (claims === undefined) throw unavailable('getJwt gave something else than a JWT')
    const { exp } = claims
    const expiresIn = typeof exp === 'number' ? Math.max(0, exp - clock.now() / 1000) : unknownLife
    return { accessToken, expiresIn, scopes: [] }
  }
  return { kind: 'jwt', tokens: createTokenManager({ clock, request, keyOf: () => '' }) }
}

/** Keeps an `authkey`, one login for all who wait. */
export function createLegacySession(login: () => Promise<string>, clock: Pick<Clock, 'monotonic'>): Session {
  const request = async () => ({ accessToken: await login(), expiresIn: sessionLife, scopes: [] })
  return { kind: 'authkey', tokens: createTokenManager({ clock, request, keyOf: () => '' }) }
}

const authkey = z.string().regex(/^[\w-]{16,128}$/)

/** Logs in. The blank `authkey` of old examples is left out: portals take it for a dead one. */
export function loginCall(base: string, username: string, password: string): ApiCall<string> {
  const url = `${base}/cloudapi/users/authenticate`
  return {
    operation: 'authenticate',
    method: 'POST',
    url,
    shown: url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password }).toString(),
    expect: [200],
    schema: authkey,
    // A session more does no harm.
    safe: true,
  }
}

/** The same call, with who makes it. */
export function withCredential<T>(call: ApiCall<T>, kind: Session['kind'], credential: string): ApiCall<T> {
  if (kind === 'jwt') return { ...call, headers: { ...call.headers, authorization: `bearer ${credential}` } }
  return {
    ...call,
    headers: { ...call.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ ...parametersOf(call), authkey: credential }),
  }
}

/** The parameters in the body of a call. */
function parametersOf({ body }: Pick<Parameters<Caller>[0], 'body'>): Readonly<Record<string, unknown>> {
  return typeof body === 'string' && body.startsWith('{') ? JSON.parse(body) : {}
}

/** What a portal will not take about a JWT, for the explanation of its refusal. */
export function faultOf(jwt: string): string | undefined {
  const claims = claimsOf(jwt)
  if (claims?.aud !== undefined) return 'the JWT has an aud, which OpenvCloud refuses: ask for it without audience'
  if (claims !== undefined && typeof claims.username !== 'string') {
    return 'the JWT is not that of a user: OpenvCloud takes no organizations'
  }
  return undefined
}

function claimsOf(token: unknown): Claims | undefined {
  try {
    return typeof token === 'string' ? readCompactJws(token)?.claims : undefined
  } catch {
    return undefined
  }
}
