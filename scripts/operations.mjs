// Counts, per provider, the operations its documents name, our methods that do them, and those of them that were called at its
// emulator just now, by the tests of `describe('operations of <provider>')`, one per operation: `<theirs> is <ours>`.
// `--list` prints each. Fails if there is an operation that nothing of ours has done.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documented } from '../packages/core/test/support/documented.ts'
import { root } from './workspace.mjs'

const tests = join(root, 'packages', 'core', 'test')
const folder = mkdtempSync(join(tmpdir(), 'operations-'))
try {
  const run = await runTests(join(folder, 'results.json'))
  const counts = Object.entries(documented).map(([provider, theirs]) => count(provider, theirs, run.tests))
  console.table(Object.fromEntries(counts.map(({ provider, ...row }) => [provider, row])))
  const gaps = counts.filter(({ theirs, called }) => called !== theirs)
  for (const { provider } of gaps) console.log(`not every operation of ${provider} was done`)
  if (run.output !== '') console.log(run.output)
  process.exitCode = gaps.length > 0 || run.output !== '' ? 1 : 0
} finally {
  rmSync(folder, { recursive: true })
}

/** @returns {{ provider: string, theirs: number, ours: number, called: number }} */
function count(provider, theirs, tests) {
  const done = tests.filter(({ ancestorTitles: [first] }) => first === `operations of ${provider}`)
  const rows = theirs.flatMap((name) => done.filter(({ title }) => title.startsWith(`${name} is `)).slice(0, 1))
  const called = rows.filter(({ status }) => status === 'passed')
  if (process.argv.includes('--list'))
    for (const { title, status } of rows) console.log(`${provider}: ${title} (${status})`)
  const ours = new Set(rows.map(({ title }) => title.slice(title.lastIndexOf(' is ') + 4)))
  return { provider, theirs: theirs.length, ours: ours.size, called: called.length }
}

/** @returns {Promise<{ tests: any[], output: string }>} each test with its outcome; what was printed, if one failed */
function runTests(file) {
  const files = readdirSync(tests).filter(
    (name) => name.endsWith('.test.ts') && readFileSync(join(tests, name), 'utf8').includes("describe('operations of "),
  )
  const args = [
    'test',
    '--silent',
    '--',
    '--json',
    `--outputFile=${file}`,
    '--testNamePattern=^operations of ',
    ...files,
  ]
  return new Promise((resolve) => {
    const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
    const printed = []
    child.stderr.on('data', (chunk) => printed.push(chunk))
    child.on('close', (code) => {
      const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
      const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
      resolve({ tests, output: code === 0 ? '' : Buffer.concat(printed).toString() })
    })
  })
}
