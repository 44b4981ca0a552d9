import { type ChildProcess, fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestKey, type TestKey } from '@claviger/testing'

/** The APIs of the server, by how their access tokens are made. */
export const resources = {
  ES256: 'https://api.example.test/es256',
  RS256: 'https://api.example.test/rs256',
  EdDSA: 'https://api.example.test/eddsa',
  HS256: 'https://api.example.test/hs256',
  opaque: 'https://api.example.test/opaque',
} as const

const redirectUri = 'https://app.example.test/callback'

/** What an app signs its users in with. */
export const app = { clientId: 'web-app', clientSecret: 'a-secret-of-the-web-app-in-tests' }
/** What an API introspects with. Every character that the Basic scheme has to escape is in it. */
export const api = { clientId: 'api:orders', clientSecret: 'p+l:u%s/ and = & blank~' }
/** Shared with the API that takes HS256. */
export const secret = 'a-shared-secret-of-64-bytes-for-the-hs256-tokens-of-these-tests!'

const clientsFor = (appOrigin: string | undefined) =>
  [app, api].map(({ clientId, clientSecret }) => ({
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [redirectUri, ...(appOrigin === undefined ? [] : [`${appOrigin}/auth/callback/oidc`])],
    ...(appOrigin !== undefined && { post_logout_redirect_uris: [`${appOrigin}/auth/signed-out`] }),
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  }))

const accounts = {
  alice: { name: 'Alice Example', email: 'alice@example.test', roles: ['admin', 'auditor'] },
  bob: { name: 'Bob Example', email: 'bob@example.test', roles: [] },
}

/** What the token endpoint answers. */
export interface TokenResponse {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
  readonly scope?: string
}

/** A running `oidc-provider`. */
export interface OidcServer {
  readonly endpoint: string
  readonly issuer: string
  readonly port: number
  readonly keys: readonly TestKey[]
  /** A client's own token. */
  clientToken(resource?: string, scope?: string): Promise<TokenResponse>
  /** A user's tokens, by authorization code and PKCE; the access token is for the resource where one is named. */
  signIn(user: keyof typeof accounts, resource?: string, nonce?: string): Promise<TokenResponse>
  refresh(refreshToken: string, resource?: string): Promise<TokenResponse>
  revoke(token: string): Promise<void>
  /** Sends a logout token of its app; answers why the other side has not taken it, if it has not. */
  sendLogoutToken(uri: string, session: { sub: string; sid?: string }): Promise<string | undefined>
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>
}

/** One key for each algorithm that the server signs with. */
export function createKeys(): Promise<TestKey[]> {
  return Promise.all([createTestKey('ES256'), createTestKey('RS256'), createTestKey('EdDSA')])
}

/**
 * Starts `oidc-provider` in a process of its own.
 * @param keys the first of an algorithm signs, all are published
 * @param port 0 for any free one
 * @param appOrigin of an app that browsers are sent back to
 */
export async function startOidcServer(keys: readonly TestKey[], port = 0, appOrigin?: string): Promise<OidcServer> {
  const child = fork(fileURLToPath(new URL('./oidc-server.mjs', import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const clients = clientsFor(appOrigin)
  child.send({ port, keys: keys.map((key) => key.privateJwk), secret, clients, resources, accounts })
  const endpoint = await listening(child)
  const issuer = `${endpoint}/oidc`

  async function post(path: string, form: Record<string, string | undefined>, client = app): Promise<unknown> {
    const body = new URLSearchParams({ client_id: client.clientId, client_secret: client.clientSecret })
    for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value)
    const response = await fetch(`${issuer}${path}`, { method: 'POST', body })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const token = async (form: Record<string, string | undefined>) => (await post('/token', form)) as TokenResponse

  return {
    endpoint,
    issuer,
    port: Number(new URL(endpoint).port),
    keys,
    clientToken: (resource, scope) => token({ grant_type: 'client_credentials', resource, scope }),
    async signIn(user, resource, nonce) {
      const verifier = randomBytes(32).toString('base64url')
      const code = await authorize(issuer, {
        client_id: app.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: `openid offline_access profile email roles${resource === undefined ? '' : ' read:orders'}`,
        login_hint: user,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...(resource !== undefined && { resource }),
        ...(nonce !== undefined && { nonce }),
      })
      return token({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        resource,
      })
    },
    refresh: (refresh_token, resource) => token({ grant_type: 'refresh_token', refresh_token, resource }),
    async revoke(value) {
      await post('/token/revocation', { token: value })
    },
    async sendLogoutToken(uri, session) {
      child.send({ logout: { clientId: app.clientId, uri, ...session } })
      const [{ failure }] = (await once(child, 'message')) as [{ failure?: string }]
      return failure
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function listening(child: ChildProcess): Promise<string> {
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve((message as { endpoint: string }).endpoint))
    child.once('exit', (code) => reject(new Error(`oidc-provider ended with ${code}: ${complaint}`)))
  })
}

// What a browser does: follows redirects and keeps cookies, until it is sent back to the app.
async function authorize(issuer: string, query: Record<string, string>): Promise<string> {
  const cookies = new Map<string, string>()
  let url = `${issuer}/auth?${new URLSearchParams(query)}`
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
    url = new URL(location, url).href
    if (url.startsWith(redirectUri)) break
  }
  const answer = new URL(url).searchParams
  const code = answer.get('code')
  if (code === null) throw new Error(`no code: ${answer.get('error')} ${answer.get('error_description')}`)
  return code
}
