// The table of OpenvCloud's cloud API → OpenAPI 3. All calls are POST with a JSON body; a parameter never goes into an address.

const access = { type: 'string', enum: ['R', 'RCX', 'ARCXDU'] }
const text = { type: 'string' }
const integer = { type: 'integer' }
const textOrNull = { type: 'string', nullable: true }
const integerOrNull = { type: 'integer', nullable: true }
const anyObject = { type: 'object', additionalProperties: true }
const listOf = (items) => ({ type: 'array', items })
const named = (name) => ({ $ref: `#/components/schemas/${name}` })

/** What the declared type of an answer does not say, or says wrongly. */
const answers = {
  'accounts.list': listOf(named('Account')),
  'accounts.get': named('Account'),
  // Declared as an object, and named as a list.
  'accounts.listTemplates': {},
  'cloudspaces.list': listOf(named('Cloudspace')),
  'cloudspaces.get': named('CloudspaceDetails'),
  'disks.list': listOf(named('Disk')),
  'disks.get': named('Disk'),
  'images.list': listOf(named('Image')),
  // Declared as a truth value; clients take the id of the machine.
  'machines.create': { oneOf: [integer, { type: 'boolean' }] },
  'machines.list': listOf(named('Machine')),
  'machines.get': named('MachineDetails'),
  'users.get': named('User'),
}

/** Members that are always there; all others may be missing. */
const required = {
  ACE: ['userGroupId', 'type', 'right'],
  Account: ['id', 'name', 'acl'],
  Cloudspace: ['id', 'name', 'status', 'accountId', 'acl'],
  CloudspaceDetails: ['id', 'name', 'status', 'accountId', 'acl'],
  Disk: ['id'],
  Image: ['id', 'name'],
  Machine: ['id', 'name', 'status'],
  MachineDetails: ['id', 'name', 'status', 'cloudspaceid'],
  Login: ['login'],
  User: ['username'],
}

const times = { creationTime: integerOrNull, updateTime: integerOrNull }
const network = { publicipaddress: textOrNull, externalnetworkip: textOrNull, location: text, gid: integer }
const types = {
  ACE: {
    userGroupId: text,
    type: { ...text, description: '`U` for a user, `G` for a group.' },
    right: { ...text, description: 'Letters in any order: see openvCloudAccess.' },
    status: { ...text, description: '`CONFIRMED` or `INVITED`.' },
    explicit: { type: 'boolean', description: 'False for what comes of a right on a part of it.' },
    canBeDeleted: { type: 'boolean' },
  },
  Account: { id: integer, name: text, acl: listOf(named('ACE')), status: text, ...times },
  Cloudspace: {
    id: integer,
    name: text,
    descr: textOrNull,
    status: text,
    accountId: integer,
    accountName: text,
    acl: listOf(named('ACE')),
    accountAcl: { ...anyObject, nullable: true },
    type: text,
    ...network,
    ...times,
  },
  CloudspaceDetails: {
    id: integer,
    name: text,
    description: textOrNull,
    status: text,
    accountId: integer,
    acl: listOf(named('ACE')),
    type: text,
    resourceLimits: anyObject,
    secret: textOrNull,
    ...network,
    ...times,
  },
  Disk: { id: integer, name: text, accountId: integer, type: text, status: text, sizeMax: integer },
  Image: { id: integer, name: text },
  Machine: {
    id: integer,
    name: text,
    status: text,
    referenceId: textOrNull,
    hostname: textOrNull,
    imageId: integerOrNull,
    nics: listOf(anyObject),
    sizeId: integerOrNull,
    stackId: integerOrNull,
    disks: listOf({}),
    storage: integerOrNull,
    memory: integerOrNull,
    vcpus: integerOrNull,
    ...times,
  },
  MachineDetails: {
    id: integer,
    cloudspaceid: integer,
    name: text,
    status: text,
    description: textOrNull,
    hostname: textOrNull,
    acl: listOf(named('ACE')),
    disks: listOf(anyObject),
    imageid: integerOrNull,
    osImage: textOrNull,
    sizeid: integerOrNull,
    memory: integerOrNull,
    vcpus: integerOrNull,
    interfaces: listOf(anyObject),
    storage: integerOrNull,
    accounts: listOf(named('Login')),
    locked: { type: 'boolean' },
    ...times,
  },
  Login: { login: text, password: text },
  User: { username: text, emailaddresses: listOf(text), data: {} },
}

