/** How a scenario is to be run. */
export interface RunOptions {
  /** Only checks that everything runs: the figures mean nothing, and no claim is made. */
  readonly quick: boolean
  /** Interleaved rounds, in place of the scenario's own number. */
  readonly rounds: number | undefined
  /** How long a scenario takes that lasts as long as it is told to. */
  readonly minutes: number | undefined
  /** Tells the person who waits what is going on. */
  say(line: string): void
}

/** What was measured of one subject in one setting. */
export interface Row {
  /** `Express, ES384`. Rows of one setting are compared with each other. */
  readonly setting: string
  /** `claviger`, or whom it is compared with. */
  readonly subject: string
  /** By column, with the unit in its name: `requests/s`, `of bare`. Medians, where there are rounds. */
  readonly values: Readonly<Record<string, number>>
  /** The quartiles of a column over the rounds. */
  readonly spread?: Readonly<Record<string, readonly [low: number, high: number]>>
}

/** Something that has to hold, as a ratio or a bound of this run. */
export interface Claim {
  readonly text: string
  readonly value: number
  readonly bound: number
  readonly holds: boolean
}

/** Points in order of `x`, for a plot with lines. */
export interface Line {
  readonly label: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** What one run of a scenario found. */
export interface Result {
  readonly rows: readonly Row[]
  readonly claims: readonly Claim[]
  /** What a reader has to know to read the rows. */
  readonly notes?: readonly string[]
  /** In place of bars. */
  readonly lines?: readonly Line[]
}

/** One question that the benchmark answers. Everything it starts has ended when `run` resolves. */
export interface Scenario {
  /** For `--only`, and the name of its plot. */
  readonly name: string
  readonly title: string
  /** How it is measured, and how its figures are to be read; one paragraph. */
  readonly about?: string
  /** What is plotted, as `<name>.svg`: one column as bars, or the lines of the result. */
  readonly plot?: Plot
  /** Runs only where `--only` names it: it takes too long to be waited for. */
  readonly onDemand?: boolean
  run(options: RunOptions): Promise<Result>
}

export interface Plot {
  /** The column of the bars; for lines, what `y` is. */
  readonly column: string
  /** For lines: what `x` is. */
  readonly x?: string
  /** Drawn as a line across: the claim. */
  readonly bound?: number
  /** For values that are orders of magnitude apart. */
  readonly logarithmic?: boolean
}

/** `value` must not exceed `bound`. */
export function atMost(text: string, value: number, bound: number): Claim {
  return { text, value, bound, holds: value <= bound }
}

/** `value` must reach `bound`. */
export function atLeast(text: string, value: number, bound: number): Claim {
  return { text, value, bound, holds: value >= bound }
}
