import { LRUCache } from 'lru-cache'
import * as z from 'zod'
import { type Clock, systemClock } from '../clock.ts'
import { publish } from '../events.ts'
import { lazily } from '../lazily.ts'
import { readOptions, seconds, text } from '../options.ts'
import type { Role, Seconds, VerifiedToken } from '../types.ts'
import { createLosses } from './losses.ts'
import { createRoleSet, type RoleFreshness, type RoleSet, type RoleSnapshot } from './set.ts'
import { type Signals, signalsOf } from './signals.ts'
import {
  definedRoles,
  givenRoles,
  type RoleDefinitions,
  type RoleFunction,
  type RoleSource,
  readRoles,
  rolesInFile,
} from './source.ts'

/** Whose roles, and how they are kept. Durations are seconds. */
export interface RoleDirectoryOptions extends RoleFreshness {
  /** `trustAuthXRoles()`, `logtoRoles()`, roles in code, the path of a JSON file with them, or a function that gives them. */
  source: RoleSource | RoleDefinitions | RoleFunction | string
  /** How many lists of roles are kept, one for each organization that has its own. Default 1000, at most 1,000,000. */
  maxOrganizations?: number
  /** For tests. Default: the machine's. */
  clock?: Clock
}

/** Whom a change of roles concerns. */
export interface Person {
  readonly issuer: string
  readonly id: string
}

/** A verified token whose user has the roles of the moment. */
export interface Judgement {
  readonly verified: VerifiedToken
  /** False once a role that counted here may have changed. */
  readonly alive: boolean
}

/** How a directory does. */
export interface RoleDirectoryHealth {
  /** False when a list that is asked for cannot be read, and is too old to be used. */
  readonly ok: boolean
  /** Lists of roles held. */
  readonly lists: number
  /** Roles held. */
  readonly roles: number
  readonly lastError: string | undefined
}

/**
 * The roles of organizations with what they allow, as they are now. Denies what it does not know: a role that does not exist, that is
 * in another organization, or whose name means several.
 */
export interface RoleDirectory {
  /** The roles of an organization, or those of none. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  all(organization?: string): Promise<readonly Role[]>
  /** A role by its id or name. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  find(idOrName: string, organization?: string): Promise<Role | undefined>
  /** Makes what was read before useless at once, for all organizations: the next request waits for roles that are read now. */
  invalidate(): void
  /**
   * Tells of roles that a person was given, or lost, at their provider: a token that was issued before carries a lost role no longer. An
   * opaque token that does not tell when it was issued lost it until the role is given again here, or tokens of that time have ended: after
   * `maxTokenLifetime`.
   */
  changed(
    person: Person,
    roleIds: {
      readonly add?: readonly string[]
      readonly remove?: readonly string[]
      readonly organization?: string | undefined
    },
  ): void
  /** Resolves when the roles that are known beforehand are there. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  ready(): Promise<void>
  /** All roles, where the organizations are known beforehand; `*` stands for any. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  known(): Promise<readonly Role[] | undefined>
  /** How the lists do that were asked for. Costs nothing, and asks nobody. */
  health(): RoleDirectoryHealth
  /** Ends the background work. */
  close(): void
  /** @internal The judgement, when everything for it is at hand. */
  peek(verified: VerifiedToken): Judgement | undefined
  /** @internal @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  judge(verified: VerifiedToken): Promise<Judgement>
  /** @internal Tells how long after its issue a token may be judged here: so long it is remembered who lost a role. */
  serve(acceptedFor: Seconds): void
}

const schema = lazily(() =>
  z.strictObject({
    source: z.union(
      [
        text,
        z.custom<RoleFunction>((value) => typeof value === 'function'),
        z.custom<RoleSource | RoleDefinitions>((value) => typeof value === 'object' && value !== null),
      ],
      'must be a source of roles, roles in code, a path, or a function',
    ),
    maxAge: seconds(1, 3600).optional(),
    staleIfError: seconds(0, 86_400).optional(),
    maxOrganizations: z.int().min(1).max(1_000_000).optional(),
    clock: z
      .custom<Clock>((value) => typeof value === 'object' && value !== null && 'monotonic' in value, 'must be a Clock')
      .optional(),
  }),
)

/**
 * Makes a directory of roles, for the option `roles` of `createAuthenticator`. Nothing is read before the first user who holds a role,
 * or `ready()`; but a file is read here, once.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, with every fault of defined roles named by its path
 */
