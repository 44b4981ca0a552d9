import { describe, expect, it } from '@jest/globals'
import { markdownTable, shown, table, verdict, verdicts } from '../src/report.ts'
import { atLeast, atMost, type Row } from '../src/scenario.ts'

const rows: readonly Row[] = [
  {
    setting: 'ES384',
    subject: 'claviger',
    values: { 'requests/s': 12_345.6 },
    spread: { 'requests/s': [12_000, 13_000] },
  },
  { setting: 'ES384', subject: 'a|b', values: { 'requests/s': 9.876, 'of bare': 0.5 } },
  { setting: 'RS256', subject: 'claviger', values: { 'of bare': 1 } },
]

describe('report', () => {
  it.each([
    [0, '0'],
    [0.98765, '0.988'],
    [12.3456, '12.3'],
    [99.96, '100'],
    [123_456.7, '123,457'],
    [-0.5, '-0.500'],
    [Number.NaN, '–'],
    [undefined, ''],
  ])('shows %s as %s', (value, text) => {
    expect(shown(value)).toBe(text)
  })

  it('lines columns up, also those that a row does not have', () => {
    expect(table(rows).split('\n')).toEqual([
      '  setting  subject               requests/s  of bare',
      '  ES384    claviger  12,346 (12,000–13,000)',
      '  ES384    a|b                         9.88    0.500',
      '  RS256    claviger                             1.00',
    ])
  })

  it('writes Markdown, with a setting named once', () => {
    expect(markdownTable(rows).split('\n')).toEqual([
      '| setting | subject | requests/s | of bare |',
      '| --- | --- | ---: | ---: |',
      '| ES384 | claviger | 12,346 (12,000–13,000) |  |',
      '|  | a\\|b | 9.88 | 0.500 |',
      '| RS256 | claviger |  | 1.00 |',
    ])
  })

  it.each([
    [atMost('at most 1 µs', 1, 1), '✓ at most 1 µs: 1.00'],
    [atMost('at most 1 µs', 1.01, 1), '✗ at most 1 µs: 1.01'],
    [atLeast('at least 0.9', 0.9, 0.9), '✓ at least 0.9: 0.900'],
    [atLeast('at least 0.9', 0.89, 0.9), '✗ at least 0.9: 0.890'],
    // What was not measured does not hold.
    [atMost('at most 1 µs', Number.NaN, 1), '✗ at most 1 µs: –'],
    [atLeast('at least 0.9', Number.NaN, 0.9), '✗ at least 0.9: –'],
  ])('says whether a claim holds: %s', (claim, text) => {
    expect(verdict(claim)).toBe(text)
  })

  it('gives each claim a line', () => {
    expect(verdicts([atMost('a', 1, 2), atLeast('b', 1, 2)])).toBe('  ✓ a: 1.00\n  ✗ b: 1.00')
  })
})
