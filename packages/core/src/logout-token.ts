import type { AuthenticatorParts } from './authenticator-parts.ts'
import type { HttpRequest } from './credentials.ts'
import { refused } from './errors.ts'
import { isName, isObject, isStrings } from './json.ts'
import { readCompactJws } from './jws.ts'
import { quoted } from './redact.ts'
import type { Route } from './route.ts'
import { firstVerdict } from './routes.ts'
import type { Claims, Seconds } from './types.ts'
import { assertSignature, assertType } from './verify.ts'

/** What a verified logout token says. */
export interface LogoutToken {
  readonly issuer: string
  readonly jti: string
  readonly issuedAt: Seconds
  /** When it can be taken for granted that it is not accepted any more. */
  readonly until: Seconds
  /** One of these is there at least. */
  readonly session?: string
  readonly subject?: string
}

/** What a logout token has to be, beyond what section 2.6 says of each. */
export interface LogoutTokenRules {
  /** Instead of those of the providers. */
  readonly clientIds: readonly string[] | undefined
  readonly tokenTypes: readonly (string | null)[]
  /** How old a token may be. */
  readonly maxAge: Seconds
}

const event = 'http://schemas.openid.net/event/backchannel-logout'
const maxTokenLength = 16 * 1024

/** The apps that an issuer's logout tokens are for. */
export function clientIdsOf({ provider }: Route, { clientIds }: Pick<LogoutTokenRules, 'clientIds'>) {
  return provider.jwt === undefined ? [] : (clientIds ?? provider.clientIds ?? [])
}

/**
 * Verifies a logout token, each step of section 2.6. What costs nothing comes before the signature.
 * @param request whose turn it is when signatures have to wait
 * @throws {AuthError} `ERR_TOKEN_…`; `ERR_PROVIDER_UNAVAILABLE` when the keys cannot be had
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export async function verifyLogoutToken(
  token: string,
  request: HttpRequest,
  { routes, clock, clockTolerance, admit }: AuthenticatorParts,
  rules: LogoutTokenRules,
): Promise<LogoutToken> {
  if (token.length > maxTokenLength) throw refused('ERR_TOKEN_TOO_LARGE', `longer than ${maxTokenLength} characters`)
  const jws = readCompactJws(token)
  if (jws === undefined) throw refused('ERR_TOKEN_MALFORMED', 'the logout token is no JWT')
  const { claims } = jws
  assertType(jws.typ, rules.tokenTypes)
  const addressees = addresseesOf(claims, routes, rules)
  const issuedAt = assertTimes(claims, clock.now() / 1000, clockTolerance, rules.maxAge)
  const { sub, sid, jti } = claims
  if (!isName(jti)) throw refused('ERR_TOKEN_CLAIMS', 'jti is not a text')
  for (const [name, value] of Object.entries({ sub, sid }))
    if (value !== undefined && !isName(value)) throw refused('ERR_TOKEN_CLAIMS', `${name} is not a text`)
  if (sub === undefined && sid === undefined) throw refused('ERR_TOKEN_CLAIMS', 'it has neither sub nor sid')
  if (!isObject(claims.events) || !isObject(claims.events[event]))
    throw refused('ERR_TOKEN_CLAIMS', 'its events tell of no back-channel logout')
  if (Object.hasOwn(claims, 'nonce')) throw refused('ERR_TOKEN_CLAIMS', 'it has a nonce, as ID tokens do')
  const { issuer } = await firstVerdict(addressees, async ({ provider, keys }) => {
    const algorithm = provider.jwt?.algorithms.find((name) => name === jws.alg)
    if (algorithm === undefined || keys === undefined)
      throw refused('ERR_TOKEN_ALGORITHM', `alg is ${quoted(jws.alg)} (option algorithms of ${provider.name})`)
    await assertSignature(jws, algorithm, keys, admit, request)
    return provider
  })
  return {
    issuer,
    jti,
    issuedAt,
    until: issuedAt + rules.maxAge + 2 * clockTolerance,
    ...(isName(sid) && { session: sid }),
    ...(isName(sub) && { subject: sub }),
  }
}

// Looked up, never fetched. Of several providers of one issuer, those whose app the token is for: they may know other keys, or algorithms.
function addresseesOf({ iss, aud }: Claims, routes: readonly Route[], rules: LogoutTokenRules): readonly Route[] {
  const isOf = ({ provider }: Route) =>
    typeof iss === 'string' && (provider.issuer === iss || provider.issuerAliases?.includes(iss))
  const found = routes.filter(isOf)
  if (found.length === 0)
    throw refused('ERR_TOKEN_ISSUER', `no provider has the issuer ${quoted(iss)} (option issuerAliases)`)
  const audiences = typeof aud === 'string' ? [aud] : isStrings(aud) ? aud : []
  const addressees = found.filter((one) => clientIdsOf(one, rules).some((id) => audiences.includes(id)))
  if (addressees.length > 0) return addressees
  const shown = audiences.slice(0, 3).map(quoted).join(', ')
  throw refused('ERR_TOKEN_AUDIENCE', `aud is ${shown || 'absent'} (option clientId)`)
}

// `exp` is required, and a real Logto 1.41 leaves it out: what bounds the life of every token is `iat`.
function assertTimes({ iat, exp }: Claims, now: Seconds, tolerance: Seconds, maxAge: Seconds): Seconds {
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw refused('ERR_TOKEN_CLAIMS', 'iat is not a number')
  if (exp !== undefined && !(typeof exp === 'number' && Number.isFinite(exp)))
    throw refused('ERR_TOKEN_CLAIMS', 'exp is not a number')
  if (iat - tolerance > now) throw refused('ERR_TOKEN_NOT_YET_VALID', 'iat is ahead of our clock')
  if (Math.min(exp ?? Number.POSITIVE_INFINITY, iat + maxAge) + tolerance <= now)
    throw refused('ERR_TOKEN_EXPIRED', 'the logout token has ended, or is too old (option maxAge)')
  return iat
}
