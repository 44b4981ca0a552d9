import type { Clock } from '../../clock.ts'
import { createRefreshed } from '../../refreshed.ts'
import type { Role, Seconds } from '../../types.ts'

/** How the roles of an organization are kept. In seconds. */
export interface RoleFreshness {
  /** How old they may be. Default 60, from 1 to 3600. Refreshed ahead of that while they are used. */
  maxAge?: Seconds | undefined
  /** How much older they may be while they cannot be read. Default 600, at most 86400. */
  staleIfError?: Seconds | undefined
}

/** The roles of one organization with all they allow, kept fresh. Denies whatever it does not know. */
export interface RoleDirectory {
  /**
   * The roles of these ids, without those that do not exist. Asks nobody for an empty list.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when the roles were never read, are too old, or were changed by us since
   */
  find(ids: readonly string[]): Promise<readonly Role[]>
  /** All roles. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  all(): Promise<readonly Role[]>
  /** Makes sure of roles that were read within so many seconds; resolves whatever comes of it. */
  confirm(within: Seconds): Promise<void>
  /** Takes the value of an `X-EDGE` header: a count of roles that differs from ours is a hint to look again. */
  hint(edge: string | null): void
}

interface Held {
  readonly roles: ReadonlyMap<string, Role>
  /** As the provider counts them. */
  readonly count: number
  readonly generation: number
  readonly loadedAt: number
}

interface Options extends RoleFreshness {
  readonly clock: Clock
  /** The base address and the organization: what is changed there by one client is stale for all. */
  readonly base: string
  readonly orgId: string
  /** Asks for all roles. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  readonly load: () => Promise<readonly unknown[]>
  readonly read: (role: unknown) => Role | undefined
}

// Between two looks that something unknown causes.
const cooldown: Seconds = 10

// Base and organization → how many writes of this process there have been.
const generations = new Map<string, number>()
const keyOf = (base: string, orgId: string) => `${base} ${orgId}`

/** Notes a write of ours: roles that were read before it are not used any more, by whomever in this process. */
export function noteWrite(base: string, orgId: string): void {
  const key = keyOf(base, orgId)
  generations.set(key, (generations.get(key) ?? 0) + 1)
}

/** Keeps the roles of an organization. */
export function createRoleDirectory(options: Options): RoleDirectory {
  const { clock, base, orgId, load, read, maxAge = 60, staleIfError = 600 } = options
  const generation = () => generations.get(keyOf(base, orgId)) ?? 0
  let isUsed = false
  let asleep: (() => void) | undefined
  let lastHint: number | undefined

  const refreshed = createRefreshed<Held>({
    what: `the roles of ${base}`,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      // A directory that nobody uses falls silent, and so does that of an authenticator that is closed.
      after: (milliseconds, callback) =>
        clock.after(milliseconds, () => {
          if (isUsed) callback()
          else asleep = callback
          isUsed = false
        }),
    },
    freshness: { defaultAge: maxAge, minAge: 0, maxAge, staleIfError, retry: 1, maxRetry: 30 },
    async load() {
      const started = generation()
      const list = await load()
      // A role of another organization allows nothing here.
      const roles = list.flatMap((value) => read(value) ?? []).filter((role) => role.organization === orgId)
      const byId = new Map(roles.map((role) => [role.id, role]))
      return { value: { roles: byId, count: list.length, generation: started, loadedAt: clock.monotonic() } }
    },
  })

  async function current(): Promise<Held> {
    isUsed = true
    asleep?.()
    asleep = undefined
    const least = generation()
    const held = await refreshed.get()
    if (held.generation >= least) return held
    // The first may be a look that began before the write.
    const next = await refreshed.refresh()
    return next.generation >= least ? next : refreshed.refresh()
  }

  const isYoung = (held: Held, age: Seconds) => clock.monotonic() - held.loadedAt < age * 1000

  return {
    async find(ids) {
      if (ids.length === 0) return []
      let held = await current()
      if (ids.some((id) => !held.roles.has(id)) && !isYoung(held, cooldown)) {
        held = await refreshed.refresh().catch(() => held)
      }
      return [...new Set(ids)].flatMap((id) => held.roles.get(id) ?? [])
    },
    all: async () => [...(await current()).roles.values()],
    async confirm(within) {
      const held = refreshed.current()
      if (held === undefined || !isYoung(held, within)) await refreshed.refresh().catch(() => {})
    },
    hint(edge) {
      const held = refreshed.current()
      if (held === undefined || edge === null || !/^\d{1,9}$/.test(edge)) return
      const count = Number(edge)
      if (count === held.count || count === lastHint || isYoung(held, cooldown)) return
      lastHint = count
      refreshed.refresh().catch(() => {}) // it is a hint, and what we hold is still good
    },
  }
}
