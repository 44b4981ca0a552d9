import type { CallOptions } from '../../client-options.ts'
import { AuthError } from '../../errors.ts'
import type { OperationMethods } from '../../openapi-types.ts'
import type { components, operations } from './types.generated.ts'

/** All 137 operations of the API under their own names: `api.GetUserPhonenumberByLabel({ label, username })`. */
export type ItsYouOnlineApi = OperationMethods<operations>

type Models = components['schemas']

/** A user with what belongs to the user. */
export interface ItsYouOnlineAccount {
  readonly username: string
  /** The user as the API shows it. */
  get(options?: CallOptions): Promise<Models['User']>
  readonly publicKeys: ItsYouOnlinePublicKeys
  readonly apiKeys: ItsYouOnlineUserKeys
  readonly organizations: ItsYouOnlineMemberships
}

/** SSH keys: `ssh-rsa` only. */
export interface ItsYouOnlinePublicKeys {
  /** All that the user has. */
  list(options?: CallOptions): Promise<readonly ItsYouOnlinePublicKey[]>
  /** @throws {AuthError} `ERR_UPSTREAM_NOT_FOUND` */
  get(label: string, options?: CallOptions): Promise<ItsYouOnlinePublicKey>
  /** @param key The key, or one that another label has. @throws {AuthError} `ERR_UPSTREAM_CONFLICT` for a label that is taken */
  add(
    label: string,
    key: string | { readonly publickey: string },
    options?: CallOptions,
  ): Promise<ItsYouOnlinePublicKey>
  /** Gives a key another label, another key, or both. */
  update(
    label: string,
    changes: { readonly label?: string; readonly publickey?: string },
    options?: CallOptions,
  ): Promise<ItsYouOnlinePublicKey>
  /** Takes a key away. */
  delete(label: string, options?: CallOptions): Promise<void>
}

/** One SSH key. */
export interface ItsYouOnlinePublicKey {
  readonly label: string
  readonly publickey: string
  /** As the API shows it. */
  readonly model: Models['PublicKey']
  /** Answers the key under its new label. */
  update(label: string, options?: CallOptions): Promise<ItsYouOnlinePublicKey>
  /** Takes the key away. */
  delete(options?: CallOptions): Promise<void>
}

/** API keys of a user: each signs in with all rights of the user. The API shows their secrets again. */
export interface ItsYouOnlineUserKeys {
  /** All that the user has, with their secrets. */
  list(options?: CallOptions): Promise<readonly Models['UserAPIKey'][]>
  /** @throws {AuthError} `ERR_UPSTREAM_NOT_FOUND`, where the API itself answers with an empty key */
  get(label: string, options?: CallOptions): Promise<Models['UserAPIKey']>
  /** Makes a key, and gives it with its secret. */
  add(label: string, options?: CallOptions): Promise<Models['UserAPIKey']>
  /** @throws {AuthError} `ERR_UPSTREAM_INVALID` for a label that is not there */
  update(label: string, newLabel: string, options?: CallOptions): Promise<void>
  /** Also of a label that is not there. Tokens that the key was used for live on, up to a day. */
  delete(label: string, options?: CallOptions): Promise<void>
}

/** The organizations that a user is in. */
export interface ItsYouOnlineMemberships {
  /** The global ids of those that the user owns, and of those that the user is a member of. */
  list(options?: CallOptions): Promise<Models['UserOrganizations']>
  /** @throws {AuthError} `ERR_UPSTREAM_FORBIDDEN` without a role in it, also when it does not exist */
  get(globalid: string, options?: CallOptions): Promise<ItsYouOnlineOrganizationAccount>
  /** The user becomes its owner. With `parent.child` it is a sub-organization. */
  create(globalid: string, options?: CallOptions): Promise<ItsYouOnlineOrganizationAccount>
  /** With everything below it. */
  delete(globalid: string, options?: CallOptions): Promise<void>
  /** The user is neither member nor owner any more. */
  leave(globalid: string, options?: CallOptions): Promise<void>
}

/** An organization with what belongs to it. */
export interface ItsYouOnlineOrganizationAccount {
  readonly globalid: string
  /** As the API showed it. Owners and members are e-mail addresses or phone numbers; who has none validated is not there. */
  readonly model: Models['Organization']
  readonly apiKeys: ItsYouOnlineOrganizationKeys
  /** Ends the organization, with everything below it. */
  delete(options?: CallOptions): Promise<void>
}

/** API keys of an organization. */
export interface ItsYouOnlineOrganizationKeys {
  /** Labels. */
  list(options?: CallOptions): Promise<readonly string[]>
  /** With its secret. @throws {AuthError} `ERR_UPSTREAM_NOT_FOUND` */
  get(label: string, options?: CallOptions): Promise<Models['OrganizationAPIKey']>
  /** Makes a key, and gives it with its secret. */
  add(key: OrganizationKeyInput, options?: CallOptions): Promise<Models['OrganizationAPIKey']>
  /** What is left out stays as it is: the key is read before, as the API would reset it. */
  update(label: string, changes: Partial<OrganizationKeyInput>, options?: CallOptions): Promise<void>
  /** Also of a label that is not there. */
  delete(label: string, options?: CallOptions): Promise<void>
}

