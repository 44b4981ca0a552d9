import { invalidOptions } from '../options.ts'
import type { Role } from '../types.ts'
import type { UserMapping } from './map-user.ts'

/**
 * Gives users roles by the scopes of their token, for `mapUser`: `rolesByScope({ 'read:orders': ['viewer'] })`. Scopes are compared
 * exactly. Roles that the token names itself stay.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function rolesByScope(table: Readonly<Record<string, readonly string[]>>): UserMapping {
  const roles = new Map(
    Object.entries(table).map(([scope, names]) => [scope, rolesNamed('rolesByScope', scope, names)]),
  )
  return (user) => {
    const given = (user.scopes ?? []).flatMap((scope) => roles.get(scope) ?? [])
    return { ...user, roles: [...(user.roles ?? []), ...given] }
  }
}

/** Roles by their names, without what they allow. @throws {AuthError} `ERR_OPTIONS_INVALID` */
export function rolesNamed(where: string, key: string, names: unknown, organization?: string): readonly Role[] {
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw invalidOptions(where, `${JSON.stringify(key)} must have a list of names of roles`)
  }
  return names.map((name: string) => ({
    id: name,
    name,
    permissions: [],
    ...(organization !== undefined && { organization }),
  }))
}
