import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import type { Fault } from '@claviger/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type AuthError, type Fetch, isAuthError } from '../src/index.ts'
import type { TrustAuthXClientOptions } from '../src/providers/trustauthx/index.ts'
import { createStage, type Stage } from './support/trustauthx.ts'
import { operations, type Values } from './support/trustauthx-operations.ts'

let stage: Stage
/** Where nothing listens any more. */
let deadUrl: string
beforeAll(async () => {
  stage = await createStage()
  const { emulator } = await createStage()
  deadUrl = emulator.url
  await emulator.close()
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  stage.emulator.heal()
  stage.emulator.resetCounts()
})

// Short, so that nothing but knowing them can take them out of a text.
const canaries = {
  accessToken: 'canary-access',
  refreshToken: 'canary-refresh',
  userToken: 'canary-user',
  reAuthCode: 'canary-code',
}
const values: Values = { ...canaries, uid: 'alice', roleId: 'rol_abc_1', spareRoleId: 'rol_abc_2' }
const calling = operations.filter(({ endpoint }) => endpoint !== undefined)

async function failureOf(operation: (typeof operations)[number], options: Partial<TrustAuthXClientOptions> = {}) {
  try {
    const answer = await operation.call(stage.client(options), values)
    const { outcome, error } = Object(answer) as { outcome?: string; error?: AuthError }
    return outcome === 'unavailable' ? error : undefined
  } catch (error) {
    return error as AuthError
  }
}

const rows = (list = calling) => list.map((operation) => [operation.ours, operation] as const)

describe('each status has its error', () => {
  it.each<[number, string, string]>([
    [400, 'ERR_UPSTREAM_INVALID', '{"detail":"no"}'],
    [403, 'ERR_UPSTREAM_FORBIDDEN', '{"detail":"User is banned"}'],
    [404, 'ERR_UPSTREAM_NOT_FOUND', '{"detail":"Role not found"}'],
    [406, 'ERR_UPSTREAM_INVALID', '{"detail":"unknown organization"}'],
    [409, 'ERR_UPSTREAM_CONFLICT', '{"detail":"there is one already"}'],
    [
      422,
      'ERR_UPSTREAM_INVALID',
      '{"detail":[{"loc":["body","name"],"msg":"field required","type":"value_error.missing"}]}',
    ],
    [423, 'ERR_UPSTREAM_INVALID', '{"detail":{"redirect_url":"https://elsewhere.example"}}'],
    [429, 'ERR_PROVIDER_UNAVAILABLE', '{"detail":"try again in 0:01:00.000000"}'],
    [500, 'ERR_PROVIDER_UNAVAILABLE', 'Internal Server Error'],
    [503, 'ERR_PROVIDER_UNAVAILABLE', ''],
    [302, 'ERR_PROVIDER_UNAVAILABLE', ''],
  ])('%i: %s', async (status, code, body) => {
    stage.emulator.fail('addRole', { status, body })
    const outcome = stage.client().roles.add('r', [])
    await expect(outcome).rejects.toMatchObject({
      code,
      upstream: { provider: 'trustauthx', operation: 'roles.add', status },
    })
    expect(stage.emulator.requests('addRole')).toBe(1)
  })

  it('and the words of the provider are passed on', async () => {
    const client = stage.client()
    await expect(client.roles.delete('rol_none_0')).rejects.toMatchObject({ upstream: { message: 'Role not found' } })
    const body = '{"detail":[{"loc":["body","rol_id"],"msg":"field required","type":"value_error.missing"}]}'
    stage.emulator.fail('deleteRole', { status: 422, body })
    await expect(client.roles.delete('rol_none_0')).rejects.toMatchObject({
      upstream: { code: 'value_error.missing', message: 'body.rol_id: field required' },
    })
  })

  it.each([500, 502, 503, 504])('a call that only reads is repeated after %i as far as that helps', async (status) => {
    stage.emulator.fail('listRoles', { status }, { times: 1 })
    const outcome = stage.client({ retries: 2 }).roles.getAll()
    if (status === 500) await expect(outcome).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    else await expect(outcome).resolves.toHaveLength(2)
    expect(stage.emulator.requests('listRoles')).toBe(status === 500 ? 1 : 2)
  })
})

