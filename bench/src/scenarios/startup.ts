import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installedBytes } from '../machine.ts'
import { column, columnRatios, interleave, rowOf } from '../rounds.ts'
import { atMost, type Result, type RunOptions } from '../scenario.ts'
import { median } from '../statistics.ts'

const peer = 'express-oauth2-jwt-bearer'
/** What is imported, whole, by a process that does nothing else. */
const imports = {
  nothing: '',
  'claviger (import)': "import('@claviger/express')",
  'claviger (require)': "require('@claviger/express')",
  [`${peer} (import)`]: `import('${peer}')`,
  [`${peer} (require)`]: `require('${peer}')`,
}
const installed = {
  '@claviger/core': ['@claviger/core'],
  'express-oauth2-jwt-bearer': ['express-oauth2-jwt-bearer'],
  'express-jwt with jwks-rsa': ['express-jwt', 'jwks-rsa'],
  'passport-jwt with passport and jwks-rsa': ['passport-jwt', 'passport', 'jwks-rsa'],
  'koa-jwt with jwks-rsa': ['koa-jwt', 'jwks-rsa'],
  'aws-jwt-verify': ['aws-jwt-verify'],
  'fast-jwt': ['fast-jwt'],
  jose: ['jose'],
}

/** What it takes to import the packages as they are published, and what they take on the disk. */
export async function startup({ quick, rounds = 25 }: RunOptions): Promise<Result> {
  const subjects = Object.keys(imports) as (keyof typeof imports)[]
  const found = await interleave(subjects, { rounds: quick ? 1 : rounds }, async (subject) =>
    timesOf(imports[subject] as string),
  )
  const rows = subjects.map((subject) =>
    rowOf(
      'start of a process',
      subject,
      {
        ms: column(found, subject, 'ms'),
        'CPU ms': column(found, subject, 'CPU ms'),
        'MiB resident': column(found, subject, 'MiB resident'),
      },
      ['ms'],
    ),
  )
  const sizes = Object.entries(installed).map(([subject, packages]) => {
    const { bytes, packages: count } = installedBytes(packages)
    return { setting: 'installed', subject, values: { 'MiB on disk': bytes / 2 ** 20, packages: count } }
  })
  const claims = (['import', 'require'] as const).map((way) => {
    const ratios = columnRatios(found, `claviger (${way})`, `${peer} (${way})`, 'ms')
    return atMost(`start-up with ${way}: at most what ${peer} takes`, median(ratios), 1)
  })
  return { rows: [...rows, ...sizes], claims }
}

function timesOf(code: string): Record<string, number> {
  const ended = `process.on('exit', () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); console.log([userCPUTime + systemCPUTime, maxRSS].join()) });`
  const started = performance.now()
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', `${ended}${code}`], {
    cwd: join(import.meta.dirname, '..', '..'),
    encoding: 'utf8',
  })
  const ms = performance.now() - started
  if (status !== 0) throw new Error(stderr)
  const [cpu = Number.NaN, kibibytes = Number.NaN] = stdout.trim().split(',').map(Number)
  return { ms, 'CPU ms': cpu / 1000, 'MiB resident': kibibytes / 1024 }
}
