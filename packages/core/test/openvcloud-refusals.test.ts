import type { Fault } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { stageOpenvCloud } from './support/openvcloud.ts'

const stage = stageOpenvCloud()
const shop = () => ({ cloudspaceId: stage.portal.idOf('cloudspace', 'shop') })

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
      () => stage.clientOf({ getJwt: () => stage.iyo.tokenFor('bob') }).api.cloudspaces.delete(shop()),
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
    const getJwt = () => stage.iyo.sign({ username: 'eve', iss: 'itsyouonline', exp: 4_000_000_000 })
    const client = stage.clientOf({ getJwt })
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
