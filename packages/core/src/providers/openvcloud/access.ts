import * as z from 'zod'
import { type Clock, systemClock } from '../../clock.ts'
import { pending } from '../../guards/pending.ts'
import { answer, granted, type Predicate, predicate, refused } from '../../guards/predicate.ts'
import { invalidOptions, readOptions, seconds, text } from '../../options.ts'
import type { Provider } from '../../provider.ts'
import type { RoleFreshness } from '../../roles/set.ts'
import type { User } from '../../types.ts'
import { type Ace, createLines, type Node, type OpenvCloudTarget, type Place } from './access-lines.ts'
import type { OpenvCloudClient } from './client.ts'
import { needs } from './needs.generated.ts'
import {
  type OpenvCloudOperation,
  type OpenvCloudResource,
  type OpenvCloudRight,
  openvCloudAccess,
  openvCloudRights,
  readOpenvCloudAccess,
} from './rights.ts'

/** Who tells of rights, and how they are kept. Durations are seconds. */
export interface OpenvCloudAccessOptions extends RoleFreshness {
  /** A client that may read what users ask for: of a member of the group `admin`. */
  client: OpenvCloudClient
  /** What `openvCloud()` returned: users of any other provider have no rights there. */
  provider: Provider
  /** The organization of the environment at ItsYou.online, whose children are its groups: `greenitglobe.environments.be-g8-4`. Default: JWTs tell no groups. */
  environment?: string
  /** How many accounts, cloudspaces and machines are remembered. Default 10,000, at most 1,000,000. */
  maxResources?: number
  /** For tests. Default: the machine's. */
  clock?: Clock
}

/** An id as a request has it: digits, or a number. Anything else names nothing. */
type Id = string | number | readonly string[] | undefined

/**
 * Whose rights hold on which machine, cloudspace and account of an environment. A right on an account holds for its cloudspaces, and
 * one on a cloudspace for its machines; never the other way round.
 */
export interface OpenvCloudAccessDirectory {
  /** All rights of a user on something; none on what does not exist. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  rightsOf(user: User, target: OpenvCloudTarget): Promise<readonly OpenvCloudRight[]>
  /** The same as permissions, such as `machine:execute`. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  permissionsOf(user: User, target: OpenvCloudTarget): Promise<readonly string[]>
  /**
   * Grants to users who have all of these rights on what the request names: `right('machine', 'X', (req) => req.params.id)`. The guard
   * waits for the portal where it has to.
   * @throws {AuthError} `ERR_OPTIONS_INVALID`
   */
  right<R = unknown>(
    kind: OpenvCloudResource,
    rights: OpenvCloudRight | readonly OpenvCloudRight[],
    id: (request: R) => Id,
  ): Predicate<R>
  /**
   * Grants to users who may call an operation of the cloud API on what the request names. Of several ids the first counts, in the order
   * machine, disk, cloudspace, account: name what the operation is called with. On a disk those rights count that are given on its account.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` for an operation that is not governed by rights or groups
   */
  operation<R = unknown>(
    name: OpenvCloudOperation,
    ids: (request: R) => {
      readonly machineId?: Id
      readonly diskId?: Id
      readonly cloudspaceId?: Id
      readonly accountId?: Id
    },
  ): Predicate<R>
  /** Forgets what was read: the next request asks the portal. */
  invalidate(): void
  /** Ends the background work. */
  close(): void
}

const schema = z.strictObject({
  client: z.custom<OpenvCloudClient>(
    (value) => typeof value === 'object' && value !== null && 'api' in value,
    'must be what createOpenvCloudClient returns',
  ),
  provider: z.custom<Provider>(
    (value) => typeof value === 'object' && value !== null && 'issuer' in value,
    'must be what openvCloud() returns',
  ),
  environment: text.optional(),
  maxAge: seconds(1, 3600).optional(),
  staleIfError: seconds(0, 86_400).optional(),
  maxResources: z.int().min(1).max(1_000_000).optional(),
  clock: z
    .custom<Clock>((value) => typeof value === 'object' && value !== null && 'monotonic' in value, 'must be a Clock')
    .optional(),
})

const kinds: readonly OpenvCloudResource[] = ['machine', 'cloudspace', 'account']
const places: readonly Place['kind'][] = ['machine', 'disk', 'cloudspace', 'account']
const admin = 'admin'

