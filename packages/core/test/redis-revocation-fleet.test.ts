import { expect, it } from '@jest/globals'
import { startFleet } from './support/fleet.ts'
import { chaos, chaosList, faultNames } from './support/fleet-chaos.ts'
import { measureSpread, percentile } from './support/fleet-measures.ts'
import { describeWithRedis, startRedis } from './support/redis-server.ts'
import { beginStream } from './support/revocation-stream.ts'

// bench/ measures; here it counts that it happens at all, on whatever machine.
describeWithRedis('a fleet of processes with one revocation list', () => {
  it('refuses a revoked token in all of them, under load', async () => {
    const server = await startRedis()
    await beginStream(server)
    const fleet = await startFleet({ redis: Array(4).fill(server.url) })
    const lags = await measureSpread(fleet, 30, 20)
    expect(lags.length).toBe(30)
    expect(percentile(lags, 50)).toBeLessThan(1000)
    await fleet.close()
    await server.close()
  }, 60_000)

  it('survives Redis as it fails in every way: nothing ends, nothing hangs, nothing is forgotten', async () => {
    const result = await chaos({ seed: 7, faults: faultNames.length, pause: 4.5 })
    expect(result).toMatchObject({ hung: 0, forgotten: 0, ended: 0 })
    expect(Object.keys(result.faults).sort()).toEqual([...faultNames].sort())
    expect(result.revoked).toBeGreaterThan(50)
    // The clocks of a machine under load are not to be trusted to the second.
    expect(result.longestLag).toBeLessThan(10)
    expect(result.longestReliance).toBeLessThan(chaosList.maxStaleness + 1)
    expect(result.statuses[503]).toBeGreaterThan(0)
  }, 120_000)
})
