// OpenAPI document → the source of a table of its operations, with a zod schema of each answer.

const methods = ['get', 'post', 'put', 'patch', 'delete']

/** @returns {string} TypeScript */
export function operationsOf(document) {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    methods.filter((method) => method in item).map((method) => ({ path, method, ...item[method] })),
  )
  const entries = operations.map((operation) => `  ${JSON.stringify(operation.operationId)}: ${entryOf(operation)},\n`)
  const schemas = inOrder(document, operations).map(
    (name) => `const ${name} = ${zodOf(document.components.schemas[name], name)}\n`,
  )
  return `import * as z from 'zod'
import type { OpenApiOperation } from '../../openapi-operations.ts'
import type { operations as types } from './types.generated.ts'

${helpersFor([...schemas, ...entries].join(''))}
${schemas.join('')}
export const operations: { readonly [Name in keyof types]: OpenApiOperation } = {
${entries.join('')}}
`
}

const helpers = {
  list: `// An empty list may come as null.
const list = <T extends z.ZodType>(item: T) => z.array(item).nullable().transform((items) => items ?? [])
`,
  none: 'const none = z.unknown().transform(() => undefined)\n',
}

const helpersFor = (source) =>
  Object.entries(helpers)
    .filter(([name]) => new RegExp(`(?<![\\w."/])${name}\\b`).test(source))
    .map(([, text]) => text)
    .join('')

function entryOf({ path, method, parameters = [], requestBody, responses }) {
  const query = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
  const hasPath = parameters.some((one) => one.in === 'path')
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const bodies = good.map(([, { content = {} }]) => Object.entries(content)[0]).filter((body) => body !== undefined)
  const [type, { schema } = {}] = bodies[0] ?? []
  const text = type !== undefined && !type.includes('json')
  const members = [
    `method: '${method.toUpperCase()}'`,
    `path: ${JSON.stringify(path)}`,
    `params: ${hasPath || query.length > 0}`,
    `query: ${JSON.stringify(query)}`,
    ...(requestBody === undefined ? [] : [`body: ${JSON.stringify(Object.keys(requestBody.content)[0])}`]),
    `expect: [${good.map(([status]) => status).join(', ')}]`,
    `schema: ${schema === undefined ? 'none' : text ? 'z.string()' : zodOf(schema)}`,
    ...(text ? [`text: ${schema.format === 'binary' ? "'blob'" : "'text'"}`] : []),
  ]
  return `{ ${members.join(', ')} }`
}

// Each after those it needs; one that needs itself does so lazily.
function inOrder(document, operations) {
  const ordered = new Set()
  const add = (name) => {
    if (ordered.has(name)) return
    for (const other of namesIn(document.components.schemas[name])) if (other !== name) add(other)
    ordered.add(name)
  }
  for (const { responses } of operations) {
    const good = Object.entries(responses).filter(([status]) => status.startsWith('2'))
    for (const name of namesIn(good)) add(name)
  }
  return [...ordered]
}

const namesIn = (value) =>
  [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)

/** @param {string} [self] the schema that is being written */
function zodOf(schema, self) {
  if (schema.nullable === true) {
    const { nullable, ...rest } = schema
    return `${zodOf(rest, self)}.nullish().transform((value) => value ?? null)`
  }
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1)
    return name === self ? `z.lazy((): z.ZodType => ${name})` : name
  }
  if (schema.allOf?.length === 1) return zodOf(schema.allOf[0], self)
  if (schema.oneOf !== undefined) return `z.union([${schema.oneOf.map((one) => zodOf(one, self)).join(', ')}])`
  // The members of an enum are not held to it: a value that is new to us must not cost the whole answer.
  const make = {
    string: () => 'z.string()',
    integer: () => 'z.number()',
    number: () => 'z.number()',
    boolean: () => 'z.boolean()',
    array: () => `list(${zodOf(schema.items, self)})`,
    object: () => objectOf(schema, self),
  }[schema.type]
  return make === undefined ? 'z.unknown()' : make()
}

function objectOf({ properties = {}, required = [], additionalProperties }, self) {
  if (typeof additionalProperties === 'object') return `z.record(z.string(), ${zodOf(additionalProperties, self)})`
  const members = Object.entries(properties).map(
    ([name, schema]) =>
      `${JSON.stringify(name)}: ${zodOf(schema, self)}${required.includes(name) ? '' : '.optional()'}`,
  )
  return `z.looseObject({ ${members.join(', ')} })`
}
