import { randomBytes } from 'node:crypto'
import type { Seconds } from '@claviger/core'

/** A user of the emulator. */
export interface ItsYouOnlineUser {
  /** 2 to 30 lower-case letters and digits. */
  readonly username: string
  readonly firstname?: string
  readonly lastname?: string
  /** The first is labelled `main`. All are validated. */
  readonly emails?: readonly string[]
  /** The first is labelled `main`. All are validated. */
  readonly phones?: readonly string[]
}

/** An organization of the emulator. */
export interface ItsYouOnlineOrganization {
  /** `parent.child` for a sub-organization, whose parent has to be there. */
  readonly globalid: string
  /** User names. */
  readonly owners?: readonly string[]
  readonly members?: readonly string[]
  /** Global ids of organizations whose people are owners here. */
  readonly orgowners?: readonly string[]
  readonly orgmembers?: readonly string[]
}

/** Anything with a label or another key, as the API takes it. */
export type Item = Record<string, unknown>

export interface User {
  readonly username: string
  firstname: string
  lastname: string
  /** By the name of the list in the path: `phonenumbers`, `publickeys`, … */
  readonly lists: Map<string, Item[]>
  readonly validated: Set<string>
  /** Client → scopes that the user consented to. */
  readonly authorizations: Map<string, Item & { scopes: string[] }>
  /** Client → names that the API gave out for the user. */
  readonly iyoIds: Map<string, string[]>
}

export interface ApiKey {
  readonly label: string
  readonly applicationid: string
  readonly apikey: string
}

export interface OrganizationKey {
  label: string
  readonly secret: string
  callbackURL?: string
  clientCredentialsGrantType?: boolean
}

export interface Organization {
  readonly globalid: string
  readonly owners: Set<string>
  readonly members: Set<string>
  readonly orgowners: Set<string>
  readonly orgmembers: Set<string>
  readonly includesuborgsof: Set<string>
  readonly keys: OrganizationKey[]
  readonly lists: Map<string, Item[]>
  /** User → grants. */
  readonly grants: Map<string, string[]>
  readonly invitations: Item[]
  readonly descriptions: Map<string, string>
  logo: string
  secondsvalidity: number
}

/** What was given for a grant: an access token, a code or a refresh token rests on one. */
export interface Grant {
  /** Absent for an organization. */
  readonly username?: string
  /** Absent for a user. */
  readonly globalid?: string
  readonly clientId: string
  readonly scopes: readonly string[]
}

/** 28 characters, as the server makes them. */
export const random = (bytes = 21) => randomBytes(bytes).toString('base64url')

export const accessTokenLifetime: Seconds = 86_400

/** Everything an identity server keeps. */
export class ItsYouOnlineState {
  readonly users = new Map<string, User>()
  readonly organizations = new Map<string, Organization>()
  readonly accessTokens = new Map<string, Grant & { readonly createdAt: Seconds }>()
  readonly refreshTokens = new Map<string, Grant & { lastUsed: Seconds }>()
  readonly codes = new Map<
    string,
    Grant & { readonly redirectUri: string; readonly state: string; readonly createdAt: Seconds }
  >()
  /** When numbers were validated, in milliseconds: there is a limit. */
  validations: number[] = []
  /** Session cookie → user name. */
  readonly sessions = new Map<string, string>()

  addUser({ username, firstname = '', lastname = '', emails = [], phones = [] }: ItsYouOnlineUser): User {
    if (!/^[a-z0-9]{2,30}$/.test(username)) throw new Error(`Not a user name: ${username}`)
    const labelled = (field: string, values: readonly string[]) =>
      values.map((value, index) => ({ label: index === 0 ? 'main' : `other${index}`, [field]: value }))
    const user: User = {
      username,
      firstname,
      lastname,
      lists: new Map([
        ['emailaddresses', labelled('emailaddress', emails)],
        ['phonenumbers', labelled('phonenumber', phones)],
      ]),
      validated: new Set([...emails, ...phones]),
      authorizations: new Map(),
      iyoIds: new Map(),
    }
    this.users.set(username, user)
    return user
  }

