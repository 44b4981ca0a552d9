import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createRoleDirectory, roleMatrix } from '../src/index.ts'

const root = join(import.meta.dirname, '../../..')

describe('the matrix', () => {
  const run = (...args: string[]) =>
    spawnSync(
      process.execPath,
      ['--conditions=source-dev', '--import', 'tsx', 'packages/core/src/cli/claviger.ts', 'roles', ...args],
      { cwd: root, encoding: 'utf8' },
    )

  it('is what the command prints, and the documentation shows', async () => {
    const { stdout, status } = run('docs/roles.example.json')
    expect(status).toBe(0)
    const directory = createRoleDirectory({ source: join(root, 'docs/roles.example.json') })
    expect(stdout).toBe(`${roleMatrix((await directory.known()) ?? [])}\n`)
    expect(readFileSync(join(root, 'docs/roles.md'), 'utf8')).toContain(stdout)
  }, 60_000)

  it.each<[string[], string, number]>([
    [[], 'Which roles?', 2],
    [['a.json', 'b.json'], 'Which roles?', 2],
    [['no-such-file.json'], 'is it there?', 1],
    [['package.json'], 'unknown option', 1],
  ])(
    'is not printed for %j',
    (args, message, status) => {
      const result = run(...args)
      expect(result.stderr).toContain(message)
      expect(result).toMatchObject({ status, stdout: '' })
    },
    60_000,
  )
})
