import { check, type GuardInput, type Predicate } from '../../src/guards/index.ts'
import type { Role, User, VerifiedToken } from '../../src/types.ts'

/** A user as a provider would make one; lists are frozen, as they are in the cache. */
export function person(parts: Partial<Omit<User, 'roles'>> & { roles?: readonly (string | Role)[] } = {}): User {
  const roles = (parts.roles ?? []).map((role) =>
    Object.freeze(typeof role === 'string' ? { id: role, name: role, permissions: Object.freeze([]) } : role),
  )
  return {
    id: 'alice',
    provider: 'oidc',
    issuer: 'https://id.example.com',
    permissions: Object.freeze([]),
    scopes: Object.freeze([]),
    ...parts,
    roles: Object.freeze(roles),
  }
}

/** What a guard sees of a request of this user. */
export function inputOf<R = object>(
  user: User,
  parts: { boundTo?: string; request?: R; organization?: string } = {},
): GuardInput<R> {
  const { boundTo, organization, request = {} as R } = parts
  const auth: VerifiedToken = {
    user,
    claims: {},
    provider: user.provider,
    issuer: user.issuer,
    expiresAt: 4_000_000_000,
    ...(boundTo !== undefined && { boundTo }),
  }
  return { user, auth, request, ...(organization !== undefined && { organization }) }
}

export const yes = check(() => true, 'yes')
export const no = check(() => false, 'no')

/** Whether a predicate grants. */
export function grants<R>(predicate: Predicate<R>, input: GuardInput<R>): boolean {
  return predicate(input).granted
}
