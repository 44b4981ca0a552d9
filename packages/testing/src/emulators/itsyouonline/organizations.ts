import type { Reply } from '../../server/routes.ts'
import { codeError, jsonReply, textError } from './answers.ts'
import type { Call, Handlers } from './api.ts'
import { type Item, identifierOf, listOf, type Organization, parentOf, type User } from './state.ts'

const maxOrganizations = 1000

/** Operations on organizations, beyond their lists. */
export const organizationHandlers: Handlers = {
  CreateNewOrganization({ state, body, caller }) {
    const globalid = String(body.globalid)
    if (globalid === 'itsyouonline') throw textError(409)
    if (!/^[a-z\d\-_\s]{3,150}$/.test(globalid)) throw textError(400)
    if (state.users.has(globalid)) throw codeError(409, 'user_exists')
    if (state.organizations.has(globalid)) throw codeError(409, 'organization_exists')
    const owners = caller?.username === undefined ? [] : [caller.username]
    const owned = [...state.organizations.values()].filter((one) => owners.some((owner) => one.owners.has(owner)))
    if (owned.length >= maxOrganizations) throw codeError(422, 'maximum_amount_of_organizations_reached')
    state.addOrganization({ globalid, owners })
    return jsonReply(201, asSent(body, owners))
  },
  CreateNewSubOrganization({ state, params, body, caller }) {
    const globalid = String(body.globalid)
    const parent = params.globalid ?? ''
    if (!state.organizations.has(parent)) throw codeError(404, 'Parent organization does not exist')
    if (parentOf(globalid) !== parent || !/^[a-z\d\-_\s.]{3,150}$/.test(globalid)) throw textError(400)
    if (state.organizations.has(globalid)) throw codeError(409, 'organization_exists')
    const owners = caller?.username === undefined ? [] : [caller.username]
    state.addOrganization({ globalid, owners })
    return jsonReply(201, asSent(body, owners))
  },
  GetOrganization: (call) => jsonReply(200, shown(call, organizationAt(call)), true),
  DeleteOrganization(call) {
    call.state.deleteOrganization(organizationAt(call).globalid)
    return { status: 204 }
  },
  GetOrganizationTree: (call) => jsonReply(200, tree(call, topOf(organizationAt(call).globalid))),
  GetOrganizationUsers(call) {
    const organization = organizationAt(call)
    const listed = (['members', 'owners'] as const).flatMap((role) =>
      [...organization[role]].flatMap((username) => {
        const shownAs = identifierOf(call.state.user(username))
        return shownAs === undefined ? [] : { username: shownAs, role, missingscopes: [] }
      }),
    )
    const haseditpermissions = call.state.isOwner(organization.globalid, call.caller?.username ?? '')
    return jsonReply(200, { haseditpermissions, users: listed }, true)
  },
  UserIsMember(call) {
    const user = call.state.find(call.params.username ?? '')
    const IsMember = user !== undefined && call.state.isMember(organizationAt(call).globalid, user.username)
    return jsonReply(200, { IsMember }, true)
  },
  AddOrganizationMember: (call) => invite(call, 'member'),
  AddOrganizationOwner: (call) => invite(call, 'owner'),
  UpdateOrganizationMemberShip(call) {
    const organization = organizationAt(call)
    const { username } = personIn(call, String(call.body.username))
    const isOwner = call.body.role === 'owners'
    organization[isOwner ? 'members' : 'owners'].delete(username)
    organization[isOwner ? 'owners' : 'members'].add(username)
    return jsonReply(200, shown(call, organization), true)
  },
  RemoveOrganizationMember: (call) => removePerson(call, 'members'),
  RemoveOrganizationOwner: (call) => removePerson(call, 'owners'),
  GetInvitations(call) {
    const asked = call.query.get('status') ?? ''
    const status = ['accepted', 'rejected'].includes(asked) ? asked : 'pending'
    return jsonReply(
      200,
      organizationAt(call).invitations.filter((one) => one.status === status),
    )
  },
  RemovePendingOrganizationInvitation(call) {
    const { invitations } = organizationAt(call)
    const name = call.params.username ?? ''
    const user = call.state.find(name)?.username
    const index = invitations.findIndex((one) => one.status === 'pending' && (one.user === name || one.user === user))
    if (index < 0) throw textError(404)
    invitations.splice(index, 1)
    return { status: 204 }
  },
  SetOrgOwner: (call) => addOther(call, 'orgowners', String(call.body.orgowner)),
  SetOrgMember: (call) => addOther(call, 'orgmembers', String(call.body.orgmember)),
  DeleteOrgOwner: (call) => removeOther(call, 'orgowners'),
  DeleteOrgMember: (call) => removeOther(call, 'orgmembers'),
  AcceptOrganizationInvite: (call) => answerOther(call, 'accepted', 201),
  RejectOrganizationInvite: (call) => answerOther(call, 'rejected', 204),
  UpdateOrganizationOrgMemberShip(call) {
    const organization = organizationAt(call)
    const other = String(call.body.org)
    if (!organization.orgowners.delete(other) && !organization.orgmembers.delete(other)) throw textError(404)
    organization[call.body.role === 'members' ? 'orgmembers' : 'orgowners'].add(other)
    return jsonReply(200, shown(call, organization), true)
  },
  AddIncludeSubOrgsOf(call) {
    const organization = organizationAt(call)
    const other = String(call.body.globalid)
    if (!organization.orgmembers.has(other) && !organization.orgowners.has(other)) throw textError(404)
    if (organization.includesuborgsof.has(other)) throw textError(409)
    organization.includesuborgsof.add(other)
    return jsonReply(201, shown(call, organization))
  },
  RemoveIncludeSubOrgsOf(call) {
    if (!organizationAt(call).includesuborgsof.delete(call.params.orgmember ?? '')) throw textError(404)
    return { status: 204 }
  },
}

