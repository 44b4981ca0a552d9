import { setTimeout as sleep } from 'node:timers/promises'
import { type FleetProcess, startFleet } from '../../../packages/core/test/support/fleet.ts'
import { load } from '../../../packages/core/test/support/fleet-measures.ts'
import { startRedis } from '../../../packages/core/test/support/redis-process.ts'
import { atMost, type Result, type RunOptions } from '../scenario.ts'
import { median, quantile, quartiles, ratios } from '../statistics.ts'

const perSecond = 5000
const requests = 400

/**
 * Calls one process while another revokes 5,000 tokens a second: none, the same number in a list of its own (the machine works,
 * the process that is called does not), and in the shared one; in turns.
 */
export async function revocationFlood({ quick, rounds = 12, say }: RunOptions): Promise<Result> {
  const seconds = quick ? 0.5 : 5
  const redis = await startRedis()
  const shared = await startFleet({ redis: [redis.url, redis.url] })
  const apart = await startFleet({ redis: [redis.url], list: { prefix: 'apart' } })
  const [called, writer] = shared.processes as [FleetProcess, FleetProcess]
  const [other] = apart.processes as [FleetProcess]
  const token = shared.token('good')

  async function p99(flooding: FleetProcess | undefined): Promise<number> {
    const ending = new AbortController()
    const flood = flooding?.call.flood(perSecond, seconds)
    const loading = load([called], token, requests, ending.signal)
    await Promise.all([flood, sleep(seconds * 1000)])
    ending.abort()
    const failed = (await flood)?.failed ?? 0
    if (failed > 0) throw new Error(`${failed} revocations failed`)
    return quantile(await loading, 0.99)
  }

  try {
    const none: number[] = []
    const elsewhere: number[] = []
    const here: number[] = []
    for (let round = -1; round < (quick ? 1 : rounds); round += 1) {
      const found = [await p99(undefined), await p99(other), await p99(writer)] as const
      say(`round ${round}: ${found.map((value) => value.toFixed(1)).join(', ')} ms`)
      if (round < 0) continue
      none.push(found[0])
      elsewhere.push(found[1])
      here.push(found[2])
    }
    const held = (await called.call.health()).revocations
    const row = (subject: string, values: readonly number[]) => ({
      setting: `${requests} requests a second`,
      subject,
      values: { 'p99 ms': median(values), 'of none': median(ratios(values, none)) },
      spread: { 'p99 ms': quartiles(values) },
    })
    return {
      rows: [
        row('no revocations', none),
        row(`${perSecond} a second in another list`, elsewhere),
        row(`${perSecond} a second in this list`, here),
      ],
      claims: [
        atMost('5,000 revocations a second: p99 of requests within 1.2 of without', median(ratios(here, none)), 1.2),
        atMost('the same, against revocations in another list', median(ratios(here, elsewhere)), 1.2),
      ],
      notes: [`The process that was called held ${held.toLocaleString('en')} revocations in the end.`],
    }
  } finally {
    await shared.close()
    await apart.close()
    await redis.close()
  }
}
