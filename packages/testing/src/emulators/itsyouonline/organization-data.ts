import type { Reply } from '../../server/routes.ts'
import { codeError, jsonReply, textError } from './answers.ts'
import type { Call, Handlers } from './api.ts'
import { organizationAt } from './organizations.ts'
import { type Item, identifierOf, type Organization, type OrganizationKey, random, type User } from './state.ts'

const maxGrants = 50
const maxValidity = 2_678_400
const maxLogo = 5 * 1024 * 1024
const secretBytes = 39

/** Operations on what an organization has: keys, grants, descriptions, its logo. */
export const organizationDataHandlers: Handlers = {
  GetOrganizationAPIKeyLabels: (call) =>
    jsonReply(
      200,
      organizationAt(call).keys.map(({ label }) => label),
    ),
  CreateNewOrganizationAPIKey(call) {
    const { keys } = organizationAt(call)
    const { label, callbackURL, clientCredentialsGrantType } = call.body
    if (!/^[a-zA-Z\d\-_\s]{2,50}$/.test(String(label))) throw textError(400)
    if (keys.some((key) => key.label === label)) throw textError(409)
    const key = addOrganizationKey(organizationAt(call), String(label), {
      callbackURL: String(callbackURL ?? ''),
      clientCredentialsGrantType: clientCredentialsGrantType === true,
    })
    return jsonReply(201, shownKey(key))
  },
  GetOrganizationAPIKey: (call) => jsonReply(200, shownKey(keyAt(call))),
  // What is left out is reset.
  UpdateOrganizationAPIKey(call) {
    const key = keyAt(call)
    const { label, callbackURL, clientCredentialsGrantType } = call.body
    if (label !== key.label && organizationAt(call).keys.some((one) => one.label === label)) throw textError(409)
    key.label = String(label)
    key.callbackURL = String(callbackURL ?? '')
    key.clientCredentialsGrantType = clientCredentialsGrantType === true
    return { status: 200 }
  },
  DeleteOrganizationAPIKey(call) {
    const { keys } = organizationAt(call)
    const index = keys.findIndex(({ label }) => label === call.params.label)
    if (index >= 0) keys.splice(index, 1)
    return { status: 204 }
  },
  CreateUserGrant(call) {
    const { grants } = organizationAt(call)
    const { username } = authorizedUser(call, String(call.body.username))
    const held = grants.get(username) ?? []
    if (held.length >= maxGrants || held.includes(String(call.body.grant))) throw textError(409)
    grants.set(username, [...held, String(call.body.grant)])
    return jsonReply(201, grants.get(username))
  },
  UpdateUserGrant(call) {
    const { grants } = organizationAt(call)
    const { username } = authorizedUser(call, String(call.body.username))
    const held = grants.get(username) ?? []
    if (!held.includes(String(call.body.oldgrant))) throw textError(404)
    grants.set(
      username,
      held.map((grant) => (grant === call.body.oldgrant ? String(call.body.newgrant) : grant)),
    )
    return jsonReply(200, grants.get(username))
  },
  GetUserGrants(call) {
    const { username } = authorizedUser(call, call.params.username ?? '')
    return jsonReply(200, organizationAt(call).grants.get(username) ?? [])
  },
  DeleteAllUserGrants(call) {
    organizationAt(call).grants.delete(authorizedUser(call, call.params.username ?? '').username)
    return { status: 204 }
  },
  DeleteUserGrant(call) {
    const { grants } = organizationAt(call)
    const { username } = authorizedUser(call, call.params.username ?? '')
    grants.set(
      username,
      (grants.get(username) ?? []).filter((grant) => grant !== call.params.grant),
    )
    return { status: 204 }
  },
  ListUsersWithGrant(call) {
    const holders = [...organizationAt(call).grants].filter(([, held]) => held.includes(call.params.grant ?? ''))
    return jsonReply(
      200,
      holders.flatMap(([username]) => identifierOf(call.state.user(username)) ?? []),
    )
  },
  SetDescription: (call) => describe(call),
  UpdateDescription: (call) => describe(call),
  GetDescription: (call) => description(call, [languageOf(call)]),
  GetDescriptionWithFallback: (call) => description(call, [languageOf(call), 'en']),
  DeleteDescription(call) {
    organizationAt(call).descriptions.delete(languageOf(call))
    return { status: 204 }
  },
  GetOrganizationLogo: (call) => jsonReply(200, { logo: organizationAt(call).logo }),
  SetOrganizationLogo(call) {
    const logo = String(call.body.logo)
    if (logo.length > maxLogo) throw textError(413)
    organizationAt(call).logo = logo
    return { status: 200 }
  },
  DeleteOrganizationLogo(call) {
    organizationAt(call).logo = ''
    return { status: 204 }
  },
  Get2faValidityTime: (call) => jsonReply(200, { secondsvalidity: organizationAt(call).secondsvalidity }),
  Set2faValidityTime(call) {
    organizationAt(call).secondsvalidity = Math.min(Math.max(Number(call.body.secondsvalidity), 0), maxValidity)
    return { status: 200 }
  },
}

/** Gives an organization a key with a secret of 52 characters. */
export function addOrganizationKey(
  organization: Organization,
  label: string,
  options: Pick<OrganizationKey, 'callbackURL' | 'clientCredentialsGrantType'>,
): OrganizationKey {
  const key = { label, secret: random(secretBytes), ...options }
  organization.keys.push(key)
  return key
}

function keyAt(call: Call): OrganizationKey {
  const key = organizationAt(call).keys.find(({ label }) => label === call.params.label)
  if (key === undefined) throw textError(404)
  return key
}

function shownKey({ label, secret, callbackURL, clientCredentialsGrantType }: OrganizationKey): Item {
  return {
    ...(callbackURL && { callbackURL }),
    ...(clientCredentialsGrantType && { clientCredentialsGrantType }),
    label,
    secret,
  }
}

function authorizedUser(call: Call, name: string): User {
  const user = call.state.find(name)
  if (user?.authorizations.has(organizationAt(call).globalid)) return user
  throw textError(403)
}

function languageOf({ params, body }: Call): string {
  const language = String(params.langkey ?? body.langkey)
    .slice(0, 2)
    .toLowerCase()
  if (!/^[a-z]{2}$/.test(language)) throw codeError(400, 'invalid_language_key')
  return language
}

function describe(call: Call): Reply {
  const langkey = languageOf(call)
  organizationAt(call).descriptions.set(langkey, String(call.body.text))
  return jsonReply(call.operation.status, { langkey, text: call.body.text }, true)
}

function description(call: Call, languages: readonly string[]): Reply {
  const { descriptions } = organizationAt(call)
  const langkey = languages.find((one) => descriptions.has(one))
  if (langkey === undefined) throw textError(404)
  return jsonReply(200, { langkey, text: descriptions.get(langkey) })
}
