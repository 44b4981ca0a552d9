import type { Admit } from './admission.ts'
import type { Algorithm } from './algorithms.ts'
import type { Clock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import { AuthError, type AuthErrorCode, isAuthError, unavailable } from './errors.ts'
import { listening, publish } from './events.ts'
import { safeClaims } from './introspection.ts'
import { isStrings } from './json.ts'
import { type CompactJws, readCompactJws } from './jws.ts'
import type { VerificationKey } from './key.ts'
import type { KeySet } from './keys.ts'
import type { JwtProfile, OpaqueProfile, OpaqueVerdict, UserClaims } from './provider.ts'
import { quoted } from './redact.ts'
import { permissionName } from './roles/permission.ts'
import type { Route } from './route.ts'
import { acceptsAudience, type Routes, unknownIssuer } from './routes.ts'
import { type Judge, restsOn, type Verdict } from './standing.ts'
import type { Claims, Seconds, User, VerifiedToken, Verifier } from './types.ts'

interface JwtVerifierOptions {
  readonly routes: Routes
  /** Lets signatures wait for their turn: nothing else costs so much CPU, and nobody holds a place while a provider is asked. */
  readonly admit: Admit
  readonly clock: Clock
  /** For `exp`, `nbf` and `iat`, in seconds. */
  readonly clockTolerance: Seconds
  /** The longest life that is accepted, in seconds: no revocation has to be kept longer than this. */
  readonly maxTokenLifetime: Seconds
}

interface VerifierOptions extends JwtVerifierOptions {
  /** The providers that accept opaque tokens, in the order they are asked. */
  readonly opaque: readonly Route[]
}

const maxTokenLength = 16 * 1024
const defaultOpaqueCache: Seconds = 30
const maxOpaqueCache: Seconds = 300

/**
 * Makes the innermost verifier: token → which provider → type, audience and time → signature → the provider's own rules → user.
 * What costs nothing is checked first, so that an expired or foreign token costs no cryptography and no fetch.
 * @see https://www.rfc-editor.org/rfc/rfc8725
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
export function createVerifier(options: VerifierOptions): Judge {
  const verifyOpaque = createOpaqueVerifier(options)
  return async (token, request) => {
    const started = options.clock.monotonic()
    if (typeof token !== 'string') throw refused('ERR_TOKEN_MALFORMED', 'the token is not a text')
    if (token.length > maxTokenLength) throw refused('ERR_TOKEN_TOO_LARGE', `longer than ${maxTokenLength} characters`)
    const jws = readCompactJws(token, true)
    const routes = jws === undefined ? [] : routesOf(jws, options.routes)
    const verdict =
      jws !== undefined && routes.length > 0
        ? await firstVerdict(routes, (route) => verifyJwt(jws, route, options, request))
        : await verifyOpaque(token, jws)
    if (listening('claviger:verify')) {
      const { provider, issuer } = verdict.verified
      const kind = routes.length > 0 ? 'jwt' : 'opaque'
      publish('claviger:verify', { provider, issuer, kind, milliseconds: options.clock.monotonic() - started })
    }
    return verdict
  }
}

/**
 * Makes what tells of a JWT, whatever its time: whose it was, and when it was issued. Only its end is forgiven, and no event told.
 */
export function createReader(options: Omit<JwtVerifierOptions, 'clockTolerance'>): Verifier {
  const anyTime = { ...options, clockTolerance: Number.POSITIVE_INFINITY }
  return async (token) => {
    const jws = token.length > maxTokenLength ? undefined : readCompactJws(token, true)
    const routes = jws === undefined ? [] : routesOf(jws, options.routes)
    if (jws === undefined || routes.length === 0) throw refused('ERR_TOKEN_MALFORMED', 'this is no JWT of a provider')
    return (await firstVerdict(routes, (route) => verifyJwt(jws, route, anyTime, undefined))).verified
  }
}

// Looked up, never fetched: an unknown iss must not make us call its host.
function routesOf({ claims }: CompactJws, routes: Routes): readonly Route[] {
  const found = typeof claims.iss === 'string' ? routes.get(claims.iss) : undefined
  return (found ?? []).filter(({ provider }) => provider.jwt !== undefined)
}

// Each provider gives its own verdict. Who could not be asked might have said yes, so an outage outweighs a refusal.
function firstVerdict(routes: readonly Route[], ask: (route: Route) => Promise<Verdict>): Promise<Verdict> {
  return routes.length === 1 ? ask(routes[0] as Route) : bestVerdict(routes, ask)
}

async function bestVerdict(routes: readonly Route[], ask: (route: Route) => Promise<Verdict>): Promise<Verdict> {
  let verdict: unknown
  for (const route of routes) {
    try {
      return await ask(route)
    } catch (error) {
      if (!isAuthError(error)) throw error
      if (!isAuthError(verdict) || rank(error) > rank(verdict)) verdict = error
    }
  }
  throw verdict
}

// Among refusals the one that came furthest is the most telling: a foreign audience says less than a bad signature.
function rank({ code, status }: AuthError): number {
  if (status >= 500) return 2
  return code === 'ERR_TOKEN_AUDIENCE' ? 0 : 1
}

async function verifyJwt(
  jws: CompactJws,
  { provider, keys }: Route,
  options: JwtVerifierOptions,
  request: HttpRequest | undefined,
): Promise<Verdict> {
  const profile = provider.jwt as JwtProfile
  const offered = jws.offers.find((name) => profile.ignoredHeaders?.includes(name) !== true)
  if (offered !== undefined) throw refused('ERR_TOKEN_UNSUPPORTED', `the header has ${offered} (option ignoredHeaders)`)
  const algorithm = profile.algorithms.find((name) => name === jws.alg)
  if (algorithm === undefined) {
    throw refused(
      'ERR_TOKEN_ALGORITHM',
      `alg is ${quoted(jws.alg)}, not one of ${profile.algorithms.join(', ')} (option algorithms)`,
    )
  }
  assertKind(jws, profile)
  assertClaims(jws.claims, profile)
  assertTimes(jws.claims, options)
  const key = await assertSignature(jws, algorithm, keys as KeySet, (work) => options.admit(request, work))
  const refusal = profile.validate === undefined ? undefined : await profile.validate(jws.claims)
  if (refusal !== undefined) throw refused('ERR_TOKEN_REFUSED', `${provider.name}: ${refusal}`)
  const verified = toVerified(jws.claims, profile.user(jws.claims), provider, jws.claims.exp as Seconds)
  return { verified, standing: key }
}

function assertKind({ typ, claims }: CompactJws, { tokenTypes, idTokens }: JwtProfile): void {
  assertType(typ, tokenTypes)
  if ((typ !== undefined && shortType(typ) === 'at+jwt') || idTokens === true) return
  const kind = otherKindOf(claims)
  if (kind !== undefined) throw refused('ERR_TOKEN_TYPE', `this is ${kind}, not an access token`)
}

/**
 * RFC 8725 section 3.11; RFC 7515 section 4.1.9 lets "application/" be left out.
 * @throws {AuthError} `ERR_TOKEN_TYPE`
 */
export function assertType(typ: string | undefined, tokenTypes: readonly (string | null)[]): void {
  const found = typ === undefined ? null : shortType(typ)
  if (tokenTypes.some((accepted) => (accepted === null ? null : shortType(accepted)) === found)) return
  const accepted = tokenTypes.map((one) => one ?? 'none').join(', ')
  const explanation = `typ is ${typ === undefined ? 'absent' : quoted(typ)}, accepted: ${accepted} (option tokenTypes)`
  throw refused('ERR_TOKEN_TYPE', explanation)
}

function shortType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '')
}

