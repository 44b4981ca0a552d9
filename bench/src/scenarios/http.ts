import { column, columnRatios, interleave, joined, type Rounds, rowOf } from '../rounds.ts'
import { atLeast, type Claim, type Result, type Row, type RunOptions } from '../scenario.ts'
import { apps, type Framework } from '../server/apps.ts'
import { onStage, type Server, type Stage, startLoad, startServers, whileRunning } from '../stage.ts'
import { median } from '../statistics.ts'

const leastOfBare = { Express: 0.97, Koa: 0.9 }

/** Requests of known users over HTTP, as many as each app takes. */
export async function http({ quick, rounds = 15, say }: RunOptions): Promise<Result> {
  const results: Result[] = []
  for (const algorithm of quick ? (['ES384'] as const) : (['ES384', 'RS256'] as const)) {
    for (const framework of ['Express', 'Koa'] as const) {
      say(`${framework}, ${algorithm}`)
      const options = { rounds: quick ? 1 : rounds, seconds: quick ? 0.1 : 1 }
      results.push(await onStage(algorithm, (stage) => compare(framework, stage, options)))
    }
  }
  return { rows: results.flatMap(({ rows }) => rows), claims: results.flatMap(({ claims }) => claims) }
}

async function compare(
  framework: Framework,
  stage: Stage,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Result> {
  const subjects = Object.keys(apps[framework])
  const parts: Rounds<string>[] = []
  // Two processes of the same app differ by some per cent for as long as they live.
  const generations = Math.min(rounds, 5)
  for (let generation = 0; generation < generations; generation += 1) {
    parts.push(await measure(framework, subjects, stage, { rounds: rounds / generations, seconds }))
  }
  const found = joined(parts)
  const setting = `${framework}, ${stage.facts.algorithm}`
  const rows: Row[] = subjects.map((subject) =>
    rowOf(
      setting,
      subject,
      {
        'of bare': columnRatios(found, subject, 'bare', 'requests/s'),
        'requests/s': column(found, subject, 'requests/s'),
        'CPU µs per request': column(found, subject, 'CPU µs per request'),
        'p99 ms': column(found, subject, 'p99 ms'),
        'event loop busy': column(found, subject, 'event loop busy'),
      },
      ['of bare'],
    ),
  )
  const ofBare = median(columnRatios(found, 'claviger', 'bare', 'requests/s'))
  const least = leastOfBare[framework]
  const claims: Claim[] = [
    atLeast(`${setting}: known tokens, at least ${least} of the requests of the bare framework`, ofBare, least),
  ]
  return { rows, claims }
}

async function measure(
  framework: Framework,
  subjects: readonly string[],
  stage: Stage,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Rounds<string>> {
  const servers = await startServers(framework, subjects, stage)
  const load = startLoad()
  const feed = { kind: 'known', tokens: stage.tokens(100) } as const

  return await whileRunning([...Object.values(servers), load], () =>
    interleave(
      subjects,
      // What peers cost is far from what the bare framework does, and needs no fine measure.
      { rounds, every: (subject) => (subject.startsWith('bare') || subject === 'claviger' ? 1 : 3) },
      async (subject) => {
        const { port, ask } = servers[subject] as Server
        await ask('usage')
        const {
          requests,
          seconds: took,
          statuses,
          latency,
        } = await load.ask('saturate', {
          port,
          feed,
          seconds,
          connections: 16,
        })
        const { cpuSeconds, eventLoop } = await ask('usage')
        assertAll200(subject, statuses)
        return {
          'requests/s': requests / took,
          'CPU µs per request': (cpuSeconds / requests) * 1e6,
          'p99 ms': latency.p99,
          'event loop busy': eventLoop,
        }
      },
    ),
  )
}

/** @throws {Error} when anything was answered otherwise: what fails is soon done. */
function assertAll200(subject: string, statuses: Readonly<Record<number, number>>): void {
  const others = Object.keys(statuses).filter((status) => status !== '200')
  if (others.length > 0) throw new Error(`${subject} answered ${JSON.stringify(statuses)}`)
}
