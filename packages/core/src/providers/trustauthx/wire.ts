import { createHmac } from 'node:crypto'
import { isObject, isStrings } from '../../json.ts'
import { invalidOptions } from '../../options.ts'
import { type PermissionSpelling, readPermission } from '../../roles/permission.ts'
import type { Permission, Role } from '../../types.ts'

/** What an organization's server authenticates with. */
export interface TrustAuthXCredentials {
  /** As the dashboard shows it. */
  apiKey: string
  /** As the dashboard shows it: its text is the key, it is not decoded. */
  secretKey: string
  orgId: string
}

/** What a validation with status 200 says of the token; nothing where it says neither yes nor no. */
export type ValidityOf = (body: unknown) => boolean | undefined

const defaultApiBaseUrl = 'https://api.trustauthx.com'

/** The paths of the API. The slashes at the end are part of them. */
export const paths = {
  editUser: '/api/user/me/settings/',
  reAuth: '/api/user/me/widget/re-auth/token',
  getUser: '/api/user/me/auth/data',
  getUserData: '/api/user/me/data',
  refresh: '/api/user/me/access/token/',
  validate: '/api/user/me/auth/validate/token',
  revoke: '/api/user/me/token/',
  ping: '/api/ping',
  role: '/rbac/role',
  permission: '/rbac/permission',
  assign: '/rbac/assign/permission',
} as const

/** The statuses that mean "this token is not valid", as far as anybody knows. */
export const defaultRefusedStatuses: readonly number[] = [202, 203, 401, 403]

/**
 * The one credential of every call: a JWT that never changes. Byte for byte what the Python client makes, for the server may compare.
 */
export function signedKeyOf({ apiKey, secretKey }: TrustAuthXCredentials): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ api_key: apiKey })}`
  return `${input}.${createHmac('sha256', secretKey).update(input).digest('base64url')}`
}

/** Makes the address of a call: `url(path, { further: 'parameters' })`. It holds credentials and must not be shown. */
export type CallUrl = (path: string, parameters: Readonly<Record<string, string>>) => string

/** Makes the addresses of all calls. */
export function createCallUrl(base: string, credentials: TrustAuthXCredentials): CallUrl {
  const own = { api_key: credentials.apiKey, signed_key: signedKeyOf(credentials) }
  return (path, parameters) => `${base}${path}?${new URLSearchParams({ ...parameters, ...own })}`
}

/** The base as addresses are made with it: without slashes at its end. */
export function baseOf(apiBaseUrl: string = defaultApiBaseUrl): string {
  return apiBaseUrl.replace(/\/+$/, '')
}

/** The ids of roles in `scope`: a text that holds a JSON list of texts. Anything else is no roles. */
export function roleIdsIn(scope: unknown): readonly string[] {
  if (typeof scope !== 'string') return []
  try {
    const value: unknown = JSON.parse(scope)
    return isStrings(value) ? [...new Set(value)].filter((id) => id !== '') : []
  } catch {
    return []
  }
}

/** A permission in any spelling: `'machine:delete'`, `{ machine: 'delete' }`, `{ resource: 'machine', action: 'delete' }`. */
export type TrustAuthXPermission = PermissionSpelling

/** One permission as the wire has it. */
export type WirePermission = Readonly<Record<string, string>>

/**
 * Permissions → wire form: a list of objects with one member each.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function toWirePermissions(
  permissions: TrustAuthXPermission | readonly TrustAuthXPermission[],
): readonly WirePermission[] {
  return [permissions].flat().flatMap((spelled) => {
    const read = readPermission(spelled)
    // The wire knows pairs only.
    if (read?.every(({ action }) => action !== '') !== true)
      throw invalidOptions('permission', "write 'machine:delete' or { machine: 'delete' }")
    return read.map(({ resource, action }) => ({ [resource]: action }))
  })
}

/** Wire form → permissions. What is not a pair of texts allows nothing. */
export function readPermissions(value: unknown): readonly Permission[] {
  if (!Array.isArray(value)) return []
  return value
    .flatMap((permission: unknown) => (isObject(permission) ? Object.entries(permission) : []))
    .flatMap(([resource, action]) =>
      resource !== '' && typeof action === 'string' && action !== '' ? [{ resource, action }] : [],
    )
}

/** A role as the API sends it; nothing if it is none. */
export function readRole(value: unknown): Role | undefined {
  if (!isObject(value)) return undefined
  const { rol_id, name, org_id, permissions } = value
  if (typeof rol_id !== 'string' || rol_id === '' || typeof name !== 'string' || typeof org_id !== 'string')
    return undefined
  return { id: rol_id, name, organization: org_id, permissions: readPermissions(permissions) }
}
