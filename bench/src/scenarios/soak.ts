import { type Child, startChild } from '../child.ts'
import { createFeed, type Feed } from '../load/feed.ts'
import type { LoadCalls } from '../load/main.ts'
import { atMost, type Claim, type Line, type Result, type RunOptions } from '../scenario.ts'
import type { SoakCalls } from '../server/soak.ts'
import { onStage, type Stage, startLoad, whileRunning } from '../stage.ts'
import { median, slope } from '../statistics.ts'

// Published at once; what was signed with older ones has expired.
const keysPublished = 3
const lifeSeconds = 20
// Not counted: until then code is compiled, and what is kept for a while is there.
const settled = 1 / 3

interface Sample {
  readonly minutes: number
  readonly heap: number
  readonly resident: number
  readonly resources: number
}

/** Mixed load for a long time: whether anything grows. */
export async function soak({ quick, minutes = 30, say }: RunOptions): Promise<Result> {
  return await onStage('ES256', async (stage) => {
    const { issuer, facts } = stage
    issuer.cacheControl = 'public, max-age=5'
    const app = startChild<SoakCalls>('server/soak.ts', ['--expose-gc'])
    const load = startLoad()
    return await whileRunning([app, load], async () => {
      const port = await app.ask('listen', facts)
      const forgery = createFeed({ kind: 'forged', tokens: stage.tokens(1) })
      await app.ask('fill', Array.from({ length: quick ? 100 : 8000 }, forgery) as string[])
      const samples: Sample[] = []
      const kids = [issuer.current.kid]
      const seconds = quick ? 0.2 : 4
      const started = performance.now()
      const elapsed = () => (performance.now() - started) / 60_000
      let requests = 0
      for (let lap = 1; samples.length < 3 || (!quick && elapsed() < minutes); lap += 1) {
        if (lap % 3 === 0) await rotate(stage, kids)
        requests += await goRound({ port, stage, app, load, seconds })
        const { heapBytes, residentBytes, resources } = await app.ask('held')
        samples.push({ minutes: elapsed(), heap: heapBytes / 2 ** 20, resident: residentBytes / 2 ** 20, resources })
        if (lap % 60 === 0) say(`${Math.round(elapsed())} minutes, ${requests.toLocaleString('en')} requests`)
      }
      return resultOf(samples, requests)
    })
  })
}

async function rotate({ issuer }: Stage, kids: string[]): Promise<void> {
  kids.push((await issuer.rotate()).kid)
  if (kids.length > keysPublished) issuer.removeKey(kids.shift() as string)
}

interface Lap {
  readonly port: number
  readonly stage: Stage
  readonly app: Child<SoakCalls>
  readonly load: Child<LoadCalls>
  readonly seconds: number
}

/** Everybody who may call does. Answers with the number of requests. @throws {Error} when one is answered as it must not be */
async function goRound({ port, stage, app, load, seconds }: Lap): Promise<number> {
  const { issuer } = stage
  const some = (count: number, expiresIn: number) =>
    Array.from({ length: count }, (_, index) =>
      issuer.tokenFor({ subject: `user-${index}`, expiresIn, roles: ['admin'], scopes: ['read'] }),
    )
  const known = some(50, lifeSeconds)
  const revoked = some(20, lifeSeconds)
  const paced = { port, seconds, perSecond: 50 }
  const once = (tokens: readonly string[]): Feed => ({ kind: 'once', tokens })
  await load.ask('saturate', { port, seconds: 60, connections: 4, feed: once(revoked) })
  await app.ask('revoke', revoked)

  const groups = {
    known: [load.ask('saturate', { port, seconds, connections: 4, feed: { kind: 'known', tokens: known } }), [200]],
    new: [load.ask('pace', { ...paced, feed: once(some(seconds * 50, lifeSeconds)) }), [200]],
    revoked: [load.ask('pace', { ...paced, feed: { kind: 'known', tokens: revoked } }), [401]],
    expired: [load.ask('pace', { ...paced, feed: once(some(seconds * 50, -60)) }), [401]],
    malformed: [
      load.ask('pace', { ...paced, feed: { kind: 'known', tokens: ['a.b.c', 'none', `${known[0]}.`] } }),
      [401],
    ],
    forged: [
      load.ask('saturate', {
        port,
        from: '127.0.0.2',
        seconds: seconds / 2,
        connections: 8,
        feed: { kind: 'forged', tokens: known },
      }),
      [401, 503],
    ],
  } as const
  let requests = revoked.length
  for (const [who, [load, expected]] of Object.entries(groups)) {
    const { statuses, requests: more } = await load
    requests += more
    const other = Object.keys(statuses).filter((status) => !(expected as readonly number[]).includes(Number(status)))
    if (other.length > 0) throw new Error(`${who}: answered ${JSON.stringify(statuses)}`)
  }
  return requests
}

function resultOf(samples: readonly Sample[], requests: number): Result {
  const minutes = samples.at(-1)?.minutes ?? 0
  const counted = samples.filter((sample) => sample.minutes >= minutes * settled)
  const growth = (of: Exclude<keyof Sample, 'minutes'>) =>
    (slope(counted.map((sample) => [sample.minutes, sample[of]])) * (minutes * (1 - settled))) /
    median(counted.map((sample) => sample[of]))
  const line = (label: string, of: keyof Sample): Line => ({
    label,
    points: thinned(samples).map((sample) => [sample.minutes, sample[of]]),
  })
  // In its first minutes a process still grows: code is compiled, and the heap finds its size.
  const [heap, resident] = minutes < 10 ? [0.15, 0.2] : [0.05, 0.1]
  const claim = (what: string, of: Exclude<keyof Sample, 'minutes'>, most: number) =>
    atMost(`growth of ${what}, over the last two thirds, at most ${most}`, growth(of), most)
  const claims: Claim[] = [
    claim('what is held after collection', 'heap', heap),
    claim('resident memory', 'resident', resident),
    claim('open sockets, timers and the like', 'resources', 0.05),
  ]
  const values = {
    minutes,
    requests,
    'MiB held': median(counted.map(({ heap }) => heap)),
    growth: growth('heap'),
    'MiB resident': median(counted.map(({ resident }) => resident)),
    'growth resident': growth('resident'),
    'sockets and timers': median(counted.map(({ resources }) => resources)),
  }
  return {
    rows: [{ setting: 'Express, ES256', subject: 'claviger', values }],
    claims,
    lines: [line('held', 'heap'), line('resident', 'resident')],
  }
}

/** So many points as can be seen. */
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const step = Math.ceil(samples.length / 120)
  return samples.filter((_, index) => index % step === 0)
}
