import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import { urlOf } from '../../url.ts'
import { isLoopback } from './deliveries.ts'
import {
  answer,
  bodyOf,
  invalidBody,
  managementError,
  optionallyPaged,
  paged,
  textOf,
  textsOf,
} from './management-answers.ts'
import { hookBody, resourceBody, scopeBody, scopeId } from './management-bodies.ts'
import { type Call, found, searched } from './management-routes.ts'
import { idOf, type LogtoResource, managementResource } from './state.ts'
import type { Tenant } from './tenant.ts'

/** APIs, what can be allowed there, and webhooks. */
export const resourceCalls: readonly Call[] = [
  ['GET', '/resources', listResources],
  ['POST', '/resources', createResource],
  ['DELETE', '/resources/:id', deleteResource],
  ['GET', '/resources/:resourceId/scopes', listScopes],
  ['POST', '/resources/:resourceId/scopes', createScope, 'Scope.Created'],
  ['DELETE', '/resources/:resourceId/scopes/:scopeId', deleteScope, 'Scope.Deleted'],
  ['GET', '/hooks', ({ webhooks }, request) => optionallyPaged(request, [...webhooks.hooks.values()].map(hookBody))],
  ['POST', '/hooks', createHook],
  ['DELETE', '/hooks/:id', deleteHook],
]

function listResources({ state }: Tenant, request: LoopbackRequest): Reply {
  const withScopes = request.url.searchParams.get('includeScopes') === 'true'
  return optionallyPaged(
    request,
    [...state.resources.values()].map((resource) => ({
      ...resourceBody(resource),
      ...(withScopes && { scopes: resource.scopes.map((name) => scopeBody(resource.indicator, name)) }),
    })),
  )
}

function createResource({ state }: Tenant, request: LoopbackRequest): Reply {
  const body = bodyOf(request)
  const indicator = textOf(body, 'indicator')
  if (urlOf(indicator) === undefined) throw invalidBody('indicator')
  if (state.resources.has(indicator)) {
    const message = `The API identifier ${indicator} is already in use`
    throw managementError(422, 'resource.resource_identifier_in_use', message)
  }
  const resource: LogtoResource = {
    indicator,
    name: textOf(body, 'name'),
    scopes: [],
    isDefault: body.isDefault === true,
    ...(typeof body.accessTokenTtl === 'number' && { accessTokenTtl: body.accessTokenTtl }),
  }
  state.addResource(resource)
  return answer({ ...resourceBody(resource), scopes: [] }, 201)
}

function deleteResource({ state }: Tenant, { params }: LoopbackRequest): Reply {
  state.deleteScope(changeable(resourceOf(state, params.id)))
  return { status: 204 }
}

function listScopes({ state }: Tenant, request: LoopbackRequest): Reply {
  const { indicator, scopes } = resourceOf(state, request.params.resourceId)
  const bodies = scopes.map((name) => scopeBody(indicator, name))
  return paged(
    request,
    searched(request, bodies, ({ name }) => [name]),
  )
}

function createScope({ state }: Tenant, request: LoopbackRequest): Reply {
  const name = textOf(bodyOf(request), 'name')
  if (/\s/.test(name)) throw managementError(400, 'scope.name_with_space', 'The scope name cannot contain any spaces.')
  const resource = changeable(resourceOf(state, request.params.resourceId))
  if (resource.scopes.includes(name)) {
    throw managementError(422, 'scope.name_exists', `The scope name ${name} is already in use`)
  }
  state.addResource({ ...resource, scopes: [...resource.scopes, name] })
  return answer(scopeBody(resource.indicator, name), 201)
}

function deleteScope({ state }: Tenant, { params }: LoopbackRequest): Reply {
  const resource = changeable(resourceOf(state, params.resourceId))
  const name = resource.scopes.find((one) => scopeId(resource.indicator, one) === params.scopeId)
  state.deleteScope(resource, found(name))
  return { status: 204 }
}

function createHook({ webhooks }: Tenant, request: LoopbackRequest): Reply {
  const body = bodyOf(request)
  const { config } = body
  if (typeof config !== 'object' || config === null) throw invalidBody('config')
  const url = textOf({ ...config }, 'url')
  if (!isLoopback(url))
    throw managementError(400, 'guard.invalid_input', 'The emulator sends to loopback addresses only.')
  const hook = webhooks.add({
    url,
    events: textsOf(body, 'events'),
    ...('headers' in config && { headers: config.headers as Record<string, string> }),
    ...(typeof body.name === 'string' && { name: body.name }),
    ...(typeof body.enabled === 'boolean' && { enabled: body.enabled }),
  })
  return answer(hookBody(hook), 201)
}

function deleteHook({ webhooks }: Tenant, { params }: LoopbackRequest): Reply {
  found(webhooks.hooks.delete(params.id ?? '') || undefined)
  return { status: 204 }
}

function resourceOf({ resources }: Tenant['state'], id: string | undefined): LogtoResource {
  return found([...resources.values()].find(({ indicator }) => idOf('resource', indicator) === id))
}

function changeable(resource: LogtoResource): LogtoResource {
  if (resource.indicator !== managementResource) return resource
  throw managementError(400, 'resource.cannot_modify_management_api', 'Cannot modify Logto Management API.')
}
