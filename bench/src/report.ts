import type { Claim, Row } from './scenario.ts'

/** Rows as lines of cells, the first being the head; a column is there if any row has it. */
function cellsOf(rows: readonly Row[]): string[][] {
  const columns = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))]
  const body = rows.map(({ setting, subject, values, spread }) => [
    setting,
    subject,
    ...columns.map((column) => [shown(values[column]), shownSpread(spread?.[column])].filter(Boolean).join(' ')),
  ])
  return [['setting', 'subject', ...columns], ...body]
}

/** For a terminal: texts to the left, numbers to the right. */
export function table(rows: readonly Row[]): string {
  const cells = cellsOf(rows)
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  return cells
    .map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column < 2)).join('  '))
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n')
}

/** For Markdown. A setting is named once. */
export function markdownTable(rows: readonly Row[]): string {
  const [head = [], ...body] = cellsOf(rows)
  const rule = head.map((_, column) => (column < 2 ? '---' : '---:'))
  const named = body.map(([setting = '', ...rest], line) => [setting === body[line - 1]?.[0] ? '' : setting, ...rest])
  return [head, rule, ...named].map((line) => `| ${line.map(escaped).join(' | ')} |`).join('\n')
}

/** One line per claim. */
export function verdicts(claims: readonly Claim[]): string {
  return claims.map((claim) => `  ${verdict(claim)}`).join('\n')
}

/** Whether it holds, and by how much. */
export function verdict({ text, value, holds }: Claim): string {
  return `${holds ? '✓' : '✗'} ${text}: ${shown(value)}`
}

/** Three significant digits, whole numbers above a hundred. */
export function shown(value: number | undefined): string {
  if (value === undefined) return ''
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100 || value === 0) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}

function shownSpread(spread: readonly [low: number, high: number] | undefined): string {
  return spread === undefined ? '' : `(${spread.map(shown).join('–')})`
}

function pad(text: string, width: number, left: boolean): string {
  return left ? text.padEnd(width) : text.padStart(width)
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}
