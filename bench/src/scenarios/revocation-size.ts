import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RevocationList, VerifiedToken } from '@claviger/core'
import { createRedisRevocationList } from '@claviger/core/redis'
import { createClient } from 'redis'
import { startRedis } from '../../../packages/core/test/support/redis-process.ts'
import { atMost, type Result, type RunOptions } from '../scenario.ts'
import { median } from '../statistics.ts'

const batch = 2000
const asked = 10_000

/** Fills a stream, and starts a process that reads it: how long that takes, what it costs, and how fast it answers then. */
export async function revocationSize({ quick, rounds = 20, say }: RunOptions): Promise<Result> {
  const count = quick ? 20_000 : 1_000_000
  const redis = await startRedis()
  const list = () => createRedisRevocationList({ client: createClient({ url: redis.url }) })
  const client = await redis.client()
  try {
    const emptyRedis = await usedMemory(client)
    say(`revokes ${count.toLocaleString('en')} tokens`)
    const writing = await fill(list(), count)
    const redisBytes = (await usedMemory(client)) - emptyRedis

    const before = usedHere()
    const began = performance.now()
    const busyBefore = busy()
    const reader = list()
    await reader.ready?.()
    const loading = (performance.now() - began) / 1000
    const working = busy() - busyBefore
    const bytes = usedHere() - before
    if (reader.size !== count) throw new Error(`${reader.size} of ${count} were read`)

    const known: number[] = []
    const fresh: number[] = []
    for (let round = -2; round < (quick ? 2 : rounds); round += 1) {
      const tokens = Array.from({ length: asked }, (_, index) => tokenOf(index % 2 === 0 ? index : count + index))
      const first = timeOf(reader, tokens)
      const again = timeOf(reader, tokens)
      if (round < 0) continue
      fresh.push(first)
      known.push(again)
    }
    say('flushes Redis')
    await redis.flush()
    const flushed = performance.now()
    const late = list()
    await late.ready?.()
    const restoring = (performance.now() - flushed) / 1000
    if (late.size !== count) throw new Error(`${late.size} of ${count} were written back`)
    await late.close()
    await reader.close()
    const check = median(known)
    const values = {
      'bytes each': bytes / count,
      'bytes each in Redis': redisBytes / count,
      'µs per check': check,
      'µs per first check': median(fresh),
      's to load': loading,
      's of them busy': working,
      's to restore': restoring,
      'revocations/s written': count / writing,
    }
    return {
      rows: [{ setting: 'one process', subject: `${count.toLocaleString('en')} live revocations`, values }],
      claims: [
        atMost('a check takes at most 1 µs', check, 1),
        atMost('a revocation takes at most 64 bytes', bytes / count, 64),
      ],
      notes: [
        'To restore: Redis is flushed, the process writes everything back, and another has read it.',
        'Checks are measured in time of the processor, so that other work of the machine does not count.',
        'A first check hashes the id of a token; afterwards the hash is known as long as the token is. Half of the tokens are revoked.',
      ],
    }
  } finally {
    await redis.close()
  }
}

async function fill(list: RevocationList, count: number): Promise<number> {
  await list.ready?.()
  const until = Math.floor(Date.now() / 1000) + 86_400
  const began = performance.now()
  for (let from = 0; from < count; from += batch) {
    const ids = Array.from({ length: Math.min(batch, count - from) }, (_, index) => from + index)
    await Promise.all(
      ids.map((id) => list.add({ kind: 'tokenId', id: `token-${id}`, issuer: 'https://id.example.com', until })),
    )
  }
  const took = (performance.now() - began) / 1000
  await list.close()
  return took
}

function tokenOf(id: number): VerifiedToken {
  const issuer = 'https://id.example.com'
  const user = { id: 'alice', provider: 'shop', issuer, roles: [], permissions: [], scopes: [] }
  return { user, claims: {}, provider: 'shop', issuer, tokenId: `token-${id}`, issuedAt: 1, expiresAt: 2_000_000_000 }
}

/** Microseconds for each. */
function timeOf(list: RevocationList, tokens: readonly VerifiedToken[]): number {
  let revoked = 0
  const began = busy()
  for (const token of tokens) if (list.isRevoked('a token', token)) revoked += 1
  const took = busy() - began
  if (revoked !== tokens.length / 2) throw new Error(`${revoked} of ${tokens.length / 2} revoked tokens were refused`)
  return (took / tokens.length) * 1e6
}

/** Seconds for which this process has had a processor: what others do on the machine counts as little as can be. */
function busy(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function usedMemory(client: { info(section: string): Promise<string> }): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
}

/** What is in use in this process, without garbage. */
function usedHere(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let times = 0; times < 3; times += 1) collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
