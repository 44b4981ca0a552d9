import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createLogtoEmulator, type LogtoEmulator } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { generate } from 'selfsigned'
import { Agent, fetch as undiciFetch } from 'undici'
import type { CallOptions } from '../src/client-options.ts'
import { type AuthError, isAuthError } from '../src/errors.ts'
import type { Fetch } from '../src/http.ts'
import { createLogtoClient, type LogtoClientOptions, type LogtoList } from '../src/providers/logto/index.ts'
import { operations } from '../src/providers/logto/operations.generated.ts'
import { type AnyFault, createCleanup, faults, sendJson } from './support/faults.ts'
import { clientOf, createTenants, tenant } from './support/logto-tenant.ts'

const tenants = createTenants()
const cleanup = createCleanup()
afterEach(async () => {
  await tenants.close()
  await cleanup.close()
  jest.restoreAllMocks()
})

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/logto-management/${name}.json`, import.meta.url), 'utf8'))
const token = { access_token: 'the-token', expires_in: 3600, token_type: 'Bearer', scope: 'all' }

async function errorOf(promise: Promise<unknown>): Promise<AuthError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  )
  if (!isAuthError(error)) throw error
  return error
}

/** A client of a server that gives tokens, and otherwise this answer. */
async function clientWith(status: number, body: unknown, options: Partial<LogtoClientOptions> = {}) {
  const { origin } = await cleanup.stub((request, response) => {
    if (request.url === '/oidc/token') return sendJson(response, token)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
    response.writeHead(status, { 'content-type': type, 'Logto-Core-Request-Id': 'a1b2c3d4e5f6g7h8' }).end(text)
  })
  return createLogtoClient({ endpoint: origin, clientId: 'm2m', clientSecret: 'm2m-secret', retries: 0, ...options })
}

describe('what a real Logto answers', () => {
  const answers: Record<string, unknown> = fixture('answers')

  it.each<[string, (logto: ReturnType<typeof createLogtoClient>) => Promise<unknown>]>([
    ['get-user', (logto) => logto.getUser({ userId: 'u' })],
    ['list-roles', (logto) => logto.listRoles({ pageSize: 2 })[Symbol.asyncIterator]().next()],
    ['role-scopes', (logto) => logto.listRoleScopes({ id: 'r' }).toArray()],
    ['resources', (logto) => logto.listResources().toArray()],
    ['user-roles', (logto) => logto.listUserRoles({ userId: 'u' }).toArray()],
    ['user-organizations', (logto) => logto.listUserOrganizations({ userId: 'u' })],
    ['user-sessions', (logto) => logto.listUserSessions({ userId: 'u' })],
    ['user-grants', (logto) => logto.listUserGrants({ userId: 'u' })],
    ['org-user-roles', (logto) => logto.listOrganizationUserRoles({ id: 'o', userId: 'u' }).toArray()],
    ['org-user-scopes', (logto) => logto.listOrganizationUserScopes({ id: 'o', userId: 'u' })],
    ['application-roles', (logto) => logto.listApplicationRoles({ applicationId: 'a' }).toArray()],
  ])('is understood: %s', async (name, call) => {
    const answer = await call(await clientWith(200, answers[name]))
    const expected = name === 'list-roles' ? { value: (answers[name] as unknown[])[0] } : answers[name]
    expect(answer).toMatchObject(expected as object)
  })

  const errors: Record<string, { status: number; body: unknown }> = fixture('errors')

  it.each<[string, string, object]>([
    ['no_header', 'ERR_UPSTREAM_UNAUTHORIZED', { code: 'auth.authorization_header_missing' }],
    ['basic_header', 'ERR_UPSTREAM_UNAUTHORIZED', { code: 'auth.authorization_token_type_not_supported' }],
    ['garbage_token', 'ERR_UPSTREAM_UNAUTHORIZED', { message: expect.stringMatching(/ ERR_JWS_INVALID$/) }],
    [
      'wrong_audience',
      'ERR_UPSTREAM_UNAUTHORIZED',
      { code: 'auth.unauthorized', message: expect.stringMatching(/ ERR_JWT_CLAIM_VALIDATION_FAILED aud$/) },
    ],
    ['missing_all_scope', 'ERR_UPSTREAM_FORBIDDEN', { code: 'auth.forbidden' }],
    ['not_found', 'ERR_UPSTREAM_NOT_FOUND', { code: 'entity.not_found' }],
    ['role_not_found', 'ERR_UPSTREAM_NOT_FOUND', { code: 'entity.not_exists_with_id' }],
    [
      'bad_body',
      'ERR_UPSTREAM_INVALID',
      { code: 'guard.invalid_input', message: expect.stringContaining('Expected string but received number') },
    ],
    ['bad_query', 'ERR_UPSTREAM_INVALID', { code: 'guard.invalid_pagination' }],
    ['too_big_page', 'ERR_UPSTREAM_INVALID', { code: 'guard.invalid_pagination' }],
    ['duplicate_username', 'ERR_UPSTREAM_INVALID', { status: 422, code: 'user.username_already_in_use' }],
    ['duplicate_role_name', 'ERR_UPSTREAM_INVALID', { status: 422, code: 'role.name_in_use' }],
    ['unknown_route', 'ERR_UPSTREAM_NOT_FOUND', { status: 404 }],
    [
      'malformed_json',
      'ERR_UPSTREAM_INVALID',
      { status: 400, message: expect.stringContaining('in JSON at position') },
    ],
  ])('is refused in our words: %s', async (name, code, upstream) => {
    const { status, body } = errors[name] as { status: number; body: unknown }
    const error = await errorOf((await clientWith(status, body)).createUser({ username: 'x' }))
    expect(error).toMatchObject({
      code,
      status: 502,
      upstream: { provider: 'logto', operation: 'createUser', status, requestId: 'a1b2c3d4e5f6g7h8', ...upstream },
    })
    // The payload of the refused token is none of the log's business.
    expect(inspect(error, { depth: 9 })).not.toContain('H8i6RKljic')
  })

  it('has a row for each refusal that was recorded', () => {
    expect(Object.keys(errors)).toHaveLength(14)
  })

  it('may be no more than the status in words', async () => {
    expect(await (await clientWith(201, 'Created')).assignUserRoles({ userId: 'u' }, { roleIds: [] })).toBeUndefined()
    expect(await (await clientWith(200, 'OK')).replaceUserRoles({ userId: 'u' }, { roleIds: [] })).toBeUndefined()
    const upstream = { status: 200, requestId: 'a1b2c3d4e5f6g7h8' }
    const odd = await clientWith(200, 'Welcome')
    expect(await errorOf(odd.replaceUserRoles({ userId: 'u' }, { roleIds: [] }))).toMatchObject({ upstream })
    const read = await errorOf(odd.getUser({ userId: 'u' }))
    expect(read).toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', upstream })
  })
})

describe('reading again', () => {
  it.each([429, 502, 503, 504])('is done after %i, for reads alone', async (status) => {
    const emulator = await tenants.start()
    const logto = clientOf(emulator, { retries: 2 })
    await logto.tokens.get()
    emulator.fail('management', { status }, { times: 1 })
    expect((await logto.getUser({ userId: 'alice' })).id).toBe('alice')
    expect(emulator.requests('management')).toBe(2)
    emulator.fail('management', { status }, { times: 1 })
    await expect(logto.createRole({ name: 'x', description: 'x' })).rejects.toMatchObject({
      upstream: { operation: 'createRole', status },
    })
    expect(emulator.requests('management')).toBe(3)
  })

  it('waits as long as Logto says, within the deadline', async () => {
    const emulator = await tenants.start()
    const logto = clientOf(emulator, { retries: 2, timeout: 5 })
    await logto.tokens.get()
    emulator.fail('management', { status: 429, retryAfter: 1 }, { times: 1 })
    const started = performance.now()
    await logto.getUser({ userId: 'alice' })
    expect(performance.now() - started).toBeGreaterThan(990)
    emulator.fail('management', { status: 429, retryAfter: 60 })
    expect(await errorOf(logto.getUser({ userId: 'alice' }))).toMatchObject({ status: 503, retryAfter: 60 })
    expect(emulator.requests('management')).toBe(3)
  })

  it('is not done for a write whose answer was lost, which is told', async () => {
    const emulator = await tenants.start()
    const logto = clientOf(emulator, { retries: 2 })
    await logto.tokens.get()
    emulator.fail('management', 'reset')
    await expect(logto.deleteUser({ userId: 'alice' })).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    expect(emulator.requests('management')).toBe(1)
  })
})

describe('secrets', () => {
  const canary = 'canary'
  const secret = `${canary}ClientSecret01234567890`
  const input = { password: `${canary}-password`, name: `${canary}-name`, config: { url: `http://${canary}.test/` } }

  /** Every call, with values that nobody may see again. */
  function callAll(client: object): Promise<unknown>[] {
    return Object.entries(operations).map(async ([name, { path, body }]) => {
      const call = (client as Record<string, (...args: unknown[]) => unknown>)[name]
      const ids = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, id]) => [id, `${canary}-id`]))
      const args = [ids, ...(body === undefined ? [] : [input])]
      const options: CallOptions = { timeout: 0.2 }
      const answer = call?.(...(path.includes('{') || body === undefined ? args : args.slice(1)), options)
      return isList(answer) ? answer.toArray() : answer
    })
  }

  const isList = (value: unknown): value is LogtoList<unknown> =>
    typeof value === 'object' && value !== null && 'toArray' in value

  let emulator: LogtoEmulator
  beforeAll(async () => {
    emulator = await createLogtoEmulator({ ...tenant })
    emulator.addApp({ id: 'canary', type: 'MachineToMachine', secret, roles: ['Logto Management API access'] })
  })
  afterAll(() => emulator.close())

  it.each<readonly [string, AnyFault]>(faults)('are nowhere to be seen when Logto %s', async (_, fault) => {
    const seen: unknown[] = []
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      jest.spyOn(console, method).mockImplementation((...args) => void seen.push(args))
    }
    const client = () =>
      clientOf(emulator, {
        clientId: 'canary',
        clientSecret: secret,
        timeout: 1,
        onRequest: (event) => seen.push(event),
        onResponse: (event) => seen.push(event),
      })
    const known = client()
    const { accessToken } = await known.tokens.get()
    if (fault === 'refuse') await emulator.stop()
    else emulator.fail('all', fault)
    const outcomes = await Promise.allSettled([...callAll(known), client().tokens.get()])
    expect(outcomes).toHaveLength(53)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      expect(outcome.reason).toMatchObject({ name: 'AuthError' })
      seen.push(outcome.reason, JSON.stringify(outcome.reason), String(outcome.reason), outcome.reason.headers)
    }
    const text = inspect(seen, { depth: 12, maxArrayLength: null, maxStringLength: null, showHidden: true })
    expect(text).not.toContain(accessToken)
    expect(text).not.toMatch(/canary(-|ClientSecret|\.test)/)
    if (fault === 'refuse') await emulator.start()
    emulator.heal()
  })

  it('are cut out of an answer that repeats them', async () => {
    const { origin } = await cleanup.stub((request, response) => {
      const authorization = request.headers.authorization ?? ''
      const plain = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
      sendJson(response, { error: `no_${plain}`, error_description: `not ${plain}, ${authorization}` }, {}, 401)
    })
    const logto = createLogtoClient({ endpoint: origin, clientId: 'm2m', clientSecret: secret })
    const error = await errorOf(logto.tokens.get())
    expect(error.upstream).toMatchObject({ code: 'no_m2m:[redacted]', message: 'not m2m:[redacted], Basic [redacted]' })
    expect(inspect(error, { depth: 9 })).not.toContain(secret)
  })

  it('are in no URL', async () => {
    const emulator = await tenants.start()
    const urls: string[] = []
    const fetch: Fetch = (url, init) => {
      urls.push(url)
      return globalThis.fetch(url, init)
    }
    const logto = clientOf(emulator, { fetch })
    await logto.createUser({ username: 'carol', password: `${canary}-password` })
    expect(urls).toEqual([`${emulator.issuer}/token`, `${emulator.endpoint}/api/users`])
  })
})

