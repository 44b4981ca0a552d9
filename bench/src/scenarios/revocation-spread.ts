import { startFleet } from '../../../packages/core/test/support/fleet.ts'
import { measureSpread } from '../../../packages/core/test/support/fleet-measures.ts'
import { startRedis } from '../../../packages/core/test/support/redis-process.ts'
import { atMost, type Result, type RunOptions } from '../scenario.ts'
import { quantile } from '../statistics.ts'

const processes = 4

/** Revokes tokens one after the other, each in one of four processes that serve requests, and waits until all refuse it. */
export async function revocationSpread({ quick }: RunOptions): Promise<Result> {
  const revocations = quick ? 20 : 1000
  const redis = await startRedis()
  const fleet = await startFleet({ redis: Array(processes).fill(redis.url) })
  try {
    const lags = await measureSpread(fleet, revocations, 50)
    const values = {
      'p50 ms': quantile(lags, 0.5),
      'p90 ms': quantile(lags, 0.9),
      'p99 ms': quantile(lags, 0.99),
      'worst ms': Math.max(...lags),
    }
    return {
      rows: [{ setting: `${processes} processes`, subject: `${revocations} revocations`, values }],
      claims: [atMost('all four processes refuse a revoked token within 20 ms (p99)', values['p99 ms'], 20)],
      notes: [
        'From the call of revoke() to the refusal in the last of the processes, each of which serves 50 requests a second.',
      ],
    }
  } finally {
    await fleet.close()
    await redis.close()
  }
}
