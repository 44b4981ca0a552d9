import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { document } from './document.ts'
import type { Plot, Result } from './scenario.ts'
import { barPlot, linePlot } from './svg.ts'

/** What a run of one scenario found, and what it was run on. */
export interface Measured extends Result {
  readonly name: string
  readonly title: string
  readonly about?: string
  readonly plot?: Plot
  /** ISO 8601. */
  readonly at: string
  readonly machine: string
  /** By package. */
  readonly versions: Readonly<Record<string, string>>
  /** The share of all cores that others used just before. */
  readonly busy: number
}

/**
 * Writes what was measured: `results.json`, a plot per scenario, and a README with its tables. What was measured earlier and not
 * this time stays.
 * @param order - The names of all scenarios there are.
 */
export function writeResults(folder: string, measured: readonly Measured[], order: readonly string[]): void {
  const file = join(folder, 'results.json')
  const fresh = new Map([...readResults(file), ...measured].map((one) => [one.name, one]))
  const all = order.flatMap((name) => fresh.get(name) ?? [])
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`)
  writeFileSync(join(folder, 'README.md'), document(all))
  for (const one of all) {
    const picture = pictureOf(one)
    if (picture !== undefined) writeFileSync(join(folder, `${one.name}.svg`), picture)
  }
}

function readResults(file: string): readonly Measured[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Measured[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function pictureOf({ title, rows, lines, plot }: Measured): string | undefined {
  if (plot === undefined) return undefined
  return lines === undefined ? barPlot(title, rows, plot) : linePlot(title, lines, plot)
}
