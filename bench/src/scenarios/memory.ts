import { startChild } from '../child.ts'
import { atMost, type Result, type RunOptions } from '../scenario.ts'
import type { MemoryCalls } from '../server/memory.ts'
import { onStage, whileRunning } from '../stage.ts'

const batch = 1000
/** `cache.maxBytes` by default, as the documentation states it. */
export const mostMebibytes = 256

/** One million distinct tokens through the cache. */
export async function memory({ quick, say }: RunOptions): Promise<Result> {
  return await onStage('ES256', async ({ facts, tokens }) => {
    const child = startChild<MemoryCalls>('server/memory.ts')
    return await whileRunning([child], async () => {
      await child.ask('prepare', facts)
      const mebibytes = async (some: readonly string[]) => (await child.ask('verify', some)) / 2 ** 20
      const empty = await mebibytes(tokens(10))
      const points: (readonly [number, number])[] = [[0, 0]]
      const total = quick ? 3 * batch : 1_000_000
      let next = tokens(batch)
      for (let sent = batch; sent <= total; sent += batch) {
        const answer = mebibytes(next)
        // Signs the next ones while these are verified.
        if (sent < total) next = tokens(batch)
        points.push([sent, (await answer) - empty])
        if (sent % 250_000 === 0) say(`${sent.toLocaleString('en')} tokens`)
      }
      const most = Math.max(...points.map(([, taken]) => taken))
      const values = {
        tokens: total,
        'MiB before': empty,
        'MiB more at the end': points.at(-1)?.[1] ?? Number.NaN,
        'MiB more at most': most,
      }
      return {
        rows: [{ setting: 'ES256', subject: 'claviger', values }],
        claims: [
          atMost(
            `${total.toLocaleString('en')} distinct tokens: at most ${mostMebibytes} MiB more resident`,
            most,
            mostMebibytes,
          ),
        ],
        lines: [
          { label: 'resident', points: points.filter((_, index) => index % Math.ceil(points.length / 200) === 0) },
        ],
      }
    })
  })
}