/** What an API key of an organization is for. */
export interface OrganizationKeyInput {
  label: string
  /** Where codes may be sent: what a redirect URI has to begin with. */
  callbackURL?: string
  /** Whether the key may sign in for the organization itself. Default false. */
  clientCredentialsGrantType?: boolean
}

/** A user's objects over the API. */
export function accountOf(api: ItsYouOnlineApi, username: string): ItsYouOnlineAccount {
  return {
    username,
    get: (options) => api.GetUser({ username }, options),
    publicKeys: publicKeysOf(api, username),
    apiKeys: userKeysOf(api, username),
    organizations: membershipsOf(api, username),
  }
}

function publicKeysOf(api: ItsYouOnlineApi, username: string): ItsYouOnlinePublicKeys {
  const keys: ItsYouOnlinePublicKeys = {
    list: async (options) => (await api.ListPublicKeys({ username }, options)).map(handle),
    get: async (label, options) => handle(await api.GetPublicKey({ username, label }, options)),
    async add(label, key, options) {
      const publickey = typeof key === 'string' ? key : key.publickey
      return handle(await api.AddPublicKey({ username }, { label, publickey }, options))
    },
    // The path has the old label, the body the new one.
    async update(label, changes, options) {
      const publickey = changes.publickey ?? (await api.GetPublicKey({ username, label }, options)).publickey
      return handle(
        await api.UpdatePublicKey({ username, label }, { label: changes.label ?? label, publickey }, options),
      )
    },
    delete: (label, options) => api.DeletePublicKey({ username, label }, options),
  }

  function handle(model: Models['PublicKey']): ItsYouOnlinePublicKey {
    const { label, publickey } = model
    return {
      label,
      publickey,
      model,
      update: (newLabel, options) => keys.update(label, { label: newLabel, publickey }, options),
      delete: (options) => keys.delete(label, options),
    }
  }

  return keys
}

function userKeysOf(api: ItsYouOnlineApi, username: string): ItsYouOnlineUserKeys {
  return {
    list: (options) => api.ListAPIKeys({ username }, options),
    async get(label, options) {
      const key = await api.GetAPIkey({ username, label }, options)
      if (key.label === label) return key
      const upstream = { provider: 'itsyouonline', operation: 'GetAPIkey', status: 200 }
      throw new AuthError('ERR_UPSTREAM_NOT_FOUND', { explanation: 'there is no API key of this label', upstream })
    },
    add: (label, options) => api.AddApiKey({ username }, { label }, options),
    update: (label, newLabel, options) => api.UpdateAPIkey({ username, label }, { label: newLabel }, options),
    delete: (label, options) => api.DeleteAPIkey({ username, label }, options),
  }
}

function membershipsOf(api: ItsYouOnlineApi, username: string): ItsYouOnlineMemberships {
  return {
    list: (options) => api.GetUserOrganizations({ username }, options),
    get: (globalid, options) => organizationOf(api, globalid, options),
    async create(globalid, options) {
      const dot = globalid.lastIndexOf('.')
      const model =
        dot < 0
          ? await api.CreateNewOrganization({ globalid }, options)
          : await api.CreateNewSubOrganization({ globalid: globalid.slice(0, dot) }, { globalid }, options)
      return organizationFrom(api, model)
    },
    delete: (globalid, options) => api.DeleteOrganization({ globalid }, options),
    leave: (globalid, options) => api.LeaveOrganization({ username, globalid }, options),
  }
}

/** An organization's objects over the API. */
export async function organizationOf(
  api: ItsYouOnlineApi,
  globalid: string,
  options?: CallOptions,
): Promise<ItsYouOnlineOrganizationAccount> {
  return organizationFrom(api, await api.GetOrganization({ globalid }, options))
}

function organizationFrom(api: ItsYouOnlineApi, model: Models['Organization']): ItsYouOnlineOrganizationAccount {
  const { globalid } = model
  return {
    globalid,
    model,
    apiKeys: {
      list: (options) => api.GetOrganizationAPIKeyLabels({ globalid }, options),
      get: (label, options) => api.GetOrganizationAPIKey({ globalid, label }, options),
      add: (key, options) => api.CreateNewOrganizationAPIKey({ globalid }, key, options),
      async update(label, changes, options) {
        const { secret: _, ...key } = await api.GetOrganizationAPIKey({ globalid, label }, options)
        await api.UpdateOrganizationAPIKey({ globalid, label }, { ...key, ...changes }, options)
      },
      delete: (label, options) => api.DeleteOrganizationAPIKey({ globalid, label }, options),
    },
    delete: (options) => api.DeleteOrganization({ globalid }, options),
  }
}
