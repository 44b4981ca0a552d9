import type { Reply } from '../../server/routes.ts'
import { codeError, jsonReply, textError } from './answers.ts'
import type { Call, Handlers } from './api.ts'
import { userAt } from './authorization.ts'
import { type Item, identifierOf, listOf, random, type User } from './state.ts'

const emptyFacebook = { id: '', picture: '', link: '', name: '' }
const emptyGithub = { login: '', id: 0, avatar_url: '', html_url: '', name: '' }
const maxAvatars = 5
const maxImageBytes = 102_400
const maxIyoIds = 25
const maxValidations = 50
const tenMinutes = 600_000
const reserved = ['facebook', 'github']
// One transparent pixel.
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

/** Operations on users, beyond their lists. */
export const userHandlers: Handlers = {
  CreateUser({ state, body }) {
    if (state.users.has(String(body.username))) throw textError(409)
    return jsonReply(201, shown(state.addUser({ username: String(body.username) })))
  },
  GetUser: (call) => jsonReply(200, shown(userOf(call))),
  UpdateUserName(call) {
    Object.assign(userOf(call), { firstname: call.body.firstname, lastname: call.body.lastname })
    return { status: 204 }
  },
  UpdatePassword({ body }) {
    if (body.currentpassword === body.newpassword) throw codeError(422, 'invalid_password')
    return { status: 204 }
  },
  GetUserInformation(call) {
    const user = userOf(call)
    const { avatars, ...rest } = shown(user)
    const validated = (list: string, field: string) =>
      listOf(user, list).filter((item) => user.validated.has(String(item[field])))
    return jsonReply(200, {
      ...rest,
      avatar: avatars,
      organizations: call.state.organizations.size === 0 ? [] : organizationsOf(call).member,
      ownerof: { emailaddresses: [] },
      validatedemailaddresses: validated('emailaddresses', 'emailaddress'),
      validatedphonenumbers: validated('phonenumbers', 'phonenumber'),
    })
  },
  ListAPIKeys: (call) => jsonReply(200, listOf(userOf(call), 'apikeys')),
  AddApiKey(call) {
    const user = userOf(call)
    const label = String(call.body.label)
    if (!/^[a-zA-Z\d\-_\s]{2,50}$/.test(label)) throw textError(400)
    if (keyNamed(user, label) !== undefined) throw textError(409)
    return jsonReply(201, addApiKey(user, label))
  },
  GetAPIkey(call) {
    const empty = { label: '', scopes: null, applicationid: '', apikey: '', username: '' }
    return jsonReply(200, keyNamed(userOf(call), call.params.label) ?? empty)
  },
  UpdateAPIkey(call) {
    const user = userOf(call)
    const key = keyNamed(user, call.params.label)
    if (key === undefined) throw textError(400)
    if (keyNamed(user, String(call.body.label)) !== undefined) throw textError(409)
    key.label = call.body.label
    return { status: 204 }
  },
  DeleteAPIkey(call) {
    const keys = listOf(userOf(call), 'apikeys')
    const index = keys.findIndex(({ label }) => label === call.params.label)
    if (index >= 0) keys.splice(index, 1)
    return { status: 204 }
  },
  GetAvatars: (call) => jsonReply(200, listOf(userOf(call), 'avatars')),
  CreateAvatarFromLink: (call) => addAvatar(call, { label: call.body.label, source: call.body.source }),
  CreateAvatarFromImage: (call) => addAvatar(call, { label: call.params.label, source: imageAt(call) }),
  UpdateAvatarLink: (call) => updateAvatar(call, String(call.body.label), () => String(call.body.source)),
  UpdateAvatarFile: (call) => updateAvatar(call, String(call.params.newlabel), () => imageAt(call)),
  DeleteAvatar(call) {
    const avatars = listOf(userOf(call), 'avatars')
    const index = avatars.findIndex(({ label }) => label === call.params.label)
    if (index < 0) throw textError(404)
    avatars.splice(index, 1)
    return { status: 204 }
  },
  GetAvatarImage: () => ({ status: 200, headers: { 'content-type': 'image/png' }, body: pixel }),
  ValidatePhonenumber(call) {
    const { state, params, now } = call
    if (!listOf(userOf(call), 'phonenumbers').some(({ label }) => label === params.label)) throw textError(404)
    state.validations = state.validations.filter((time) => now.getTime() - time < tenMinutes)
    if (state.validations.length >= maxValidations) throw textError(429, 'You have reached the maximum request limit.')
    state.validations.push(now.getTime())
    return jsonReply(200, { validationkey: random() })
  },
  GetTwoFAMethods: (call) => jsonReply(200, { totp: false, sms: listOf(userOf(call), 'phonenumbers') }, true),
  GetTOTPSecret: () => jsonReply(200, { totpsecret: random(), totpissuer: 'itsyou.online' }, true),
  SetupTOTP({ body }) {
    if (!/^\d{6}$/.test(String(body.totpcode))) throw textError(422, '')
    return { status: 204 }
  },
  GetNotifications(call) {
    const { username } = userOf(call)
    const invitations = [...call.state.organizations.values()].flatMap((organization) =>
      organization.invitations.filter((one) => one.user === username && one.status === 'pending'),
    )
    return jsonReply(200, {
      invitations,
      approvals: [],
      contractRequests: [],
      missingscopes: [],
      organizationinvitations: [],
    })
  },
  GetAllAuthorizations: (call) => jsonReply(200, [...userOf(call).authorizations.values()].map(shownAuthorization)),
  GetAuthorization(call) {
    const found = userOf(call).authorizations.get(call.params.grantedTo ?? '')
    if (found === undefined) throw textError(404)
    return jsonReply(200, shownAuthorization(found))
  },
  // Nothing that was granted is ever taken away by an update.
  UpdateAuthorization(call) {
    const { username, authorizations } = userOf(call)
    const { grantedTo = '' } = call.params
    const old = authorizations.get(grantedTo) ?? emptyAuthorization(username, grantedTo)
    const organizations = [
      ...new Set([...(old.organizations as string[]), ...((call.body.organizations ?? []) as string[])]),
    ]
    const merged = { ...old, ...call.body, username, grantedTo, organizations, scopes: old.scopes }
    authorizations.set(grantedTo, merged)
    return jsonReply(201, shownAuthorization(merged))
  },
  DeleteAuthorization(call) {
    userOf(call).authorizations.delete(call.params.grantedTo ?? '')
    return { status: 204 }
  },
  GetUserOrganizations: (call) => jsonReply(200, organizationsOf(call)),
  LeaveOrganization(call) {
    const { username, authorizations } = userOf(call)
    const organization = call.state.organizations.get(call.params.globalid ?? '')
    if (organization === undefined) throw codeError(404, 'user_not_found')
    const { owners, members } = organization
    if (!owners.has(username) && !members.has(username)) throw codeError(404, 'user_not_found')
    if (owners.has(username) && owners.size === 1) throw codeError(409, "last_owner_can't_leave")
    owners.delete(username)
    members.delete(username)
    authorizations.delete(organization.globalid)
    return { status: 204 }
  },
  AcceptMembership: (call) => answerInvitation(call, 'accepted', 201),
  RejectMembership: (call) => answerInvitation(call, 'rejected', 204),
  ListIyoIds(call) {
    const { username, iyoIds } = userOf(call)
    const azp = call.caller?.clientId ?? ''
    return jsonReply(200, { username, iyoids: iyoIds.get(azp) ?? [], azp })
  },
  GenerateIyoID(call) {
    const { username, iyoIds } = userOf(call)
    const azp = call.caller?.clientId ?? ''
    const held = iyoIds.get(azp) ?? []
    if (held.length >= maxIyoIds) throw textError(409)
    const id = random()
    iyoIds.set(azp, [...held, id])
    return jsonReply(201, { username, iyoids: [id], azp })
  },
  LookupIyoID({ state, params, caller }) {
    const azp = caller?.clientId ?? ''
    const found = [...state.users.values()].find(({ iyoIds }) => iyoIds.get(azp)?.includes(params.identifier ?? ''))
    if (found === undefined) throw textError(404)
    return jsonReply(200, { username: found.username, iyoids: [params.identifier], azp })
  },
}