const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash']

// Where `typ` does not tell, these claims do: they are in ID, refresh and logout tokens only.
function otherKindOf(claims: Claims): string | undefined {
  if (idTokenClaims.some((name) => claims[name] !== undefined) || claims.token_use === 'id') return 'an ID token'
  if (claims.events !== undefined) return 'a security event or logout token'
  const typ = typeof claims.typ === 'string' ? claims.typ.toLowerCase() : undefined
  if (typ === 'id' || typ === 'refresh' || typ === 'logout' || typ === 'offline') return `a token of type ${typ}`
  return undefined
}

function assertClaims(claims: Claims, profile: JwtProfile): void {
  for (const name of ['exp', ...profile.requiredClaims]) {
    if (!Object.hasOwn(claims, name)) throw refused('ERR_TOKEN_CLAIMS', `the claim ${name} is missing`)
  }
  for (const name of ['exp', 'nbf', 'iat', 'auth_time'] as const) {
    if (claims[name] !== undefined && !Number.isFinite(claims[name]))
      throw refused('ERR_TOKEN_CLAIMS', `${name} is not a number`)
  }
  for (const name of ['sub', 'jti', 'sid', 'client_id'] as const) {
    const value = claims[name]
    if (value !== undefined && !isName(value)) throw refused('ERR_TOKEN_CLAIMS', `${name} is not a text`)
  }
  const { aud } = claims
  if (aud !== undefined && typeof aud !== 'string' && !isStrings(aud)) {
    throw refused('ERR_TOKEN_CLAIMS', 'aud is neither a string nor a list of strings')
  }
  const audiences = aud === undefined ? [] : typeof aud === 'string' ? [aud] : aud
  if (!acceptsAudience(profile, audiences)) {
    const found = audiences.length === 0 ? 'absent' : audiences.slice(0, 3).map(quoted).join(', ')
    throw refused('ERR_TOKEN_AUDIENCE', `aud is ${found}, which is not for this API (option audience)`)
  }
}

