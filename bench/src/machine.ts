import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const here = join(import.meta.dirname, '..')
const manifest = readManifest(here)

/** Everything that is measured and is not ours, with the version that is installed. */
export function versions(): Record<string, string> {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  const measured = names.filter((name) => !name.startsWith('@')).sort()
  return Object.fromEntries(measured.map((name) => [name, readManifest(folderOf(name, here)).version]))
}

/** What the figures were measured on, in a line. */
export function machine(): string {
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${gibibytes} GiB, ${type()} ${release()}`
}

/** The share of all cores that is used at the moment, by whomever; takes half a second. */
export async function busyShare(): Promise<number> {
  const before = times()
  await setTimeout(500)
  const after = times()
  const all = after.all - before.all
  return all === 0 ? 0 : 1 - (after.idle - before.idle) / all
}

function times(): { readonly idle: number; readonly all: number } {
  const cores = cpus().map(({ times }) => times)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return { idle: sum(cores.map(({ idle }) => idle)), all: sum(cores.flatMap((core) => Object.values(core))) }
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** Where a package is installed, as seen from a folder. */
function folderOf(name: string, from: string): string {
  for (let folder = from; ; folder = join(folder, '..')) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(found)) return realpathSync(found)
    if (folder === join(folder, '..')) throw new Error(`${name} is not installed at ${from}`)
  }
}

/** What packages take on the disk together with all they depend on, each counted once. */
export function installedBytes(names: readonly string[]): { readonly bytes: number; readonly packages: number } {
  const folders = new Set<string>()
  const visit = (folder: string) => {
    if (folders.has(folder)) return
    folders.add(folder)
    for (const name of Object.keys(readManifest(folder).dependencies ?? {})) visit(folderOf(name, folder))
  }
  for (const name of names) visit(folderOf(name, here))
  return { bytes: [...folders].reduce((sum, folder) => sum + publishedBytes(folder), 0), packages: folders.size }
}

/** What npm would unpack: of a package of this repository only what its manifest names. */
function publishedBytes(folder: string): number {
  const own = !folder.includes('node_modules')
  const names = own ? [...(readManifest(folder).files ?? []), 'package.json', 'README.md'] : readdirSync(folder)
  return names.filter((name) => name !== 'node_modules').reduce((sum, name) => sum + bytesOf(join(folder, name)), 0)
}

function bytesOf(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.size
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0)
}
