// The table of ItsYou.online's API → OpenAPI 3, with what its server does where that is not what its specification says.

/** What the server reads and answers where the specification is wrong or silent. */
const corrections = {
  CreateUser: { answers: { 201: 'User' }, body: ['User', ['username']] },
  CreateNewOrganization: { body: ['Organization', ['globalid']] },
  CreateNewSubOrganization: { body: ['Organization', ['globalid']] },
  GetAvatars: { answers: { 200: 'Avatar[]' } },
  UpdateEmailAddress: { answers: { 201: 'EmailAddress' } },
  UpdateUserPhonenumber: { answers: { 201: 'Phonenumber' } },
  UpdateAuthorization: { answers: { 201: 'Authorization' }, body: ['Authorization', []] },
  AcceptMembership: { body: ['JoinOrganizationInvitation', []] },
  AcceptOrganizationInvite: { body: ['JoinOrganizationInvitation', []] },
  SaveKeyStoreKey: { body: ['KeyStoreKey', ['label', 'key', 'keydata']] },
  CreateSeeObject: { body: ['SeeView', []] },
  UpdateSeeObject: { answers: { 200: 'SeeView', 201: 'SeeView' }, body: ['SeeView', []] },
  SignSeeObject: { body: ['SeeView', []] },
  GetSeeObjects: { query: { globalid: { type: 'string', required: true } } },
  CreateUserContract: { body: ['Contract', ['contractId', 'content', 'contractType', 'expires', 'parties']] },
  CreateOrganizationContracty: { body: ['Contract', ['contractId', 'content', 'contractType', 'expires', 'parties']] },
  GetOrganizationContracts: { answers: { 200: 'Contract[]' } },
  GetTOTPSecret: { answers: { 200: 'TOTPView' } },
  AddOrganizationOwner: { fields: { searchstring: { type: 'string', required: true } } },
  // Nothing, or the invitation that the other organization has to accept.
  SetOrgOwner: { answers: { 201: 'JoinOrganizationInvitation?' } },
  SetOrgMember: { answers: { 201: 'JoinOrganizationInvitation?' } },
  SetOrganizationLogo: { answers: { 200: null } },
  ValidatePhonenumber: { query: { lang: { type: 'string', required: false } } },
  // Any value filters, `false` too: so it can only be true.
  GetEmailAddresses: { query: { validated: { type: 'boolean', enum: [true], required: false } } },
  GetUserPhoneNumbers: { query: { validated: { type: 'boolean', enum: [true], required: false } } },
}

const text = { type: 'string', required: true }

/** Types that the table lacks, or has otherwise than the server. */
const correctedTypes = {
  Ownerof: { fields: { emailaddresses: { type: 'string[]', required: true } } },
  Party: { fields: { Type: text, Name: text } },
  TOTPView: { fields: { totpsecret: text, totpissuer: text } },
  ValidityTime: { fields: { secondsvalidity: { type: 'integer', required: true } } },
}
// Always answered, never needed.
const optionalFields = ['AuthorizationMap.scope', 'DigitalWalletAuthorization.scope']
const addedFields = {
  Notification: { organizationinvitations: { type: 'JoinOrganizationInvitation[]', required: false } },
}

/** @returns {object} an OpenAPI 3.0 document */
export function convert(table) {
  const types = { ...table.types, ...correctedTypes }
  const paths = {}
  const inputs = {}
  for (const operation of table.operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: operationOf(operation, inputs),
    }
  }
  const schemas = Object.entries(types).map(([name, type]) => [name, schemaOf(fieldsOf(name, type, table), type)])
  const forInput = Object.entries(inputs).map(([name, [type, required]]) => {
    const schema = schemaOf(fieldsOf(type, types[type], table), types[type])
    return [name, { ...schema, required: required.length > 0 ? required : undefined }]
  })
  return {
    openapi: '3.0.3',
    info: {
      title: table.meta.provider,
      version: '1',
      description: 'Made from a table of its operations; says what the server does.',
    },
    servers: [{ url: table.meta.baseUri }],
    paths,
    components: {
      schemas: Object.fromEntries([...schemas, ...forInput]),
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`bearer <JWT>` or `token <access token>`',
        },
      },
    },
  }
}

function operationOf({ id, purpose, params, body, response, server, serverNotes }, inputs) {
  const { answers = {}, query = {}, body: input, fields } = corrections[id] ?? {}
  const sent = fields !== undefined ? { ...body, type: undefined, fields } : body
  const statuses = {
    ...Object.fromEntries(Object.entries(response).map(([status, one]) => [status, one])),
    ...replaced(answers),
  }
  return {
    operationId: id,
    summary: purpose,
    ...(serverNotes !== undefined && { description: serverNotes }),
    parameters: [
      ...params.uri.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries({ ...params.query, ...query }).map(([name, field]) => ({
        name,
        in: 'query',
        required: field.required,
        schema: constrained(field),
      })),
    ],
    ...(sent !== undefined && {
      requestBody: { required: true, content: { [sent.contentType]: { schema: bodyOf(sent, input, inputs) } } },
    }),
    responses: Object.fromEntries(
      Object.entries(statuses).map(([status, answer]) => [status, answerOf(status, answer)]),
    ),
    security: server.anyOfScopes === null ? [] : [{ token: [] }],
  }
}

