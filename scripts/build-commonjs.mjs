// The CommonJS build of a package, made of the ESM build: dist/cjs/bundle.js holds every module once, so that two subpaths share their state,
// and a small file per subpath names its exports in the form Node reads without running it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { writeLicences } from './build-modules.mjs'
import { readManifest, root, runtimeDependencies } from './workspace.mjs'

const require = createRequire(import.meta.url)

/** @param {import('./workspace.mjs').Package} pkg */
export async function buildCommonJs(pkg) {
  const folder = join(pkg.dir, 'dist', 'cjs')
  const bundle = join(folder, 'bundle.js')
  // `require` inside a function makes esbuild load a subpath when it is asked for: an optional peer stays optional.
  const contents = pkg.entries.map(
    ({ subpath, esm }) => `exports[${JSON.stringify(subpath)}] = () => require(${JSON.stringify(esm)})`,
  )
  const { metafile, warnings } = await build({
    absWorkingDir: root,
    stdin: { contents: contents.join('\n'), resolveDir: pkg.dir },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: Object.keys(runtimeDependencies(pkg)).filter((name) => !isInlined(pkg, name)),
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    // Chunks say what runs before them; nothing of ours does anything when it is loaded.
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  if (warnings.length > 0) throw new Error(`esbuild warned about ${pkg.name}`)

  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n')
  for (const entry of pkg.entries) writeSubpath(pkg, bundle, entry)
  writeLicences(metafile, folder)
}

/** An ESM-only dependency: CommonJS test runners cannot load it, so it goes into the bundle. */
function isInlined(pkg, name) {
  const { type, exports } = readManifest(join(pkg.dir, 'node_modules', name))
  return type === 'module' && !JSON.stringify(exports ?? '').includes('"require"')
}

function writeSubpath(pkg, bundle, { subpath, cjs }) {
  const file = join(pkg.dir, cjs)
  const path = relative(dirname(file), bundle)
  const names = Object.keys(require(bundle)[subpath]())
  const lines = [
    "'use strict'",
    "Object.defineProperty(exports, '__esModule', { value: true })",
    `const entry = require('${path.startsWith('.') ? path : `./${path}`}')['${subpath}']()`,
    ...names.map((name) => `exports.${name} = entry.${name}`),
  ]
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${lines.join('\n')}\n`)
}
