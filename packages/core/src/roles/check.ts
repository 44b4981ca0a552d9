import { guardNames } from '../guards/names.ts'
import type { Role } from '../types.ts'
import type { RoleDirectory } from './directory.ts'
import { permissionName } from './permission.ts'

/** What does not fit between guards and roles. */
export interface RoleFindings {
  /** Roles that a guard asks for and nobody defines: such a guard refuses everybody. */
  readonly unknownRoles: readonly string[]
  /** Permissions that a guard asks for and no role has. */
  readonly unknownPermissions: readonly string[]
  /** Permissions that some role has and no guard asks for. Empty while no guard asks for any. */
  readonly deadPermissions: readonly string[]
}

/**
 * Compares what the guards of this process ask for with what a directory knows beforehand. A directory of a function knows nothing
 * beforehand, and finds nothing.
 * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`
 */
export async function checkRoles(directory: Pick<RoleDirectory, 'known'>): Promise<RoleFindings> {
  const known = await directory.known()
  if (known === undefined) return { unknownRoles: [], unknownPermissions: [], deadPermissions: [] }
  const { roles, permissions } = guardNames()
  const names = new Set(known.flatMap(({ id, name }) => [id, name]))
  const allowed = new Set(known.flatMap((role: Role) => role.permissions.map(permissionName)))
  return {
    unknownRoles: [...roles].filter((name) => !names.has(name)).sort(),
    unknownPermissions: [...permissions].filter((name) => !allowed.has(name)).sort(),
    deadPermissions: permissions.size === 0 ? [] : [...allowed].filter((name) => !permissions.has(name)).sort(),
  }
}

/** Says so in a process warning, if there is anything to say. */
export function warnOfRoles({ unknownRoles, unknownPermissions, deadPermissions }: RoleFindings): void {
  const parts = [
    ...sentence('Guards ask for roles that nobody defines', unknownRoles),
    ...sentence('Guards ask for permissions that no role has', unknownPermissions),
    ...sentence('Roles have permissions that no guard asks for', deadPermissions),
  ]
  if (parts.length === 0) return
  process.emitWarning(parts.join(' '), { type: 'ClavigerWarning', code: 'CLAVIGER_ROLES' })
}

const most = 20

function sentence(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  const more = names.length > most ? ` and ${names.length - most} more` : ''
  return [
    `${what}: ${names
      .slice(0, most)
      .map((name) => JSON.stringify(name))
      .join(', ')}${more}.`,
  ]
}
