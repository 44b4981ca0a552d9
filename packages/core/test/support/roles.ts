import { createTestClock, createTestIssuer } from '@claviger/testing'
import {
  type AuthError,
  type Authenticator,
  assertAllowed,
  createAuthenticator,
  createRoleDirectory,
  mapUser,
  permission,
  type RoleDirectoryOptions,
  type RoleLike,
  userOf,
} from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'

/** Roles that a test changes, and who has asked for them. */
class Roles {
  /** Organization, or '' for none → roles. */
  readonly lists = new Map<string, RoleLike[]>()
  readonly asked: (string | undefined)[] = []
  isDown = false
  /** What an answer waits for. */
  gate: Promise<void> | undefined

  load = async (organization: string | undefined): Promise<readonly RoleLike[]> => {
    this.asked.push(organization)
    await this.gate
    await new Promise((resolve) => setImmediate(resolve))
    if (this.isDown) throw new Error('down')
    return this.lists.get(organization ?? '') ?? []
  }
}

/** An issuer whose tokens hold names of roles, and an authenticator that asks a directory what they allow. */
export async function createRoleStage(options: Partial<RoleDirectoryOptions> = {}) {
  const clock = createTestClock()
  const issuer = await createTestIssuer({ clock, algorithms: ['ES256'] })
  const roles = new Roles()
  roles.lists.set('', [
    { name: 'admin', permissions: ['machine:delete', { machine: 'start' }] },
    { name: 'guest', permissions: [] },
  ])
  const standard = oidc({
    issuer: issuer.issuer,
    audience: issuer.audience,
    rolesFrom: 'roles',
    permissionsFrom: 'permissions',
    organizationFrom: 'org',
  })
  // Roles of organizations as [organization, id, name] in a claim of their own.
  const provider = mapUser(standard, (user, claims) => ({
    ...user,
    roles: [
      ...(user.roles ?? []),
      ...((claims.org_roles ?? []) as [string, string, string][]).map(([organization, id, name]) => ({
        id,
        name,
        organization,
        permissions: [],
      })),
    ],
  }))
  const directory = createRoleDirectory({ source: roles.load, clock, ...options })
  const auth = createAuthenticator({ providers: [provider], clock, roles: directory })
  return {
    clock,
    issuer,
    roles,
    directory,
    auth,
    provider,
    token: (names: readonly string[], claims: object = {}) =>
      issuer.tokenFor({ subject: 'alice', roles: names, claims: { ...claims }, expiresIn: 86_400 }),
    async close() {
      await auth.close()
      await issuer.close()
    },
  }
}

/** What a user may do now; or why nobody can tell. */
export async function rightsOf(
  auth: Pick<Authenticator, 'verify'>,
  token: string,
): Promise<readonly string[] | string> {
  try {
    return (await auth.verify(token)).user.permissions
  } catch (error) {
    return (error as AuthError).code
  }
}

/** What guards say of a user's token now. */
export async function allows(
  by: Pick<Authenticator, 'verify'>,
  token: string,
  predicate = permission('machine:delete'),
): Promise<boolean> {
  const auth = await by.verify(token)
  try {
    assertAllowed(predicate, { user: userOf(auth), auth, request: {} })
    return true
  } catch {
    return false
  }
}
