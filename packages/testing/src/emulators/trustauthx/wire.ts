import { createSecretKey, isSignedWith, signToken } from '../../keys.ts'
import { json, type LoopbackRequest, type Reply } from '../../server/routes.ts'
import {
  hex,
  type OrganizationState,
  type RoleState,
  type TokenPair,
  type TokenState,
  type TrustAuthXState,
} from './state.ts'

/** A refusal as FastAPI words it. */
export class HttpError extends Error {
  readonly status: number
  readonly detail: unknown

  constructor(status: number, detail: unknown) {
    super(`status ${status}`)
    this.status = status
    this.detail = detail
  }

  /** A parameter that is missing or of a wrong type. */
  static invalid(
    place: 'query' | 'body',
    name: string,
    fault: 'missing' | 'bool' | 'str' | 'list' | 'dict',
  ): HttpError {
    const [msg, type] = faults[fault]
    return new HttpError(422, [{ loc: [place, name], msg, type }])
  }

  toReply(): Reply {
    return json({ detail: this.detail }, { status: this.status })
  }
}

const faults = {
  missing: ['field required', 'value_error.missing'],
  bool: ['value could not be parsed to a boolean', 'type_error.bool'],
  str: ['str type expected', 'type_error.str'],
  list: ['value is not a valid list', 'type_error.list'],
  dict: ['value is not a valid dict', 'type_error.dict'],
} as const

/** Whose credentials a request carries. @throws {HttpError} 401 */
export function authenticate(
  { url }: LoopbackRequest,
  { organizations, settings }: TrustAuthXState,
): OrganizationState {
  const given = url.searchParams.get('signed_key') ?? ''
  const organization = organizations.get(url.searchParams.get('api_key') ?? '')
  if (organization === undefined || !isSignedBy(organization, given, settings.strictSignedKey)) {
    throw new HttpError(401, 'Invalid API key or signed key')
  }
  return organization
}

function isSignedBy({ apiKey, secretKey, signedKey }: OrganizationState, given: string, strict: boolean): boolean {
  if (strict) return given === signedKey
  const claims = jsonOf(Buffer.from(given.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return claims?.api_key === apiKey && isSignedWith(given, createSecretKey('HS256', secretKey))
}

/** The object in a JSON text, if there is one. */
export function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** @throws {HttpError} 422 */
export function query({ url }: LoopbackRequest, name: string): string {
  const value = url.searchParams.get(name)
  if (value === null) throw HttpError.invalid('query', name, 'missing')
  return value
}

const truths = ['true', 't', 'yes', 'y', 'on', '1']
const untruths = ['false', 'f', 'no', 'n', 'off', '0']

/** A boolean in any spelling that pydantic takes: `True` of Python and `true` of JavaScript among them. @throws {HttpError} 422 */
export function queryBoolean(request: LoopbackRequest, name: string): boolean {
  const value = query(request, name).toLowerCase()
  if (truths.includes(value)) return true
  if (untruths.includes(value)) return false
  throw HttpError.invalid('query', name, 'bool')
}

/** The answer to an app that exchanges a code: a JWT as a JSON string. */
export function userEnvelope(state: TrustAuthXState, { access, refresh }: TokenPair): Reply {
  const { user, scope } = access
  return envelope(user.organization, {
    iss: state.settings.envelopeIssuer,
    jti: hex(16),
    access_token: access.text,
    type: 'Bearer',
    exp: access.expiresAt,
    refresh_token: refresh.text,
    refresh_exp: refresh.expiresAt,
    scope: JSON.stringify(scope),
    img: user.img,
    name: user.name,
    iat: state.now(),
    sub: JSON.stringify({ email: user.email, uid: user.uid }),
  })
}

/** The answer to an app that asks whose an access token is. */
export function dataEnvelope(state: TrustAuthXState, { user, scope, expiresAt }: TokenState): Reply {
  return envelope(user.organization, {
    uid: user.uid,
    email: user.email,
    img: user.img,
    name: user.name,
    iss: state.settings.envelopeIssuer,
    iat: state.now(),
    exp: expiresAt,
    jti: hex(16),
    ...(state.settings.scopeInUserData && { scope: JSON.stringify(scope) }),
  })
}

function envelope({ secretKey }: OrganizationState, claims: object): Reply {
  return json(signToken({ alg: 'HS256', typ: 'JWT' }, claims, createSecretKey('HS256', secretKey)))
}

/** A role with exactly the four members that the original client takes. */
export function wireRole({ orgId }: OrganizationState, { id, name, permissions }: RoleState) {
  return { org_id: orgId, rol_id: id, name, permissions: wirePermissions(permissions) }
}

export function wirePermissions(pairs: RoleState['permissions']): Record<string, string>[] {
  return pairs.map(([key, value]) => ({ [key]: value }))
}

/** An address with further parameters. */
export function withQuery(target: string, parameters: Record<string, string>): string {
  return `${target}${target.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`
}
