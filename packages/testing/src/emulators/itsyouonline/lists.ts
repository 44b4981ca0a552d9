import type { Reply } from '../../server/routes.ts'
import { type Answer, codeError, jsonReply, textError } from './answers.ts'
import type { Call, Handler, Handlers } from './api.ts'
import { userAt } from './authorization.ts'
import { type Item, listOf, type Organization, type User } from './state.ts'

/** A list of a user or an organization whose items go by a label, a key or a name. */
interface List {
  readonly name: string
  /** What an item goes by, in the body. Default `label`. */
  readonly key?: string
  /** The part of the path that names an item. Default: as `key`. */
  readonly part?: string
  /** Whether an item is fit to be added or updated. */
  readonly isFit?: (item: Item) => boolean
  /** For a key that is taken. Default: 409 in words. */
  readonly duplicate?: () => Answer
  /** For an update of an item that is not there. Default 404. */
  readonly unknown?: number
  /** Why an item must stay as it is. */
  readonly protects?: (call: Call, item: Item, list: readonly Item[]) => Answer | undefined
  /** Deletes what is not there, too. */
  readonly forgiving?: boolean
}

const labelPattern = /^[a-zA-Z\d\-_\s]{2,50}$/
const labelled = ({ label }: Item) => labelPattern.test(String(label))
const taken = () => codeError(409, 'duplicate_label')

const lists = {
  addresses: { name: 'addresses', isFit: labelled },
  banks: {
    name: 'banks',
    isFit: (item) =>
      labelled(item) &&
      [8, 11].includes(String(item.bic).length) &&
      within(item.iban, 1, 30) &&
      within(item.country, 0, 40),
  },
  dns: { name: 'dns', key: 'name', part: 'dnsname' },
  emailaddresses: {
    name: 'emailaddresses',
    isFit: labelled,
    duplicate: taken,
    unknown: 400,
    protects: (call, item, list) =>
      call.operation.method === 'DELETE' ? lastAddress(list) : validatedAddress(call, item),
  },
  digitalwallet: { name: 'digitalwallet', isFit: labelled },
  keystore: { name: 'keystore', isFit: (item) => labelled(item) && item.key !== '' },
  phonenumbers: {
    name: 'phonenumbers',
    isFit: (item) => labelled(item) && /\+[0-9]{6,50}$/.test(String(item.phonenumber)),
    protects: (call, item) =>
      holderOf(call).validated.has(String(item.phonenumber))
        ? call.operation.method === 'DELETE'
          ? codeError(409, 'cannot_delete_last_verified_phone_number')
          : textError(412, 'cannot_modify_validated_phone')
        : undefined,
  },
  publickeys: {
    name: 'publickeys',
    isFit: ({ publickey }) => String(publickey).startsWith('ssh-rsa AAAAB3NzaC1yc2E'),
  },
  registry: {
    name: 'registry',
    key: 'Key',
    part: 'key',
    isFit: ({ Key, Value }) => within(Key, 1, 256) && within(Value, 1, 1024),
    forgiving: true,
  },
  requiredscopes: {
    name: 'requiredscopes',
    key: 'scope',
    part: 'requiredscope',
    duplicate: () => codeError(409, 'required_scope_already_exists'),
  },
} satisfies Record<string, List>

const within = (value: unknown, least: number, most: number) =>
  String(value).length >= least && String(value).length <= most

function lastAddress(list: readonly Item[]): Answer | undefined {
  return list.length === 1 ? textError(409) : undefined
}

function validatedAddress(call: Call, item: Item): Answer | undefined {
  const isSame = String(call.body.emailaddress).toLowerCase() === item.emailaddress
  return holderOf(call).validated.has(String(item.emailaddress)) && !isSame ? textError(412) : undefined
}

function holderOf({ state, params }: Call): User {
  return userAt(state, params.username ?? '')
}

/** The user or organization that the path names. */
function ownerOf({ state, params }: Call): User | Organization {
  if (params.username !== undefined) return userAt(state, params.username)
  const organization = state.organizations.get(params.globalid ?? '')
  if (organization === undefined) throw textError(404)
  return organization
}

function itemsOf(call: Call, { name }: List): Item[] {
  return listOf(ownerOf(call), name)
}

function find(call: Call, list: List): Item | undefined {
  const { key = 'label', part = key } = list
  return itemsOf(call, list).find((item) => item[key] === call.params[part])
}

const all =
  (list: List): Handler =>
  (call) => {
    const items = itemsOf(call, list)
    // The server looks for the word in the query, not at its value.
    const isFiltered = [...call.query.keys()].includes('validated') && 'validated' in ownerOf(call)
    const shown = isFiltered
      ? items.filter((item) => Object.values(item).some((value) => holderOf(call).validated.has(String(value))))
      : items
    return jsonReply(200, shown)
  }

const add =
  (list: List, isUpsert = false): Handler =>
  (call) => {
    const { key = 'label', isFit, duplicate = () => textError(409) } = list
    const items = itemsOf(call, list)
    if (isFit?.(call.body) === false) throw textError(400)
    const index = items.findIndex((item) => item[key] === call.body[key])
    if (index >= 0 && !isUpsert) throw duplicate()
    const item = normalized(call.body)
    items.splice(index < 0 ? items.length : index, 1, item)
    return echo(call, item)
  }

