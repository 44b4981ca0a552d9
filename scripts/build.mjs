// Builds every package to dist: types with tsc, then ES modules and CommonJS with esbuild. `--quiet` prints failures only.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildCommonJs } from './build-commonjs.mjs'
import { buildModules } from './build-modules.mjs'
import { finishTypes } from './build-types.mjs'
import { packages, root } from './workspace.mjs'

const quiet = process.argv.includes('--quiet')
const started = performance.now()

for (const { dir } of packages) rmSync(join(dir, 'dist'), { recursive: true, force: true })

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const { status } = spawnSync(
  process.execPath,
  [tsc, '-b', '--force', '--emitDeclarationOnly', ...packages.map(({ dir }) => dir)],
  {
    stdio: 'inherit',
  },
)
if (status !== 0) process.exit(1)

for (const pkg of packages) {
  await buildModules(pkg)
  await buildCommonJs(pkg)
  finishTypes(pkg)
  if (!quiet) console.log(`${pkg.name}: ${pkg.entries.map(({ subpath }) => subpath).join(' ')}`)
}
if (!quiet) console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`)
