// Everything a change has to pass, one line per step, and the output of the steps that fail.
// `--without-tests` leaves the test run out.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { packages, packed, root } from './workspace.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)
const script = (name) => [process.execPath, join(root, 'scripts', name)]
const tarballs = packages.map(packed)

/** Each step is one or more commands at once; all of them have to succeed. @type {[string, string[][], string?][]} */
const steps = [
  ['format and lint', [[bin('biome'), 'check', '--error-on-warnings', '.']]],
  ['types', [[bin('tsc'), '--noEmit', '-p', 'tsconfig.json']]],
  ['tests', [['npm', 'test', '--silent']]],
  ['hygiene', [script('check-hygiene.mjs')]],
  ['licences', [script('check-licences.mjs')]],
  ['unused code', [[bin('knip')]]],
  ['build', [[...script('build.mjs'), '--quiet']]],
  ['pack', [script('pack.mjs')], 'build'],
  ['publint', tarballs.map((file) => [bin('publint'), 'run', '--strict', file]), 'pack'],
  ['attw', tarballs.map((file) => [bin('attw'), '--no-emoji', file]), 'pack'],
  ['consumers', [script('check-consumers.mjs')], 'pack'],
]

const failed = new Set()
const chosen = steps.filter(([name]) => name !== 'tests' || !process.argv.includes('--without-tests'))
for (const [name, commands, needed] of chosen) {
  const started = performance.now()
  const failure = failed.has(needed) ? `not run without ${needed}` : await firstFailure(commands)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${failure === undefined ? 'ok    ' : 'FAILED'} ${name.padEnd(16)} ${seconds.padStart(6)} s`)
  if (failure !== undefined) {
    failed.add(name)
    console.log(failure)
  }
}
console.log(`${chosen.length - failed.size} passed, ${failed.size} failed`)
process.exitCode = failed.size > 0 ? 1 : 0

async function firstFailure(commands) {
  const failures = await Promise.all(commands.map(run))
  return failures.find((failure) => failure !== undefined)
}

/** @returns {Promise<string | undefined>} what a failed command printed */
function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => resolve(String(error)))
    child.on('close', (code) =>
      resolve(code === 0 ? undefined : `${command} ${args.join(' ')}\n${Buffer.concat(output)}`),
    )
  })
}
