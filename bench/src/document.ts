import { markdownTable, verdict } from './report.ts'
import type { Measured } from './results.ts'

const intro = `# Benchmarks

Written by \`npx pnpm@12 bench\`; do not edit. The same figures as data: [results.json](results.json).

- Subjects take turns, round by round, in one run. A figure is the median over the rounds, in brackets the quartiles; a ratio is taken within each round.
- Over HTTP each subject is a process of its own, and load comes from another process. All of them share the machine named below.
- Figures differ from machine to machine; ratios much less. What has to hold is a ratio or a bound, marked ✓ where it held and ✗ where it did not.
`

/** The page about what was measured. */
export function document(measured: readonly Measured[]): string {
  return [intro, overview(measured), ...measured.map(section)].join('\n')
}

function overview(measured: readonly Measured[]): string {
  const claims = measured.flatMap((one) => one.claims)
  const held = claims.filter(({ holds }) => holds).length
  return `${held} of ${claims.length} claims held.\n`
}

function section(one: Measured): string {
  const busy = one.busy > 0.1 ? ` Others kept ${Math.round(one.busy * 100)} % of the machine busy when it began.` : ''
  const versions = Object.entries(one.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `## ${one.title}\n`,
    ...(one.about === undefined ? [] : [`${one.about}\n`]),
    ...(one.plot === undefined ? [] : [`![${one.title}](${one.name}.svg)\n`]),
    `${markdownTable(one.rows)}\n`,
    ...(one.claims.length === 0 ? [] : [`${one.claims.map((claim) => `- ${verdict(claim)}`).join('\n')}\n`]),
    ...(one.notes ?? []).map((note) => `${note}\n`),
    `<sub>${one.name}, ${one.at.slice(0, 16).replace('T', ' ')} UTC, ${one.machine}.${busy} ${versions.join(', ')}.</sub>\n`,
  ].join('\n')
}
