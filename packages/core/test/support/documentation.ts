import { readdirSync, readFileSync } from 'node:fs'

/** A text of this repository, by its path from the root. */
export function textOf(path: string): string {
  return readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')
}

/** The sources in a folder of this repository, and in the folders in it. */
export function textsOf(folder: string): string[] {
  const names = readdirSync(new URL(`../../../../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).map((name) => textOf(`${folder}/${name}`))
}

/** The rows of a table in a page of the docs, each a list of cells. @param head how its first line begins */
export function rowsOf(path: string, head: string, nth = 0): string[][] {
  const tables = textOf(path)
    .split(/\n(?!\|)/)
    .filter((part) => part.startsWith('|') || part.includes('\n|'))
    .map((part) => part.slice(part.indexOf('|')).split('\n'))
    .filter(([first]) => first?.startsWith(head))
  const [, , ...rows] = tables[nth] ?? []
  return rows
    .filter((row) => row.startsWith('|'))
    .map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** The names in a cell, such as `retry` and `maxRetry`. */
export function namesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([\w:-]+)`/g)].map(([, name]) => name as string)
}

/** The members of an interface of ours, as its source has them. */
export function membersOf(path: string, name: string): string[] {
  const body = new RegExp(`\\binterface ${name}\\b[^{]*\\{\\n(.*?)\\n\\}`, 's').exec(textOf(path))?.[1] ?? ''
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member as string)
}

/** The numbers in a cell: `60 s, 3600 s` and `256 MiB`. */
export function numbersIn(cell = ''): number[] {
  const units: Record<string, number> = { MiB: 1024 * 1024, day: 86_400, days: 86_400 }
  return [...cell.matchAll(/(\d[\d,.]*)( \w+)?/g)].map(
    ([, digits = '', unit = '']) => Number(digits.replace(/,(?=\d{3})|[.,]$/g, '')) * (units[unit.trim()] ?? 1),
  )
}
