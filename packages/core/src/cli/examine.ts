import { type Authenticator, createAuthenticator } from '../authenticator.ts'
import { partsOf } from '../authenticator-parts.ts'
import { systemClock } from '../clock.ts'
import { isAuthError, unavailable } from '../errors.ts'
import type { JwtProfile } from '../provider.ts'
import { type OidcOptions, oidc } from '../providers/oidc.ts'
import type { Route } from '../route.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly what: 'checks' | 'metadata' | 'keys' | 'clock' | 'token'
  readonly ok: boolean
  /** At least one. */
  readonly lines: readonly string[]
}

// Of `createAuthenticator`; beyond it and the second that a `Date` leaves open, tokens are refused for their times.
const clockTolerance = 5
const exactness = 1

/**
 * Looks at an issuer as an app with these options would, and at what becomes of a token of its there.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export async function examine(options: OidcOptions, token?: string): Promise<readonly Finding[]> {
  const provider = oidc(options)
  // A copy of the clock: of what the warning about clocks would say, the report tells.
  const clock = { ...systemClock }
  const auth = createAuthenticator({ providers: [provider], clock, clockTolerance })
  const [route] = partsOf(auth).routes as readonly [Route]
  try {
    const findings = [checks(provider.issuer, provider.jwt as JwtProfile)]
    if (options.jwksUri === undefined) findings.push(await metadata(route))
    // Where they are is not known otherwise.
    if (findings.every(({ ok }) => ok)) findings.push(await keys(auth, route))
    findings.push(...clockOf(auth))
    if (token !== undefined) findings.push(await verdict(auth, token))
    return findings
  } finally {
    await auth.close()
  }
}

function checks(issuer: string, { tokenTypes, audience, algorithms, requiredClaims }: JwtProfile): Finding {
  const audiences = Array.isArray(audience) ? audience.map(shown).join(', ') : 'not looked at: name yours'
  return {
    what: 'checks',
    ok: true,
    lines: [
      `iss     ${shown(issuer)}`,
      `typ     ${tokenTypes.join(', ')}`,
      `aud     ${audiences}`,
      `alg     ${algorithms.join(', ')}`,
      `claims  ${['exp', ...requiredClaims].join(', ')}`,
    ],
  }
}

function metadata({ context }: Route): Promise<Finding> {
  return found('metadata', async () => {
    const { jwks_uri } = await context.metadata()
    if (jwks_uri === undefined) throw unavailable('it names no jwks_uri')
    return [`the keys are at ${shown(jwks_uri)}`]
  })
}

async function keys(auth: Authenticator, route: Route): Promise<Finding> {
  const finding = await found('keys', async () => {
    await auth.ready()
    return route.keys?.held().map(({ kid, algorithms }) => `used: ${named(kid)} for ${algorithms.join(', ')}`) ?? []
  })
  const ignored = auth.health().providers[0]?.keys?.ignored ?? []
  return {
    ...finding,
    lines: [...finding.lines, ...ignored.map((key) => `not used: ${named(key.kid)}: ${key.reason}`)],
  }
}

function clockOf(auth: Authenticator): readonly Finding[] {
  const skew = auth.health().providers[0]?.clockSkew
  if (skew === undefined) return []
  const words = skew === 0 ? 'the same as ours' : `${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} ours`
  return [{ what: 'clock', ok: Math.abs(skew) <= clockTolerance + exactness, lines: [words] }]
}

function verdict(auth: Authenticator, token: string): Promise<Finding> {
  return found('token', async () => {
    const { user, claims, expiresAt } = await auth.verify(token)
    const list = (name: string, values: readonly string[]) =>
      values.length === 0 ? [] : [`${name}: ${values.map(shown).join(', ')}`]
    return [
      `good: of the user ${shown(user.id)}, for ${Math.round(expiresAt - systemClock.now() / 1000)} s`,
      ...list('aud', [claims.aud ?? []].flat().map(String)),
      ...list('scopes', user.scopes),
    ]
  })
}

async function found(what: Finding['what'], look: () => Promise<readonly string[]>): Promise<Finding> {
  try {
    return { what, ok: true, lines: await look() }
  } catch (error) {
    if (!isAuthError(error)) throw error
    const why = error.explanation ?? error.message
    return { what, ok: false, lines: [what === 'token' ? `${error.code}: ${why}` : why] }
  }
}

function named(kid: string | undefined): string {
  return kid === undefined ? 'one without a kid' : shown(kid)
}

// From outside, on somebody's terminal.
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