/** @returns {object} an OpenAPI 3.0 document */
export function convert(table) {
  return {
    openapi: '3.0.3',
    info: {
      title: table.meta.provider,
      version: '1',
      description: 'Made from a table of its operations; says what the server does.',
    },
    servers: [{ url: 'https://g8.example.com/restmachine' }],
    paths: Object.fromEntries(
      table.operations.map((operation) => [
        operation.path.replace('/restmachine', ''),
        { post: operationOf(operation) },
      ]),
    ),
    components: {
      schemas: Object.fromEntries(
        Object.entries(types).map(([name, properties]) => [
          name,
          { type: 'object', properties, required: required[name] },
        ]),
      ),
      securitySchemes: {
        jwt: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`bearer <JWT of ItsYou.online>`, or `authkey` in the body',
        },
      },
    },
  }
}

const nameOf = (id) => id.replace('cloudapi.', '')

function operationOf({ id, purpose, params, result, auth, acl, groups }) {
  const name = nameOf(id)
  const entries = Object.entries(params)
  const needed = entries.filter(([, one]) => one.optional !== true && one.default === undefined).map(([key]) => key)
  const needs = groups === undefined ? acl && Object.entries(acl) : [['group', groups.join(' or ')]]
  return {
    operationId: name,
    summary: purpose,
    ...(needs?.length > 0 && {
      description: `Needs ${needs.map(([on, what]) => `${what} on the ${on}`).join(', or ')}.`,
    }),
    ...(entries.length > 0 && {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: Object.fromEntries(entries.map(([key, one]) => [key, parameterOf(key, one)])),
              ...(needed.length > 0 && { required: needed }),
            },
          },
        },
      },
    }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: answers[name] ?? declared(result) } } },
    },
    security: auth ? [{ jwt: [] }] : [],
  }
}

function parameterOf(name, { type, default: value }) {
  const schema = name === 'accesstype' ? access : ofType(type)
  return value === undefined ? schema : { ...schema, description: `Default ${value}.` }
}

function ofType(type) {
  const [, item] = /^list\((\w+)\)$/.exec(type) ?? []
  if (item !== undefined) return listOf(ofType(item))
  if (type === 'obj') return anyObject
  return { type: { int: 'integer', str: 'string', float: 'number', bool: 'boolean' }[type] }
}

function declared(result) {
  if (result === undefined) return {}
  if (['bool', 'boolean', 'True'].includes(result)) return { type: 'boolean' }
  if (result === 'dict') return anyObject
  return result === 'list' || result.startsWith('[') ? listOf({}) : ofType(result)
}

/** Who may call what; and what the emulator needs to know of each operation, with an example of its answer. */
export function also(table, document) {
  const needs = table.operations.map(({ id, auth, acl, groups }) => {
    const rights = Object.entries(acl ?? {}).map(([resource, letters]) => [resource, [...letters]])
    const entry = {
      login: auth,
      ...(rights.length > 0 && { rights: Object.fromEntries(rights) }),
      ...(groups && { groups }),
    }
    return `  ${JSON.stringify(nameOf(id))}: ${JSON.stringify(entry)},\n`
  })
  const operations = table.operations.map(({ id, methods, path, auth, acl, groups, params }) => {
    const { responses } = document.paths[path.replace('/restmachine', '')].post
    const { schema } = responses[200].content['application/json']
    const operation = {
      id: nameOf(id),
      methods,
      auth,
      acl: acl ?? null,
      groups,
      params,
      answer: exampleOf(document, schema),
    }
    return `  ${JSON.stringify(operation)},\n`
  })
  return {
    'core/src/providers/openvcloud/needs.generated.ts': `import type { OpenvCloudNeeds } from './rights.ts'
import type { operations } from './types.generated.ts'

export const needs: { readonly [Name in keyof operations]: OpenvCloudNeeds } = {
${needs.join('')}}
`,
    'testing/src/emulators/openvcloud/operations.generated.ts': `import type { Operation } from './operation.ts'

export const operations: readonly Operation[] = [
${operations.join('')}]
`,
  }
}

const samples = { name: 'sample', status: 'CONFIRMED', username: 'ann', right: 'R', userGroupId: 'ann' }

function exampleOf(document, schema, name) {
  const { type, properties, items, oneOf, nullable } =
    schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)]
  if (oneOf !== undefined) return exampleOf(document, oneOf[0], name)
  if (nullable === true) return null
  if (properties !== undefined) {
    return Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, exampleOf(document, one, key)]))
  }
  if (type === 'array') return items.$ref === undefined ? [] : [exampleOf(document, items, name)]
  return { object: {}, boolean: true, integer: 1, number: 1.5, string: samples[name] ?? 'text' }[type] ?? null
}
