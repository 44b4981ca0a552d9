import type { operations } from './types.generated.ts'

/** One letter of an access right. */
export type OpenvCloudRight = 'R' | 'C' | 'X' | 'A' | 'D' | 'U'

/** The sets of rights that can be given; the server refuses every other. */
export type OpenvCloudAccess = 'R' | 'RCX' | 'ARCXDU'

/** What rights are given on. A right on an account holds for its cloudspaces, one on a cloudspace for its machines. */
export type OpenvCloudResource = 'account' | 'cloudspace' | 'machine'

/** The name of an operation of the cloud API, such as `machines.start`. */
export type OpenvCloudOperation = keyof operations

/** Who may call an operation. Members of the group `admin` may call all of them. */
export interface OpenvCloudNeeds {
  /** Whether it takes a user. */
  readonly login: boolean
  /** All letters of any one of these resources. Absent where the server looks for itself, or at the user alone. */
  readonly rights?: { readonly [Resource in OpenvCloudResource]?: readonly OpenvCloudRight[] }
  /** Membership in any of these groups. */
  readonly groups?: readonly string[]
}

/** What the letters allow, in words for permissions such as `machine:execute`. */
export const openvCloudRights: Readonly<Record<OpenvCloudRight, string>> = Object.freeze({
  R: 'read',
  C: 'create',
  X: 'execute',
  A: 'administer',
  D: 'delete',
  U: 'manage-users',
})

/** The sets of rights that can be given, taken apart. */
export const openvCloudAccess: Readonly<Record<OpenvCloudAccess, readonly OpenvCloudRight[]>> = Object.freeze({
  R: Object.freeze<OpenvCloudRight[]>(['R']),
  RCX: Object.freeze<OpenvCloudRight[]>(['R', 'C', 'X']),
  ARCXDU: Object.freeze<OpenvCloudRight[]>(['A', 'R', 'C', 'X', 'D', 'U']),
})

/** Which set of rights an access control list names, in whatever order its letters are; nothing for any other. */
export function readOpenvCloudAccess(right: string): OpenvCloudAccess | undefined {
  const sorted = [...right].sort().join('')
  return (Object.keys(openvCloudAccess) as OpenvCloudAccess[]).find((one) => [...one].sort().join('') === sorted)
}
