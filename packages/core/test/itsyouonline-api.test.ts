import { createItsYouOnlineEmulator, type ItsYouOnlineEmulator } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createItsYouOnlineClient, type ItsYouOnlineApi } from '../src/providers/itsyouonline/index.ts'
import { operations } from '../src/providers/itsyouonline/operations.generated.ts'
import { documented } from './support/documented.ts'

let emulator: ItsYouOnlineEmulator
let baseUrl: string
let api: ItsYouOnlineApi
/** With scopes that `user:admin` does not stand for. */
let special: ItsYouOnlineApi
let iyoId: string

beforeAll(async () => {
  emulator = await createItsYouOnlineEmulator({
    users: [{ username: 'eve', emails: ['eve@example.com'] }],
    organizations: [
      { globalid: 'zoo', owners: ['eve'] },
      { globalid: 'farm', owners: ['ann', 'bob'] },
    ],
  })
  baseUrl = emulator.url
  emulator.consent('bob', 'petshop', ['user:name'])
  const client = createItsYouOnlineClient({ ...emulator.user, baseUrl })
  api = client.api
  const jwt = await client.getJwt({ scope: ['user:keystore', 'user:see', 'user:name'] })
  special = createItsYouOnlineClient({ jwt, baseUrl }).api
})
afterAll(() => emulator.close())

const username = 'ann'
const globalid = 'petshop'
const label = 'Home'
const rsa = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJ ann@example'
const address = { label, city: 'Ghent', street: 'Main', nr: '1', country: 'Belgium', postalcode: '9000', other: '' }
const asset = { label, address: 'abc', currencysymbol: 'BTC', expire: '2030-01-01T00:00:00Z' }
const bank = { label, iban: 'BE71096123456769', bic: 'GKCCBEBB', country: 'Belgium' }
const parties = [
  { Type: 'user', Name: 'ann' },
  { Type: 'user', Name: 'bob' },
]
const contract = { contractId: 'c1', content: 'text', contractType: 'rent', expires: '2030-01-01T00:00:00Z', parties }
const image = { file: new Blob([new Uint8Array([137, 80, 78, 71, 255])], { type: 'image/png' }) }
const see = { uniqueid: 'doc', category: 'paper', link: 'https://example.com', content_type: 'text/plain' }
const document = () => ({ username, uniqueid: 'doc', globalid: emulator.user.clientId })

type Row = readonly [name: keyof ItsYouOnlineApi, call: () => Promise<unknown>, answer?: unknown]

