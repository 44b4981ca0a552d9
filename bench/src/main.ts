import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { busyShare, machine, versions } from './machine.ts'
import { table, verdicts } from './report.ts'
import { type Measured, writeResults } from './results.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'

const { values: flags } = parseArgs({
  options: {
    /** Checks that everything runs; writes nothing that stays, and says nothing about speed. */
    quick: { type: 'boolean', default: false },
    /** Names of scenarios, with commas between. */
    only: { type: 'string' },
    rounds: { type: 'string' },
    minutes: { type: 'string' },
    /** Leaves docs/benchmarks as it is. */
    print: { type: 'boolean', default: false },
    /** Exits with 1 when a claim does not hold. */
    assert: { type: 'boolean', default: false },
  },
})
const chosen = chosenOf(flags.only?.split(','))
const quick = flags.quick
const options = {
  quick,
  rounds: numberOf('rounds', flags.rounds),
  minutes: numberOf('minutes', flags.minutes),
  say: (line: string) => console.log(`  ${line}`),
}

console.log(machine())
console.log(
  Object.entries(versions())
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
)

const measured: Measured[] = []
for (const scenario of chosen) {
  console.log(`\n${scenario.name}: ${scenario.title}`)
  const busy = await busyShare()
  if (busy > 0.1) options.say(`others keep ${Math.round(busy * 100)} % of the machine busy`)
  const { run, onDemand, ...known } = scenario
  const started = performance.now()
  const result = await run(options)
  measured.push({ ...known, ...result, at: new Date().toISOString(), machine: machine(), versions: versions(), busy })
  console.log(table(result.rows))
  for (const note of result.notes ?? []) options.say(note)
  options.say(`took ${Math.round((performance.now() - started) / 1000)} s`)
}

const order = scenarios.map(({ name }) => name)
if (quick || flags.print) {
  const folder = mkdtempSync(join(tmpdir(), 'claviger-bench-'))
  writeResults(folder, measured, order)
  rmSync(folder, { recursive: true })
} else {
  writeResults(join(import.meta.dirname, '..', '..', 'docs', 'benchmarks'), measured, order)
}

// So short a run says nothing about how fast anything is.
if (!quick) {
  const claims = measured.flatMap((one) => one.claims)
  console.log(`\nmust hold\n${verdicts(claims)}`)
  if (flags.assert && claims.some(({ holds }) => !holds)) process.exitCode = 1
}

function chosenOf(names: readonly string[] | undefined): readonly Scenario[] {
  if (names === undefined) return scenarios.filter(({ onDemand }) => onDemand !== true)
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown.length === 0) return scenarios.filter(({ name }) => names.includes(name))
  console.error(`no such scenario: ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

function numberOf(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (number > 0 && Number.isFinite(number)) return number
  console.error(`--${flag} takes a number above zero`)
  process.exit(2)
}
