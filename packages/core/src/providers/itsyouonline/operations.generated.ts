// Made by scripts/openapi/generate.mjs: change the table or its conversion instead.
import * as z from 'zod'
import type { OpenApiOperation } from '../../openapi-operations.ts'
import type { operations as types } from './types.generated.ts'

// An empty list may come as null.
const list = <T extends z.ZodType>(item: T) => z.array(item).nullable().transform((items) => items ?? [])
const none = z.unknown().transform(() => undefined)

const Label = z.string()
const Address = z.looseObject({ "city": z.string(), "country": z.string(), "nr": z.string(), "other": z.string(), "postalcode": z.string(), "street": z.string(), "label": Label })
const BankAccount = z.looseObject({ "iban": z.string(), "bic": z.string(), "country": z.string(), "label": Label })
const EmailAddress = z.looseObject({ "label": Label, "emailaddress": z.string() })
const FacebookAccount = z.looseObject({ "id": z.string(), "name": z.string(), "picture": z.string(), "link": z.string() })
const GithubAccount = z.looseObject({ "login": z.string(), "id": z.number(), "avatar_url": z.string(), "html_url": z.string(), "name": z.string() })
const Phonenumber = z.looseObject({ "phonenumber": z.string(), "label": Label })
const DigitalAssetAddress = z.looseObject({ "address": z.string(), "label": Label, "expire": z.string(), "currencysymbol": z.string(), "noexpiration": z.boolean().optional() })
const PublicKey = z.looseObject({ "label": Label, "publickey": z.string() })
const Avatar = z.looseObject({ "label": Label, "source": z.string() })
const User = z.looseObject({ "addresses": list(Address), "bankaccounts": list(BankAccount), "emailaddresses": list(EmailAddress), "facebook": FacebookAccount, "github": GithubAccount, "phonenumbers": list(Phonenumber), "digitalwallet": list(DigitalAssetAddress), "publicKeys": list(PublicKey), "username": z.string(), "firstname": z.string(), "lastname": z.string(), "avatars": list(Avatar) })
const UserAPIKey = z.looseObject({ "label": z.string(), "scopes": list(z.string()), "applicationid": z.string(), "apikey": z.string(), "username": z.string() })
const RegistryEntry = z.looseObject({ "Key": z.string(), "Value": z.string() })
const TwoFAMethods = z.looseObject({ "totp": z.boolean(), "sms": list(Phonenumber) })
const TOTPView = z.looseObject({ "totpsecret": z.string(), "totpissuer": z.string() })
const Ownerof = z.looseObject({ "emailaddresses": list(z.string()) })
const userview = z.looseObject({ "addresses": list(Address), "bankaccounts": list(BankAccount), "digitalwallet": list(DigitalAssetAddress), "emailaddresses": list(EmailAddress), "validatedemailaddresses": list(EmailAddress), "facebook": FacebookAccount, "github": GithubAccount, "organizations": list(z.string()), "phonenumbers": list(Phonenumber), "validatedphonenumbers": list(Phonenumber), "publicKeys": list(PublicKey), "username": z.string(), "firstname": z.string(), "lastname": z.string(), "ownerof": Ownerof, "avatar": list(Avatar) })
const PhoneNumberValidation = z.looseObject({ "validationkey": z.string() })
const JoinOrganizationInvitation = z.looseObject({ "organization": z.string(), "role": z.string(), "user": z.string(), "status": z.string(), "created": z.string(), "method": z.string(), "emailaddress": z.string(), "phonenumber": z.string(), "isorganization": z.boolean() })
const ContractSigningRequest = z.looseObject({ "contractId": z.string(), "party": z.string() })
const MissingScopes = z.looseObject({ "organization": z.string(), "scopes": list(z.string()) })
const Notification = z.looseObject({ "invitations": list(JoinOrganizationInvitation), "approvals": list(JoinOrganizationInvitation), "contractRequests": list(ContractSigningRequest), "missingscopes": list(MissingScopes), "organizationinvitations": list(JoinOrganizationInvitation).optional() })
const Party = z.looseObject({ "Type": z.string(), "Name": z.string() })
const Signature = z.looseObject({ "signedBy": z.string(), "date": z.string(), "publicKey": z.string(), "signature": z.string() })
const Contract = z.looseObject({ "content": z.string(), "contractType": z.string(), "expires": z.string(), "extends": list(z.string()), "invalidates": list(z.string()), "parties": list(Party), "contractId": z.string(), "signatures": list(Signature) })
const AuthorizationMap = z.looseObject({ "requestedlabel": z.string(), "reallabel": z.string(), "scope": z.string().optional() })
const DigitalWalletAuthorization = z.looseObject({ "requestedlabel": z.string(), "reallabel": z.string(), "scope": z.string().optional(), "currency": z.string() })
const Authorization = z.looseObject({ "addresses": list(AuthorizationMap).optional(), "bankaccounts": list(AuthorizationMap).optional(), "digitalwallet": list(DigitalWalletAuthorization).optional(), "emailaddresses": list(AuthorizationMap).optional(), "validatedemailaddresses": list(AuthorizationMap).optional(), "facebook": z.boolean().optional(), "github": z.boolean().optional(), "grantedTo": z.string(), "organizations": list(z.string()), "phonenumbers": list(AuthorizationMap).optional(), "validatedphonenumbers": list(AuthorizationMap).optional(), "publicKeys": list(AuthorizationMap).optional(), "username": z.string(), "name": z.boolean(), "ownerof": Ownerof, "avatars": list(AuthorizationMap).optional(), "keystore": z.boolean().optional(), "see": z.boolean().optional() })
const UserOrganizations = z.looseObject({ "owner": list(z.string()), "member": list(z.string()) })
const KeyData = z.looseObject({ "timestamp": z.string().optional(), "comment": z.string().optional(), "algorithm": z.string() })
const KeyStoreKey = z.looseObject({ "key": z.string(), "globalid": z.string(), "username": z.string(), "label": Label, "keydata": KeyData })
const SeeView = z.looseObject({ "username": z.string(), "globalid": z.string(), "uniqueid": z.string(), "version": z.number(), "category": z.string(), "link": z.string(), "content_type": z.string(), "markdown_short_description": z.string(), "markdown_full_description": z.string(), "creation_date": z.string(), "start_date": z.string(), "end_date": z.string(), "keystore_label": z.string(), "signature": z.string() })
const SeeVersion = z.looseObject({ "version": z.number(), "category": z.string(), "link": z.string(), "content_type": z.string(), "markdown_short_description": z.string(), "markdown_full_description": z.string(), "creation_date": z.string(), "start_date": z.string(), "end_date": z.string(), "keystore_label": z.string(), "signature": z.string() })
const See = z.looseObject({ "username": z.string(), "globalid": z.string(), "uniqueid": z.string(), "versions": list(SeeVersion) })
const IyoID = z.looseObject({ "username": z.string(), "iyoids": list(z.string()), "azp": z.string() })
const RequiredScope = z.looseObject({ "scope": z.string(), "accessscopes": list(z.string()) })
const Organization = z.looseObject({ "dns": list(z.string()), "globalid": z.string(), "members": list(z.string()), "owners": list(z.string()), "publicKeys": list(z.string()), "secondsvalidity": z.number(), "orgowners": list(z.string()), "orgmembers": list(z.string()), "requiredscopes": list(RequiredScope), "includesuborgsof": list(z.string()) })
const Grant = z.string()
const UserGrants = list(Grant)
const LocalizedInfoText = z.looseObject({ "langkey": z.string(), "text": z.string() })
const OrganizationLogo = z.looseObject({ "logo": z.string() })
const ValidityTime = z.looseObject({ "secondsvalidity": z.number() })
const OrganizationUser = z.looseObject({ "username": z.string(), "role": z.string(), "missingscopes": list(z.string()) })
const GetOrganizationUsersResponseBody = z.looseObject({ "haseditpermissions": z.boolean(), "users": list(OrganizationUser) })
const IsMember = z.looseObject({ "IsMember": z.boolean() })
const APIKeyLabel = z.string()
const OrganizationAPIKey = z.looseObject({ "callbackURL": z.string().optional(), "clientCredentialsGrantType": z.boolean().optional(), "label": z.string(), "secret": z.string().optional() })
const DnsAddress = z.looseObject({ "name": z.string() })
const OrganizationTreeItem = z.looseObject({ "globalid": z.string(), "children": list(z.lazy((): z.ZodType => OrganizationTreeItem)) })