/** The organization that the path names. @throws {Answer} 404 */
export function organizationAt({ state, params }: Call): Organization {
  const organization = state.organizations.get(params.globalid ?? '')
  if (organization === undefined) throw textError(404)
  return organization
}

// Lists that were not sent come back as null.
function asSent(body: Item, owners: string[]): Item {
  const list = (name: string) => (Array.isArray(body[name]) ? body[name] : null)
  return {
    dns: list('dns'),
    globalid: body.globalid,
    members: null,
    owners,
    publicKeys: list('publicKeys'),
    secondsvalidity: body.secondsvalidity ?? 0,
    orgowners: null,
    orgmembers: null,
    requiredscopes: list('requiredscopes'),
    includesuborgsof: list('includesuborgsof'),
  }
}

// Who has no validated address or number is not shown at all.
function shown({ state }: Call, organization: Organization): Item {
  const people = (usernames: ReadonlySet<string>) =>
    [...usernames].flatMap((username) => identifierOf(state.user(username)) ?? [])
  return {
    dns: listOf(organization, 'dns').map(({ name }) => name),
    globalid: organization.globalid,
    members: people(organization.members),
    owners: people(organization.owners),
    publicKeys: [],
    secondsvalidity: organization.secondsvalidity,
    orgowners: [...organization.orgowners],
    orgmembers: [...organization.orgmembers],
    requiredscopes: listOf(organization, 'requiredscopes'),
    includesuborgsof: [...organization.includesuborgsof],
  }
}

// Rooted at the top, whatever was asked for.
function topOf(globalid: string): string {
  return globalid.split('.')[0] as string
}

function tree({ state }: Call, globalid: string): Item {
  const children = state.below(globalid).filter((one) => parentOf(one) === globalid)
  return { globalid, children: children.map((child) => tree({ state } as Call, child)) }
}

function personIn(call: Call, name: string): User {
  const user = call.state.find(name)
  const { owners, members } = organizationAt(call)
  if (user !== undefined && (owners.has(user.username) || members.has(user.username))) return user
  throw codeError(404, 'user_not_member_of_organization')
}

function invite(call: Call, role: 'member' | 'owner'): Reply {
  const organization = organizationAt(call)
  const name = String(call.body.searchstring)
  const user = call.state.find(name)
  if (user === undefined) throw codeError(404, 'user_not_found')
  if (organization[`${role}s`].has(user.username)) throw textError(409)
  // Who is in a parent already need not be asked.
  const parent = parentOf(organization.globalid)
  const isKnown = parent !== undefined && call.state.isMember(parent, user.username)
  const invitation = {
    organization: organization.globalid,
    role,
    user: user.username,
    status: isKnown ? 'accepted' : 'pending',
    created: call.now.toISOString(),
    method: name.includes('@') ? 'email' : name.startsWith('+') ? 'phone' : 'website',
    emailaddress: name.includes('@') ? name : '',
    phonenumber: name.startsWith('+') ? name : '',
    isorganization: false,
  }
  if (isKnown) organization[`${role}s`].add(user.username)
  organization.invitations.push(invitation)
  return jsonReply(201, invitation)
}

function removePerson(call: Call, role: 'members' | 'owners'): Reply {
  const organization = organizationAt(call)
  const user = call.state.find(call.params.username ?? '')
  if (user === undefined || !organization[role].delete(user.username)) throw textError(404)
  user.authorizations.delete(organization.globalid)
  return { status: 204 }
}

function addOther(call: Call, role: 'orgowners' | 'orgmembers', other: string): Reply {
  const organization = organizationAt(call)
  if (!call.state.organizations.has(other)) throw textError(404)
  if (organization.orgowners.has(other) || organization.orgmembers.has(other)) throw textError(409)
  if (call.state.isOwner(other, call.caller?.username ?? '')) {
    organization[role].add(other)
    return { status: 201 }
  }
  const invitation = {
    organization: organization.globalid,
    role: role.slice(0, -1),
    user: other,
    status: 'pending',
    created: call.now.toISOString(),
    method: 'website',
    emailaddress: '',
    phonenumber: '',
    isorganization: true,
  }
  organization.invitations.push(invitation)
  return jsonReply(201, invitation)
}

function removeOther(call: Call, role: 'orgowners' | 'orgmembers'): Reply {
  if (!organizationAt(call)[role].delete(call.params.globalid2 ?? '')) throw textError(404)
  return { status: 204 }
}

// The organization of the path answers what another one asked it.
function answerOther(call: Call, status: 'accepted' | 'rejected', code: number): Reply {
  const { globalid } = organizationAt(call)
  const inviting = call.state.organizations.get(call.params.invitingorg ?? '')
  const { role = '' } = call.params
  const invitation = inviting?.invitations.find(
    (one) => one.status === 'pending' && one.user === globalid && one.role === role,
  )
  if (inviting === undefined || invitation === undefined) throw textError(404)
  invitation.status = status
  if (status === 'rejected') return { status: code }
  inviting[role === 'orgowner' ? 'orgowners' : 'orgmembers'].add(globalid)
  return jsonReply(code, invitation)
}
