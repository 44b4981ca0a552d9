import { isObject } from '../json.ts'
import type { Permission } from '../types.ts'

/** A permission in any spelling: `'machine:delete'`, `{ machine: 'delete' }`, `{ resource: 'machine', action: 'delete' }`. */
export type PermissionSpelling = string | Permission | Readonly<Record<string, string>>

/** A permission as guards name it: `resource:action`, or the resource alone where there is no action. */
export function permissionName({ resource, action }: Permission): string {
  return action === '' ? resource : `${resource}:${action}`
}

/** Takes a name apart at its last colon. A name that has none, or nothing on one side of it, is a resource without an action. */
export function permissionNamed(name: string): Permission {
  const colon = name.lastIndexOf(':')
  const isPair = colon > 0 && colon < name.length - 1
  return isPair ? { resource: name.slice(0, colon), action: name.slice(colon + 1) } : { resource: name, action: '' }
}

/** Reads any spelling; nothing for what is none. An object with several entries is as many permissions. */
export function readPermission(value: unknown): readonly Permission[] | undefined {
  if (typeof value === 'string') return value === '' ? undefined : [permissionNamed(value)]
  if (!isObject(value)) return undefined
  const isSpeltOut = Object.keys(value).sort().join() === 'action,resource'
  const pairs = isSpeltOut ? [[value.resource, value.action]] : Object.entries(value)
  if (pairs.length === 0) return undefined
  const permissions: Permission[] = []
  for (const [resource, action] of pairs) {
    if (typeof resource !== 'string' || resource === '' || typeof action !== 'string') return undefined
    // Spelt out, a name without a colon has no action.
    if (action === '' && !isSpeltOut) return undefined
    permissions.push({ resource, action })
  }
  return permissions
}