const replaced = (answers) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, type]) => [
      status,
      type === null ? null : { contentType: 'application/json', type },
    ]),
  )

function bodyOf({ contentType, type, fields }, input, inputs) {
  if (contentType === 'multipart/form-data') {
    return { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] }
  }
  if (fields !== undefined) return schemaOf(fields, {})
  if (input === undefined) return reference(type)
  const [of, required] = input
  const name = `${of}Input`
  inputs[name] = [of, required]
  return reference(name)
}

function answerOf(status, answer) {
  const description = status.startsWith('2') ? 'Done.' : 'Refused.'
  if (answer === null) return { description }
  const { contentType, type } = answer
  const schema = type.endsWith('?') ? { allOf: [reference(type.slice(0, -1))], nullable: true } : reference(type)
  return { description, content: { [contentType]: { schema } } }
}

// The server's own fields count; the specification's say more of what they have in common.
function fieldsOf(name, { fields }, { types, serverTypes }) {
  const said = serverTypes[name]
  if (said === undefined || name in correctedTypes) return { ...fields, ...addedFields[name] }
  const entries = Object.entries(said).map(([key, description]) => {
    const field = key.replace('?', '')
    const [, simple] = /^(\w+(?:\[\])?)(?=$|[\s(<?])/.exec(description) ?? []
    const known =
      simple !== undefined &&
      (simple.replace('[]', '') in types || ['string', 'integer', 'boolean'].includes(simple.replace('[]', '')))
    const specified = fields[field]
    const type =
      name === 'Contract' && field === 'parties'
        ? 'Party[]'
        : field === 'ownerof'
          ? 'Ownerof'
          : known
            ? simple
            : specified?.type
    if (type === undefined) throw new Error(`${name}.${field}: what is ${description}?`)
    return [
      field,
      {
        ...(specified?.type === type && specified),
        type,
        required: !key.endsWith('?') && !optionalFields.includes(`${name}.${field}`),
      },
    ]
  })
  return Object.fromEntries(entries)
}

function schemaOf(fields, { kind, of, ...rest }) {
  if (kind === 'alias') return constrained({ type: of, ...rest })
  const required = Object.keys(fields).filter((name) => fields[name].required)
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, constrained(field)])),
    ...(required.length > 0 && { required }),
  }
}

function constrained({ type, required, ...constraints }) {
  const schema = reference(type)
  return '$ref' in schema ? schema : { ...schema, ...constraints }
}

function reference(type) {
  if (type.endsWith('[]')) return { type: 'array', items: reference(type.slice(0, -2)) }
  if (type === 'datetime') return { type: 'string', format: 'date-time' }
  if (type === 'file') return { type: 'string', format: 'binary' }
  if (['string', 'integer', 'boolean'].includes(type)) return { type }
  return { $ref: `#/components/schemas/${type}` }
}

/** What the emulator needs to know of each operation, with an example of its answer. */
export function also(table, document) {
  const entries = table.operations.map(({ id, method, path, server }) => {
    const { responses, requestBody } = document.paths[path][method.toLowerCase()]
    const [status, { content }] = Object.entries(responses).find(([one]) => one.startsWith('2'))
    const [type, answer] = Object.entries(content ?? {})[0] ?? []
    const body = requestBody?.content['application/json']?.schema
    const operation = {
      id,
      method,
      path: `/api${path.replace(/\{(\w+)\}/g, ':$1')}`,
      auth: server.authMiddleware,
      scopes: server.anyOfScopes,
      status: Number(status),
      ...(body !== undefined && { needs: needsOf(resolved(document, body)) }),
      ...(type === 'application/json' &&
        answer.schema.nullable !== true && { answer: exampleOf(document, answer.schema) }),
    }
    return `  ${JSON.stringify(operation)},\n`
  })
  const source = `import type { Operation } from './operation.ts'

export const operations: readonly Operation[] = [
${entries.join('')}]
`
  return { 'testing/src/emulators/itsyouonline/operations.generated.ts': source }
}

const resolved = (document, schema) =>
  schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)]

// Field → its JSON type; what is not needed ends in "?".
function needsOf({ properties, required = [] }) {
  const typeOf = (schema) => (schema.$ref === undefined ? schema.type : undefined)
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [
      required.includes(name) ? name : `${name}?`,
      typeOf(schema) ?? (/\/Label$|\/Grant$/.test(schema.$ref) ? 'string' : 'object'),
    ]),
  )
}

const samples = {
  label: 'main',
  username: 'ann',
  globalid: 'petshop',
  phonenumber: '+3212345678',
  emailaddress: 'ann@example.com',
  role: 'member',
  created: '2019-04-01T12:00:00Z',
}

function exampleOf(document, schema, name, depth = 0) {
  const { type, format, properties, items, enum: values } = resolved(document, schema)
  if (properties !== undefined) {
    return Object.fromEntries(
      Object.entries(properties).map(([key, one]) => [key, exampleOf(document, one, key, depth + 1)]),
    )
  }
  if (type === 'array') return depth > 2 ? [] : [exampleOf(document, items, name?.replace(/s$/, ''), depth + 1)]
  if (values !== undefined) return values[0]
  if (type === 'boolean') return false
  if (type === 'integer') return 0
  if (format === 'date-time') return samples.created
  return samples[name] ?? 'text'
}
