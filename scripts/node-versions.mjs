// Runs the test suite on the oldest Node we support and on the newer lines. Arguments name other versions.
// The binaries come from npm's node-<platform>-<arch> packages, kept under node_modules/.cache.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { readManifest, root } from './workspace.mjs'

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20.19.0', '22', '24']
// One place says how the suite is run: the `test` script.
const [, ...testArguments] = readManifest(root).scripts.test.split(' ')

let failed = 0
for (const version of versions) {
  const started = performance.now()
  const { status, output } = runTests(nodeBinary(version))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const summary = output.match(/^Tests: +(.*)$/m)?.[1] ?? 'no summary'
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} Node ${version}: ${summary}, ${seconds} s`)
  if (status === 0) continue
  failed++
  // Long outputs are cut in the middle by those who keep them, so only what failed is repeated.
  console.log(output.slice(Math.max(0, output.indexOf('Summary of all failing tests'))))
}
console.log(`${versions.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

function runTests(node) {
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    NO_COLOR: '1',
    FORCE_COLOR: '0',
  }
  const { status, stdout, stderr } = spawnSync(node, testArguments, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return { status, output: `${stdout}${stderr}` }
}

function nodeBinary(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(root, 'node_modules', '.cache', 'node', version)
  const binary = join(folder, 'node_modules', name, 'bin', 'node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`]
    const { status, stdout, stderr } = spawnSync('npm', install, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`npm could not install ${name}@${version}\n${stdout}${stderr}`)
  }
  return binary
}
