import { isListed, lineOf, rightsOn } from './access.ts'
import { crash, PortalError } from './answers.ts'
import type { Params } from './params.ts'
import type { Sessions } from './sessions.ts'
import type { OpenvCloudState, Resource } from './state.ts'
import { accountView, cloudspaceDetails, cloudspaceView, diskView, machineDetails, machineView } from './views.ts'

/** One call: who makes it, with which parameters. */
export interface Call {
  readonly state: OpenvCloudState
  readonly sessions: Sessions
  readonly user: string
  readonly params: Params
  readonly origin: string
}

/** What an operation does; its answer. @throws {PortalError} */
export type Handler = (call: Call) => unknown

type Kind = 'account' | 'cloudspace' | 'machine'

/** The operations whose effects are kept. All others answer with their example. */
export const handlers: Readonly<Record<string, Handler | undefined>> = {
  'accounts.list': ({ state, user }) =>
    state.resources
      .filter((one) => one.kind === 'account' && ['CONFIRMED', 'DISABLED'].includes(one.status))
      .filter((one) => one.acl.some((ace) => ace.userGroupId === user))
      .map(accountView),
  'accounts.get': ({ state, params }) => accountView(state.find('account', params.accountId)),
  'accounts.update': update('account'),
  ...usersOf('account', 'accounts'),

  'cloudspaces.list': ({ state, user, params }) =>
    state.resources
      .filter((one) => one.kind === 'cloudspace' && isListed(one, user))
      .filter((one) => params.includedeleted === true || !['DELETED', 'DESTROYED'].includes(one.status))
      .map(cloudspaceView),
  'cloudspaces.get': ({ state, params }) => cloudspaceDetails(state.find('cloudspace', params.cloudspaceId)),
  'cloudspaces.create'({ state, params }) {
    const { accountId, name, access, location, privatenetwork, type } = params
    const account = state.find('account', accountId)
    state.userNamed(access)
    const more = { location, privatenetwork, type }
    const cloudspace = state.add('cloudspace', account, String(name), 'VIRTUAL', {}, more)
    state.grant(cloudspace, access, 'ARCXDU')
    return cloudspace.id
  },
  'cloudspaces.deploy': become('cloudspace', 'DEPLOYED', 'DEPLOYED'),
  'cloudspaces.delete': become('cloudspace', 'DELETED'),
  'cloudspaces.restore': become('cloudspace', 'DEPLOYED'),
  'cloudspaces.disable': become('cloudspace', 'DISABLED'),
  'cloudspaces.enable': become('cloudspace', 'DEPLOYED'),
  'cloudspaces.update': update('cloudspace'),
  ...usersOf('cloudspace', 'cloudspaces'),

  'machines.list'({ state, user, params }) {
    // The portal looks the user up, and stumbles over one that it does not know.
    if (!state.users.has(user) && user !== 'admin') throw crash()
    const cloudspace = state.find('cloudspace', params.cloudspaceId)
    return state
      .within(cloudspace, 'machine')
      .filter((one) => isVisible(state, one, user))
      .map(machineView)
  },
  'machines.get': ({ state, params }) => machineDetails(state.find('machine', params.machineId)),
  'machines.create'({ state, params }) {
    const { cloudspaceId, name, description, imageId, memory, vcpus, sizeId } = params
    const more = { description, imageId, memory, vcpus, sizeId }
    return state.add('machine', state.find('cloudspace', cloudspaceId), String(name), 'RUNNING', {}, more).id
  },
  'machines.update': update('machine'),
  'machines.start': become('machine', 'RUNNING'),
  'machines.resume': become('machine', 'RUNNING'),
  'machines.restore': become('machine', 'HALTED'),
  'machines.stop': become('machine', 'HALTED'),
  'machines.pause': become('machine', 'PAUSED'),
  'machines.delete': become('machine', 'DELETED'),
  ...usersOf('machine', 'machines'),

  'disks.create'({ state, params }) {
    const { accountId, name, size, type, gid } = params
    const more = { sizeMax: size, type, gid }
    return state.add('disk', state.find('account', accountId), String(name), 'CREATED', {}, more).id
  },
  'disks.get': ({ state, params }) => diskView(state.find('disk', params.diskId)),
  'disks.list': ({ state, params }) => state.within(state.find('account', params.accountId), 'disk').map(diskView),

  'locations.getUrl': ({ origin }) => origin,
  'sizes.list'({ params }) {
    if (params.cloudspaceId === undefined && params.location === undefined) {
      throw new PortalError(400, 'Param with name:cloudspaceId or location is missing.')
    }
    return [{ id: 1, name: 'small', memory: 512, vcpus: 1, disks: [10, 20] }]
  },
  'users.authenticate': ({ sessions, params }) => sessions.authenticate(params.username, params.password),
  'users.get'({ state, user, params }) {
    if (params.username !== user) throw new PortalError(403, 'Forbidden', 'text')
    const found = state.users.get(user)
    if (found === undefined) throw new PortalError(404, 'User not found')
    return { username: found.id, emailaddresses: found.emails, data: '{}' }
  },
  'users.getMatchingUsernames'({ state, params }) {
    const limit = Number(params.limit)
    if (limit > 20) throw new PortalError(400, 'Cannot return more than 20 usernames while matching users')
    const wanted = String(params.usernameregex)
    const found = [...state.users.keys()].filter((id) => id.includes(wanted))
    return found.slice(0, limit).map((username) => ({ username, gravatarurl: '' }))
  },

  'system.usermanager.whoami': ({ state, user }) => ({
    name: user,
    admin: user === 'admin' || state.users.get(user)?.groups.has('admin') === true,
  }),
  'system.usermanager.authenticate': ({ sessions, params }) => sessions.authenticate(params.name, params.secret),
}