/** Every operation of the table, in an order in which each finds what it needs. */
const rows: readonly Row[] = [
  ['GetUser', () => api.GetUser({ username }), expect.objectContaining({ username, avatars: [] })],
  ['UpdateUserName', () => api.UpdateUserName({ username }, { firstname: 'Ann', lastname: 'Other' })],
  ['UpdatePassword', () => api.UpdatePassword({ username }, { currentpassword: 'a', newpassword: 'b' })],
  [
    'RegisterNewEmailAddress',
    () => api.RegisterNewEmailAddress({ username, lang: 'en' }, { label, emailaddress: 'A@b.example' }),
  ],
  [
    'GetEmailAddresses',
    () => api.GetEmailAddresses({ username, validated: true }),
    [{ label: 'main', emailaddress: 'ann@example.com' }],
  ],
  [
    'UpdateEmailAddress',
    () => api.UpdateEmailAddress({ username, label, lang: 'en' }, { label: 'Work', emailaddress: 'c@d.example' }),
    { label: 'Work', emailaddress: 'c@d.example' },
  ],
  ['ValidateEmailAddress', () => api.ValidateEmailAddress({ username, label: 'Work', lang: 'en' })],
  ['DeleteEmailAddress', () => api.DeleteEmailAddress({ username, label: 'Work' })],
  [
    'AddApiKey',
    () => api.AddApiKey({ username }, { label }),
    expect.objectContaining({ label, scopes: ['user:admin'] }),
  ],
  ['ListAPIKeys', () => api.ListAPIKeys({ username }), expect.arrayContaining([expect.objectContaining({ label })])],
  ['GetAPIkey', () => api.GetAPIkey({ username, label }), expect.objectContaining({ label, username })],
  ['UpdateAPIkey', () => api.UpdateAPIkey({ username, label }, { label: 'Work' })],
  ['DeleteAPIkey', () => api.DeleteAPIkey({ username, label: 'Work' })],
  ['CreateAvatarFromLink', () => api.CreateAvatarFromLink({ username }, { label, source: 'https://a.example/x.png' })],
  ['CreateAvatarFromImage', () => api.CreateAvatarFromImage({ username, label: 'Work' }, image)],
  [
    'GetAvatars',
    () => api.GetAvatars({ username }),
    expect.arrayContaining([{ label, source: 'https://a.example/x.png' }]),
  ],
  [
    'UpdateAvatarLink',
    () => api.UpdateAvatarLink({ username, label }, { label: 'New', source: 'x' }),
    { label: 'New', source: 'x' },
  ],
  ['UpdateAvatarFile', () => api.UpdateAvatarFile({ username, label: 'New', newlabel: label }, image)],
  ['DeleteAvatar', () => api.DeleteAvatar({ username, label })],
  ['GetAvatarImage', async () => (await api.GetAvatarImage({ hash: 'x' })).type, 'image/png'],
  ['AddUserRegistryEntry', () => api.AddUserRegistryEntry({ username }, { Key: 'k', Value: 'v' })],
  ['ListUserRegistry', () => api.ListUserRegistry({ username }), [{ Key: 'k', Value: 'v' }]],
  ['GetUserRegistryEntry', () => api.GetUserRegistryEntry({ username, key: 'k' }), { Key: 'k', Value: 'v' }],
  ['DeleteUserRegistryEntry', () => api.DeleteUserRegistryEntry({ username, key: 'k' })],
  ['DeleteGithubAccount', () => api.DeleteGithubAccount({ username })],
  ['DeleteFacebookAccount', () => api.DeleteFacebookAccount({ username })],
  ['GetTwoFAMethods', () => api.GetTwoFAMethods({ username }), expect.objectContaining({ totp: false })],
  ['GetTOTPSecret', () => api.GetTOTPSecret({ username }), expect.objectContaining({ totpissuer: 'itsyou.online' })],
  ['SetupTOTP', () => api.SetupTOTP({ username }, { totpcode: '123456', totpsecret: 'x' })],
  ['RemoveTOTP', () => api.RemoveTOTP({ username })],
  ['GetUserInformation', () => api.GetUserInformation({ username }), expect.objectContaining({ username })],
  ['RegisterNewUserAddress', () => api.RegisterNewUserAddress({ username }, address), address],
  ['GetUserAddresses', () => api.GetUserAddresses({ username }), [address]],
  ['GetUserAddressByLabel', () => api.GetUserAddressByLabel({ username, label }), address],
  ['UpdateUserAddress', () => api.UpdateUserAddress({ username, label }, address)],
  ['DeleteUserAddress', () => api.DeleteUserAddress({ username, label })],
  ['RegisterNewDigitalAssetAddress', () => api.RegisterNewDigitalAssetAddress({ username }, asset), asset],
  ['GetDigitalWallet', () => api.GetDigitalWallet({ username }), [asset]],
  ['GetDigitalAssetAddressByLabel', () => api.GetDigitalAssetAddressByLabel({ username, label }), asset],
  ['UpdateDigitalAssetAddress', () => api.UpdateDigitalAssetAddress({ username, label }, asset)],
  ['DeleteDigitalAssetAddress', () => api.DeleteDigitalAssetAddress({ username, label })],
  [
    'RegisterNewUserPhonenumber',
    () => api.RegisterNewUserPhonenumber({ username }, { label, phonenumber: '+15551234' }),
  ],
  [
    'GetUserPhoneNumbers',
    () => api.GetUserPhoneNumbers({ username }),
    expect.arrayContaining([{ label, phonenumber: '+15551234' }]),
  ],
  [
    'GetUserPhonenumberByLabel',
    () => api.GetUserPhonenumberByLabel({ label, username }),
    { label, phonenumber: '+15551234' },
  ],
  [
    'UpdateUserPhonenumber',
    () => api.UpdateUserPhonenumber({ username, label }, { label, phonenumber: '+15555678' }),
    { label, phonenumber: '+15555678' },
  ],
  ['ValidatePhonenumber', () => api.ValidatePhonenumber({ username, label }), { validationkey: expect.any(String) }],
  ['VerifyPhoneNumber', () => api.VerifyPhoneNumber({ username, label }, { smscode: '1', validationkey: 'k' })],
  ['DeleteUserPhonenumber', () => api.DeleteUserPhonenumber({ username, label })],
  ['CreateUserBankAccount', () => api.CreateUserBankAccount({ username }, bank), bank],
  ['GetUserBankAccounts', () => api.GetUserBankAccounts({ username }), [bank]],
  ['GetUserBankAccountByLabel', () => api.GetUserBankAccountByLabel({ username, label }), bank],
  ['UpdateUserBankAccount', () => api.UpdateUserBankAccount({ username, label }, bank), bank],
  ['DeleteUserBankAccount', () => api.DeleteUserBankAccount({ username, label })],
  ['GetNotifications', () => api.GetNotifications({ username }), expect.objectContaining({ invitations: [] })],
  ['CreateUserContract', () => api.CreateUserContract({ username }, contract), expect.objectContaining(contract)],
  ['GetUserContracts', () => api.GetUserContracts({ username, max: 5 }), [expect.objectContaining(contract)]],
  ['UpdateAuthorization', () => api.UpdateAuthorization({ username, grantedTo: 'zoo' }, { organizations: ['zoo'] })],
  [
    'GetAllAuthorizations',
    () => api.GetAllAuthorizations({ username }),
    [expect.objectContaining({ grantedTo: 'zoo' })],
  ],
  [
    'GetAuthorization',
    () => api.GetAuthorization({ username, grantedTo: 'zoo' }),
    expect.objectContaining({ organizations: ['zoo'] }),
  ],
  ['DeleteAuthorization', () => api.DeleteAuthorization({ username, grantedTo: 'zoo' })],
  ['GetUserOrganizations', () => api.GetUserOrganizations({ username }), { member: [], owner: ['petshop', 'farm'] }],
  ['LeaveOrganization', () => api.LeaveOrganization({ username, globalid: 'farm' })],
  ['AcceptMembership', () => invited(() => api.AcceptMembership({ username, globalid: 'zoo', role: 'member' }, {}))],
  [
    'RejectMembership',
    () => invited(() => api.RejectMembership({ username, globalid: 'zoo', role: 'owner' }), 'owner'),
  ],
  ['AddPublicKey', () => api.AddPublicKey({ username }, { label, publickey: rsa }), { label, publickey: rsa }],
  ['ListPublicKeys', () => api.ListPublicKeys({ username }), [{ label, publickey: rsa }]],
  ['GetPublicKey', () => api.GetPublicKey({ username, label }), { label, publickey: rsa }],
  [
    'UpdatePublicKey',
    () => api.UpdatePublicKey({ username, label }, { label: 'Work', publickey: rsa }),
    { label: 'Work', publickey: rsa },
  ],
  ['DeletePublicKey', () => api.DeletePublicKey({ username, label: 'Work' })],
  [
    'SaveKeyStoreKey',
    () => special.SaveKeyStoreKey({ username }, { label, key: 'x', keydata: { algorithm: 'ed25519' } }),
  ],
  ['GetKeyStore', () => special.GetKeyStore({ username }), [expect.objectContaining({ label })]],
  ['GetKeyStoreKey', () => special.GetKeyStoreKey({ username, label }), expect.objectContaining({ label, username })],
  ['CreateSeeObject', () => special.CreateSeeObject({ username }, see), expect.objectContaining({ version: 1 })],
  ['UpdateSeeObject', () => special.UpdateSeeObject(document(), see), expect.objectContaining({ version: 2 })],
  [
    'SignSeeObject',
    () => special.SignSeeObject({ ...document(), version: '2' }, { signature: 's', keystore_label: label }),
  ],
  ['GetSeeObject', () => special.GetSeeObject(document()), expect.objectContaining({ uniqueid: 'doc' })],
  [
    'GetSeeObjects',
    () => special.GetSeeObjects({ username, globalid: emulator.user.clientId }),
    [expect.objectContaining({ signature: 's' })],
  ],
  ['GenerateIyoID', async () => (iyoId = (await api.GenerateIyoID({ username })).iyoids[0] ?? ''), expect.any(String)],
  ['ListIyoIds', () => api.ListIyoIds({ username }), expect.objectContaining({ username })],
  ['LookupIyoID', () => api.LookupIyoID({ identifier: iyoId }), expect.objectContaining({ username })],
  [
    'CreateNewOrganization',
    () => api.CreateNewOrganization({ globalid: 'shop' }),
    expect.objectContaining({ members: [], owners: [username] }),
  ],
  ['CreateNewSubOrganization', () => api.CreateNewSubOrganization({ globalid: 'shop' }, { globalid: 'shop.sub' })],
  [
    'GetOrganizationTree',
    () => api.GetOrganizationTree({ globalid: 'shop.sub' }),
    { globalid: 'shop', children: [{ globalid: 'shop.sub', children: [] }] },
  ],
  [
    'GetOrganization',
    () => api.GetOrganization({ globalid }),
    expect.objectContaining({ globalid, owners: ['ann@example.com'] }),
  ],
  ['DeleteOrganization', () => api.DeleteOrganization({ globalid: 'shop' })],
  ['CreateUserGrant', () => api.CreateUserGrant({ globalid }, { username: 'bob', grant: 'vip' }), ['vip']],
  [
    'UpdateUserGrant',
    () => api.UpdateUserGrant({ globalid }, { username: 'bob', oldgrant: 'vip', newgrant: 'gold' }),
    ['gold'],
  ],
  ['GetUserGrants', () => api.GetUserGrants({ globalid, username: 'bob' }), ['gold']],
  ['ListUsersWithGrant', () => api.ListUsersWithGrant({ globalid, grant: 'gold' }), ['bob@example.com']],
  ['DeleteUserGrant', () => api.DeleteUserGrant({ globalid, username: 'bob', grant: 'gold' })],
  ['DeleteAllUserGrants', () => api.DeleteAllUserGrants({ globalid, username: 'bob' })],
  [
    'SetDescription',
    () => api.SetDescription({ globalid }, { langkey: 'en', text: 'Pets' }),
    { langkey: 'en', text: 'Pets' },
  ],
  [
    'UpdateDescription',
    () => api.UpdateDescription({ globalid }, { langkey: 'en', text: 'Cats' }),
    { langkey: 'en', text: 'Cats' },
  ],
  ['GetDescription', () => api.GetDescription({ globalid, langkey: 'en' }), { langkey: 'en', text: 'Cats' }],
  [
    'GetDescriptionWithFallback',
    () => api.GetDescriptionWithFallback({ globalid, langkey: 'nl' }),
    { langkey: 'en', text: 'Cats' },
  ],
  ['DeleteDescription', () => api.DeleteDescription({ globalid, langkey: 'en' })],
  ['SetOrganizationLogo', () => api.SetOrganizationLogo({ globalid }, { logo: 'data:' })],
  ['GetOrganizationLogo', () => api.GetOrganizationLogo({ globalid }), { logo: 'data:' }],
  ['DeleteOrganizationLogo', () => api.DeleteOrganizationLogo({ globalid })],
  ['Set2faValidityTime', () => api.Set2faValidityTime({ globalid }, { secondsvalidity: 9_999_999 })],
  ['Get2faValidityTime', () => api.Get2faValidityTime({ globalid }), { secondsvalidity: 2_678_400 }],
  [
    'SetOrgMember',
    () => api.SetOrgMember({ globalid }, { orgmember: 'zoo' }),
    expect.objectContaining({ status: 'pending' }),
  ],
  [
    'SetOrgOwner',
    async () => {
      await api.CreateNewOrganization({ globalid: 'own' })
      return api.SetOrgOwner({ globalid }, { orgowner: 'own' })
    },
    null,
  ],
  [
    'UpdateOrganizationOrgMemberShip',
    () => api.UpdateOrganizationOrgMemberShip({ globalid }, { org: 'own', role: 'members' }),
  ],
  [
    'AddIncludeSubOrgsOf',
    () => api.AddIncludeSubOrgsOf({ globalid }, { globalid: 'own' }),
    expect.objectContaining({ includesuborgsof: ['own'] }),
  ],
  ['RemoveIncludeSubOrgsOf', () => api.RemoveIncludeSubOrgsOf({ globalid, orgmember: 'own' })],
  ['DeleteOrgMember', () => api.DeleteOrgMember({ globalid, globalid2: 'own' })],
  [
    'DeleteOrgOwner',
    async () => {
      await api.SetOrgOwner({ globalid }, { orgowner: 'own' })
      return api.DeleteOrgOwner({ globalid, globalid2: 'own' })
    },
  ],
  [
    'RejectOrganizationInvite',
    () => other('owner', () => api.RejectOrganizationInvite({ globalid, invitingorg: 'zoo', role: 'orgowner' })),
  ],
  [
    'AcceptOrganizationInvite',
    () => other('member', () => api.AcceptOrganizationInvite({ globalid, invitingorg: 'zoo', role: 'orgmember' }, {})),
  ],
  [
    'GetOrganizationUsers',
    () => api.GetOrganizationUsers({ globalid }),
    expect.objectContaining({ haseditpermissions: true }),
  ],
  ['UserIsMember', () => api.UserIsMember({ globalid, username: 'bob' }), { IsMember: true }],
  [
    'AddOrganizationMember',
    () => api.AddOrganizationMember({ globalid }, { searchstring: 'eve@example.com' }),
    expect.objectContaining({ status: 'pending', method: 'email' }),
  ],
  [
    'GetInvitations',
    () => api.GetInvitations({ globalid, status: 'pending' }),
    expect.arrayContaining([expect.objectContaining({ user: 'eve' })]),
  ],
  ['RemovePendingOrganizationInvitation', () => api.RemovePendingOrganizationInvitation({ globalid, username: 'eve' })],
  [
    'AddOrganizationOwner',
    () => api.AddOrganizationOwner({ globalid }, { searchstring: 'eve' }),
    expect.objectContaining({ role: 'owner' }),
  ],
  [
    'UpdateOrganizationMemberShip',
    () => api.UpdateOrganizationMemberShip({ globalid }, { username: 'bob@example.com', role: 'owners' }),
  ],
  ['RemoveOrganizationOwner', () => api.RemoveOrganizationOwner({ globalid, username: 'bob@example.com' })],
  [
    'RemoveOrganizationMember',
    () => {
      emulator.addMember(globalid, 'bob')
      return api.RemoveOrganizationMember({ globalid, username: 'bob@example.com' })
    },
  ],
  ['CreateOrganizationContracty', () => api.CreateOrganizationContracty({ globalid }, contract)],
  ['GetOrganizationContracts', () => api.GetOrganizationContracts({ globalid }), [expect.objectContaining(contract)]],
  [
    'CreateNewOrganizationAPIKey',
    () => api.CreateNewOrganizationAPIKey({ globalid }, { label }),
    { label, secret: expect.stringMatching(/^.{52}$/) },
  ],
  ['GetOrganizationAPIKeyLabels', () => api.GetOrganizationAPIKeyLabels({ globalid }), ['main', label]],
  [
    'UpdateOrganizationAPIKey',
    () => api.UpdateOrganizationAPIKey({ globalid, label }, { label, callbackURL: 'https://a.example' }),
  ],
  [
    'GetOrganizationAPIKey',
    () => api.GetOrganizationAPIKey({ globalid, label }),
    expect.objectContaining({ callbackURL: 'https://a.example' }),
  ],
  ['DeleteOrganizationAPIKey', () => api.DeleteOrganizationAPIKey({ globalid, label })],
  ['AddOrganizationRegistryEntry', () => api.AddOrganizationRegistryEntry({ globalid }, { Key: 'k', Value: 'v' })],
  ['ListOrganizationRegistry', () => api.ListOrganizationRegistry({ globalid }), [{ Key: 'k', Value: 'v' }]],
  [
    'GetOrganizationRegistryEntry',
    () => api.GetOrganizationRegistryEntry({ globalid, key: 'k' }),
    { Key: 'k', Value: 'v' },
  ],
  ['DeleteOrganizationRegistryEntry', () => api.DeleteOrganizationRegistryEntry({ globalid, key: 'k' })],
  [
    'CreateOrganizationDns',
    () => api.CreateOrganizationDns({ globalid }, { name: 'pets.example' }),
    { name: 'pets.example' },
  ],
  [
    'UpdateOrganizationDns',
    () => api.UpdateOrganizationDns({ globalid, dnsname: 'pets.example' }, { name: 'cats.example' }),
  ],
  ['DeleteOrganizationDns', () => api.DeleteOrganizationDns({ globalid, dnsname: 'cats.example' })],
  ['AddRequiredScope', () => api.AddRequiredScope({ globalid }, { scope: 'user:name', accessscopes: ['a'] })],
  [
    'UpdateRequiredScope',
    () => api.UpdateRequiredScope({ globalid, requiredscope: 'user:name' }, { scope: 'user:email', accessscopes: [] }),
  ],
  ['DeleteRequiredScope', () => api.DeleteRequiredScope({ globalid, requiredscope: 'user:email' })],
  // Needs a scope that only organizations have, and a name that only users have: the server's own slip.
  [
    'CreateUser',
    () => api.CreateUser({ username: 'new' }).catch((error: Error & { code: string }) => error.code),
    'ERR_UPSTREAM_FORBIDDEN',
  ],
]