describe('a ping', () => {
  it('resolves where the API is there, and carries no credentials', async () => {
    const urls: string[] = []
    const client = stage.client({
      fetch: (url, init) => {
        urls.push(url)
        return fetch(url, init)
      },
    })
    await expect(client.ping()).resolves.toBeUndefined()
    expect(urls).toEqual([`${stage.emulator.url}/api/ping`])
  })

  it.each<[string, Fault]>([
    ['is down', 'reset'],
    ['says no', { status: 200, body: 'false' }],
    ['is a page', 'html'],
    ['fails', { status: 500, body: '{"detail":"no"}' }],
  ])('is an outage where the API %s', async (_, fault) => {
    stage.emulator.fail('ping', fault)
    await expect(stage.client().ping()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })

  it('tells that the API is another', async () => {
    stage.emulator.fail('ping', { status: 404, body: '{"detail":"Not Found"}' })
    await expect(stage.client().ping()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
  })
})

describe('a lost answer', () => {
  const faults: Fault[] = [
    'reset',
    'hang',
    'hang-body',
    'truncate',
    'html',
    'broken-json',
    'empty',
    { status: 502 },
    { status: 504 },
  ]
  const writes = calling.filter(({ writes }) => writes)

  it.each(rows(writes))('leaves %s unknown, and it is sent once', async (_, operation) => {
    const { endpoint } = operation
    if (endpoint === undefined) throw new Error('it calls nothing')
    for (const fault of faults) {
      stage.emulator.resetCounts()
      stage.emulator.fail(endpoint, fault)
      const error = await failureOf(operation, { timeout: 1, retries: 3 })
      expect([fault, error?.code]).toEqual([fault, 'ERR_UPSTREAM_UNKNOWN'])
      expect(stage.emulator.requests(endpoint)).toBe(1)
    }
  })

  it.each(rows(calling.filter(({ writes }) => !writes)))(
    'makes %s unavailable, for it only reads',
    async (_, operation) => {
      for (const fault of faults) {
        stage.emulator.fail(operation.endpoint ?? 'all', fault)
        const error = await failureOf(operation, { timeout: 0.1 })
        expect([fault, error?.code]).toEqual([fault, 'ERR_PROVIDER_UNAVAILABLE'])
      }
    },
  )

  it('of a write that was applied is no failure of it: the provider does not use old roles', async () => {
    const auth = stage.authenticator({ cacheFor: 0 })
    const { accessToken } = stage.emulator.signIn('alice')
    expect((await auth.verify(accessToken)).user.permissions).toEqual(['machine:delete', 'machine:start'])
    const { editor } = stage.emulator.roles()
    stage.emulator.fail('deletePermission', 'truncate')
    const outcome = stage.client().roles.deletePermission(editor?.id ?? '', 'machine:delete')
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
    expect((await auth.verify(accessToken)).user.permissions).toEqual(['machine:start'])
    await auth.close()
  })

  it.each(rows(writes))('is none for %s when nothing could be sent', async (_, operation) => {
    const error = await failureOf(operation, { apiBaseUrl: deadUrl })
    expect(error?.code).toBe('ERR_PROVIDER_UNAVAILABLE')
  })
})

describe('a caller who gives up', () => {
  it.each(rows(calling.filter(({ ours }) => !ours.startsWith('roles.'))))(
    'ends %s with the reason of the signal',
    async (ours) => {
      const client = stage.client()
      const method = client[ours as 'getUser'] as (...values: unknown[]) => Promise<unknown>
      stage.emulator.fail('all', 'hang')
      const leaver = new AbortController()
      const given: Record<string, unknown[]> = {
        resolveEditUserUrl: ['t', 'http://127.0.0.1/'],
        revokeToken: [{ accessToken: 't' }],
        validateTokenSet: [{ accessToken: 't' }],
        attachRole: ['u', 'r'],
        removeRole: ['u', 'r'],
        updateRole: ['u', { add: 'r' }],
      }
      const call = method(...(given[ours] ?? ['t']), { signal: leaver.signal })
      setTimeout(() => leaver.abort(new Error('enough')), 20)
      await expect(call).rejects.toThrow('enough')
    },
  )

  it('has one deadline for each call, or the client has', async () => {
    stage.emulator.fail('all', 'hang')
    const started = performance.now()
    await expect(stage.client({ timeout: 5 }).getUser('t', { timeout: 0.1 })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNKNOWN',
    })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('nothing secret is shown', () => {
  const secrets = () => {
    const { apiKey, secretKey } = stage.emulator
    const signedKey = new URL(
      stage.client({ dangerouslyAllowCredentialsInBrowser: true }).generateEditUserUrl('t', 'http://127.0.0.1'),
    ).searchParams.get('signed_key')
    return [apiKey, secretKey, signedKey ?? '', ...Object.values(canaries)]
  }
  const channels = ['verify', 'cache', 'refusal', 'keys', 'revocation'].map((name) => `claviger:${name}`)

  function shown(value: unknown): string {
    const causes: unknown[] = []
    for (let at = value; at instanceof Error; at = at.cause) causes.push(at.message, at.stack)
    const own = isAuthError(value) ? [value.toJSON(), value.headers, value.explanation, value.upstream] : []
    return [
      inspect(value, { depth: 10, showHidden: true }),
      JSON.stringify(value),
      ...causes,
      inspect(own, { depth: 10 }),
    ].join('\n')
  }

  function expectNone(texts: readonly string[]): void {
    for (const text of texts) {
      for (const secret of secrets()) expect(text).not.toContain(secret)
    }
  }

  // Answers with all that it was asked with.
  const echo =
    (
      status: number,
      toBody: (asked: string) => unknown,
      headers: (url: string) => Record<string, string> = () => ({}),
    ): Fetch =>
    async (url, { body = '' }) =>
      new Response(JSON.stringify(toBody(`${url} ${decodeURIComponent(url)} ${body}`)), {
        status,
        headers: headers(url),
      })

  const ways: [string, () => void, Partial<TrustAuthXClientOptions>?][] = [
    ['it refuses', () => {}],
    ['it quotes what it was asked with', () => {}, { fetch: echo(400, (detail) => ({ detail })) }],
    [
      'it quotes that in a list',
      () => {},
      { fetch: echo(422, (type) => ({ detail: [{ loc: [type], msg: type, type }] })) },
    ],
    [
      'it quotes that and says 200',
      () => {},
      { fetch: echo(200, (detail) => ({ detail, rol_id: 7, [detail]: detail })) },
    ],
    [
      'it sends us back there',
      () => {},
      {
        fetch: echo(
          307,
          () => ({}),
          (location) => ({ location }),
        ),
      },
    ],
    ['it resets', () => stage.emulator.fail('all', 'reset')],
    ['it hangs', () => stage.emulator.fail('all', 'hang'), { timeout: 0.05 }],
    ['it lies', () => stage.emulator.fail('all', 'html')],
    ['the address cannot be used', () => {}, { apiBaseUrl: 'http://127.0.0.1:1' }],
    [
      'fetch throws with the address',
      () => {},
      { fetch: (url, init) => Promise.reject(new TypeError(`failed: ${url} ${init.body}`, { cause: new Error(url) })) },
    ],
  ]

  it.each(ways)('when %s', async (_, prepare, options = {}) => {
    const seen: string[] = []
    const note = (event: unknown) => void seen.push(shown(event))
    for (const channel of channels) subscribe(channel, note)
    prepare()
    for (const operation of calling) {
      try {
        const client = stage.client({ onRequest: note, onResponse: note, ...options })
        const { error } = Object(await operation.call(client, values)) as { error?: unknown }
        if (error !== undefined) seen.push(shown(error))
      } catch (error) {
        seen.push(shown(error))
      }
    }
    const auth = stage.authenticator(options.apiBaseUrl === undefined ? {} : { apiBaseUrl: options.apiBaseUrl }, {
      timeout: 0.1,
      ...(options.fetch !== undefined && { fetch: options.fetch }),
    })
    for (const token of secrets()) seen.push(shown(await auth.verify(token).catch((error: unknown) => error)))
    await auth.close()
    for (const channel of channels) unsubscribe(channel, note)
    expect(seen.length).toBeGreaterThan(30)
    expectNone(seen)
  })

  it('to hooks, which see where a call goes and nothing of what it carries', async () => {
    const events: unknown[] = []
    const client = stage.client({ onRequest: (event) => events.push(event), onResponse: (event) => events.push(event) })
    await client.validateAccessToken(canaries.accessToken)
    const request = {
      provider: 'trustauthx',
      operation: 'validateAccessToken',
      method: 'GET',
      url: `${stage.emulator.url}/api/user/me/auth/validate/token`,
    }
    expect(events.slice(0, 2)).toEqual([request, { ...request, status: 401, milliseconds: expect.any(Number) }])
  })
})