function isVisible(state: OpenvCloudState, resource: Resource, user: string): boolean {
  const isAdmin = user === 'admin' || state.users.get(user)?.groups.has('admin') === true
  return resource.status !== 'DESTROYED' && (isAdmin || rightsOn(resource, user) !== '')
}

function idIn(kind: Kind, params: Params): unknown {
  const id = params[`${kind}Id`]
  return typeof id === 'string' ? Number(id) : id
}

function become(kind: Kind, status: string, answer: unknown = true): Handler {
  return ({ state, params }) => {
    const resource = state.find(kind, idIn(kind, params))
    resource.status = status
    resource.updateTime = state.now()
    return answer
  }
}

function update(kind: Kind): Handler {
  return ({ state, params }) => {
    const resource = state.find(kind, idIn(kind, params))
    if (typeof params.name === 'string') resource.name = params.name
    if (typeof params.description === 'string') resource.more.description = params.description
    resource.updateTime = state.now()
    return true
  }
}

/** The three operations that change who has rights. */
function usersOf(kind: Kind, group: string): Record<string, Handler> {
  const open = ({ state, params }: Call) => {
    const resource = state.find(kind, idIn(kind, params))
    const { id } = state.userNamed(params.userId)
    return { resource, id, ace: resource.acl.find((one) => one.userGroupId === id) }
  }
  return {
    [`${group}.addUser`](call) {
      const { resource, id, ace } = open(call)
      if (ace?.explicit === true) throw new PortalError(400, `User already has access rights to this ${kind}`)
      call.state.grant(resource, id, call.params.accesstype)
      return true
    },
    [`${group}.updateUser`](call) {
      const { resource, id, ace } = open(call)
      if (ace === undefined) throw new PortalError(404, `User does not have any access rights to update`)
      if (isLastAdmin(resource, id)) throw lastAdmin(kind)
      call.state.grant(resource, id, call.params.accesstype)
      return true
    },
    [`${group}.deleteUser`](call) {
      const { resource, id, ace } = open(call)
      if (ace === undefined) throw new PortalError(404, `User "${id}" does not have access on the ${kind}`)
      if (isLastAdmin(resource, id)) throw lastAdmin(kind)
      call.state.revoke(resource, id)
      if (call.params.recursivedelete === true) {
        const inside = call.state.resources.filter((one) => lineOf(one).includes(resource))
        for (const one of inside) call.state.revoke(one, id)
      }
      return true
    },
  }
}

// Of an account: a cloudspace or machine has those of its account too.
function isLastAdmin({ kind, acl }: Resource, id: string): boolean {
  const admins = acl.filter(({ right }) => right.includes('A')).map(({ userGroupId }) => userGroupId)
  return kind === 'account' && admins.length === 1 && admins[0] === id
}

function lastAdmin(kind: string): PortalError {
  return new PortalError(400, `The user is the last ${kind} admin and can not be removed`)
}
