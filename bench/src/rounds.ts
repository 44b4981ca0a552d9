import type { Row } from './scenario.ts'
import { median, quartiles, ratios } from './statistics.ts'

/** By subject, what each of its rounds gave. */
export type Rounds<S extends string> = Readonly<Record<S, readonly (Readonly<Record<string, number>> | undefined)[]>>

/** How subjects take turns. */
export interface Turns<S extends string> {
  readonly rounds: number
  /** Rounds before the first, which do not count. Default 2. */
  readonly warmUp?: number
  /** Subjects that take part only in each n-th round. */
  readonly every?: (subject: S) => number
}

/**
 * Lets subjects take turns: round by round, each second round in reverse order, so that a machine that becomes faster or slower
 * does so for all of them.
 */
export async function interleave<S extends string>(
  subjects: readonly S[],
  { rounds, warmUp = 2, every = () => 1 }: Turns<S>,
  measure: (subject: S) => Promise<Record<string, number>>,
): Promise<Rounds<S>> {
  const found = Object.fromEntries(subjects.map((subject) => [subject, []])) as unknown as Record<
    S,
    (Record<string, number> | undefined)[]
  >
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      if (round >= 0 && round % every(subject) !== 0) continue
      const values = await measure(subject)
      if (round >= 0) found[subject][round] = values
    }
  }
  return found
}

/** The rounds of one part after those of another. */
export function joined<S extends string>(parts: readonly Rounds<S>[]): Rounds<S> {
  const found: Partial<Record<S, (Readonly<Record<string, number>> | undefined)[]>> = {}
  for (const part of parts) {
    const subjects = Object.keys(part) as S[]
    // A subject that does not take part in the last rounds of a part has none there.
    const length = Math.max(...subjects.map((subject) => part[subject].length))
    for (const subject of subjects) {
      const rounds = Array.from({ length }, (_, round) => part[subject][round])
      found[subject] = [...(found[subject] ?? []), ...rounds]
    }
  }
  return found as Rounds<S>
}

/** The values of one column over the rounds. */
export function column<S extends string>(rounds: Rounds<S>, subject: S, name: string): number[] {
  return rounds[subject].flatMap((values) => values?.[name] ?? [])
}

/** One column of a subject over that of another, in the rounds that both took part in. */
export function columnRatios<S extends string>(rounds: Rounds<S>, subject: S, to: S, name: string): number[] {
  const both = rounds[subject].flatMap((values, round) => {
    const other = rounds[to][round]
    return values === undefined || other === undefined ? [] : [[values[name], other[name]] as const]
  })
  const numbers = (side: 0 | 1) => both.map((pair) => pair[side] ?? Number.NaN)
  return ratios(numbers(0), numbers(1))
}

/** A row of medians, with the spread of the columns that are named. */
export function rowOf(
  setting: string,
  subject: string,
  columns: Readonly<Record<string, readonly number[]>>,
  spreadOf: readonly string[] = [],
): Row {
  const values = Object.fromEntries(Object.entries(columns).map(([name, all]) => [name, median(all)]))
  const spread = Object.fromEntries(spreadOf.map((name) => [name, quartiles(columns[name] ?? [])]))
  return { setting, subject, values, ...(spreadOf.length > 0 && { spread }) }
}
