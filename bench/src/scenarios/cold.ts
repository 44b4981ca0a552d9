import { type Child, startChild } from '../child.ts'
import { column, columnRatios, interleave, joined, type Rounds, rowOf } from '../rounds.ts'
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
const peers = (Object.keys(verifiers) as VerifierName[]).filter((name) => name !== 'claviger')
const subjects = [limit, 'claviger', ...peers] as const
type Subject = (typeof subjects)[number]
// What is so far from the others that it needs no fine measure: it takes part in every third round.
const oneCore = ['aws-jwt-verify', 'fast-jwt (cache)', 'jsonwebtoken']
const far: Readonly<Partial<Record<string, readonly string[]>>> = {
  ES384: oneCore,
  ES512: oneCore,
  RS256: ['jsonwebtoken'],
}

/** Tokens that nobody has seen before, in the process. */
export async function cold({ quick, rounds = 21, say }: RunOptions): Promise<Result> {
  const results: Result[] = []
  for (const algorithm of quick ? (['ES384'] as const) : (['ES384', 'ES512', 'RS256'] as const)) {
    say(algorithm)
    const tokens = quick ? 20 : tokensOf[algorithm]
    results.push(await onStage(algorithm, (stage) => compare(stage, tokens, quick ? 1 : rounds)))
  }
  return { rows: results.flatMap(({ rows }) => rows), claims: results.flatMap(({ claims }) => claims) }
}

async function compare(stage: Stage, count: number, rounds: number): Promise<Result> {
  const { algorithm } = stage.facts
  const fresh = stage.tokens(count)
  const parts: Rounds<Subject>[] = []
  // Two processes of the same subject differ by some per cent for as long as they live.
  const generations = Math.min(rounds, 3)
  for (let generation = 0; generation < generations; generation += 1) {
    parts.push(await measure(stage, fresh, Math.ceil(rounds / generations)))
  }
  const found = joined(parts)
  const ratiosTo = (subject: Subject, to: Subject) => columnRatios(found, subject, to, 'verified/s')
  const rows = subjects.map((subject) =>
    rowOf(
      algorithm,
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
      `${algorithm}: new tokens, at least 0.9 of what the machine can do`,
      median(ratiosTo('claviger', limit)),
      0.9,
    ),
    atLeast(`${algorithm}: new tokens, at least as many as the best peer`, Math.min(...perPeer), 1),
  ]
  return { rows, claims }
}

async function measure({ facts }: Stage, fresh: readonly string[], rounds: number): Promise<Rounds<Subject>> {
  const children = Object.fromEntries(
    subjects.map((subject) => [subject, startChild<ColdCalls>('server/cold.ts')]),
  ) as Record<Subject, Child<ColdCalls>>
  const every = (subject: Subject) => (far[facts.algorithm]?.includes(subject) ? 3 : 1)

  return await whileRunning(Object.values(children), async () => {
    for (const subject of subjects) await children[subject].ask('prepare', { subject, facts, tokens: fresh })
    return await interleave(subjects, { rounds, warmUp: 2, every }, async (subject) => {
      // Another verifier each time, which has seen none of them.
      await children[subject].ask('prepare', { subject, facts })
      const { perSecond, cpu, eventLoop } = await children[subject].ask('verify', atOnce)
      return { 'verified/s': perSecond, 'CPU µs per token': cpu, 'event loop busy': eventLoop }
    })
  })
}
