/** One line of the story: what was asked, what had to come back, and what did. */
export interface Line {
  readonly step: string
  readonly framework: string
  readonly request: string
  readonly expected: number
  readonly status: number
  readonly milliseconds: number
}

const columns = ['', 'step', 'framework', 'request', 'status', 'ms'] as const

/** Prints the story as a table, and tells whether every line came out as it should. */
export function printTable(lines: readonly Line[]): boolean {
  const rows = lines.map(({ step, framework, request, expected, status, milliseconds }) => [
    status === expected ? '✓' : '✗',
    step,
    framework,
    request,
    status === expected ? String(status) : `${status} instead of ${expected}`,
    milliseconds.toFixed(1),
  ])
  const widths = columns.map((title, index) =>
    Math.max(...[title, ...rows.map((row) => row[index] ?? '')].map((cell) => cell.length)),
  )
  const print = (cells: readonly string[]) =>
    console.log(
      cells
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  print(columns)
  print(widths.map((width) => '─'.repeat(width)))
  for (const row of rows) print(row)
  const good = lines.filter(({ status, expected }) => status === expected).length
  console.log(`\n${good} of ${lines.length} lines came out as they should.`)
  return good === lines.length
}
