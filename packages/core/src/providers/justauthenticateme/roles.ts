import { rolesNamed } from '../../roles/by-scope.ts'
import type { Role } from '../../types.ts'

/** Which roles users have, by their e-mail address. */
export interface AddressRoles {
  /** Address → names of roles. Compared as it is written: the service does not change its case, so two spellings are two users. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  /**
   * The domain after the `@` → names of roles of everybody there; not of its sub-domains. Case does not matter. An address with quotes,
   * comments or a second `@` is of no domain.
   */
  readonly domains?: Readonly<Record<string, readonly string[]>>
  /** The organization of these roles, and of the users who have some. Default: none. */
  readonly organization?: string
}

// Mailers have sent what is quoted, commented or listed elsewhere than to the domain at its end.
const plainAddress = /^[^\s@"(),:;<>[\\\]\p{Cc}]+@([A-Za-z0-9.-]+)$/u

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
    const [, domain = ''] = plainAddress.exec(email) ?? []
    const all = [...(byAddress.get(email) ?? []), ...(byDomain.get(lowered(domain)) ?? [])]
    return [...new Map(all.map((role) => [role.id, role])).values()]
  }
}

// ASCII alone: other letters have lower cases that are other letters.
function lowered(domain: string): string {
  return domain.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
