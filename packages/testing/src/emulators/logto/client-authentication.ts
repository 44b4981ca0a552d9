import { readClientCredentials } from '../../client-authentication.ts'
import type { LoopbackRequest } from '../../server/routes.ts'
import { OidcError } from './errors.ts'
import type { AppState, LogtoState } from './state.ts'

/**
 * The app a request comes from. A client that is unknown gets 400, one with a wrong secret 401.
 * @throws {OidcError}
 */
export function authenticateApp(request: LoopbackRequest, state: LogtoState, now: number): AppState {
  const { method, id, secret } = readClientCredentials(request)
  if (method === 'duplicate') {
    throw new OidcError('invalid_request', 'client authentication must only be provided using one mechanism')
  }
  if (id === undefined) throw new OidcError('invalid_request', 'no client authentication mechanism provided')
  const app = state.apps.get(id)
  if (app === undefined) throw new OidcError('invalid_client', `invalid client ${id}`)
  if (app.isPublic && method === 'none') return app
  const found = app.secrets.find(({ value }) => value === secret)
  if (found === undefined) {
    throw new OidcError('invalid_client', 'client authentication failed', {
      status: 401,
      ...(method === 'basic' && { challenge: 'Basic' }),
    })
  }
  if (found.expiresAt !== undefined && found.expiresAt <= now) {
    throw new OidcError('invalid_request', 'client secret has expired')
  }
  return app
}
