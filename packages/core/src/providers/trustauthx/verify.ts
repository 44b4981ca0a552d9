import { isAuthError, unavailable } from '../../errors.ts'
import type { JsonResponse } from '../../http.ts'
import { isStrings } from '../../json.ts'
import type { OpaqueProfile, OpaqueVerdict, ProviderContext } from '../../provider.ts'
import type { Claims, Seconds } from '../../types.ts'
import { assertCurrent, isSignedWith, readDataEnvelope } from './envelope.ts'
import type { TrustAuthXIdentity, TrustAuthXOptions } from './index.ts'
import { jsonOf, validityBy } from './schema.ts'
import { believeFor, nonsense, type Upstream, unexpected } from './upstream.ts'
import { paths, signedKeyOf, type TrustAuthXCredentials, type ValidityOf } from './wire.ts'

interface AcceptOptions extends TrustAuthXCredentials {
  readonly issuers: readonly string[]
  readonly accepts?: TrustAuthXOptions['accepts'] | undefined
}

// Tokens travel in the query, and servers do not read endless ones.
const maxTokenLength = 8 * 1024

/** Tells by its shape whether a token may be an access token of TrustAuthX: never one of our own credentials, a code or an envelope. */
export function acceptsToken(options: AcceptOptions): NonNullable<OpaqueProfile['accepts']> {
  const { apiKey, secretKey, issuers, accepts = () => true } = options
  const ours = [apiKey, secretKey, signedKeyOf(options)]
  return (token, jwt) => {
    // Short codes begin with ASRT.
    if (token.length > maxTokenLength || ours.includes(token) || token.startsWith('ASRT')) return false
    if (jwt !== undefined && !isAccessToken(jwt.claims, issuers, () => isSignedWith(secretKey, token))) return false
    return accepts(token)
  }
}

function isAccessToken(claims: Claims, issuers: readonly string[], isSignedByUs: () => boolean): boolean {
  const { iss, uid, email, data, exp } = claims
  // A token of another issuer is nothing TrustAuthX should see.
  if (iss !== undefined && !issuers.some((issuer) => issuer === iss)) return false
  const isUserToken = typeof data === 'string' && exp === undefined
  const isEnvelope = ['api_key', 'access_token', 'refresh_token'].some((name) => Object.hasOwn(claims, name))
  if (isUserToken || isEnvelope) return false
  return uid === undefined || email === undefined || !isSignedByUs()
}

type Options = { [Name in keyof TrustAuthXOptions]: TrustAuthXOptions[Name] | undefined } & TrustAuthXCredentials & {
    readonly base: string
    readonly validityOf: ValidityOf
    readonly reach: (context: ProviderContext) => Upstream
  }

type Refused = Extract<OpaqueVerdict, { active: false }>
type Holder = TrustAuthXIdentity & { readonly claims: Claims }

/** Asks whether a token is good, then whose it is, and gives the user's roles with all they allow. */
export function verifyWith(options: Options): OpaqueProfile['verify'] {
  const { base, orgId, reach, identityOf } = options
  const validity = validityBy(options.validityOf)
  return async (token, context) => {
    const upstream = reach(context)
    const refused = await refusalOf(token, upstream, base, validity)
    if (refused !== undefined) return refused
    const found = identityOf === undefined ? undefined : await ofApp('identityOf', () => identityOf(token))
    const holder = found === undefined ? await signedHolder(token, upstream, context, options) : storedHolder(found)
    if ('active' in holder) return holder
    const { uid, email, name, expiresAt, roleIds = [], claims } = holder
    const roles = await upstream.roles.find(roleIds)
    return {
      active: true,
      claims,
      user: {
        id: uid,
        ...(email !== undefined && { email }),
        ...(name !== undefined && { name }),
        organization: orgId,
        roles,
      },
      ...(expiresAt !== undefined && { expiresAt }),
    }
  }
}

// Every status but 200 and those that refuse is an outage; so is a 200 that comes from something else than the API.
async function refusalOf(
  token: string,
  upstream: Upstream,
  base: string,
  validity: ReturnType<typeof validityBy>,
): Promise<Refused | undefined> {
  const what = 'the validation of a token'
  const response = await upstream.ask(paths.validate, { AccessToken: token })
  if (response.status !== 200) return toRefusal(response, what, upstream, base)
  const answer = validity.safeParse(jsonOf(response))
  if (!answer.success) throw nonsense(base, `${what} (option validityOf)`)
  return answer.data ? undefined : { active: false, explanation: 'the provider says it is not valid' }
}

async function toRefusal(response: JsonResponse, what: string, upstream: Upstream, base: string): Promise<Refused> {
  if (!(await upstream.isRefusal(response, believeFor))) throw unexpected(base, what, response)
  return { active: false, explanation: `${what} was answered with status ${response.status}` }
}

async function signedHolder(
  token: string,
  upstream: Upstream,
  { clock }: ProviderContext,
  options: Options,
): Promise<Holder | Refused> {
  const { base, secretKey, envelopeIssuer, expiryOf, rolesOf } = options
  const what = 'get_user_data'
  const response = await upstream.ask(paths.getUserData, { AccessToken: token })
  if (response.status !== 200) return toRefusal(response, what, upstream, base)
  if (typeof response.body !== 'string' || !response.json) throw nonsense(base, what)
  const checks = { secretKey, issuer: envelopeIssuer, now: clock.now() / 1000 }
  try {
    const { expiresAt, ...profile } = readDataEnvelope(response.body, checks)
    if (expiryOf === 'envelope') assertCurrent(profile.claims, checks)
    const roleIds = rolesOf === undefined ? profile.roleIds : await ofApp('rolesOf', () => rolesOf(profile.claims))
    return {
      ...profile,
      roleIds: textsIn(roleIds),
      claims: claimsOf(profile.claims, options),
      ...(expiryOf !== 'envelope' && { expiresAt }),
    }
  } catch (error) {
    // What the provider signs wrongly is no fault of the caller's.
    if (!isAuthError(error) || error.code === 'ERR_PROVIDER_UNAVAILABLE') throw error
    throw unavailable(`${base}: ${what}: ${error.explanation ?? error.code} (is secretKey right?)`, { cause: error })
  }
}

// `jti` and `iat` are those of the envelope: a revocation by them would miss the token. Tokens stay out of what handlers see.
function claimsOf(
  { jti, iat, access_token, refresh_token, ...claims }: Claims,
  { accessTokenLifetime }: Options,
): Claims {
  if (accessTokenLifetime === undefined) return claims
  return { ...claims, iat: (claims.exp as Seconds) - accessTokenLifetime }
}

function storedHolder({ uid, email, name, roleIds, expiresAt }: TrustAuthXIdentity): Holder {
  return {
    uid,
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(expiresAt !== undefined && { expiresAt }),
    roleIds: textsIn(roleIds),
    claims: { uid, email, name },
  }
}

function textsIn(value: unknown): readonly string[] {
  return isStrings(value) ? value : []
}

// A failure of the app's own function is not the caller's fault.
async function ofApp<T>(option: string, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    throw unavailable(`the function given as ${option} failed`, { cause })
  }
}