export const operations: { readonly [Name in keyof types]: OpenApiOperation } = {
  "CreateUser": { method: 'POST', path: "/users", params: false, query: [], body: "application/json", expect: [201], schema: User },
  "GetAvatarImage": { method: 'GET', path: "/users/avatar/img/{hash}", params: true, query: [], expect: [200], schema: z.string(), text: 'blob' },
  "GetUser": { method: 'GET', path: "/users/{username}", params: true, query: [], expect: [200], schema: User },
  "UpdateUserName": { method: 'PUT', path: "/users/{username}/name", params: true, query: [], body: "application/json", expect: [204], schema: none },
  "UpdatePassword": { method: 'PUT', path: "/users/{username}/password", params: true, query: [], body: "application/json", expect: [204], schema: none },
  "GetEmailAddresses": { method: 'GET', path: "/users/{username}/emailaddresses", params: true, query: ["validated"], expect: [200], schema: list(EmailAddress) },
  "RegisterNewEmailAddress": { method: 'POST', path: "/users/{username}/emailaddresses", params: true, query: ["lang"], body: "application/json", expect: [201], schema: EmailAddress },
  "UpdateEmailAddress": { method: 'PUT', path: "/users/{username}/emailaddresses/{label}", params: true, query: ["lang"], body: "application/json", expect: [201], schema: EmailAddress },
  "DeleteEmailAddress": { method: 'DELETE', path: "/users/{username}/emailaddresses/{label}", params: true, query: [], expect: [204], schema: none },
  "ValidateEmailAddress": { method: 'POST', path: "/users/{username}/emailaddresses/{label}/validate", params: true, query: ["lang"], expect: [204], schema: none },
  "ListAPIKeys": { method: 'GET', path: "/users/{username}/apikeys", params: true, query: [], expect: [200], schema: list(UserAPIKey) },
  "AddApiKey": { method: 'POST', path: "/users/{username}/apikeys", params: true, query: [], body: "application/json", expect: [201], schema: UserAPIKey },
  "GetAPIkey": { method: 'GET', path: "/users/{username}/apikeys/{label}", params: true, query: [], expect: [200], schema: UserAPIKey },
  "UpdateAPIkey": { method: 'PUT', path: "/users/{username}/apikeys/{label}", params: true, query: [], body: "application/json", expect: [204], schema: none },
  "DeleteAPIkey": { method: 'DELETE', path: "/users/{username}/apikeys/{label}", params: true, query: [], expect: [204], schema: none },
  "GetAvatars": { method: 'GET', path: "/users/{username}/avatar", params: true, query: [], expect: [200], schema: list(Avatar) },
  "CreateAvatarFromLink": { method: 'POST', path: "/users/{username}/avatar", params: true, query: [], body: "application/json", expect: [201], schema: Avatar },
  "CreateAvatarFromImage": { method: 'POST', path: "/users/{username}/avatar/img/{label}", params: true, query: [], body: "multipart/form-data", expect: [201], schema: Avatar },
  "UpdateAvatarLink": { method: 'PUT', path: "/users/{username}/avatar/{label}", params: true, query: [], body: "application/json", expect: [200], schema: Avatar },
  "DeleteAvatar": { method: 'DELETE', path: "/users/{username}/avatar/{label}", params: true, query: [], expect: [204], schema: none },
  "UpdateAvatarFile": { method: 'PUT', path: "/users/{username}/avatar/{label}/to/{newlabel}", params: true, query: [], body: "multipart/form-data", expect: [200], schema: Avatar },
  "ListUserRegistry": { method: 'GET', path: "/users/{username}/registry", params: true, query: [], expect: [200], schema: list(RegistryEntry) },
  "AddUserRegistryEntry": { method: 'POST', path: "/users/{username}/registry", params: true, query: [], body: "application/json", expect: [201], schema: RegistryEntry },
  "GetUserRegistryEntry": { method: 'GET', path: "/users/{username}/registry/{key}", params: true, query: [], expect: [200], schema: RegistryEntry },
  "DeleteUserRegistryEntry": { method: 'DELETE', path: "/users/{username}/registry/{key}", params: true, query: [], expect: [204], schema: none },
  "DeleteGithubAccount": { method: 'DELETE', path: "/users/{username}/github", params: true, query: [], expect: [204], schema: none },
  "DeleteFacebookAccount": { method: 'DELETE', path: "/users/{username}/facebook", params: true, query: [], expect: [204], schema: none },
  "GetTwoFAMethods": { method: 'GET', path: "/users/{username}/twofamethods", params: true, query: [], expect: [200], schema: TwoFAMethods },
  "GetTOTPSecret": { method: 'GET', path: "/users/{username}/totp", params: true, query: [], expect: [200], schema: TOTPView },
  "SetupTOTP": { method: 'POST', path: "/users/{username}/totp", params: true, query: [], body: "application/json", expect: [204], schema: none },
  "RemoveTOTP": { method: 'DELETE', path: "/users/{username}/totp", params: true, query: [], expect: [204], schema: none },
  "GetUserInformation": { method: 'GET', path: "/users/{username}/info", params: true, query: [], expect: [200], schema: userview },
  "GetUserAddresses": { method: 'GET', path: "/users/{username}/addresses", params: true, query: [], expect: [200], schema: list(Address) },
  "RegisterNewUserAddress": { method: 'POST', path: "/users/{username}/addresses", params: true, query: [], body: "application/json", expect: [201], schema: Address },
  "GetUserAddressByLabel": { method: 'GET', path: "/users/{username}/addresses/{label}", params: true, query: [], expect: [200], schema: Address },
  "UpdateUserAddress": { method: 'PUT', path: "/users/{username}/addresses/{label}", params: true, query: [], body: "application/json", expect: [201], schema: none },
  "DeleteUserAddress": { method: 'DELETE', path: "/users/{username}/addresses/{label}", params: true, query: [], expect: [204], schema: none },
  "GetDigitalWallet": { method: 'GET', path: "/users/{username}/digitalwallet", params: true, query: [], expect: [200], schema: list(DigitalAssetAddress) },
  "RegisterNewDigitalAssetAddress": { method: 'POST', path: "/users/{username}/digitalwallet", params: true, query: [], body: "application/json", expect: [201], schema: DigitalAssetAddress },
  "GetDigitalAssetAddressByLabel": { method: 'GET', path: "/users/{username}/digitalwallet/{label}", params: true, query: [], expect: [200], schema: DigitalAssetAddress },
  "UpdateDigitalAssetAddress": { method: 'PUT', path: "/users/{username}/digitalwallet/{label}", params: true, query: [], body: "application/json", expect: [201], schema: none },
  "DeleteDigitalAssetAddress": { method: 'DELETE', path: "/users/{username}/digitalwallet/{label}", params: true, query: [], expect: [204], schema: none },
  "GetUserPhoneNumbers": { method: 'GET', path: "/users/{username}/phonenumbers", params: true, query: ["validated"], expect: [200], schema: list(Phonenumber) },
  "RegisterNewUserPhonenumber": { method: 'POST', path: "/users/{username}/phonenumbers", params: true, query: [], body: "application/json", expect: [201], schema: Phonenumber },
  "GetUserPhonenumberByLabel": { method: 'GET', path: "/users/{username}/phonenumbers/{label}", params: true, query: [], expect: [200], schema: Phonenumber },
  "UpdateUserPhonenumber": { method: 'PUT', path: "/users/{username}/phonenumbers/{label}", params: true, query: [], body: "application/json", expect: [201], schema: Phonenumber },
  "DeleteUserPhonenumber": { method: 'DELETE', path: "/users/{username}/phonenumbers/{label}", params: true, query: [], expect: [204], schema: none },
  "ValidatePhonenumber": { method: 'POST', path: "/users/{username}/phonenumbers/{label}/validate", params: true, query: ["lang"], expect: [200], schema: PhoneNumberValidation },
  "VerifyPhoneNumber": { method: 'PUT', path: "/users/{username}/phonenumbers/{label}/validate", params: true, query: [], body: "application/json", expect: [204], schema: none },
  "GetUserBankAccounts": { method: 'GET', path: "/users/{username}/banks", params: true, query: [], expect: [200], schema: list(BankAccount) },
  "CreateUserBankAccount": { method: 'POST', path: "/users/{username}/banks", params: true, query: [], body: "application/json", expect: [201], schema: BankAccount },
  "GetUserBankAccountByLabel": { method: 'GET', path: "/users/{username}/banks/{label}", params: true, query: [], expect: [200], schema: BankAccount },
  "UpdateUserBankAccount": { method: 'PUT', path: "/users/{username}/banks/{label}", params: true, query: [], body: "application/json", expect: [200], schema: BankAccount },
  "DeleteUserBankAccount": { method: 'DELETE', path: "/users/{username}/banks/{label}", params: true, query: [], expect: [204], schema: none },
  "GetNotifications": { method: 'GET', path: "/users/{username}/notifications", params: true, query: [], expect: [200], schema: Notification },
  "GetUserContracts": { method: 'GET', path: "/users/{username}/contracts", params: true, query: ["includeExpired","start","max"], expect: [200], schema: list(Contract) },
  "CreateUserContract": { method: 'POST', path: "/users/{username}/contracts", params: true, query: [], body: "application/json", expect: [201], schema: Contract },
  "GetAllAuthorizations": { method: 'GET', path: "/users/{username}/authorizations", params: true, query: [], expect: [200], schema: list(Authorization) },
  "GetAuthorization": { method: 'GET', path: "/users/{username}/authorizations/{grantedTo}", params: true, query: [], expect: [200], schema: Authorization },
  "UpdateAuthorization": { method: 'PUT', path: "/users/{username}/authorizations/{grantedTo}", params: true, query: [], body: "application/json", expect: [201], schema: Authorization },
  "DeleteAuthorization": { method: 'DELETE', path: "/users/{username}/authorizations/{grantedTo}", params: true, query: [], expect: [204], schema: none },
  "GetUserOrganizations": { method: 'GET', path: "/users/{username}/organizations", params: true, query: [], expect: [200], schema: UserOrganizations },
  "LeaveOrganization": { method: 'DELETE', path: "/users/{username}/organizations/{globalid}/leave", params: true, query: [], expect: [204], schema: none },
  "AcceptMembership": { method: 'POST', path: "/users/{username}/organizations/{globalid}/roles/{role}", params: true, query: [], body: "application/json", expect: [201], schema: JoinOrganizationInvitation },
  "RejectMembership": { method: 'DELETE', path: "/users/{username}/organizations/{globalid}/roles/{role}", params: true, query: [], expect: [204], schema: none },
  "ListPublicKeys": { method: 'GET', path: "/users/{username}/publickeys", params: true, query: [], expect: [200], schema: list(PublicKey) },
  "AddPublicKey": { method: 'POST', path: "/users/{username}/publickeys", params: true, query: [], body: "application/json", expect: [201], schema: PublicKey },
  "GetPublicKey": { method: 'GET', path: "/users/{username}/publickeys/{label}", params: true, query: [], expect: [200], schema: PublicKey },
  "UpdatePublicKey": { method: 'PUT', path: "/users/{username}/publickeys/{label}", params: true, query: [], body: "application/json", expect: [201], schema: PublicKey },
  "DeletePublicKey": { method: 'DELETE', path: "/users/{username}/publickeys/{label}", params: true, query: [], expect: [204], schema: none },
  "GetKeyStore": { method: 'GET', path: "/users/{username}/keystore", params: true, query: [], expect: [200], schema: list(KeyStoreKey) },
  "SaveKeyStoreKey": { method: 'POST', path: "/users/{username}/keystore", params: true, query: [], body: "application/json", expect: [201], schema: KeyStoreKey },
  "GetKeyStoreKey": { method: 'GET', path: "/users/{username}/keystore/{label}", params: true, query: [], expect: [200], schema: KeyStoreKey },
  "GetSeeObjects": { method: 'GET', path: "/users/{username}/see", params: true, query: ["globalid"], expect: [200], schema: list(SeeView) },
  "CreateSeeObject": { method: 'POST', path: "/users/{username}/see", params: true, query: [], body: "application/json", expect: [201], schema: SeeView },
  "GetSeeObject": { method: 'GET', path: "/users/{username}/see/{uniqueid}/{globalid}", params: true, query: ["version"], expect: [200], schema: See },
  "UpdateSeeObject": { method: 'PUT', path: "/users/{username}/see/{uniqueid}/{globalid}", params: true, query: [], body: "application/json", expect: [200, 201], schema: SeeView },
  "SignSeeObject": { method: 'PUT', path: "/users/{username}/see/{uniqueid}/{globalid}/sign/{version}", params: true, query: [], body: "application/json", expect: [201], schema: SeeView },
  "ListIyoIds": { method: 'GET', path: "/users/{username}/identifiers", params: true, query: [], expect: [200], schema: IyoID },
  "GenerateIyoID": { method: 'POST', path: "/users/{username}/identifiers", params: true, query: [], expect: [201], schema: IyoID },
  "LookupIyoID": { method: 'GET', path: "/users/identifiers/{identifier}", params: true, query: [], expect: [200], schema: IyoID },
  "CreateNewOrganization": { method: 'POST', path: "/organizations", params: false, query: [], body: "application/json", expect: [201], schema: Organization },
  "GetOrganization": { method: 'GET', path: "/organizations/{globalid}", params: true, query: [], expect: [200], schema: Organization },
  "CreateNewSubOrganization": { method: 'POST', path: "/organizations/{globalid}", params: true, query: [], body: "application/json", expect: [201], schema: Organization },
  "DeleteOrganization": { method: 'DELETE', path: "/organizations/{globalid}", params: true, query: [], expect: [204], schema: none },
  "CreateUserGrant": { method: 'POST', path: "/organizations/{globalid}/grants", params: true, query: [], body: "application/json", expect: [201], schema: UserGrants },
  "UpdateUserGrant": { method: 'PUT', path: "/organizations/{globalid}/grants", params: true, query: [], body: "application/json", expect: [200], schema: UserGrants },
  "GetUserGrants": { method: 'GET', path: "/organizations/{globalid}/grants/{username}", params: true, query: [], expect: [200], schema: UserGrants },
  "DeleteAllUserGrants": { method: 'DELETE', path: "/organizations/{globalid}/grants/{username}", params: true, query: [], expect: [204], schema: none },
  "DeleteUserGrant": { method: 'DELETE', path: "/organizations/{globalid}/grants/{username}/{grant}", params: true, query: [], expect: [204], schema: none },
  "ListUsersWithGrant": { method: 'GET', path: "/organizations/{globalid}/grants/havegrant/{grant}", params: true, query: [], expect: [200], schema: list(z.string()) },
  "SetDescription": { method: 'POST', path: "/organizations/{globalid}/description", params: true, query: [], body: "application/json", expect: [201], schema: LocalizedInfoText },
  "UpdateDescription": { method: 'PUT', path: "/organizations/{globalid}/description", params: true, query: [], body: "application/json", expect: [200], schema: LocalizedInfoText },
  "GetDescription": { method: 'GET', path: "/organizations/{globalid}/description/{langkey}", params: true, query: [], expect: [200], schema: LocalizedInfoText },
  "DeleteDescription": { method: 'DELETE', path: "/organizations/{globalid}/description/{langkey}", params: true, query: [], expect: [204], schema: none },
  "GetDescriptionWithFallback": { method: 'GET', path: "/organizations/{globalid}/description/{langkey}/withfallback", params: true, query: [], expect: [200], schema: LocalizedInfoText },
  "GetOrganizationLogo": { method: 'GET', path: "/organizations/{globalid}/logo", params: true, query: [], expect: [200], schema: OrganizationLogo },
  "SetOrganizationLogo": { method: 'PUT', path: "/organizations/{globalid}/logo", params: true, query: [], body: "application/json", expect: [200], schema: none },
  "DeleteOrganizationLogo": { method: 'DELETE', path: "/organizations/{globalid}/logo", params: true, query: [], expect: [204], schema: none },
  "Get2faValidityTime": { method: 'GET', path: "/organizations/{globalid}/2fa/validity", params: true, query: [], expect: [200], schema: ValidityTime },
  "Set2faValidityTime": { method: 'PUT', path: "/organizations/{globalid}/2fa/validity", params: true, query: [], body: "application/json", expect: [200], schema: none },
  "SetOrgMember": { method: 'POST', path: "/organizations/{globalid}/orgmembers", params: true, query: [], body: "application/json", expect: [201], schema: JoinOrganizationInvitation.nullish().transform((value) => value ?? null) },
  "UpdateOrganizationOrgMemberShip": { method: 'PUT', path: "/organizations/{globalid}/orgmembers", params: true, query: [], body: "application/json", expect: [200], schema: Organization },
  "AddIncludeSubOrgsOf": { method: 'POST', path: "/organizations/{globalid}/orgmembers/includesuborgs", params: true, query: [], body: "application/json", expect: [201], schema: Organization },
  "RemoveIncludeSubOrgsOf": { method: 'DELETE', path: "/organizations/{globalid}/orgmembers/includesuborgs/{orgmember}", params: true, query: [], expect: [204], schema: none },
  "DeleteOrgMember": { method: 'DELETE', path: "/organizations/{globalid}/orgmembers/{globalid2}", params: true, query: [], expect: [204], schema: none },
  "GetOrganizationUsers": { method: 'GET', path: "/organizations/{globalid}/users", params: true, query: [], expect: [200], schema: GetOrganizationUsersResponseBody },
  "UserIsMember": { method: 'GET', path: "/organizations/{globalid}/users/ismember/{username}", params: true, query: [], expect: [200], schema: IsMember },
  "SetOrgOwner": { method: 'POST', path: "/organizations/{globalid}/orgowners", params: true, query: [], body: "application/json", expect: [201], schema: JoinOrganizationInvitation.nullish().transform((value) => value ?? null) },
  "DeleteOrgOwner": { method: 'DELETE', path: "/organizations/{globalid}/orgowners/{globalid2}", params: true, query: [], expect: [204], schema: none },
  "AcceptOrganizationInvite": { method: 'POST', path: "/organizations/{globalid}/organizations/{invitingorg}/roles/{role}", params: true, query: [], body: "application/json", expect: [201], schema: JoinOrganizationInvitation },
  "RejectOrganizationInvite": { method: 'DELETE', path: "/organizations/{globalid}/organizations/{invitingorg}/roles/{role}", params: true, query: [], expect: [204], schema: none },
  "AddOrganizationMember": { method: 'POST', path: "/organizations/{globalid}/members", params: true, query: ["invitenotification"], body: "application/json", expect: [201], schema: JoinOrganizationInvitation },
  "UpdateOrganizationMemberShip": { method: 'PUT', path: "/organizations/{globalid}/members", params: true, query: [], body: "application/json", expect: [200], schema: Organization },
  "RemoveOrganizationMember": { method: 'DELETE', path: "/organizations/{globalid}/members/{username}", params: true, query: [], expect: [204], schema: none },
  "AddOrganizationOwner": { method: 'POST', path: "/organizations/{globalid}/owners", params: true, query: ["invitenotification"], body: "application/json", expect: [201], schema: JoinOrganizationInvitation },
  "RemoveOrganizationOwner": { method: 'DELETE', path: "/organizations/{globalid}/owners/{username}", params: true, query: [], expect: [204], schema: none },
  "GetOrganizationContracts": { method: 'GET', path: "/organizations/{globalid}/contracts", params: true, query: ["includeExpired","start","max"], expect: [200], schema: list(Contract) },
  "CreateOrganizationContracty": { method: 'POST', path: "/organizations/{globalid}/contracts", params: true, query: [], body: "application/json", expect: [201], schema: Contract },
  "GetInvitations": { method: 'GET', path: "/organizations/{globalid}/invitations", params: true, query: ["status"], expect: [200], schema: list(JoinOrganizationInvitation) },
  "RemovePendingOrganizationInvitation": { method: 'DELETE', path: "/organizations/{globalid}/invitations/{username}", params: true, query: [], expect: [204], schema: none },
  "GetOrganizationAPIKeyLabels": { method: 'GET', path: "/organizations/{globalid}/apikeys", params: true, query: [], expect: [200], schema: list(APIKeyLabel) },
  "CreateNewOrganizationAPIKey": { method: 'POST', path: "/organizations/{globalid}/apikeys", params: true, query: [], body: "application/json", expect: [201], schema: OrganizationAPIKey },
  "GetOrganizationAPIKey": { method: 'GET', path: "/organizations/{globalid}/apikeys/{label}", params: true, query: [], expect: [200], schema: OrganizationAPIKey },
  "UpdateOrganizationAPIKey": { method: 'PUT', path: "/organizations/{globalid}/apikeys/{label}", params: true, query: [], body: "application/json", expect: [200], schema: none },
  "DeleteOrganizationAPIKey": { method: 'DELETE', path: "/organizations/{globalid}/apikeys/{label}", params: true, query: [], expect: [204], schema: none },
  "ListOrganizationRegistry": { method: 'GET', path: "/organizations/{globalid}/registry", params: true, query: [], expect: [200], schema: list(RegistryEntry) },
  "AddOrganizationRegistryEntry": { method: 'POST', path: "/organizations/{globalid}/registry", params: true, query: [], body: "application/json", expect: [201], schema: RegistryEntry },
  "GetOrganizationRegistryEntry": { method: 'GET', path: "/organizations/{globalid}/registry/{key}", params: true, query: [], expect: [200], schema: RegistryEntry },
  "DeleteOrganizationRegistryEntry": { method: 'DELETE', path: "/organizations/{globalid}/registry/{key}", params: true, query: [], expect: [204], schema: none },
  "CreateOrganizationDns": { method: 'POST', path: "/organizations/{globalid}/dns", params: true, query: [], body: "application/json", expect: [201], schema: DnsAddress },
  "UpdateOrganizationDns": { method: 'PUT', path: "/organizations/{globalid}/dns/{dnsname}", params: true, query: [], body: "application/json", expect: [200], schema: none },
  "DeleteOrganizationDns": { method: 'DELETE', path: "/organizations/{globalid}/dns/{dnsname}", params: true, query: [], expect: [204], schema: none },
  "GetOrganizationTree": { method: 'GET', path: "/organizations/{globalid}/tree", params: true, query: [], expect: [200], schema: OrganizationTreeItem },
  "AddRequiredScope": { method: 'POST', path: "/organizations/{globalid}/requiredscopes", params: true, query: [], body: "application/json", expect: [201], schema: none },
  "UpdateRequiredScope": { method: 'PUT', path: "/organizations/{globalid}/requiredscopes/{requiredscope}", params: true, query: [], body: "application/json", expect: [204], schema: none },
  "DeleteRequiredScope": { method: 'DELETE', path: "/organizations/{globalid}/requiredscopes/{requiredscope}", params: true, query: [], expect: [204], schema: none },
}
