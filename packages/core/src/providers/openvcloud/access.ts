import { LRUCache } from 'lru-cache'
import * as z from 'zod'
import { type Clock, systemClock } from '../../clock.ts'
import { isAuthError, unavailable } from '../../errors.ts'
import { pending } from '../../guards/pending.ts'
import { answer, granted, type Predicate, predicate, refused } from '../../guards/predicate.ts'
import { invalidOptions, readOptions, seconds, text } from '../../options.ts'
import type { Provider } from '../../provider.ts'
import { createRefreshed, type Refreshed } from '../../refreshed.ts'
import type { RoleFreshness } from '../../roles/set.ts'
import type { User } from '../../types.ts'
import { whileUsed } from '../../while-used.ts'
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
import type { components } from './types.generated.ts'

/** Who tells of rights, and how they are kept. Durations are seconds. */
export interface OpenvCloudAccessOptions extends RoleFreshness {
  /** A client that may read what users ask for: of a member of the group `admin`. */
  client: OpenvCloudClient
  /** What `openvCloud()` returned: users of any other provider have no rights there. */
  provider: Provider
  /** The organization of the environment at ItsYou.online, whose children are its groups: `greenitglobe.environments.be-g8-4`. Default: JWTs tell no groups. */
  environment?: string
  /** How many accounts, cloudspaces and machines are remembered. Default 10,000. */
  maxResources?: number
  /** For tests. Default: the machine's. */
  clock?: Clock
}

