import { randomBytes } from 'node:crypto'
import type { Clock, Jwk } from '@claviger/core'
import { realClock } from '../../clock.ts'
import { createLoopbackServer, type LoopbackControls } from '../../server/loopback.ts'
import type { LoopbackRequest, Route } from '../../server/routes.ts'
import { createPortal, type OpenvCloudSettings } from './portal.ts'
import { Sessions } from './sessions.ts'
import {
  type OpenvCloudAccount,
  type OpenvCloudCloudspace,
  type OpenvCloudGrants,
  type OpenvCloudMachine,
  OpenvCloudState,
  type OpenvCloudUser,
} from './state.ts'

/** Where the emulator can be made to fail. `cloudapi` is all of it but `authenticate`. */
export type OpenvCloudEndpoint = 'authenticate' | 'whoami' | 'cloudapi' | 'task' | 'catalogue' | 'other'

/** What the emulator is started with; its settings can be changed later. */
export interface OpenvCloudEmulatorOptions extends Partial<OpenvCloudSettings> {
  /** Default 0: one that is free. */
  readonly port?: number
  /** What JWTs of ItsYou.online are verified with: the `publicJwk` of its emulator. Default: none, and every JWT is refused. */
  readonly jwtKey?: Jwk
  /** Besides those that are there from the start. Default: none. */
  readonly users?: readonly OpenvCloudUser[]
  /** Besides `petshop`. Default: none. */
  readonly accounts?: readonly OpenvCloudAccount[]
  /** Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * An OpenvCloud environment on loopback. From the start there is the account `petshop` with the cloudspace `shop` and its machine
 * `till`; `ann`, who has a password, and `ann@itsyouonline` have all rights on the account, `bob@itsyouonline` may read it.
 */
export interface OpenvCloudEmulator extends LoopbackControls<OpenvCloudEndpoint> {
  /** For the option `baseUrl`; the calls are below `/restmachine`. */
  readonly url: string
  readonly port: number
  /** The credentials of `ann`. */
  readonly user: { readonly username: string; readonly password: string }
  /** What makes whoever has it `admin`. */
  readonly portalSecret: string
  /** Changes what the portal does, from now on. */
  configure(settings: Partial<OpenvCloudSettings>): void
  /** What JWTs are verified with from now on. */
  setJwtKey(key: Jwk): void
  /** Adds a user, or replaces the one of that id. */
  addUser(user: OpenvCloudUser): void
  /** What a login at the portal through ItsYou.online does: makes the user, in `user` and in the groups it is a member of. */
  portalLogin(username: string, groups?: readonly string[]): void
  /** @throws {Error} for a user that does not exist */
  setGroups(user: string, groups: readonly string[]): void
  /** Makes a user inactive, or active again. */
  setActive(user: string, isActive: boolean): void
  /** Also ends the user's sessions. */
  deleteUser(user: string): void
  /** The `authkey` of a new session. */
  login(user: string): string
  /** An `authkey` that does not end. */
  storeAuthkey(user: string): string
  /** Ends the sessions of a user, or all. */
  endSessions(user?: string): void
  /** Answers its id. @throws {Error} for users that do not exist */
  addAccount(account: OpenvCloudAccount): number
  /** Answers its id. @throws {Error} for users or an account that do not exist */
  addCloudspace(accountId: number, cloudspace: OpenvCloudCloudspace): number
  /** Answers its id. @throws {Error} for users or a cloudspace that do not exist */
  addMachine(cloudspaceId: number, machine: OpenvCloudMachine): number
  /** Answers its id. @throws {Error} for an account that does not exist */
  addDisk(accountId: number, name: string): number
  /** The id of what has a name. @throws {Error} when there is none */
  idOf(kind: 'account' | 'cloudspace' | 'machine' | 'disk', name: string): number
  /** Such as `DISABLED`. */
  setStatus(kind: 'account' | 'cloudspace' | 'machine', id: number, status: string): void
  /** Who has rights on something. */
  rightsOn(kind: 'account' | 'cloudspace' | 'machine', id: number): OpenvCloudGrants
}

/** Starts an OpenvCloud environment on 127.0.0.1. */
export async function createOpenvCloudEmulator(options: OpenvCloudEmulatorOptions = {}): Promise<OpenvCloudEmulator> {
  const { port, jwtKey, users = [], accounts = [], clock = realClock, ...given } = options
  let settings: OpenvCloudSettings = {
    legacy: false,
    strictBlankAuthkey: false,
    upgrading: false,
    sessionLifetime: 5 * 86_400,
    taskDuration: 0,
    ...given,
  }
  const state = new OpenvCloudState(() => Math.floor(clock.now() / 1000))
  const portalSecret = randomBytes(16).toString('hex')
  const sessions = new Sessions(state, () => settings, portalSecret)
  sessions.jwtKey = jwtKey

  const password = state.addUser({ id: 'ann', emails: ['ann@example.com'] }).password ?? ''
  for (const id of ['ann@itsyouonline', 'bob@itsyouonline']) state.addUser({ id })
  for (const user of users) state.addUser(user)
  state.addAccount({
    name: 'petshop',
    users: { ann: 'ARCXDU', 'ann@itsyouonline': 'ARCXDU', 'bob@itsyouonline': 'R' },
    cloudspaces: [{ name: 'shop', machines: [{ name: 'till' }] }],
  })
  for (const account of accounts) state.addAccount(account)

  const portal = createPortal({ state, sessions, settings: () => settings, origin: () => server.origin })
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
  const at = (endpoint: OpenvCloudEndpoint, path: string): Route<OpenvCloudEndpoint> => ({
    endpoint,
    method: methods,
    path: `/restmachine${path}`,
    handle: (request: LoopbackRequest) => portal(request, request.url.pathname.replace(/^\/restmachine\/?/, '')),
  })
  const server = await createLoopbackServer<OpenvCloudEndpoint>({
    ...(port !== undefined && { port }),
    routes: () => [
      at('authenticate', '/cloudapi/users/authenticate'),
      at('authenticate', '/system/usermanager/authenticate'),
      at('whoami', '/system/usermanager/whoami'),
      at('task', '/system/task/get'),
      at('catalogue', '/system/docgenerator/prepareCatalog'),
      at('cloudapi', '/cloudapi/:actor/:method'),
      ...['', '/', '/:app', '/:app/:actor', '/:app/:actor/:method', '/:app/:actor/:method/:more'].map((path) =>
        at('other', path),
      ),
    ],
  })

  function userOf(id: string) {
    const user = state.users.get(id)
    if (user === undefined) throw new Error(`There is no user ${id}.`)
    return user
  }

  return {
    ...server,
    url: server.origin,
    user: { username: 'ann', password },
    portalSecret,
    configure(changed) {
      settings = { ...settings, ...changed }
    },
    setJwtKey(key) {
      sessions.jwtKey = key
    },
    addUser: (user) => void state.addUser(user),
    portalLogin(username, groups = []) {
      const id = `${username}@itsyouonline`
      const user = state.users.get(id) ?? state.addUser({ id })
      user.groups = new Set(['user', ...groups])
    },
    setGroups(id, groups) {
      userOf(id).groups = new Set(groups)
    },
    setActive(id, isActive) {
      userOf(id).isActive = isActive
    },
    deleteUser(id) {
      state.users.delete(id)
      sessions.end(id)
    },
    login: (id) => sessions.start(userOf(id).id),
    storeAuthkey(id) {
      const authkey = randomBytes(16).toString('hex')
      userOf(id).authkey = authkey
      return authkey
    },
    endSessions: (user) => sessions.end(user),
    addAccount: (account) => state.addAccount(account).id,
    addCloudspace: (accountId, cloudspace) => state.addCloudspace(state.find('account', accountId), cloudspace).id,
    addMachine: (cloudspaceId, machine) => state.addMachine(state.find('cloudspace', cloudspaceId), machine).id,
    addDisk: (accountId, name) => state.add('disk', state.find('account', accountId), name, 'CREATED').id,
    idOf(kind, name) {
      const found = state.resources.find((one) => one.kind === kind && one.name === name)
      if (found === undefined) throw new Error(`There is no ${kind} ${name}.`)
      return found.id
    },
    setStatus(kind, id, status) {
      state.find(kind, id).status = status
    },
    rightsOn: (kind, id) =>
      Object.fromEntries(state.find(kind, id).acl.map(({ userGroupId, right }) => [userGroupId, right])),
  }
}
