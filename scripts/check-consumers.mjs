// Installs the packed packages into an empty folder, and uses them the ways our users do.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { packages, packed, pnpm, readManifest, root } from './workspace.mjs'

const ours = Object.fromEntries(packages.map((pkg) => [pkg.name, `file:${packed(pkg)}`]))
const subpaths = packages.flatMap(({ name, entries }) => entries.map(({ subpath }) => name + subpath.slice(1)))
const { devDependencies } = readManifest(root)
const versionOf = (dependency) =>
  packages.map(({ manifest }) => manifest.devDependencies?.[dependency]).find(Boolean) ?? devDependencies[dependency]
const pick = (...names) => Object.fromEntries(names.map((name) => [name, versionOf(name)]))

const folder = mkdtempSync(join(tmpdir(), 'claviger-consumers-'))
try {
  prepare()
  pnpm(['install', '--prefer-offline', '--ignore-scripts', '--no-lockfile'], folder)
  run('node', 'modules.mjs')
  run('node', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.nodenext.json')
  run('node', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.bundler.json')
  run('node', 'node_modules/typescript-5/bin/tsc', '-p', 'tsconfig.nodenext.json')
  run('node', 'node_modules/typescript-5/bin/tsc', '-p', 'tsconfig.node10.json')
  for (const format of ['esm', 'cjs']) await runBundled(format)
  run('node_modules/.bin/claviger', 'roles', join(root, 'docs', 'roles.example.json'))
  run('node', 'node_modules/jest/bin/jest.js', '--testPathIgnorePatterns', 'own-tests')
  // The examples of an app's own tests, which are written for packages that are installed.
  runIn('own-tests/commonjs', 'node', join(folder, 'node_modules/jest/bin/jest.js'))
  runIn('own-tests/esm', 'node', join(folder, 'node_modules/jest/bin/jest.js'))
  runIn('own-tests/esm', 'node', join(folder, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function prepare() {
  cpSync(join(root, 'scripts', 'consumers'), folder, { recursive: true })
  cpSync(join(root, 'examples', 'own-tests'), join(folder, 'own-tests'), { recursive: true })
  for (const extension of ['mts', 'cts']) cpSync(join(folder, 'app.ts'), join(folder, `app.${extension}`))
  const reexports = subpaths.map((subpath, index) => `export * as subpath${index} from '${subpath}'\n`).join('')
  for (const extension of ['ts', 'mts', 'cts']) writeFileSync(join(folder, `subpaths.${extension}`), reexports)
  writeJson('subpaths.json', subpaths)
  writeJson('package.json', {
    name: 'consumers',
    private: true,
    dependencies: { ...ours, ...pick('express', 'koa') },
    devDependencies: {
      ...pick('@types/express', '@types/koa', '@types/node', 'jest', 'typescript'),
      ...pick('@jest/globals', '@swc/core', '@swc/jest'),
      'typescript-5': 'npm:typescript@~5.5.0',
    },
  })
  // The packages need each other in a version that is not published yet.
  writeJson('pnpm-workspace.yaml', { overrides: ours })
}

// One file that needs nothing beside it, as functions in a cloud are deployed.
async function runBundled(format) {
  const outfile = join(folder, 'alone', `function.${format === 'esm' ? 'mjs' : 'cjs'}`)
  await build({
    entryPoints: [join(folder, 'function.ts')],
    outfile,
    format,
    bundle: true,
    platform: 'node',
    minify: true,
  })
  runIn('alone', 'node', outfile)
}

function writeJson(file, value) {
  writeFileSync(join(folder, file), JSON.stringify(value, null, 2))
}

function run(command, ...args) {
  runIn('.', command, ...args)
}

function runIn(where, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: join(folder, where), encoding: 'utf8' })
  if (status === 0) return
  console.error(`${where}: ${command} ${args.join(' ')}\n${stdout}${stderr}`)
  process.exitCode = 1
}
