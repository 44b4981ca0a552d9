// Finishes the declarations tsc wrote, and holds them to one rule: the public types are ours.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const specifiers = /(?:from|import\(|import|module)\s*(['"])([^'"]+)\1/g

/** @param {import('./workspace.mjs').Package} pkg */
export function finishTypes(pkg) {
  const dist = join(pkg.dir, 'dist')
  const reachable = new Set()
  for (const { esm } of pkg.entries) follow(join(pkg.dir, esm.replace(/\.js$/, '.d.ts')), reachable, pkg)

  for (const file of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
    // Nobody can name what no subpath leads to.
    if (!reachable.has(join(dist, file))) for (const part of [file, `${file}.map`]) rmSync(join(dist, part))
    else writeCopy(dist, file)
  }
}

function follow(file, reachable, pkg) {
  if (reachable.has(file)) return
  reachable.add(file)
  // tsc rewrites `./x.ts` to `./x.js` in code but not in declarations.
  const text = readFileSync(file, 'utf8').replace(specifiers, (found) => found.replace(/\.ts(['"])$/, '.js$1'))
  writeFileSync(file, text)
  for (const [, , specifier] of text.matchAll(specifiers)) {
    if (!specifier.startsWith('.')) refuseForeign(specifier, file, pkg)
    else follow(join(dirname(file), specifier.replace(/\.js$/, '.d.ts')), reachable, pkg)
  }
}

// What we hand out on purpose: the client of an API is one of openapi-fetch.
const shown = ['openapi-fetch']

// Beside that: Node, ourselves, and the framework an adapter is for.
function refuseForeign(specifier, file, { name, dir, manifest }) {
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest
  const module = specifier.match(/^(@[^/]+\/)?[^/]+/)[0]
  if (specifier.startsWith('node:') || module.startsWith('@claviger/') || shown.includes(module)) return
  if (`@types/${module}` in dependencies) return
  if (module in peerDependencies && peerDependenciesMeta[module]?.optional !== true) return
  throw new Error(`${name}: ${relative(dir, file)} shows a type of '${specifier}'`)
}

// The same declarations, read as CommonJS because of the package.json above them.
function writeCopy(dist, file) {
  const copy = join(dist, 'cjs', file)
  mkdirSync(dirname(copy), { recursive: true })
  writeFileSync(copy, readFileSync(join(dist, file)))
  const map = JSON.parse(readFileSync(join(dist, `${file}.map`), 'utf8'))
  writeFileSync(`${copy}.map`, JSON.stringify({ ...map, sources: map.sources.map((source) => `../${source}`) }))
}
