import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient, RESP_TYPES, type RedisClientOptions } from 'redis'
import type { Events } from '../src/index.ts'
import { compact } from '../src/redis/compaction.ts'
import { createRedisRevocationList } from '../src/redis/index.ts'
import { createLease } from '../src/redis/lease.ts'
import { writeEntry } from '../src/redis/revocation-entry.ts'
import { entryOf } from '../src/revocation-index.ts'
import { textOf } from './support/documentation.ts'
import { until } from './support/faults.ts'
import { describeWithRedis, type RedisServer } from './support/redis-server.ts'
import { stageRevocations } from './support/revocation-stage.ts'
import { inAnHour, ofToken, streamKey, upTo, verdict } from './support/revocation-stream.ts'

describeWithRedis('a revocation list in Redis, with its surroundings', () => {
  const { begin, lists, authenticator } = stageRevocations()
  let server: RedisServer
  beforeAll(async () => {
    ;({ server } = await begin())
  })

  describe('the client of the app', () => {
    it.each<[string, RedisClientOptions<never, never, never, 2 | 3>]>([
      ['RESP 2', { RESP: 2 }],
      ['buffers for texts', { commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } }],
      ['a command time-out', { commandOptions: { timeout: 1 } }],
      ['no queue', { disableOfflineQueue: true }],
      ['a cache', { clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } }],
      ['pings', { pingInterval: 10 }],
      ['a prefix of its own', { keyPrefix: 'app:' }],
      ['another database', { database: 3 }],
      ['a name', { name: 'app' }],
    ])('may have options that are not ours: %s', async (_, options) => {
      const [here, there] = [
        lists.start({ whenStale: 'allow' }, options as RedisClientOptions),
        lists.start({ whenStale: 'allow' }, options as RedisClientOptions),
      ]
      await Promise.all([here.ready?.(), there.ready?.()])
      await here.add(ofToken(1))
      await until(() => verdict(there, 1) === 'revoked')
      await until(() => here.health?.().pending === 0)
    })

    it('is neither connected nor closed', async () => {
      const client = createClient({ url: server.url })
      const list = createRedisRevocationList({ client })
      await list.ready?.()
      await list.add(ofToken(1))
      expect(client.isOpen).toBe(false)
      await client.connect()
      await list.close()
      expect(await client.ping()).toBe('PONG')
      client.destroy()
    })

    it('may be allowed what the docs say, and nothing else', async () => {
      const [, told = ''] = /The commands are `([^`]+)`/.exec(textOf('docs/scaling.md')) ?? []
      const commands = told.split(/\s+/).map((name) => `+${name.toLowerCase()}`)
      const admin = await server.client()
      await admin.sendCommand(['ACL', 'SETUSER', 'lister', 'on', '>a-password', '~{claviger}:*', ...commands])
      const url = server.url.replace('redis://', 'redis://lister:a-password@')
      const list = await lists.list({}, { url })
      const shared = await lists.list({}, { url })
      await list.add(ofToken(1))
      await until(() => verdict(shared, 1) === 'revoked')
      const texts = upTo(12_000).map((id) => writeEntry(entryOf(ofToken(id, Date.now() / 1000 - 400))))
      await Promise.all(texts.map((r) => admin.xAdd(streamKey, '*', { r })))
      const client = createClient({ url })
      await client.connect()
      const lease = createLease('{claviger}:revocations:compacting', 'this test')
      await compact({ connection: client, key: streamKey, lease, living: 1, now: () => Date.now() / 1000 })
      expect(await admin.xLen(streamKey)).toBeLessThan(7000)
      await server.flush()
      // It is told again by who knows it, and whoever starts meanwhile waits for that.
      expect(verdict(await lists.list({}, { url }), 1)).toBe('revoked')
      await expect(client.ping()).rejects.toThrow('NOPERM')
      client.destroy()
    })

    it('has a password, and that is told to nobody', async () => {
      const url = server.url.replace('redis://', 'redis://user:a-secret-password@')
      const list = lists.start({}, { url })
      const error = await list.ready?.().catch((thrown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
      expect(JSON.stringify([error, error.explanation, list.health?.()])).not.toContain('a-secret-password')
    })
  })

  describe('health() and events', () => {
    it('tell how the list does, in the health of the authenticator', async () => {
      const list = await lists.list()
      const auth = authenticator(list)
      await auth.ready()
      await auth.revoke({ tokenId: 'id-1' })
      await until(() => list.health?.().pending === 0)
      const health = auth.health()
      expect(health).toMatchObject({ ok: true, revocations: 1 })
      expect(health.revocationList).toEqual({
        ok: true,
        state: 'following',
        lag: expect.any(Number),
        size: 1,
        lastId: expect.stringMatching(/^\d{13}-\d+$/),
        pending: 0,
        ignored: 0,
        lastError: undefined,
      })
      expect(health.revocationList?.lag).toBeLessThan(10)
    })

    it('say that an authenticator is not well before the list has been read', async () => {
      const auth = authenticator(lists.start())
      expect(auth.health()).toMatchObject({
        ok: false,
        revocationList: { ok: false, state: 'loading', lag: undefined },
      })
      await auth.ready()
      expect(auth.health().ok).toBe(true)
    })

    it('tell of revocations from elsewhere, of a lost connection and of its return', async () => {
      const [here, there] = [await lists.list(), await lists.list()]
      const told: [string, unknown][] = []
      const listeners = (['claviger:revocation', 'claviger:revocation-stream'] as const).map((name) => {
        const listen = (message: unknown) => told.push([name, message as Events[typeof name]])
        subscribe(name, listen)
        return () => unsubscribe(name, listen)
      })
      await here.add({ kind: 'session', id: 's', issuer: 'https://id.example.com', until: inAnHour() })
      await until(() => there.size === 1)
      expect(told).toEqual([
        ['claviger:revocation', { kind: 'session', issuer: 'https://id.example.com', from: 'here', size: 1 }],
        ['claviger:revocation', { kind: 'session', issuer: undefined, from: 'elsewhere', size: 1 }],
      ])
      told.length = 0
      await here.close()
      const client = await server.client()
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal'])
      await until(() => told.length === 2)
      expect(told.map(([, event]) => (event as Events['claviger:revocation-stream']).outcome)).toEqual([
        'lost',
        'following',
      ])
      for (const end of listeners) end()
    })
  })

  describe('events', () => {
    const told: unknown[] = []
    const listen = (message: unknown) => told.push(message)
    afterEach(() => {
      for (const name of ['claviger:revocation', 'claviger:revocation-stream']) unsubscribe(name, listen)
      told.length = 0
    })

    it('tell of no revocation that was long known when a list starts', async () => {
      const here = await lists.list()
      await here.add(ofToken(1))
      subscribe('claviger:revocation', listen)
      const there = await lists.list()
      expect([verdict(there, 1), told]).toEqual(['revoked', []])
      await here.add(ofToken(2))
      await until(() => told.length === 2)
    })

    it('tell of a lost connection once, however often another is tried', async () => {
      subscribe('claviger:revocation-stream', listen)
      const list = lists.start({}, { url: 'redis://127.0.0.1:1' })
      for (let time = 0; time < 3; time += 1) await expect(list.ready?.()).rejects.toThrow()
      expect(told).toEqual([{ outcome: 'lost', size: 0, error: expect.stringContaining('ECONNREFUSED') }])
    })
  })

  describe('close()', () => {
    it('leaves no connection, and nothing works after it', async () => {
      const client = await server.client()
      const connections = async () =>
        (await client.sendCommand<string>(['CLIENT', 'LIST'])).split('\n').filter(Boolean).length
      const before = await connections()
      const list = await lists.list()
      await list.add(ofToken(1))
      expect(await connections()).toBe(before + 2)
      await list.close()
      let now = Number.NaN
      const count = async () => {
        now = await connections()
      }
      await until(() => {
        void count()
        return now === before
      })
      await expect(list.add(ofToken(2))).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
      await expect(list.ready?.()).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
      expect(verdict(list, 2)).toBe('revoked')
    })

    it('leaves none that was about to be opened', async () => {
      const client = await server.client()
      await lists.start({}, { name: 'closed-at-once' }).close()
      await sleep(300)
      expect(await client.sendCommand<string>(['CLIENT', 'LIST'])).not.toContain('closed-at-once')
    })

    it('ends who waits', async () => {
      await server.flush()
      const list = lists.start()
      const waiting = expect(list.ready?.()).rejects.toMatchObject({ code: 'ERR_REVOCATION_UNAVAILABLE' })
      await list.close()
      await waiting
    })

    it('is not needed for a process to end; add() and ready() keep it alive', async () => {
      const program = `
        import { createClient } from 'redis'
        import { createRedisRevocationList } from './src/redis/index.ts'
        const list = createRedisRevocationList({ client: createClient({ url: '${server.url}' }) })
        await list.ready()
        await list.add({ kind: 'session', id: 's', until: ${inAnHour()} })
        console.log('written')`
      const args = [
        '--conditions=source-dev',
        '--import',
        'tsx',
        '--unhandled-rejections=strict',
        '--input-type=module',
      ]
      const cwd = fileURLToPath(new URL('..', import.meta.url))
      const child = spawn(process.execPath, [...args, '--eval', program], { cwd })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
      const [code] = await once(child, 'exit')
      expect([code, output]).toEqual([0, 'written\n'])
    })
  })
})
