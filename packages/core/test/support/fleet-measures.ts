import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet, FleetProcess } from './fleet.ts'

/** Comparable between processes of one machine. */
const now = () => performance.timeOrigin + performance.now()

/** The value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}

/** Calls each process so many times a second until the signal ends it. Returns how many milliseconds each request took. */
export async function load(
  processes: readonly FleetProcess[],
  token: string,
  perSecond: number,
  signal: AbortSignal,
): Promise<number[]> {
  const took: number[] = []
  const open: Promise<unknown>[] = []
  const began = now()
  for (let sent = 0; !signal.aborted; await sleep(1)) {
    for (; sent < ((now() - began) / 1000) * perSecond; sent += 1) {
      for (const process of processes) {
        const start = now()
        const done = process.request(token).then((status) => {
          if (status !== 200) throw new Error(`a good token was answered with ${status}`)
          took.push(now() - start)
        })
        open.push(done)
      }
    }
  }
  await Promise.all(open)
  return took
}

/**
 * Revokes so many tokens, each in one process of the fleet, while all of them serve requests. Returns for each token how many
 * milliseconds after `revoke()` had been called the last process refused it.
 */
export async function measureSpread(fleet: Fleet, revocations: number, perSecond: number): Promise<number[]> {
  const ending = new AbortController()
  const loading = load(fleet.processes, fleet.token('good'), perSecond, ending.signal)
  const lags: number[] = []
  for (let index = 0; index < revocations; index += 1) {
    const id = `spread-${index}`
    const token = fleet.token(id)
    const refused = fleet.processes.map((process) => process.call.refusedAt(token))
    await sleep(5) // all have verified it, and ask again and again
    const revoked = await fleet.processes[index % fleet.processes.length]?.call.revoke(id)
    if (revoked === undefined || revoked.code !== undefined) throw new Error(`revoke() failed: ${revoked?.code}`)
    lags.push(Math.max(...(await Promise.all(refused))) - revoked.at)
  }
  ending.abort()
  await loading
  return lags
}
