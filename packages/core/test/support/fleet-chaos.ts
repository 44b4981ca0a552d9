import { setTimeout as sleep } from 'node:timers/promises'
import { type Fleet, type FleetProcess, startFleet } from './fleet.ts'
import { startRedis } from './redis-process.ts'
import { type RedisProxy, startRedisProxy } from './redis-proxy.ts'

/** The faults, by name. */
export const faultNames = ['crash', 'start-empty', 'pause', 'flush', 'cut', 'cut-reply'] as const
type FaultName = (typeof faultNames)[number]

interface ChaosOptions {
  /** The same seed makes the same faults in the same order. */
  readonly seed: number
  /** So many of them; each kind comes once before any comes again. */
  readonly faults: number
  /** Seconds for which Redis is stopped. */
  readonly pause: number
  say?(line: string): void
}

export interface ChaosResult {
  readonly faults: Readonly<Partial<Record<FaultName, number>>>
  readonly revoked: number
  /** Of these, such as `revoke()` could not confirm. */
  readonly unconfirmed: number
  readonly requests: number
  readonly statuses: Readonly<Record<number, number>>
  /** Requests that had no answer. */
  readonly hung: number
  /** Seconds after its revocation, or after Redis was back, in which a token was accepted for the last time. */
  readonly longestLag: number
  /** Seconds of an outage after which a token was accepted for the last time. */
  readonly longestReliance: number
  /** Seconds after Redis was back in which a good token was refused for the last time. */
  readonly longestRefusal: number
  /** Revoked tokens that a process accepts in the end, one that has just started among them. */
  readonly forgotten: number
  /** Processes that ended. */
  readonly ended: number
}

/** What the processes of the chaos are set to. */
export const chaosList = { maxStaleness: 3, whenStale: 'deny', timeout: 1 } as const

const now = () => performance.timeOrigin + performance.now()

/** Lets Redis fail in every way at random under load, and looks on. */
export async function chaos({ seed, faults, pause, say = () => {} }: ChaosOptions): Promise<ChaosResult> {
  const server = await startRedis()
  const proxies = await Promise.all([0, 1, 2, 3].map(() => startRedisProxy(server.port)))
  const fleet = await startFleet({ redis: proxies.map(({ url }) => url), list: chaosList })
  const random = mulberry32(seed)
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T

  /** Token id → when it was revoked. */
  const revoked = new Map<string, number>()
  const tokens = new Map<string, string>()
  const made = new Map<FaultName, number>()
  const statuses = new Map<number, number>()
  const result = { unconfirmed: 0, hung: 0, longestLag: 0, longestReliance: 0, longestRefusal: 0 }
  let backAt = now()
  let downSince: number | undefined
  let over = false

  async function ask(process: FleetProcess): Promise<void> {
    const recent = [...revoked.keys()].slice(random() < 0.7 ? -40 : 0)
    const id = recent.length > 0 && random() < 0.7 ? pick(recent) : 'good'
    const token = tokens.get(id) ?? fleet.token(id)
    tokens.set(id, token)
    const at = now()
    const [since, back] = [downSince, backAt]
    const status = await process.request(token).catch(() => 0)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === 0) result.hung += 1
    const after = (time: number) => (at - time) / 1000
    if (status === 200 && since !== undefined) result.longestReliance = Math.max(result.longestReliance, after(since))
    // A fault that came while the request was under way belongs to the next one.
    if (since !== undefined || backAt !== back || downSince !== undefined) return
    const when = revoked.get(id)
    if (status === 200 && when !== undefined && when < at)
      result.longestLag = Math.max(result.longestLag, after(Math.max(when, back)))
    if (status === 503) result.longestRefusal = Math.max(result.longestRefusal, after(back))
  }

  async function keepAsking(process: FleetProcess): Promise<void> {
    while (!over) {
      await Promise.all([ask(process), sleep(15)])
    }
  }

  async function keepRevoking(): Promise<void> {
    const open: Promise<void>[] = []
    for (let next = 0; !over; next += 1) {
      const id = `chaos-${next}`
      const called = pick(fleet.processes).call.revoke(id)
      open.push(
        called.then(({ at, code }) => {
          revoked.set(id, at)
          if (code !== undefined) result.unconfirmed += 1
        }),
      )
      await sleep(80)
    }
    await Promise.all(open)
  }

  async function outage(begin: () => unknown, seconds: number, end: () => unknown): Promise<void> {
    downSince = now()
    await begin()
    await sleep(seconds * 1000)
    await end()
    downSince = undefined
  }

  const happen: Record<FaultName, () => Promise<unknown>> = {
    crash: async () => {
      await server.save()
      await sleep(random() * 500) // what is written now is lost
      await outage(server.kill, 0.2 + random() * 4, () => server.start())
    },
    'start-empty': () => outage(server.kill, 0.2 + random() * 2, () => server.start({ empty: true })),
    pause: () => outage(server.pause, pause, server.resume),
    flush: server.flush,
    cut: async () => {
      for (const proxy of proxies) if (random() < 0.7) proxy.cut()
    },
    'cut-reply': async () => {
      for (let times = 0; times < 3; times += 1) {
        pick<RedisProxy>(proxies).cutReply(Math.floor(random() * 120))
        await sleep(random() * 300)
      }
    },
  }

  try {
    const loading = [...fleet.processes.map(keepAsking), keepRevoking()]
    let bag: FaultName[] = []
    for (let count = 0; count < faults; count += 1) {
      if (bag.length === 0) bag = [...faultNames]
      const [fault] = bag.splice(Math.floor(random() * bag.length), 1)
      if (fault === undefined) break
      say(`${count + 1} of ${faults}: ${fault}`)
      await happen[fault]()
      backAt = now()
      made.set(fault, (made.get(fault) ?? 0) + 1)
      await sleep(300 + random() * 2000)
    }
    await sleep(3000)
    over = true
    await Promise.all(loading)
    const late = await startFleet({ redis: [server.url], list: chaosList })
    const forgotten = await countForgotten([fleet, late], revoked.keys())
    const ended = fleet.processes.filter((process) => process.ended).length
    await late.close()
    const requests = [...statuses.values()].reduce((sum, count) => sum + count, 0)
    return {
      faults: Object.fromEntries(made),
      revoked: revoked.size,
      requests,
      statuses: Object.fromEntries(statuses),
      ...result,
      forgotten,
      ended,
    }
  } finally {
    over = true
    await fleet.close()
    for (const proxy of proxies) await proxy.close()
    await server.close()
  }
}

async function countForgotten(fleets: readonly Fleet[], ids: Iterable<string>): Promise<number> {
  let forgotten = 0
  for (const id of ids)
    for (const fleet of fleets)
      for (const process of fleet.processes) if ((await process.request(fleet.token(id))) !== 401) forgotten += 1
  return forgotten
}

/** @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
