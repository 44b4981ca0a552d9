import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

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

export interface Manifest {
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
