import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Measured, writeResults } from '../src/results.ts'
import { atMost } from '../src/scenario.ts'

const order = ['warm', 'cold']

function measured(name: string, more: Partial<Measured> = {}): Measured {
  return {
    name,
    title: `How ${name}`,
    rows: [{ setting: 'ES384', subject: 'claviger', values: { ms: 1 } }],
    claims: [atMost(`${name} takes at most 2 ms`, 1, 2)],
    at: '2026-01-02T03:04:05.678Z',
    machine: 'Node v20',
    versions: { 'fast-jwt': '6.0.0' },
    busy: 0,
    ...more,
  }
}

describe('writeResults', () => {
  let folder: string
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'claviger-bench-test-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('writes the data, the page and the plots', () => {
    writeResults(folder, [measured('warm', { plot: { column: 'ms' } }), measured('cold')], order)
    expect(readdirSync(folder).sort()).toEqual(['README.md', 'results.json', 'warm.svg'])
    expect(JSON.parse(read('results.json'))).toHaveLength(2)
    expect(read('README.md')).toContain('![How warm](warm.svg)')
    expect(read('README.md')).toContain('- ✓ warm takes at most 2 ms: 1.00')
  })

  it('draws lines where there are any', () => {
    const lines = [{ label: 'RSS', points: [[0, 1]] as const }]
    writeResults(folder, [measured('warm', { plot: { column: 'ms' }, lines })], order)
    expect(read('warm.svg')).toContain('RSS')
  })

  it('keeps what was measured earlier, and replaces what was measured again', () => {
    writeResults(folder, [measured('cold'), measured('warm')], order)
    writeResults(folder, [measured('warm', { title: 'Again' })], order)
    const titles = (JSON.parse(read('results.json')) as Measured[]).map(({ title }) => title)
    expect(titles).toEqual(['Again', 'How cold'])
  })

  it('counts the claims that held', () => {
    writeResults(folder, [measured('cold', { claims: [atMost('a', 3, 2)] }), measured('warm')], order)
    expect(read('README.md')).toContain('1 of 2 claims held.')
  })

  it('says when the machine was busy', () => {
    writeResults(folder, [measured('warm', { busy: 0.42 })], order)
    expect(read('README.md')).toContain('Others kept 42 % of the machine busy')
  })
})