/** Something that rights are given on. */
export interface OpenvCloudTarget {
  readonly kind: OpenvCloudResource
  readonly id: number
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
   * Grants to users who may call an operation of the cloud API on what the request names.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` for an operation that is not governed by rights or groups
   */
  operation<R = unknown>(
    name: OpenvCloudOperation,
    ids: (request: R) => { readonly machineId?: Id; readonly cloudspaceId?: Id; readonly accountId?: Id },
  ): Predicate<R>
  /** Forgets what was read: the next request asks the portal. */
  invalidate(): void
  /** Ends the background work. */
  close(): void
}

/** What is remembered of a resource. */
interface Node {
  readonly target: OpenvCloudTarget
  readonly acl: readonly Ace[]
  readonly parent: OpenvCloudTarget | undefined
}
type Ace = components['schemas']['ACE']

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

// Ids come from requests: asking for many that do not exist must not become a flood at the portal.
const maxAsking = 64
const kinds: readonly OpenvCloudResource[] = ['machine', 'cloudspace', 'account']
const admin = 'admin'

/**
 * Makes what knows rights on machines, cloudspaces and accounts. Nothing is read before the first question.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function createOpenvCloudAccess(options: OpenvCloudAccessOptions): OpenvCloudAccessDirectory {
  const checked = readOptions('createOpenvCloudAccess', schema, options)
  const { client, provider, environment, maxAge = 60, staleIfError = 600, clock = systemClock } = checked
  const nodes = new LRUCache<string, Kept>({ max: checked.maxResources ?? 10_000, dispose: ({ node }) => node.close() })
  let asking = 0

  function keep(target: OpenvCloudTarget): Kept {
    const key = `${target.kind} ${target.id}`
    const held = nodes.get(key)
    if (held !== undefined) return held
    const used = whileUsed(clock)
    const node = createRefreshed<Node>({
      what: `the rights on ${key}`,
      clock: used.clock,
      freshness: { defaultAge: maxAge, minAge: 0, maxAge, staleIfError, retry: 1, maxRetry: 30 },
      async load() {
        if (asking >= maxAsking)
          throw unavailable(`${maxAsking} rights are being asked about already`, { retryAfter: 1 })
        asking += 1
        try {
          return { value: await read(target) }
        } finally {
          asking -= 1
        }
      },
    })
    const kept = { node, use: used.use }
    nodes.set(key, kept)
    return kept
  }

  async function read(target: OpenvCloudTarget): Promise<Node> {
    const { kind, id } = target
    try {
      if (kind === 'machine') {
        const { acl = [], cloudspaceid } = await client.api.machines.get({ machineId: id })
        return { target, acl, parent: { kind: 'cloudspace', id: cloudspaceid } }
      }
      if (kind === 'account')
        return { target, acl: (await client.api.accounts.get({ accountId: id })).acl, parent: undefined }
      const { acl, accountId } = await client.api.cloudspaces.get({ cloudspaceId: id })
      return { target, acl, parent: { kind: 'account', id: accountId } }
    } catch (error) {
      // What is not there gives nobody any right.
      if (isAuthError(error) && error.code === 'ERR_UPSTREAM_NOT_FOUND') return { target, acl: [], parent: undefined }
      throw error
    }
  }

  /** A resource, what it is in, and so on; or what has to be waited for. */
  function lineOf(target: OpenvCloudTarget): readonly Node[] | Promise<unknown> {
    const line: Node[] = []
    for (let at: OpenvCloudTarget | undefined = target; at !== undefined; at = line.at(-1)?.parent) {
      const { node, use } = keep(at)
      use()
      const known = node.get()
      if (known instanceof Promise) return known
      line.push(known)
    }
    return line
  }

  async function lineWhenKnown(target: OpenvCloudTarget): Promise<readonly Node[]> {
    let line = lineOf(target)
    for (let round = 0; line instanceof Promise; round += 1) {
      await line
      if (round > kinds.length) throw unavailable('the rights change faster than they can be read')
      line = lineOf(target)
    }
    return line
  }

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
    const from = line.findIndex(({ target }) => target.kind === kind)
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
    targetIn: (request: R) => OpenvCloudTarget | undefined,
    grants: (user: User, line: readonly Node[]) => boolean,
  ): Predicate<R> {
    return predicate(what, ({ user, request }) => {
      const target = isHere(user) ? targetIn(request) : undefined
      if (target === undefined)
        return refused('ERR_PERMISSION_REQUIRED', `${what}: no user of this environment, or no id`)
      const line = lineOf(target)
      if (line instanceof Promise) throw pending(what, line)
      return grants(user, line) ? granted : refused('ERR_PERMISSION_REQUIRED', `the user lacks ${what}`)
    })
  }

  async function rightsOf(user: User, target: OpenvCloudTarget): Promise<readonly OpenvCloudRight[]> {
    const { kind } = target
    const id = idIn(target.id)
    if (!isHere(user) || !kinds.includes(kind) || id === undefined) return []
    return [...rightsAt(user, await lineWhenKnown({ kind, id }), kind)]
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
    invalidate: () => nodes.clear(),
    close: () => nodes.clear(),
  }
}

interface Kept {
  readonly node: Refreshed<Node>
  readonly use: () => void
}

function isFor({ type, userGroupId, status }: Ace, user: User, groups: ReadonlySet<string>): boolean {
  if (status !== undefined && status !== 'CONFIRMED') return false
  return type === 'U' ? userGroupId === user.id : type === 'G' && groups.has(userGroupId)
}

// Whoever has a right on a part can see the whole: that is an `R` that says nothing of the other parts.
function isGiven({ right, explicit, canBeDeleted }: Ace): boolean {
  return right !== 'R' || (explicit ?? canBeDeleted) === true
}

function firstTarget(ids: unknown): OpenvCloudTarget | undefined {
  if (typeof ids !== 'object' || ids === null) return undefined
  const named = ids as Readonly<Record<string, unknown>>
  // What is named first counts, as at the portal; one that is odd names nothing.
  const kind = kinds.find((one) => named[`${one}Id`] !== undefined)
  return kind === undefined ? undefined : targetOf(kind, named[`${kind}Id`])
}

function targetOf(kind: OpenvCloudResource, value: unknown): OpenvCloudTarget | undefined {
  const id = idIn(value)
  return id === undefined ? undefined : { kind, id }
}

function idIn(value: unknown): number | undefined {
  const digits = typeof value === 'number' ? String(value) : value
  return typeof digits === 'string' && /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined
}
