import * as z from 'zod'
import type { Authenticator } from '../authenticator.ts'
import type { CallOptions } from '../client-options.ts'
import { type AuthError, isAuthError, unavailable } from '../errors.ts'
import { lazily } from '../lazily.ts'
import { invalidOptions, readOptions, text } from '../options.ts'
import type { TokenSet } from '../token-set.ts'
import type { Permission, Role } from '../types.ts'
import { type PermissionSpelling, readPermission } from './permission.ts'
import { type RoleSource, readRoles } from './source.ts'

/** One permission, or several. */
export type SomePermissions = PermissionSpelling | readonly PermissionSpelling[]

/** What a call about roles takes. */
export interface AdministrationOptions extends CallOptions {
  /** Whose roles. Default: those of the source's first organization. */
  organization?: string
}

/** How the roles of a user change. */
export interface RoleChanges {
  /** Ids of roles. */
  readonly add?: readonly string[]
  /** Ids of roles. */
  readonly remove?: readonly string[]
  /** In which organization the roles are held, where a provider has several. */
  readonly organization?: string
  /** Signs this session of the user off: its tokens are refused everywhere from now on, and those of the answer have the new roles. */
  readonly session?: { readonly accessToken: string; readonly refreshToken: string }
  /** Ends all sessions of the user, everywhere: nothing that was issued so far is accepted, or refreshed. Excludes `session`. Default false. */
  readonly revoke?: boolean
}

/** What came of a change that was made. */
export interface RolesAssigned {
  /** The ids of all roles the user has now, if the provider tells. */
  readonly roleIds?: readonly string[]
  /** With `session`: the tokens of the new session. */
  readonly tokens?: TokenSet
  /** The roles have been changed, but this failed after it: old tokens may be accepted elsewhere still, or there is no new session. */
  readonly incomplete?: AuthError
}

/** How a provider's roles are written. Each is sent once; a lost answer is `ERR_UPSTREAM_UNKNOWN`. */
export interface RoleWrites {
  add(name: string, permissions: readonly Permission[], options: AdministrationOptions): Promise<Role>
  delete(roleId: string, options: AdministrationOptions): Promise<unknown>
  addPermissions(roleId: string, permissions: readonly Permission[], options: AdministrationOptions): Promise<unknown>
  deletePermissions(
    roleId: string,
    permissions: readonly Permission[],
    options: AdministrationOptions,
  ): Promise<unknown>
  assign(
    userId: string,
    changes: Required<Pick<RoleChanges, 'add' | 'remove'>> & Pick<RoleChanges, 'organization' | 'session'>,
    options: CallOptions,
  ): Promise<Pick<RolesAssigned, 'roleIds' | 'tokens'>>
}

/** A source of roles that can be written too. */
export interface WritableRoles extends RoleSource {
  readonly write: RoleWrites
}

/**
 * Administers roles, at whatever provider. After each write roles that were read before are not used any more in this process. What fails
 * was not applied; `ERR_UPSTREAM_UNKNOWN` says that nobody can tell, or that a part was applied.
 * @throws {AuthError} each: `ERR_UPSTREAM_…`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_OPTIONS_INVALID`
 */
export interface RoleAdministration {
  /** All roles, as they are now. */
  list(options?: AdministrationOptions): Promise<readonly Role[]>
  /** Makes a role, and gives it with its id. Without permissions it allows nothing. */
  add(name: string, permissions: SomePermissions, options?: AdministrationOptions): Promise<Role>
  /** Takes a role from everybody, for good. */
  delete(roleId: string, options?: AdministrationOptions): Promise<void>
  /** Lets a role do more: one permission at least. */
  addPermissions(roleId: string, permissions: SomePermissions, options?: AdministrationOptions): Promise<void>
  /** Lets a role do less: one permission at least. */
  deletePermissions(roleId: string, permissions: SomePermissions, options?: AdministrationOptions): Promise<void>
  /**
   * Gives roles to a user and takes others away. A role that is taken away is refused at the next request in this process;
   * elsewhere with `session` or `revoke` as fast as revocations are heard, and otherwise when the tokens are refreshed.
   * @throws {AuthError} any `ERR_TOKEN_…` for a `session` whose access token is not good any more, before anything has been changed: refresh it first
   */
  assign(userId: string, changes: RoleChanges, options?: CallOptions): Promise<RolesAssigned>
}

/** What an administration is made of. */
export interface RoleAdministrationOptions {
  /** `trustAuthXRoles()` or `logtoRoles()`. */
  source: WritableRoles
  /** Whose users they are: their tokens are revoked there, and its directory hears of changes. */
  auth: Authenticator
  /** The name of the provider in the authenticator. */
  provider: string
}

