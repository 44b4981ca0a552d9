// Makes an OpenAPI document of each table `openapi/<name>-api.json`, by the conversion in `<name>.mjs` beside this file, and from the
// document the types and the operations of the client. Documents written by hand are read as they are. `--check` writes nothing and
// fails when something is not current.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import openapiTypes, { astToString } from 'openapi-typescript'
import ts from 'typescript'
import { operationsOf } from './operations.mjs'

const core = join(import.meta.dirname, '..', '..')
const tables = join(core, 'openapi')
const suffix = '-api.json'
const header = '// Made by scripts/openapi/generate.mjs: change the table or its conversion instead.\n'
const headerOfWritten = '// Made by scripts/openapi/generate.mjs: change the OpenAPI document instead.\n'
/** Documents written by hand, and whose client they are for. */
const written = { 'logto-management.json': 'logto' }

const outdated = []
for (const file of readdirSync(tables).filter((name) => name.endsWith(suffix))) {
  const name = file.slice(0, -suffix.length)
  const table = JSON.parse(readFileSync(join(tables, file), 'utf8'))
  /** `convert`: table → OpenAPI document. `also`: further files made of both, as { path below packages: text }. */
  const { convert, also = () => ({}) } = await import(`./${name}.mjs`)
  const document = convert(table)
  put(join(tables, `${name}.openapi.json`), `${JSON.stringify(document, null, 1)}\n`)
  // The client knows its operations by name, so the tree of paths is left out.
  await putClient(name, document, ['components', 'operations'], header)
  for (const [path, text] of Object.entries(also(table, document))) put(join(core, '..', path), header + text)
}
for (const [file, name] of Object.entries(written)) {
  const document = JSON.parse(readFileSync(join(tables, file), 'utf8'))
  await putClient(name, document, ['paths', 'components', 'operations'], headerOfWritten)
  // What an emulator answers to whoever asks it for its document.
  const text = `export const openApiDocument = ${JSON.stringify(document)}\n`
  put(join(core, '..', 'testing', 'src', 'emulators', name, 'openapi.generated.ts'), headerOfWritten + text)
}

if (outdated.length > 0) {
  console.error(`Not current, run node packages/core/scripts/openapi/generate.mjs: ${outdated.join(', ')}`)
  process.exitCode = 1
}

function put(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  if (process.argv.includes('--check')) {
    outdated.push(relative(core, path))
    return
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

async function putClient(name, document, wanted, head) {
  const folder = join(core, 'src', 'providers', name)
  put(join(folder, 'types.generated.ts'), head + (await typesOf(document, wanted)))
  put(join(folder, 'operations.generated.ts'), head + operationsOf(document))
}

async function typesOf(document, wanted) {
  const blob = ts.factory.createTypeReferenceNode('Blob')
  const nodes = await openapiTypes(document, {
    // What has a default may be left out.
    defaultNonNullable: false,
    transform: ({ format }) => (format === 'binary' ? blob : undefined),
  })
  return astToString(nodes.filter((node) => wanted.includes(node.name?.text)))
}
