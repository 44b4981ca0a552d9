import { setTimeout } from 'node:timers/promises'
import type { Child } from '../child.ts'
import type { Load } from '../load/calls.ts'
import type { LoadCalls } from '../load/main.ts'
import { column, columnRatios, interleave, rowOf } from '../rounds.ts'
import { atLeast, atMost, type Claim, type Result, type RunOptions } from '../scenario.ts'
import { apps } from '../server/apps.ts'
import { onStage, type Server, type Stage, startLoad, startServers, whileRunning } from '../stage.ts'
import { median } from '../statistics.ts'

// Each from an address of its own, as seen by the app.
const attacker = '127.0.0.2'
const known = '127.0.0.3'
const stranger = '127.0.0.4'

type Subject = keyof typeof apps.Express
const all = (Object.keys(apps.Express) as Subject[]).filter((subject) => subject !== 'bare, one shape')

interface Extent {
  readonly subjects: readonly Subject[]
  readonly rounds: number
  readonly seconds: number
}

/** What users of an app feel while somebody sends it forged tokens, as fast as they are answered. */
export async function flood({ quick, rounds = 3, say }: RunOptions): Promise<Result> {
  const results: Result[] = []
  for (const algorithm of quick ? (['ES512'] as const) : (['ES512', 'RS256'] as const)) {
    say(`Express, ${algorithm}`)
    const seconds = quick ? 0.3 : 5
    results.push(
      await onStage(algorithm, (stage) =>
        compare(stage, { subjects: quick ? ['bare', 'claviger'] : all, rounds: quick ? 1 : rounds, seconds }),
      ),
    )
  }
  return { rows: results.flatMap(({ rows }) => rows), claims: results.flatMap(({ claims }) => claims) }
}

async function compare(stage: Stage, { subjects, rounds, seconds }: Extent): Promise<Result> {
  const servers = await startServers('Express', subjects, stage)
  const attack = startLoad()
  const users = startLoad()
  const tokens = stage.tokens(50)

  return await whileRunning([...Object.values<Server>(servers), attack, users], async () => {
    const found = await interleave(
      subjects,
      // One round shows how peers are; the claims are about us.
      { rounds, warmUp: 0, every: (subject) => (subject === 'bare' || subject === 'claviger' ? 1 : rounds) },
      (subject) => measure({ server: servers[subject], attack, users, tokens, stage, seconds }),
    )
    const setting = `Express, ${stage.facts.algorithm}`
    const columns = [
      'calm median ms',
      'known median ms',
      'known p99 ms',
      'new p99 ms',
      'not 200',
      'forgeries/s',
      'refused unverified',
      'event loop busy',
    ]
    const rows = subjects.map((subject) =>
      rowOf(setting, subject, Object.fromEntries(columns.map((name) => [name, column(found, subject, name)]))),
    )
    const ours = (name: string) => median(column(found, 'claviger', name))
    const claims: Claim[] = [
      atMost(`${setting}: under a flood, known users' median at most 3 times the calm one`, ours('of calm'), 3),
      atMost(
        `${setting}: known users' p99 no worse than the bare framework's`,
        median(columnRatios(found, 'claviger', 'bare', 'known p99 ms')),
        1,
      ),
      atMost(`${setting}: new users are verified, p99 at most 250 ms`, ours('new p99 ms'), 250),
      atLeast(
        `${setting}: share of users, known and new, that were answered 200`,
        1 - Math.max(...column(found, 'claviger', 'not 200')),
        1,
      ),
    ]
    return { rows, claims }
  })
}

interface Flooded {
  readonly server: Server
  readonly attack: Child<LoadCalls>
  readonly users: Child<LoadCalls>
  readonly tokens: readonly string[]
  readonly stage: Stage
  readonly seconds: number
}

async function measure({ server, attack, users, tokens, stage, seconds }: Flooded): Promise<Record<string, number>> {
  const { port } = server
  const pace = { port, from: known, feed: { kind: 'known', tokens }, seconds, perSecond: 100 } as const
  await users.ask('saturate', { ...pace, feed: { kind: 'once', tokens }, connections: 1 })
  const calm = await users.ask('pace', pace)
  // One more second at the beginning, which does not count.
  const forgeries = { port, from: attacker, feed: { kind: 'forged', tokens }, connections: 48 } as const
  const flooded = attack.ask('saturate', { ...forgeries, seconds: seconds + 1 })
  await setTimeout(1000)
  await server.ask('usage')
  const fresh = stage.tokens(Math.ceil(seconds * 10), `new-${performance.now()}`)
  const [old, young] = await Promise.all([
    users.ask('pace', pace),
    users.ask('pace', { ...pace, from: stranger, feed: { kind: 'once', tokens: fresh }, perSecond: 10 }),
  ])
  const { eventLoop } = await server.ask('usage')
  const load = await flooded
  return {
    'calm median ms': calm.latency.median,
    'known median ms': old.latency.median,
    'known p99 ms': old.latency.p99,
    'of calm': old.latency.median / calm.latency.median,
    'new p99 ms': young.latency.p99,
    'not 200':
      1 - (share(old, 200) * old.requests + share(young, 200) * young.requests) / (old.requests + young.requests),
    'forgeries/s': load.requests / load.seconds,
    'refused unverified': share(load, 503),
    'event loop busy': eventLoop,
  }
}

function share({ statuses, requests }: Load, status: number): number {
  return (statuses[status] ?? 0) / requests
}
