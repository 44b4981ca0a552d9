import type { Reply } from '../../server/routes.ts'
import { codeError, jsonReply, textError } from './answers.ts'
import type { Call, Handlers } from './api.ts'
import { userAt } from './authorization.ts'
import { type Item, listOf } from './state.ts'

/** Operations on contracts and on documents that a client keeps with a user. */
export const documentHandlers: Handlers = {
  GetUserContracts: (call) => contracts(call),
  GetOrganizationContracts: (call) => contracts(call),
  CreateUserContract: (call) => addContract(call),
  CreateOrganizationContracty: (call) => addContract(call),
  GetSeeObjects(call) {
    assertOwn(call, call.query.get('globalid'))
    return jsonReply(
      200,
      documentsOf(call).map((one) => (one.versions as Item[]).at(-1)),
    )
  },
  CreateSeeObject(call) {
    const { username = '' } = call.params
    const globalid = call.caller?.clientId ?? ''
    const uniqueid = String(call.body.uniqueid ?? '')
    if (uniqueid === '' || uniqueid.length > 100) throw codeError(400, 'validation_error')
    if (find(call, uniqueid, globalid) !== undefined) throw codeError(409, 'id_already_in_use')
    const view = versionOf(call, { username, globalid, uniqueid, version: 1 })
    documentsOf(call).push({ username, globalid, uniqueid, versions: [view] })
    return jsonReply(201, view)
  },
  GetSeeObject(call) {
    const document = find(call, call.params.uniqueid, call.params.globalid)
    if (document === undefined) throw textError(404)
    return jsonReply(200, document)
  },
  UpdateSeeObject(call) {
    const { username = '', uniqueid = '', globalid = '' } = call.params
    assertOwn(call, globalid)
    const versions = find(call, uniqueid, globalid)?.versions as Item[] | undefined
    if (versions === undefined) throw codeError(412, 'document_not_found')
    const view = versionOf(call, { username, globalid, uniqueid, version: versions.length + 1 })
    versions.push(view)
    return jsonReply(200, view)
  },
  SignSeeObject(call) {
    const versions = find(call, call.params.uniqueid, call.params.globalid)?.versions as Item[] | undefined
    const view = versions?.find(({ version }) => String(version) === call.params.version)
    if (view === undefined) throw textError(404)
    if (view.signature !== '') throw textError(409)
    Object.assign(view, { signature: call.body.signature, keystore_label: call.body.keystore_label })
    return jsonReply(201, view)
  },
}

const fields = [
  'category',
  'link',
  'content_type',
  'markdown_short_description',
  'markdown_full_description',
  'start_date',
  'end_date',
  'keystore_label',
  'signature',
]

function versionOf({ body, now }: Call, names: Item): Item {
  const content = Object.fromEntries(fields.map((name) => [name, String(body[name] ?? '')]))
  return { ...names, ...content, creation_date: now.toISOString() }
}

function documentsOf({ state, params }: Call): Item[] {
  return listOf(userAt(state, params.username ?? ''), 'see')
}

function find(call: Call, uniqueid: string | undefined, globalid: string | undefined): Item | undefined {
  return documentsOf(call).find((one) => one.uniqueid === uniqueid && one.globalid === globalid)
}

// A client sees its own documents only.
function assertOwn({ caller }: Call, globalid: string | null): void {
  if (globalid !== caller?.clientId) throw codeError(403, 'unauthorized_organization')
}

function contracts(call: Call): Reply {
  for (const name of ['start', 'max']) {
    if (!/^\d*$/.test(call.query.get(name) ?? '')) throw textError(400)
  }
  return jsonReply(200, listOf(holderOf(call), 'contracts'))
}

function addContract(call: Call): Reply {
  const contract = { extends: [], invalidates: [], signatures: [], ...call.body }
  listOf(holderOf(call), 'contracts').push(contract)
  return jsonReply(201, contract)
}

function holderOf({ state, params }: Call) {
  return params.username === undefined ? state.organization(params.globalid ?? '') : userAt(state, params.username)
}
