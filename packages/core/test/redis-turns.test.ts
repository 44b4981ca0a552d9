import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { type Commands, createCommands } from '../src/redis/connection.ts'
import { createTurns } from '../src/redis/turns.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'

describeWithRedis('a turn', () => {
  let redis: RedisServer
  let commands: Commands
  beforeAll(async () => {
    redis = await startRedis()
    commands = createCommands(createClient({ url: redis.url }), 2)
  })
  afterAll(async () => {
    commands.close()
    await redis.close()
  })

  it('that is over is held no longer, and what came of it is kept no longer either', async () => {
    const turns = createTurns(commands)
    const turn = await turns.take('a', 2)
    if (turn.kind !== 'ours') throw new Error(turn.kind)
    expect(await turns.renew('a', turn.fence, 2)).toBe(true)
    expect(await turns.settle('a', turn.fence, { isPrize: true, sealed: 'x', keep: 10 })).toEqual({ kind: 'kept' })
    expect(await turns.renew('a', turn.fence, 2)).toBe(false)
    expect(await (await redis.client()).pTTL('a')).toBeLessThanOrEqual(10_000)
  })
})
