// Refuses what must not be published in any tracked file: places on one machine, unfinished work, switched-off tests.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.mjs'

// The words are put together here, so that this file does not find itself.
const either = (...words) => words.join('|')
const faults = [
  [
    'a path of one machine',
    new RegExp(`(?<![\\w.:/-])/(${either('work', 'tmp', 'root', 'home', 'Users', 'farm')})/\\w`),
  ],
  [
    'a package registry',
    new RegExp(
      `tar${'ball'}: http|https?://[^\\s/]*(${either('registry', 'verdaccio', 'artifactory', 'nexus')})[^\\s/]*`,
    ),
  ],
  // In quotes it is data.
  ['unfinished work', new RegExp(`(?<!['"])\\b(${either('TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X')})\\b`)],
  [
    'a switched-off test',
    new RegExp(
      `\\b(describe|it|test)(\\.each)?\\.(${either('on' + 'ly', 'sk' + 'ip')})\\s*[.(]|\\b[xf](it|describe)\\(`,
    ),
  ],
]

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
let found = 0
for (const file of tracked.filter((name) => existsSync(join(root, name)))) {
  const text = readFileSync(join(root, file), 'utf8')
  if (text.includes('\0')) continue
  for (const [index, line] of text.split('\n').entries()) {
    for (const [what, pattern] of faults) {
      if (!pattern.test(line)) continue
      found++
      console.error(`${file}:${index + 1}: ${what}: ${line.trim().slice(0, 120)}`)
    }
  }
}
process.exitCode = found > 0 ? 1 : 0