// Lone surrogates all become the same character once they are stored: two names would be one.
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

function assertTimes({ exp, nbf, iat }: Claims, { clock, clockTolerance, maxTokenLifetime }: JwtVerifierOptions): void {
  const now = clock.now() / 1000
  if ((exp as Seconds) + clockTolerance <= now)
    throw refused('ERR_TOKEN_EXPIRED', `expired ${ago(now - (exp as Seconds))}`)
  const from = (nbf as Seconds | undefined) ?? now
  const issued = (iat as Seconds | undefined) ?? now
  if (from - clockTolerance > now) throw refused('ERR_TOKEN_NOT_YET_VALID', `nbf is ${ahead(from - now)}`)
  if (issued - clockTolerance > now) {
    throw refused('ERR_TOKEN_NOT_YET_VALID', `iat is ${ahead(issued - now)}: is a clock wrong?`)
  }
  // Counted from its issue where that is known: a token that is refused today must not become good when it has aged.
  if ((exp as Seconds) - Math.min(now, issued) > maxTokenLifetime + clockTolerance) {
    throw refused('ERR_TOKEN_CLAIMS', `it lives longer than ${maxTokenLifetime} s (option maxTokenLifetime)`)
  }
}

/**
 * Finds the key that has signed a JWS.
 * @param admit - Lets the work wait for its turn.
 * @throws {AuthError} `ERR_TOKEN_KEY`, `ERR_TOKEN_SIGNATURE`, `ERR_PROVIDER_UNAVAILABLE`
 */
export async function assertSignature(
  jws: CompactJws,
  algorithm: Algorithm,
  keys: KeySet,
  admit: (work: () => Promise<VerificationKey | undefined>) => Promise<VerificationKey | undefined>,
): Promise<VerificationKey> {
  const tried: VerificationKey[] = []
  for (;;) {
    const known = keys.find(algorithm, jws.kid)
    const found = known instanceof Promise ? await known : known
    const { generation } = keys
    const untried = found.filter((key) => !tried.includes(key))
    tried.push(...untried)
    const signer = untried.length === 0 ? undefined : await admit(() => signerOf(jws, algorithm, untried))
    if (signer !== undefined) return signer
    // A key without a name may have been replaced unnoticed: one look, within the cool-down.
    const unnamed = found.some((key) => key.kid === undefined || jws.kid === undefined)
    if (!unnamed || !(await keys.renew(generation)))
      throw restsOn(refused('ERR_TOKEN_SIGNATURE', 'the signature does not fit'), generation)
  }
}

async function signerOf(
  { signature, signingInput }: CompactJws,
  algorithm: Algorithm,
  keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  for (const key of keys) {
    if ((await key.verify(algorithm, signature, signingInput)) && key.alive) return key
  }
  return undefined
}

// Each unknown opaque token costs a request to its provider; a flood of them must not become a flood there. Each has its own limit, so
// that one which takes long to answer keeps nobody from the others.
const maxAsking = 256

