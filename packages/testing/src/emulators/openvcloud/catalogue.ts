import { PortalError } from './answers.ts'
import type { Operation } from './operation.ts'
import type { Params } from './params.ts'

const inputs: Readonly<Record<string, object>> = {
  int: { type: 'integer' },
  float: { type: 'number' },
  bool: { type: 'boolean' },
  list: { type: 'array' },
  'list(int)': { $ref: '#/definitions/intarray' },
}

const definitions = {
  strarray: { type: 'array', items: { type: 'string' } },
  intarray: { type: 'array', items: { type: 'integer' } },
  object: { type: 'object', additionalProperties: { type: 'string' } },
}

/**
 * The catalogue that clients build their methods from: Swagger 2.0, of all operations or those of a group or some actors.
 * @throws {PortalError} for a group that there is none of
 */
export function catalogue(operations: readonly Operation[], { group, actors: asked }: Params): object {
  const all = [...new Set(operations.map(actorOf))]
  const named = typeof asked === 'string' && asked !== '' ? asked.split(',') : all
  const isGrouped = typeof group === 'string' && group !== ''
  const actors = isGrouped ? named.filter((actor) => actor.startsWith(`${group}__`)) : named
  if (isGrouped && actors.length === 0) throw new PortalError(400, 'invalid actor group')
  // What cannot be loaded is left out, and told of.
  const failed = actors.filter((actor) => !all.includes(actor))
  const description = failed.map((actor) => `<p class='alert alert-danger'>Failed to load actor ${actor}</p>`).join('')
  const shown = operations.filter((operation) => actors.includes(actorOf(operation)))
  return {
    swagger: '2.0',
    basePath: '/restmachine/',
    paths: Object.fromEntries(shown.map(entryOf)),
    tags: actors.filter((actor) => all.includes(actor)).map((name) => ({ name, description: '' })),
    info: { description, version: '7.0', title: 'JumpScale Actors' },
    definitions,
  }
}

function entryOf(operation: Operation): [path: string, verbs: object] {
  const path = pathOf(operation)
  const verbs = operation.methods.map((method) => method.toLowerCase())
  return [path, Object.fromEntries(verbs.map((verb) => [verb, ofVerb(verb, path, operation)]))]
}

function ofVerb(verb: string, path: string, operation: Operation): object {
  const parameters = Object.entries(operation.params).map(([name, { type, optional, default: value }]) => ({
    name,
    in: verb === 'get' ? 'query' : 'formData',
    description: '',
    required: optional !== true,
    ...(inputs[type] ?? { type: 'string' }),
    ...(value !== undefined && { default: value }),
  }))
  return {
    description: '',
    tags: [actorOf(operation)],
    responses: { 200: { description: 'result', schema: resultOf(operation.answer) } },
    summary: '',
    operationId: `${verb}_${path.replaceAll('/', '_')}`,
    ...(parameters.length > 0 && { parameters }),
  }
}

function resultOf(answer: unknown): object {
  if (typeof answer === 'boolean') return { type: 'boolean' }
  if (typeof answer === 'number') return { type: 'integer' }
  if (Array.isArray(answer)) return { $ref: '#/definitions/strarray' }
  return typeof answer === 'object' && answer !== null ? { $ref: '#/definitions/object' } : { type: 'string' }
}

/** Below `/restmachine`. */
export function pathOf({ id }: Operation): string {
  return `/${id.startsWith('system.') ? id : `cloudapi.${id}`}`.replaceAll('.', '/')
}

function actorOf(operation: Operation): string {
  return pathOf(operation).split('/').slice(1, 3).join('__')
}