function userOf({ state, params }: Call): User {
  return userAt(state, params.username ?? '')
}

function shown(user: User) {
  return {
    addresses: listOf(user, 'addresses'),
    bankaccounts: listOf(user, 'banks'),
    emailaddresses: listOf(user, 'emailaddresses'),
    facebook: emptyFacebook,
    github: emptyGithub,
    phonenumbers: listOf(user, 'phonenumbers'),
    digitalwallet: listOf(user, 'digitalwallet'),
    publicKeys: listOf(user, 'publickeys'),
    username: user.username,
    firstname: user.firstname,
    lastname: user.lastname,
    avatars: listOf(user, 'avatars'),
  }
}

function keyNamed(user: User, label: string | undefined): Item | undefined {
  return listOf(user, 'apikeys').find((key) => key.label === label)
}

/** Gives a user an API key; its scopes are always the same. */
export function addApiKey(user: User, label: string): Item {
  const key = { label, scopes: ['user:admin'], applicationid: random(), apikey: random(), username: user.username }
  listOf(user, 'apikeys').push(key)
  return key
}

function addAvatar(call: Call, avatar: Item): Reply {
  const avatars = listOf(userOf(call), 'avatars')
  if (reserved.includes(String(avatar.label))) throw codeError(409, 'reserved_label')
  if (avatars.some(({ label }) => label === avatar.label)) throw codeError(409, 'duplicate_label')
  if (avatars.length >= maxAvatars) throw codeError(409, 'max_avatar_amount')
  avatars.push(avatar)
  return jsonReply(201, avatar, true)
}