const schema = lazily(() =>
  z.strictObject({
    source: z.custom<WritableRoles>(
      (value) => typeof (value as Partial<WritableRoles> | undefined)?.write?.assign === 'function',
      'cannot be written',
    ),
    auth: z.custom<Authenticator>(
      (value) => typeof value === 'object' && value !== null && 'revoke' in value && 'health' in value,
      'must be what createAuthenticator returns',
    ),
    provider: text,
  }),
)

/**
 * Makes an administration of the roles at a provider.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, also for a provider that the authenticator does not have
 */
export function createRoleAdministration(options: RoleAdministrationOptions): RoleAdministration {
  const where = 'createRoleAdministration'
  const { source, auth, provider } = readOptions(where, schema(), options)
  const issuer = auth.health().providers.find(({ provider: name }) => name === provider)?.issuer
  if (issuer === undefined) throw invalidOptions(where, `the authenticator has no provider ${JSON.stringify(provider)}`)
  const { write } = source

  async function signOff(userId: string, { session, revoke }: RoleChanges): Promise<void> {
    if (session !== undefined) await auth.revoke({ token: session.accessToken, upstream: false })
    if (revoke) await auth.revoke({ subject: userId, provider })
  }

  // The roles are changed; what fails from here on does not change that.
  async function finish(userId: string, changes: RoleChanges, given: RolesAssigned): Promise<RolesAssigned> {
    const { session } = changes
    try {
      await signOff(userId, changes)
      if (session === undefined || given.tokens !== undefined) return given
      const renewed = await auth.refresh({ ...session, provider: issuer as string })
      if (renewed.outcome === 'refreshed') return { ...given, tokens: renewed.tokens }
      return { ...given, incomplete: renewed.error }
    } catch (error) {
      return { ...given, incomplete: isAuthError(error) ? error : unavailable('the sign-off failed', { cause: error }) }
    }
  }

  return {
    async list({ organization = source.organizations[0], ...options } = {}) {
      const list = await source.load(organization, options)
      return readRoles(source.what, list, organization).map(({ permissions, ...role }) => ({
        ...role,
        ...(organization !== undefined && { organization }),
        permissions: permissions.flatMap((one) => readPermission(one) ?? []),
      }))
    },
    add: async (name, permissions, options = {}) =>
      write.add(assertText('name', name), permissionsOf('add', permissions), options),
    async delete(roleId, options = {}) {
      await write.delete(assertText('roleId', roleId), options)
    },
    async addPermissions(roleId, permissions, options = {}) {
      await write.addPermissions(assertText('roleId', roleId), some('addPermissions', permissions), options)
    },
    async deletePermissions(roleId, permissions, options = {}) {
      await write.deletePermissions(assertText('roleId', roleId), some('deletePermissions', permissions), options)
    },
    async assign(userId, changes, options = {}) {
      assertText('userId', userId)
      const { add = [], remove = [], organization = source.organizations[0], session } = changes
      for (const roleId of [...add, ...remove]) assertText('roleId', roleId)
      if (add.length + remove.length === 0) throw invalidOptions('assign', 'there are no roles')
      if (add.some((id) => remove.includes(id))) throw invalidOptions('assign', 'a role is both added and removed')
      if (session !== undefined && changes.revoke)
        throw invalidOptions('assign', 'session and revoke exclude each other')
      if (session !== undefined) {
        assertText('session.accessToken', session.accessToken)
        assertText('session.refreshToken', session.refreshToken)
        // Whose it is must be certain before anything is changed.
        const { user } = await auth.verify(session.accessToken)
        if (user.issuer !== issuer || user.id !== userId)
          throw invalidOptions('assign', 'the session is of another user')
      }
      const person = { issuer, id: userId }
      let given: RolesAssigned
      try {
        given = await write.assign(
          userId,
          {
            add,
            remove,
            ...(organization !== undefined && { organization }),
            ...(session !== undefined && { session }),
          },
          options,
        )
      } catch (error) {
        // What may be gone is gone here, and what may be given is not.
        if (isAuthError(error) && error.code === 'ERR_UPSTREAM_UNKNOWN' && remove.length > 0) {
          auth.roles?.changed(person, { remove, organization })
          await signOff(userId, changes).catch(() => {}) // the caller hears of the write, which weighs more
        }
        throw error
      }
      auth.roles?.changed(person, { add, remove, organization })
      return finish(userId, changes, given)
    },
  }
}

function permissionsOf(where: string, given: SomePermissions): readonly Permission[] {
  return [given].flat().flatMap((one) => {
    const read = readPermission(one)
    if (read === undefined) throw invalidOptions(where, "write 'machine:delete' or { machine: 'delete' }")
    return read
  })
}

function some(where: string, given: SomePermissions): readonly Permission[] {
  const permissions = permissionsOf(where, given)
  if (permissions.length === 0) throw invalidOptions(where, 'there are no permissions')
  return permissions
}

function assertText(what: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOptions(what, 'must be a text that is not empty')
}
