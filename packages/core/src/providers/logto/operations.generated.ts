// Made by scripts/openapi/generate.mjs: change the OpenAPI document instead.
import * as z from 'zod'
import type { OpenApiOperation } from '../../openapi-operations.ts'
import type { operations as types } from './types.generated.ts'

// An empty list may come as null.
const list = <T extends z.ZodType>(item: T) => z.array(item).nullable().transform((items) => items ?? [])
const none = z.unknown().transform(() => undefined)

const RoleInUse = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string(), "type": z.string(), "isDefault": z.boolean(), "usersCount": z.number().optional(), "applicationsCount": z.number().optional() })
const Role = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string(), "type": z.string(), "isDefault": z.boolean() })
const Scope = z.looseObject({ "id": z.string(), "resourceId": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null) })
const Resource = z.looseObject({ "id": z.string(), "name": z.string(), "indicator": z.string(), "isDefault": z.boolean(), "accessTokenTtl": z.number(), "scopes": list(Scope).optional() })
const RoleScope = z.looseObject({ "id": z.string(), "resourceId": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null), "resource": Resource })
const User = z.looseObject({ "id": z.string(), "username": z.string().nullish().transform((value) => value ?? null), "primaryEmail": z.string().nullish().transform((value) => value ?? null), "primaryPhone": z.string().nullish().transform((value) => value ?? null), "name": z.string().nullish().transform((value) => value ?? null), "avatar": z.string().nullish().transform((value) => value ?? null), "customData": z.looseObject({  }).optional(), "isSuspended": z.boolean(), "createdAt": z.number().optional(), "updatedAt": z.number().optional(), "lastSignInAt": z.number().nullish().transform((value) => value ?? null).optional(), "applicationId": z.string().nullish().transform((value) => value ?? null).optional() })
const Membership = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null), "customData": z.looseObject({  }).optional(), "organizationRoles": list(z.looseObject({ "id": z.string(), "name": z.string() })) })
const Session = z.looseObject({ "payload": z.looseObject({ "uid": z.string(), "loginTs": z.number().optional(), "accountId": z.string().optional(), "authorizations": z.record(z.string(), z.looseObject({ "sid": z.string().optional(), "grantId": z.string().optional() })).optional() }), "clientId": z.string().nullish().transform((value) => value ?? null), "accountId": z.string().nullish().transform((value) => value ?? null), "expiresAt": z.number() })
const Grant = z.looseObject({ "id": z.string(), "payload": z.looseObject({ "clientId": z.string(), "accountId": z.string(), "openid": z.looseObject({ "scope": z.string().optional() }).optional(), "resources": z.record(z.string(), z.string()).optional() }), "expiresAt": z.number(), "application": z.looseObject({ "id": z.string().optional(), "name": z.string().optional() }).optional() })
const PersonalAccessToken = z.looseObject({ "userId": z.string().optional(), "name": z.string(), "value": z.string(), "createdAt": z.number().optional(), "expiresAt": z.number().nullish().transform((value) => value ?? null).optional() })
const SubjectToken = z.looseObject({ "subjectToken": z.string(), "expiresIn": z.number() })
const Organization = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null), "customData": z.looseObject({  }).optional() })
const Member = z.looseObject({ "id": z.string(), "username": z.string().nullish().transform((value) => value ?? null), "primaryEmail": z.string().nullish().transform((value) => value ?? null), "primaryPhone": z.string().nullish().transform((value) => value ?? null), "name": z.string().nullish().transform((value) => value ?? null), "avatar": z.string().nullish().transform((value) => value ?? null), "customData": z.looseObject({  }).optional(), "isSuspended": z.boolean(), "createdAt": z.number().optional(), "updatedAt": z.number().optional(), "lastSignInAt": z.number().nullish().transform((value) => value ?? null).optional(), "applicationId": z.string().nullish().transform((value) => value ?? null).optional(), "organizationRoles": list(z.looseObject({ "id": z.string(), "name": z.string() })) })
const OrganizationRole = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null), "type": z.string().optional() })
const OrganizationScope = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null) })
const OrganizationRoleWithScopes = z.looseObject({ "id": z.string(), "name": z.string(), "description": z.string().nullish().transform((value) => value ?? null), "type": z.string().optional(), "scopes": list(z.looseObject({ "id": z.string(), "name": z.string() })).optional(), "resourceScopes": list(z.looseObject({ "id": z.string(), "name": z.string(), "resource": z.looseObject({ "id": z.string(), "name": z.string() }) })).optional() })
const HookConfig = z.looseObject({ "url": z.string(), "headers": z.record(z.string(), z.string()).optional() })
const Hook = z.looseObject({ "id": z.string(), "name": z.string(), "events": list(z.string()), "config": HookConfig, "enabled": z.boolean(), "signingKey": z.string() })

