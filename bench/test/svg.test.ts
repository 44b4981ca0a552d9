import { describe, expect, it } from '@jest/globals'
import type { Row } from '../src/scenario.ts'
import { barPlot, linePlot } from '../src/svg.ts'

const rows: readonly Row[] = [
  { setting: 'Express', subject: 'claviger', values: { ms: 5 } },
  { setting: 'Express', subject: 'other', values: { ms: 10 }, spread: { ms: [8, 12] } },
  { setting: 'Koa', subject: 'a < b & "c"', values: { ms: 2.5 } },
  { setting: 'Koa', subject: 'without', values: { kB: 1 } },
]

describe('barPlot', () => {
  it('draws bars in proportion, ours apart from the others', () => {
    expect(barsOf(barPlot('Calls', rows, { column: 'ms' }))).toEqual([
      ['ours', 210],
      ['other', 420],
      ['other', 105],
    ])
  })

  it('keeps the bound within the picture', () => {
    expect(barsOf(barPlot('Calls', rows, { column: 'ms', bound: 20 }))[1]).toEqual(['other', 210])
  })

  it('gives each factor the same width on a logarithmic scale', () => {
    const decades = [1, 10, 100].map((ms) => ({ setting: 'a', subject: `${ms}`, values: { ms } }))
    const [first = 0, second = 0, third = 0] = barsOf(
      barPlot('Calls', decades, { column: 'ms', logarithmic: true }),
    ).map(([, width]) => width)
    expect(first).toBeGreaterThan(0)
    expect(third - second).toBeCloseTo(second - first, 0)
  })

  it('names each setting once', () => {
    expect(barPlot('Calls', rows, { column: 'ms' }).match(/class="setting">Express</g)).toHaveLength(1)
  })

  it('leaves out what was not measured', () => {
    expect(barPlot('Calls', rows, { column: 'ms' })).not.toContain('without')
  })

  it('shows the spread where it is known', () => {
    expect(barPlot('Calls', rows, { column: 'ms' }).match(/class="spread"/g)).toHaveLength(1)
  })

  it('writes names as text, not as markup', () => {
    expect(barPlot('Calls', rows, { column: 'ms' })).toContain('a &lt; b &amp; &quot;c&quot;')
  })

  it('has colours for dark pages', () => {
    expect(barPlot('Calls', rows, { column: 'ms' })).toContain('@media (prefers-color-scheme: dark)')
  })
})

describe('linePlot', () => {
  const lines = [
    {
      label: 'a',
      points: [
        [0, 0],
        [5, 50],
        [10, 100],
      ],
    },
    {
      label: 'b',
      points: [
        [0, 100],
        [10, 100],
      ],
    },
  ] as const

  it('draws each line over the common scale', () => {
    const picture = linePlot('Memory', lines, { column: 'MiB', x: 'tokens' })
    expect([...picture.matchAll(/class="line line\d" d="([^"]+)"/g)].map(([, path]) => path)).toEqual([
      'M70 320L320 195L570 70',
      'M70 70L570 70',
    ])
  })

  it('keeps the names of lines apart that end in the same place', () => {
    const picture = linePlot('Memory', lines, { column: 'MiB', x: 'tokens' })
    const heights = [...picture.matchAll(/y="([\d.]+)" class="text\d"/g)].map(([, y]) => Number(y))
    expect(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0))).toBeGreaterThanOrEqual(15)
  })
})

function barsOf(picture: string): (readonly [kind: string, width: number])[] {
  return [...picture.matchAll(/<rect class="(ours|other)"[^>]* width="([\d.]+)"/g)].map(
    ([, kind = '', width]) => [kind, Number(width)] as const,
  )
}
