import { describe, expect, it } from '@jest/globals'
import type { RequestEvent, ResponseEvent } from '../src/index.ts'
import { createOpenvCloudClient, type OpenvCloudClientOptions } from '../src/providers/openvcloud/index.ts'
import { documented } from './support/documented.ts'
import { stageOpenvCloud } from './support/openvcloud.ts'

const stage = stageOpenvCloud()

describe('operations of the portal of OpenvCloud', () => {
  const rows: readonly (readonly [theirs: string, ours: string, call: () => Promise<unknown>, answer: unknown])[] = [
    [
      'POST cloudapi/users/authenticate',
      'authenticate',
      () => stage.client.authenticate(stage.portal.user),
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ],
    ['POST system/usermanager/whoami', 'whoami', () => stage.client.whoami(), { name: 'ann', admin: false }],
    ['_async', 'start', () => stage.client.start('cloudspaces.list', {}), expect.stringMatching(/^[0-9a-f-]{36}$/)],
    [
      'POST system/task/get',
      'task',
      async () => stage.client.task(await stage.client.start('cloudspaces.list', {})),
      { state: 'done', result: [expect.objectContaining({ name: 'shop' })] },
    ],
    [
      'POST system/docgenerator/prepareCatalog',
      'catalogue',
      async () => Object.keys((await stage.client.catalogue()).paths),
      documented.OpenvCloud.map((id) => `/${id.replaceAll('.', '/')}`),
    ],
  ]

  it('are five', () => expect(rows.map(([theirs]) => theirs)).toEqual(documented['the portal of OpenvCloud']))

  it.each(rows)('%s is %s', async (_theirs, _ours, call, answer) => {
    expect(await call()).toEqual(answer)
  })
})

describe('a task', () => {
  it('runs, and tells its result', async () => {
    const { client, portal, clock } = stage
    portal.configure({ taskDuration: 5 })
    const id = await client.start('machines.stop', { machineId: portal.idOf('machine', 'till') })
    expect(await client.task(id)).toEqual({ state: 'running' })
    await clock.advance(6)
    expect(await client.task(id)).toEqual({ state: 'done', result: true })
    await clock.advance(601)
    await expect(client.task(id)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_NOT_FOUND',
      upstream: { message: 'Task is not found' },
    })
  })

  it('fails with the words of the portal', async () => {
    const { client } = stage
    const id = await client.start('machines.stop', { machineId: 4711 })
    expect(await client.task(id)).toEqual({ state: 'failed', message: 'Could not find 4711 of type machine' })
  })

  it('is running while the portal answers null, as some builds do', async () => {
    stage.portal.fail('task', { status: 200, headers: { 'content-type': 'application/json' }, body: 'null' })
    expect(await stage.client.task('any')).toEqual({ state: 'running' })
  })

  it.each(['[]', '[true]', '"done"', '[false,7]', '<html>'])('is not believed to be %j', async (body) => {
    stage.portal.fail('task', { status: 200, body })
    await expect(stage.client.task('any')).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })
})

