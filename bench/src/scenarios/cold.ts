import { type Child, startChild } from '../child.ts'
import { column, columnRatios, interleave, rowOf } from '../rounds.ts'
import { atLeast, type Claim, type Result, type RunOptions } from '../scenario.ts'
import type { ColdCalls } from '../server/cold.ts'
import { type VerifierName, verifiers } from '../server/verifiers.ts'
import { onStage, type Stage, whileRunning } from '../stage.ts'
import { median } from '../statistics.ts'

// So many that a round takes half a second or more: the first few of a new verifier cost more than the rest.
const tokensOf = { ES384: 1200, ES512: 800, RS256: 12_000 }
// More than any machine has threads for cryptography.
const atOnce = 64
const limit = 'the machine'

/** Tokens that nobody has seen before, in the process. */
export async function cold({ quick, rounds = 9, say }: RunOptions): Promise<Result> {
  const results: Result[] = []
  for (const algorithm of quick ? (['ES384'] as const) : (['ES384', 'ES512', 'RS256'] as const)) {
    say(algorithm)
    const tokens = quick ? 20 : tokensOf[algorithm]
    results.push(await onStage(algorithm, (stage) => compare(stage, tokens, quick ? 1 : rounds)))
  }
  return { rows: results.flatMap(({ rows }) => rows), claims: results.flatMap(({ claims }) => claims) }
}

async function compare({ facts, tokens }: Stage, count: number, rounds: number): Promise<Result> {
  const peers = (Object.keys(verifiers) as VerifierName[]).filter((name) => name !== 'claviger')
  const subjects = [limit, 'claviger', ...peers] as const
  const fresh = tokens(count)
  const children = Object.fromEntries(
    subjects.map((subject) => [subject, startChild<ColdCalls>('server/cold.ts')]),
  ) as Record<(typeof subjects)[number], Child<ColdCalls>>

  return await whileRunning(Object.values(children), async () => {
    for (const subject of subjects) await children[subject].ask('prepare', { subject, facts, tokens: fresh })
    const found = await interleave(subjects, { rounds, warmUp: 1 }, async (subject) => {
      // Another verifier each time, which has seen none of them.
      await children[subject].ask('prepare', { subject, facts })
      const { perSecond, cpu, eventLoop } = await children[subject].ask('verify', atOnce)
      return { 'verified/s': perSecond, 'CPU µs per token': cpu, 'event loop busy': eventLoop }
    })
    const ratiosTo = (subject: (typeof subjects)[number], to: (typeof subjects)[number]) =>
      columnRatios(found, subject, to, 'verified/s')
    const rows = subjects.map((subject) =>
      rowOf(
        facts.algorithm,
        subject,
        {
          'of the machine': ratiosTo(subject, limit),
          'verified/s': column(found, subject, 'verified/s'),
          'CPU µs per token': column(found, subject, 'CPU µs per token'),
          'event loop busy': column(found, subject, 'event loop busy'),
        },
        ['of the machine'],
      ),
    )
    const perPeer = peers.map((peer) => median(ratiosTo('claviger', peer)))
    const claims: Claim[] = [
      atLeast(
        `${facts.algorithm}: new tokens, at least 0.9 of what the machine can do`,
        median(ratiosTo('claviger', limit)),
        0.9,
      ),
      atLeast(`${facts.algorithm}: new tokens, at least as many as the best peer`, Math.min(...perPeer), 1),
    ]
    return { rows, claims }
  })
}
