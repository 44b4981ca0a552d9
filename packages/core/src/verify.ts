import type { Admit } from './admission.ts'
import type { Algorithm } from './algorithms.ts'
import type { Clock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import type { Holder } from './dpop/holder.ts'
import { refused } from './errors.ts'
import { listening, publish } from './events.ts'
import { isName, isStrings } from './json.ts'
import { type CompactJws, readCompactJws } from './jws.ts'
import type { VerificationKey } from './key.ts'
import type { KeySet } from './keys.ts'
import type { JwtProfile } from './provider.ts'
import { quoted } from './redact.ts'
import type { Route } from './route.ts'
import { acceptsAudience, firstVerdict, type Routes } from './routes.ts'
import { type Judge, restsOn, type Verdict } from './standing.ts'
import { assertTimes, type TimeRules } from './times.ts'
import type { Claims, Seconds, Verifier } from './types.ts'
import { toVerified } from './verified.ts'
import { createOpaqueVerifier, type Sources } from './verify-opaque.ts'

/** What it takes to verify a JWT of a provider: no way to ask it anything. */
export type SignedRoute = Pick<Route, 'provider' | 'keys'>

interface JwtVerifierOptions extends TimeRules {
  readonly routes: ReadonlyMap<string, readonly SignedRoute[]>
  /** Lets signatures wait for their turn: nothing else costs so much CPU, and nobody holds a place while a provider is asked. */
  readonly admit: Admit
}

interface VerifierOptions extends JwtVerifierOptions {
  readonly clock: Clock
  readonly routes: Routes
  /** The providers that accept opaque tokens, in the order they are asked. */
  readonly opaque: readonly Route[]
  /** Whose requests are told apart; nothing where they are not. */
  readonly sources: Sources | undefined
}

const maxTokenLength = 16 * 1024

/**
 * Makes the innermost verifier: token → which provider → type, audience and time → signature → the provider's own rules → user.
 * What costs nothing is checked first, so that an expired or foreign token costs no cryptography and no fetch.
 * @returns what verifies tokens for their bearer, or for the holder of a key alone, who has proved it elsewhere
 * @see https://www.rfc-editor.org/rfc/rfc8725
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
export function createVerifier(options: VerifierOptions): (holder: Holder) => Judge {
  const verifyOpaque = createOpaqueVerifier(options)
  return (holder) => async (token, request) => {
    const started = listening('claviger:verify') ? options.clock.monotonic() : undefined
    if (typeof token !== 'string') throw refused('ERR_TOKEN_MALFORMED', 'the token is not a text')
    if (token.length > maxTokenLength) throw refused('ERR_TOKEN_TOO_LARGE', `longer than ${maxTokenLength} characters`)
    const jws = readCompactJws(token, true)
    const routes = jws === undefined ? [] : routesOf(jws, options.routes)
    const verdict =
      jws !== undefined && routes.length > 0
        ? await firstVerdict(routes, (route) => verifyJwt(jws, route, options, request, holder))
        : await verifyOpaque(token, jws, request, holder)
    if (started !== undefined) {
      const { provider, issuer } = verdict.verified
      const kind = routes.length > 0 ? 'jwt' : 'opaque'
      publish('claviger:verify', { provider, issuer, kind, milliseconds: options.clock.monotonic() - started })
    }
    return verdict
  }
}

/** Makes what verifies JWTs alone, beside the way of a request: nobody is asked anything, and no event told. */
export function createReader(options: JwtVerifierOptions, holder: Holder = 'bearer'): Verifier {
  return async (token) => {
    const isText = typeof token === 'string' && token.length <= maxTokenLength
    const jws = isText ? readCompactJws(token, true) : undefined
    const routes = jws === undefined ? [] : routesOf(jws, options.routes)
    if (jws === undefined || routes.length === 0) throw refused('ERR_TOKEN_MALFORMED', 'this is no JWT of a provider')
    return (await firstVerdict(routes, (route) => verifyJwt(jws, route, options, undefined, holder))).verified
  }
}

// Looked up, never fetched: an unknown iss must not make us call its host.
function routesOf({ claims }: CompactJws, routes: JwtVerifierOptions['routes']): readonly SignedRoute[] {
  const found = typeof claims.iss === 'string' ? routes.get(claims.iss) : undefined
  return (found ?? []).filter(({ provider }) => provider.jwt !== undefined)
}

async function verifyJwt(
  jws: CompactJws,
  { provider, keys }: SignedRoute,
  options: JwtVerifierOptions,
  request: HttpRequest | undefined,
  holder: Holder,
): Promise<Verdict> {
  const profile = provider.jwt as JwtProfile
  const algorithm = assertAcceptable(jws, profile, options)
  const key = await assertSignature(jws, algorithm, keys as KeySet, options.admit, request)
  const refusal = profile.validate === undefined ? undefined : await profile.validate(jws.claims)
  if (refusal !== undefined) throw refused('ERR_TOKEN_REFUSED', `${provider.name}: ${refusal}`)
  const verified = toVerified(jws.claims, profile.user(jws.claims), provider, jws.claims.exp as Seconds, holder, key)
  return { verified, standing: key }
}

/** All that costs no cryptography. Returns the algorithm that the signature is to be verified with. */
function assertAcceptable(jws: CompactJws, profile: JwtProfile, rules: TimeRules): Algorithm {
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
  assertTimes(jws.claims, rules)
  return algorithm
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
  // Of nearly all: spelled as it is configured.
  if (tokenTypes.includes(typ ?? null)) return
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

const timeClaims = ['exp', 'nbf', 'iat', 'auth_time']
const nameClaims = ['sub', 'jti', 'sid', 'client_id']

function assertClaims(claims: Claims, profile: JwtProfile): void {
  const missing = Object.hasOwn(claims, 'exp')
    ? profile.requiredClaims.find((name) => !Object.hasOwn(claims, name))
    : 'exp'
  if (missing !== undefined) throw refused('ERR_TOKEN_CLAIMS', `the claim ${missing} is missing`)
  for (const name of timeClaims) {
    if (claims[name] !== undefined && !Number.isFinite(claims[name]))
      throw refused('ERR_TOKEN_CLAIMS', `${name} is not a number`)
  }
  for (const name of nameClaims) {
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

/**
 * Finds the key that has signed a JWS.
 * @param admit - Lets the work wait for its turn.
 * @param request - Whose turn it is.
 * @throws {AuthError} `ERR_TOKEN_KEY`, `ERR_TOKEN_SIGNATURE`, `ERR_PROVIDER_UNAVAILABLE`
 */
export async function assertSignature(
  jws: CompactJws,
  algorithm: Algorithm,
  keys: KeySet,
  admit: Admit,
  request: HttpRequest | undefined,
): Promise<VerificationKey> {
  const tried: VerificationKey[] = []
  for (;;) {
    const known = keys.find(algorithm, jws.kid)
    const found = known instanceof Promise ? await known : known
    const { generation } = keys
    const untried = found.filter((key) => !tried.includes(key))
    tried.push(...untried)
    const signer = untried.length === 0 ? undefined : await admit(request, () => signerOf(jws, algorithm, untried))
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
