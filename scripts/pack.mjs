// Packs every package as it would be published.
import { rmSync } from 'node:fs'
import { packedFolder, pnpm, root } from './workspace.mjs'

rmSync(packedFolder, { recursive: true, force: true })
pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', packedFolder], root)
