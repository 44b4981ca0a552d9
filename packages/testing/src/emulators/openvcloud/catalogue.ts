import type { Operation } from './operation.ts'

const types: Readonly<Record<string, string>> = { int: 'integer', float: 'number', bool: 'boolean', str: 'string' }

/** The catalogue that clients build their methods from: Swagger 2.0. */
export function catalogue(operations: readonly Operation[]): object {
  const entries = operations.map(({ id, methods, params }) => {
    const path = `/cloudapi/${id.replace('.', '/')}`
    const ofVerb = (verb: string) => ({
      operationId: `${verb}__cloudapi_${id.replace('.', '_')}`,
      parameters: Object.entries(params).map(([name, { type, optional }]) => ({
        name,
        in: verb === 'get' ? 'query' : 'formData',
        required: optional !== true,
        type: types[type] ?? (type.startsWith('list') ? 'array' : 'object'),
      })),
      responses: { 200: { description: 'Done.' } },
    })
    const verbs = methods.map((method) => method.toLowerCase())
    return [path, Object.fromEntries(verbs.map((verb) => [verb, ofVerb(verb)]))]
  })
  return {
    swagger: '2.0',
    info: { title: 'cloudapi', version: '1' },
    basePath: '/restmachine/',
    paths: Object.fromEntries(entries),
  }
}
