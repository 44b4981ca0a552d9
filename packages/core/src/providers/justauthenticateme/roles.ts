import { rolesNamed } from '../../roles/by-scope.ts'
import type { Role } from '../../types.ts'

/** Which roles users have, by their e-mail address. */
export interface AddressRoles {
  /** Address → names of roles. Compared as it is written: the service does not change its case, so two spellings are two users. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  /** The domain after the last `@` → names of roles of everybody there; not of its sub-domains. Case does not matter. */
  readonly domains?: Readonly<Record<string, readonly string[]>>
  /** The organization of these roles, and of the users who have some. Default: none. */
  readonly organization?: string
}

/** Makes what tells the roles of an address. */
export function rolesByAddress({
  addresses = {},
  domains = {},
  organization,
}: AddressRoles): (email: string) => readonly Role[] {
  const read = (table: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(table).map(
      ([key, list]) => [key, rolesNamed('justAuthenticateMe', key, list, organization)] as const,
    )
  const byAddress = new Map(read(addresses))
  const byDomain = new Map(read(domains).map(([key, roles]) => [lowered(key), roles]))
  return (email) => {
    const ofDomain = byDomain.get(lowered(email.slice(email.lastIndexOf('@') + 1)))
    const all = [...(byAddress.get(email) ?? []), ...(email.includes('@') ? (ofDomain ?? []) : [])]
    return [...new Map(all.map((role) => [role.id, role])).values()]
  }
}

// ASCII alone: other letters have lower cases that are other letters.
function lowered(domain: string): string {
  return domain.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
