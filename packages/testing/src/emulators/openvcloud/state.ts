import { randomBytes } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import { PortalError } from './answers.ts'

/** A user of the environment, with a password, or of ItsYou.online (`bob@itsyouonline`). */
export interface OpenvCloudUser {
  readonly id: string
  /** Of a user of the environment. Default: random. Users of ItsYou.online have none. */
  readonly password?: string
  /** Default `['user']`. Members of `admin` may do everything. */
  readonly groups?: readonly string[]
  readonly emails?: readonly string[]
}

/** User → rights: `R`, `RCX` or `ARCXDU`. */
export type OpenvCloudGrants = Readonly<Record<string, string>>

/** A machine of a cloudspace. */
export interface OpenvCloudMachine {
  readonly name: string
  readonly users?: OpenvCloudGrants
}

/** A cloudspace of an account, with its machines. */
export interface OpenvCloudCloudspace {
  readonly name: string
  readonly users?: OpenvCloudGrants
  readonly machines?: readonly OpenvCloudMachine[]
}

/** An account with what is in it. */
export interface OpenvCloudAccount {
  readonly name: string
  readonly users?: OpenvCloudGrants
  readonly cloudspaces?: readonly OpenvCloudCloudspace[]
}

export interface UserState {
  readonly id: string
  readonly password: string | undefined
  groups: Set<string>
  emails: readonly string[]
  isActive: boolean
  /** One that does not end. */
  authkey: string | undefined
}

export interface Ace {
  readonly userGroupId: string
  readonly type: 'U' | 'G'
  right: string
  readonly status: 'CONFIRMED'
  explicit: boolean
}

/** An account, a cloudspace, a machine or a disk. */
export interface Resource {
  readonly id: number
  readonly kind: 'account' | 'cloudspace' | 'machine' | 'disk'
  /** What it is in; nothing for an account. */
  readonly parent: Resource | undefined
  name: string
  status: string
  readonly acl: Ace[]
  readonly creationTime: Seconds
  updateTime: Seconds
  /** Of the kind's own. */
  readonly more: Record<string, unknown>
}

const rightSets = ['R', 'RCX', 'ARCXDU'].map(sorted)

/** Everything that an environment knows. */
export class OpenvCloudState {
  readonly users = new Map<string, UserState>()
  readonly resources: Resource[] = []
  readonly now: () => Seconds
  #last = 0

  constructor(now: () => Seconds) {
    this.now = now
  }

  addUser({ id, password, groups = ['user'], emails = [] }: OpenvCloudUser): UserState {
    const secret = password ?? (id.includes('@') ? undefined : randomBytes(12).toString('base64url'))
    const user = { id, password: secret, groups: new Set(groups), emails, isActive: true, authkey: undefined }
    this.users.set(id, user)
    return user
  }

  addAccount({ name, users, cloudspaces = [] }: OpenvCloudAccount): Resource {
    const account = this.add('account', undefined, name, 'CONFIRMED', users)
    for (const one of cloudspaces) this.addCloudspace(account, one)
    return account
  }

  addCloudspace(account: Resource, { name, users, machines = [] }: OpenvCloudCloudspace): Resource {
    const cloudspace = this.add('cloudspace', account, name, 'DEPLOYED', users)
    for (const one of machines) this.addMachine(cloudspace, one)
    return cloudspace
  }

  addMachine(cloudspace: Resource, { name, users }: OpenvCloudMachine): Resource {
    return this.add('machine', cloudspace, name, 'RUNNING', users)
  }

  add(
    kind: Resource['kind'],
    parent: Resource | undefined,
    name: string,
    status: string,
    users: OpenvCloudGrants = {},
    more: Record<string, unknown> = {},
  ): Resource {
    this.#last += 1
    const times = { creationTime: this.now(), updateTime: this.now() }
    const resource: Resource = { id: this.#last, kind, parent, name, status, acl: [], ...times, more }
    this.resources.push(resource)
    for (const [user, right] of Object.entries(users)) this.grant(resource, user, right)
    return resource
  }

  /** @throws {PortalError} 404 */
  find(kind: Resource['kind'], id: unknown): Resource {
    const found = this.resources.find((one) => one.kind === kind && one.id === id)
    if (found === undefined) throw new PortalError(404, `Could not find ${id} of type ${kind}`)
    return found
  }

  within(parent: Resource, kind: Resource['kind']): Resource[] {
    return this.resources.filter((one) => one.kind === kind && one.parent === parent)
  }

  /** By id or e-mail address. @throws {PortalError} 404 */
  userNamed(name: unknown): UserState {
    const found =
      this.users.get(String(name)) ?? [...this.users.values()].find(({ emails }) => emails.includes(String(name)))
    if (found === undefined) throw new PortalError(404, 'User is not registered on the system')
    return found
  }

  /** Gives rights, and sight of what the resource is in. @throws {PortalError} 400, 404 */
  grant(resource: Resource, name: unknown, right: unknown): void {
    const { id } = this.userNamed(name)
    if (!rightSets.includes(sorted(String(right)))) {
      throw new PortalError(400, `Invalid set of access rights "${right}". Please only use "R", "RCX" or "ARCXDU".`)
    }
    this.#put(resource, id, String(right), true)
    for (let at = resource.parent; at !== undefined; at = at.parent) this.#put(at, id, 'R', false)
  }

  revoke(resource: Resource, id: string): void {
    const at = resource.acl.findIndex((ace) => ace.userGroupId === id)
    if (at >= 0) resource.acl.splice(at, 1)
  }

  #put({ acl }: Resource, userGroupId: string, right: string, explicit: boolean): void {
    const ace = acl.find((one) => one.userGroupId === userGroupId)
    if (ace === undefined) acl.push({ userGroupId, type: 'U', right, status: 'CONFIRMED', explicit })
    else if (explicit) Object.assign(ace, { right, explicit })
  }
}

function sorted(letters: string): string {
  return [...letters].sort().join('')
}
