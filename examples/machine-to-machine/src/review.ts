import type { LogtoClient } from '@claviger/core/logto'

/** Who may do most: what a review of rights looks at. */
export interface Reviewed {
  readonly user: string
  readonly name: string | null
  readonly roles: readonly string[]
}

/** Everybody who has one of these roles or more, read from the Management API. */
export async function reviewRoles(logto: LogtoClient, watched: readonly string[]): Promise<Reviewed[]> {
  const reviewed: Reviewed[] = []
  for await (const { id, name } of logto.listUsers()) {
    const roles = (await logto.listUserRoles({ userId: id }).toArray()).map((role) => role.name)
    if (roles.some((role) => watched.includes(role))) reviewed.push({ user: id, name: name ?? null, roles })
  }
  return reviewed
}
