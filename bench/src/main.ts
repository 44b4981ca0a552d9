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
const names = scenarios.map(({ name }) => name)
const docs = join(import.meta.dirname, '..', '..', 'docs', 'benchmarks')
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

const folder = quick || flags.print ? mkdtempSync(join(tmpdir(), 'claviger-bench-')) : docs
const measured: Measured[] = []
let failed = false
for (const scenario of chosen) {
  console.log(`\n${scenario.name}: ${scenario.title}`)
  try {
    measured.push(await measure(scenario))
    // After each, so that what took so long is not lost with a later one.
    writeResults(folder, measured, names)
  } catch (error) {
    failed = true
    console.error(error)
  }
}
if (folder !== docs) rmSync(folder, { recursive: true })

// So short a run says nothing about how fast anything is.
if (!quick) {
  const claims = measured.flatMap((one) => one.claims)
  console.log(`\nmust hold\n${verdicts(claims)}`)
  if (flags.assert && claims.some(({ holds }) => !holds)) failed = true
}
if (failed) process.exitCode = 1

async function measure({ run, onDemand, ...known }: Scenario): Promise<Measured> {
  const busy = await busyShare()
  if (busy > 0.1) options.say(`others keep ${Math.round(busy * 100)} % of the machine busy`)
  const started = performance.now()
  const result = await run(options)
  console.log(table(result.rows))
  for (const note of result.notes ?? []) options.say(note)
  options.say(`took ${Math.round((performance.now() - started) / 1000)} s`)
  return { ...known, ...result, at: new Date().toISOString(), machine: machine(), versions: versions(), busy }
}

function chosenOf(wanted: readonly string[] | undefined): readonly Scenario[] {
  if (wanted === undefined) return scenarios.filter(({ onDemand }) => onDemand !== true)
  const unknown = wanted.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown.length === 0) return scenarios.filter(({ name }) => wanted.includes(name))
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
