import { randomBytes } from 'node:crypto'
import { type Authenticator, createAuthenticator } from '../authenticator.ts'
import { partsOf } from '../authenticator-parts.ts'
import { systemClock } from '../clock.ts'
import { isAuthError, unavailable } from '../errors.ts'
import type { KeySet } from '../keys.ts'
import type { JwtProfile, OpaqueProfile, Provider } from '../provider.ts'
import type { Route } from '../route.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly what: 'checks' | 'metadata' | 'keys' | 'opaque' | 'clock' | 'token'
  readonly ok: boolean
  /** At least one. */
  readonly lines: readonly string[]
}

// Of `createAuthenticator`; beyond it and the second that a `Date` leaves open, tokens are refused for their times.
const clockTolerance = 5
const exactness = 1

/**
 * Looks at providers as an app that has them would, and at what becomes of a token there.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export async function examine(providers: readonly Provider[], token?: string): Promise<readonly Finding[]> {
  // A copy of the clock: of what the warning about clocks would say, the report tells.
  const clock = { ...systemClock }
  const auth = createAuthenticator({ providers, clock, clockTolerance })
  try {
    const findings: Finding[] = []
    for (const [index, route] of partsOf(auth).routes.entries()) {
      findings.push(...(await ofProvider(route, providers.length > 1)), ...clockOf(auth, index))
    }
    if (token !== undefined) findings.push(await verdict(auth, token))
    return findings
  } finally {
    await auth.close()
  }
}

async function ofProvider(route: Route, isNamed: boolean): Promise<Finding[]> {
  const { jwt, opaque } = route.provider
  const findings = [checks(route.provider, isNamed)]
  if (jwt !== undefined && 'discovery' in jwt.keys) findings.push(await metadata(route))
  // Where they are is not known otherwise.
  if (route.keys !== undefined && findings.every(({ ok }) => ok)) findings.push(await keys(route.keys))
  if (opaque !== undefined) findings.push(await probe(opaque, route))
  return findings
}

function checks({ name, issuer, jwt }: Provider, isNamed: boolean): Finding {
  return {
    what: 'checks',
    ok: true,
    lines: [
      ...(isNamed ? [`name    ${shown(name)}`] : []),
      `iss     ${shown(issuer)}`,
      ...(jwt === undefined ? ['tokens  opaque alone: the provider is asked about each'] : checksOf(jwt)),
    ],
  }
}

function checksOf({ tokenTypes, audience, algorithms, requiredClaims, validate }: JwtProfile): string[] {
  return [
    `typ     ${tokenTypes.join(', ')}`,
    `aud     ${audiencesOf(audience)}`,
    `alg     ${algorithms.join(', ')}`,
    `claims  ${['exp', ...requiredClaims].join(', ')}`,
    ...(validate === undefined ? [] : ['rules   of the provider beyond these']),
  ]
}

function audiencesOf(audience: JwtProfile['audience']): string {
  if (audience === null) return 'not looked at: name yours'
  return typeof audience === 'function' ? 'as the options of the provider say' : audience.map(shown).join(', ')
}

function metadata({ context }: Route): Promise<Finding> {
  return found('metadata', async () => {
    const { jwks_uri } = await context.metadata()
    if (jwks_uri === undefined) throw unavailable('it names no jwks_uri')
    return [`the keys are at ${shown(jwks_uri)}`]
  })
}

async function keys(set: KeySet): Promise<Finding> {
  const finding = await found('keys', async () => {
    await set.ready()
    return set.held().map(({ kid, algorithms }) => `used: ${named(kid)} for ${algorithms.join(', ')}`)
  })
  const { ignored } = set.health()
  return {
    ...finding,
    lines: [...finding.lines, ...ignored.map((key) => `not used: ${named(key.kid)}: ${key.reason}`)],
  }
}

// Whoever knows this token says yes to any; who cannot be asked, or takes our own key for wrong, fails here as with a real one.
function probe({ accepts, verify }: OpaqueProfile, { context }: Route): Promise<Finding> {
  const token = randomBytes(16).toString('hex')
  return found('opaque', async () => {
    if (accepts?.(token, undefined) === false) return ['not asked: its tokens do not look like one that can be made up']
    const answer = await verify(token, context)
    if (answer.active) throw unavailable('it takes a token that nobody was given')
    return [`asked about a token that nobody was given: ${shown(answer.explanation)}`]
  })
}

function clockOf(auth: Authenticator, index: number): readonly Finding[] {
  const skew = auth.health().providers[index]?.clockSkew
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
      ...list(
        'roles',
        user.roles.map(({ name }) => name),
      ),
      ...list('permissions', user.permissions),
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