export const operations: { readonly [Name in keyof types]: OpenApiOperation } = {
  "listRoles": { method: 'GET', path: "/api/roles", params: true, query: ["type","search","page","page_size"], expect: [200], schema: list(RoleInUse) },
  "createRole": { method: 'POST', path: "/api/roles", params: false, query: [], body: "application/json", expect: [200, 201], schema: Role },
  "getRole": { method: 'GET', path: "/api/roles/{id}", params: true, query: [], expect: [200], schema: Role },
  "updateRole": { method: 'PATCH', path: "/api/roles/{id}", params: true, query: [], body: "application/json", expect: [200], schema: Role },
  "deleteRole": { method: 'DELETE', path: "/api/roles/{id}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listRoleScopes": { method: 'GET', path: "/api/roles/{id}/scopes", params: true, query: ["search","page","page_size"], expect: [200], schema: list(RoleScope) },
  "addRoleScopes": { method: 'POST', path: "/api/roles/{id}/scopes", params: true, query: [], body: "application/json", expect: [200, 201], schema: list(Scope) },
  "removeRoleScope": { method: 'DELETE', path: "/api/roles/{id}/scopes/{scopeId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listUsers": { method: 'GET', path: "/api/users", params: true, query: ["search","page","page_size"], expect: [200], schema: list(User) },
  "createUser": { method: 'POST', path: "/api/users", params: false, query: [], body: "application/json", expect: [200, 201], schema: User },
  "getUser": { method: 'GET', path: "/api/users/{userId}", params: true, query: [], expect: [200], schema: User },
  "deleteUser": { method: 'DELETE', path: "/api/users/{userId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "setUserSuspension": { method: 'PATCH', path: "/api/users/{userId}/is-suspended", params: true, query: [], body: "application/json", expect: [200], schema: User },
  "listUserOrganizations": { method: 'GET', path: "/api/users/{userId}/organizations", params: true, query: [], expect: [200], schema: list(Membership) },
  "listUserRoles": { method: 'GET', path: "/api/users/{userId}/roles", params: true, query: ["search","page","page_size"], expect: [200], schema: list(Role) },
  "assignUserRoles": { method: 'POST', path: "/api/users/{userId}/roles", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "replaceUserRoles": { method: 'PUT', path: "/api/users/{userId}/roles", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "removeUserRole": { method: 'DELETE', path: "/api/users/{userId}/roles/{roleId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listUserSessions": { method: 'GET', path: "/api/users/{userId}/sessions", params: true, query: [], expect: [200], schema: z.looseObject({ "sessions": list(Session) }) },
  "endUserSession": { method: 'DELETE', path: "/api/users/{userId}/sessions/{sessionId}", params: true, query: ["revokeGrantsTarget"], expect: [200, 201, 204], schema: none },
  "listUserGrants": { method: 'GET', path: "/api/users/{userId}/grants", params: true, query: [], expect: [200], schema: z.looseObject({ "grants": list(Grant) }) },
  "revokeUserGrant": { method: 'DELETE', path: "/api/users/{userId}/grants/{grantId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listPersonalAccessTokens": { method: 'GET', path: "/api/users/{userId}/personal-access-tokens", params: true, query: [], expect: [200], schema: list(PersonalAccessToken) },
  "createPersonalAccessToken": { method: 'POST', path: "/api/users/{userId}/personal-access-tokens", params: true, query: [], body: "application/json", expect: [200, 201], schema: PersonalAccessToken },
  "deletePersonalAccessToken": { method: 'POST', path: "/api/users/{userId}/personal-access-tokens/delete", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "createSubjectToken": { method: 'POST', path: "/api/subject-tokens", params: false, query: [], body: "application/json", expect: [200, 201], schema: SubjectToken },
  "listApplicationRoles": { method: 'GET', path: "/api/applications/{applicationId}/roles", params: true, query: ["search","page","page_size"], expect: [200], schema: list(Role) },
  "assignApplicationRoles": { method: 'POST', path: "/api/applications/{applicationId}/roles", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "replaceApplicationRoles": { method: 'PUT', path: "/api/applications/{applicationId}/roles", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "removeApplicationRole": { method: 'DELETE', path: "/api/applications/{applicationId}/roles/{roleId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listOrganizations": { method: 'GET', path: "/api/organizations", params: true, query: ["q","page","page_size"], expect: [200], schema: list(Organization) },
  "createOrganization": { method: 'POST', path: "/api/organizations", params: false, query: [], body: "application/json", expect: [200, 201], schema: Organization },
  "getOrganization": { method: 'GET', path: "/api/organizations/{id}", params: true, query: [], expect: [200], schema: Organization },
  "deleteOrganization": { method: 'DELETE', path: "/api/organizations/{id}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listOrganizationUsers": { method: 'GET', path: "/api/organizations/{id}/users", params: true, query: ["q","page","page_size"], expect: [200], schema: list(Member) },
  "addOrganizationUsers": { method: 'POST', path: "/api/organizations/{id}/users", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "removeOrganizationUser": { method: 'DELETE', path: "/api/organizations/{id}/users/{userId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listOrganizationUserRoles": { method: 'GET', path: "/api/organizations/{id}/users/{userId}/roles", params: true, query: ["page","page_size"], expect: [200], schema: list(OrganizationRole) },
  "assignOrganizationUserRoles": { method: 'POST', path: "/api/organizations/{id}/users/{userId}/roles", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "replaceOrganizationUserRoles": { method: 'PUT', path: "/api/organizations/{id}/users/{userId}/roles", params: true, query: [], body: "application/json", expect: [200, 201, 204], schema: none },
  "removeOrganizationUserRole": { method: 'DELETE', path: "/api/organizations/{id}/users/{userId}/roles/{organizationRoleId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listOrganizationUserScopes": { method: 'GET', path: "/api/organizations/{id}/users/{userId}/scopes", params: true, query: [], expect: [200], schema: list(OrganizationScope) },
  "listOrganizationRoles": { method: 'GET', path: "/api/organization-roles", params: true, query: ["q","page","page_size"], expect: [200], schema: list(OrganizationRoleWithScopes) },
  "listResources": { method: 'GET', path: "/api/resources", params: true, query: ["includeScopes","page","page_size"], expect: [200], schema: list(Resource) },
  "createResource": { method: 'POST', path: "/api/resources", params: false, query: [], body: "application/json", expect: [200, 201], schema: Resource },
  "deleteResource": { method: 'DELETE', path: "/api/resources/{id}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listResourceScopes": { method: 'GET', path: "/api/resources/{resourceId}/scopes", params: true, query: ["search","page","page_size"], expect: [200], schema: list(Scope) },
  "createResourceScope": { method: 'POST', path: "/api/resources/{resourceId}/scopes", params: true, query: [], body: "application/json", expect: [200, 201], schema: Scope },
  "deleteResourceScope": { method: 'DELETE', path: "/api/resources/{resourceId}/scopes/{scopeId}", params: true, query: [], expect: [200, 201, 204], schema: none },
  "listHooks": { method: 'GET', path: "/api/hooks", params: true, query: ["page","page_size"], expect: [200], schema: list(Hook) },
  "createHook": { method: 'POST', path: "/api/hooks", params: false, query: [], body: "application/json", expect: [200, 201], schema: Hook },
  "deleteHook": { method: 'DELETE', path: "/api/hooks/{id}", params: true, query: [], expect: [200, 201, 204], schema: none },
}
