import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestIssuer } from '@claviger/testing'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import type { RevocationRequest } from '../src/index.ts'
import { createRedisRevocationList, type RedisClient, type RedisRevocationListOptions } from '../src/redis/index.ts'
import { outcomeOf, until } from './support/faults.ts'
import { describeWithRedis, type RedisServer } from './support/redis-server.ts'
import { stageRevocations } from './support/revocation-stage.ts'
import { knowsAll, ofToken, streamKey, upTo, verdict } from './support/revocation-stream.ts'

describeWithRedis('a revocation list in Redis', () => {
  const { begin, lists, authenticator } = stageRevocations()
  let server: RedisServer
  let issuer: TestIssuer
  beforeAll(async () => {
    ;({ server, issuer } = await begin())
  })

  const tokenOf = (subject: string, id: string | undefined) =>
    issuer.tokenFor({ subject, claims: { jti: id === undefined ? undefined : `id-${id}`, sid: `s-${id}` } })

  it.each<[string, (token: string) => RevocationRequest]>([
    ['a token with a jti', (token) => ({ token })],
    ['a token id', () => ({ tokenId: 'id-1' })],
    ['a token id of a provider', () => ({ tokenId: 'id-1', provider: 'shop' })],
    ['a session', () => ({ session: 's-1' })],
    ['a session of a provider', () => ({ session: 's-1', provider: 'shop' })],
    ['a subject', () => ({ subject: 'alice', provider: 'shop' })],
    ['a provider', () => ({ provider: 'shop' })],
  ])('revokes %s in every process, in those that run and in those that start', async (kind, request) => {
    const [here, there] = [authenticator(await lists.list()), authenticator(await lists.list())]
    const [token, other] = [tokenOf('alice', '1'), tokenOf('bob', '2')]
    for (const auth of [here, there]) for (const one of [token, other]) await auth.verify(one)
    await here.revoke(request(token))
    await until(() => there.health().revocations === 1)
    const late = authenticator(await lists.list())
    for (const auth of [here, there, late]) {
      expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_REVOKED')
      expect(await outcomeOf(auth.verify(other))).toBe(kind === 'a provider' ? '401 ERR_TOKEN_REVOKED' : 'bob')
    }
  })

  it('revokes a token that has no id by what it signs, and Redis never sees it', async () => {
    const [here, there] = [authenticator(await lists.list()), authenticator(await lists.list())]
    const token = tokenOf('alice', undefined)
    await here.revoke({ token })
    await until(() => there.health().revocations === 1)
    expect(await outcomeOf(there.verify(token))).toBe('401 ERR_TOKEN_REVOKED')
    await here.revoke({ tokenId: 'the-token-id' })
    await here.revoke({ session: 'the-session' })
    await here.revoke({ subject: 'alice@example.com', provider: 'shop' })
    const held = JSON.stringify(await (await server.client()).xRange(streamKey, '-', '+'))
    expect(held.match(/[tisup][A-Za-z0-9_-]{22}\.\d{10}/g)).toHaveLength(4)
    for (const secret of [...token.split('.'), 'the-token-id', 'the-session', 'alice', 'example', issuer.issuer])
      expect(held).not.toContain(secret)
  })

  it('resolves revoke() when Redis has it', async () => {
    const client = await server.client()
    const list = await lists.list()
    await list.add(ofToken(1))
    expect(await client.xLen(streamKey)).toBe(2)
  })

  it('writes what is revoked in one turn of the event loop as one message, of 100 entries at most', async () => {
    const [here, there] = [await lists.list(), await lists.list()]
    const client = await server.client()
    await Promise.all(upTo(250).map((id) => here.add(ofToken(id))))
    expect(await client.xLen(streamKey)).toBe(1 + 3)
    const entries = (await client.xRange(streamKey, '-', '+'))?.map(({ message }) => message.r?.split(' ').length)
    expect(entries?.slice(1)).toEqual([100, 100, 50])
    await here.add(ofToken(251))
    expect(await client.xLen(streamKey)).toBe(1 + 4)
    await until(() => there.size === 251 && here.health?.().pending === 0)
  })

  it('keeps the lists of two prefixes apart', async () => {
    const [here, there] = [await lists.list(), await lists.list({ prefix: 'other', whenStale: 'allow' })]
    await here.add(ofToken(1))
    await there.add(ofToken(2))
    await until(() => there.health?.().pending === 0)
    expect([verdict(here, 2), verdict(there, 1)]).toEqual(['good', 'good'])
    expect((await (await server.client()).keys('*')).sort()).toEqual(['{claviger}:revocations', '{other}:revocations'])
  })

  it('starts with all there is, and is not ready before', async () => {
    const here = await lists.list()
    await Promise.all(upTo(3500).map((id) => here.add(ofToken(id))))
    const there = lists.start()
    expect(verdict(there, 1)).toBe('ERR_REVOCATION_UNAVAILABLE')
    await there.ready?.()
    expect(knowsAll(there, upTo(3500))).toBe(true)
  })

  it('waits with a stream that has just begun, because it may have begun anew', async () => {
    await server.flush()
    const list = lists.start()
    await until(() => list.health?.().lastId !== undefined)
    expect([verdict(list, 1), list.health?.().state]).toEqual(['ERR_REVOCATION_UNAVAILABLE', 'loading'])
    await list.ready?.()
    expect(verdict(list, 1)).toBe('good')
  })

  it('waits with one that was emptied as long as somebody may know more, also where his comparing hangs', async () => {
    const client = createClient({ url: server.url })
    const duplicate = client.duplicate.bind(client)
    let hangs = false
    const silent = Object.assign(client, {
      duplicate(overrides: object) {
        const made = duplicate(overrides)
        return hangs ? Object.assign(made, { get: () => new Promise(() => {}) }) : made
      },
    }) as unknown as RedisClient
    const list = await lists.list({ client: silent })
    await list.add(ofToken(1))
    await until(() => list.health?.().pending === 0)
    hangs = true
    await server.flush()
    const admin = await server.client()
    const left = () => admin.pTTL('{claviger}:revocations:emptied')
    while ((await left()) < 0) await sleep(10)
    await sleep(2500)
    expect(await left()).toBeGreaterThan(3000)
  })

  it('waits no longer with one that began while the clock of Redis was ahead', async () => {
    await server.flush()
    const client = await server.client()
    await client.xAdd(streamKey, `${Date.now() + 3_600_000}-0`, { r: '' })
    const list = lists.start()
    await until(() => list.health?.().lastId !== undefined)
    expect(verdict(list, 1)).toBe('ERR_REVOCATION_UNAVAILABLE')
    await list.ready?.()
    expect(verdict(list, 1)).toBe('good')
  })

  it('tells the others what is open can be looked at again', async () => {
    const [here, there] = [await lists.list(), await lists.list()]
    const told: string[] = []
    here.onRevoked?.(() => told.push('here'))
    const end = there.onRevoked?.(() => told.push('there'))
    await here.add(ofToken(1))
    await until(() => told.includes('there'))
    end?.()
    await here.add(ofToken(2))
    await until(() => verdict(there, 2) === 'revoked')
    expect(told).toEqual(['here', 'there', 'here'])
  })

  describe('what others write into the stream', () => {
    const good = `i${'A'.repeat(22)}.2000000000`

    it.each<[string, Record<string, string>]>([
      ['another field', { x: good }],
      ['nothing known', { r: 'revoke-everybody' }],
      ['an unknown kind', { r: `x${'A'.repeat(22)}.2000000000` }],
      ['a short hash', { r: `i${'A'.repeat(21)}.2000000000` }],
      ['a long hash', { r: `i${'A'.repeat(23)}.2000000000` }],
      ['no time', { r: `i${'A'.repeat(22)}` }],
      ['a time that is none', { r: `i${'A'.repeat(22)}.1e9` }],
      ['a negative time', { r: `i${'A'.repeat(22)}.-1` }],
      ['a time too many', { r: `i${'A'.repeat(22)}.2000000000.5` }],
      ['a subject without its time', { r: `u${'A'.repeat(22)}.2000000000` }],
      ['too much', { r: 'A'.repeat(70_000) }],
      ['too much of what would be good', { r: Array(2000).fill(good).join(' ') }],
      ['a prototype', { __proto__: 'x', constructor: 'y' }],
    ])('is passed over and reported: %s', async (_, message) => {
      const client = await server.client()
      const list = await lists.list()
      const told: unknown[] = []
      const listen = (event: unknown) => told.push(event)
      subscribe('claviger:revocation-stream', listen)
      const fields = Object.entries({ ...message, ...('constructor' in message && { constructor: 'y' }) })
      await client.sendCommand(['XADD', streamKey, '*', ...fields.flat()])
      await until(() => list.health?.().ignored === 1)
      unsubscribe('claviger:revocation-stream', listen)
      expect(told).toEqual([{ outcome: 'ignored', size: 0, error: undefined }])
      await list.add(ofToken(1))
      expect([list.size, list.health?.().state]).toEqual([1, 'following'])
      const late = await lists.list()
      expect([verdict(late, 1), late.size]).toEqual(['revoked', 1])
    })

    it.each(['0', '99999999999'])('cannot break the list with the time %s', async (time) => {
      const client = await server.client()
      const list = await lists.list()
      for (const id of upTo(20))
        await client.xAdd(streamKey, '*', { r: `i${'AB'.repeat(11).slice(id % 2)}.${time}`.replace(/^i.{21}\./, good) })
      await client.xAdd(streamKey, '*', { r: `i${'B'.repeat(22)}.${time} ${good}` })
      await list.add(ofToken(1))
      await until(() => verdict(list, 1) === 'revoked' && list.size >= 2)
      expect(verdict(list, 2)).toBe('good')
    })

    it('does no harm even if the stream is something else', async () => {
      const client = await server.client()
      await client.del(streamKey)
      await client.set(streamKey, 'a text')
      const list = lists.start()
      await expect(list.ready?.()).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
      expect(list.health?.()).toMatchObject({ state: 'lost', lastError: expect.stringContaining('WRONGTYPE') })
      await expect(list.add(ofToken(1))).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
      await client.del(streamKey)
      await until(() => list.health?.().state === 'following' && list.health().pending === 0)
      expect(verdict(list, 1)).toBe('revoked')
    })
  })

  it.each<[string, unknown, string]>([
    ['no client', {}, 'option client: must be a client of node-redis'],
    ['an address for a client', { client: 'redis://' }, 'option client: must be a client of node-redis'],
    [
      'a client of ioredis',
      { client: { duplicate() {}, sendCommand() {}, xadd() {} } },
      'option client: must be a client of node-redis',
    ],
    ['braces in the prefix', { prefix: '{a}' }, 'option prefix: must have 1 to 100 characters'],
    ['an empty prefix', { prefix: '' }, 'option prefix: must have 1 to 100 characters'],
    ['too short a staleness', { maxStaleness: 1 }, 'option maxStaleness: must be at least 3 s'],
    ['an unknown policy', { whenStale: 'ignore' }, 'option whenStale: must be one of deny, allow'],
    ['milliseconds', { timeout: 5000 }, 'option timeout: must be at most 60 s'],
    ['a misspelt option', { maxStale: 5 }, 'unknown option maxStale, did you mean maxStaleness?'],
  ])('throws when it is built with %s', (_, options, message) => {
    const client = createClient({ url: server.url })
    const build = () => createRedisRevocationList({ client, ...(options as Partial<RedisRevocationListOptions>) })
    const given = options as { client?: unknown }
    const bare = () => createRedisRevocationList(given as RedisRevocationListOptions)
    expect(Object.keys(given).length === 0 || 'client' in given ? bare : build).toThrow(message)
  })
})
