import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { type Commands, connect, createCommands, end, messageOf } from '../src/redis/connection.ts'
import { type RedisProxy, startRedisProxy } from './support/redis-proxy.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'

describeWithRedis('connections of ours to Redis', () => {
  let redis: RedisServer
  let proxy: RedisProxy
  const open: Commands[] = []

  beforeAll(async () => {
    redis = await startRedis()
    proxy = await startRedisProxy(redis.port)
  })
  afterEach(() => {
    for (const commands of open.splice(0)) commands.close()
  })
  afterAll(async () => {
    await proxy.close()
    await redis.close()
  })

  function create(timeout = 1): Commands {
    const commands = createCommands(createClient({ url: redis.url }), timeout)
    open.push(commands)
    return commands
  }

  it.each([
    ['stay where the command was wrong', 'WRONGTYPE Operation against a key holding the wrong kind of value', true],
    ['stay where it is not allowed', "NOPERM User default has no permissions to run the 'eval' command", true],
    ['stay where a script fails', 'ERR Error running script (call to f_1): @user_script:1: attempt to add', true],
    ['are left for a replica', "READONLY You can't write against a read only replica.", false],
    [
      'are left for a replica that tells it as Redis 6.2 does to scripts',
      "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
      false,
    ],
    ['are left for a server that starts', 'LOADING Redis is loading the dataset in memory', false],
    ['are left for a replica on its own', 'MASTERDOWN Link with MASTER is down', false],
    ['are left where they are signed in no more', 'NOAUTH Authentication required.', false],
    ['are left where they are lost', 'Socket closed unexpectedly', false],
  ])('%s', async (_, message, stays) => {
    const commands = create()
    const used = () => commands.run(async (connection) => connection)
    const before = await used()
    await expect(commands.run(() => Promise.reject(new Error(message)))).rejects.toThrow(message)
    expect((await used()) === before).toBe(stays)
  })

  it('are left once: what fails late on the old one takes nothing from the new one', async () => {
    const commands = create(0.3)
    const used = () => commands.run(async (connection) => connection)
    const late = commands.run(() => new Promise(() => {}))
    await expect(commands.run(() => Promise.reject(new Error('Socket closed unexpectedly')))).rejects.toThrow()
    const newer = await used()
    await expect(late).rejects.toThrow('Redis took longer than 0.3 s to answer')
    expect(await used()).toBe(newer)
  })

  it('take an answer that came in time, though the process stood still until later', async () => {
    const commands = create(0.2)
    await commands.run((connection) => connection.time())
    redis.pause()
    const answer = commands.run((connection) => connection.time())
    await pause(50)
    // After the sockets of this turn of the event loop: those of the next come after its timers.
    await turn()
    redis.resume()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    expect(await answer).toEqual([expect.any(String), expect.any(String)])
  })

  it('end by themselves after the silence that they are given', async () => {
    const connection = await connect(createClient({ url: proxy.url }), 1, 0.2)
    proxy.stall()
    await expect(connection.time()).rejects.toThrow()
    end(connection)
    proxy.flow()
  })

  it('tell of each address that could not be reached', () => {
    const errors = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')]
    expect(messageOf(new AggregateError(errors))).toBe('connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1')
    expect(messageOf(new AggregateError(errors, 'in its own words'))).toBe('in its own words')
  })
})
