// The ESM build of a package: one file per subpath, and chunks for what they share. What the sources import that is no runtime
// dependency is inlined, without what is not used of it: of zod, that is most.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { readManifest, root, runtimeDependencies } from './workspace.mjs'

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
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  })
  if (warnings.length > 0) throw new Error(`esbuild warned about ${pkg.name}`)
  writeLicences(metafile, dist)
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
  const file = readdirSync(dir).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} is inlined but brings no licence text`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(dir, file), 'utf8').trim()}\n`
}