  addOrganization({ globalid, ...people }: ItsYouOnlineOrganization): Organization {
    const parent = parentOf(globalid)
    if (parent !== undefined && !this.organizations.has(parent)) throw new Error(`There is no organization ${parent}.`)
    for (const username of [...(people.owners ?? []), ...(people.members ?? [])]) this.user(username)
    const organization: Organization = {
      globalid,
      owners: new Set(people.owners),
      members: new Set(people.members),
      orgowners: new Set(people.orgowners),
      orgmembers: new Set(people.orgmembers),
      includesuborgsof: new Set(),
      keys: [],
      lists: new Map(),
      grants: new Map(),
      invitations: [],
      descriptions: new Map(),
      logo: '',
      secondsvalidity: 0,
    }
    this.organizations.set(globalid, organization)
    return organization
  }

  /** @throws {Error} for a user that does not exist */
  user(username: string): User {
    const user = this.users.get(username)
    if (user === undefined) throw new Error(`There is no user ${username}.`)
    return user
  }

  /** @throws {Error} for an organization that does not exist */
  organization(globalid: string): Organization {
    const organization = this.organizations.get(globalid)
    if (organization === undefined) throw new Error(`There is no organization ${globalid}.`)
    return organization
  }

  /** Rights flow down: who owns the parent owns the child. */
  isOwner(globalid: string, username: string): boolean {
    const organization = this.organizations.get(globalid)
    if (organization === undefined) return false
    const parent = parentOf(globalid)
    return (
      organization.owners.has(username) ||
      (parent !== undefined && this.isOwner(parent, username)) ||
      this.#throughAny(organization, organization.orgowners, username)
    )
  }

  /** Members and owners alike. */
  isMember(globalid: string, username: string): boolean {
    const organization = this.organizations.get(globalid)
    if (organization === undefined) return false
    const parent = parentOf(globalid)
    return (
      organization.members.has(username) ||
      this.isOwner(globalid, username) ||
      (parent !== undefined && this.isMember(parent, username)) ||
      this.#throughAny(organization, organization.orgmembers, username)
    )
  }

  #throughAny(organization: Organization, others: ReadonlySet<string>, username: string): boolean {
    const children = [...others]
      .filter((one) => organization.includesuborgsof.has(one))
      .flatMap((one) => this.below(one))
    return [...others, ...children].some((one) => one !== organization.globalid && this.isMember(one, username))
  }

  /** All organizations below one, at any depth. */
  below(globalid: string): string[] {
    return [...this.organizations.keys()].filter((one) => one.startsWith(`${globalid}.`))
  }

  /** Ends an organization and what hangs on it; refresh tokens stay, as at the server. */
  deleteOrganization(globalid: string): void {
    const gone = new Set([globalid, ...this.below(globalid)])
    for (const one of gone) this.organizations.delete(one)
    for (const [token, { clientId }] of this.accessTokens) if (gone.has(clientId)) this.accessTokens.delete(token)
    for (const user of this.users.values()) for (const one of gone) user.authorizations.delete(one)
  }

  /** Finds a user by name, validated phone number or address, or an id given out by the API. */
  find(name: string): User | undefined {
    const users = [...this.users.values()]
    if (name.includes('@') || name.startsWith('+')) return users.find(({ validated }) => validated.has(name))
    return this.users.get(name) ?? users.find(({ iyoIds }) => [...iyoIds.values()].some((ids) => ids.includes(name)))
  }
}

export function parentOf(globalid: string): string | undefined {
  const dot = globalid.lastIndexOf('.')
  return dot < 0 ? undefined : globalid.slice(0, dot)
}

/** The list of that name, made when it is first asked for. */
export function listOf({ lists }: { readonly lists: Map<string, Item[]> }, name: string): Item[] {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  return list
}

/** How an organization shows its people: by a validated address or number, others not at all. */
export function identifierOf({ lists, validated }: User): string | undefined {
  const values = [
    ...(lists.get('emailaddresses') ?? []).map(({ emailaddress }) => String(emailaddress)),
    ...(lists.get('phonenumbers') ?? []).map(({ phonenumber }) => String(phonenumber)),
  ]
  return values.find((value) => validated.has(value))
}

/** The address or number that a user has under a label. */
export function addressOf(user: User, kind: string, label: string): string | undefined {
  const [list, field] = kind === 'email' ? ['emailaddresses', 'emailaddress'] : ['phonenumbers', 'phonenumber']
  const value = listOf(user, list).find((item) => item.label === label)?.[field]
  return typeof value === 'string' ? value : undefined
}

export function apiKeysOf(user: User): ApiKey[] {
  return listOf(user, 'apikeys') as unknown as ApiKey[]
}
