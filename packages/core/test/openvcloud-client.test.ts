import type { Fault } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import type { RequestEvent, ResponseEvent } from '../src/index.ts'
import { createItsYouOnlineClient } from '../src/providers/itsyouonline/index.ts'
import { createOpenvCloudClient, type OpenvCloudClientOptions } from '../src/providers/openvcloud/index.ts'
import { documented } from './support/documented.ts'
import { stageOpenvCloud } from './support/openvcloud.ts'

const stage = stageOpenvCloud()
const shop = () => ({ cloudspaceId: stage.portal.idOf('cloudspace', 'shop') })

/** A client with JWTs, and how often it asked for one. */
function withJwts(give = () => stage.iyo.tokenFor('ann'), options: Parameters<typeof stage.clientOf>[1] = {}) {
  const asked = { times: 0 }
  const getJwt = () => {
    asked.times += 1
    return give()
  }
  return { client: stage.clientOf({ getJwt }, options), asked }
}

describe('a client with a name and a password', () => {
  it('logs in once, for all calls', async () => {
    const { client, portal } = stage
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.api.cloudspaces.list()))
    expect(answers.every(([one]) => one?.name === 'shop')).toBe(true)
    expect([portal.requests('authenticate'), portal.requests('cloudapi')]).toEqual([1, 10])
    expect(await client.whoami()).toEqual({ name: 'ann', admin: false })
  })

  it('logs in again when its session has ended, once for all who find out', async () => {
    const { client, portal } = stage
    await client.whoami()
    portal.endSessions()
    portal.resetCounts()
    await Promise.all(Array.from({ length: 10 }, () => client.api.accounts.list()))
    expect(portal.requests('authenticate')).toBe(1)
  })

  it('logs in again before the session of five days ends', async () => {
    const { client, portal, clock } = stage
    await client.whoami()
    await clock.advance(4 * 86_400 - 30)
    await client.whoami()
    expect(portal.requests('authenticate')).toBe(2)
  })

  it('does not try a wrong password twice', async () => {
    const { portal } = stage
    const client = stage.clientOf({ username: 'ann', password: 'wrong password' })
    const error = { code: 'ERR_UPSTREAM_UNAUTHORIZED', upstream: { status: 401, message: 'Unauthorized' } }
    await expect(client.api.accounts.list()).rejects.toMatchObject(error)
    expect(portal.requests()).toBe(1)
    await expect(client.authenticate({ username: 'nobody', password: 'x' })).rejects.toMatchObject(error)
  })

  it('sends the key that it got, in the body of each call, and no blank one to log in', async () => {
    const sent: { url: string; body?: string | undefined }[] = []
    stage.portal.configure({ strictBlankAuthkey: true })
    const client = stage.clientOf(stage.portal.user, {
      fetch: (url, init) => {
        sent.push({ url, body: init.body })
        return globalThis.fetch(url, init)
      },
    })
    await client.api.cloudspaces.list()
    const [login, call] = sent
    expect(new URLSearchParams(login?.body).has('authkey')).toBe(false)
    expect(JSON.parse(call?.body ?? '')).toEqual({ authkey: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(['', ''])
  })

  it('gives the key to whoever asks for it', async () => {
    const authkey = await stage.client.authenticate(stage.portal.user)
    expect(authkey).toMatch(/^[0-9a-f]{32}$/)
    const { portal } = stage
    const answer = await fetch(`${portal.url}/restmachine/system/usermanager/whoami?authkey=${authkey}`, {
      method: 'POST',
    })
    expect(await answer.json()).toEqual({ name: 'ann', admin: false })
  })
})

