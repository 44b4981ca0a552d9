import type { Route } from '../../server/routes.ts'
import { answer } from './management-answers.ts'
import { organizationCalls } from './management-organizations.ts'
import { resourceCalls } from './management-resources.ts'
import { roleCalls } from './management-roles.ts'
import { managementRoutesOf } from './management-routes.ts'
import { userCalls } from './management-users.ts'
import { openApiDocument } from './openapi.generated.ts'
import type { Tenant } from './tenant.ts'

// Public: without a token.
const documents = ['/api/swagger.json', '/api/.well-known/management.openapi.json']

/** The routes of the Management API that are needed to see and change who may do what. */
export function managementRoutes(tenant: Tenant): Route<'management'>[] {
  return [
    ...documents.map(
      (path): Route<'management'> => ({
        endpoint: 'management',
        method: 'GET',
        path,
        handle: () => answer(openApiDocument),
      }),
    ),
    ...managementRoutesOf(tenant, [...roleCalls, ...userCalls, ...organizationCalls, ...resourceCalls]),
  ]
}