function createOpaqueVerifier(options: VerifierOptions) {
  const { opaque, clock, maxTokenLifetime } = options
  const asking = new Map<Route, number>()

  async function askAt(route: Route, token: string): Promise<OpaqueVerdict> {
    const { provider, context } = route
    const before = asking.get(route) ?? 0
    if (before >= maxAsking)
      throw unavailable(`${provider.name} is being asked about ${maxAsking} opaque tokens already`, { retryAfter: 1 })
    asking.set(route, before + 1)
    try {
      return await (provider.opaque as OpaqueProfile).verify(token, context)
    } finally {
      asking.set(route, (asking.get(route) as number) - 1)
    }
  }

  async function ask(token: string, route: Route): Promise<Verdict> {
    const { provider } = route
    const profile = provider.opaque as OpaqueProfile
    const verdict = await askAt(route, token)
    if (!verdict.active) throw refused('ERR_TOKEN_INACTIVE', `${provider.name}: ${verdict.explanation}`)
    const now = clock.now() / 1000
    // Whoever calls a token active does not call it one of tomorrow.
    const iat = Number.isFinite(verdict.claims.iat) ? Math.min(now, verdict.claims.iat as Seconds) : now
    // No longer than a revocation is kept, also where the provider tells no end.
    const expiresAt = verdict.expiresAt ?? iat + maxTokenLifetime
    if (verdict.expiresAt === undefined && expiresAt < now)
      throw refused('ERR_TOKEN_EXPIRED', `it is older than ${maxTokenLifetime} s (option maxTokenLifetime)`)
    if (!Number.isFinite(expiresAt))
      throw unavailable(`${provider.name} says that the token ends at no time that could be`)
    assertTimes({ exp: expiresAt, iat }, options)
    const verified = toVerified(safeClaims(verdict.claims, provider.name), verdict.user, provider, expiresAt)
    const cacheFor = Math.min(profile.cacheFor ?? defaultOpaqueCache, maxOpaqueCache)
    return cacheFor > 0 ? { verified, standing: { alive: true }, cacheFor } : { verified }
  }

  return async (token: string, jws: CompactJws | undefined): Promise<Verdict> => {
    const takers = opaque.filter(({ provider }) => provider.opaque?.accepts?.(token, jws) ?? jws === undefined)
    if (takers.length === 0) {
      throw jws === undefined
        ? refused('ERR_TOKEN_MALFORMED', 'not a JWT, and no provider takes opaque tokens')
        : refused('ERR_TOKEN_ISSUER', unknownIssuer(jws.claims.iss, options.routes))
    }
    return firstVerdict(takers, (route) => ask(token, route))
  }
}

function toVerified(
  claims: Claims,
  said: UserClaims,
  { name, issuer }: Route['provider'],
  expiresAt: Seconds,
): VerifiedToken {
  if (!isName(said.id)) throw refused('ERR_TOKEN_CLAIMS', 'the token names no user')
  // RFC 7800: worth nothing without a proof of the key or certificate, and no proof is checked here. As a bearer token it may be stolen.
  if (claims.cnf !== undefined)
    throw refused('ERR_TOKEN_UNSUPPORTED', 'the token is bound to a key or a certificate (cnf)')
  const { jti, sid, iat } = claims
  return Object.freeze({
    user: userOf(said, name, issuer),
    claims,
    provider: name,
    issuer,
    ...(isName(jti) && { tokenId: jti }),
    ...(isName(sid) && { session: sid }),
    ...(Number.isFinite(iat) && { issuedAt: iat as Seconds }),
    expiresAt,
    ...(said.boundTo !== undefined && { boundTo: said.boundTo }),
  })
}

function userOf(said: UserClaims, provider: string, issuer: string): Readonly<User> {
  const { id, email, name, organization } = said
  const roles = (said.roles ?? []).map((role) =>
    Object.freeze({ ...role, permissions: Object.freeze(role.permissions.map((one) => Object.freeze({ ...one }))) }),
  )
  // What a role of another organization allows is not allowed here.
  const here = roles.filter((role) => role.organization === undefined || role.organization === organization)
  const ofRoles = here.flatMap((role) => role.permissions.map(permissionName))
  return Object.freeze({
    id,
    provider,
    issuer,
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(organization !== undefined && { organization }),
    roles: Object.freeze(roles),
    permissions: Object.freeze([...new Set([...ofRoles, ...(said.permissions ?? [])])]),
    scopes: Object.freeze([...(said.scopes ?? [])]),
  })
}

const ago = (seconds: number) => `${Math.round(seconds)} s ago`
const ahead = (seconds: number) => `${Math.round(seconds)} s ahead`

function refused(code: AuthErrorCode, explanation: string): AuthError {
  return new AuthError(code, { explanation })
}