describe('the catalogue', () => {
  it('tells the verbs and parameters of each operation', async () => {
    const { swagger, basePath, info, paths } = await stage.client.catalogue({ actors: ['machines', 'cloudspaces'] })
    expect({ swagger, basePath, info }).toEqual({
      swagger: '2.0',
      basePath: '/restmachine/',
      info: { description: '', title: 'JumpScale Actors', version: '7.0' },
    })
    expect(new Set(Object.keys(paths).map((path) => path.split('/')[2]))).toEqual(new Set(['machines', 'cloudspaces']))
    expect(paths['/cloudapi/machines/list']).toEqual({
      post: expect.objectContaining({
        operationId: 'post__cloudapi_machines_list',
        parameters: [{ name: 'cloudspaceId', in: 'formData', required: true, type: 'integer', description: '' }],
      }),
    })
    expect(paths['/cloudapi/cloudspaces/getOpenvpnConfig']?.get?.parameters?.[0]?.in).toBe('query')
  })

  it('is had by a JWT too, of any group, and of none that is not there', async () => {
    const { iyo, portal, clientOf } = stage
    const client = clientOf({ getJwt: () => iyo.tokenFor('ann') })
    const { paths } = await client.catalogue({ group: 'system' })
    expect(Object.keys(paths)).toContain('/system/usermanager/whoami')
    await expect(client.catalogue({ group: 'nothing' })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_INVALID',
      upstream: { status: 400, message: 'invalid actor group' },
    })
    portal.resetCounts()
    for (const request of [{ group: 'a,b' }, { actors: [] }, { actors: ['a&b'] }, { grupe: 'a' }])
      await expect(client.catalogue(request as never)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    expect(portal.requests()).toBe(0)
  })

  it('may lack words', async () => {
    const operation = { operationId: 'get__a', description: null, parameters: [] }
    const info = { title: 'a', version: '1', description: null }
    const said = { swagger: '2.0', basePath: '/', info, paths: { '/a': { get: operation } }, tags: [] }
    const json = { 'content-type': 'application/json' }
    stage.portal.fail('catalogue', { status: 200, headers: json, body: JSON.stringify(said) })
    const answer = await stage.client.catalogue()
    expect(answer.paths['/a']?.get?.description).toBeUndefined()
    expect(answer.info.description).toBeUndefined()
  })

  const good = { swagger: '2.0', basePath: '/', info: { title: 'a', version: '1' }, paths: {} }
  it.each([
    ['another version', { ...good, swagger: '3.0' }],
    ['no paths', { ...good, paths: undefined }],
    ['paths without operations', { ...good, paths: { '/a': { get: 'a' } } }],
    ['parameters that are none', { ...good, paths: { '/a': { get: { operationId: 'a', parameters: ['a'] } } } }],
    ['no information', { ...good, info: undefined }],
  ])('is not believed to be one with %s', async (_, body) => {
    const headers = { 'content-type': 'application/json' }
    stage.portal.fail('catalogue', { status: 200, headers, body: JSON.stringify(body) })
    await expect(stage.client.catalogue()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })
})

describe('a client', () => {
  it('tells hooks what it does, and nothing of what it sends', async () => {
    const events: (RequestEvent | ResponseEvent)[] = []
    const { portal } = stage
    const client = stage.clientOf(portal.user, {
      onRequest: (one) => events.push(one),
      onResponse: (one) => events.push(one),
    })
    await client.api.accounts.list()
    const call = (operation: string, path: string) => ({
      provider: 'openvcloud',
      operation,
      method: 'POST',
      url: `${portal.url}/restmachine/cloudapi/${path}`,
    })
    const done = { status: 200, milliseconds: expect.any(Number) }
    expect(events).toEqual([
      call('authenticate', 'users/authenticate'),
      { ...call('authenticate', 'users/authenticate'), ...done },
      call('accounts.list', 'accounts/list'),
      { ...call('accounts.list', 'accounts/list'), ...done },
    ])
  })

  it('holds answers to their types, unless told otherwise', async () => {
    stage.portal.fail('cloudapi', {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"id":"other"}',
    })
    await expect(stage.client.api.accounts.list()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    const trusting = stage.clientOf(stage.portal.user, { checkAnswers: false })
    expect(await trusting.api.accounts.list()).toEqual({ id: 'other' })
  })

  it('asks for JSON, as portals answer in many formats', async () => {
    const seen: string[] = []
    const client = stage.clientOf(stage.portal.user, {
      fetch: (url, init) => {
        seen.push(String(init.headers.accept))
        return globalThis.fetch(url, init)
      },
    })
    await client.whoami()
    expect(seen).toEqual(['application/json', 'application/json'])
  })

  it.each<[string, object, RegExp]>([
    ['no credentials', {}, /username/],
    ['a password without a name', { password: 'secret' }, /username/],
    ['two kinds of credentials', { username: 'ann', password: 'p', getJwt: () => '' }, /unknown option/],
    ['a JWT in place of a function', { getJwt: 'eyJ' }, /getJwt: must be a function/],
    ['no client of ItsYou.online', { itsYouOnline: {} }, /must be a client of ItsYou.online/],
    [
      'an audience to ask for',
      { itsYouOnline: { getJwt: () => '' }, jwtRequest: { audience: 'a' } },
      /jwtRequest.audience/,
    ],
    ['an address without TLS', { username: 'ann', password: 'p', baseUrl: 'http://g8.example.com' }, /baseUrl/],
    ['no clock', { username: 'ann', password: 'p', clock: {} }, /clock/],
  ])('is not made with %s', (_, options, message) => {
    const all = { baseUrl: 'https://g8.example.com', ...options } as OpenvCloudClientOptions
    expect(() => createOpenvCloudClient(all)).toThrow(message)
  })
})
