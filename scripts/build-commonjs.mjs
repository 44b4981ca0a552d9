// The CommonJS build of a package, made of the ESM build: the same files, so that two subpaths share their state and what an app does not
// ask for is not read, and chunks for the dependencies that CommonJS test runners cannot load.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { writeLicences } from './build-modules.mjs'
import { readManifest, root, runtimeDependencies } from './workspace.mjs'

/** @param {import('./workspace.mjs').Package} pkg */
export async function buildCommonJs(pkg) {
  const dist = join(pkg.dir, 'dist')
  const folder = join(dist, 'cjs')
  const common = {
    absWorkingDir: root,
    outdir: folder,
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
  }
  // esbuild splits ES modules only: first these, with the dependencies in them, then each file as CommonJS.
  const { metafile, warnings } = await build({
    ...common,
    entryPoints: pkg.entries.map(({ esm }) => join(pkg.dir, esm)),
    outbase: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    external: Object.keys(runtimeDependencies(pkg)).filter((name) => !isInlined(pkg, name)),
    metafile: true,
    logLevel: 'warning',
    // Chunks say what runs before them; nothing of ours does anything when it is loaded.
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  const converted = await build({
    ...common,
    entryPoints: Object.keys(metafile.outputs).filter((file) => file.endsWith('.js')),
    outbase: folder,
    allowOverwrite: true,
    format: 'cjs',
    // `import()` of a chunk is a `require` later on.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  })
  if (warnings.length + converted.warnings.length > 0) throw new Error(`esbuild warned about ${pkg.name}`)

  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n')
  writeLicences(metafile, folder)
}

/** An ESM-only dependency: CommonJS test runners cannot load it, so it goes into the build. */
function isInlined(pkg, name) {
  const { type, exports } = readManifest(join(pkg.dir, 'node_modules', name))
  return type === 'module' && !JSON.stringify(exports ?? '').includes('"require"')
}
