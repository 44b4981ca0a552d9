import type { AuthErrorCode } from '../errors.ts'
import type { Role, User } from '../types.ts'
import { noteNames } from './names.ts'
import {
  entriesOf,
  type GuardInput,
  granted,
  invalid,
  type Predicate,
  predicate,
  refused,
  type Several,
  type Verdict,
} from './predicate.ts'

/** A permission as `resource:action`, or as `{ resource: action }` with one or more entries. */
export type PermissionLike = string | Readonly<Record<string, string>>

/**
 * Grants when the user has at least one of these roles. A role is matched by its id or its name, exactly; one of another organization than that
 * which the token acts in by its id alone, where that is no mere name.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list, or a name that is not a text.
 */
export function role(...anyOfThese: Several<string>): Predicate {
  const wanted = names('role', entriesOf(anyOfThese))
  noteNames('roles', wanted)
  return right(textOf('role', wanted), 'ERR_ROLE_REQUIRED', 'roles', (user) =>
    list(user.roles).some((has) => wanted.some((name) => isMeant(has, name, user.organization))),
  )
}

// Anybody may be `admin` of some organization. Of another than that which the token acts in, only an id tells that is more than a name.
function isMeant(has: Role | undefined, name: string, organization: string | undefined): boolean {
  if (name === has?.id && (has.id !== has.name || has.id === has.organization)) return true
  const isHere = organization === undefined || has?.organization === undefined || has.organization === organization
  return isHere && (name === has?.id || name === has?.name)
}

/**
 * Grants when the user has all of these permissions.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list, or something that is not a permission.
 */
export function permission(...allOfThese: Several<PermissionLike>): Predicate {
  const wanted = names('permission', entriesOf(allOfThese).flatMap(permissionTexts))
  noteNames('permissions', wanted)
  return right(textOf('permission', wanted), 'ERR_PERMISSION_REQUIRED', 'permissions', (user) =>
    wanted.every((name) => has(user.permissions, name)),
  )
}

/**
 * Grants when the token has all of these scopes. A refusal names them in the challenge.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for an empty list, or a text that is not one scope.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export function scope(...allOfThese: Several<string>): Predicate {
  const wanted = names('scope', entriesOf(allOfThese))
  // RFC 6749 section 3.3. A space would join two scopes, and such a name never matches one.
  const odd = wanted.find((name) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name))
  if (odd !== undefined) throw invalid(`scope() takes one scope in each argument, not ${JSON.stringify(odd)}`)
  return right(
    textOf('scope', wanted),
    'ERR_SCOPE_REQUIRED',
    'scopes',
    (user) => wanted.every((name) => has(user.scopes, name)),
    wanted,
  )
}

function right(
  text: string,
  code: AuthErrorCode,
  among: 'roles' | 'permissions' | 'scopes',
  holds: (user: User) => boolean,
  scopes?: readonly string[],
): Predicate {
  const decide = ({ user, auth, organization }: GuardInput): Verdict => {
    // Rights in one organization are no rights elsewhere; and as nobody knows those, `not` must not grant either.
    if (auth.boundTo !== undefined && auth.boundTo !== organization) {
      const explanation = `${text}: this token's rights hold in one organization, and the route does not name it with organization(…)`
      return { granted: false, code: 'ERR_ORGANIZATION_REQUIRED', explanation, final: true }
    }
    return holds(user) ? granted : refused(code, `the user lacks ${text}${lackOf(user, among)}`, scopes)
  }
  return predicate(text, decide, { scopes })
}

// What is wrong with the set-up rather than with the user.
function lackOf(user: User, among: 'roles' | 'permissions' | 'scopes'): string {
  if (!Array.isArray(user[among])) return `, and has no list of ${among}: a middleware has put its own user there`
  return user[among].length === 0 ? `, and has no ${among} at all` : ''
}

// Long lists as sets. One that could still be changed is not remembered.
const sets = new WeakMap<readonly string[], ReadonlySet<string>>()
const short = 32

function has(names: readonly string[], name: string): boolean {
  const all = list(names)
  if (all.length <= short || !Object.isFrozen(all)) return all.includes(name)
  let set = sets.get(all)
  if (set === undefined) {
    set = new Set(all)
    sets.set(all, set)
  }
  return set.has(name)
}

// Another middleware may have put a user of its own into the request, with anything in these places.
function list<T>(value: readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : []
}

function permissionTexts(wanted: PermissionLike): PermissionLike[] {
  if (typeof wanted !== 'object' || wanted === null) return [wanted]
  const entries = Object.entries(wanted)
  if (entries.length === 0) throw invalid('permission() got an object without entries')
  return entries.map(([resource, action]) =>
    resource && action && typeof action === 'string' ? `${resource}:${action}` : '',
  )
}

function names(kind: string, values: readonly unknown[]): readonly string[] {
  if (values.length === 0) throw invalid(`${kind}() needs at least one name`)
  return values.map((name) => {
    if (typeof name !== 'string' || name === '') throw invalid(`${kind}() takes names that are not empty`)
    return name
  })
}

function textOf(kind: string, wanted: readonly string[]): string {
  return `${kind}(${wanted.map((name) => JSON.stringify(name)).join(', ')})`
}
