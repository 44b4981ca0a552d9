import type { Clock } from '../clock.ts'
import type { AuthError } from '../errors.ts'
import { createRefreshed, type RefreshedHealth } from '../refreshed.ts'
import type { Role, Seconds } from '../types.ts'
import { whileUsed } from '../while-used.ts'
import { permissionName, readPermission } from './permission.ts'
import type { Signals } from './signals.ts'

/** How roles are kept. In seconds. */
export interface RoleFreshness {
  /** How old they may be: a change made elsewhere is seen no later. Default 60, from 1 to 3600. Refreshed ahead of that while they are used. */
  maxAge?: Seconds | undefined
  /** How much older they may be while they cannot be read. Default 600, at most 86400. */
  staleIfError?: Seconds | undefined
}

/** A role as it was given. What of its permissions is none allows nothing. */
export interface SpelledRole extends Omit<Role, 'permissions'> {
  readonly permissions: readonly unknown[]
}

/** A role as it was read, with the names of what it allows. Frozen. */
export interface KnownRole {
  readonly role: Role
  readonly names: readonly string[]
}

/** All roles of one organization, as they were at one moment. Another moment is another object. */
export interface RoleSnapshot {
  readonly roles: readonly Role[]
  /** How many there are. */
  readonly size: number
  /** How many the owner counts. */
  readonly count: number
  /** Monotonic. */
  readonly loadedAt: number
  /** The role that is meant; nothing if there is none, or if a name means several. */
  find(held: Pick<Role, 'id' | 'name'>): KnownRole | undefined
}

/** The roles of one organization, kept fresh. Denies whatever it does not know. */
export interface RoleSet {
  /** What is at hand and may be used now, without asking anybody. */
  peek(): RoleSnapshot | undefined
  /** @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when the roles were never read, are too old, or were changed by us since */
  get(): RoleSnapshot | Promise<RoleSnapshot>
  /** Whether a look for something unknown is due. */
  isOld(snapshot: RoleSnapshot, age?: Seconds): boolean
  /** Reads again; what is at hand when that fails. */
  renewed(snapshot: RoleSnapshot): Promise<RoleSnapshot>
  /** Makes sure of roles that were read within so many seconds; resolves whatever comes of it. */
  confirm(within: Seconds): Promise<void>
  health(): RefreshedHealth & { readonly roles: number }
  close(): void
}

interface Options extends RoleFreshness {
  /** For messages. */
  readonly what: string
  readonly clock: Clock
  /** Whose writes count. */
  readonly signals: readonly Signals[]
  /** Asks for all roles; those that do not belong here are left out already. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  readonly load: () => Promise<{ readonly roles: readonly SpelledRole[]; readonly count: number }>
  readonly onLoad?: (snapshot: RoleSnapshot) => void
  readonly onFailure?: (error: AuthError, retryIn: Seconds) => void
  readonly onDeath?: () => void
}

// Between two looks that something unknown causes.
const cooldown: Seconds = 10

type Held = RoleSnapshot & { readonly writes: number }

/** Keeps the roles of one organization: one look for all who wait, ahead of their age, and for a bounded time without an answer. */
export function createRoleSet(options: Options): RoleSet {
  const { what, clock, signals, load, onLoad, onFailure, onDeath, maxAge = 60, staleIfError = 600 } = options
  // Roles that nobody asks for are left alone.
  const used = whileUsed(clock)
  let lastHint: number | undefined

  const refreshed = createRefreshed<Held>({
    what,
    clock: used.clock,
    freshness: { defaultAge: maxAge, minAge: 0, maxAge, staleIfError, retry: 1, maxRetry: 30 },
    async load() {
      const started = writes()
      const { roles, count } = await load()
      const held = Object.assign(snapshotOf(roles), { count, writes: started, loadedAt: clock.monotonic() })
      onLoad?.(held)
      return { value: held }
    },
    onFailure,
    onDeath,
  })

  function writes(): number {
    let total = 0
    for (const one of signals) total += one.writes
    return total
  }

  function isOld({ loadedAt }: RoleSnapshot, age: Seconds = cooldown): boolean {
    return clock.monotonic() - loadedAt >= age * 1000
  }

  // A count of roles that differs from ours is a reason to look, and what we hold is still good.
  function heed(held: Held): void {
    for (const { count } of signals) {
      if (count === undefined || count === held.count || count === lastHint || !isOld(held)) continue
      lastHint = count
      refreshed.refresh().catch(() => {}) // noted by the one that keeps them
    }
  }

  function peek(): Held | undefined {
    used.use()
    const held = refreshed.peek()
    if (held === undefined || held.writes < writes()) return undefined
    heed(held)
    return held
  }

  async function wait(): Promise<Held> {
    const least = writes()
    const held = await refreshed.get()
    if (held.writes >= least) return held
    // The first may be a look that began before the write.
    const next = await refreshed.refresh()
    return next.writes >= least ? next : refreshed.refresh()
  }

  return {
    peek,
    get: () => peek() ?? wait(),
    isOld,
    renewed: (snapshot) => refreshed.refresh().catch(() => snapshot),
    async confirm(within) {
      const held = refreshed.current()
      if (held === undefined || isOld(held, within)) await refreshed.refresh().catch(() => {})
    },
    health: () => ({ ...refreshed.health(), roles: refreshed.current()?.size ?? 0 }),
    close: () => refreshed.close(),
  }
}

function snapshotOf(list: readonly SpelledRole[]): Pick<RoleSnapshot, 'roles' | 'size' | 'find'> {
  const byId = new Map<string, SpelledRole>()
  const byName = new Map<string, SpelledRole | undefined>()
  for (const role of list) {
    byId.set(role.id, role)
    byName.set(role.name, byName.has(role.name) ? undefined : role)
  }
  // Most roles of a long list are never asked for.
  const known = new Map<SpelledRole, KnownRole>()
  function knownOf(spelled: SpelledRole): KnownRole {
    let found = known.get(spelled)
    if (found === undefined) {
      found = knownRole(spelled)
      known.set(spelled, found)
    }
    return found
  }
  return {
    size: byId.size,
    get roles() {
      return [...byId.values()].map((role) => knownOf(role).role)
    },
    find({ id, name }) {
      // Who told both an id and a name means that one role: another may have got its name since.
      const found = byId.get(id) ?? (id === name ? byName.get(name) : undefined)
      return found === undefined ? undefined : knownOf(found)
    },
  }
}

function knownRole({ permissions: spelled, ...rest }: SpelledRole): KnownRole {
  const permissions = Object.freeze(
    spelled.flatMap((one) => readPermission(one) ?? []).map((one) => Object.freeze(one)),
  )
  const names = Object.freeze([...new Set(permissions.map(permissionName))])
  return { role: Object.freeze({ ...rest, permissions }), names }
}
