import { shown } from './report.ts'
import type { Line, Plot, Row } from './scenario.ts'

const width = 760
const labels = 190
const plotWidth = 420
const bar = 16

// Readable on a light and on a dark page: the picture brings its own ground.
const style = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 } .setting { font-weight: 600 } .end { text-anchor: end } .middle { text-anchor: middle }
.ground { fill: #ffffff } .muted { fill: #59636e } .axis { stroke: #d1d9e0 } .bound { stroke: #cf222e; stroke-dasharray: 4 3 }
.boundText { fill: #cf222e } .ours { fill: #0969da } .other { fill: #9ea7b1 } .spread { stroke: #1f2328 }
.line { fill: none; stroke-width: 2 }
${palette(['#0969da', '#bc4c00', '#1a7f37', '#8250df', '#bf3989', '#6e7781'])}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .ground { fill: #0d1117 } .muted { fill: #9198a1 } .axis { stroke: #3d444d } .bound { stroke: #f85149 }
.boundText { fill: #f85149 } .ours { fill: #4493f8 } .other { fill: #656c76 } .spread { stroke: #e6edf3 }
${palette(['#4493f8', '#db6d28', '#3fb950', '#ab7df8', '#db61a2', '#9198a1'])}
}`

function palette(colours: readonly string[]): string {
  return colours
    .map((colour, index) => `.line${index} { stroke: ${colour} } .text${index} { fill: ${colour} }`)
    .join(' ')
}

/** One column of the rows as bars, those of a setting together. Rows without the column are left out. */
export function barPlot(title: string, rows: readonly Row[], { column, bound, logarithmic = false }: Plot): string {
  const drawn = rows.filter(({ values }) => Number.isFinite(values[column]))
  const values = drawn.map((row) => row.values[column] as number)
  const scale = scaleOf([...values, ...(bound === undefined ? [] : [bound])], logarithmic)
  const parts: string[] = []
  let y = 44
  for (const [index, row] of drawn.entries()) {
    if (row.setting !== drawn[index - 1]?.setting) {
      y += index === 0 ? 0 : 10
      parts.push(text(16, y + 12, row.setting, 'setting'))
      y += 20
    }
    const value = row.values[column] as number
    const end = labels + scale(value)
    const kind = row.subject.includes('claviger') ? 'ours' : 'other'
    parts.push(text(labels - 8, y + 12, row.subject, 'end'))
    parts.push(`<rect class="${kind}" x="${labels}" y="${y}" width="${round(end - labels)}" height="${bar}"/>`)
    const spread = row.spread?.[column]
    if (spread !== undefined) {
      const [low, high] = spread.map((at) => round(labels + scale(at)))
      parts.push(`<path class="spread" d="M${low} ${y + bar / 2}H${high}"/>`)
    }
    parts.push(text(Math.max(end, spread === undefined ? 0 : labels + scale(spread[1])) + 6, y + 12, shown(value)))
    y += bar + 4
  }
  if (bound !== undefined) {
    const x = round(labels + scale(bound))
    parts.push(`<path class="bound" d="M${x} 44V${y}"/>`, text(x, y + 14, shown(bound), 'boundText middle'))
    y += 18
  }
  return picture(`${title}: ${column}${logarithmic ? ' (logarithmic)' : ''}`, y + 12, parts)
}

/** Lines over a common `x`, each with its name at its end. */
export function linePlot(title: string, lines: readonly Line[], { column, x = '', bound }: Plot): string {
  const points = lines.flatMap((line) => line.points)
  const right = Math.max(...points.map(([at]) => at))
  const top = Math.max(...points.map(([, value]) => value), bound ?? 0)
  const [left, floor, plotHeight] = [70, 320, 250]
  const across = (at: number) => round(left + (right === 0 ? 0 : (at / right) * 500))
  const up = (value: number) => round(floor - (top === 0 ? 0 : (value / top) * plotHeight))
  const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `<path class="axis" d="M${left} ${up(top * share)}H${left + 500}"/>`,
    text(left - 8, up(top * share) + 4, shown(top * share), 'end muted'),
    text(across(right * share), floor + 18, shown(right * share), 'middle muted'),
  ])
  parts.push(text(left + 250, floor + 36, x, 'middle muted'))
  if (bound !== undefined) parts.push(`<path class="bound" d="M${left} ${up(bound)}H${left + 500}"/>`)
  const ends = apart(lines.map((line) => up(line.points.at(-1)?.[1] ?? 0)))
  for (const [index, line] of lines.entries()) {
    const path = line.points.map(([at, value], step) => `${step === 0 ? 'M' : 'L'}${across(at)} ${up(value)}`).join('')
    parts.push(`<path class="line line${index % 6}" d="${path}"/>`)
    parts.push(text(left + 508, (ends[index] ?? 0) + 4, line.label, `text${index % 6}`))
  }
  return picture(`${title}: ${column}`, floor + 50, parts)
}

/** Heights of labels, moved so far apart that each can be read. */
function apart(heights: readonly number[]): number[] {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => a.height - b.height)
  const moved: number[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const { height, index } of order) {
    last = Math.max(height, last + 15)
    moved[index] = last
  }
  return moved
}

function scaleOf(values: readonly number[], logarithmic: boolean): (value: number) => number {
  const most = Math.max(...values)
  if (!logarithmic) return (value) => (most === 0 ? 0 : (value / most) * plotWidth)
  // One step below the least, so that its bar can be seen.
  const least = 10 ** Math.floor(Math.log10(Math.min(...values.filter((value) => value > 0))) - 0.3)
  return (value) => (value <= least ? 0 : (Math.log(value / least) / Math.log(most / least)) * plotWidth)
}

function picture(title: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    text(16, 26, title, 'title'),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function text(x: number, y: number, content: string, kind?: string): string {
  const of = kind === undefined ? '' : ` class="${kind}"`
  return `<text x="${round(x)}" y="${round(y)}"${of}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