describe('a client with JWTs', () => {
  it('takes them from a function, until they end', async () => {
    const { client, asked } = withJwts(() => stage.iyo.tokenFor('ann', { validity: 600 }))
    expect(await client.whoami()).toEqual({ name: 'ann@itsyouonline', admin: false })
    await stage.clock.advance(500)
    await client.whoami()
    expect(asked.times).toBe(1)
    await stage.clock.advance(110)
    await client.whoami()
    expect(asked.times).toBe(2)
  })

  it('takes them from a client of ItsYou.online, with the scopes it was told', async () => {
    const { iyo, clock } = stage
    const itsYouOnline = createItsYouOnlineClient({ ...iyo.user, baseUrl: iyo.url, clock })
    const jwtRequest = { scope: 'user:memberof:petshop', validity: 3600 }
    const client = stage.clientOf({ itsYouOnline, jwtRequest })
    expect((await client.api.accounts.list()).map(({ name }) => name)).toEqual(['petshop'])
    expect((await stage.clientOf({ itsYouOnline }).whoami()).name).toBe('ann@itsyouonline')
  })

  it('takes another when one is refused, once for all who find out, and tries once more', async () => {
    const old = stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 })
    const tokens = [old, stage.iyo.tokenFor('ann')]
    const { client, asked } = withJwts(() => tokens.shift() ?? '')
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.api.accounts.list()))
    expect([answers.length, asked.times]).toEqual([5, 2])
  })

  it('takes another when a page with 403 refuses one, and none when the portal says what is not allowed', async () => {
    const page = { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>Access denied</html>' }
    const words = { status: 403, headers: { 'content-type': 'application/json' }, body: '"not allowed"' }
    let serial = 0
    const { client, asked } = withJwts(() => stage.iyo.tokenFor('ann', { validity: 3600 + serial++ }))
    stage.portal.fail('cloudapi', page, { times: 1 })
    expect((await client.api.accounts.list()).map(({ name }) => name)).toEqual(['petshop'])
    expect(asked.times).toBe(2)
    for (const [answer, times] of [
      [words, 2],
      [page, 3],
    ] as const) {
      stage.portal.fail('cloudapi', answer)
      await expect(client.api.accounts.list()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
      expect(asked.times).toBe(times)
    }
  })

  it('gives up when that is refused too', async () => {
    let serial = 0
    const { client, asked } = withJwts(() => {
      serial += 1
      return stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 + serial })
    })
    await expect(client.api.accounts.list()).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNAUTHORIZED',
      upstream: { status: 401 },
    })
    expect([asked.times, stage.portal.requests()]).toEqual([2, 2])
  })

  it('does not try the same JWT twice', async () => {
    const dead = stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 })
    await expect(withJwts(() => dead).client.whoami()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    expect(stage.portal.requests()).toBe(1)
  })

  it.each<[string, () => string, RegExp]>([
    ['an aud', () => stage.iyo.tokenFor('ann', { audience: ['petshop'] }), /has an aud, which OpenvCloud refuses/],
    ['no user', () => stage.iyo.tokenFor('petshop'), /is not that of a user/],
  ])('says why a portal will never take one with %s', async (_, give, explanation) => {
    const error = { explanation: expect.stringMatching(explanation) }
    await expect(withJwts(give).client.api.accounts.list()).rejects.toMatchObject(error)
  })

  it.each<[string, () => string]>([
    ['no JWT', () => 'opaque'],
    [
      'nothing',
      () => {
        throw new Error('no key')
      },
    ],
  ])('is unavailable when the function gives %s', async (_, give) => {
    await expect(withJwts(give).client.whoami()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    expect(stage.portal.requests()).toBe(0)
  })

  it('keeps no cookie, so that a JWT which has ended is not a session', async () => {
    await stage.client.authenticate(stage.portal.user)
    const dead = stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 })
    await expect(withJwts(() => dead).client.whoami()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
  })
})

describe('what the portal refuses', () => {
  const cases: readonly [string, () => Promise<unknown>, string, number | undefined, RegExp][] = [
    [
      'a parameter that is missing',
      () => stage.client.api.machines.start({} as { machineId: number }),
      'ERR_UPSTREAM_INVALID',
      400,
      /Param with name:machineId is missing/,
    ],
    [
      'one of a wrong type',
      () => stage.client.api.machines.start({ machineId: 'one' as unknown as number }),
      'ERR_UPSTREAM_INVALID',
      400,
      /needs to be of type int/,
    ],
    [
      'a right that is none',
      () =>
        stage.client.api.cloudspaces.addUser({
          ...shop(),
          userId: 'bob@itsyouonline',
          accesstype: 'RC' as unknown as 'R',
        }),
      'ERR_UPSTREAM_INVALID',
      400,
      /Invalid set of access rights/,
    ],
    [
      'what is not allowed',
      () => withJwts(() => stage.iyo.tokenFor('bob')).client.api.cloudspaces.delete(shop()),
      'ERR_UPSTREAM_FORBIDDEN',
      403,
      /isn't allowed/,
    ],
    [
      'what is not there',
      () => stage.client.api.cloudspaces.get({ cloudspaceId: 4711 }),
      'ERR_UPSTREAM_NOT_FOUND',
      404,
      /Could not find 4711 of type cloudspace/,
    ],
    [
      'anything during an upgrade',
      () => {
        stage.portal.configure({ upgrading: true })
        return stage.client.api.locations.list()
      },
      'ERR_PROVIDER_UNAVAILABLE',
      503,
      /during upgrade/,
    ],
  ]

  it.each(cases)('is told: %s', async (_, call, code, status, message) => {
    await expect(call()).rejects.toMatchObject({
      name: 'AuthError',
      code,
      upstream: { provider: 'openvcloud', status, message: expect.stringMatching(message) },
    })
  })

  it.each<[number, string]>([
    [400, 'ERR_UPSTREAM_INVALID'],
    [405, 'ERR_UPSTREAM_INVALID'],
    [409, 'ERR_UPSTREAM_CONFLICT'],
    [410, 'ERR_UPSTREAM_INVALID'],
    [412, 'ERR_UPSTREAM_INVALID'],
    [419, 'ERR_UPSTREAM_UNAUTHORIZED'],
    [501, 'ERR_PROVIDER_UNAVAILABLE'],
    [202, 'ERR_PROVIDER_UNAVAILABLE'],
  ])('is told in each of its statuses: %d', async (status, code) => {
    const { client, portal } = stage
    portal.fail('cloudapi', { status, headers: { 'content-type': 'application/json' }, body: '"words"' })
    await expect(client.api.accounts.list()).rejects.toMatchObject({ code, upstream: { status } })
  })

  it('is told with the id of a fault, and without its page', async () => {
    // The portal looks up who lists machines, and fails for whom it does not know.
    const { client } = withJwts(() => stage.iyo.sign({ username: 'eve', iss: 'itsyouonline', exp: 4_000_000_000 }))
    const error = await client.api.machines.list(shop()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      upstream: { status: 500, requestId: expect.stringMatching(/^[\da-f-]{36}$/) },
    })
    expect((error as { upstream: object }).upstream).not.toHaveProperty('message')
  })
})

