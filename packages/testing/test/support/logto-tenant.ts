import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createLogtoEmulator, type LogtoEmulator, type LogtoEmulatorOptions } from '../../src/index.ts'

export const orders = 'https://orders.example.test/api'
export const management = 'https://default.logto.app/api'
const tenant: LogtoEmulatorOptions = {
  resources: [{ indicator: orders, scopes: ['read:orders', 'write:orders'] }],
  roles: [{ name: 'order-viewer', scopes: { [orders]: ['read:orders'] } }],
  organizationRoles: [
    { name: 'org-admin', scopes: ['manage:members', 'read:billing'], resourceScopes: { [orders]: ['write:orders'] } },
  ],
  organizations: [
    { id: 'acme', name: 'Acme', description: 'd' },
    { id: 'other', name: 'Other' },
  ],
  users: [
    {
      id: 'alice',
      username: 'alice',
      name: 'Alice',
      email: 'alice@example.test',
      roles: ['order-viewer'],
      organizations: { acme: ['org-admin'], other: [] },
    },
    { id: 'bob', username: 'bob', organizations: { acme: ['org-admin'], other: [] } },
  ],
  apps: [
    { id: 'web', type: 'Traditional', secret: 'web-secret' },
    { id: 'web2', type: 'Traditional', secret: 'web2-secret' },
    { id: 'spa', type: 'SPA' },
    {
      id: 'm2m',
      type: 'MachineToMachine',
      secret: 'm2m-secret',
      roles: ['order-viewer', 'Logto Management API access'],
      organizations: { acme: ['org-admin'], other: [] },
    },
  ],
}

export let logto: LogtoEmulator

export async function start(options: LogtoEmulatorOptions = {}): Promise<LogtoEmulator> {
  logto = await createLogtoEmulator({ ...tenant, ...options })
  return logto
}

export type Form = Record<string, string | string[]>

export function basic(id: string, secret = `${id}-secret`) {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

export async function post(path: string, form: Form, headers: Record<string, string> = {}): Promise<Answer> {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(form)) for (const one of [value].flat()) body.append(name, one)
  return answer(await fetch(logto.issuer + path, { method: 'POST', body, headers }))
}

/** What the emulator answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed where it is JSON, and a text otherwise. */
  readonly body: ReturnType<JSON['parse']>
}

export async function answer(response: Response): Promise<Answer> {
  const text = await response.text()
  const body = /^[[{]/.test(text) ? JSON.parse(text) : text
  return { status: response.status, headers: response.headers, body }
}

export const get = async (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  answer(await fetch(logto.issuer + path, { headers }))
export const m2m = (form: Form): Promise<Answer> =>
  post('/token', { grant_type: 'client_credentials', ...form }, basic('m2m'))
export const refresh = (
  refresh_token: string | undefined,
  form: Form = {},
  headers: Record<string, string> = basic('web'),
): Promise<Answer> =>
  post('/token', { grant_type: 'refresh_token', refresh_token: refresh_token ?? '', ...form }, headers)
export const asSpa = (refresh_token: string | undefined): Promise<Answer> =>
  refresh(refresh_token, { client_id: 'spa' }, {})
export const introspect = (
  token: string | undefined,
  headers: Record<string, string> = basic('web2'),
): Promise<Answer> => post('/token/introspection', { token: token ?? '' }, headers)
export const revoke = (token: string | undefined, headers = basic('web')): Promise<Answer> =>
  post('/token/revocation', { token: token ?? '' }, headers)
export const me = (token: string): Promise<Answer> => get('/me', { authorization: `Bearer ${token}` })

export const api = async (path: string, headers: Record<string, string>, init: RequestInit = {}): Promise<Answer> =>
  answer(await fetch(`${logto.endpoint}/api${path}`, { headers, ...init }))
export const managed = (path: string, token: string, method = 'GET', body?: object): Promise<Answer> =>
  api(path, { authorization: `Bearer ${token}` }, { method, ...(body && { body: JSON.stringify(body) }) })
export const managementToken = async (scope = 'all') =>
  (await m2m({ resource: management, scope })).body.access_token as string

export function verify(token: string, audience: string) {
  const keys = createRemoteJWKSet(new URL(`${logto.issuer}/jwks`))
  return jwtVerify(token, keys, { issuer: logto.issuer, audience, typ: 'at+jwt', algorithms: ['ES384', 'RS256'] })
}