/** Lets eve's organization invite ann. */
async function invited<T>(answer: () => Promise<T>, role: 'member' | 'owner' = 'member'): Promise<T> {
  const { api: eve } = createItsYouOnlineClient({ ...emulator.addUserKey('eve'), baseUrl })
  await eve[role === 'owner' ? 'AddOrganizationOwner' : 'AddOrganizationMember'](
    { globalid: 'zoo' },
    { searchstring: username },
  )
  return answer()
}

/** Lets eve's organization invite ann's organization. */
async function other<T>(role: 'member' | 'owner', answer: () => Promise<T>): Promise<T> {
  const { api: eve } = createItsYouOnlineClient({ ...emulator.addUserKey('eve'), baseUrl })
  if (role === 'owner') await eve.SetOrgOwner({ globalid: 'zoo' }, { orgowner: globalid })
  else await eve.SetOrgMember({ globalid: 'zoo' }, { orgmember: globalid })
  return answer()
}

describe('operations of ItsYou.online', () => {
  it('has a row here for each of its 137 operations', () => {
    const names = rows.map(([name]) => name).sort()
    expect(names).toEqual(Object.keys(operations).sort())
    expect(names).toEqual([...documented['ItsYou.online']].sort())
    expect(names).toHaveLength(137)
  })

  it.each(rows.map(([name, call, answer]) => ({ name, call, answer })))(
    '$name is api.$name',
    async ({ call, answer }) => {
      const result = await call()
      if (answer !== undefined) expect(result).toEqual(answer)
    },
  )
})