describe('what goes wrong on the way', () => {
  const faults: readonly [Fault, string, string][] = [
    ['reset', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_UPSTREAM_UNKNOWN'],
    ['hang', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_UPSTREAM_UNKNOWN'],
    ['truncate', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_UPSTREAM_UNKNOWN'],
    ['html', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_UPSTREAM_UNKNOWN'],
    ['broken-json', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_UPSTREAM_UNKNOWN'],
    ['wrong-types', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_UPSTREAM_UNKNOWN'],
    ['redirect', 'ERR_PROVIDER_UNAVAILABLE', 'ERR_PROVIDER_UNAVAILABLE'],
    [{ status: 503 }, 'ERR_PROVIDER_UNAVAILABLE', 'ERR_PROVIDER_UNAVAILABLE'],
  ]

  it.each(faults)('is told from what was refused, and a write from a read: %j', async (fault, ofRead, ofWrite) => {
    const client = stage.clientOf(stage.portal.user, { timeout: 1 })
    await client.whoami()
    stage.portal.fail('cloudapi', fault)
    await expect(client.api.cloudspaces.get(shop())).rejects.toMatchObject({ code: ofRead })
    await expect(client.api.cloudspaces.delete(shop())).rejects.toMatchObject({ code: ofWrite })
  })

  it.each<Fault>(['reset', 'hang', 'html', { status: 500 }])(
    'leaves no session when the login fails: %j',
    async (fault) => {
      const client = stage.clientOf(stage.portal.user, { timeout: 1 })
      stage.portal.fail('authenticate', fault)
      await expect(client.api.accounts.list()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
      stage.portal.heal()
      await expect(client.api.accounts.list()).resolves.toHaveLength(1)
    },
  )

  it('is tried again where that changes nothing', async () => {
    const client = stage.clientOf(stage.portal.user, { retries: 2, timeout: 5 })
    await client.whoami()
    stage.portal.resetCounts()
    stage.portal.fail('cloudapi', { status: 503 }, { times: 2 })
    await expect(client.api.accounts.list()).resolves.toHaveLength(1)
    stage.portal.fail('cloudapi', { status: 503 }, { times: 1 })
    await expect(client.api.cloudspaces.disable({ ...shop(), reason: 'r' })).rejects.toMatchObject({
      upstream: { status: 503 },
    })
    expect(stage.portal.requests('cloudapi')).toBe(4)
  })

  it('can be ended by the caller, also while a session is awaited', async () => {
    const { client, portal } = stage
    for (const endpoint of ['authenticate', 'cloudapi'] as const) {
      portal.fail(endpoint, 'hang')
      const aborting = new AbortController()
      const reason = new Error('enough')
      setTimeout(() => aborting.abort(reason), 20)
      await expect(client.api.accounts.list({ signal: aborting.signal })).rejects.toBeDefined()
      portal.heal()
    }
  })

  it('is over with the deadline of the call, the login included', async () => {
    stage.portal.fail('authenticate', { delay: 1 })
    const started = performance.now()
    await expect(stage.client.api.accounts.list({ timeout: 0.2 })).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
    })
    expect(performance.now() - started).toBeLessThan(900)
  })
})

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
  ]

  it('are four', () => expect(rows.map(([theirs]) => theirs)).toEqual(documented['the portal of OpenvCloud']))

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
