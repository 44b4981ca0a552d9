import { parseArgs } from 'node:util'
import { machine, versions } from './machine.ts'
import { table, verdicts } from './report.ts'
import type { Claim, Scenario } from './scenario.ts'
import { warm } from './warm.ts'

const scenarios: readonly Scenario[] = [
  {
    name: 'warm',
    title: 'A known token, in the process: 10,000 of them',
    plot: { column: 'µs per verification', bound: 1 },
    run: warm,
  },
]

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    assert: { type: 'boolean', default: false },
  },
})
const names = flags.only?.split(',') ?? scenarios.map(({ name }) => name)
const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0) {
  console.error(`no such scenario: ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const rounds = flags.rounds === undefined ? undefined : Number(flags.rounds)

console.log(machine())
console.log(
  Object.entries(versions())
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
)

const claims: Claim[] = []
for (const scenario of scenarios.filter(({ name }) => names.includes(name))) {
  console.log(`\n${scenario.name}: ${scenario.title}`)
  const result = await scenario.run({ quick: flags.quick, rounds, say: (line) => console.log(`  ${line}`) })
  console.log(table(result.rows))
  for (const note of result.notes ?? []) console.log(`  ${note}`)
  claims.push(...result.claims)
}
// So short a run says nothing about how fast anything is.
if (!flags.quick) {
  console.log(`\nmust hold\n${verdicts(claims)}`)
  if (flags.assert && claims.some(({ holds }) => !holds)) process.exitCode = 1
}