/**
 * Makes what knows rights on machines, cloudspaces and accounts. Nothing is read before the first question.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createOpenvCloudAccess(options: OpenvCloudAccessOptions): OpenvCloudAccessDirectory {
  const checked = readOptions('createOpenvCloudAccess', schema, options)
  const { client, provider, environment, maxAge = 60, staleIfError = 600, clock = systemClock } = checked
  const { maxResources = 10_000 } = checked
  const lines = createLines({ client, maxAge, staleIfError, maxResources, clock })
  // Those that the portal tells, and the children of the environment's organization. Anybody can found others of these names.
  function groupsOf({ roles }: User): ReadonlySet<string> {
    const child = environment === undefined ? undefined : `${environment}.`
    return new Set(
      roles.flatMap(({ id, name, organization }) => {
        if (organization === undefined) return name
        return child !== undefined && id.startsWith(child) ? id.slice(child.length) : []
      }),
    )
  }

  function isHere(user: User): boolean {
    return user.issuer === provider.issuer && user.provider === provider.name
  }

  function rightsAt(user: User, line: readonly Node[], kind: OpenvCloudResource): ReadonlySet<OpenvCloudRight> {
    const groups = groupsOf(user)
    if (groups.has(admin)) return new Set(openvCloudAccess.ARCXDU)
    const found = line.findIndex(({ target }) => target.kind === kind)
    // A disk is in an account alone: what is asked of a cloudspace is asked of it.
    const from = found < 0 && line[0]?.target.kind === 'disk' ? 0 : found
    const above = from < 0 ? [] : line.slice(from)
    const letters = above.flatMap(({ acl }, index) =>
      acl
        .filter((ace) => isFor(ace, user, groups) && (index === 0 || isGiven(ace)))
        .flatMap(({ right }) => openvCloudAccess[readOpenvCloudAccess(right) as keyof typeof openvCloudAccess] ?? []),
    )
    return new Set(letters)
  }

  function decide<R>(
    what: string,
    targetIn: (request: R) => Place | undefined,
    grants: (user: User, line: readonly Node[]) => boolean,
  ): Predicate<R> {
    return predicate(what, ({ user, request }) => {
      const target = isHere(user) ? targetIn(request) : undefined
      if (target === undefined)
        return refused('ERR_PERMISSION_REQUIRED', `${what}: no user of this environment, or no id`)
      const line = lines.of(target)
      if (line instanceof Promise) throw pending(what, line)
      return grants(user, line) ? granted : refused('ERR_PERMISSION_REQUIRED', `the user lacks ${what}`)
    })
  }

  async function rightsOf(user: User, target: OpenvCloudTarget): Promise<readonly OpenvCloudRight[]> {
    const { kind } = target
    const id = idIn(target.id)
    if (!isHere(user) || !kinds.includes(kind) || id === undefined) return []
    return [...rightsAt(user, await lines.whenKnown({ kind, id }), kind)]
  }

  return {
    rightsOf,
    permissionsOf: async (user, target) =>
      (await rightsOf(user, target)).map((right) => `${target.kind}:${openvCloudRights[right]}`),
    right(kind, rights, idOf) {
      const wanted = [rights].flat()
      if (!kinds.includes(kind)) throw invalidOptions('right', `takes one of ${kinds.join(', ')}`)
      if (wanted.length === 0 || !wanted.every((one) => Object.hasOwn(openvCloudRights, one)))
        throw invalidOptions('right', `takes one or more of ${Object.keys(openvCloudRights).join(', ')}`)
      if (typeof idOf !== 'function') throw invalidOptions('right', 'takes a function that finds the id in the request')
      return decide(
        `right(${JSON.stringify(kind)}, ${JSON.stringify(wanted.join(''))})`,
        (request) => targetOf(kind, answer(idOf(request))),
        (user, line) => {
          const has = rightsAt(user, line, kind)
          return wanted.every((one) => has.has(one))
        },
      )
    },
    operation(name, idsOf) {
      const { rights, groups } = Object.hasOwn(needs, name) ? needs[name] : {}
      const needed = Object.entries(rights ?? {}) as [OpenvCloudResource, readonly OpenvCloudRight[]][]
      if (needed.length === 0 && groups === undefined)
        throw invalidOptions('operation', `${JSON.stringify(name)} asks for no rights and no groups`)
      if (typeof idsOf !== 'function')
        throw invalidOptions('operation', 'takes a function that finds ids in the request')
      const what = `operation(${JSON.stringify(name)})`
      const inGroups = (user: User) => {
        const has = groupsOf(user)
        return groups === undefined || has.has(admin) || groups.some((group) => has.has(group))
      }
      if (needed.length === 0) {
        return predicate(what, ({ user }) =>
          isHere(user) && inGroups(user) ? granted : refused('ERR_PERMISSION_REQUIRED', `the user lacks ${what}`),
        )
      }
      return decide(
        what,
        (request) => firstTarget(answer(idsOf(request))),
        (user, line) =>
          inGroups(user) &&
          needed.some(([kind, letters]) => {
            const has = rightsAt(user, line, kind)
            return letters.every((one) => has.has(one))
          }),
      )
    },
    invalidate: lines.clear,
    close: lines.clear,
  }
}

function isFor({ type, userGroupId, status }: Ace, user: User, groups: ReadonlySet<string>): boolean {
  if (status !== undefined && status !== 'CONFIRMED') return false
  return type === 'U' ? userGroupId === user.id : type === 'G' && groups.has(userGroupId)
}

// Whoever has a right on a part can see the whole: that is an `R` that says nothing of the other parts.
function isGiven({ right, explicit, canBeDeleted }: Ace): boolean {
  return right !== 'R' || (explicit ?? canBeDeleted) === true
}

function firstTarget(ids: unknown): Place | undefined {
  if (typeof ids !== 'object' || ids === null) return undefined
  const named = ids as Readonly<Record<string, unknown>>
  // What is named first counts, as at the portal; one that is odd names nothing.
  const kind = places.find((one) => named[`${one}Id`] !== undefined)
  return kind === undefined ? undefined : targetOf(kind, named[`${kind}Id`])
}

function targetOf(kind: Place['kind'], value: unknown): Place | undefined {
  const id = idIn(value)
  return id === undefined ? undefined : { kind, id }
}

function idIn(value: unknown): number | undefined {
  const digits = typeof value === 'number' ? String(value) : value
  return typeof digits === 'string' && /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined
}