export function createRoleDirectory(options: RoleDirectoryOptions): RoleDirectory {
  const checked = readOptions('createRoleDirectory', schema(), options)
  const { maxAge, staleIfError, maxOrganizations = 1000, clock = systemClock } = checked
  const source = sourceOf(checked.source as RoleDirectoryOptions['source'])
  const { what, listOf = ownList, load } = source
  const own: Signals = { writes: 0, count: undefined }
  const signals = source.key === undefined ? [own] : [own, signalsOf(source.key)]
  const sets = new LRUCache<string, RoleSet>({ max: maxOrganizations, dispose: (set) => set.close() })
  const losses = createLosses(clock)

  function setOf(organization: string | undefined): RoleSet | undefined {
    const list = listOf(organization)
    if (list === undefined) return undefined
    const held = sets.get(list)
    if (held !== undefined) return held
    const shared = { source: what, organization }
    const set = createRoleSet({
      what,
      clock,
      signals,
      maxAge,
      staleIfError,
      async load() {
        const given: unknown = await load(organization, undefined, list)
        return { roles: readRoles(what, given, organization), count: Array.isArray(given) ? given.length : 0 }
      },
      onLoad: ({ size }) =>
        publish('claviger:roles', {
          ...shared,
          outcome: 'replaced',
          roles: size,
          error: undefined,
          retryIn: undefined,
        }),
      onFailure: ({ explanation }, retryIn) =>
        publish('claviger:roles', { ...shared, outcome: 'failed', roles: 0, error: explanation, retryIn }),
      onDeath: () =>
        publish('claviger:roles', { ...shared, outcome: 'died', roles: 0, error: undefined, retryIn: undefined }),
    })
    sets.set(list, set)
    return set
  }

  function assignmentsOf({ user }: VerifiedToken): Assignment[] {
    const assignments: Assignment[] = []
    for (const role of user.roles) {
      // Rights in another organization are no rights in that which the token acts in.
      if (role.organization !== undefined && role.organization !== user.organization) continue
      const set = setOf(role.organization)
      if (set !== undefined) assignments.push({ role, set })
    }
    return assignments
  }

  function judgementOf(
    verified: VerifiedToken,
    assignments: readonly Assignment[],
    snapshots: ReadonlyMap<RoleSet, RoleSnapshot>,
  ): Judgement {
    const roles = new Map<string, Role>()
    const permissions = new Set<string>()
    for (const { role, set } of assignments) {
      const found = snapshots.get(set)?.find(role)
      const { organization } = role
      if (found === undefined || losses.concern(verified, found.role.id, organization)) continue
      roles.set(JSON.stringify([organization, found.role.id]), roleIn(organization, found.role))
      for (const name of found.names) permissions.add(name)
    }
    const user = Object.freeze({
      ...verified.user,
      roles: Object.freeze([...roles.values()]),
      permissions: Object.freeze([...permissions]),
    })
    const rests = [...snapshots]
    const { changes } = losses
    return {
      verified: Object.freeze({ ...verified, user }),
      get alive() {
        return changes === losses.changes && rests.every(([set, snapshot]) => set.peek() === snapshot)
      },
    }
  }

  function isUnknown({ role, set }: Assignment, snapshot: RoleSnapshot): boolean {
    return snapshot.find(role) === undefined && set.isOld(snapshot)
  }

  async function all(organization?: string): Promise<readonly Role[]> {
    const { roles = [] } = (await setOf(organization)?.get()) ?? {}
    return roles.map((role) => roleIn(organization, role))
  }

  return {
    peek(verified) {
      const assignments = assignmentsOf(verified)
      const snapshots = new Map<RoleSet, RoleSnapshot>()
      for (const assignment of assignments) {
        const snapshot = snapshots.get(assignment.set) ?? assignment.set.peek()
        if (snapshot === undefined || isUnknown(assignment, snapshot)) return undefined
        snapshots.set(assignment.set, snapshot)
      }
      return judgementOf(verified, assignments, snapshots)
    },
    async judge(verified) {
      const assignments = assignmentsOf(verified)
      const snapshots = new Map<RoleSet, RoleSnapshot>()
      for (const assignment of assignments) {
        const { set } = assignment
        let snapshot = snapshots.get(set) ?? (await set.get())
        // A role that nobody knows may be new.
        if (isUnknown(assignment, snapshot)) snapshot = await set.renewed(snapshot)
        snapshots.set(set, snapshot)
      }
      return judgementOf(verified, assignments, snapshots)
    },
    all,
    async find(idOrName, organization) {
      const snapshot = await setOf(organization)?.get()
      const found = snapshot?.find({ id: idOrName, name: idOrName })
      return found && roleIn(organization, found.role)
    },
    invalidate() {
      own.writes += 1
    },
    changed: losses.note,
    serve: losses.remember,
    async ready() {
      await Promise.all(source.organizations.map((organization) => setOf(organization)?.get()))
    },
    async known() {
      if (source.organizations.length === 0) return undefined
      return (await Promise.all(source.organizations.map((organization) => all(organization)))).flat()
    },
    health() {
      const lists = [...sets.values()].map((set) => set.health())
      return {
        ok: lists.every(({ state, lastError }) => state === 'fresh' || state === 'stale' || lastError === undefined),
        lists: lists.length,
        roles: lists.reduce((total, { roles }) => total + roles, 0),
        lastError: lists.find(({ lastError }) => lastError !== undefined)?.lastError,
      }
    },
    close() {
      for (const set of sets.values()) set.close()
    },
  }
}

interface Assignment {
  readonly role: Role
  readonly set: RoleSet
}

function sourceOf(given: RoleDirectoryOptions['source']): RoleSource {
  if (typeof given === 'string') return rolesInFile(given)
  if (typeof given === 'function') return givenRoles(given)
  return 'load' in given ? given : definedRoles(given)
}

// No organization and one with an empty name are not the same.
function ownList(organization: string | undefined): string {
  return organization === undefined ? '' : `of ${organization}`
}

// A list may be that of several organizations.
function roleIn(organization: string | undefined, role: Role): Role {
  return organization === undefined ? role : Object.freeze({ ...role, organization })
}
