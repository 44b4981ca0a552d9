import { PortalError } from './answers.ts'
import type { Operation } from './operation.ts'
import type { Params } from './params.ts'
import type { OpenvCloudState, Resource } from './state.ts'

const writable: Partial<Record<Resource['kind'], readonly string[]>> = {
  account: ['CONFIRMED'],
  cloudspace: ['VIRTUAL', 'DEPLOYING', 'DEPLOYED'],
}
const gone = ['DELETED', 'DESTROYED', 'DESTROYING']

/** Lets a call pass, or not. Members of the group `admin` may call everything. @throws {PortalError} 403, 404 */
export function assertAccess(state: OpenvCloudState, operation: Operation, user: string, params: Params): void {
  const { acl, groups } = operation
  const known = state.users.get(user)
  const isAdmin = user === 'admin' || known?.groups.has('admin') === true
  if (groups !== undefined && !isAdmin && !groups.some((group) => known?.groups.has(group))) {
    const text = `User ${user} has no access. If you would like to gain access please contact your adminstrator`
    throw new PortalError(403, text)
  }
  if (acl === null) return
  if (!isAdmin && known?.isActive !== true) {
    throw new PortalError(403, 'User is not allowed to execute action while status is inactive.')
  }
  const needed = Object.entries(acl)
  if (needed.length === 0) return
  const resource = resourceOf(state, params)
  if (resource === undefined) {
    if (isAdmin) return
    throw forbidden(user)
  }
  assertStatus(operation, resource)
  const isGranted = needed.some(([kind, letters = '']) => {
    // A disk that is in no machine is in an account only.
    const at = lineOf(resource).find((one) => one.kind === kind) ?? (resource.kind === 'disk' ? resource : undefined)
    const granted = at === undefined ? '' : rightsOn(at, user)
    return [...letters].every((letter) => granted.includes(letter))
  })
  if (!isAdmin && !isGranted) throw forbidden(user)
}

/** All letters that a user has on a resource: those given there, and those given on what it is in. */
export function rightsOn(resource: Resource, user: string): string {
  return lineOf(resource)
    .map((at) => aceOf(at, user))
    .filter((ace, index) => index === 0 || ace?.explicit === true)
    .map((ace) => ace?.right ?? '')
    .join('')
}

/** Whether a list shows a resource: rights on it, or given on what it is in. */
export function isListed(resource: Resource, user: string): boolean {
  return lineOf(resource).some((at, index) => {
    const ace = aceOf(at, user)
    return ace !== undefined && (index === 0 || ace.explicit)
  })
}

/** A resource, what it is in, and so on. */
export function lineOf(resource: Resource): readonly Resource[] {
  return resource.parent === undefined ? [resource] : [resource, ...lineOf(resource.parent)]
}

function aceOf({ acl }: Resource, user: string) {
  return acl.find((ace) => ace.userGroupId === user)
}

// The first of these ids counts.
function resourceOf(state: OpenvCloudState, params: Params): Resource | undefined {
  const { machineId, diskId, diskIds, cloudspaceId, accountId } = params
  if (machineId !== undefined) return state.find('machine', Number(machineId))
  const disk = diskId ?? (Array.isArray(diskIds) ? diskIds[0] : undefined)
  if (disk !== undefined) return state.find('disk', disk)
  if (cloudspaceId !== undefined) return state.find('cloudspace', cloudspaceId)
  return accountId === undefined ? undefined : state.find('account', accountId)
}

function assertStatus({ id, acl }: Operation, resource: Resource): void {
  const line = lineOf(resource)
  if (line.slice(1).some(({ status }) => gone.includes(status))) {
    throw new PortalError(404, 'Could not find an accessible resource.')
  }
  const onlyReads = Object.values(acl ?? {}).every((letters) => letters === 'R')
  if (onlyReads || id.endsWith('.restore')) return
  const kinds = Object.keys(acl ?? {})
  const looked = line.filter(({ kind }) => kind === 'account' || kinds.some((one) => one !== 'account'))
  for (const { kind, status } of looked) {
    if (writable[kind]?.includes(status) === false) {
      throw new PortalError(
        403,
        `Only READ actions can be executed on ${kind} (or one of its ${kind} resources) with status ${status}.`,
      )
    }
  }
}

function forbidden(user: string): PortalError {
  return new PortalError(403, `User: "${user}" isn't allowed to execute this action.\n Not enough permissions`)
}
