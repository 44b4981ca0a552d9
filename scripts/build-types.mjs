// Finishes the declarations tsc wrote, and holds them to one rule: the public types are ours.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** @param {import('./workspace.mjs').Package} pkg */
export function finishTypes(pkg) {
  const dist = join(pkg.dir, 'dist')
  const files = readdirSync(dist, { recursive: true }).filter((file) => /\.d\.ts(\.map)?$/.test(file))
  for (const file of files) {
    const text = readFileSync(join(dist, file), 'utf8')
    const finished = file.endsWith('.map') ? text : named(text)
    if (!file.endsWith('.map')) refuseForeignTypes(pkg, relative(pkg.dir, join(dist, file)), finished)
    writeFileSync(join(dist, file), finished)
    // The same declarations, read as CommonJS because of the package.json beside them.
    const copy = join(dist, 'cjs', file)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, file.endsWith('.map') ? oneFolderDeeper(finished) : finished)
  }
}

// tsc rewrites `./x.ts` to `./x.js` in code but not in declarations.
const named = (text) => text.replace(/((?:from|import\(|import|module)\s*['"]\.{1,2}\/[^'"]*)\.ts(?=['"])/g, '$1.js')

function oneFolderDeeper(map) {
  const parsed = JSON.parse(map)
  return JSON.stringify({ ...parsed, sources: parsed.sources.map((source) => `../${source}`) })
}

function refuseForeignTypes({ name, manifest }, file, text) {
  for (const [, specifier] of text.matchAll(/(?:from|import\(|import|module)\s*['"]([^.'"][^'"]*)['"]/g)) {
    if (!mayAppear(specifier, manifest)) throw new Error(`${name}: ${file} shows a type of '${specifier}'`)
  }
}

// Node, ourselves, and the framework an adapter is for.
function mayAppear(specifier, { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const module = specifier.match(/^(@[^/]+\/)?[^/]+/)[0]
  if (specifier.startsWith('node:') || module.startsWith('@claviger/')) return true
  if (`@types/${module}` in dependencies) return true
  return module in peerDependencies && peerDependenciesMeta[module]?.optional !== true
}
