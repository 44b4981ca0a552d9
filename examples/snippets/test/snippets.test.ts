import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const out = join(here, '../.generated')

interface Snippet {
  readonly from: string
  readonly line: number
  readonly code: string
}

function pages(): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name))
  const readmes = ['packages', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name, 'README.md')),
  )
  return ['README.md', 'CONTRIBUTING.md', ...docs, ...readmes]
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, name))
    .filter((name) => existsSync(name))
}

function snippetsOf(file: string): Snippet[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    from: relative(root, file),
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[1] ?? '',
  }))
}

describe('the snippets of the documentation', () => {
  const snippets = pages().flatMap(snippetsOf)

  afterAll(() => rmSync(out, { recursive: true, force: true }))

  it('are there', () => {
    expect(snippets.length).toBeGreaterThan(5)
  })

  it('compile as they stand', () => {
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out, { recursive: true })
    const names = new Map<string, string>()
    snippets.forEach(({ from, line, code }, index) => {
      const name = `snippet-${index}.ts`
      names.set(name, `${from}:${line}`)
      writeFileSync(join(out, name), `${code}\nexport {}\n`)
    })
    const base = relative(out, join(root, 'tsconfig.base.json'))
    const compilerOptions = { noEmit: true, noUnusedLocals: false }
    writeFileSync(join(out, 'tsconfig.json'), JSON.stringify({ extends: base, compilerOptions, include: ['*.ts'] }))
    const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', out], {
      encoding: 'utf8',
    })
    const errors = stdout.replace(
      /^.*?(snippet-\d+\.ts)\((\d+)/gm,
      (_, name: string, line: string) => `${names.get(name)} +${line}: (`,
    )
    expect(errors).toBe('')
  }, 120_000)
})
