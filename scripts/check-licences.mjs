// Refuses a production dependency, at any depth, whose licence we have not agreed to. The build refuses one that is inlined.
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isAgreed, packages, readManifest } from './workspace.mjs'

/** @type {Map<string, string>} */
const licences = new Map()
for (const { dir } of packages) visit(dir)

const refused = [...licences].filter(([, licence]) => !isAgreed(licence))
for (const [name, licence] of refused) console.error(`${name}: ${licence}`)
console.log(`${licences.size} packages, ${refused.length} with a licence we have not agreed to`)
process.exitCode = refused.length > 0 ? 1 : 0

function visit(dir) {
  const { name, version, license, dependencies, optionalDependencies } = readManifest(dir)
  const id = `${name}@${version}`
  if (licences.has(id)) return
  licences.set(id, String(license))
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const found = folderOf(dependency, dir)
    // What is built for another platform is not installed here; its twin for this one is.
    if (found !== undefined) visit(found)
    else if (!(dependency in (optionalDependencies ?? {}))) throw new Error(`${id} needs ${dependency}, not installed`)
  }
}

function folderOf(name, dir) {
  const folders = createRequire(join(dir, 'package.json')).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  return found === undefined ? undefined : realpathSync(found)
}