function updateAvatar(call: Call, label: string, source: () => string): Reply {
  const avatars = listOf(userOf(call), 'avatars')
  const old = call.params.label ?? ''
  if (reserved.includes(old)) throw codeError(409, 'changing_protected_label')
  const avatar = avatars.find((one) => one.label === old)
  if (avatar === undefined) throw textError(404)
  if (reserved.includes(label)) throw codeError(409, 'assign_reserved_label')
  if (label !== old && avatars.some((one) => one.label === label)) throw codeError(409, 'duplicate_label')
  Object.assign(avatar, { label, source: source() })
  return jsonReply(200, avatar, true)
}

function imageAt({ text, origin }: Call): string {
  if (!text.includes('name="file"')) throw textError(400)
  if (text.length > maxImageBytes) throw textError(413)
  return `${origin}/api/users/avatar/img/${random()}`
}

/** What a user consented to for a client, before the user did. */
export function emptyAuthorization(username: string, grantedTo: string): Item & { scopes: string[] } {
  return { username, grantedTo, organizations: [], name: false, ownerof: { emailaddresses: null }, scopes: [] }
}

function shownAuthorization({ scopes: _, ...authorization }: Item): Item {
  return authorization
}

// Only direct roles; without user:admin, only those that a scope names.
function organizationsOf(call: Call): { member: string[]; owner: string[] } {
  const { username } = userOf(call)
  const scopes = call.caller?.scopes ?? []
  const isShown = (globalid: string) =>
    scopes.includes('user:admin') ||
    scopes.some((scope) => {
      const [, named] = /^user:organizations:(.+)$/s.exec(scope) ?? []
      return named !== undefined && (globalid === named || globalid.startsWith(`${named}.`))
    })
  const mine = [...call.state.organizations.values()].filter(({ globalid }) => isShown(globalid))
  return {
    member: mine.filter(({ members }) => members.has(username)).map(({ globalid }) => globalid),
    owner: mine.filter(({ owners }) => owners.has(username)).map(({ globalid }) => globalid),
  }
}

function answerInvitation(call: Call, status: 'accepted' | 'rejected', code: number): Reply {
  const user = userOf(call)
  const { globalid = '', role = '' } = call.params
  const organization = call.state.organizations.get(globalid)
  const names = [user.username, identifierOf(user)]
  const invitation = organization?.invitations.find(
    (one) => one.status === 'pending' && one.role === role && names.includes(String(one.user)),
  )
  if (organization === undefined || invitation === undefined) throw textError(404)
  invitation.status = status
  if (status === 'accepted') organization[role === 'owner' ? 'owners' : 'members'].add(user.username)
  return status === 'accepted' ? jsonReply(code, invitation) : { status: code }
}