const get =
  (list: List): Handler =>
  (call) => {
    const item = find(call, list)
    if (item === undefined) throw textError(404)
    return jsonReply(200, item)
  }

const update =
  (list: List): Handler =>
  (call) => {
    const { key = 'label', isFit, unknown = 404, protects } = list
    const items = itemsOf(call, list)
    if (isFit?.(call.body) === false || (key === 'label' && !labelled(call.body))) throw textError(400)
    const old = find(call, list)
    if (old === undefined)
      throw list.name === 'requiredscopes' ? codeError(404, 'required_scope_not_found') : textError(unknown)
    const refusal = protects?.(call, old, items)
    if (refusal !== undefined) throw refusal
    if (call.body[key] !== old[key] && items.some((item) => item[key] === call.body[key])) throw taken()
    const item = normalized(call.body)
    items.splice(items.indexOf(old), 1, item)
    return echo(call, item)
  }

const remove =
  (list: List): Handler =>
  (call) => {
    const items = itemsOf(call, list)
    const item = find(call, list)
    if (item === undefined) {
      if (list.forgiving) return { status: 204 }
      throw list.name === 'requiredscopes' ? codeError(404, 'required_scope_not_found') : textError(404)
    }
    const refusal = list.protects?.(call, item, items)
    if (refusal !== undefined) throw refusal
    items.splice(items.indexOf(item), 1)
    return { status: 204 }
  }

function normalized(item: Item): Item {
  return typeof item.emailaddress === 'string'
    ? { ...item, emailaddress: item.emailaddress.toLowerCase() }
    : { ...item }
}

function echo({ operation }: Call, item: Item): Reply {
  return operation.answer === undefined ? { status: operation.status } : jsonReply(operation.status, item)
}

/** The operations on lists that all work alike. */
export const listHandlers: Handlers = {
  GetEmailAddresses: all(lists.emailaddresses),
  RegisterNewEmailAddress: add(lists.emailaddresses),
  UpdateEmailAddress: update(lists.emailaddresses),
  DeleteEmailAddress: remove(lists.emailaddresses),
  GetUserPhoneNumbers: all(lists.phonenumbers),
  RegisterNewUserPhonenumber: add(lists.phonenumbers),
  GetUserPhonenumberByLabel: get(lists.phonenumbers),
  UpdateUserPhonenumber: update(lists.phonenumbers),
  DeleteUserPhonenumber: remove(lists.phonenumbers),
  GetUserAddresses: all(lists.addresses),
  RegisterNewUserAddress: add(lists.addresses),
  GetUserAddressByLabel: get(lists.addresses),
  UpdateUserAddress: update(lists.addresses),
  DeleteUserAddress: remove(lists.addresses),
  GetDigitalWallet: all(lists.digitalwallet),
  RegisterNewDigitalAssetAddress: add(lists.digitalwallet),
  GetDigitalAssetAddressByLabel: get(lists.digitalwallet),
  UpdateDigitalAssetAddress: update(lists.digitalwallet),
  DeleteDigitalAssetAddress: remove(lists.digitalwallet),
  GetUserBankAccounts: all(lists.banks),
  CreateUserBankAccount: add(lists.banks),
  GetUserBankAccountByLabel: get(lists.banks),
  UpdateUserBankAccount: update(lists.banks),
  DeleteUserBankAccount: remove(lists.banks),
  ListPublicKeys: all(lists.publickeys),
  AddPublicKey: add(lists.publickeys),
  GetPublicKey: get(lists.publickeys),
  UpdatePublicKey: update(lists.publickeys),
  DeletePublicKey: remove(lists.publickeys),
  GetKeyStore: all(lists.keystore),
  GetKeyStoreKey: get(lists.keystore),
  ListUserRegistry: all(lists.registry),
  AddUserRegistryEntry: add(lists.registry, true),
  GetUserRegistryEntry: get(lists.registry),
  DeleteUserRegistryEntry: remove(lists.registry),
  ListOrganizationRegistry: all(lists.registry),
  AddOrganizationRegistryEntry: add(lists.registry, true),
  GetOrganizationRegistryEntry: get(lists.registry),
  DeleteOrganizationRegistryEntry: remove(lists.registry),
  CreateOrganizationDns: add(lists.dns),
  UpdateOrganizationDns: update(lists.dns),
  DeleteOrganizationDns: remove(lists.dns),
  AddRequiredScope: add(lists.requiredscopes),
  UpdateRequiredScope: update(lists.requiredscopes),
  DeleteRequiredScope: remove(lists.requiredscopes),
  SaveKeyStoreKey(call) {
    const { username = '' } = call.params
    const keydata = { ...(call.body.keydata as Item), timestamp: call.now.toISOString() }
    return add(lists.keystore)({
      ...call,
      body: { ...call.body, keydata, username, globalid: call.caller?.clientId ?? '' },
    })
  },
}
