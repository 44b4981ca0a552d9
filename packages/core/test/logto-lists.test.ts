import type { LogtoEmulator } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { RequestEvent } from '../src/client-options.ts'
import type { Fetch } from '../src/http.ts'
import { createLogtoClient } from '../src/providers/logto/index.ts'
import { listOf } from '../src/providers/logto/management.ts'
import { createCleanup, sendJson } from './support/faults.ts'
import { clientOf, createTenants } from './support/logto-tenant.ts'

const tenants = createTenants()
const cleanup = createCleanup()
afterEach(async () => {
  await tenants.close()
  await cleanup.close()
})

describe('lists', () => {
  async function withRoles(count: number): Promise<LogtoEmulator> {
    const own = await tenants.start()
    for (let number = 1; number <= count; number += 1) own.addRole({ name: `role ${number}` })
    return own
  }

  it.each([
    [1, 1],
    [4, 2],
    [5, 3],
  ])('of %i more roles take %i requests of two, and do not follow the links', async (count, requests) => {
    const own = await withRoles(count - 1)
    const roles = await clientOf(own).listRoles({ type: 'User', pageSize: 2 }).toArray()
    expect(roles.map(({ name }) => name)).toEqual([
      'order-viewer',
      ...Array.from({ length: count - 1 }, (_, at) => `role ${at + 1}`),
    ])
    expect(own.requests('management')).toBe(requests)
  })

  it('are fetched as far as they are read, and anew each time', async () => {
    const own = await withRoles(9)
    const list = clientOf(own).listRoles({ pageSize: 3 })
    for await (const { name } of list) if (name === 'role 1') break
    expect(own.requests('management')).toBe(2)
    expect(await list.toArray()).toHaveLength(12)
    expect(own.requests('management')).toBe(6)
  })

  it('are asked for by a hundred at a time unless told otherwise', async () => {
    const own = await withRoles(30)
    const asked: string[] = []
    const fetch: Fetch = (url, init) => {
      asked.push(new URL(url).searchParams.get('page_size') ?? '')
      return globalThis.fetch(url, init)
    }
    await clientOf(own, { fetch }).listRoles().toArray()
    expect(asked.filter((size) => size !== '')).toEqual(['100'])
  })

  it('end with an empty page where the number is only a lower bound', async () => {
    const pages = [['a', 'b'], ['c', 'd'], ['e'], []]
    const headers = new Headers({ 'total-number': '2', 'total-number-is-capped': 'true' })
    let asked = 0
    const list = listOf(2, async (page) => {
      asked += 1
      return { items: pages[page - 1] ?? [], headers }
    })
    expect(await list.toArray()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(asked).toBe(4)
  })

  it('come in one piece where nothing is numbered', async () => {
    const list = listOf(2, async () => ({ items: ['a', 'b'], headers: new Headers() }))
    expect(await list.toArray()).toEqual(['a', 'b'])
  })

  it('obey a signal between pages, and refuse a size that Logto refuses', async () => {
    const own = await withRoles(5)
    const abort = new AbortController()
    const reason = new Error('enough')
    await expect(async () => {
      for await (const _ of clientOf(own).listRoles({ pageSize: 1 }, { signal: abort.signal })) abort.abort(reason)
    }).rejects.toBe(reason)
    await expect(clientOf(own).listRoles({ pageSize: 101 }).toArray()).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_INVALID',
      upstream: { status: 400, code: 'guard.invalid_pagination' },
    })
  })
})

describe('the client of any call', () => {
  interface MyPaths {
    '/api/users/{userId}/custom-data': {
      get: {
        parameters: { path: { userId: string } }
        responses: { 200: { content: { 'application/json': { tier: string } } } }
      }
    }
  }

  it('knows the same calls by default, and shows no ids', async () => {
    const seen: RequestEvent[] = []
    const emulator = await tenants.start()
    const { api } = clientOf(emulator, { onRequest: (event) => seen.push(event) })
    const { data } = await api.GET('/api/users/{userId}', { params: { path: { userId: 'alice' } } })
    expect(data?.username).toBe('alice')
    expect(seen.at(-1)).toEqual({
      provider: 'logto',
      operation: 'GET /api/users/{userId}',
      method: 'GET',
      url: `${emulator.endpoint}/api/users/*`,
    })
    const put = await api.PUT('/api/users/{userId}/roles', {
      params: { path: { userId: 'alice' } },
      body: { roleIds: [] },
    })
    expect([put.response.status, put.data]).toEqual([200, { roleIds: [] }])
  })

  it('takes the types of your server', async () => {
    const { origin } = await cleanup.stub((request, response) => {
      const isToken = request.url === '/oidc/token'
      sendJson(
        response,
        isToken ? { access_token: 't', expires_in: 60, token_type: 'Bearer', scope: 'all' } : { tier: 'gold' },
      )
    })
    const { api } = createLogtoClient<MyPaths>({ endpoint: origin, clientId: 'm2m', clientSecret: 'm2m-secret' })
    const { data } = await api.GET('/api/users/{userId}/custom-data', { params: { path: { userId: 'a/b' } } })
    expect(data?.tier).toBe('gold')
  })

  it('rejects with an error of ours instead of answering with one', async () => {
    const { api } = clientOf(await tenants.start())
    await expect(api.GET('/api/users/{userId}', { params: { path: { userId: 'nobody' } } })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_NOT_FOUND',
      upstream: { operation: 'GET /api/users/{userId}', code: 'entity.not_found' },
    })
  })
})
