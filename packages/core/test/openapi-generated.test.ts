import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

it('finds every generated file current', () => {
  const generate = join(import.meta.dirname, '..', 'scripts', 'openapi', 'generate.mjs')
  const { status, stderr } = spawnSync(process.execPath, [generate, '--check'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
