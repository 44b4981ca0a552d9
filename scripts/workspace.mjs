// What the other scripts know about the packages; all of it is read from their package.json files.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')

/** @typedef {{ subpath: string, source: string, esm: string, cjs: string }} Entry */
/** @typedef {{ name: string, dir: string, manifest: Record<string, any>, entries: Entry[], commands: string[] }} Package */

export const readManifest = (dir) => JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))

/** The published packages, each after the packages it depends on. @type {Package[]} */
export const packages = inOrder(
  readdirSync(join(root, 'packages')).map((folder) => {
    const dir = join(root, 'packages', folder)
    const manifest = readManifest(dir)
    return {
      name: manifest.name,
      dir,
      manifest,
      entries: readEntries(manifest.exports),
      commands: readCommands(manifest),
    }
  }),
)

/** What a package needs at run time, peers included. */
export function runtimeDependencies({ manifest }) {
  return { ...manifest.dependencies, ...manifest.peerDependencies }
}

/** Whether we have agreed to a licence, an SPDX expression. */
export function isAgreed(licence) {
  return licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((alternative) => /^(MIT|Apache-2\.0|ISC|BSD-.+|BlueOak-1\.0\.0)$/.test(alternative.trim()))
}

function readEntries(exports) {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, target]) => ({
      subpath,
      source: target['source-dev'],
      esm: target.import.default,
      cjs: target.require.default,
    }))
}

// The sources of what users run by name. `bin` is for those who install the package: on a fresh clone there is nothing yet to link to.
function readCommands({ publishConfig }) {
  return Object.values(publishConfig.bin ?? {}).map((file) => file.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))
}

function inOrder(unordered) {
  const ordered = new Set()
  const add = (pkg) => {
    for (const other of unordered) if (other.name in runtimeDependencies(pkg)) add(other)
    ordered.add(pkg)
  }
  unordered.forEach(add)
  return [...ordered]
}

export const packedFolder = join(root, 'node_modules', '.cache', 'packed')

/** The tarball pack.mjs makes of a package. */
export function packed({ name, manifest }) {
  return join(packedFolder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
}

/** Runs the pnpm this script was started by, else the one npm brings. Throws with what it printed. */
export function pnpm(args, cwd) {
  const own = process.env.npm_execpath ?? ''
  const command = /pnpm[^/]*$/.test(own) ? [own] : ['npx', '-y', 'pnpm@12']
  const { status, stdout, stderr } = spawnSync(command[0], [...command.slice(1), ...args], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`pnpm ${args.join(' ')} failed\n${stdout}${stderr}`)
}
