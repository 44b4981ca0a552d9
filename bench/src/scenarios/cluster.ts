import { type Child, startChild } from '../child.ts'
import { column, columnRatios, interleave, rowOf } from '../rounds.ts'
import type { Result, RunOptions } from '../scenario.ts'
import type { ClusterCalls } from '../server/cluster.ts'
import { onStage, startLoad, whileRunning } from '../stage.ts'

const sizes = ['1', '2', '4'] as const

/** One app in one, two and four processes. */
export async function cluster({ quick, rounds = 5 }: RunOptions): Promise<Result> {
  return await onStage('ES384', async ({ facts, tokens }) => {
    const children = Object.fromEntries(
      sizes.map((size) => [size, startChild<ClusterCalls>('server/cluster.ts')]),
    ) as Record<(typeof sizes)[number], Child<ClusterCalls>>
    const load = startLoad()
    return await whileRunning([...Object.values(children), load], async () => {
      const ports = { '1': 0, '2': 0, '4': 0 }
      for (const size of sizes) ports[size] = await children[size].ask('listen', { processes: Number(size), facts })
      const known = tokens(100)
      const turns = { rounds: quick ? 1 : rounds, warmUp: quick ? 0 : 1 }
      const found = await interleave(sizes, turns, async (size) => {
        const target = { port: ports[size], seconds: quick ? 0.1 : 2, connections: 64 }
        const warm = await load.ask('saturate', { ...target, feed: { kind: 'known', tokens: known } })
        const fresh = tokens(quick ? 20 : 800, `new-${performance.now()}`)
        const cold = await load.ask('saturate', { ...target, seconds: 60, feed: { kind: 'once', tokens: fresh } })
        for (const { statuses } of [warm, cold]) {
          if (Object.keys(statuses).join() !== '200') throw new Error(`answered ${JSON.stringify(statuses)}`)
        }
        return {
          'known/s': warm.requests / warm.seconds,
          'new/s': cold.requests / cold.seconds,
          'MiB resident': (await children[size].ask('residentBytes')) / 2 ** 20,
        }
      })
      const rows = sizes.map((size) =>
        rowOf(
          'Express, ES384',
          `claviger in ${size}`,
          {
            'known/s': column(found, size, 'known/s'),
            'of one process': columnRatios(found, size, '1', 'known/s'),
            'new/s': column(found, size, 'new/s'),
            'new, of one process': columnRatios(found, size, '1', 'new/s'),
            'MiB resident': column(found, size, 'MiB resident'),
          },
          ['of one process', 'new, of one process'],
        ),
      )
      return { rows, claims: [] }
    })
  })
}
