// The ESM build of a package: one file per subpath, one chunk for what its main entry needs, and chunks for what only others share.
// What the sources import that is no runtime dependency is inlined, without what is not used of it: of zod, that is most. So are small
// modules that every app would load: to find and read a file takes longer than to run it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { isAgreed, readManifest, root, runtimeDependencies } from './workspace.mjs'

/** @param {import('./workspace.mjs').Package} pkg */
export async function buildModules(pkg) {
  const dist = join(pkg.dir, 'dist')
  const { metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: [...pkg.entries.map(({ source }) => source), ...pkg.commands].map((source) => join(pkg.dir, source)),
    outbase: join(pkg.dir, 'src'),
    outdir: dist,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: Object.keys(runtimeDependencies(pkg)),
    plugins: [oneChunkForMain(pkg), importsOfNode],
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  if (warnings.length > 0) throw new Error(`esbuild warned about ${pkg.name}`)
  writeLicences(metafile, dist)
}

/**
 * esbuild makes a chunk for each set of entries that share a module, and each file takes its time to load. With every entry importing the
 * main one, which is ignored for it has no side effects, what that needs is shared by all: one chunk.
 */
function oneChunkForMain(pkg) {
  const [main, ...others] = [...pkg.entries.map(({ source }) => source), ...pkg.commands].map((file) =>
    join(pkg.dir, file),
  )
  return {
    name: 'one-chunk-for-main',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!others.includes(path)) return
        return { contents: `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(main)}\n`, loader: 'ts' }
      })
    },
  }
}

/**
 * What an inlined CommonJS module requires of Node is imported: `require` is not there in an ES module, and who bundles an app into a single
 * one of them could do nothing about it.
 */
const importsOfNode = {
  name: 'imports-of-node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ path, kind }) => {
      if (kind === 'require-call' && isBuiltin(path)) return { path, namespace: 'imports-of-node' }
    })
    onLoad({ filter: /.*/, namespace: 'imports-of-node' }, ({ path }) => ({
      contents: `export * from ${JSON.stringify(path)}`,
    }))
  },
}

/** Puts the licence texts of what is inlined beside it. */
export function writeLicences({ inputs }, folder) {
  const inlined = new Set(Object.keys(inputs).flatMap((path) => path.match(packageFolder)?.[0] ?? []))
  if (inlined.size === 0) return
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), [...inlined].map(readLicence).join('\n\n'))
}

const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/

function readLicence(path) {
  const dir = join(root, path)
  const { name, version, license } = readManifest(dir)
  if (!isAgreed(license)) throw new Error(`${name} is inlined under a licence we have not agreed to: ${license}`)
  const file = readdirSync(dir).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} is inlined but brings no licence text`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(dir, file), 'utf8').trim()}\n`
}
