import type { Clock } from '../../clock.ts'
import { createRoleSet, type RoleFreshness } from '../../roles/set.ts'
import { noteWrite as noteWriteOf, signalsOf } from '../../roles/signals.ts'
import type { Role, Seconds } from '../../types.ts'
import { readRole } from './wire.ts'

/** The roles of one organization with all they allow, kept fresh. Denies whatever it does not know. */
export interface OrganizationRoles {
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

interface Options extends RoleFreshness {
  readonly clock: Clock
  readonly base: string
  readonly orgId: string
  /** Asks for all roles. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  readonly load: () => Promise<readonly unknown[]>
}

/** Names the owner of an organization's roles: the base address and the organization, whoever asks. */
export function ownerOf(base: string, orgId: string): string {
  return `${base} ${orgId}`
}

/** Notes a write of ours: roles that were read before it are not used any more, by whomever in this process. */
export function noteWrite(base: string, orgId: string): void {
  noteWriteOf(ownerOf(base, orgId))
}

/** Keeps the roles of an organization. */
export function createOrganizationRoles({
  clock,
  base,
  orgId,
  load,
  maxAge,
  staleIfError,
}: Options): OrganizationRoles {
  const signals = signalsOf(ownerOf(base, orgId))
  const set = createRoleSet({
    what: `the roles of ${base}`,
    clock,
    signals: [signals],
    maxAge,
    staleIfError,
    async load() {
      const list = await load()
      return { roles: rolesOf(list, orgId), count: list.length }
    },
  })

  return {
    async find(ids) {
      if (ids.length === 0) return []
      const named = [...new Set(ids)].map((id) => ({ id, name: '' }))
      const held = await set.get()
      const isUnknown = named.some((one) => held.find(one) === undefined)
      const known = isUnknown && set.isOld(held) ? await set.renewed(held) : held
      return named.flatMap((one) => known.find(one)?.role ?? [])
    },
    all: async () => (await set.get()).roles,
    confirm: (within) => set.confirm(within),
    hint(edge) {
      if (edge !== null && /^\d{1,9}$/.test(edge)) signals.count = Number(edge)
    },
  }
}

/** What the API sent, as roles. A role of another organization allows nothing here. */
function rolesOf(list: readonly unknown[], orgId: string): readonly Role[] {
  return list.flatMap((value) => readRole(value) ?? []).filter((role) => role.organization === orgId)
}