describe('redirects', () => {
  it('are not followed', async () => {
    const emulator = await tenants.start()
    const logto = clientOf(emulator)
    emulator.fail('token', 'redirect', { times: 1 })
    await expect(logto.tokens.get()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    await logto.tokens.get()
    emulator.fail('management', 'redirect')
    await expect(logto.getUser({ userId: 'alice' })).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    expect(emulator.followedRedirects()).toBe(0)
  })
})

describe('options', () => {
  const good = { endpoint: 'https://id.example.test', clientId: 'm2m', clientSecret: 'm2m-secret' }

  it.each<[string, object, RegExp]>([
    ['nothing', {}, /endpoint.*clientId.*clientSecret/],
    ['no address', { ...good, endpoint: 'id.example.test' }, /option endpoint: must be an http\(s\) URL/],
    ['http to another machine', { ...good, endpoint: 'http://logto:3001' }, /https URL.*option dangerouslyAllowHttp/],
    ['an empty secret', { ...good, clientSecret: '' }, /option clientSecret: must not be empty/],
    ['a placeholder', { ...good, clientId: 'your-M2M-app-id' }, /option clientId: is a placeholder/],
    [
      'a misspelt name',
      { ...good, managmentResource: 'x' },
      /unknown option managmentResource, did you mean managementResource/,
    ],
    ['a time in milliseconds', { ...good, timeout: 5000 }, /option timeout: must be at most 120 s/],
    ['too many retries', { ...good, retries: 6 }, /option retries/],
    ['no function', { ...good, fetch: true }, /option fetch: must be a function/],
    ['no clock', { ...good, clock: 7 }, /option clock: must be a Clock/],
  ])('with %s are refused at once', (_, options, message) => {
    expect(() => createLogtoClient(options as LogtoClientOptions)).toThrow(message)
    expect(() => createLogtoClient(options as LogtoClientOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }),
    )
  })

  it.each(['', '/', '/oidc', '/oidc/'])('know the tenant whatever is at the end of its address (%j)', (end) => {
    const logto = createLogtoClient({ ...good, endpoint: good.endpoint + end })
    expect(logto.endpoint).toBe(good.endpoint)
  })

  it('let plain http be spelled out', () => {
    const endpoint = 'http://logto:3001'
    expect(createLogtoClient({ ...good, endpoint, dangerouslyAllowHttp: true }).endpoint).toBe(endpoint)
  })

  it.each(['', '.', '..'])('refuse %j as an id', async (userId) => {
    const logto = createLogtoClient({ ...good, endpoint: 'http://127.0.0.1:9' })
    await expect(logto.getUser({ userId })).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
  })

  it('make a client that nobody changes', () => {
    const logto = createLogtoClient(good)
    expect(Object.isFrozen(logto)).toBe(true)
    expect(inspect(logto, { depth: 5, showHidden: true })).not.toContain('m2m-secret')
  })
})

describe('a private certificate authority', () => {
  it('is trusted by a fetch that is passed in, for tokens and calls', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
      keyType: 'ec',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    })
    const server = createTlsServer({ key, cert }, (request, response) =>
      request.url === '/oidc/token'
        ? sendJson(response, token)
        : sendJson(
            response,
            [{ id: 'h', name: 'h', events: [], config: { url: 'x' }, enabled: true, signingKey: 'x' }],
            {
              'total-number': '1',
            },
          ),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const dispatcher = new Agent({ connect: { ca: cert } })
    cleanup.add(async () => {
      await dispatcher.close()
      await new Promise((resolve) => server.close(resolve))
    })
    const options = {
      endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      clientId: 'm2m',
      clientSecret: 'm2m-secret',
      retries: 0,
    }
    const { explanation } = await errorOf(createLogtoClient(options).listHooks().toArray())
    expect(explanation).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    const fetch: Fetch = (url, init) => undiciFetch(url, { ...init, dispatcher }) as unknown as Promise<Response>
    expect(
      await createLogtoClient({ ...options, fetch })
        .listHooks()
        .toArray(),
    ).toHaveLength(1)
  })
})
